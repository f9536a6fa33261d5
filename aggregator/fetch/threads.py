"""Threads, of which a process gets no more where memory, or a limit on their number, is used up."""

from __future__ import annotations

from threading import Thread

from aggregator.errors import FetchError


def start(thread: Thread) -> None:
    """Start ``thread``; raises FetchError where the system has none to give."""
    try:
        thread.start()
    except (RuntimeError, MemoryError) as error:
        raise FetchError("nothing can be asked now: the system gives this program no more threads") from error
