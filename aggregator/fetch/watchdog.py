"""The deadline of every fetch under way: when it has passed, whatever the fetch waits for is cut off.

A socket's time-out starts anew with every byte, so a server that sends one byte a second is never late by it.
Here one thread per client shuts the late connection down from outside, and the fetch finds it at its end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

from aggregator.errors import FetchError
from aggregator.fetch import threads


class End(Enum):
    """Why a fetch was ended before its time."""

    LATE = "its deadline has passed"
    STOPPED = "the program stops"


class Watch:
    """One fetch under way.  ``deadline`` is by ``time.monotonic()``; ``ended`` tells why it was ended, if it was."""

    def __init__(self, deadline: float, ended: End | None = None) -> None:
        self.deadline = deadline
        self.ended = ended
        self._lock = threading.Lock()
        self._cut: Callable[[], None] | None = None

    def left(self) -> float:
        """Return the seconds left; never none at all, as zero makes a socket non-blocking."""
        return max(self.deadline - time.monotonic(), 0.001)

    def check(self) -> None:
        """Raise FetchError when the fetch was ended."""
        if self.ended is not None:
            raise FetchError(self.ended.value)

    def hold(self, cut: Callable[[], None] | None) -> None:
        """Name what ends the present wait from another thread; it is called at once when the fetch was ended."""
        with self._lock:
            self._cut = cut
            if cut is not None and self.ended is not None:
                cut()

    def end(self, why: End) -> None:
        """End the fetch: cut off its present wait and every later one."""
        with self._lock:
            self.ended = self.ended or why
            if self._cut is not None:
                self._cut()


class Watchdog:
    """Keeps the watches of one client.  Its thread runs from ``start``, before the first of them, to ``close``."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._changed = threading.Condition()
        self._watches: dict[Watch, None] = {}  # earliest deadline first, as all watches last equally long
        self._thread: threading.Thread | None = None
        self._idle = False
        self._stopped = False
        self._local = threading.local()

    def start(self) -> None:
        """Start the thread, unless it runs; raises FetchError when there is none to be had now."""
        with self._changed:
            if self._thread is None and not self._stopped:
                thread = threading.Thread(target=self._run, name="fetch-watchdog", daemon=True)
                threads.start(thread)
                self._thread = thread

    @contextmanager
    def watch(self) -> Iterator[Watch]:
        """Watch over the body of the ``with`` statement: the calling thread's ``current`` fetch."""
        watch = self._begun()
        self._local.watch = watch
        try:
            yield watch
        finally:
            del self._local.watch
            watch.hold(None)
            with self._changed:
                self._watches.pop(watch, None)

    def current(self) -> Watch:
        """Return the watch over what the calling thread fetches."""
        watch: Watch = self._local.watch
        return watch

    def abort(self) -> None:
        """End all fetches under way, and every later one as soon as it begins."""
        with self._changed:
            self._stopped = True
            for watch in self._watches:
                watch.end(End.STOPPED)
            self._changed.notify()

    def close(self) -> None:
        self.abort()
        if self._thread is not None:
            self._thread.join()

    def _begun(self) -> Watch:
        with self._changed:
            watch = Watch(time.monotonic() + self._timeout, End.STOPPED if self._stopped else None)
            self._watches[watch] = None
            if self._idle:
                self._changed.notify()
            return watch

    def _run(self) -> None:
        with self._changed:
            while not self._stopped:
                first = next(iter(self._watches), None)
                self._idle = first is None
                if first is None:
                    self._changed.wait()
                elif (left := first.deadline - time.monotonic()) > 0:
                    self._changed.wait(left)
                else:
                    del self._watches[first]
                    first.end(End.LATE)
