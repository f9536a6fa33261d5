"""How often a source is asked whose interval nobody gave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import steady

from aggregator.cadence import succeeded
from aggregator.cadence.rhythm import Rhythm, heard, learnt
from aggregator.cadence.schedule import Next, Wishes, after_failure, after_success
from aggregator.fetch import Response
from aggregator.models import Hints, Source
from aggregator.records import SourceState
from benchmarks import cadence as bench

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = NOW - 300 * DAY

_TIMES = st.datetimes(datetime(2020, 1, 1), NOW.replace(tzinfo=None), timezones=st.just(UTC))  # noqa: DTZ001  # bounds


def every(gap: timedelta, count: int = 20, last: datetime = NOW) -> tuple[datetime, ...]:
    """Return ``count`` times, ``gap`` apart, the latest one ``last``."""
    return tuple(last - gap * number for number in reversed(range(count)))


@pytest.mark.parametrize(
    ("times", "interval"),
    [
        (every(timedelta(minutes=90)), HOUR),
        (every(8 * HOUR), 3.8 * HOUR),
        (every(DAY), 11.4 * HOUR),
        (every(7 * DAY), DAY),
        (every(HOUR, last=NOW - 20 * HOUR), 5 * HOUR),
        (every(HOUR, last=NOW - 40 * DAY), DAY),
        ((NOW - 6 * HOUR,), 3 * HOUR),
    ],
)
def test_a_source_is_asked_twice_for_each_time_it_publishes(times: tuple[datetime, ...], interval: timedelta) -> None:
    """Half the usual gap lies between two pulls, within the bounds; silence counts as a gap, too."""
    assert learnt(Rhythm(heard((), times), LONG_AGO), HOUR, DAY, NOW)[0] == interval


def test_a_new_source_is_watched_before_its_dates_are_believed() -> None:
    """However seldom it says that it publishes: no pull is further away than the first one."""
    for watched, interval in ((None, HOUR), (0 * HOUR, HOUR), (3 * HOUR, 3 * HOUR), (9 * DAY, DAY)):
        known = Rhythm(every(30 * DAY, 5), None if watched is None else NOW - watched)
        assert learnt(known, HOUR, DAY, NOW)[0] == interval


@pytest.mark.parametrize("longest", [6 * HOUR, DAY, 7 * DAY])
def test_silence_for_a_year_is_asked_at_the_longest_interval_at_once(longest: timedelta) -> None:
    """Such a source waits for all of it from its first pull on."""
    source = Source(id="a", url="https://a.example.org/", longest=longest)
    following = after_success(source, Wishes(), NOW, Rhythm((NOW - 366 * DAY,), NOW))
    assert following == Next(NOW + longest, "it has been silent for a year")


def test_a_server_without_validators_is_asked_once_a_day() -> None:
    """Neither more often nor later, unless the longest interval is shorter, or the editor gave an interval."""
    wishes, often = Wishes(validators=False), Rhythm(every(HOUR), LONG_AGO)
    for longest, latest in ((6 * HOUR, 6 * HOUR), (DAY, DAY), (7 * DAY, 1.1 * DAY)):
        learning = Source(id="a", url="https://a.example.org/", longest=longest)
        assert NOW + min(longest, DAY) <= after_success(learning, wishes, NOW, often).at <= NOW + latest
    fixed = Source(id="a", url="https://a.example.org/")
    assert after_success(fixed, wishes, NOW, Rhythm(every(HOUR), LONG_AGO)).at < NOW + 2 * HOUR


def test_entries_without_dates_make_no_rhythm() -> None:
    """When they are seen for the first time they are all of now, which says nothing of the source."""
    interval, because = learnt(Rhythm((NOW,), NOW), HOUR, DAY, NOW)
    assert (interval, because) == (HOUR, "it is new, and its rhythm not known yet")
    assert learnt(Rhythm((NOW,), LONG_AGO), HOUR, DAY, NOW)[0] == HOUR


def test_a_source_that_fails_is_asked_no_more_often_than_before() -> None:
    """One that is asked once a day, as it seldom publishes or gives no validators, stays so."""
    learning, rare = Source(id="a", url="https://a.example.org/", longest=DAY), Rhythm(every(9 * DAY), LONG_AGO)
    assert after_failure(learning, 1, Wishes(), NOW, rare).at >= NOW + 0.9 * DAY
    often = Rhythm(every(HOUR), LONG_AGO)
    assert after_failure(learning, 1, Wishes(validators=False), NOW, often).at == NOW + DAY
    assert after_failure(learning, 1, Wishes(), NOW, often).at < NOW + 3 * HOUR


def test_a_failing_source_that_waits_for_another_reason_says_which() -> None:
    """The editor is told what its next pull follows from."""
    source = Source(id="a", url="https://a.example.org/", longest=DAY)
    rare = Rhythm(every(9 * DAY), LONG_AGO)
    said = "it failed 2 times in a row, and it publishes about once in 8 d"
    assert after_failure(source, 2, Wishes(), NOW, rare).because == said
    assert after_failure(source, 9, Wishes(), NOW, rare).because == "it failed 9 times in a row"


def test_a_run_once_a_day_misses_no_source_that_may_be_asked_once_a_day() -> None:
    """The longest interval holds with all that pulls are spread by, and so does the longest wait after errors."""
    rare, silent = Rhythm(every(9 * DAY), LONG_AGO), Rhythm(every(DAY, last=NOW - 400 * DAY), LONG_AGO)
    bare, asked = Wishes(validators=False), Wishes(max_age=0.99 * DAY)
    for number in range(50):
        source = Source(id=f"s{number}", url="https://a.example.org/", longest=DAY)
        for wishes, known in ((Wishes(), rare), (bare, rare), (Wishes(), silent), (asked, rare)):
            assert NOW + 0.9 * DAY < after_success(source, wishes, NOW, known).at <= NOW + DAY
            assert NOW + 0.9 * DAY < after_failure(source, 9, wishes, NOW, known).at <= NOW + DAY


def test_a_run_that_starts_some_seconds_sooner_than_the_day_before_misses_nothing() -> None:
    """Timers keep to the minute, not to the second; what a server or the editor wishes holds to the second."""
    started = NOW + timedelta(seconds=3)
    source = Source(id="a", url="https://a.example.org/", longest=DAY)
    for following in (
        after_success(source, Wishes(validators=False), started),
        after_success(source, Wishes(), started, Rhythm((NOW - 366 * DAY,), NOW)),
        after_failure(source, 9, Wishes(), started),
    ):
        assert following.at == NOW + DAY
    assert after_success(source, Wishes(max_age=DAY), started).at == started + DAY
    hourly = Source(id="a", url="https://a.example.org/", longest=HOUR)
    assert after_success(hourly, Wishes(), started, Rhythm(every(HOUR), LONG_AGO)).at == started + HOUR


def test_entries_within_an_hour_are_one_occasion() -> None:
    """A feed that publishes ten entries at once publishes once; the latest occasions are kept, in order."""
    assert heard((), [NOW - timedelta(minutes=5 * number) for number in range(10)]) == (NOW,)
    kept = heard(every(DAY, 30), [NOW + DAY])
    assert (len(kept), kept[-1], list(kept)) == (20, NOW + DAY, sorted(kept))


def test_what_was_noted_by_a_clock_that_was_ahead_is_forgotten() -> None:
    """A source first pulled ten years ahead is watched from now on, and asked as seldom as any other after that."""
    source = Source(id="a", url="https://a.example.org/", longest=DAY)
    answer = Response(
        status=304, url=source.url, body=b"", content_type="", etag='"1"', last_modified=None,
        moved_to=None, max_age=None,
    )  # fmt: skip
    ahead = NOW + 3650 * DAY
    state = SourceState(times=(NOW - 30 * DAY, ahead), known_since=ahead)
    for days in range(10):
        state = succeeded(source, state, answer, Hints(), NOW + days * DAY)
    assert (state.times, state.known_since) == ((NOW - 30 * DAY,), NOW)
    assert state.next_pull is not None
    assert state.next_pull > NOW + 9.9 * DAY


@steady
@given(st.lists(_TIMES, max_size=40), st.none() | _TIMES)
def test_what_is_learnt_stays_within_bounds(times: list[datetime], since: datetime | None) -> None:
    """Whatever the dates of the entries are."""
    interval, because = learnt(Rhythm(heard((), times), since), HOUR, DAY, NOW)
    assert HOUR <= interval <= DAY
    assert because


def test_learning_saves_most_requests_and_costs_little_time() -> None:
    """Over a year, a few publishers of each kind are asked far less than hourly, and seen sooner than at that price."""
    learnt_cost, fewest = bench.Cost(0, []), 0
    for kind in bench.KINDS:
        times = bench.published(kind, 0)
        source = Source(id=kind.name, url="https://example.org/", longest=DAY)
        learnt_cost.add(bench.cost(bench.learnt(source, times), times))
        fewest += 1
    same, interval = bench.Cost(0, []), bench.YEAR * fewest / learnt_cost.requests
    for kind in bench.KINDS:
        same.add(bench.cost(bench.fixed(interval), bench.published(kind, 0)))
    assert learnt_cost.requests < 0.4 * fewest * bench.YEAR / HOUR
    assert sum(learnt_cost.late, 0 * HOUR) < 0.75 * sum(same.late, 0 * HOUR)
