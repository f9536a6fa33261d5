"""Fetching many documents: many lanes side by side, few requests at once in each, results as they come."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable

from aggregator import urls
from aggregator.errors import FetchError
from aggregator.fetch import threads
from aggregator.fetch.model import Request, Response

Fetch = Callable[[Request], Response]
Result = tuple[Request, Response | FetchError]

#: Seconds between two looks at the ``stop`` event, which cannot wake the one that waits for results.
_GLANCE = 0.1
#: Bytes of bodies that may wait to be taken before no more is begun: most runs hold a few, hostile ones would all.
_MOST_BYTES = 32_000_000


def fetch_all(
    requests: Iterable[Request],
    fetch: Fetch,
    *,
    concurrency: int,
    per_host: int,
    lane: Callable[[str], str] = urls.host,
    stop: threading.Event | None = None,
) -> Generator[Result, None, None]:
    """Yield each of ``requests`` with what ``fetch`` made of it, in the order in which they are done.

    At most ``concurrency`` fetches are under way at once, and ``per_host`` of them in one lane, which ``lane``
    tells of an address; a lane that is slow holds up no other.  Fetches under way and results not yet taken are at
    most twice ``concurrency``, so a slow consumer slows the fetching down.  Once ``stop`` is set nothing more is
    begun or yielded; what is under way then, or when the generator is closed, is left behind (``Client.abort`` ends
    it).  Any exception of ``fetch`` that is no FetchError is raised here, but for MemoryError, which is one answer's.
    """
    lanes = _Lanes(requests, fetch, lane, concurrency, per_host)
    try:
        lanes.start()
        while (result := lanes.next_result(stop)) is not None:
            yield result
    finally:
        lanes.close()


class _Lanes:
    """A lane for each domain, or host, with its requests in order, and the threads that serve all lanes."""

    def __init__(
        self,
        requests: Iterable[Request],
        fetch: Fetch,
        lane: Callable[[str], str],
        concurrency: int,
        per_host: int,
    ) -> None:
        self._fetch = fetch
        self._most_held = 2 * concurrency
        self._lanes: dict[str, deque[Request]] = {}
        for request in requests:
            self._lanes.setdefault(lane(request.url), deque()).append(request)
        # For each number of requests under way in a lane, the lanes in which one more may begin.  The longest
        # will take longest, so it begins.
        self._open: list[dict[str, None]] = [{} for _ in range(per_host)]
        self._open[0].update(dict.fromkeys(sorted(self._lanes, key=lambda name: -len(self._lanes[name]))))
        self._under_way: Counter[str] = Counter()
        self._results: deque[Result | Exception] = deque()
        self._left = sum(map(len, self._lanes.values()))  # not begun yet
        self._held = 0  # under way, or done and not yet taken
        self._bytes = 0  # of those done and not yet taken
        self._closed = False
        self._lock = threading.Lock()
        self._may_begin = threading.Condition(self._lock)
        self._has_result = threading.Condition(self._lock)
        useful = sum(min(len(waiting), per_host) for waiting in self._lanes.values())
        self._most_threads = min(concurrency, useful)
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads, or as many of them as the system has; raises FetchError when that is none."""
        while len(self._threads) < self._most_threads:
            thread = threading.Thread(target=self._work, name="fetch", daemon=True)
            try:
                threads.start(thread)
            except FetchError:
                if not self._threads:
                    raise
                return
            self._threads.append(thread)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._may_begin.notify_all()
            busy = any(self._under_way.values())
        if not busy:
            for thread in self._threads:
                thread.join()

    def next_result(self, stop: threading.Event | None) -> Result | None:
        """Return a result as soon as there is one; None when there will be none."""
        with self._lock:
            while not (stop and stop.is_set()) and (self._left or self._held):
                if self._results:
                    return self._taken()
                self._has_result.wait(_GLANCE if stop else None)
            return None

    def _taken(self) -> Result:
        self._held -= 1
        self._may_begin.notify()
        result = self._results.popleft()
        self._bytes -= _size(result)
        if isinstance(result, Exception):
            raise result
        return result

    def _work(self) -> None:
        while (begun := self._begun()) is not None:
            lane, request = begun
            result: Result | Exception
            try:
                result = request, self._fetch(request)
            except FetchError as error:
                result = request, error
            except MemoryError:
                result = request, FetchError(f"there is too little memory for the answer of {urls.host(request.url)}")
            except Exception as bug:  # noqa: BLE001 - raised again in the thread that takes the results
                result = bug
            self._done(lane, result)

    def _begun(self) -> tuple[str, Request] | None:
        with self._lock:
            self._may_begin.wait_for(self._ready)
            if self._closed or not self._left:
                return None
            lane = next(lane for lanes in self._open for lane in lanes)  # the one that is least busy
            request = self._lanes[lane].popleft()
            self._count(lane, +1)
            self._left -= 1
            self._held += 1
            return lane, request

    def _ready(self) -> bool:
        has_room = self._held < self._most_held and self._bytes < _MOST_BYTES
        return self._closed or not self._left or (any(self._open) and has_room)

    def _done(self, lane: str, result: Result | Exception) -> None:
        # No other thread need be woken to begin something: this one will, as it has just made room for it.
        with self._lock:
            self._count(lane, -1)
            if not self._closed:
                self._results.append(result)
                self._bytes += _size(result)
            self._has_result.notify()

    def _count(self, lane: str, change: int) -> None:
        before = self._under_way[lane]
        if before < len(self._open):
            self._open[before].pop(lane, None)
        after = self._under_way[lane] = before + change
        if self._lanes[lane] and after < len(self._open):
            self._open[after][lane] = None


def _size(result: Result | Exception) -> int:
    response = None if isinstance(result, Exception) else result[1]
    return len(response.body) if isinstance(response, Response) else 0
