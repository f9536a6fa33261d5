"""Times as standards write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from aggregator.times import rfc822, rfc3339

_ELSEWHERE = datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))


def test_rfc3339_has_four_digits_for_the_year() -> None:
    """Times are in UTC, to the second, and their years are never short."""
    assert rfc3339(datetime(987, 6, 5, 4, 3, 2, 1, tzinfo=UTC)) == "0987-06-05T04:03:02Z"
    assert rfc3339(_ELSEWHERE) == "2023-12-31T23:00:00Z"


def test_rfc822_is_in_english_and_gmt() -> None:
    """Times are in UTC, to the second."""
    assert rfc822(_ELSEWHERE) == "Sun, 31 Dec 2023 23:00:00 GMT"
