"""Posts that were taken out: what feeds tell their readers of them, and for how long (RFC 6721)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from aggregator.models import Deletion
from aggregator.reasons import Reason
from aggregator.store import codec
from aggregator.store.rows import change
from aggregator.store.schema import post, source, tombstone


def add(
    connection: sa.Connection, posts: Mapping[int, Sequence[str]], code: Reason, comment: str | None, at: datetime
) -> None:
    """Note that ``posts`` were taken out ``at`` that time; each stood in the feeds of the sources that it names."""
    rows = [
        {"post_pk": pk, "at": at, "code": code.value, "comment": comment, "sources": codec.dump(who), "shown": True}
        for pk, who in posts.items()
    ]
    if rows:
        connection.execute(tombstone.insert(), rows)


def shown(connection: sa.Connection) -> list[tuple[Deletion, frozenset[str]]]:
    """Return what feeds are to tell of, newest first, each with the ids of the sources whose feeds it stood in."""
    query = sa.select(post.c.id, tombstone.c.at, tombstone.c.comment, tombstone.c.sources)
    newest = query.join(post, post.c.pk == tombstone.c.post_pk).where(tombstone.c.shown)
    return [
        (Deletion(ref=row.id, at=row.at, comment=row.comment), frozenset(codec.load_strings(row.sources)))
        for row in connection.execute(newest.order_by(tombstone.c.at.desc(), post.c.id))
    ]


def rename(connection: sa.Connection, names: Mapping[str, str]) -> None:
    """Let what tells of sources tell of them by their new ``names``, which stand by the old ones."""
    rows = connection.execute(sa.select(tombstone.c.post_pk, tombstone.c.sources)).all()
    for pk, told in [(row.post_pk, codec.load_strings(row.sources)) for row in rows]:
        if not names.keys().isdisjoint(told):
            now = codec.dump([names.get(each, each) for each in told])
            connection.execute(tombstone.update().where(tombstone.c.post_pk == pk).values(sources=now))


def expire(connection: sa.Connection, before: datetime) -> None:
    """Tell no longer of what was taken out ``before`` that time."""
    old = sa.and_(tombstone.c.shown, tombstone.c.at <= before)
    rows = connection.execute(sa.select(tombstone.c.post_pk, tombstone.c.sources).where(old)).all()
    if not rows:
        return
    connection.execute(tombstone.update().where(old).values(shown=False))
    names = sorted({name for row in rows for name in codec.load_strings(row.sources)})
    change(connection, source.c.id, names, dirty=True)


def of(connection: sa.Connection, post_pk: int) -> tuple[datetime, Reason] | None:
    """Return when and why the post numbered ``post_pk`` was taken out, None for one that lives."""
    query = sa.select(tombstone.c.at, tombstone.c.code).where(tombstone.c.post_pk == post_pk)
    row = connection.execute(query).one_or_none()
    return (row.at, Reason(row.code)) if row else None
