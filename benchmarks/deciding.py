"""What deciding costs, and whether that grows with the archive.

    python -m benchmarks.deciding [POSTS ...]

fills archives with POSTS posts (default: 1000 and 1000000) of one copy each, with all their names, and prints the
median time of each step of a pull of 30 entries in milliseconds: recognising (and cleaning) what is new, unchanged,
edited and renumbered, and binding new copies, some of which join posts by page and by words, or only look alike.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median
from time import perf_counter

import sqlalchemy as sa
from msgspec.structs import replace

from aggregator.fetch import Response
from aggregator.models import PRIMARY_RULES, Likeness, Source
from aggregator.pipeline import deciding, update
from aggregator.pipeline.confined import Confined
from aggregator.records import SourceState
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, pulls

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SOURCES, ENTRIES, ROUNDS = 300, 30, 7
STATE = SourceState(last_success=NOW - timedelta(hours=1), last_pull=NOW - timedelta(hours=1))
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :posts)"
_DIGEST = "lower(hex(randomblob(16)))"


class Planet:
    """An archive of so many posts, and sources that are pulled into it."""

    def __init__(self, store: Store, posts: int) -> None:
        self.store = store
        level = Likeness(level=("News",), least=0.8)
        self.sources = [
            Source(id=f"s{n}", url=f"https://s{n}.example/feed", category=("News",), alike=level if n < 2 else None)
            for n in range(SOURCES)
        ]
        self._words = count()
        with store.writing() as transaction:
            pulls.sync(transaction, self.sources)
            _fill(transaction, posts)
        self.bind()

    def pull(self, source: Source, document: str, *, apply: bool = True) -> float:
        """Return how long recognising and cleaning ``document`` takes; with ``apply`` it is stored afterwards."""
        answer = Response(
            status=200,
            url=source.url,
            body=document.encode(),
            content_type="",
            etag=None,
            last_modified=None,
            moved_to=None,
            max_age=None,
        )
        watch = Stopwatch()
        pull, outcome = update.settle(self.store, source, STATE, answer, confined=Confined(), now=NOW, watch=watch)
        spent = watch.seconds()
        if outcome.error:
            raise SystemExit(outcome.error)
        if apply:
            with self.store.writing() as transaction:
                pulls.apply(transaction, replace(pull, writes=tuple(replace(w, verdict=None) for w in pull.writes)))
        return spent["recognise"] + spent["normalise"]

    def bind(self) -> float:
        """Return how long it takes to bind what waits."""
        start = perf_counter()
        list(deciding.bind(self.store, self.sources, PRIMARY_RULES, "planet.example.org", Stopwatch(), now=NOW))
        return perf_counter() - start

    def stories(self) -> list[tuple[str, str, str]]:
        """Return guid, title and body of as many new stories as a document has."""
        numbers = [next(self._words) for _ in range(ENTRIES)]
        return [
            (f"g{n}", f"Story {n}", " ".join(f"word{n * 7 + m} of story {m * n % 97}" for m in range(60)))
            for n in numbers
        ]


def _fill(transaction: sa.Connection, posts: int) -> None:
    def run(statement: str) -> None:
        transaction.execute(sa.text(statement), {"posts": posts} if ":posts" in statement else {})

    run("INSERT INTO info (pk, source_pk, digest, data) VALUES (1, 1, 'x', '{}')")
    run(
        f"{_NUMBERS} INSERT INTO post (pk, id, id_digest, name, copy_pk, published, dirty)"
        f" SELECT i, 'urn:ex:' || i, {_DIGEST}, 'p' || i, i, 1700000000 + i, 0 FROM n"
    )
    run(
        f"{_NUMBERS} INSERT INTO copy (pk, source_pk, post_pk, listed_at, key, fingerprint, words, page, text,"
        " length, published, updated, first_seen, guid, link, title, info_pk, more, summary, content)"
        f" SELECT i, 1 + i % {SOURCES}, i, 1700000000 + i, {_DIGEST}, {_DIGEST}, {_DIGEST}, {_DIGEST},"
        f" {_DIGEST}, 60, 1700000000 + i, 1700000000 + i, 1700000000 + i, 'guid' || i,"
        " 'https://site.example/' || i, 'Title ' || i, 1, '{}', '', '<p>Some words.</p>' FROM n"
    )
    for kind in ("guid", "link", "text"):
        run(
            f"{_NUMBERS} INSERT INTO alias (source_pk, value, copy_pk, kind, said, first_seen)"
            f" SELECT 1 + i % {SOURCES}, {_DIGEST}, i, '{kind}', 'guid' || i, 1700000000 + i FROM n"
        )
    run(
        f"{_NUMBERS} INSERT INTO decision (at, code, post_pk, copy_pk, detail)"
        " SELECT 1700000000 + i, 'minted', i, i, '{}' FROM n"
    )


def _document(stories: list[tuple[str, str, str]], prefix: str = "", site: str = "s") -> str:
    items = "".join(
        f"<item><guid isPermaLink='false'>{prefix}{guid}</guid><title>{title}</title>"
        f"<link>https://{site}.example/{prefix}{guid}</link>"
        f"<pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate><description>{body}</description></item>"
        for guid, title, body in stories
    )
    return f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>"


def measure(planet: Planet) -> dict[str, float]:
    """Return the median milliseconds of each step."""
    spent: dict[str, list[float]] = {}

    def noted(name: str, step: Callable[[], float]) -> None:
        spent.setdefault(name, []).append(1000 * step())

    for number in range(ROUNDS):
        source, other = planet.sources[2 + number], planet.sources[50 + number]
        stories = planet.stories()
        noted("recognise: 30 new", lambda: planet.pull(source, _document(stories)))  # noqa: B023
        noted("bind: 30 new", planet.bind)
        noted("recognise: 30 unchanged", lambda: planet.pull(source, _document(stories), apply=False))  # noqa: B023
        edited = [(guid, f"{title}, edited", body) for guid, title, body in stories]
        noted("recognise: 30 edited", lambda: planet.pull(source, _document(edited), apply=False))  # noqa: B023
        noted("recognise: 30 renumbered", lambda: planet.pull(source, _document(stories, "x"), apply=False))  # noqa: B023
        planet.pull(other, _document([*stories[:10], *planet.stories()[:20]]))
        noted("bind: 10 of 30 join by page", planet.bind)
        planet.pull(planet.sources[90 + number], _document(stories, "y", "z"))
        noted("bind: 30 join by words", planet.bind)
        alike = planet.stories()
        planet.pull(planet.sources[0], _document(alike, "a"))
        planet.bind()
        planet.pull(planet.sources[1], _document([(g, t, f"{b} and more") for g, t, b in alike], "b"))
        noted("bind: 30 join as they look alike", planet.bind)
    return {name: median(times) for name, times in spent.items()}


def main() -> None:
    """Print one column for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts", nargs="*", type=int, default=[1_000, 1_000_000])
    sizes = sorted(parser.parse_args().posts)
    columns = []
    for posts in sizes:
        with tempfile.TemporaryDirectory() as folder:
            store = Store.open(f"sqlite:///{folder}/archive.db")
            columns.append(measure(Planet(store, posts)))
            store.close()
    print(f"{'posts':<36}" + "".join(f"{posts:>12,}" for posts in sizes))
    for name in columns[0]:
        print(f"{name:<36}" + "".join(f"{column[name]:>12.1f}" for column in columns))


if __name__ == "__main__":
    main()
