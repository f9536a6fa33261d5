"""What the editor decided for good, as far as binding asks: posts that stay apart, stories that were retracted.

Kept by digests, so that asking costs the same whatever the size of the archive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from aggregator.store.engine import PARAMETERS
from aggregator.store.rows import insert_missing
from aggregator.store.schema import copy, post, ruling
from aggregator.text import chunks

_APART, _RETRACTED = "apart", "retracted"


def set_apart(connection: sa.Connection, posts: Sequence[int]) -> None:
    """Let no copy join ``posts`` by itself any more."""
    _add(connection, _APART, connection.scalars(sa.select(post.c.id_digest).where(post.c.pk.in_(posts))))


def end_apart(connection: sa.Connection, posts: Sequence[int]) -> None:
    """Let copies join ``posts`` again."""
    digests = sa.select(post.c.id_digest).where(post.c.pk.in_(posts)).scalar_subquery()
    connection.execute(ruling.delete().where(ruling.c.kind == _APART, ruling.c.value.in_(digests)))


def is_apart() -> sa.Exists:
    """Return the condition that no copy joins a post by itself."""
    return sa.exists().where(ruling.c.kind == _APART, ruling.c.value == post.c.id_digest)


def retract(connection: sa.Connection, values: Iterable[str]) -> None:
    """Keep the stories out whose pages or words have the digests ``values``."""
    _add(connection, _RETRACTED, values)


def retracted(connection: sa.Connection, pks: Sequence[int]) -> list[int]:
    """Return those of the copies numbered ``pks`` that carry a retracted story: its page, or its words."""
    if not connection.scalar(sa.select(sa.exists().where(ruling.c.kind == _RETRACTED))):
        return []
    story = ruling.c.value.in_([copy.c.page, copy.c.text])
    query = sa.select(copy.c.pk).where(sa.exists().where(ruling.c.kind == _RETRACTED, story)).order_by(copy.c.pk)
    return [pk for part in chunks(pks, PARAMETERS) for pk in connection.scalars(query.where(copy.c.pk.in_(part)))]


def barred(connection: sa.Connection, values: Sequence[str]) -> set[str]:
    """Return those of ``values``, digests of pages and words, that stand for a retracted story."""
    query = sa.select(ruling.c.value).where(ruling.c.kind == _RETRACTED)
    parts = chunks(values, PARAMETERS)
    return {value for part in parts for value in connection.scalars(query.where(ruling.c.value.in_(part)))}


def _add(connection: sa.Connection, kind: str, values: Iterable[str]) -> None:
    insert_missing(connection, ruling, [{"kind": kind, "value": value} for value in values], ["kind", "value"])
