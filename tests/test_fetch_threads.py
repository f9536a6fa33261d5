"""fetch where the system gives no more threads, or no more memory: only what needs them fails."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from fetching import ask, client, names
from origin import Origin

from aggregator.errors import FetchError
from aggregator.fetch import Request, Response, fetch_all

#: From a thread's name, and how many of that name were to start before it, to whether it may.
Allows = Callable[[str, int], bool]
Refusing = Callable[[Allows], None]


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Refusing:
    """Have threads start as the system does when it has none left: those that are allowed do."""
    start, tried = threading.Thread.start, Counter[str]()

    def refuse(allows: Allows) -> None:
        def started(thread: threading.Thread) -> None:
            tried[thread.name] += 1
            if not allows(thread.name, tried[thread.name] - 1):
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", started)

    return refuse


def requests(number: int) -> list[Request]:
    return [Request(source_id=str(each), url=f"http://h{each}.example/") for each in range(number)]


def refused(request: Request) -> Response:
    raise FetchError("no")


def test_as_many_threads_fetch_as_there_are(refusing: Refusing) -> None:
    """Two threads do what eight were to do; without any the run ends with an error in plain words."""
    refusing(lambda name, before: name != "fetch" or before < 2)
    assert len(list(fetch_all(requests(20), refused, concurrency=8, per_host=1))) == 20
    with pytest.raises(FetchError, match="no more threads"):
        list(fetch_all(requests(20), refused, concurrency=8, per_host=1))


def test_an_answer_too_large_for_the_memory_fails_alone() -> None:
    """MemoryError is an error of the one source whose answer met it."""

    def fetch(request: Request) -> Response:
        if request.source_id == "3":
            raise MemoryError
        return refused(request)

    found = {request.source_id: str(each) for request, each in fetch_all(requests(6), fetch, concurrency=2, per_host=1)}
    assert found.pop("3") == "there is too little memory for the answer of h3.example"
    assert set(found.values()) == {"no"}


def test_nothing_is_asked_without_a_watch_over_it(origin: Origin, refusing: Refusing) -> None:
    """Without the thread that keeps the deadline a fetch fails, leaves its slot free and lets the client close."""
    refusing(lambda name, before: name != "fetch-watchdog" or before >= 3)
    origin.put("/feed", "<rss/>")
    with client() as made, made.expecting([Request(source_id="s", url=origin.url("/feed"))]):
        for _ in range(2):
            with pytest.raises(FetchError, match="no more threads"):
                ask(made, origin.url("/feed"))
        assert [ask(made, origin.url("/feed")).body for _ in range(3)] == [b"<rss/>"] * 3
    assert len(origin.requests) == 3


def test_a_client_that_never_had_a_thread_closes(refusing: Refusing) -> None:
    """Closing waits for no thread that did not start."""
    refusing(lambda name, before: False)
    with client() as made, pytest.raises(FetchError, match="no more threads"):
        ask(made, "http://a.example/")


def test_names_are_looked_up_without_a_thread_of_their_own(origin: Origin, refusing: Refusing) -> None:
    """The thread that fetches looks the name up itself when it gets no other one for it."""
    refusing(lambda name, before: name != "fetch-lookup")
    origin.put("/feed", "<rss/>")
    with client(resolver=names(a_example=origin.port)) as made:
        assert ask(made, "http://a.example/feed").body == b"<rss/>"
        with pytest.raises(FetchError, match="there is no such host"):
            ask(made, "http://b.example/feed")
