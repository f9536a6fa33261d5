"""When a source is asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import steady

from aggregator.cadence import queue, succeeded
from aggregator.cadence.schedule import LONGEST_BACKOFF, LONGEST_WISH, Next, Wishes, after_failure, after_success
from aggregator.fetch import Response
from aggregator.models import Hints, Source
from aggregator.records import SourceState

#: A Tuesday.
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

_SPANS = st.timedeltas(timedelta(days=-10), timedelta(days=4000))
_TIMES = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # bounds
_HINTS = st.builds(
    Hints,
    interval=st.none() | _SPANS,
    skip_hours=st.frozensets(st.integers(0, 23)),
    skip_days=st.frozensets(st.integers(0, 6)),
)
_WISHES = st.builds(Wishes, max_age=st.none() | _SPANS, retry_after=st.none() | _TIMES, hints=_HINTS)
_SOURCES = st.builds(
    Source,
    id=st.text(max_size=8),
    url=st.just("https://a.example.org/"),
    interval=st.timedeltas(MINUTE, timedelta(days=365)),
)


def source(interval: timedelta = HOUR, name: str = "a") -> Source:
    """Return a source that is to be pulled every ``interval``."""
    return Source(id=name, url="https://a.example.org/", interval=interval)


def waits(following: Next, span: timedelta) -> bool:
    """Tell whether ``following`` is ``span`` after ``NOW``, or up to a tenth more: so far are pulls spread."""
    return span <= following.at - NOW <= span * 1.1


@pytest.mark.parametrize(
    ("wishes", "span"),
    [
        (Wishes(), HOUR),
        (Wishes(max_age=12 * HOUR), 12 * HOUR),
        (Wishes(max_age=MINUTE), HOUR),
        (Wishes(max_age=timedelta(0)), HOUR),
        (Wishes(max_age=-DAY), HOUR),
        (Wishes(max_age=9 * DAY), LONGEST_WISH),
        (Wishes(max_age=3650 * DAY), DAY),
        (Wishes(hints=Hints(interval=6 * HOUR)), 6 * HOUR),
        (Wishes(hints=Hints(interval=9 * DAY)), LONGEST_WISH),
        (Wishes(max_age=2 * HOUR, hints=Hints(interval=6 * HOUR)), 6 * HOUR),
        (Wishes(max_age=8 * HOUR, hints=Hints(interval=6 * HOUR)), 8 * HOUR),
    ],
)
def test_the_longest_wish_counts(wishes: Wishes, span: timedelta) -> None:
    """The interval is the least; what server and feed wish for lengthens it, up to a week."""
    assert waits(after_success(source(), wishes, NOW), span)


def test_an_interval_of_the_editor_may_be_longer_than_any_wish() -> None:
    """The limit of wishes does not shorten what feeds.yaml says."""
    assert waits(after_success(source(30 * DAY), Wishes(max_age=3650 * DAY), NOW), 30 * DAY)


def test_failures_double_the_wait_up_to_a_day() -> None:
    """Each failure in a row doubles the wait; a server that is gone for long is asked daily."""
    spans = {1: 2 * HOUR, 2: 4 * HOUR, 3: 8 * HOUR, 4: 16 * HOUR, 5: DAY, 100: DAY, 10**6: DAY}
    for failures, span in spans.items():
        assert waits(after_failure(source(), failures, Wishes(), NOW), span)


def test_a_failing_source_is_never_asked_more_often_than_one_that_answers() -> None:
    """An interval above the longest back-off stays."""
    assert waits(after_failure(source(30 * DAY), 3, Wishes(), NOW), 30 * DAY)


@pytest.mark.parametrize(
    ("retry_after", "span"),
    [
        (NOW + 5 * HOUR, 5 * HOUR),
        (NOW + 9 * DAY, LONGEST_WISH),
        (NOW + 3650 * DAY, DAY),
        (NOW + MINUTE, 2 * HOUR),
        (NOW - DAY, 2 * HOUR),
    ],
)
def test_retry_after_lengthens_the_wait(retry_after: datetime, span: timedelta) -> None:
    """A Retry-After counts where it is later than the back-off of our own, up to a week."""
    assert waits(after_failure(source(), 1, Wishes(retry_after=retry_after), NOW), span)


def test_hours_and_days_to_skip_are_skipped() -> None:
    """A pull that would fall into them waits for the first hour after them, its minutes kept."""
    hints = Hints(skip_hours=frozenset({9, 10, 11}), skip_days=frozenset({2}))  # Wednesday
    plain = after_success(source(), Wishes(), NOW).at
    assert after_success(source(), Wishes(hints=hints), NOW).at == plain + 3 * HOUR
    over_night = after_success(source(20 * HOUR), Wishes(), NOW).at
    assert over_night.weekday() == 2
    skipped = after_success(source(20 * HOUR), Wishes(hints=hints), NOW).at
    assert (skipped.date(), skipped.hour) == ((NOW + 2 * DAY).date(), 0)
    assert after_failure(source(), 1, Wishes(hints=hints), NOW).at.hour == 12


@pytest.mark.parametrize("hints", [Hints(skip_hours=frozenset(range(24))), Hints(skip_days=frozenset(range(7)))])
def test_a_feed_that_skips_always_is_not_believed(hints: Hints) -> None:
    """Hours or days that leave no time at all do not freeze a source."""
    assert waits(after_success(source(), Wishes(hints=hints), NOW), HOUR)


@pytest.mark.parametrize(
    "hints", [Hints(skip_hours=frozenset({NOW.hour})), Hints(skip_days=frozenset({NOW.weekday()}))]
)
def test_hours_and_days_to_skip_keep_nobody_from_ever_being_asked(hints: Hints) -> None:
    """Who runs once a day, always in an hour to skip, asks when a day has gone by; once a week, days likewise."""
    whole = (len(hints.skip_days) + 1) * DAY
    waiting = {"s": SourceState(hints=hints, next_pull=NOW)}
    assert not queue(waiting, NOW)
    assert not queue({"s": SourceState(hints=hints, next_pull=NOW - whole + HOUR)}, NOW)
    assert queue({"s": SourceState(hints=hints, next_pull=NOW - whole)}, NOW)


def test_a_304_that_says_nothing_of_it_leaves_the_max_age_standing() -> None:
    """It counts until another answer says otherwise (RFC 9111, section 4.3.4), and a 200 that gives none ends it."""
    state = SourceState()
    for status, said, span in (
        (200, 12 * HOUR, 12 * HOUR),
        (304, None, 12 * HOUR),
        (304, None, 12 * HOUR),
        (304, 6 * HOUR, 6 * HOUR),
        (304, None, 6 * HOUR),
        (200, None, HOUR),
        (304, None, HOUR),
    ):
        answer = Response(
            status=status, url="https://a.example.org/", body=b"", content_type="", etag='"1"', last_modified=None,
            moved_to=None, max_age=said,
        )  # fmt: skip
        state = succeeded(source(), state, answer, state.hints, NOW)
        assert waits(Next(state.next_pull or NOW, ""), span)


@steady
@given(_SOURCES, _WISHES, _TIMES, st.integers(0, 10**6))
def test_the_next_pull_is_neither_soon_nor_never(source: Source, wishes: Wishes, now: datetime, failures: int) -> None:
    """Whatever a server says: not before the interval, in an hour that it allows, and within a bounded time."""
    hours, days = wishes.hints.skip_hours, wishes.hints.skip_days
    skipped = (len(days) + 1) * DAY
    for following, longest in (
        (after_success(source, wishes, now).at, LONGEST_WISH),
        (after_failure(source, failures, wishes, now).at, max(LONGEST_WISH, LONGEST_BACKOFF)),
    ):
        assert now + source.interval <= following <= now + max(source.interval, longest) * 1.1 + skipped
        assert len(hours) == 24 or following.hour not in hours
        assert len(days) == 7 or following.weekday() not in days
    assert after_success(source, wishes, now) == after_success(source, wishes, now)


def test_sources_are_spread() -> None:
    """Sources added together do not stay together: each has a share of the interval of its own, always the same."""
    times = [after_success(source(name=f"s{n}"), Wishes(), NOW).at for n in range(200)]
    assert times == [after_success(source(name=f"s{n}"), Wishes(), NOW).at for n in range(200)]
    minutes = {(time - NOW) // MINUTE for time in times}
    assert minutes == set(range(60, 66))
