"""Copies that stand in no post: what waits for the editor, and what the editor decides of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from aggregator.admission import RECORD, Past, Record
from aggregator.reasons import Reason
from aggregator.records import Decision, SourceState, Verdict
from aggregator.store import ledger
from aggregator.store.engine import PARAMETERS
from aggregator.store.questions import ask
from aggregator.store.rows import change
from aggregator.store.schema import copy, decision, source
from aggregator.telling import Held
from aggregator.text import chunks

_HELD = copy.c.verdict == "held"
_WHY_HELD = [code.value for code in Reason if code.name.startswith("HELD_")]
#: The verdicts that the editor may change.
_OPEN = ("held", "archived", "rejected")
_STANDING = sa.select(source.c.pk, source.c.latecomer).where(source.c.id == sa.bindparam("source_id"))
#: What a source admitted last.
_LAST = (
    sa.select(copy.c.link, copy.c.published)
    .where(copy.c.source_pk == sa.bindparam("source"), copy.c.post_pk.is_not(None))
    .order_by(copy.c.listed_at.desc(), copy.c.post_pk.desc())
    .limit(RECORD)
)


def record(connection: sa.Connection, source_id: str, before: SourceState) -> Record:
    """Return what is known of ``source_id``, which stands as in ``before``, for judging what is new."""
    (row,) = ask(connection, _STANDING, source_id=source_id)
    return Record(
        last_success=before.last_success,
        latecomer=row.latecomer,
        # ``sync`` forgets where the last answer of a source came from whose line changed.
        renewed=before.validators_url is None,
        # The first pull is not judged by what there was before.
        recent=_admitted(connection, row.pk) if before.last_success else (),
    )


def _admitted(connection: sa.Connection, source_pk: int) -> tuple[Past, ...]:
    return tuple(Past(link=each.link, published=each.published) for each in ask(connection, _LAST, source=source_pk))


def give(connection: sa.Connection, source_pk: int, verdicts: Mapping[int, Verdict], at: datetime) -> None:
    """Note why the new copies numbered in ``verdicts`` become no posts."""
    ledger.note(
        connection,
        [
            Decision(code=each.code, at=at, copy_pk=pk, source_pk=source_pk, detail={"why": each.detail})
            for pk, each in verdicts.items()
        ],
    )


def held(connection: sa.Connection) -> list[Held]:
    """Return the copies that wait for the editor, by source and number."""
    told = decision.alias()
    last = (
        sa.select(sa.func.max(told.c.pk))
        .where(told.c.copy_pk == copy.c.pk, told.c.code.in_(_WHY_HELD))
        .correlate(copy)
        .scalar_subquery()
    )
    columns = (copy.c.pk, source.c.id, copy.c.title, copy.c.link, copy.c.until)
    query = (
        sa.select(*columns, decision.c.code, decision.c.at, decision.c.detail)
        .join(source, source.c.pk == copy.c.source_pk)
        .join(decision, decision.c.pk == last)
        .where(_HELD)
        .order_by(source.c.id, copy.c.pk)
    )
    return [
        Held(
            number=row.pk,
            source_id=row.id,
            title=row.title,
            link=row.link,
            code=Reason(row.code),
            detail=json.loads(row.detail).get("why", ""),
            since=row.at,
            until=row.until,
        )
        for row in connection.execute(query)
    ]


def held_of(connection: sa.Connection, source_id: str | None) -> list[int]:
    """Return the numbers of the copies that wait for the editor, of one source or of all."""
    query = sa.select(copy.c.pk).join(source, source.c.pk == copy.c.source_pk).where(_HELD).order_by(copy.c.pk)
    return list(connection.scalars(query if source_id is None else query.where(source.c.id == source_id)))


def still_open(connection: sa.Connection, pks: Sequence[int]) -> list[int]:
    """Return those of the copies numbered ``pks`` that the editor may let in."""
    query = sa.select(copy.c.pk).where(copy.c.verdict.in_(_OPEN))
    return sorted(pk for part in chunks(pks, PARAMETERS) for pk in connection.scalars(query.where(copy.c.pk.in_(part))))


def release(connection: sa.Connection, pks: Sequence[int], at: datetime) -> None:
    """Let the copies numbered ``pks`` in: they are bound as new ones are."""
    change(connection, copy.c.pk, pks, verdict=None, until=None)
    ledger.note(connection, [Decision(code=Reason.RELEASED, at=at, copy_pk=pk) for pk in pks])


def reject(connection: sa.Connection, pks: Sequence[int], at: datetime) -> None:
    """Turn the copies numbered ``pks`` away: they stay known, and never come back."""
    change(connection, copy.c.pk, pks, verdict="rejected", until=None)
    ledger.note(connection, [Decision(code=Reason.REJECTED, at=at, copy_pk=pk) for pk in pks])


def let_in_due(connection: sa.Connection, now: datetime) -> None:
    """Let in what was held for a date that has come: it is published under that date."""
    query = sa.select(copy.c.pk, copy.c.until, copy.c.updated).where(_HELD, copy.c.until <= now)
    rows = connection.execute(query).all()
    if not rows:
        return
    values = [{"copy_to_let_in": row.pk, "due": row.until, "changed": max(row.updated, row.until)} for row in rows]
    due = sa.bindparam("due", type_=copy.c.until.type)
    connection.execute(
        copy.update()
        .where(copy.c.pk == sa.bindparam("copy_to_let_in"))
        .values(
            verdict=None,
            until=None,
            published=due,
            listed_at=due,
            updated=sa.bindparam("changed", type_=copy.c.updated.type),
        ),
        values,
    )
    ledger.note(connection, [Decision(code=Reason.CAME_DUE, at=now, copy_pk=row.pk) for row in rows])
