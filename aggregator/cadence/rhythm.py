"""How often a source publishes, learnt from its entries, and the interval between pulls that follows from it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from aggregator import text

#: So many occasions are remembered: enough to know a rhythm, few enough to follow when it changes.
_REMEMBERED = 20
#: What comes within an hour came on one occasion: nobody is asked twice within it.
_OCCASION = timedelta(hours=1)
#: Pulls for each occasion to publish: an entry is seen late by a quarter of the usual gap, on average.
_PULLS = 2
#: A source that said nothing for so long is asked as seldom as the editor lets it be.
SILENT = timedelta(days=365)


class Rhythm(Struct, frozen=True):
    """When a source published: its latest occasions, oldest first, and ``since`` when it is watched."""

    times: tuple[datetime, ...] = ()
    since: datetime | None = None


def heard(times: tuple[datetime, ...], more: Iterable[datetime]) -> tuple[datetime, ...]:
    """Return the latest occasions among ``times`` and ``more``, oldest first; each stands for its whole hour.

    ``times`` came from here themselves: where there are no more, they are the latest.
    """
    more = tuple(more)
    if not more:
        return times
    latest: list[datetime] = []
    for moment in sorted({*times, *more}, reverse=True):
        if not latest or latest[-1] - moment >= _OCCASION:
            latest.append(moment)
        if len(latest) == _REMEMBERED:
            break
    return tuple(reversed(latest))


def past(known: Rhythm, now: datetime) -> Rhythm:
    """Return ``known`` without what is still to come at ``now``: it was noted before the clock was set back."""
    since = min(known.since, now) if known.since else None
    return Rhythm(known.times[: bisect_right(known.times, now)], since)


def silence(known: Rhythm, now: datetime) -> timedelta:
    """Return for how long the source has said nothing, as far as is known."""
    last = known.times[-1] if known.times else known.since or now
    return now - last


def learnt(known: Rhythm, shortest: timedelta, longest: timedelta, now: datetime) -> tuple[timedelta, str]:
    """Return the interval that the source's rhythm suggests, between the two bounds, and the reason in words.

    The gap between two occasions is the mean of the remembered ones, the present silence included.  A source that
    is new is not asked more seldom than it has been watched: its dates may mislead.
    """
    watched = now - known.since if known.since else timedelta(0)
    quiet = silence(known, now)
    gap = max((now - known.times[0]) / len(known.times), quiet / _PULLS) if known.times else quiet
    interval = max(shortest, min(gap / _PULLS, longest))
    # Entries without dates, seen for the first time, are all of now.
    if interval > max(watched, shortest) or not (gap or watched):
        return max(watched, shortest), "it is new, and its rhythm not known yet"
    return interval, f"it publishes about once in {text.span(gap)}"
