"""What was decided, when and why: written with what was decided, read when somebody asks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from aggregator.reasons import Reason
from aggregator.records import Decision
from aggregator.store import codec, rows
from aggregator.store.engine import PARAMETERS
from aggregator.store.schema import decision
from aggregator.text import chunks

#: What takes a copy out for good.
_ENDS = (Reason.RETRACTED, Reason.WITHDRAWN, Reason.BARRED)


def note(connection: sa.Connection, decisions: Sequence[Decision]) -> None:
    """Add ``decisions`` to the ledger; the caller's transaction holds what they tell of, too."""
    rows.insert(connection, decision, [_row(each) for each in decisions])


def end_of(connection: sa.Connection, posts: Sequence[int], copies: Sequence[int]) -> Decision | None:
    """Return the last decision that took out one of ``posts`` or of ``copies``, None where all of them live."""
    of_posts = _latest(connection, decision.c.post_pk, posts, (*_ENDS, Reason.MERGED))
    found = [*of_posts, *_latest(connection, decision.c.copy_pk, copies, _ENDS)]
    if not found:
        return None
    return decided(max(found, key=lambda row: row.pk))


def decided(row: sa.Row[Any]) -> Decision:
    """Return the decision in ``row``, which has all columns."""
    return Decision(
        code=Reason(row.code),
        at=row.at,
        post_pk=row.post_pk,
        copy_pk=row.copy_pk,
        source_pk=row.source_pk,
        detail=json.loads(row.detail),
    )


def copies_of(connection: sa.Connection, posts: Sequence[int]) -> set[int]:
    """Return the numbers of the copies that were ever part of ``posts``."""
    query = sa.select(decision.c.copy_pk).where(decision.c.copy_pk.is_not(None))
    return {
        pk for part in chunks(posts, PARAMETERS) for pk in connection.scalars(query.where(decision.c.post_pk.in_(part)))
    }


def _latest(
    connection: sa.Connection, column: sa.Column[Any], pks: Sequence[int], codes: Sequence[Reason]
) -> list[sa.Row[Any]]:
    query = sa.select(decision).where(decision.c.code.in_([code.value for code in codes]))
    latest = query.order_by(decision.c.pk.desc()).limit(1)
    parts = chunks(pks, PARAMETERS)
    return [row for part in parts for row in connection.execute(latest.where(column.in_(part)))]


def _row(each: Decision) -> dict[str, object]:
    return {
        "at": each.at,
        "code": each.code.value,
        "post_pk": each.post_pk,
        "copy_pk": each.copy_pk,
        "source_pk": each.source_pk,
        "detail": codec.dump(each.detail),
    }
