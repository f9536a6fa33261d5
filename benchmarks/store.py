"""What the store's part of a cycle costs, and whether that grows with the archive.

    python -m benchmarks.store [--database URL] [POSTS ...]

fills an archive with POSTS posts (default: 10000 and 100000) of 300 sources in 30 categories, one entry in twenty
being another source's story, and prints the median time of each step in milliseconds.  URL is that of an empty
database, which is filled further for each size; the default is an SQLite file.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from random import Random
from statistics import median
from time import perf_counter

from msgspec.structs import replace

from aggregator import text
from aggregator.models import PRIMARY_RULES, Copy, FeedInfo, Source
from aggregator.pipeline import deciding
from aggregator.records import Alias, CopyWrite, Known, Pull, SourceState
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, Transaction, archive, binding, pulls, searching, upkeep

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SOURCES, CATEGORIES, PULLED, LIMIT, ROUNDS = 300, 30, 30, 50, 7
BODY = "<p>" + "words of an article that is about three kilobytes long " * 55 + "</p>"
INFO = FeedInfo(title="A feed", url="https://site.example.org/feed", link="https://site.example.org/")


class Archive:
    """A store of ``sources`` that is filled pull by pull, from the oldest entry to the newest."""

    def __init__(self, store: Store, sources: Sequence[Source]) -> None:
        self.store = store
        self.sources = sources
        self._numbers = count()
        self._random = Random(1)  # the same archive in every run
        with store.writing() as transaction:
            pulls.sync(transaction, self.sources)

    def fill(self, posts: int) -> None:
        """Add pulls of new entries until there are about ``posts`` posts, all of them published."""
        with self.store.reading() as transaction:
            made = len(archive.everything(transaction))
        while made < posts:
            self._apply_many(self.new() for _ in range(min(len(self.sources), (posts - made) // PULLED + 1)))
            made += self.bind()
            self.publish()
        if self.store.engine.dialect.name == "postgresql":
            # A server does so by itself, within a minute or so.
            with self.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")

    def new(self) -> Pull:
        """Return the next pull of a source, whose entries are all new."""
        source = self._random.choice(self.sources)
        return _pull(source, *(_write(self._copy(source, number)) for number in islice(self._numbers, PULLED)))

    def changed(self) -> Pull:
        """Return a pull in which the newest entries of a source have changed."""
        source = self._random.choice(self.sources)
        with self.store.reading() as transaction:
            newest = archive.latest(transaction, [source.id], 2 * PULLED)
            copies = [post.copy for _, post in archive.posts(transaction, newest) if post.copy.source_id == source.id]
            known = pulls.known(transaction, source.id, [copy.key for copy in copies])
        return _pull(source, *(_write(replace(copy, title="New"), known[copy.key]) for copy in copies[:PULLED]))

    def apply(self, pull: Pull) -> None:
        """Apply a pull in a transaction of its own."""
        self._apply([pull])

    def _apply_many(self, pulls_made: Iterable[Pull]) -> None:
        together: dict[str, Pull] = {}
        for pull in pulls_made:
            if pull.source_id in together:  # a transaction takes one of each source
                self._apply(together.values())
                together = {}
            together[pull.source_id] = pull
        self._apply(together.values())

    def _apply(self, together: Iterable[Pull]) -> None:
        with self.store.writing() as transaction:
            pulls.apply(transaction, *together)

    def bind(self) -> int:
        """Bind what was applied and return how many posts that made."""
        bound = deciding.bind(self.store, self.sources, PRIMARY_RULES, "planet.example.org", Stopwatch(), now=NOW)
        return sum(len(batch.posts) for batch in bound)

    def publish(self) -> None:
        """Note that all outputs are written."""
        with self.store.writing() as transaction:
            archive.clean(transaction, archive.dirty(transaction))

    def prune(self) -> None:
        """Remove the oldest posts: a hundredth of all."""
        with self.store.writing() as transaction:
            every = archive.latest(transaction, None, 0)
            ((_, post),) = archive.posts(transaction, [every[-len(every) // 100]])
            upkeep.prune(transaction, before=post.published, per_source=0)

    def _copy(self, source: Source, number: int) -> Copy:
        shared = number - self._random.randrange(1, 5000) if self._random.random() < 0.05 else number
        published = NOW - timedelta(days=4000) + timedelta(minutes=5 * number, seconds=self._random.randrange(3600))
        return Copy(
            source_id=source.id,
            key=text.digest(str(number)),
            guid=f"https://site.example.org/guid/{number}",
            link=f"https://site.example.org/{shared}",
            title=f"Title {number}",
            content=BODY,
            summary="",
            published=published,
            updated=published,
            first_seen=published,
            feed=INFO,
        )


def _source(number: int) -> Source:
    category = (f"Top {number % CATEGORIES % 3}", f"Category {number % CATEGORIES}")
    return Source(id=f"source-{number}", url=f"https://s{number}.example.org/feed", category=category)


def _write(new: Copy, known: Known | None = None) -> CopyWrite:
    return CopyWrite(
        copy=new,
        known=known,
        fingerprint=text.digest(new.title),
        words=text.digest(new.title),
        aliases=() if known else (_alias(new.key), _alias(text.digest("link", new.key))),
        page=text.digest(new.link),
    )


def _alias(value: str) -> Alias:
    return Alias(value=value, kind="guid", said=value)


def _pull(source: Source, *writes: CopyWrite) -> Pull:
    return Pull(source_id=source.id, at=NOW, state=SourceState(last_pull=NOW, info=INFO), writes=writes)


def readings(filled: Archive) -> dict[str, Callable[[Transaction], object]]:
    """Return the questions of a cycle, and of those who look at the archive."""
    one, top = filled.sources[:1], filled.sources[0].category[:1]
    category = [source.id for source in filled.sources if source.category == one[0].category]
    below = [source.id for source in filled.sources if source.category[:1] == top]
    aliases = [text.digest(str(number)) for number in range(PULLED)]
    with filled.store.reading() as transaction:
        newest = archive.latest(transaction, None, LIMIT)
    return {
        "due": lambda t: pulls.states(t, due=NOW),
        "known: 30 entries": lambda t: pulls.known(t, one[0].id, aliases),
        "unbound: none": binding.unbound,
        "dirty: none": archive.dirty,
        "latest 50: site": lambda t: archive.latest(t, None, LIMIT),
        f"latest 50: {len(category)} sources": lambda t: archive.latest(t, category, LIMIT),
        f"latest 50: {len(below)} sources": lambda t: archive.latest(t, below, LIMIT),
        "posts: 50": lambda t: list(archive.posts(t, newest)),
        "search: category": lambda t: searching.search(t, searching.Query(category=one[0].category), LIMIT),
        "search: a word that nothing holds": lambda t: searching.search(t, searching.Query(words=("zebra",)), LIMIT),
        "reports": lambda t: upkeep.reports(t, NOW),
    }


def writings(filled: Archive) -> dict[str, tuple[Callable[[], Pull], Callable[[Pull], object]]]:
    """Return what a cycle writes: how each step is prepared, and the step itself."""

    def applied() -> Pull:
        pull = filled.new()
        filled.apply(pull)
        return pull

    return {
        "apply: 30 changed": (filled.changed, filled.apply),
        "dirty and clean: 30": (applied, lambda _: filled.publish()),
        "apply: 30 new": (filled.new, filled.apply),
        "bind: 30 new": (applied, lambda _: filled.bind()),
    }


def measure(filled: Archive) -> dict[str, float]:
    """Return the median milliseconds of each step."""
    spent: dict[str, list[float]] = {}
    for name, ask in readings(filled).items():
        for _ in range(ROUNDS):
            start = perf_counter()
            with filled.store.reading() as transaction:
                ask(transaction)
            spent.setdefault(name, []).append(perf_counter() - start)
    for name, (prepare, step) in writings(filled).items():
        for _ in range(ROUNDS):
            filled.bind()
            pull = prepare()
            start = perf_counter()
            step(pull)
            spent.setdefault(name, []).append(perf_counter() - start)
    start = perf_counter()
    filled.prune()
    spent["prune: 1 %"] = [perf_counter() - start]
    return {name: 1000 * median(times) for name, times in spent.items()}


def main() -> None:
    """Print one column for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", metavar="URL")
    parser.add_argument("posts", nargs="*", type=int, default=[10_000, 100_000])
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(wanted.database or f"sqlite:///{folder}/archive.db")
        filled, columns = Archive(store, [_source(number) for number in range(SOURCES)]), []
        for posts in sorted(wanted.posts):
            start = perf_counter()
            filled.fill(posts)
            columns.append({"fill (s)": perf_counter() - start, **measure(filled)})
        store.close()
    print(f"{'posts':<36}" + "".join(f"{posts:>12,}" for posts in sorted(wanted.posts)))
    for name in columns[0]:
        print(f"{name:<36}" + "".join(f"{column[name]:>12.1f}" for column in columns))


if __name__ == "__main__":
    main()
