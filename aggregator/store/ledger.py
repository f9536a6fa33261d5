"""What was decided, when and why: written with what was decided, read when somebody asks."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from aggregator.records import Decision
from aggregator.store import codec, rows
from aggregator.store.schema import decision


def note(connection: sa.Connection, decisions: Sequence[Decision]) -> None:
    """Add ``decisions`` to the ledger; the caller's transaction holds what they tell of, too."""
    rows.insert(connection, decision, [_row(each) for each in decisions])


def _row(each: Decision) -> dict[str, object]:
    return {
        "at": each.at,
        "code": each.code.value,
        "post_pk": each.post_pk,
        "copy_pk": each.copy_pk,
        "source_pk": each.source_pk,
        "detail": codec.dump(each.detail),
    }
