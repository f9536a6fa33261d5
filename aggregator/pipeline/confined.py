"""Reading what others wrote under limits: what takes too long or too much memory costs its own source only."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from msgspec.structs import replace

from aggregator import filters
from aggregator.errors import ParseError
from aggregator.models import Entry, Feed, Source
from aggregator.pipeline import reading
from aggregator.recognise import making
from aggregator.recognise.making import Asked, Pulled
from aggregator.records import Made, Reading
from aggregator.workers import Limits, Pool

#: What a worker reads with.
_MODULES = ("aggregator.parse", filters.__name__, reading.__name__)
#: Bytes up to which a document is parsed in this process: the worst that was found takes 0.3 s.
_SMALL = 32_768
#: Tags, and characters, up to which bodies are cleaned in this process: the worst take 1.5 s (``aggregator.hostile``).
_FEW_TAGS = 30_000
_SHORT = 2_000_000
_MEGABYTE = 1_000_000


class Confined:
    """The steps of a pull that read what others wrote, under limits; for many threads at once.

    What is small is done in this process; all else in one of ``workers`` processes, which start when they are needed.
    Once ``stop`` is set, calls raise StoppedError.  A context manager.
    """

    def __init__(self, workers: int = 1, *, stop: threading.Event | None = None) -> None:
        self._pool = Pool(workers, *_MODULES, stop=stop)
        #: How many calls are under way at once, where each asks a process.
        self.places = self._pool.places

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, which hold memory; for the time when no call is under way.  Later calls start new ones."""
        self._pool.close()

    def parse(self, body: bytes, content_type: str, url: str) -> Feed:
        """Return the feed that ``body`` holds; see ``parse.parse``.  A document beyond the limits is a ParseError."""
        from aggregator.parse import parse  # when there is a document: most runs find nothing new

        if len(body) <= _SMALL:
            return parse(body, content_type, url)
        return self._pool.call(limits(len(body)), parse, body, content_type, url)

    def read(self, body: bytes, content_type: str, url: str, source: Source, now: datetime | None) -> Reading:
        """Return what ``source`` says in ``body``; see ``reading.read``.  Raises ParseError, also beyond the limits.

        Where that is too little to ask a worker for, or what is made of it has limits of its own, nothing is made.
        """
        if len(body) <= _SMALL or source.include or source.exclude:
            return reading.let_in(self.parse(body, content_type, url), source, self.taken)
        bare = replace(source, headers={})  # a worker needs no more secrets than its document may repeat
        steps = 1 if now is None else 2
        return self._pool.call(limits(len(body), steps), reading.read, body, content_type, url, bare, now)

    def taken(self, entries: Sequence[Entry], source: Source) -> tuple[Entry, ...]:
        """Return the entries that ``source`` lets in; see ``filters.taken``.  Raises ParseError beyond the limits."""
        if not source.include and not source.exclude:
            return filters.taken(entries, source)
        # What a pattern takes may grow with the square of what a source writes, or worse.
        size, _ = _markup(entries)
        bare = replace(source, url="", headers={})
        try:
            places = self._pool.call(limits(size), filters.places, entries, bare)
        except ParseError as error:
            raise ParseError(f"'include' and 'exclude' cannot be applied: {error}") from error
        return tuple(entries[place] for place in places)

    def made(self, asked: Sequence[Asked], pulled: Pulled) -> tuple[Made, ...]:
        """Return what entries make; see ``making.made``.  Raises ParseError beyond the limits."""
        size, tags = _markup([each.entry for each in asked])
        if size <= _SHORT and tags <= _FEW_TAGS:
            return making.made(asked, pulled)
        bare = replace(pulled.source, headers={})  # a worker needs no more secrets than its document may repeat
        return self._pool.call(limits(size), making.made, asked, replace(pulled, source=bare))


def _markup(entries: Sequence[Entry]) -> tuple[int, int]:
    """Return the characters, and the tags, in the bodies of ``entries``."""
    bodies = [body.value for entry in entries for body in (entry.content, entry.summary) if body]
    return sum(map(len, bodies)), sum(body.count("<") for body in bodies)


def limits(size: int, steps: int = 1) -> Limits:
    """Return what reading ``size`` bytes in so many ``steps`` may take.

    A feed of 100,000 entries in 20 MB takes 9 bytes of memory for each of its own, and 0.3 s for each megabyte.
    """
    cpu = steps * (10 + size // _MEGABYTE)
    return Limits(cpu=cpu, wall=6.0 * cpu, memory=384 * _MEGABYTE + 25 * size, answer=8 * (_MEGABYTE + size))
