"""What the editor is told of the sources' health: noted with the pull that it came of, and published once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from aggregator.events import HealthEvent, HealthKind, HealthReport
from aggregator.store import codec
from aggregator.store.schema import event, source

#: Of one moment by source: which of them answered first is chance.
_NEWEST_FIRST = (event.c.at.desc(), event.c.source_pk, event.c.pk.desc())


def told(connection: sa.Connection, source_id: str) -> dict[HealthKind, datetime]:
    """Return the time of the last event of each kind of a source."""
    query = sa.select(event.c.kind, sa.type_coerce(sa.func.max(event.c.at), event.c.at.type).label("at"))
    query = query.join(source, source.c.pk == event.c.source_pk).where(source.c.id == source_id)
    return {HealthKind(row.kind): row.at for row in connection.execute(query.group_by(event.c.kind))}


def note(connection: sa.Connection, source_pk: int, found: Sequence[HealthEvent]) -> None:
    """Note events of a source; the caller's transaction holds the pull that they came of, too."""
    rows = [
        {
            "source_pk": source_pk,
            "at": each.at,
            "kind": each.kind.value,
            "detail": each.detail,
            "since": each.since,
            "published": False,
        }
        for each in found
    ]
    if rows:
        connection.execute(event.insert(), rows)


def waiting(connection: sa.Connection) -> bool:
    """Tell whether there are events that are not published yet."""
    return bool(connection.scalar(sa.select(sa.exists().where(sa.not_(event.c.published)))))


def publish(connection: sa.Connection) -> None:
    """Note that all events are published."""
    connection.execute(event.update().where(sa.not_(event.c.published)).values(published=True))


def newest(connection: sa.Connection, limit: int) -> list[HealthReport]:
    """Return the newest events, newest first, with what their sources are called now."""
    columns = (source.c.id, source.c.title, source.c.feed, source.c.info)
    query = sa.select(event, *columns).join(source, source.c.pk == event.c.source_pk)
    return [
        HealthReport(
            event=HealthEvent(
                source_id=row.id, at=row.at, kind=HealthKind(row.kind), detail=row.detail, since=row.since
            ),
            source_pk=row.source_pk,
            title=row.title or codec.load_info(row.info).title or row.id,
            feed=row.feed,
        )
        for row in connection.execute(query.order_by(*_NEWEST_FIRST).limit(limit))
    ]
