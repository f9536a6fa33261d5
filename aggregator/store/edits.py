"""What changed in a copy, and when: the last few edits of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa
from msgspec.structs import asdict

from aggregator.records import Edit
from aggregator.store import rows
from aggregator.store.engine import PARAMETERS
from aggregator.store.questions import among, ask_among
from aggregator.store.schema import edit
from aggregator.text import chunks

#: Edits kept of each copy, newest first.
KEPT = 8
_NEWEST = sa.select(edit.c.pk, edit.c.copy_pk).where(among(edit.c.copy_pk)).order_by(edit.c.pk.desc())


def add(connection: sa.Connection, edits: Sequence[Edit]) -> None:
    """Add ``edits``; of each copy the newest ``KEPT`` stay."""
    if not edits:
        return
    rows.insert(connection, edit, [asdict(each) for each in edits])
    seen: Counter[int] = Counter()
    old = []
    for row in ask_among(connection, _NEWEST, list({each.copy_pk for each in edits})):
        seen[row.copy_pk] += 1
        if seen[row.copy_pk] > KEPT:
            old.append(row.pk)
    for part in chunks(old, PARAMETERS):
        connection.execute(edit.delete().where(edit.c.pk.in_(part)))


def of(connection: sa.Connection, copy_pks: Sequence[int]) -> list[Edit]:
    """Return the edits of the copies numbered ``copy_pks``, oldest first."""
    query = sa.select(edit).order_by(edit.c.pk)
    return [
        Edit(**{name: value for name, value in row._mapping.items() if name != "pk"})
        for part in chunks(copy_pks, PARAMETERS)
        for row in connection.execute(query.where(edit.c.copy_pk.in_(part)))
    ]
