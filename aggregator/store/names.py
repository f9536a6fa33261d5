"""Names by title and date, which copies get when they are taken out: what becomes of their words nobody follows."""

from __future__ import annotations

import sqlalchemy as sa

from aggregator import wording
from aggregator.store.engine import PART
from aggregator.store.rows import insert_missing
from aggregator.store.schema import alias, copy


def keep(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    """Note title and dates of the copies ``which`` are about to be taken out, as names that say nothing of them."""
    columns = (copy.c.pk, copy.c.source_pk, copy.c.title, copy.c.published, copy.c.dated, copy.c.first_seen)
    # The words of those that were retracted before are gone.
    query = sa.select(*columns).where(which, copy.c.title != "")
    for rows in connection.execute(query).partitions(PART):
        names = [
            {
                "source_pk": row.source_pk,
                "value": wording.dated_title(row.title, date),
                "copy_pk": row.pk,
                "kind": "text",
                "said": None,
                "first_seen": row.first_seen,
            }
            for row in rows
            for date in {row.published, row.dated or row.published}
        ]
        insert_missing(connection, alias, names, ["source_pk", "value"])
