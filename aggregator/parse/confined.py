"""Parsing under limits: a document that takes too long or too much memory costs its own source only."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from aggregator.models import Feed
from aggregator.parse import parse
from aggregator.workers import Limits, Pool

#: Bytes up to which a document is parsed here: the worst that was found takes 0.3 s.
_HARMLESS = 32_768
_MEGABYTE = 1_000_000


class Parser:
    """``parse`` under limits; for many threads at once.

    What is larger than a few kilobytes is parsed in one of ``workers`` processes, which start when they are needed.
    Once ``stop`` is set, calls raise StoppedError.  A context manager.
    """

    def __init__(self, workers: int = 1, *, stop: threading.Event | None = None) -> None:
        self._pool = Pool(workers, "aggregator.parse", stop=stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.close()

    def __call__(self, body: bytes, content_type: str, url: str) -> Feed:
        """Return the feed that ``body`` holds; see ``parse``.  A document beyond the limits is a ParseError."""
        if len(body) <= _HARMLESS:
            return parse(body, content_type, url)
        return self._pool.call(limits(len(body)), parse, body, content_type, url)


def limits(size: int) -> Limits:
    """Return what parsing a document of ``size`` bytes may take.

    A feed of 100,000 entries in 20 MB takes 15 bytes of memory for each of its own, and 1 s for each megabyte.
    """
    cpu = 10 + 3 * size // _MEGABYTE
    return Limits(cpu=cpu, wall=6.0 * cpu, memory=384 * _MEGABYTE + 25 * size)
