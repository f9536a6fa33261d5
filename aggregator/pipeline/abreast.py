"""Settling many answers abreast: several threads take them as they come, one takes what they made, many at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


class Abreast(Generic[In, Out]):
    """Calls ``work`` on each of ``source``'s items in ``threads`` threads; as an iterator yields what it returns.

    What is yielded is all that was done since the last time, at most ``most`` at once and at least one, in the order in
    which it was done; what comes within ``patience`` seconds is waited for.  Threads that are ahead of the one that
    iterates wait, so that no more than ``most`` results are held.  What ``source`` or ``work`` raises is raised
    here when what was done before it was yielded, and RuntimeError where the system has no thread to give.
    """

    def __init__(
        self, source: Iterator[In], work: Callable[[In], Out], *, threads: int, most: int, patience: float = 0
    ) -> None:
        self._source = source
        self._work = work
        self._most = most
        self._patience = patience
        self._next = threading.Lock()
        self._over = threading.Event()
        self._done: list[Out] = []
        self._error: BaseException | None = None
        self._working = threads
        self._changed = threading.Lock()
        # Who takes is not woken for each result: it has nothing to do before there are enough of them.
        self._has_enough = threading.Condition(self._changed)
        self._has_room = threading.Condition(self._changed)
        self._threads = [threading.Thread(target=self._run, name="settle", daemon=True) for _ in range(threads)]

    def __iter__(self) -> Iterator[list[Out]]:
        self._start()
        try:
            while batch := self._taken():
                yield batch
            if self._error:
                raise self._error
        finally:
            self.close()

    def _start(self) -> None:
        for number, thread in enumerate(self._threads):
            try:
                thread.start()
            except RuntimeError:  # the system has no more of them: those that it gave do the work
                if not number:
                    raise
                with self._changed:
                    self._working -= len(self._threads) - number
                return

    def close(self) -> None:
        """Begin nothing more; a thread that waits for the next item goes when that comes."""
        self._over.set()
        with self._changed:
            self._has_room.notify_all()

    def _taken(self) -> list[Out]:
        with self._changed:
            self._has_enough.wait_for(lambda: self._done or self._is_ended)
            self._has_enough.wait_for(lambda: len(self._done) >= self._most or self._is_ended, self._patience)
            batch, self._done = self._done, []
            self._has_room.notify_all()
            return batch

    @property
    def _is_ended(self) -> bool:
        return not self._working or self._error is not None

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items():
                self._add(self._work(item))
        except BaseException as exc:  # noqa: BLE001 - raised again in the thread that takes the results
            error = exc
            self._over.set()
        with self._changed:
            self._working -= 1
            self._error = self._error or error
            self._has_enough.notify()

    def _add(self, result: Out) -> None:
        with self._changed:
            self._has_room.wait_for(lambda: len(self._done) < self._most or self._over.is_set())
            self._done.append(result)
            if len(self._done) in (1, self._most):
                self._has_enough.notify()

    def _items(self) -> Iterator[In]:
        while True:
            with self._next:
                item = None if self._over.is_set() else next(self._source, None)
            if item is None:
                return
            yield item
