"""The waist: new copies become posts, or join posts of other sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from aggregator import text
from aggregator.records import Bound, Decision, Line, Minted, PostRef, Unbound
from aggregator.store import codec, ledger, rulings
from aggregator.store.engine import PARAMETERS, PART, numbers
from aggregator.store.questions import among, ask_among
from aggregator.store.rows import insert, update
from aggregator.store.schema import copy, post, source
from aggregator.text import chunks

#: The columns that binding looks at.
_DESCRIBED = (*("pk", "key", "guid", "page", "title", "published", "first_seen", "link", "words", "text", "length"),)
#: Rows that are sorted at a time: SQLite does it in memory.
_SORTED = 100_000
#: A copy belongs to no post yet, and is neither held nor turned away.
_WAITS = (copy.c.post_pk.is_(None), copy.c.verdict.is_(None))


def unbound(connection: sa.Connection) -> list[int]:
    """Return the numbers of the copies that belong to no post yet, those seen and published first first.

    What is held, or was turned away, is none of them.
    """
    # Documents begin with the newest entry: of those of one time, the first one of a document becomes a post last.
    order = (copy.c.first_seen, copy.c.published, source.c.id, (-copy.c.pk).label("backwards"))
    query = sa.select(copy.c.pk, *order).join(source).where(*_WAITS).order_by(*order).limit(_SORTED)
    query = query.execution_options(yield_per=PART)
    found: list[int] = []
    part = query
    while True:
        row = None
        for row in connection.execute(part):
            found.append(row.pk)
        if row is None or len(found) % _SORTED:
            return found
        last = [sa.literal(value, column.type) for value, column in zip(row[1:], order, strict=True)]
        part = query.where(sa.tuple_(*order) > sa.tuple_(*last))


def shared(connection: sa.Connection) -> list[tuple[int, str]]:
    """Return the numbers of the ``unbound`` copies that have a page or a text in common, each with what it shares."""
    return [*_sharing(connection, copy.c.page), *_sharing(connection, copy.c.text)]


def _sharing(connection: sa.Connection, column: sa.Column[Any]) -> Iterator[tuple[int, str]]:
    # The database counts: in a first cycle nearly all that it has waits.
    often = sa.select(column).where(*_WAITS, column.is_not(None)).group_by(column).having(sa.func.count() > 1)
    query = sa.select(copy.c.pk, column).where(*_WAITS, column.in_(often)).order_by(column, copy.c.pk)
    for value, rows in groupby(connection.execute(query), itemgetter(1)):
        label = f"{column.name} {value}"
        yield from ((pk, label) for pk, _ in rows)


def describe(connection: sa.Connection, pks: Sequence[int]) -> tuple[Unbound, ...]:
    """Return the copies numbered ``pks``, in that order, as far as binding looks at them."""
    found = {row.pk: row for row in ask_among(connection, _description(), pks)}
    return tuple(_described(found[pk]) for pk in pks)


@cache  # made where something waits: most runs find nothing new
def _description() -> sa.Select[Any]:
    other = copy.alias("other")

    def posts(end: Any, column: str) -> Any:
        # The first and the last post: found at the ends of an index, however many there are between them.
        same = other.c[column] == copy.c[column]
        return sa.select(end(other.c.post_pk)).where(same).scalar_subquery()

    columns = [copy.c[name] for name in _DESCRIBED]
    ends = [
        posts(end, column).label(f"{column}_{name}")
        for column in ("page", "text")
        for name, end in (("first", sa.func.min), ("last", sa.func.max))
    ]
    return sa.select(source.c.id, *columns, *ends).join(source).where(among(copy.c.pk))


def _described(row: Any) -> Unbound:
    source_id, *values, page_first, page_last, text_first, text_last = row
    return Unbound(
        source_id=source_id,
        page_posts=_numbers(page_first, page_last),
        text_posts=_numbers(text_first, text_last),
        **dict(zip(_DESCRIBED, values, strict=True)),
    )


def posts(connection: sa.Connection, pks: Sequence[int]) -> dict[int, PostRef]:
    """Return the posts numbered ``pks`` as far as binding looks at them, by number; those set apart are left out."""
    carriers: dict[int, set[str]] = defaultdict(set)
    for post_pk, source_id in ask_among(connection, _CARRYING, pks):
        carriers[post_pk].add(source_id)
    rows = ask_among(connection, _REFERRED, pks)
    return {row.pk: PostRef(sources=frozenset(carriers[row.pk]), **row._asdict()) for row in rows}


_CARRYING = sa.select(copy.c.post_pk, source.c.id).join(source).where(among(copy.c.post_pk))
_REFERRED = (
    sa.select(post.c.pk, post.c.id, source.c.id.label("source_id"), copy.c.title, copy.c.words, copy.c.text)
    .join(copy, copy.c.pk == post.c.copy_pk)
    .join(source, source.c.pk == copy.c.source_pk)
    .where(among(post.c.pk), ~rulings.is_apart())
)


def posts_of(connection: sa.Connection, copy_pks: Sequence[int]) -> dict[int, int]:
    """Return the posts of the copies numbered ``copy_pks``, by number, as far as they belong to one."""
    query = sa.select(copy.c.pk, copy.c.post_pk).where(copy.c.post_pk.is_not(None))
    parts = chunks(copy_pks, PARAMETERS)
    return {row.pk: row.post_pk for part in parts for row in connection.execute(query.where(copy.c.pk.in_(part)))}


def lines(connection: sa.Connection) -> dict[str, Line]:
    """Return all sources that ever were, as far as deciding looks at them, by id."""
    query = sa.select(source.c.id, source.c.feed, source.c.info)
    return {row.id: Line(feed=row.feed, link=codec.load_info(row.info).link) for row in connection.execute(query)}


def taken(connection: sa.Connection, ids: Sequence[str]) -> frozenset[str]:
    """Return those of ``ids`` that posts have."""
    return frozenset(_standing(connection, ids))


_TAKEN = sa.select(post.c.id_digest, post.c.pk, post.c.published).where(among(post.c.id_digest))


def bind(connection: sa.Connection, bound: Bound, at: datetime) -> Sequence[int]:
    """Make the minted posts, bind each copy to its post, and note why; ``at`` is when.  Returns the posts' numbers."""
    if not bound.bindings:
        return ()
    made = list(zip(numbers(connection, post, len(bound.minted)), bound.minted, strict=True))
    insert(connection, post, [_post_row(pk, each) for pk, each in made])
    posts = {each.id: (pk, each.copy.published) for pk, each in made}
    joined = _standing(connection, {each.post_id for each in bound.bindings} - posts.keys())
    posts |= joined
    bindings = [(each, *posts[each.post_id]) for each in bound.bindings]
    update(
        connection,
        copy,
        [{"pk": each.copy_pk, "post_pk": pk, "listed_at": published} for each, pk, published in bindings],
    )
    update(connection, post, [{"pk": posts[post_id][0], "copy_pk": pk} for post_id, pk in bound.credited.items()])
    decisions = [
        Decision(code=reason, at=at, post_pk=pk, copy_pk=each.copy_pk)
        for each, pk, _ in bindings
        for reason in each.reasons
    ]
    ledger.note(connection, decisions)
    for part in chunks([pk for pk, _ in joined.values()], PARAMETERS):
        connection.execute(post.update().where(post.c.pk.in_(part), sa.not_(post.c.dirty)).values(dirty=True))
    return [pk for pk, _ in made]


def _standing(connection: sa.Connection, ids: Iterable[str]) -> dict[str, tuple[int, datetime]]:
    """Return number and time of publication of the posts that have ``ids``."""
    digests = {text.digest(each): each for each in ids}
    return {digests[row.id_digest]: (row.pk, row.published) for row in ask_among(connection, _TAKEN, list(digests))}


def _numbers(first: int | None, last: int | None) -> tuple[int, ...]:
    if first is None or last is None:
        return ()
    return (first,) if first == last else (first, last)


def _post_row(pk: int, each: Minted) -> dict[str, Any]:
    return {
        "pk": pk,
        "id": each.id,
        "id_digest": text.digest(each.id),
        "name": each.name,
        "copy_pk": each.copy.pk,
        "published": each.copy.published,
        "dirty": True,
    }
