"""When a feed asks to be asked again: RSS ``ttl``, ``skipHours``, ``skipDays``, and the syndication module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from aggregator.models import Hints
from aggregator.parse.parts import string, value

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}


def hints(data: dict[str, Any]) -> Hints:
    """Return what the feed in ``data`` asks for; nonsense is left out, of two intervals the longer counts."""
    intervals = (_ttl(string(data, "ttl")), _syndication(data))
    return Hints(
        interval=max(filter(None, intervals), default=None),
        skip_hours=frozenset(_hours(value(data, "hours") or ())),
        skip_days=frozenset(_days(value(data, "days") or ())),
    )


def _ttl(said: str | None) -> timedelta | None:
    minutes = _number(said, 9_999_999)
    return timedelta(minutes=minutes) if minutes else None


def _syndication(data: dict[str, Any]) -> timedelta | None:
    period = _PERIODS.get((string(data, "sy_updateperiod") or "").lower())
    frequency = _number(string(data, "sy_updatefrequency") or "1", 9_999)
    return period / frequency if period and frequency else None


def _hours(said: Iterable[str]) -> Iterator[int]:
    for word in said:
        hour = _number(word, 24)
        if hour is not None:
            yield hour % 24  # RSS 0.91 counts to 24


def _days(said: Iterable[str]) -> Iterator[int]:
    return (_WEEKDAYS.index(day.lower()) for day in said if day.lower() in _WEEKDAYS)


def _number(said: str | None, most: int) -> int | None:
    digits = said or ""
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 8 else None
    return number if number is not None and number <= most else None
