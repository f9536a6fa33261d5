"""What the store's part of a cycle costs, and whether that grows with the archive.

    python -m benchmarks.store [--database URL] [POSTS ...]

fills an archive with POSTS posts (default: 10,000 and 100,000) of 300 sources in 30 categories, one post in twenty
carried by two sources, and prints the median time of each step in milliseconds.  URL is that of an empty database, which
is left filled; the default is an SQLite file of its own for each size.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

from aggregator import text
from aggregator.models import Copy, FeedInfo, Source
from aggregator.pipeline import update
from aggregator.records import CopyWrite, Pull, SourceState
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, archive, binding, pulls, upkeep

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SOURCES, CATEGORIES, PULLED, LIMIT = 300, 30, 30, 50
BODY = "<p>" + "words of an article that is about three kilobytes long " * 55 + "</p>"


class Archive:
    """A store that is filled pull by pull, from the oldest entry to the newest."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.sources = [_source(number) for number in range(SOURCES)]
        self._numbers = count()
        self._random = Random(1)  # the same archive in every run
        with store.writing() as transaction:
            pulls.sync(transaction, self.sources)

    def fill(self, posts: int) -> None:
        """Add pulls of new entries until there are ``posts`` posts, bind and publish them."""
        made = 0
        while made < posts:
            for _ in range(min(SOURCES, -(-(posts - made) // PULLED))):
                self.apply(self.new())
            made += self.bind()
            with self.store.writing() as transaction:
                archive.clean(transaction, archive.dirty(transaction))

    def bind(self) -> int:
        """Bind what was applied, and return how many posts that made."""
        return update.bind(self.store, "planet.example.org", Stopwatch())[0]

    def new(self) -> Pull:
        """Return the next pull of one source: all of its entries are new."""
        source = self._random.choice(self.sources)
        return _pull(source.id, [self._write(source.id, number) for number in islice(self._numbers, PULLED)])

    def changed(self, source_id: str) -> Pull:
        """Return a pull that changes the newest entries of a source."""
        with self.store.reading() as transaction:
            newest = archive.latest(transaction, [source_id], 2 * PULLED)
            found = [post.copy for _, post in archive.posts(transaction, newest)]
            own = [copy for copy in found if copy.source_id == source_id][:PULLED]
            known = pulls.known(transaction, source_id, [copy.key for copy in own])
        return _pull(source_id, [_write(copy, known=known[copy.key].pk and known[copy.key]) for copy in own])

    def apply(self, pull: Pull) -> None:
        """Apply a pull in a transaction of its own."""
        with self.store.writing() as transaction:
            pulls.apply(transaction, pull)

    def _write(self, source_id: str, number: int) -> CopyWrite:
        shared = number - self._random.randrange(1, 5000) if self._random.random() < 0.05 else number
        link = f"https://site.example.org/{shared}"
        published = NOW - timedelta(days=400) + timedelta(seconds=60 * number + self._random.randrange(3600))
        return _write(_copy(source_id, str(number), link, published))
