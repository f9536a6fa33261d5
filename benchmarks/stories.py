"""How well stories of several sources are recognised: precision and recall over labelled pairs (``benchmarks.pairs``).

    python -m benchmarks.stories

prints, for each kind of pair, in how many of them the two entries became one post: by the default rule, and by the rule
that a category asks for with ``alike``, at several thresholds.  Precision is the part of what was joined that is one
story, recall the part of the stories that was joined.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from aggregator.models import Entry, FeedInfo, Likeness, Source
from aggregator.recognise import alike, entries, making, stories
from aggregator.recognise.ownership import Owners
from aggregator.recognise.rules import Rules
from aggregator.records import Line, Unbound
from aggregator.wording import ENOUGH
from benchmarks.pairs import NOW, Pair, pairs

THRESHOLDS = (0.9, 0.8, 0.7, 0.6, 0.5)
_RULES = Rules(
    authority="planet.example.org", owners=Owners({name: Line(feed=f"https://{name}.example/feed") for name in "ab"})
)


def joined(pair: Pair, least: float | None = None) -> bool:
    """Tell whether the two sources' first entries become one post; ``least`` is the likeness that joins, if any."""
    made = [*_copies("a", pair.one), *_copies("b", pair.other)]
    copies = [replace(copy, pk=place) for place, (copy, _) in enumerate(made)]
    bodies = {place: body for place, (_, body) in enumerate(made)}
    found = list(_alike(copies, bodies, least)) if least is not None else []
    bound = stories.bind(copies, {}, frozenset(), _RULES, alike=found)
    posts = {each.copy_pk: each.post_id for each in bound.bindings}
    return posts[0] == posts[len(pair.one)]


def _copies(source_id: str, said: Sequence[Entry]) -> Iterator[tuple[Unbound, str]]:
    found, _ = entries.candidates(said)
    pulled = making.Pulled(
        info=FeedInfo(), source=Source(id=source_id, url=f"https://{source_id}.example/feed"), now=NOW
    )
    made = making.made([making.Asked(entry=each.entry, key=each.key) for each in found], pulled)
    for candidate, each in zip(found, made, strict=True):
        copy = Unbound(
            pk=0,
            source_id=source_id,
            key=candidate.key,
            guid=each.copy.guid,
            page=candidate.page,
            title=each.copy.title,
            published=each.copy.published,
            first_seen=NOW,
            link=each.copy.link,
            text=each.text if each.length >= ENOUGH else None,
            length=each.length,
        )
        yield copy, each.copy.content


def _alike(copies: Sequence[Unbound], bodies: Mapping[int, str], least: float) -> Iterator[tuple[int, int, None]]:
    asked = Likeness(level=("News",), least=least)
    long = [copy for copy in copies if copy.length >= ENOUGH]
    sketches = {copy.pk: alike.sketch(copy.title, bodies[copy.pk]) for copy in long}
    bands = {copy.pk: set(alike.bands(sketches[copy.pk], asked)) for copy in long}
    for one in long:
        for other in long:
            apart = one.source_id != other.source_id and one.pk > other.pk
            if apart and bands[one.pk] & bands[other.pk] and alike.is_one(sketches[one.pk], sketches[other.pk], least):
                yield one.pk, other.pk, None


def figures(found: Sequence[Pair], rule: Callable[[Pair], bool]) -> tuple[float, float]:
    """Return precision and recall of ``rule`` over the pairs ``found``."""
    right = sum(rule(pair) for pair in found if pair.story)
    wrong = sum(rule(pair) for pair in found if not pair.story)
    return right / (right + wrong or 1), right / (sum(pair.story for pair in found) or 1)


def main() -> None:
    """Print a line for each kind of pair, then precision and recall."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    rules: dict[str, Callable[[Pair], bool]] = {"default": joined}
    rules |= {f"{least:.1f}": lambda pair, least=least: joined(pair, least) for least in THRESHOLDS}  # type: ignore[misc]
    found = pairs()
    kinds: dict[tuple[bool, str], list[Pair]] = defaultdict(list)
    for pair in found:
        kinds[not pair.story, pair.kind].append(pair)
    print(f"{len(found)} pairs: {sum(pair.story for pair in found)} are one story\n")
    print(f"{'joined, of':<36}" + "".join(f"{name:>10}" for name in rules))
    for (_, kind), some in sorted(kinds.items()):
        label = f"{'one story' if some[0].story else 'not one '}: {kind} ({len(some)})"
        print(f"{label:<36}" + "".join(f"{sum(map(rule, some)):>10}" for rule in rules.values()))
    for language in ("en", "zh", "ja", None):
        some = [pair for pair in found if language in (pair.language, None)]
        both = [figures(some, rule) for rule in rules.values()]
        for place, name in enumerate(("precision", "recall")):
            print(f"{name + ', ' + (language or 'all'):<36}" + "".join(f"{each[place]:>10.3f}" for each in both))


if __name__ == "__main__":
    main()
