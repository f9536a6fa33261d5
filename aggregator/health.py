"""What the editor is told of a source's health: when it begins to fail, as long as it lasts, and when it is over.

One failure is no news, for most are over at the next pull.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from aggregator import urls
from aggregator.events import HealthEvent, HealthKind
from aggregator.models import Source
from aggregator.reasons import SENTENCES
from aggregator.records import Pull, SourceState, Verdict

#: So many failures in a row are told; the first one of a source that never answered is.
_FAILURES = 3
#: How long it has failed when it is told again.
_MARKS = tuple(timedelta(days=days) for days in (7, 30, 90))
#: How long after a move feeds.yaml may have the old address before it is told again.
_REMINDER = timedelta(days=14)
#: A feed that brings something suspicious at each pull is told of once in this time.
_QUIET = timedelta(days=1)

#: The last event of each kind that was told of a source.
Told = Mapping[HealthKind, datetime]


def concerns(before: SourceState, after: SourceState) -> bool:
    """Tell whether a pull that led from ``before`` to ``after`` may be news: most are not."""
    return bool(before.failures or after.failures or before.gone or after.gone or after.adopted)


def events(source: Source, before: SourceState, after: SourceState, told: Told, now: datetime) -> Iterator[HealthEvent]:
    """Yield what is to be told of ``source`` after a pull at ``now``; ``told`` was already."""
    for kind in (_illness(before, after, told, now), _move(before, after, told, now)):
        if kind is not None:
            detail = _detail(kind, after, source.place)
            yield HealthEvent(source_id=source.id, at=now, kind=kind, detail=detail, since=after.last_success)


def suspicious(pull: Pull) -> list[Verdict]:
    """Return why new entries of a pull are held, but for those that only have a date to come."""
    given = [write.verdict for write in pull.writes if write.verdict and write.verdict.kind == "held"]
    return [verdict for verdict in given if verdict.until is None]


def held(pull: Pull, before: SourceState, told: Told) -> Iterator[HealthEvent]:
    """Yield what is to be told of new entries that a pull brought and that wait for the editor; once a day."""
    found = suspicious(pull)
    last = told.get(HealthKind.HELD)
    if found and (last is None or pull.at - last >= _QUIET):
        first = found[0]
        why = f"{SENTENCES[first.code].removeprefix('It is held: ').removesuffix('.')} ({first.detail})."
        yield HealthEvent(
            source_id=pull.source_id,
            at=pull.at,
            kind=HealthKind.HELD,
            detail=f"{len(found)} new entries. The first one: {why}",
            since=before.last_success,
        )


def _illness(before: SourceState, after: SourceState, told: Told, now: datetime) -> HealthKind | None:
    began = max((told[kind] for kind in (HealthKind.FAILING, HealthKind.GONE) if kind in told), default=None)
    over = told.get(HealthKind.RECOVERED)
    ill = began is not None and (over is None or began > over)
    if after.gone:
        return None if before.gone else HealthKind.GONE
    if not after.failures:
        return HealthKind.RECOVERED if ill else None
    if not ill:
        matters = after.failures >= _FAILURES or after.last_success is None
        return HealthKind.FAILING if matters else None
    since = after.last_success or began
    return HealthKind.LASTING if since and any(_crossed(before, since + mark, now) for mark in _MARKS) else None


def _move(before: SourceState, after: SourceState, told: Told, now: datetime) -> HealthKind | None:
    if after.adopted is None:
        return None
    if after.adopted != before.adopted:
        return HealthKind.MOVED
    moved = told.get(HealthKind.MOVED)
    return HealthKind.UNCHANGED if moved and _crossed(before, moved + _REMINDER, now) else None


def _crossed(before: SourceState, moment: datetime, now: datetime) -> bool:
    return (before.last_pull is None or before.last_pull < moment) and moment <= now


def _detail(kind: HealthKind, after: SourceState, place: str | None) -> str:
    if kind in (HealthKind.MOVED, HealthKind.UNCHANGED):
        return " ".join(filter(None, (place, urls.public(after.adopted or ""))))
    return "" if kind is HealthKind.RECOVERED else after.error or ""
