"""Searching the archive: by category, source, time, tag and words."""

from __future__ import annotations

from datetime import datetime
from html import escape

import sqlalchemy as sa
from msgspec import Struct

from aggregator.store import codec
from aggregator.store.archive import NEWEST_FIRST
from aggregator.store.schema import copy, post, source


class Query(Struct, frozen=True, kw_only=True):
    """Which posts: of one source, from a category path downwards, published since, with all of the words."""

    source_id: str | None = None
    category: tuple[str, ...] = ()
    since: datetime | None = None
    words: tuple[str, ...] = ()
    tag: str | None = None


def search(connection: sa.Connection, query: Query, limit: int) -> list[int]:
    """Return the numbers of the posts that fit ``query``, newest first, at most ``limit`` (0: all).

    Words are looked for in titles and bodies; the case of letters does not count (beyond ASCII on PostgreSQL
    alone, as far as its locale knows them).
    """
    fits = [copy.c.post_pk == post.c.pk, copy.c.source_pk == source.c.pk, source.c.listed]
    if query.source_id is not None:
        fits.append(source.c.id == query.source_id)
    if query.category:
        whole = codec.dump(query.category)
        below = f"{whole[:-1]},"
        # Not LIKE, which takes capitals for small letters on SQLite.
        start = sa.func.substr(source.c.category, 1, len(below))
        fits.append(sa.or_(source.c.category == whole, start == below))
    fits += [_says(word) for word in query.words]
    if query.tag is not None:
        fits.append(copy.c.more.icontains(codec.tag_within(query.tag), autoescape=True))
    statement = sa.select(post.c.pk).where(sa.exists().where(*fits)).order_by(*NEWEST_FIRST)
    if query.since is not None:
        statement = statement.where(post.c.published >= query.since)
    return list(connection.scalars(statement.limit(limit) if limit else statement))


def _says(word: str) -> sa.ColumnElement[bool]:
    # A body is HTML: "AT&T" stands there as "AT&amp;T".
    in_markup = escape(word, quote=False)
    return sa.or_(copy.c.title.icontains(word, autoescape=True), copy.c.content.icontains(in_markup, autoescape=True))
