"""Whether the fast lane and feedparser say the same of documents, field by field, and how much faster the lane is.

    python -m benchmarks.differential [--made COUNT] [--seed N] [FOLDER]

compares the two over the feeds of the benchmark, over captured ones in FOLDER (default: ../shared/corpus/feeds) and
over COUNT made at random (default: 20000), and prints how many documents and fields were compared, how many disagreed,
and how many the lane handed over to feedparser.  A disagreement is printed and makes the program fail.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from time import process_time
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import astuple

from aggregator.errors import ParseError
from aggregator.models import Feed
from aggregator.parse import decode, lane, repair, xmlfeed
from aggregator.parse.heard import Heard
from benchmarks import planet
from benchmarks.grammar import Grammar

DEFAULT = Path(__file__).parent.parent.parent / "shared" / "corpus" / "feeds"
#: How often something is odd in the documents made at random, from usual ones to hopeless ones.
_ODDNESS = (0.0, 0.0, 0.01, 0.03, 0.1)
_ROUNDS = 5
_URL = "https://example.org/feeds/feed.xml?key=1"


T = TypeVar("T")


class HandedOver(Exception):  # noqa: N818 - no error: what the lane does when it is not certain
    """The lane stepped aside."""


class Tally(Struct):
    """What came of comparing: ``disagreements`` tells the fields."""

    documents: int = 0
    compared: int = 0
    handed_over: int = 0
    disagreements: int = 0

    def add(self, body: bytes) -> list[str]:
        """Compare the two over ``body`` and return where they disagree."""
        self.documents += 1
        try:
            ours = _outcome(body, _lane_only)
        except HandedOver:
            self.handed_over += 1
            return []
        found = list(_differences(ours, _outcome(body, xmlfeed.by_feedparser), "feed"))
        self.compared += _size(ours)
        self.disagreements += len(found)
        return found


def _lane_only(document: str, url: str) -> Heard:
    heard = lane.hear(document, url)
    if heard is None:
        raise HandedOver
    return heard


def _outcome(body: bytes, hear: Callable[[str, str], Heard]) -> Feed | str:
    try:
        return _parsed(hear, body)
    except ParseError as exc:
        return str(exc)


def _differences(ours: Any, theirs: Any, where: str) -> Iterator[str]:
    if type(ours) is not type(theirs):
        yield f"{where}: {ours!r} instead of {theirs!r}"
    elif isinstance(ours, tuple):
        if len(ours) != len(theirs):
            yield f"{where}: {len(ours)} instead of {len(theirs)}: {ours!r} {theirs!r}"
        for number, (our, their) in enumerate(zip(ours, theirs, strict=False)):
            yield from _differences(our, their, f"{where}[{number}]")
    elif isinstance(ours, Struct):
        for name in ours.__struct_fields__:
            yield from _differences(getattr(ours, name), getattr(theirs, name), f"{where}.{name}")
    elif ours != theirs:
        yield f"{where}: {ours!r} instead of {theirs!r}"


def _size(value: Any) -> int:
    if isinstance(value, tuple):
        return sum(map(_size, value))
    if isinstance(value, Struct):
        return sum(map(_size, astuple(value)))
    return 1


def made(count: int, seed: int) -> Iterator[bytes]:
    """Return ``count`` documents made at random, from usual ones to very odd ones."""
    for number in range(count):
        random = Random(f"{seed} {number}")
        yield Grammar(random, random.choice(_ODDNESS)).document().encode("utf-8", "replace")


def report(name: str, bodies: Iterable[bytes]) -> Tally:
    """Compare the two over ``bodies`` and print a line."""
    tally = Tally()
    for number, body in enumerate(bodies):
        found = tally.add(body)
        for line in found[:5]:
            print(f"{name}, document {number}: {line}", file=sys.stderr)
    share = 100 * tally.handed_over / max(tally.documents, 1)
    print(
        f"{name:<22}{tally.documents:>8} documents{tally.compared:>10} fields{tally.disagreements:>4} disagreements"
        f"{tally.handed_over:>7} handed over ({share:.1f} %)"
    )
    return tally


def _speed(bodies: Sequence[bytes]) -> None:
    documents = [repair.without_doctype(decode.decoded(body, "")[0]) for body in bodies]
    works: dict[str, list[Callable[[], object]]] = {
        "heard": [partial(_all, partial(hear, url=_URL), documents) for hear in (_lane_only, xmlfeed.by_feedparser)],
        "parsed": [partial(_all, partial(_parsed, hear), bodies) for hear in (_lane_only, xmlfeed.by_feedparser)],
    }
    for what, pair in works.items():
        best = [float("inf"), float("inf")]
        for _ in range(_ROUNDS):  # in turn, so that a machine that is busy is so for both
            best = [min(before, _seconds(work)) for before, work in zip(best, pair, strict=True)]
        ours, theirs = (1000 * seconds / len(bodies) for seconds in best)
        print(
            f"a document is {what} in {ours:.2f} ms, by feedparser in {theirs:.2f}: {theirs / ours:.1f} times as fast"
        )


def _parsed(hear: Callable[[str, str], Heard], body: bytes) -> Feed:
    return xmlfeed.parse(body, "", _URL, hear)


def _all(work: Callable[[T], object], values: Sequence[T]) -> None:
    for each in values:
        work(each)


def _seconds(work: Callable[[], object]) -> float:
    start = process_time()
    work()
    return process_time() - start


def main() -> int:
    """Print the tallies and the speed; return 1 when the two disagree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--made", type=int, default=20_000, metavar="COUNT")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    wanted = parser.parse_args()
    feeds = [body for kind, body in (planet.document(number, 200) for number in range(200)) if "json" not in kind]
    captured = [path.read_bytes() for path in sorted(wanted.folder.glob("*.xml"))]
    tallies = [report("of the benchmark", feeds)]
    if captured:
        tallies.append(report("captured", captured))
    tallies.append(report("made at random", made(wanted.made, wanted.seed)))
    _speed(feeds[:60])
    return 1 if any(tally.disagreements for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
