"""The whole story of a post: its entries under all of their names, and every decision about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from aggregator import frontmatter
from aggregator.frontmatter import Style
from aggregator.reasons import Reason
from aggregator.records import Decision, Edit
from aggregator.store import edits, ledger, tombstones
from aggregator.store.engine import PARAMETERS
from aggregator.store.schema import alias, copy, decision, post, source
from aggregator.telling import Naming, Story, Told
from aggregator.text import chunks


def of(connection: sa.Connection, posts: Sequence[int], copies: Sequence[int], style: Style) -> list[Story]:
    """Return the story of each of ``posts``, of those that ``copies`` once were part of, and of those in none.

    ``style`` names their files.
    """
    told = [_post(connection, post_pk, style) for post_pk in _all_posts(connection, posts, copies)]
    covered = {entry.number for each in told for entry in each.entries}
    return told + [_alone(connection, pk) for pk in copies if pk not in covered]


def _all_posts(connection: sa.Connection, posts: Sequence[int], copies: Sequence[int]) -> list[int]:
    # What was taken out of a post is told of where it was.
    found = set(posts)
    for part in chunks(copies, PARAMETERS):
        for column in (copy.c.pk, decision.c.copy_pk):
            where = copy.c.post_pk if column is copy.c.pk else decision.c.post_pk
            found |= set(connection.scalars(sa.select(where).where(column.in_(part), where.is_not(None))))
    kept = connection.scalars(sa.select(post.c.pk).where(post.c.pk.in_(found)))
    return sorted(kept, key=lambda pk: (pk not in posts, pk))


def _post(connection: sa.Connection, post_pk: int, style: Style) -> Story:
    query = sa.select(post.c.id, post.c.name, post.c.published, post.c.copy_pk)
    row = connection.execute(query.where(post.c.pk == post_pk)).one()
    held = set(connection.scalars(sa.select(copy.c.pk).where(copy.c.post_pk == post_pk)))
    decisions = _decisions(connection, decision.c.post_pk == post_pk)
    taken_out = {each.copy_pk for each in decisions if each.code in (Reason.RETRACTED, Reason.WITHDRAWN)}
    numbers = held | {pk for pk in taken_out if pk is not None}
    of_these = sa.and_(decision.c.copy_pk.in_(numbers), decision.c.post_pk.is_(None))
    return Story(
        id=row.id,
        file=frontmatter.file_name(row.name, row.published, style),
        gone=tombstones.of(connection, post_pk),
        entries=_entries(connection, numbers, row.copy_pk),
        decisions=_decisions(connection, sa.or_(decision.c.post_pk == post_pk, of_these)),
    )


def _alone(connection: sa.Connection, pk: int) -> Story:
    decisions = _decisions(connection, decision.c.copy_pk == pk)
    return Story(id=None, file=None, gone=None, entries=_entries(connection, [pk], None), decisions=decisions)


def _decisions(connection: sa.Connection, where: sa.ColumnElement[bool]) -> tuple[Decision, ...]:
    rows = connection.execute(sa.select(decision).where(where).order_by(decision.c.pk))
    return tuple(map(ledger.decided, rows))


def _entries(connection: sa.Connection, pks: Collection[int], primary: int | None) -> tuple[Told, ...]:
    query = sa.select(copy, source.c.id.label("source_id")).join(source, source.c.pk == copy.c.source_pk)
    rows = {row.pk: row for row in connection.execute(query.where(copy.c.pk.in_(pks)))}
    names: dict[int, list[Any]] = defaultdict(list)
    known = sa.select(alias, source.c.id).join(source, source.c.pk == alias.c.source_pk)
    if len(rows) == len(pks):
        # Names are kept by source: those of pruned entries alone are looked for everywhere.
        known = known.where(alias.c.source_pk.in_({row.source_pk for row in rows.values()}))
    for row in connection.execute(
        known.where(alias.c.copy_pk.in_(pks)).order_by(alias.c.first_seen, alias.c.kind, alias.c.value)
    ):
        names[row.copy_pk].append(row)
    changed: dict[int, list[Edit]] = defaultdict(list)
    for each in edits.of(connection, sorted(pks)):
        changed[each.copy_pk].append(each)
    told = (_told(pk, rows.get(pk), names[pk], changed[pk], primary) for pk in pks)
    return tuple(sorted(told, key=lambda each: (not each.primary, each.source_id, each.number)))


def _told(pk: int, row: Any, names: Iterable[Any], said: Iterable[Edit], primary: int | None) -> Told:
    known = list(names)
    return Told(
        number=pk,
        source_id=row.source_id if row else next((each.id for each in known), ""),
        title=row.title if row else "",
        link=row.link if row else None,
        first_seen=row.first_seen if row else None,
        published=row.published if row else None,
        verdict=row.verdict if row else "pruned",
        primary=pk == primary and row is not None and row.post_pk is not None,
        names=tuple(Naming(kind=each.kind, said=each.said, since=each.first_seen) for each in known),
        edits=tuple(said),
    )
