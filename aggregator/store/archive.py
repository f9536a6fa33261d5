"""The store's side of PUBLISH: posts read back, in the order of the outputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from heapq import nlargest
from itertools import chain, islice, repeat
from typing import Any, NamedTuple

import sqlalchemy as sa
from msgspec.structs import replace

from aggregator import credit, text
from aggregator.models import Attribution, Copy, Post
from aggregator.records import Placed
from aggregator.store import codec
from aggregator.store.engine import PARAMETERS, PART
from aggregator.store.questions import AMONG, among, ask, ask_among
from aggregator.store.rows import change
from aggregator.store.schema import copy, info, post, source
from aggregator.text import chunks

_SOURCES = sa.select(source.c.pk).where(among(source.c.id))
_CARRIERS = sa.select(source.c.id).join(copy, copy.c.source_pk == source.c.pk).distinct().where(among(copy.c.post_pk))
NEWEST_FIRST = (post.c.published.desc(), post.c.pk.desc())
#: Times stay numbers where they are only compared.
_AT = sa.type_coerce(copy.c.listed_at, sa.BigInteger)
_EVER, _ALL = -(1 << 62), 1 << 62
#: Sources that are asked for their newest posts together: each question takes longer to ask than to answer.
_TOGETHER = 20


class Unchanged(NamedTuple):
    """What identifies a post whose outputs are written, and its times."""

    id: str
    published: datetime
    updated: datetime


def latest(connection: sa.Connection, source_ids: Sequence[str] | None, limit: int) -> list[int]:
    """Return the newest posts' numbers, newest first, at most ``limit`` (0: all).

    ``source_ids`` are the sources whose posts count; None means every listed one.  The cost follows from the
    number of sources and ``limit``, never from the size of the archive.
    """
    if source_ids is None:
        query = sa.select(post.c.pk).where(carried()).order_by(*NEWEST_FIRST)
        return list(connection.scalars(query.limit(limit) if limit else query))
    found: set[tuple[int, int]] = set()
    since = _EVER
    for pks in chunks(_numbers(connection, source_ids), _TOGETHER):
        filled = islice(chain(pks, repeat(0)), _TOGETHER)  # no source is numbered 0
        sources = {f"source{number}": pk for number, pk in enumerate(filled)}
        rows = ask(connection, _latest(), **sources, since=since, most=limit or _ALL)
        found.update(rows)
        if limit and rows and len(found) >= limit:
            # What is older than the oldest that counts so far need not be read from the sources to come.
            found = set(nlargest(limit, found))
            since = min(found)[0]
    return [post_pk for _, post_pk in sorted(found, reverse=True)]


@cache  # made where something is published: most runs find nothing new
def _latest() -> sa.Select[Any]:
    """Return the question for the ``most`` newest posts of each of so many sources ``since`` then."""
    return sa.select(sa.union_all(*(sa.select(_latest_of(n).subquery()) for n in range(_TOGETHER))).subquery())


def _latest_of(number: int) -> sa.Select[Any]:
    here = sa.bindparam(f"source{number}", type_=sa.BigInteger)
    return (
        sa.select(_AT.label("at"), copy.c.post_pk)
        .distinct()  # of posts that were merged, a source has several copies
        .where(copy.c.source_pk == here, sa.bindparam("since") <= _AT, copy.c.post_pk.is_not(None))
        .order_by(copy.c.listed_at.desc(), copy.c.post_pk.desc())
        .limit(sa.bindparam("most", type_=sa.BigInteger))
    )


def _numbers(connection: sa.Connection, source_ids: Sequence[str]) -> list[int]:
    return [row.pk for row in ask_among(connection, _SOURCES, source_ids)]


def carried() -> sa.Exists:
    """Return the condition that a listed source carries a post."""
    return sa.exists().where(copy.c.post_pk == post.c.pk, copy.c.source_pk == source.c.pk, source.c.listed)


def dirty(connection: sa.Connection) -> list[int]:
    """Return the numbers of the posts whose outputs are not written yet."""
    return _many(connection, sa.select(post.c.pk).where(post.c.dirty).order_by(post.c.pk))


def bereft(connection: sa.Connection) -> set[str]:
    """Return the ids of the sources that lost a post, and whose feeds are not written since."""
    return set(connection.scalars(sa.select(source.c.id).where(source.c.dirty)))


def everything(connection: sa.Connection) -> list[int]:
    """Return the numbers of all posts that a listed source carries."""
    return _many(connection, sa.select(post.c.pk).where(carried()).order_by(post.c.pk))


def _many(connection: sa.Connection, query: sa.Select[tuple[int]]) -> list[int]:
    return list(connection.scalars(query.execution_options(yield_per=PART)))


def carriers(connection: sa.Connection, pks: Sequence[int]) -> set[str]:
    """Return the ids of the sources that carry any of the posts numbered ``pks``."""
    return {row.id for row in ask_among(connection, _CARRIERS, pks)}


def titles(connection: sa.Connection, pks: Sequence[int]) -> dict[str, str]:
    """Return the title of each of the posts numbered ``pks`` by its id, in that order; its link where it has none."""
    query = sa.select(post.c.pk, post.c.id, copy.c.title, copy.c.link).join(copy, copy.c.pk == post.c.copy_pk)
    rows = {
        row.pk: row for part in chunks(pks, PARAMETERS) for row in connection.execute(query.where(post.c.pk.in_(part)))
    }
    found = (rows[pk] for pk in pks if pk in rows)
    return {row.id: row.title or row.link or row.id for row in found}


def carriers_by_id(connection: sa.Connection, ids: Sequence[str]) -> dict[str, set[str]]:
    """Return the ids of the sources that carry each of the posts with ``ids``, listed or not, by the post's id."""
    query = sa.select(post.c.id, source.c.id.label("source_id")).join(copy, copy.c.post_pk == post.c.pk)
    query = query.join(source, source.c.pk == copy.c.source_pk)
    found: dict[str, set[str]] = defaultdict(set)
    for part in chunks([text.digest(each) for each in ids], PARAMETERS):
        for row in connection.execute(query.where(post.c.id_digest.in_(part))):
            found[row.id].add(row.source_id)
    return found


def newest(connection: sa.Connection) -> dict[str, datetime]:
    """Return the time of the newest post of each source that has one, by the source's id."""
    of_source = sa.select(copy.c.listed_at).where(copy.c.source_pk == source.c.pk, copy.c.post_pk.is_not(None))
    # Not max(), which looks at every post of the source.
    latest_of_all = of_source.order_by(copy.c.listed_at.desc()).limit(1).scalar_subquery()
    query = sa.select(source.c.id, latest_of_all.label("at"))
    return {row.id: row.at for row in connection.execute(query) if row.at}


def clean(connection: sa.Connection, pks: Sequence[int], source_ids: Collection[str] = ()) -> None:
    """Note that the outputs of the posts numbered ``pks`` are written, and the feeds of the sources ``source_ids``."""
    change(connection, post.c.pk, pks, dirty=False)
    change(connection, source.c.id, sorted(source_ids), dirty=False)


def posts(connection: sa.Connection, pks: Sequence[int], *, bodies: bool = True) -> Iterator[tuple[int, Post]]:
    """Yield the posts numbered ``pks`` in that order, each with its number.

    Those that no listed source carries any more are left out; where the primary copy's source left, the earliest
    copy of those that stay stands in for it.  Without ``bodies``, content and summary are empty: reading them is most
    of the work.
    """
    primary, standing_in = _WHOLE if bodies else _HEADS
    for part in chunks(pks, PARAMETERS):
        rows = {row.post_pk: row for row in ask_among(connection, primary, part)}
        also: dict[int, list[Any]] = defaultdict(list)
        for row in ask_among(connection, _OTHERS, part):
            also[row.post_pk].append(row)
        left = [also[pk].pop(0).pk for pk, row in rows.items() if not row.listed and also[pk]]
        rows |= {row.post_pk: row for row in ask_among(connection, standing_in, left)}
        for pk in part:
            if pk in rows and rows[pk].listed:
                yield pk, _post(rows[pk], also[pk])


def unchanged(connection: sa.Connection, pks: Sequence[int]) -> dict[int, Unchanged]:
    """Return, by number, those of the posts numbered ``pks`` that say what they said when they were last published."""
    return {
        row.pk: Unchanged(row.id, row.since, _updated(row.published, row.updated, row.since))
        for row in ask_among(connection, _UNCHANGED, pks)
    }


def places(connection: sa.Connection, pks: Sequence[int]) -> Iterator[Placed]:
    """Yield what decides where the files of the posts numbered ``pks`` stand; of those that ``posts`` would yield."""
    for part in chunks(pks, PARAMETERS):
        rows = {row.pk: row for row in ask_among(connection, _PLACES, part)}
        for row in (rows[pk] for pk in part if pk in rows):
            category = row.category if row.listed else connection.scalar(_STANDING_IN, {AMONG: [row.pk]})
            if category is not None:
                yield Placed(row.pk, row.name, row.published, codec.load_strings(category))


def copies(connection: sa.Connection, pks: Sequence[int]) -> dict[int, Copy]:
    """Return the copies numbered ``pks`` as they are, by number."""
    return {row.pk: _copy(row) for row in ask_among(connection, _COPIES, pks)}


_own = info.alias("own")
_via = info.alias("via")


_FEW = tuple(copy.c[name] for name in ("key", "guid", "link", "title", "published", "updated", "first_seen", "more"))
_BODY = (copy.c.content, copy.c.summary)
_NO_BODY: tuple[sa.ColumnElement[str], ...] = tuple(sa.literal_column("''").label(column.name) for column in _BODY)


def _carrying(of_copy: Sequence[sa.ColumnElement[Any]], which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    columns = (post.c.pk.label("post_pk"), post.c.id.label("post_id"), post.c.name, post.c.published.label("since"))
    line = (source.c.id.label("source_id"), source.c.title.label("source_title"))
    return (
        sa.select(
            *columns,
            *line,
            source.c.feed,
            source.c.category,
            source.c.listed,
            *of_copy,
            _own.c.data.label("own"),
            _via.c.data.label("via"),
        )
        .join(copy, which)
        .join(source, source.c.pk == copy.c.source_pk)
        .join(_own, _own.c.pk == copy.c.info_pk)
        .outerjoin(_via, _via.c.pk == copy.c.via_pk)
    )


def _others() -> sa.Select[Any]:
    columns = (copy.c.pk, copy.c.post_pk, copy.c.link, copy.c.more, source.c.id.label("source_id"))
    line = (source.c.title.label("source_title"), source.c.feed)
    return (
        sa.select(*columns, *line, _own.c.data.label("own"), _via.c.data.label("via"))
        .join(post, sa.and_(post.c.pk == copy.c.post_pk, post.c.copy_pk != copy.c.pk))
        .join(source, sa.and_(source.c.pk == copy.c.source_pk, source.c.listed))
        .join(_own, _own.c.pk == copy.c.info_pk)
        .outerjoin(_via, _via.c.pk == copy.c.via_pk)
        .order_by(copy.c.post_pk, copy.c.published, source.c.id, copy.c.key)
    )


def _statements(of_copy: Sequence[sa.ColumnElement[Any]]) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """Return how the primary copies of posts are asked for, and how copies that stand in for them."""
    primary = _carrying(of_copy, sa.and_(copy.c.pk == post.c.copy_pk, copy.c.post_pk == post.c.pk))
    standing_in = _carrying(of_copy, copy.c.post_pk == post.c.pk)
    return primary.where(among(post.c.pk)), standing_in.where(among(copy.c.pk))


# Made once: that takes longer than asking for a few posts.
_WHOLE, _HEADS = _statements((*_FEW, *_BODY)), _statements((*_FEW, *_NO_BODY))
_OTHERS = _others().where(among(post.c.pk))
_PLACES = (
    sa.select(post.c.pk, post.c.name, post.c.published, source.c.category, source.c.listed)
    .join(copy, sa.and_(copy.c.pk == post.c.copy_pk, copy.c.post_pk == post.c.pk))
    .join(source, source.c.pk == copy.c.source_pk)
    .where(among(post.c.pk))
)
_COPIES = (
    sa.select(copy.c.pk, source.c.id.label("source_id"), *_FEW, *_BODY)
    .add_columns(_own.c.data.label("own"), _via.c.data.label("via"))
    .join(source, source.c.pk == copy.c.source_pk)
    .join(_own, _own.c.pk == copy.c.info_pk)
    .outerjoin(_via, _via.c.pk == copy.c.via_pk)
    .where(among(copy.c.pk))
)
_UNCHANGED = (
    sa.select(post.c.pk, post.c.id, post.c.published.label("since"), copy.c.published, copy.c.updated)
    .join(copy, sa.and_(copy.c.pk == post.c.copy_pk, copy.c.post_pk == post.c.pk))
    .join(source, sa.and_(source.c.pk == copy.c.source_pk, source.c.listed))
    .where(sa.not_(post.c.dirty), among(post.c.pk))
)
_STANDING_IN = _OTHERS.with_only_columns(source.c.category, maintain_column_froms=True).limit(1)


def _post(row: Any, others: Iterable[Any]) -> Post:
    found = _copy(row)
    if found.published != row.since:
        # Another copy spoke for it when it was published first; that date stays (RFC 4287, section 4.2.9).
        found = replace(found, published=row.since, updated=_updated(found.published, found.updated, row.since))
    credited, pulled = credit.sources(found, row.source_title)
    return Post(
        id=row.post_id,
        name=row.name,
        copy=found,
        category=codec.load_strings(row.category),
        source=credited,
        also_in=tuple(_also(other) for other in others),
        via=pulled,
    )


def _updated(published: datetime, updated: datetime, since: datetime) -> datetime:
    """Return when a post was updated whose copy says it was ``published`` and ``updated``, and which is since then."""
    return updated if published == since else max(updated, since)


def _copy(row: Any) -> Copy:
    return Copy(
        source_id=row.source_id,
        key=row.key,
        guid=row.guid,
        link=row.link,
        title=row.title,
        content=row.content,
        summary=row.summary,
        published=row.published,
        updated=row.updated,
        first_seen=row.first_seen,
        feed=codec.load_info(row.own),
        via=codec.load_info(row.via) if row.via else None,
        **codec.load_more(row.more),
    )


def _also(row: Any) -> Attribution:
    feed = codec.load_info(row.via or row.own)
    return credit.carrier(row.source_id, row.source_title, feed, row.link, codec.load_more(row.more).get("authors", ()))
