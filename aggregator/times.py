"""Times as standards write them, in UTC and to the second."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime


def rfc3339(moment: datetime) -> str:
    """Return ``moment`` as RFC 3339 writes it, with Z."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def rfc822(moment: datetime) -> str:
    """Return ``moment`` as RFC 822 writes it, with four digits for the year (RFC 5322, section 3.3) and GMT."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
