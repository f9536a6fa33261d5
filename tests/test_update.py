"""What one pull of one source leaves behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
import sqlalchemy as sa
from desk import item
from msgspec.structs import replace
from planet import Item, rss
from stored import NOW, bind, source, sync

from aggregator.errors import DatabaseError, FetchError, UnavailableError
from aggregator.fetch import Request, Response
from aggregator.models import Hints
from aggregator.pipeline import update
from aggregator.pipeline.confined import Confined
from aggregator.records import SourceState
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, pulls


def test_a_failing_source_is_not_asked_in_the_hours_that_it_forbade(store: Store) -> None:
    """What a feed said of when to come back holds while it fails, too."""
    state = SourceState(hints=Hints(skip_hours=frozenset(range(9, 23))))
    pull, outcome = update.settle(
        store, source("a"), state, FetchError("reset"), confined=Confined(), now=NOW, watch=Stopwatch()
    )
    assert outcome.result == "failed"
    assert pull.state.next_pull is not None
    assert pull.state.next_pull.hour == 23


def answered(store: Store, *answers: tuple[int, str]) -> list[update.Outcome]:
    """Return what comes of pulling a source that gives each of ``answers``, a status and a document, in turn."""
    sync(store, source("a"))
    state, outcomes = SourceState(), []
    for status, body in answers:
        answer = Response(
            status=status, url="https://a.example.org/feed", body=body.encode(), content_type="", etag='"1"',
            last_modified=None, moved_to=None, max_age=None,
        )  # fmt: skip
        pull, outcome = update.settle(
            store, source("a"), state, answer, confined=Confined(), now=NOW, watch=Stopwatch()
        )
        with store.writing() as transaction:
            pulls.apply(transaction, pull)
        bind(store)
        state = pull.state
        outcomes.append(outcome)
    return outcomes


def test_a_delta_takes_nothing_away_and_stands_for_no_document(store: Store) -> None:
    """After a 226 the whole document is read again, even when it is the one from before the delta."""
    whole, delta = rss(Item(guid="1"), Item(guid="2")), rss(Item(guid="1", title="New words"))
    outcomes = answered(store, (200, whole), (226, delta), (200, whole))
    assert [(each.result, each.new, each.changed) for each in outcomes] == [("ok", 2, 0), ("ok", 0, 1), ("ok", 0, 1)]


REGULAR = [item(f"old{n}", date=f"{23 - n:02} Nov 2026 08:00:00 GMT") for n in range(12)]


@pytest.mark.parametrize(("status", "held"), [(226, 0), (200, 1)])
def test_a_delta_may_bring_a_recommendation_alone(store: Store, status: int, held: int) -> None:
    """That nothing in it leads to the source's own site means nothing where only what is new is shown (RFC 3229)."""
    last = answered(store, (200, rss(*REGULAR)), (status, rss(item("friend", "friend.example"))))[-1]
    assert (last.new, last.held) == (1, held)


@pytest.mark.parametrize(("status", "new"), [(226, 3), (200, 0)])
def test_a_delta_is_no_renumbered_feed(store: Store, status: int, new: int) -> None:
    """That most of it was never seen is what a delta is for; in a whole document old words have new numbers then."""
    again = [
        replace(old, guid=f"new{n}", link=f"https://a.example/{n}", date="24 Nov 2026 09:00:00 GMT")
        for n, old in enumerate(REGULAR[:3])
    ]
    assert answered(store, (200, rss(*REGULAR)), (status, rss(*again)))[-1].new == new


def test_copies_from_before_the_first_pull_are_compared_with_all_that_it_says(store: Store) -> None:
    """A large document, of which a worker makes new copies at once: those that are known are none."""
    sync(store, source("a"))
    items = [Item(guid=str(number), body="word " * 500) for number in range(50)]
    outcomes = []
    with Confined() as confined:
        for document in (items, [*items[1:], Item(guid="0", body="other " * 500), Item(guid="new", body="new " * 500)]):
            answer = Response(
                status=200, url="https://a.example.org/feed", body=rss(*document).encode(), content_type="", etag=None,
                last_modified=None, moved_to=None, max_age=None,
            )  # fmt: skip
            pull, outcome = update.settle(
                store, source("a"), SourceState(), answer, confined=confined, now=NOW, watch=Stopwatch()
            )
            with store.writing() as transaction:
                pulls.apply(transaction, pull)
            outcomes.append((outcome.entries, outcome.new, outcome.changed))
    assert outcomes == [(50, 50, 0), (51, 1, 1)]
    changed = [write.copy.content for write in pull.writes if write.copy and write.known]
    assert changed == [("other " * 500).strip()]


def test_an_unexpected_error_of_one_source_tells_where_it_was_raised(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The editor, and who mends it, see the exception and its place; the other sources go on."""
    monkeypatch.setattr("aggregator.parse.parse", lambda *arguments: dict[str, int]()["x"])
    answer = Response(
        status=200, url="https://a.example.org/feed", body=b"<rss/>", content_type="", etag=None, last_modified=None,
        moved_to=None, max_age=None,
    )  # fmt: skip
    _, outcome = update.settle(
        store, source("a"), SourceState(), answer, confined=Confined(), now=NOW, watch=Stopwatch()
    )
    assert outcome.error is not None
    assert re.fullmatch(r"unexpected KeyError: 'x' \(test_update\.py:\d+\)", outcome.error)


def pulled(store: Store, names: str) -> list[str]:
    """Pull sources that give no answer; return the names of those whose pulls were told."""

    def fetch_all(requests: Iterable[Request]) -> Iterator[tuple[Request, FetchError]]:
        return ((request, FetchError("reset")) for request in list(requests))

    outcomes = update.update(
        store, {name: source(name) for name in names}, {name: SourceState() for name in names}, fetch_all,
        address=lambda url: url, confined=Confined(), now=NOW, watch=Stopwatch(),
    )  # fmt: skip
    return [outcome.source_id for outcome in outcomes]


def test_what_cannot_be_stored_of_one_source_takes_no_other_with_it(store: Store) -> None:
    """The error ends the run when all others are stored."""
    sync(store, *map(source, "acd"))
    with pytest.raises(DatabaseError, match="no source called b"):
        pulled(store, "abcd")
    with store.reading() as transaction:
        failures = {name: state.failures for name, state in pulls.states(transaction).items()}
    assert failures == {"a": 1, "c": 1, "d": 1}


def test_a_database_that_others_hold_is_waited_for_once(tmp_path: Path) -> None:
    """Not once for each of the sources whose pulls wait to be stored."""
    store = Store.open(f"sqlite:///{tmp_path}/a.db?timeout=0.5")
    sync(store, *map(source, "abcdefgh"))
    with closing(store), store.trying() as transaction:
        transaction.execute(sa.text("SELECT 1"))
        begun = monotonic()
        with pytest.raises(UnavailableError, match="another process holds the database"):
            pulled(store, "abcdefgh")
    assert monotonic() - begun < 3


def test_a_stop_in_the_middle_of_a_document_leaves_its_source_as_it_was(store: Store) -> None:
    """What is being read when the program is told to stop is neither stored nor a failure: the next run asks again."""
    sync(store, source("a"))
    stop = Event()
    large = rss(*(Item(guid=str(number), body="word " * 500) for number in range(50))).encode()
    answer = Response(
        status=200, url="https://a.example.org/feed", body=large, content_type="", etag='"1"',
        last_modified=None, moved_to=None, max_age=None,
    )  # fmt: skip

    def fetch_all(requests: Iterable[Request]) -> Iterator[tuple[Request, Response]]:
        for request in requests:
            stop.set()
            yield request, answer

    with Confined(stop=stop) as confined, store.reading() as transaction:
        states = pulls.states(transaction)
        pulled = update.update(
            store, {"a": source("a")}, states, fetch_all,
            address=lambda url: url, confined=confined, now=NOW, watch=Stopwatch(),
        )  # fmt: skip
        assert list(pulled) == []
    with store.reading() as transaction:
        assert pulls.states(transaction) == states
