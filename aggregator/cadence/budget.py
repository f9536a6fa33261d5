"""What may be asked of a domain: so many requests a minute, and none while it wants to be left alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from http import HTTPStatus

from msgspec.structs import replace

from aggregator.cadence.schedule import LONGEST_WISH, believed
from aggregator.records import DomainState
from aggregator.times import LONG_AGO

MINUTE = timedelta(minutes=1)
#: A domain that refuses without saying for how long is left alone for an hour, twice as long each further time.
_CLOSED = timedelta(hours=1)
_LONGEST = timedelta(days=1)
#: A 403 after so many requests within a minute is a throttle's: some services never answer 429.
_BURST = 5


def free_at(state: DomainState, per_minute: int, now: datetime) -> datetime:
    """Return when the domain may be asked for one thing more: ``now``, or later.

    ``per_minute`` is the most within any minute; 0 sets no limit.
    """
    opens = closed_until(state, now) or now
    times = lately(state, now)
    if not per_minute or len(times) < per_minute:
        return opens
    return max(opens, times[-per_minute] + MINUTE)


def asked(state: DomainState, now: datetime) -> DomainState:
    """Return ``state`` after one more request at ``now``."""
    return replace(state, asked=(*lately(state, now), now))


def answered(state: DomainState) -> DomainState:
    """Return ``state`` after a good answer: what it refused before is forgiven, but a pause that it wanted stays."""
    return replace(state, refusals=0) if state.refusals else state


def refused(state: DomainState, status: int, retry_after: datetime | None, now: datetime) -> DomainState:
    """Return ``state`` after an error ``status`` at ``now``; it closes the domain when it is about us, not the feed.

    That is 429, 503 with a Retry-After, and 403 after a burst (RFC 6585, section 4; RFC 9110, section 10.2.3).
    """
    burst = len(lately(state, now)) >= _BURST
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        throttled = retry_after is not None
    else:
        throttled = status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.FORBIDDEN and burst)
    if not throttled:
        return state
    refusals = state.refusals + 1
    pause = believed(retry_after - now) if retry_after else min(_CLOSED * 2 ** min(refusals - 1, 16), _LONGEST)
    until = max(closed_until(state, now) or now, now + pause)
    because = f"{state.name} answered {status}, and is left alone until {until:%Y-%m-%d %H:%M} UTC"
    return replace(state, closed_until=until, refusals=refusals, because=because)


def merged(stored: DomainState, ours: DomainState, more: Iterable[datetime]) -> DomainState:
    """Return what is known of a domain by two processes: ``stored`` by any, and ``ours``, which asked ``more``."""
    later = stored if (stored.closed_until or LONG_AGO) > (ours.closed_until or LONG_AGO) else ours
    return replace(later, asked=tuple(sorted((*stored.asked, *more))), refusals=ours.refusals)


def over(state: DomainState, now: datetime) -> bool:
    """Tell whether ``state`` says nothing any more at ``now``."""
    return not (lately(state, now) or state.refusals or closed_until(state, now))


def closed_until(state: DomainState, now: datetime) -> datetime | None:
    """Return until when the domain is to be left alone; None when it may be asked ``now``."""
    # No pause is longer: a later time was noted before the clock was set back.
    until = state.closed_until
    return until if until and now < until <= now + LONGEST_WISH else None


def lately(state: DomainState, now: datetime) -> tuple[datetime, ...]:
    """Return when the domain was asked in the minute before ``now``."""
    # A time that is still to come was noted before the clock was set back.
    asked = state.asked
    return asked[bisect_right(asked, now - MINUTE) : bisect_right(asked, now)]
