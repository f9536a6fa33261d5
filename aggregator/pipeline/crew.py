"""Publishing on every core: shares of the outputs are made in processes beside this one.

They read the database and write files; what is to be noted in the database is noted here.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from itertools import takewhile
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from msgspec import Struct

from aggregator import memory
from aggregator.errors import OutputError
from aggregator.models import Source
from aggregator.pipeline.target import FileLog, Target
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store
from aggregator.text import chunks
from aggregator.workers.helper import Helper, HelperDiedError

if TYPE_CHECKING:
    from aggregator.pipeline.station import Done, Station

A = TypeVar("A")

#: Makes shares: takes the function that does, and the shares as they come.
Maker = Callable[[Callable[["Station", A], "Done"], Iterable[A]], Iterator["Done"]]

#: Posts from which on another process is worth its start, which takes as long as to publish one to three thousand.
_WORTH = 3_000
#: Shares that wait to be made at most: each has a few hundred paths.
_MOST_READY = 100


class Crew:
    """At most ``most`` processes that publish, this one among them.  A context manager.

    Those beside it start when there are at least ``worth`` posts to publish, and end when they are dismissed, or with
    the block.  What a share is made with, a ``Station``, stays from share to share.  ``store`` is the database, which
    takes less memory than the one that was given once there are several processes.
    """

    def __init__(self, store: Store, target: Target, most: int = 1, *, worth: int = _WORTH) -> None:
        self.store = store
        self.target = target
        self._most = most
        self._worth = worth
        self._helpers: list[Helper[Station]] = []
        self._own: Station | None = None
        self._beside = ExitStack()
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._ending:
            self._beside.close()

    def expect(self, posts: int) -> None:
        """Have processes ready for so many posts, where they are worth it; their start is not waited for.

        Raises OutputError.
        """
        if posts < self._worth or self._most == 1:
            return
        self.store.close()  # with what its connections remember
        memory.hoard_less()
        memory.give_back()  # what the threads that fetched and read had stays theirs: 100 MB after 10,000 sources
        if self._helpers:
            return
        self._own = None  # with the store of before, and more memory than is its part now
        self.store = Store.passing(self.store.url)
        self._ending.callback(self.store.close)
        from aggregator.pipeline import station  # where there is much to publish: most runs find next to nothing new

        for _ in range(self._most - 1):
            try:
                helper = Helper(station.beside, self.store.url, self.target.outputs, self._most)
            except OSError as error:
                raise OutputError(f"no process to publish in could be started: {error.strerror}") from error
            self._beside.callback(helper.close)
            self._helpers.append(helper)

    def dismiss(self) -> None:
        """End the processes beside this one, and forget what was rendered: no more shares are to be made."""
        self._beside.close()
        self._helpers.clear()
        self._own = None

    @property
    def own(self) -> Station:
        """The station of this process."""
        if self._own is None:
            from aggregator.pipeline import station

            self._own = station.station(self.store, self.target.outputs, 1 + len(self._helpers))
        return self._own

    def spread(
        self,
        function: Callable[[Station, A], Done],
        shares: Iterable[A],
        take: Callable[[Done], None],
        stop: threading.Event,
        watch: Stopwatch,
    ) -> None:
        """Let ``take`` have what ``function`` makes of each of ``shares``, in their order.

        While this process makes ``shares`` ready those beside it begin with them; it takes part when all are ready, or
        too many.  Once ``stop`` is set no share is begun, or made ready.  Raises the first error of any; OutputError
        also when a process died.
        """
        ready: _Ready[tuple[int, A]] = _Ready(stop)

        def own() -> Iterator[tuple[int, A]]:
            for each in _until(stop, enumerate(shares)):
                if self._helpers and len(ready) < _MOST_READY:
                    ready.add(each)
                else:
                    yield each
            ready.end()
            yield from ready

        self._make(function, [own(), *[ready] * len(self._helpers)], take, watch, ready)

    def parted(
        self,
        function: Callable[[Station, A], Done],
        shares: Sequence[A],
        take: Callable[[Done], None],
        stop: threading.Event,
        watch: Stopwatch,
    ) -> None:
        """Do as ``spread`` does, but let each process take neighbours, of which it remembers what they have in common.

        Whoever is done with its own takes some from the end of another's.  Once ``stop`` is set no share is begun.
        """
        numbered = list(enumerate(shares))
        several = 1 + len(self._helpers)
        runs = [deque(run) for run in chunks(numbered, max(1, -(-len(numbered) // several)))]
        runs += [deque() for _ in range(several - len(runs))]
        taking = threading.Lock()

        def taken(own: deque[tuple[int, A]]) -> Iterator[tuple[int, A]]:
            while not stop.is_set():
                with taking:
                    longest = max(runs, key=len)
                    if not longest:
                        return
                    each = own.popleft() if own else longest.pop()
                yield each

        self._make(function, [taken(run) for run in runs], take, watch, nullcontext())

    def _make(
        self,
        function: Callable[[Station, A], Done],
        queues: Sequence[Iterator[tuple[int, A]]],
        take: Callable[[Done], None],
        watch: Stopwatch,
        feeding: AbstractContextManager[object],
    ) -> None:
        if self._helpers:
            memory.give_back()  # what the shares of another kind took
        unsynced: set[str] = set()

        def note(done: Done) -> None:
            watch.add(done.seconds)
            unsynced.update(done.unsynced)
            take(done)

        made = _InOrder(note)
        failed = threading.Event()

        def make(maker: Maker[A], queue: Iterator[tuple[int, A]]) -> None:
            under_way: deque[int] = deque()

            def asked() -> Iterator[A]:
                for number, share in _until(failed, queue):
                    under_way.append(number)
                    yield share

            try:
                for done in maker(function, asked()):
                    made.add(under_way.popleft(), done)
            except BaseException:
                failed.set()
                raise

        with ThreadPoolExecutor(self._most, "publish") as threads, feeding:
            beside = [
                threads.submit(make, _asked(each), queue) for each, queue in zip(self._helpers, queues[1:], strict=True)
            ]
            make(self._here, queues[0])
        for each in beside:
            each.result()
        made.end()
        self.target.feeds.add_unsynced(unsynced)

    def _here(self, function: Callable[[Station, A], Done], shares: Iterable[A]) -> Iterator[Done]:
        return (function(self.own, share) for share in shares)


class Publishing(Struct, frozen=True, kw_only=True):
    """What a run publishes with: ``crew`` makes the outputs of ``sources``, ``changes`` are told of the files.

    Once ``stop`` is set it ends early, and the next run does the rest.
    """

    crew: Crew
    sources: Sequence[Source]
    changes: FileLog
    stop: threading.Event
    watch: Stopwatch

    @property
    def store(self) -> Store:
        return self.crew.store

    @property
    def target(self) -> Target:
        return self.crew.target


class _InOrder:
    """Hands on what many threads add, by its numbers: at once where all before it were added, the rest in the end."""

    def __init__(self, take: Callable[[Done], None]) -> None:
        self._take = take
        self._early: dict[int, Done] = {}
        self._next = 0
        self._lock = threading.Lock()

    def add(self, number: int, done: Done) -> None:
        with self._lock:
            self._early[number] = done
            while self._next in self._early:
                self._take(self._early.pop(self._next))
                self._next += 1

    def end(self) -> None:
        for number in sorted(self._early):
            self._take(self._early[number])


class _Ready(Generic[A]):
    """What was made ready, for many threads to take, which wait for more until it is at its end, or they should stop.

    A context manager.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._waiting: deque[A] = deque()
        self._over = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> A:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._over)
            if not self._waiting or self._stop.is_set():
                raise StopIteration
            return self._waiting.popleft()

    def add(self, each: A) -> None:
        with self._changed:
            self._waiting.append(each)
            self._changed.notify()

    def end(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()


def _asked(helper: Helper[Station]) -> Maker[Any]:
    def made(function: Callable[[Station, A], Done], shares: Iterable[A]) -> Iterator[Done]:
        try:
            yield from helper.answers(function, shares)
        except HelperDiedError as died:
            raise OutputError(f"a process that publishes died ({died}); run again, and it publishes the rest") from died

    return made


def _until(over: threading.Event, values: Iterable[A]) -> Iterator[A]:
    return takewhile(lambda _: not over.is_set(), values)
