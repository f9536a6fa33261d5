"""When a source is asked again, and why then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from aggregator import text
from aggregator.cadence.rhythm import SILENT, Rhythm, learnt, silence
from aggregator.models import Hints, Source

#: No wish of a server keeps a source silent for longer (a header of ten years would freeze it).
LONGEST_WISH = timedelta(days=7)
#: A failing source is still asked this often: servers come back.
LONGEST_BACKOFF = timedelta(days=1)
#: Wishes beyond this are set for pictures and scripts, not for feeds: they count as one of a day.
_ABSURD = timedelta(days=30)
#: Without validators each pull costs a whole body: so often is often enough (rachelbythebay.com, feed reader score).
_UNVALIDATED = timedelta(days=1)
#: Part of the interval by which pulls are spread, so that sources added together do not stay together.
_SPREAD = 0.1
#: Where the interval is ours to choose, short ones are spread further: by a part of them up to this.
_WIDER, _WIDEST = 0.25, timedelta(minutes=15)
_EVERY_HOUR = frozenset(range(24))
_EVERY_DAY = frozenset(range(7))


class Wishes(Struct, frozen=True, kw_only=True):
    """What a server asked for: ``max_age`` of its answer, ``retry_after`` of its refusal, its feed's ``hints``.

    ``validators`` tells whether it gave any, so that an unchanged feed can be asked for at little cost.
    """

    max_age: timedelta | None = None
    retry_after: datetime | None = None
    hints: Hints = Hints()
    validators: bool = True


class Next(Struct, frozen=True):
    """The next pull: ``at`` when, and ``because`` of what, as words for the editor."""

    at: datetime
    because: str


def after_success(source: Source, wishes: Wishes, now: datetime, known: Rhythm = Rhythm()) -> Next:
    """Return the next pull of a source that answered at ``now``.

    The longest counts of: the interval that feeds.yaml gives or the source's rhythm suggests, a day where there
    are no validators, the answer's max-age, and the feed's own hints.  Wishes count up to ``LONGEST_WISH``.  Then
    come a jitter that follows from the source's id, as far as the longest interval leaves room for it, and the hours
    and days to skip (RFC 9111, section 4.2; RSS 2.0, ttl and skipHours).
    """
    wished = max(_wished(wishes), default=(timedelta(0), ""))
    interval, because = max(_usual(source, wishes, now, known), wished)
    at = max(now + wished[0], _spread(source, interval, source.longest, now))
    return _outside_skipped(Next(at, because), wishes.hints)


def after_failure(source: Source, failures: int, wishes: Wishes, now: datetime, known: Rhythm = Rhythm()) -> Next:
    """Return the next pull of a source that failed ``failures`` times in a row, the last time at ``now``.

    The shortest interval doubles with each failure up to ``LONGEST_BACKOFF``, and is never less than the usual one; a
    Retry-After counts where it is later, up to ``LONGEST_WISH`` (RFC 9110, section 10.2.3); then the hours and days
    to skip.
    """
    doubled = min(source.interval * 2 ** min(failures, 16), LONGEST_BACKOFF)
    backoff = _spread(source, doubled, LONGEST_BACKOFF, now)
    interval, because = _usual(source, wishes, now, known)
    usual = _spread(source, interval, source.longest, now)
    failed = f"it failed {'once' if failures == 1 else f'{failures} times in a row'}"
    own = Next(usual, f"{failed}, and {because}") if usual > backoff else Next(backoff, failed)
    wish = believed(wishes.retry_after - now) if wishes.retry_after else timedelta(0)
    asked = Next(now + wish + _jitter(source, source.interval), f"its server asked to wait for {text.span(wish)}")
    return _outside_skipped(asked if now + wish > own.at else own, wishes.hints)


def believed(wish: timedelta) -> timedelta:
    """Return how long a server's ``wish`` to be left alone is followed: never so long that it freezes a source."""
    return timedelta(days=1) if wish > _ABSURD else min(wish, LONGEST_WISH)


def welcome(hints: Hints, now: datetime) -> bool:
    """Tell whether a feed lets itself be asked in the hour, and on the day, of ``now``."""
    return _outside_skipped(Next(now, ""), hints).at == now


def jittered(source: Source, moment: datetime, interval: timedelta) -> datetime:
    """Return a time after ``moment`` that follows from the source's id, up to a part of ``interval`` later."""
    return moment + _jitter(source, interval)


def _usual(source: Source, wishes: Wishes, now: datetime, known: Rhythm) -> tuple[timedelta, str]:
    """Return the interval of a source whose publisher wishes nothing, and its reason."""
    if source.longest is None:
        return source.interval, f"'interval' in feeds.yaml is {text.span(source.interval)}"
    if silence(known, now) >= SILENT:
        return source.longest, "it has been silent for a year"
    # Below the longest interval by as much as pulls are spread: sources that are all asked that seldom stay apart.
    own = learnt(known, source.interval, source.longest / (1 + _SPREAD), now)
    if wishes.validators:
        return own
    return max(own, (min(_UNVALIDATED, source.longest), "its server gives neither ETag nor Last-Modified"))


def _wished(wishes: Wishes) -> Iterator[tuple[timedelta, str]]:
    if wishes.max_age:
        wish = believed(wishes.max_age)
        yield wish, f"its server says that an answer is fresh for {text.span(wish)}"
    if wishes.hints.interval:
        wish = believed(wishes.hints.interval)
        yield wish, f"its feed asks for {text.span(wish)} between two pulls"


def _spread(source: Source, interval: timedelta, longest: timedelta | None, now: datetime) -> datetime:
    """Return when ``interval`` is over, with a jitter that does not go beyond ``longest``."""
    spread = now + interval + _jitter(source, interval)
    if longest is None or interval > longest:
        return spread
    # Cron and systemd timers start a run within its minute, some seconds sooner or later than the day before.
    bound = now.replace(second=0, microsecond=0) + longest
    return max(now + source.interval, min(spread, bound))


def _jitter(source: Source, interval: timedelta) -> timedelta:
    share = int(text.digest(source.id)[:8], 16) / 0xFFFFFFFF
    wider = min(interval * _WIDER, _WIDEST) if source.longest else timedelta(0)
    return timedelta(seconds=int(max(interval * _SPREAD, wider).total_seconds() * share))


def _outside_skipped(planned: Next, hints: Hints) -> Next:
    # Hours or days that leave none are a mistake of the publisher.  The minutes stay, so that sources which all wait
    # for the same hour do not come at once.
    hours = hints.skip_hours if not hints.skip_hours >= _EVERY_HOUR else frozenset[int]()
    days = hints.skip_days if not hints.skip_days >= _EVERY_DAY else frozenset[int]()
    moment = planned.at
    while moment.hour in hours or moment.weekday() in days:
        moment += timedelta(hours=1)
    return planned if moment == planned.at else Next(moment, f"{planned.because}, and its feed names hours to skip")
