"""Dates as feeds write them → times in UTC, or None: nothing is guessed, nothing comes from the clock."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import struct_time

# Nearly all dates of Atom and JSON Feed.
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)", re.ASCII)
# RFC 3339, and the looser forms of ISO 8601, of the W3C's note and of East Asia that are met.
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})[-/.年] *(?P<month>\d\d?)(?:[-/.月] *(?P<day>\d\d?)日?)?"
    r"(?: *T *| +)?(?:(?<=[T ])(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?)?"
    r" *(?:Z|UTC|GMT|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?)?(?:[ (A-Z].*)?",
    re.IGNORECASE | re.ASCII,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# RFC 822, section 5.1, with years of four digits (RFC 1123, section 5.2.14): nearly all dates of RSS.
_RFC_822 = re.compile(
    rf"(?:(?:mon|tue|wed|thu|fri|sat|sun), )?(?P<day>\d\d?) (?P<month>{'|'.join(_MONTHS)}) (?P<year>\d{{4}})"
    r" (?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
    r" (?:GMT|UTC?|Z|(?P<sign>[+-])(?P<hours>\d\d)(?P<minutes>\d\d))",
    re.IGNORECASE | re.ASCII,
)
_NAME = re.compile(r"[^\W\d_]{3}")
_TWELVE_HOURS = re.compile(r"\b(\d\d?):\d\d(?::\d\d)?\s*([AP])\.?M\b", re.IGNORECASE | re.ASCII)


def moment(said: str | None, *, named: bool = False) -> datetime | None:
    """Return the time that ``said`` names, to the second; only where ``named`` may it name a month or a weekday.

    What is written in figures alone is read here: feedparser takes 30 February for 2 March, and fills up the half of
    a date from the clock.  Its word counts for dates that name a month or a weekday, when their year is in them.
    """
    if not said:
        return None
    words = " ".join(said.split())
    try:
        if _RFC_3339.fullmatch(words):
            with suppress(ValueError):  # of 24:00 and of leap seconds, too
                return datetime.fromisoformat(words).astimezone(UTC)
        if found := _YEAR_FIRST.fullmatch(words):
            return _figures(found)
        return _named(words) if named and _NAME.search(words) else None
    except (ValueError, OverflowError):
        return None  # years 0, -1 and 10000 come out of feedparser


def _named(words: str) -> datetime | None:
    usual = _RFC_822.fullmatch(words)
    if usual:
        with suppress(ValueError):
            return _usual(usual)
    from feedparser.datetimes import _parse_date  # 0.1 s to import, and few dates need it

    read = _parse_date(words)
    if not isinstance(read, struct_time):
        return None
    found = datetime(*read[:5], min(read[5], 59), tzinfo=UTC) + _afternoon(words)
    # A time zone may carry it over the turn of the year.
    near = (f"{year % 100:02d}" for year in (found.year - 1, found.year, found.year + 1))
    return found if any(year in words for year in near) else None


def _usual(found: re.Match[str]) -> datetime:
    day, month, year, hour, minute, second = found.group("day", "month", "year", "hour", "minute", "second")
    date = int(year), _MONTHS.index(month.lower()) + 1, int(day)
    return _in_utc(datetime(*date, int(hour), int(minute), int(second or 0), tzinfo=UTC), found)


def _figures(found: re.Match[str]) -> datetime:
    year, month, day = (int(figure or 1) for figure in found.group("year", "month", "day"))
    clock = tuple(int(figure or 0) for figure in found.group("hour", "minute", "second"))
    # ISO 8601: 24:00 is the end of the day; RFC 3339, section 5.7: second 60 is a leap second.
    ended = clock == (24, 0, 0)
    hour, minute, second = (0, 0, 0) if ended else clock
    local = datetime(year, month, day, hour, minute, 59 if second == 60 else second, tzinfo=UTC)
    return _in_utc(local + timedelta(days=ended) if ended else local, found)


def _in_utc(local: datetime, found: re.Match[str]) -> datetime:
    sign, hours, minutes = found.group("sign", "hours", "minutes")
    ahead = 60 * int(hours) + int(minutes or 0) if sign else 0
    return local + timedelta(minutes=ahead if sign == "-" else -ahead) if ahead else local


def _afternoon(words: str) -> timedelta:
    # feedparser ignores PM.
    found = _TWELVE_HOURS.search(words)
    if found is None or not 1 <= int(found[1]) <= 12:
        return timedelta(0)
    return timedelta(hours=(12 if found[2] in "Pp" else 0) - (12 if int(found[1]) == 12 else 0))
