"""Settling many answers abreast: several threads take them as they come, one takes what they made, many at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, Queue
from typing import Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


class Abreast(Generic[In, Out]):
    """Calls ``work`` on each of ``source``'s items in ``threads`` threads; as an iterator yields what it returns.

    What is yielded is all that was done since the last time, at most ``most`` at once and at least one, in the order in
    which it was done; what comes within ``patience`` seconds is waited for.  Threads that are ahead of the one that
    iterates wait, so that no more than ``most`` results are held.  What ``source`` or ``work`` raises is raised
    here when what was done before it was yielded.
    """

    def __init__(
        self, source: Iterator[In], work: Callable[[In], Out], *, threads: int, most: int, patience: float = 0
    ) -> None:
        self._source = source
        self._work = work
        self._most = most
        self._patience = patience
        self._done: Queue[Out | BaseException | None] = Queue(most)
        self._next = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, name="settle", daemon=True) for _ in range(threads)]

    def __iter__(self) -> Iterator[list[Out]]:
        for thread in self._threads:
            thread.start()
        working = len(self._threads)
        try:
            while working:
                batch, ended, error = self._taken(working)
                working -= ended
                if batch:
                    yield batch
                if error:
                    raise error
        finally:
            self.close()

    def close(self) -> None:
        """Begin nothing more; a thread that waits for the next item goes when that comes."""
        self._over.set()
        while not self._done.empty():  # threads that wait for room
            self._done.get()

    def _taken(self, working: int) -> tuple[list[Out], int, BaseException | None]:
        batch: list[Out] = []
        ended = 0
        each = self._done.get()
        until = time.monotonic() + self._patience
        while True:
            if each is None:
                ended += 1
            elif isinstance(each, BaseException):
                return batch, ended, each
            else:
                batch.append(each)
            if len(batch) == self._most or ended == working:
                return batch, ended, None
            try:
                each = self._done.get(timeout=max(until - time.monotonic(), 0))
            except Empty:
                return batch, ended, None

    def _run(self) -> None:
        try:
            for item in self._items():
                self._done.put(self._work(item))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that takes the results
            self._over.set()
            self._done.put(error)
        else:
            self._done.put(None)

    def _items(self) -> Iterator[In]:
        while True:
            with self._next:
                item = None if self._over.is_set() else next(self._source, None)
            if item is None:
                return
            yield item
