"""Dates as feeds write them: in figures and in words, with halves of the day and zones of every kind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from feedparser.datetimes.rfc822 import timezone_names
from hypothesis import given
from hypothesis import strategies as st
from properties import ANY, steady

from aggregator.parse import dates

_ZONES = st.integers(1 - 15 * 60, 15 * 60 - 1).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@steady
@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=_ZONES), st.sampled_from("T "))  # noqa: DTZ001
def test_what_is_written_in_figures_is_read_back(moment: datetime, between: str) -> None:
    """RFC 3339, with a blank or a T between, in any zone."""
    whole = moment.replace(microsecond=0)
    assert dates.moment(whole.isoformat(between)) == whole


@steady
@given(ANY | st.from_regex(r"[0-9]{1,5}[-/.][0-9]{1,3}[-/.][0-9]{1,3}[T ][0-9]{1,3}:[0-9]{1,3}.{0,8}", fullmatch=True))
def test_any_date_is_a_time_or_none(said: str) -> None:
    """Whatever stands where a date belongs: a time in UTC, or nothing."""
    found = dates.moment(said)
    assert found is None or found.utcoffset() == timedelta(0)


@steady
@given(
    st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](Z|[+-][0-9]{2}:[0-9]{2})", fullmatch=True
    )
)
def test_the_usual_date_is_read_as_every_one_is(said: str) -> None:
    """The short way for RFC 3339 leads where the long one does: to the end of the day at 24:00, past leap seconds."""
    assert dates.moment(said) == dates.moment(said.replace("T", " "))


NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("day", ["2024-01-01 ", "2024-01-01T", "2024/1/1 ", "2024年1月1日 ", "Mon, 01 Jan 2024 "])
@pytest.mark.parametrize(
    ("clock", "hours"),
    [
        *(("08:00 PM", 20), ("8:00:00 pm", 20), ("12:30 AM", 0.5), ("12:30 p.m.", 12.5), ("08:00PM EST", 25)),
        *(("10:00:00 GMT+8", 2), ("10:00 GMT+0800", 2), ("10:00 GMT+08:00", 2), ("10:00:00 UTC+08:00", 2)),
        *(("10:00 UTC-3", 13), ("10:00:00 -0330", 13.5), ("10:00:00 +8", 2), ("08:00 PM +0800", 12)),
        *(("10:00:00 PST", 18), ("10:00 est", 15), ("10:00:00 GMT", 10), ("10:00 Z", 10), ("10:00 PDT (Pacific)", 17)),
        *(("10:00:00 JST", 10), ("13:00 PM", 13), ("24:00:00 GMT", 24), ("24:00:00 EST", 29)),
    ],
)
def test_halves_of_the_day_and_zones_count(day: str, clock: str, hours: float) -> None:
    """In figures as in words; a zone of which nobody knows where it is counts for nothing."""
    assert dates.moment(day + clock, named=True) == NEW_YEAR + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("said", "hours"),
    [
        *(("Mon, 01 Jan 2024 10:00:00", 10), ("Monday, 1 Jan 2024 10:00", 10), ("01 Jan 2024 24:00:00", 24)),
        *(("January 1, 2024", 0), ("Jan. 1st, 2024", 0), ("Monday, January 01, 2024 8:00 PM", 20)),
        *(("Jan 1, 2024, 10:00 am", 10), ("Jan 1, 2024 at 12:30 a.m. EST", 5.5), ("jan 1, 2024 10:00:00 +02:00", 8)),
    ],
)
def test_days_with_names_need_no_zone(said: str, hours: float) -> None:
    """RFC 822 wants one; many hand-made feeds leave it away, or write the date as their pages do."""
    assert dates.moment(said, named=True) == NEW_YEAR + timedelta(hours=hours)


@pytest.mark.parametrize("said", ["Mon, 31 Feb 2024 10:00:00", "February 30, 2024", "Marchioness 1, 99999"])
def test_days_that_are_not_in_the_calendar_are_no_dates(said: str) -> None:
    """Nothing is guessed."""
    assert dates.moment(said, named=True) is None


@pytest.mark.parametrize(
    ("said", "hours"),
    [
        ("2024 Jan 1", 0),
        ("2024-Jan-01 10:00", 10),
        ("2024 January 1 10:00:00 GMT", 10),
        ("2024 Január 1", None),
        ("2024 a.m.", None),
    ],
)
def test_a_year_before_a_name_takes_nothing_from_the_clock(said: str, hours: int | None) -> None:
    """Month and day of today, as feedparser fills in where it reads the year alone."""
    assert dates.moment(said, named=True) == (None if hours is None else NEW_YEAR + timedelta(hours=hours))


@pytest.mark.parametrize("said", ["2016-12-31T23:59:60Z", "Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31 18:59:60 EST"])
def test_a_leap_second_is_the_end_of_its_minute(said: str) -> None:
    """Python knows none."""
    assert dates.moment(said, named=True) == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("day", ["2024-01-01T00:00:00", "2024-01-01 00:00 ", "Mon, 01 Jan 2024 00:00:00 "])
@pytest.mark.parametrize("zone", ["+99:99", "+15:00", "-1500", "+08:60", "GMT+15"])
def test_a_zone_that_is_nowhere_makes_no_date(day: str, zone: str) -> None:
    """No place is 15 hours from UTC, and no hour has 60 minutes."""
    assert dates.moment(day + zone, named=True) is None


@pytest.mark.parametrize("said", ["2024-01-01 at 10:00", "2024-01-01 -5", "2024-01-01 (8:00 PM)"])
def test_what_is_no_clock_says_nothing_of_the_hour(said: str) -> None:
    """A day alone is its beginning."""
    assert dates.moment(said) == NEW_YEAR


def test_zones_are_called_as_feedparser_calls_them() -> None:
    """But for the single letters, whose signs RFC 822 confused (RFC 1123, section 5.2.14)."""
    named = {name: hours for name, hours in timezone_names.items() if len(name) > 1 or name == "z"}
    assert named | {"utc": 0} == dates.ZONES
