"""Who is due, and when to come back: no publisher is asked more often than it wishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator import text
from aggregator.models import Hints, Source

#: No wish of a server keeps a source silent for longer (a header of ten years would freeze it).
LONGEST_WISH = timedelta(days=7)
#: A failing source is still asked this often: servers come back.
LONGEST_BACKOFF = timedelta(days=1)
#: Part of the interval by which pulls are spread, so that sources added together do not stay together.
_SPREAD = 0.1
_EVERY_HOUR = frozenset(range(24))
_EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a server asked for: ``max_age`` of its answer, ``retry_after`` of its refusal, its feed's ``hints``."""

    max_age: timedelta | None = None
    retry_after: datetime | None = None
    hints: Hints = Hints()


def after_success(source: Source, wishes: Wishes, now: datetime) -> datetime:
    """Return the next pull of a source that answered at ``now``.

    The longest of its interval in feeds.yaml, the answer's max-age and the feed's own hints counts, the
    latter two up to ``LONGEST_WISH``; then the hours and days to skip; then a jitter that follows from the
    source's id (RFC 9111, section 4.2; RSS 2.0, ttl and skipHours).
    """
    wished = max((wish for wish in (wishes.max_age, wishes.hints.interval) if wish), default=timedelta(0))
    interval = max(source.interval, min(wished, LONGEST_WISH))
    return _outside_skipped(now + interval + _jitter(source, interval), wishes.hints)


def after_failure(source: Source, failures: int, wishes: Wishes, now: datetime) -> datetime:
    """Return the next pull of a source that failed ``failures`` times in a row, the last time at ``now``.

    The interval doubles with each failure up to ``LONGEST_BACKOFF``; a Retry-After counts where it is
    later, up to ``LONGEST_WISH`` (RFC 9110, section 10.2.3); then the hours and days to skip.
    """
    doubled = source.interval * 2 ** min(failures, 16)
    backoff = max(source.interval, min(doubled, LONGEST_BACKOFF))
    own = now + backoff + _jitter(source, backoff)
    asked = min(wishes.retry_after or now, now + LONGEST_WISH)
    return _outside_skipped(max(own, asked), wishes.hints)


def _jitter(source: Source, interval: timedelta) -> timedelta:
    share = int(text.digest(source.id)[:8], 16) / 0xFFFFFFFF
    return timedelta(seconds=int(interval.total_seconds() * _SPREAD * share))


def _outside_skipped(moment: datetime, hints: Hints) -> datetime:
    # Hours or days that leave none are a mistake of the publisher.  The minutes stay, so that sources which all wait
    # for the same hour do not come at once.
    hours = hints.skip_hours if not hints.skip_hours >= _EVERY_HOUR else frozenset[int]()
    days = hints.skip_days if not hints.skip_days >= _EVERY_DAY else frozenset[int]()
    while moment.hour in hours or moment.weekday() in days:
        moment += timedelta(hours=1)
    return moment
