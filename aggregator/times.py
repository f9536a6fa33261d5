"""Times as standards write them, in UTC and to the second; and the time before all others."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

#: Before any time that is met: what has no time of its own is sorted by it.
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def rfc3339(moment: datetime) -> str:
    """Return ``moment`` as RFC 3339 writes it, with Z."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def rfc822(moment: datetime) -> str:
    """Return ``moment`` as RFC 822 writes it, with four digits for the year (RFC 5322, section 3.3) and GMT."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
