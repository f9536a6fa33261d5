"""What may be asked of a domain: requests a minute, pauses that it wants, and how both are kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from fetching import OK, account, ask, names
from hypothesis import given
from hypothesis import strategies as st
from origin import Origin, raw
from properties import steady
from stored import NOW, source

from aggregator import app, network
from aggregator.cadence import budget, postponed
from aggregator.config import parse
from aggregator.domains import Domains
from aggregator.errors import FetchError, HttpStatusError, PostponedError
from aggregator.fetch import Account, Client, Limits, Request, fetch_all
from aggregator.pipeline.cycle import Orders
from aggregator.records import DomainState, SourceState
from aggregator.store import Store, domains

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86400))
FRESH = DomainState(name="example.org")


@steady
@given(st.lists(st.integers(0, 400), max_size=60), st.integers(1, 8))
def test_no_minute_has_more_requests_than_the_budget(waits: list[int], per_minute: int) -> None:
    """Whatever the times at which somebody would like to ask."""
    state, now, times = FRESH, NOW, []
    for wait in waits:
        now = budget.free_at(state, per_minute, now + wait * timedelta(milliseconds=100))
        state = budget.asked(state, now)
        times.append(now)
    for first, last in zip(times, times[per_minute:], strict=False):
        assert last - first >= MINUTE


@pytest.mark.parametrize(
    ("status", "retry_after", "asked", "pause"),
    [
        (429, None, 1, HOUR),
        (429, NOW + 5 * HOUR, 1, 5 * HOUR),
        (429, NOW + 3650 * DAY, 1, DAY),
        (503, NOW + 2 * HOUR, 1, 2 * HOUR),
        (503, None, 9, None),
        (403, None, 4, None),
        (403, None, 5, HOUR),
        (404, NOW + HOUR, 9, None),
        (500, None, 9, None),
    ],
)
def test_a_domain_that_is_asked_too_much_is_left_alone(
    status: int, retry_after: datetime | None, asked: int, pause: timedelta | None
) -> None:
    """429, 503 with a Retry-After, and 403 after a burst are about us, and close the domain; other errors do not."""
    state = FRESH
    for number in range(asked):
        state = budget.asked(state, NOW - (asked - number) * SECOND)
    after = budget.refused(state, status, retry_after, NOW)
    assert after.closed_until == (pause and NOW + pause)
    assert budget.free_at(after, 0, NOW) == NOW + (pause or timedelta(0))


def test_refusals_in_a_row_lengthen_the_pause() -> None:
    """It doubles up to a day, and begins anew after a good answer."""
    state, pauses, now = FRESH, [], NOW
    for _ in range(7):
        state = budget.refused(state, 429, None, now)
        assert state.closed_until is not None
        pauses.append((state.closed_until - now) // HOUR)
        now = state.closed_until
    assert pauses == [1, 2, 4, 8, 16, 24, 24]
    again = budget.refused(budget.answered(state), 429, None, now)
    assert again.closed_until == now + HOUR


def test_what_waits_for_a_domain_comes_back_spread() -> None:
    """Sources that were not asked keep their past, and return one after the other when the pause is over."""
    before, until = SourceState(failures=2, error="no", last_pull=NOW - DAY), NOW + 5 * HOUR
    times = set()
    for number in range(50):
        after = postponed(source(f"s{number}"), before, until, "example.org wants a pause", NOW)
        assert (after.failures, after.error, after.last_pull) == (2, "no", NOW - DAY)
        assert after.next_pull is not None
        assert until <= after.next_pull <= until + timedelta(minutes=30)
        times.add(after.next_pull)
    assert len(times) > 40
    later = SourceState(next_pull=until + DAY)
    assert postponed(source("a"), later, until, "", NOW) == later


def counted(origin: Origin, by: Client, *hosts: str) -> list[str]:
    """Return what came of asking each of ``hosts`` in turn: ok, later or the status."""
    found = []
    for host in hosts:
        try:
            ask(by, f"http://{host}:{origin.port}/{host}")
        except PostponedError:
            found.append("later")
        except HttpStatusError as error:
            found.append(str(error.status))
        else:
            found.append("ok")
    return found


def made(origin: Origin, per_minute: int) -> tuple[Client, Account]:
    kept = account(per_minute)
    leads = names(a_example_org=origin.port, b_example_org=origin.port, c_example_com=origin.port)
    return Client(Limits(allow_private=True), user_agent="a/1", account=kept, resolver=leads), kept


def test_a_budget_spans_the_hosts_of_a_domain(origin: Origin) -> None:
    """Its sub-domains share it; another domain, and machines of one's own, have nothing to do with it."""
    for host in ("a.example.org", "b.example.org", "c.example.com", "127.0.0.1"):
        origin.put(f"/{host}", "<rss/>")
    by, kept = made(origin, 2)
    with by:
        found = counted(origin, by, *("a.example.org", "b.example.org", "a.example.org", "b.example.org"))
        assert found == ["ok", "ok", "later", "later"]
        assert counted(origin, by, "c.example.com", *["127.0.0.1"] * 4) == ["ok"] * 5
    assert {name: len(times) for name, (_, times) in kept.changes().items()} == {"example.com": 1, "example.org": 2}


def test_a_refusal_closes_the_domain_at_once(origin: Origin) -> None:
    """After a 429 no other source of the domain is asked, in this run or the next."""
    origin.put("/a.example.org", "", status=429, headers={"Retry-After": "18000"})
    origin.put("/b.example.org", "<rss/>")
    by, kept = made(origin, 0)
    with by:
        assert counted(origin, by, "b.example.org", "a.example.org", "b.example.org") == ["ok", "429", "later"]
    (state, _) = kept.changes()["example.org"]
    again = Account({"example.org": state}, Domains(), per_minute=0, now=state.asked[0] + 4 * HOUR)
    with pytest.raises(PostponedError, match=r"example\.org answered 429, and is left alone until .* UTC"):
        again.admit("b.example.org", wait=True)


def test_a_pause_begins_when_it_is_asked_for(origin: Origin) -> None:
    """A refusal late in a run that waited for its turns closes the domain for as long as it says, from then on."""
    origin.put("/a.example.org", "", status=429, headers={"Retry-After": "50"})
    passed = iter([0.0])
    kept = Account({}, Domains(), per_minute=0, now=NOW, stopwatch=lambda: next(passed, 540.0))
    leads = names(a_example_org=origin.port, b_example_org=origin.port)
    with Client(Limits(allow_private=True), user_agent="a/1", account=kept, resolver=leads) as by:
        assert counted(origin, by, "a.example.org", "b.example.org") == ["429", "later"]
    (state, _) = kept.changes()["example.org"]
    assert state.closed_until == NOW + 590 * SECOND


def test_redirects_count_against_those_they_lead_to(origin: Origin) -> None:
    """A thousand addresses that lead to one victim ask it no more often than its budget allows."""
    origin.put("/feed", "<rss/>")
    for number in range(9):
        victim = f"http://a.example.org:{origin.port}/feed?{number}"
        origin.put(f"/{number}", "", status=302, headers={"Location": victim})
    by, _ = made(origin, 3)
    with by:
        asked = [Request(source_id=str(n), url=f"http://127.0.0.1:{origin.port}/{n}") for n in range(9)]
        found = [
            result
            for _, result in fetch_all(asked, partial(by.fetch, now=NOW), concurrency=8, per_host=2, lane=by.lane)
        ]
    assert sum(isinstance(result, PostponedError) for result in found) == 6
    assert not [result for result in found if isinstance(result, FetchError) and not isinstance(result, PostponedError)]
    assert origin.hits("/feed") == 3


def test_a_thousand_addresses_of_one_domain_are_no_burst(origin: Origin) -> None:
    """Two are asked at once, and so many in all as the budget allows; the others are told when to come back."""
    origin.put("/feed", "<rss/>")
    by, _ = made(origin, 60)
    hosts = ("a.example.org", "b.example.org")
    with by:
        asked = [Request(source_id=str(n), url=f"http://{hosts[n % 2]}:{origin.port}/feed?{n}") for n in range(1000)]
        fetch = partial(by.fetch, now=NOW)
        found = [result for _, result in fetch_all(asked, fetch, concurrency=32, per_host=2, lane=by.lane)]
    assert (len(found), origin.hits("/feed")) == (1000, 60)
    assert origin.most_at_once <= 2
    later = [result.until for result in found if isinstance(result, PostponedError)]
    assert len(later) == 940
    assert max(later) - min(later) < MINUTE


def test_a_clock_that_was_set_back_closes_no_domain_for_years() -> None:
    """What was noted in the future counts for nothing."""
    future = DomainState(name="example.org", asked=(NOW + DAY,), closed_until=NOW + 3650 * DAY)
    assert budget.free_at(future, 1, NOW) == NOW
    assert budget.over(future, NOW)


def test_patience_lets_a_request_wait_for_its_turn() -> None:
    """It waits where its turn comes soon enough, and no longer once the program stops."""
    full = DomainState(name="example.org", asked=(NOW - MINUTE + 100 * timedelta(milliseconds=1),))
    begun = time.monotonic()
    waiting = Account({"example.org": full}, Domains(), per_minute=1, now=NOW, patience=SECOND)
    waiting.admit("example.org", wait=True)
    assert 0.05 < time.monotonic() - begun < 30
    with pytest.raises(PostponedError, match="asked 1 times within a minute"):
        waiting.admit("example.org", wait=True)
    asked = DomainState(name="example.org", asked=(NOW,))
    stopped = Account({"example.org": asked}, Domains(), per_minute=1, now=NOW, patience=HOUR)
    threading.Timer(0.1, stopped.stop).start()
    with pytest.raises(PostponedError):
        stopped.admit("example.org", wait=True)


def test_a_slow_server_holds_up_no_other(origin: Origin) -> None:
    """Where requests to a domain have taken their share, the rest of it waits for a later cycle; the others do not."""
    origin.handle("/slow", raw(0.2, OK, b"Content-Length: 6\r\n\r\n<rss/>"))
    origin.put("/quick", "<rss/>")
    leads = names(a_example_org=origin.port, b_example_org=origin.port, c_example_com=origin.port)
    kept = Account({}, Domains(), per_minute=0, now=NOW, share=500 * timedelta(milliseconds=1))
    slow = [f"http://{host}.example.org:{origin.port}/slow" for host in "ab" * 10]
    asked = [*slow, f"http://c.example.com:{origin.port}/quick", *([origin.url("/slow")] * 10)]
    with Client(Limits(allow_private=True), user_agent="a/1", account=kept, resolver=leads) as by:
        requests = [Request(source_id=url, url=url) for url in asked]
        fetch = partial(by.fetch, now=NOW)
        found = [*fetch_all(requests, fetch, concurrency=8, per_host=2, lane=by.lane)]
    later = {str(result) for _, result in found if isinstance(result, PostponedError)}
    assert later == {f"{slow} answers too slowly for all that is due of it" for slow in ("example.org", "127.0.0.1")}
    assert 6 <= origin.hits("/slow") <= 8
    assert origin.hits("/quick") == 1


def test_who_may_wait_asks_a_slow_server_for_all() -> None:
    """A run has patience for it, to the end of which it is asked."""
    passed = iter([0.0, 0.0, 30.0])
    waiting = Account(
        {}, Domains(), per_minute=0, now=NOW, patience=MINUTE, share=SECOND, stopwatch=lambda: next(passed, 59.0)
    )
    with waiting.timed("example.org"):
        pass
    waiting.admit("example.org", wait=True)
    passed = iter([60.0])
    with pytest.raises(PostponedError, match="too slowly") as caught:
        waiting.admit("example.org", wait=True)
    assert caught.value.until == NOW + 2 * MINUTE


def test_the_account_is_kept(store: Store) -> None:
    """What one process asked the next one knows, and what two did is added up; what is over is forgotten."""
    asked, until = (NOW,), NOW + HOUR
    state = DomainState(name="example.org", asked=asked, closed_until=until, refusals=1, because="it wants a pause")
    quiet = DomainState(name="example.com", asked=(NOW,))
    with store.writing() as transaction:
        domains.add(transaction, {"example.org": (state, (NOW,)), "example.com": (quiet, (NOW,))}, NOW)
    with store.reading() as transaction:
        assert domains.states(transaction) == {"example.org": state, "example.com": quiet}
    other = DomainState(name="example.org", asked=(NOW,), refusals=0)
    with store.writing() as transaction:
        domains.add(transaction, {"example.org": (other, (NOW + SECOND,))}, NOW + SECOND)
    with store.reading() as transaction:
        merged = domains.states(transaction)["example.org"]
    assert (merged.asked, merged.closed_until) == ((NOW, NOW + SECOND), NOW + HOUR)
    with store.writing() as transaction:
        domains.add(transaction, {"example.com": (DomainState(name="example.com"), ())}, NOW + 2 * HOUR)
        assert domains.states(transaction).keys() == {"example.org"}
        domains.forget(transaction, NOW + 2 * HOUR)
        assert domains.states(transaction) == {}


def test_what_is_over_is_forgotten_when_a_command_ends(tmp_path: Path) -> None:
    """A domain that was asked long ago leaves the database with the next command, whatever that asks."""
    settings = parse(_TWO_OF_ONE, tmp_path / "feeds.yaml", {})
    with app.opened(settings, NOW) as program:
        for host, later in (("example.org", timedelta(0)), ("example.com", HOUR)):
            with network.accounted(settings, program.store, NOW + later, timedelta(0)) as account:
                account.admit(host, wait=True)
        with program.store.reading() as transaction:
            assert domains.states(transaction).keys() == {"example.com"}


def test_every_command_keeps_to_what_one_was_told(tmp_path: Path) -> None:
    """A domain that wants to be left alone is asked neither by a run nor by who looks at a source; both say so."""
    settings = parse(_TWO_OF_ONE, tmp_path / "feeds.yaml", {})
    closed = DomainState(name="example.org", closed_until=NOW + HOUR, refusals=1, because="example.org wants a pause")
    with app.opened(settings, NOW) as program:
        with program.store.writing() as transaction:
            domains.add(transaction, {"example.org": (closed, ())}, NOW)
        done = program.cycle(Orders(now=NOW), "test")
        reports = program.sources(NOW)
    assert ([each.error for each in done.postponed], done.pulled) == (["example.org wants a pause"] * 2, 0)
    for report in reports:
        assert (report.state.failures, report.state.because) == (0, "example.org wants a pause")
        assert report.state.next_pull is not None
        assert report.state.next_pull >= NOW + HOUR
    with app.looking(settings, NOW) as means, pytest.raises(PostponedError, match="wants a pause"):
        means.response(source("any"))


def test_what_one_command_asked_counts_for_the_next(tmp_path: Path) -> None:
    """Requests of one command are known to the next, also those that were sent a while after it began."""
    settings = parse(_TWO_OF_ONE, tmp_path / "feeds.yaml", {})
    with app.opened(settings, NOW) as program:
        for asked in (1, 2):
            with network.accounted(settings, program.store, NOW, timedelta(0)) as account:
                account.admit("a.example.org", wait=True)
                time.sleep(0.001)
            with program.store.reading() as transaction:
                assert len(domains.states(transaction)["example.org"].asked) == asked


def test_a_refusal_outlasts_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A domain that wants to be left alone is written down before anything else is done with its answer."""
    settings = parse(_TWO_OF_ONE, tmp_path / "feeds.yaml", {})
    request = Request(source_id="a", url="https://a.example.org/feed")
    refusal = HttpStatusError("a.example.org answered 429", status=429, retry_after=NOW + HOUR)

    def refused(*_: object, **__: object) -> Iterator[tuple[Request, FetchError]]:
        yield request, refusal

    monkeypatch.setattr("aggregator.fetch.fetch_all", refused)
    with app.opened(settings, NOW) as program, program.client(Orders(now=NOW)) as (client, keep):
        client._account.refused("a.example.org", 429, NOW + HOUR)
        next(program._fetch_all(client, keep, Orders(now=NOW))([request]))
        with program.store.reading() as transaction:
            assert domains.states(transaction)["example.org"].closed_until == NOW + HOUR


_TWO_OF_ONE = """
site: {title: T, url: 'https://planet.example.net/'}
feeds: [{url: 'https://a.example.org/feed'}, {url: 'https://b.example.org/feed'}]
"""
