"""The bands by which texts that look alike find each other: those of the last days alone, so that few are looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from aggregator.records import Resembling
from aggregator.store.engine import PARAMETERS
from aggregator.store.rows import insert_missing
from aggregator.store.schema import band, copy, source
from aggregator.text import chunks


def waiting(connection: sa.Connection, source_ids: Sequence[str], least: int) -> list[int]:
    """Return the copies of ``source_ids`` that belong to no post yet and have ``least`` words, by number."""
    here = sa.select(source.c.pk).where(source.c.id.in_(source_ids))
    waits = (copy.c.post_pk.is_(None), copy.c.verdict.is_(None))
    query = sa.select(copy.c.pk).where(*waits, copy.c.length >= least, copy.c.source_pk.in_(here))
    return list(connection.scalars(query.order_by(copy.c.pk)))


def bodies(connection: sa.Connection, pks: Sequence[int]) -> list[Resembling]:
    """Return the copies numbered ``pks`` with their bodies, by number; those of posts that stay apart are left out."""
    columns = (copy.c.pk, copy.c.post_pk, copy.c.title, copy.c.content, copy.c.summary, source.c.id.label("source_id"))
    query = sa.select(*columns).join(source).order_by(copy.c.pk)
    return [
        Resembling(
            pk=row.pk, post_pk=row.post_pk, source_id=row.source_id, title=row.title, body=row.content or row.summary
        )
        for part in chunks(pks, PARAMETERS)
        for row in connection.execute(query.where(copy.c.pk.in_(part)))
    ]


def add(connection: sa.Connection, found: Mapping[int, Sequence[str]], at: datetime) -> None:
    """Note the bands of copies."""
    rows = [{"value": value, "copy_pk": pk, "at": at} for pk, values in found.items() for value in values]
    insert_missing(connection, band, rows, ["value", "copy_pk"])


def having(connection: sa.Connection, values: Sequence[str]) -> list[tuple[str, int]]:
    """Return which copies have ``values``, each with the value."""
    query = sa.select(band.c.value, band.c.copy_pk).order_by(band.c.copy_pk)
    return [
        (value, pk)
        for part in chunks(values, PARAMETERS)
        for value, pk in connection.execute(query.where(band.c.value.in_(part)))
    ]


def forget(connection: sa.Connection, before: datetime) -> None:
    """Forget the bands of copies that were seen before ``before``."""
    connection.execute(band.delete().where(band.c.at < before))
