"""Answers are settled abreast and stored many at a time; nothing of one harms another."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from planet import Item, rss
from stored import NOW, source, sync

from aggregator.errors import DatabaseError, StoppedError
from aggregator.fetch import Request, Response
from aggregator.pipeline import update
from aggregator.pipeline.abreast import Abreast
from aggregator.pipeline.confined import Confined
from aggregator.records import Pull
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, pulls


def test_everything_is_done_once_and_results_come_in_batches() -> None:
    """What was done since the last look comes together, never more than asked for."""
    batches = list(Abreast(iter(range(1, 100)), lambda each: -each, threads=3, most=10))
    assert sorted(-each for batch in batches for each in batch) == list(range(1, 100))
    assert max(map(len, batches)) <= 10


@pytest.mark.parametrize("given", [1, 2, 5])
def test_the_threads_that_the_system_has_do_all(monkeypatch: pytest.MonkeyPatch, given: int) -> None:
    """Where it has no more of them, those that it gave do the work, and all of it."""
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def scarce(thread: threading.Thread) -> None:
        if len(started) == given:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    batches = list(Abreast(iter(range(1, 100)), lambda each: -each, threads=5, most=10))
    assert sorted(-each for batch in batches for each in batch) == list(range(1, 100))


def test_what_comes_soon_is_waited_for() -> None:
    """With patience, what is done a moment later comes in the same batch; once all is done nothing is waited for."""

    def items() -> Iterator[int]:
        yield 1
        time.sleep(0.05)
        yield 2

    began = time.monotonic()
    assert list(Abreast(items(), int, threads=2, most=10, patience=60)) == [[1, 2]]
    assert time.monotonic() - began < 30


def test_those_who_work_do_not_run_far_ahead() -> None:
    """While nothing is taken, no more is begun than may wait."""
    begun: list[int] = []
    full = threading.Event()

    def work(each: int) -> int:
        begun.append(each)
        if len(begun) == 9:
            full.set()
        return each

    results = iter(Abreast(iter(range(1, 100)), work, threads=2, most=6))
    assert next(results)
    full.wait(1)
    assert len(begun) <= 6 + 6 + 2
    results.close()  # type: ignore[attr-defined]


def test_an_error_comes_after_what_was_done_before_it() -> None:
    """What was settled before something failed is still handed over."""

    def items() -> Iterator[int]:
        yield 1
        raise StoppedError

    batches = iter(Abreast(items(), str, threads=1, most=10))
    assert next(batches) == ["1"]
    with pytest.raises(StoppedError):
        next(batches)


def test_a_source_that_cannot_be_stored_takes_no_other_with_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a transaction of many sources fails, each is stored on its own; an error that stays is told at the end."""
    names = ("a", "b", "c")
    sync(store, *map(source, names))
    apply = pulls.apply

    def broken(connection: object, *settled: Pull) -> None:
        apply(connection, *settled)  # type: ignore[arg-type]
        if any(pull.source_id == "b" for pull in settled):
            raise DatabaseError("this row cannot be kept")

    monkeypatch.setattr(pulls, "apply", broken)
    requests = (Request(source_id=name, url="https://a.example.org/feed") for name in names)
    answers = ((request, _answer(rss(Item(guid=request.source_id)))) for request in requests)
    with store.reading() as transaction:
        states = pulls.states(transaction)
    monkeypatch.setattr(update, "Abreast", _AllAtOnce)
    with pytest.raises(DatabaseError, match="this row"), Confined() as confined:
        list(
            update.update(
                store,
                {name: source(name) for name in names},
                states,
                lambda _: answers,
                address=lambda url: url,
                confined=confined,
                now=NOW,
                watch=Stopwatch(),
            )
        )
    with store.reading() as transaction:
        after = pulls.states(transaction)
        known = {name: len(pulls.recent(transaction, name, 9)) for name in names}
    assert {name: bool(state.last_success) for name, state in after.items()} == {"a": True, "b": False, "c": True}
    assert known == {"a": 1, "b": 0, "c": 1}


class _AllAtOnce(Abreast[update.Answer, object]):
    """Hands over everything in one batch."""

    def __iter__(self) -> Iterator[list[object]]:
        yield [each for batch in super().__iter__() for each in batch]


def _answer(body: str) -> Response:
    return Response(
        status=200, url="https://a.example.org/feed", body=body.encode(), content_type="", etag='"1"',
        last_modified=None, moved_to=None, max_age=None,
    )  # fmt: skip
