"""Searching the archive: by category, source, time, tag and words.

The database holds HTML: it says which posts may hold the words, and their text is then looked at here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from itertools import islice
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from aggregator import wording
from aggregator.models import Post
from aggregator.store import archive, codec
from aggregator.store.engine import PARAMETERS
from aggregator.store.schema import copy, post, source
from aggregator.text import chunks

#: Posts that the database is asked for together.
_AT_A_TIME = PARAMETERS
#: Bodies that are read together: one has up to a million characters.
_IN_MEMORY = 20


class Query(Struct, frozen=True, kw_only=True):
    """Which posts: of one source, from a category path downwards, published since, with all of the words.

    ``most`` posts that may hold the words are looked through, the newest first; 0: all.
    """

    source_id: str | None = None
    category: tuple[str, ...] = ()
    since: datetime | None = None
    words: tuple[str, ...] = ()
    tag: str | None = None
    most: int = 0


def posts(connection: sa.Connection, query: Query, limit: int) -> list[Post]:
    """Return the posts that fit ``query``; see ``search``."""
    return [found for _, found in archive.posts(connection, search(connection, query, limit))]


def search(connection: sa.Connection, query: Query, limit: int) -> list[int]:
    """Return the numbers of the posts that fit ``query``, newest first, at most ``limit`` (0: all).

    Words are looked for in titles and in the text of bodies; the case of letters does not count.
    """
    within = tuple(_within(query))
    fits = (*within, *map(_may_say, query.words), copy.c.post_pk == post.c.pk)
    candidates = sa.select(post.c.pk, post.c.published).where(sa.exists().where(*fits)).order_by(*archive.NEWEST_FIRST)
    if query.since is not None:
        candidates = candidates.where(post.c.published >= query.since)
    if not query.words:
        return list(connection.scalars(candidates.limit(limit) if limit else candidates))
    parts = islice(_parts(connection, candidates), -(-query.most // _AT_A_TIME) or None)
    return list(islice((pk for part in parts for pk in _saying(connection, part, within, query.words)), limit or None))


def _within(query: Query) -> Iterator[sa.ColumnElement[bool]]:
    """Yield the conditions for a copy but for the words."""
    yield from (copy.c.source_pk == source.c.pk, source.c.listed)
    if query.source_id is not None:
        yield source.c.id == query.source_id
    if query.category:
        whole = codec.dump(query.category)
        below = f"{whole[:-1]},"
        # Not LIKE, which takes capitals for small letters on SQLite.
        start = sa.func.substr(source.c.category, 1, len(below))
        yield sa.or_(source.c.category == whole, start == below)
    if query.tag is not None:
        yield sa.or_(*(_holds(copy.c.more, said) for said in codec.tag_within(query.tag)))


def _may_say(word: str) -> sa.ColumnElement[bool]:
    # A body is HTML: "AT&T" stands there as "AT&amp;T", and "amp" in the name of a character.
    return sa.or_(_holds(copy.c.title, word), _holds(copy.c.content, escape(word, quote=False)))


def _holds(column: sa.Column[str], value: str) -> sa.ColumnElement[bool]:
    # SQLite knows the case of ASCII letters alone, PostgreSQL that of those which its locale has.
    spellings = dict.fromkeys((value, value.lower(), value.upper(), value.title()))
    return sa.or_(*(column.icontains(each, autoescape=True) for each in ([value] if value.isascii() else spellings)))


def _parts(connection: sa.Connection, candidates: sa.Select[Any]) -> Iterator[list[int]]:
    """Yield the numbers of ``candidates`` in their order, so many at a time: the next are asked for when needed."""
    rest = candidates
    while rows := connection.execute(rest.limit(_AT_A_TIME)).all():
        yield [row.pk for row in rows]
        last = sa.tuple_(sa.literal(rows[-1].published, post.c.published.type), sa.literal(rows[-1].pk))
        rest = candidates.where(sa.tuple_(post.c.published, post.c.pk) < last)


def _saying(
    connection: sa.Connection, pks: Sequence[int], within: Sequence[sa.ColumnElement[bool]], words: Sequence[str]
) -> Iterator[int]:
    """Yield those of the posts numbered ``pks`` of which a copy says all ``words``, in that order."""
    folded = [word.casefold() for word in words]
    said = sa.select(copy.c.post_pk, copy.c.title, copy.c.content).where(*within)
    for some in chunks(pks, _IN_MEMORY):
        rows = connection.execute(said.where(copy.c.post_pk.in_(some)))
        saying = {row.post_pk for row in rows if _says(row.title, row.content, folded)}
        yield from (pk for pk in some if pk in saying)


def _says(title: str, content: str, folded: Sequence[str]) -> bool:
    called = title.casefold()
    others = [word for word in folded if word not in called]
    if not others:
        return True
    body = wording.shown(content).casefold()
    return all(word in body for word in others)
