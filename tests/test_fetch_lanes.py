"""fetch.fetch_all: how many at once, of which host, in which order, and how it ends."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest
from fetching import NOW, OK, client
from msgspec.structs import replace
from origin import Cue, Origin, Reply, Seen, raw
from serving import until

from aggregator.errors import FetchError
from aggregator.fetch import Request, Response, fetch_all

ANSWER = Response(
    status=200, url="", body=b"x", content_type="", etag=None, last_modified=None, moved_to=None, max_age=None
)


def requests(*hosts: str) -> list[Request]:
    return [Request(source_id=str(number), url=f"http://{host}/{number}") for number, host in enumerate(hosts)]


def host(request: Request) -> str:
    return request.url.split("/")[2]


class Gauge:
    """A fetch that counts how many are under way, in all and to each host; none ends before ``full`` were at once."""

    def __init__(self, full: int = 1) -> None:
        self.full = full
        self.changed = threading.Condition()
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.begun = 0

    def __call__(self, request: Request) -> Response:
        names = (host(request), "all")
        with self.changed:
            self.begun += 1
            self.now.update(names)
            for name in names:
                self.most[name] = max(self.most[name], self.now[name])
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.most["all"] >= self.full, 20)
        time.sleep(0.01)  # for one more, which must not come
        with self.changed:
            self.now.subtract(names)
        return ANSWER


def lanes_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "fetch"]


def all_threads_end() -> None:
    until(lambda: not lanes_threads(), "threads are left")


def test_every_request_has_one_result() -> None:
    """Each request comes back once, with its response or its FetchError."""
    error = FetchError("no")

    def fetch(request: Request) -> Response:
        if int(request.source_id) % 3 == 0:
            raise error
        return ANSWER

    asked = requests(*(f"h{number % 7}" for number in range(100)))
    results = list(fetch_all(iter(asked), fetch, concurrency=8, per_host=2))
    assert sorted(int(request.source_id) for request, _ in results) == list(range(100))
    assert all(result is (error if int(request.source_id) % 3 == 0 else ANSWER) for request, result in results)
    assert not lanes_threads()


def test_nothing_to_do() -> None:
    """No requests, no results, no threads."""
    assert list(fetch_all([], Gauge(), concurrency=8, per_host=2)) == []


@pytest.mark.parametrize(("concurrency", "per_host"), [(1, 1), (4, 2), (6, 3), (8, 100)])
def test_bounds(concurrency: int, per_host: int) -> None:
    """Neither bound is ever passed, and both are used up where there is enough to do."""
    gauge = Gauge(full=min(concurrency, 3 * per_host))
    asked = requests(*["a"] * 20, *["b"] * 20, *["c"] * 20)
    assert len(list(fetch_all(asked, gauge, concurrency=concurrency, per_host=per_host))) == 60
    assert gauge.most["all"] == gauge.full
    assert max(gauge.most[name] for name in "abc") <= per_host


def test_names_of_hosts_ignore_case_and_port() -> None:
    """Two spellings of a host, and two of its ports, are one host."""
    gauge = Gauge()

    def fetch(request: Request) -> Response:
        return gauge(Request(source_id="", url="http://same/"))

    asked = [Request(source_id="", url=url) for url in ("http://h/", "http://H:81/", "http://u:p@h/", "https://h/") * 3]
    list(fetch_all(asked, fetch, concurrency=8, per_host=1))
    assert gauge.most["same"] == 1


def test_a_slow_host_holds_up_no_other() -> None:
    """While a slow host keeps its few threads waiting, all the others are served."""
    release = threading.Event()

    def fetch(request: Request) -> Response:
        if host(request) == "slow":
            release.wait(60)
        return ANSWER

    results = fetch_all(requests(*["slow"] * 40, *["quick"] * 20), fetch, concurrency=4, per_host=2)
    assert {host(request) for request, _ in (next(results) for _ in range(20))} == {"quick"}
    release.set()
    assert len(list(results)) == 40


def test_hosts_take_turns() -> None:
    """With one thread for two hosts neither waits until the other is done."""
    results = fetch_all(requests(*["a"] * 6, *["b"] * 6), Gauge(), concurrency=1, per_host=2)
    assert {host(request) for request, _ in (next(results) for _ in range(2))} == {"a", "b"}
    assert len(list(results)) == 10


def test_results_come_as_they_are_done() -> None:
    """A result does not wait for those of earlier requests."""
    release = threading.Event()

    def fetch(request: Request) -> Response:
        if host(request) == "slow":
            release.wait(60)
        return ANSWER

    results = fetch_all(requests("slow", "a", "b"), fetch, concurrency=3, per_host=1)
    assert {host(request) for request, _ in (next(results) for _ in range(2))} == {"a", "b"}
    release.set()
    assert [host(request) for request, _ in results] == ["slow"]


def test_a_slow_consumer_slows_fetching_down() -> None:
    """Fetched and not yet taken results are bounded, however many requests there are."""
    gauge = Gauge()
    results = fetch_all(requests(*(f"h{number % 50}" for number in range(1000))), gauge, concurrency=4, per_host=2)
    with closing(results):
        for taken in range(1, 6):
            next(results)
            time.sleep(0.1)
            assert gauge.begun <= taken + 8
        until(lambda: gauge.begun == 5 + 8, "less is fetched than may wait")


def test_large_bodies_that_wait_slow_fetching_down() -> None:
    """While tens of megabytes wait to be taken nothing more is begun, however few they are."""
    begun: list[Request] = []
    large = replace(ANSWER, body=bytes(10_000_000))

    def fetch(request: Request) -> Response:
        begun.append(request)
        return large

    results = fetch_all(requests(*(f"h{number}" for number in range(30))), fetch, concurrency=8, per_host=1)
    with closing(results):
        next(results)
        time.sleep(0.2)
        assert len(begun) <= 12
        assert sum(1 for _ in results) == 29


def test_ten_thousand_requests() -> None:
    """Many requests to few hosts are through in no time."""
    asked = requests(*(f"h{number % 40}" for number in range(10_000)))
    start = time.process_time()
    assert sum(1 for _ in fetch_all(asked, lambda request: ANSWER, concurrency=32, per_host=2)) == 10_000
    assert time.process_time() - start < 5  # measured: less than 0.1 s


def test_stop() -> None:
    """Once the event is set nothing is begun, nothing is yielded, and the end does not wait for slow fetches."""
    stop, release, hanging, gauge = threading.Event(), threading.Event(), threading.Event(), Gauge()

    def fetch(request: Request) -> Response:
        if host(request) == "hang":
            hanging.set()
            release.wait(60)
            hanging.clear()
        return gauge(request)

    results = fetch_all(requests("hang", *["a"] * 50), fetch, concurrency=3, per_host=2, stop=stop)
    next(results)
    assert hanging.wait(60)
    stop.set()
    assert list(results) == []
    assert hanging.is_set()
    assert gauge.begun < 20
    begun = gauge.begun
    release.set()
    all_threads_end()
    assert gauge.begun <= begun + 3


def test_stop_while_waiting() -> None:
    """The event ends the wait for a result, too."""
    stop, release = threading.Event(), threading.Event()

    def fetch(request: Request) -> Response:
        assert release.wait(60)
        return ANSWER

    threading.Timer(0.1, stop.set).start()
    assert list(fetch_all(requests("a"), fetch, concurrency=1, per_host=1, stop=stop)) == []
    assert lanes_threads()
    release.set()
    all_threads_end()


def test_closing_early() -> None:
    """Closing the iterator begins nothing more, and leaves no thread behind."""
    gauge = Gauge()
    results = fetch_all(requests(*(f"h{number}" for number in range(100))), gauge, concurrency=4, per_host=2)
    next(results)
    results.close()
    all_threads_end()
    assert gauge.begun <= 9


def test_a_bug_is_not_hidden() -> None:
    """Any other exception than FetchError is raised where the results are taken."""

    def fetch(request: Request) -> Response:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        list(fetch_all(requests(*"abcdef"), fetch, concurrency=2, per_host=1))
    all_threads_end()


def test_a_failing_iterable_is_not_hidden() -> None:
    """An exception of the requests themselves comes through."""

    def failing() -> Iterable[Request]:
        yield from requests("a")
        raise KeyError("x")

    with pytest.raises(KeyError):
        list(fetch_all(failing(), Gauge(), concurrency=2, per_host=1))


def test_with_a_client(origin: Origin) -> None:
    """Real requests to one host keep to its bound, and share their connections."""

    def script(seen: Seen) -> Reply:
        time.sleep(0.005)
        return Reply(body=b"<rss/>")

    origin.handle("/feed", script)
    asked = [Request(source_id=str(number), url=origin.url(f"/feed?{number}")) for number in range(60)]
    with client() as made:
        results = list(fetch_all(asked, partial(made.fetch, now=NOW), concurrency=16, per_host=2))
    assert len(results) == 60
    assert all(isinstance(result, Response) for _, result in results)
    assert origin.most_at_once <= 2
    assert origin.connections <= 2


def test_abort_ends_what_a_stop_left_behind(origin: Origin) -> None:
    """After a stop, aborting the client ends the threads that still wait for a server."""
    origin.handle("/feed", raw(OK, Cue.STALL))
    stop = threading.Event()
    asked = [Request(source_id=str(number), url=origin.url("/feed")) for number in range(5)]

    def stop_both() -> None:
        until(lambda: len(origin.requests) == 2, "two were not asked")
        stop.set()

    with client(timeout=200) as made, ThreadPoolExecutor(1) as threads:
        results = fetch_all(asked, partial(made.fetch, now=NOW), concurrency=2, per_host=2, stop=stop)
        threads.submit(stop_both)
        assert list(results) == []
        made.abort()
        all_threads_end()
    assert len(origin.requests) == 2
