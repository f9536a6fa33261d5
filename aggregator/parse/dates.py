"""Dates as feeds write them → times in UTC, or None: nothing is guessed, nothing comes from the clock."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import struct_time

# Nearly all dates of Atom and JSON Feed.
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)", re.ASCII)
#: Hours ahead of UTC: RFC 822, section 5.1, but for its zones of one letter (RFC 1123, section 5.2.14), and those that
#: feedparser adds.
ZONES = {"z": 0, "ut": 0, "utc": 0, "gmt": 0, "met": 1, "mest": 2}
ZONES |= {"at": -4, "ast": -4, "adt": -3, "et": -5, "est": -5, "edt": -4, "ct": -6, "cst": -6, "cdt": -5}
ZONES |= {"mt": -7, "mst": -7, "mdt": -6, "pt": -8, "pst": -8, "pdt": -7}
# RFC 3339, and the looser forms of ISO 8601, of the W3C's note and of East Asia that are met.
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})[-/.年] *(?P<month>\d\d?)(?:[-/.月] *(?P<day>\d\d?)日?)?"
    r"(?: *T *| +)?(?:(?<=[T ])(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?"
    r"(?: *(?P<half>[AP])\.?M\b\.?)?)?"
    rf" *(?:(?P<zone>{'|'.join(ZONES)})(?= *(?:\(|$))|(?:UTC|GMT)? ?(?P<sign>[+-])"
    r"(?P<hours>(?(hour)\d\d?|\d\d))(?::?(?P<minutes>\d\d))?)?(?:[ (A-Z].*)?",
    re.IGNORECASE | re.ASCII,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_NAME = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*+,? )?"
_MONTH_NAME = rf"(?P<month>{'|'.join(_MONTHS)})"
# RFC 822, section 5.1, with years of four digits (RFC 1123, section 5.2.14): nearly all dates of RSS.  Some leave the
# zone away.
_RFC_822 = re.compile(
    rf"{_DAY_NAME}(?P<day>\d\d?) {_MONTH_NAME} (?P<year>\d{{4}})"
    r" (?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
    rf"(?: (?:(?P<zone>{'|'.join(ZONES)})|(?P<sign>[+-])(?P<hours>\d\d)(?P<minutes>\d\d)))?",
    re.IGNORECASE | re.ASCII,
)
# As Americans write it.
_MONTH_FIRST = re.compile(
    rf"{_DAY_NAME}{_MONTH_NAME}[a-z]*+\.? (?P<day>\d\d?)(?:st|nd|rd|th)?, ?(?P<year>\d{{4}})"
    r"(?:,? (?:at )?(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: ?(?P<half>[AP])\.?M\b\.?)?)?"
    rf"(?: (?:(?P<zone>{'|'.join(ZONES)})|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)))?",
    re.IGNORECASE | re.ASCII,
)
# Of these feedparser reads the year alone, and takes month and day from the clock.
_YEAR_AND_MONTH = re.compile(rf"(\d{{4}})[ /-]{_MONTH_NAME}[a-z]*+\.?[ /-](\d\d?)\b", re.IGNORECASE | re.ASCII)
_YEAR_AND_NAME = re.compile(r"\d{4}[ /.-]?[^\W\d_]{3}")
_NAME = re.compile(r"[^\W\d_]{3}")
# What feedparser does not know, behind a clock: the halves of the day, and offsets other than ``+0800``.
_HALF = re.compile(r"\b(\d\d?)(:\d\d(?::\d\d)?) ?([AP])\.?M\b\.?", re.IGNORECASE | re.ASCII)
_OFFSET = re.compile(r"(?<=:\d\d)(?: ?(?:UTC|GMT) ?| )([+-])(\d\d?)(?::?(\d\d))?(?!\d)", re.IGNORECASE | re.ASCII)


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
    words = _YEAR_AND_MONTH.sub(r"\3 \2 \1", words, count=1)
    if _YEAR_AND_NAME.match(words):
        return None
    usual = _RFC_822.fullmatch(words) or _MONTH_FIRST.fullmatch(words)
    if usual:
        day, month, year = usual.group("day", "month", "year")
        half = usual.groupdict().get("half")
        return _at(usual, int(year), _MONTHS.index(month.lower()) + 1, int(day), half)
    from feedparser.datetimes import _parse_date  # 0.1 s to import, and few dates need it

    read = _parse_date(_OFFSET.sub(_plain_offset, _HALF.sub(_plain_clock, words)))
    if not isinstance(read, struct_time):
        return None
    found = datetime(*read[:5], min(read[5], 59), tzinfo=UTC)
    # A time zone may carry it over the turn of the year.
    near = (f"{year % 100:02d}" for year in (found.year - 1, found.year, found.year + 1))
    return found if any(year in words for year in near) else None


def _plain_clock(found: re.Match[str]) -> str:
    clock = f"{_hour(int(found[1]), found[3]):02d}{found[2]}"
    return clock if found.end() < len(found.string) else f"{clock} GMT"


def _plain_offset(found: re.Match[str]) -> str:
    minutes = _ahead(found[1], found[2], found[3])
    return f" {found[1]}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"


def _figures(found: re.Match[str]) -> datetime:
    year, month, day = (int(figure or 1) for figure in found.group("year", "month", "day"))
    return _at(found, year, month, day, found["half"])


def _at(found: re.Match[str], year: int, month: int, day: int, half: str | None = None) -> datetime:
    hour, minute, second = (int(figure or 0) for figure in found.group("hour", "minute", "second"))
    hour = _hour(hour, half)
    # ISO 8601: 24:00 is the end of the day; RFC 3339, section 5.7: second 60 is a leap second.
    ended = (hour, minute, second) == (24, 0, 0)
    local = datetime(year, month, day, 0 if ended else hour, minute, 59 if second == 60 else second, tzinfo=UTC)
    zone, sign, hours, minutes = found.group("zone", "sign", "hours", "minutes")
    ahead = _ahead(sign, hours, minutes) if sign else 60 * ZONES[zone.lower()] if zone else 0
    return local + timedelta(days=ended, minutes=-ahead) if ended or ahead else local


def _hour(hour: int, half: str | None) -> int:
    if half is None or not 1 <= hour <= 12:
        return hour
    return hour % 12 + (12 if half in "pP" else 0)


def _ahead(sign: str, hours: str, minutes: str | None) -> int:
    ahead = 60 * int(hours) + int(minutes or 0)
    if int(minutes or 0) > 59 or ahead >= 15 * 60:  # the farthest zone is 14 hours ahead
        raise ValueError("no zone is so far from UTC")
    return -ahead if sign == "-" else ahead
