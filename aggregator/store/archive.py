"""The store's side of PUBLISH: posts read back, in the order of the outputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aggregator.models import Attribution, Copy, FeedInfo, Post
from aggregator.store import codec
from aggregator.store.engine import PARAMETERS
from aggregator.store.schema import copy, info, post, source
from aggregator.text import chunks

_NEWEST_FIRST = (post.c.published.desc(), post.c.pk.desc())


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which posts: of one source, from a category path downwards, published since, with all of the words."""

    source_id: str | None = None
    category: tuple[str, ...] = ()
    since: datetime | None = None
    words: tuple[str, ...] = ()
    tag: str | None = None


def latest(connection: sa.Connection, source_ids: Sequence[str] | None, limit: int) -> list[int]:
    """Return the newest posts' numbers, newest first, at most ``limit`` (0: all).

    ``source_ids`` are the sources whose posts count; None means every listed one.  The cost follows from the
    number of sources and ``limit``, never from the size of the archive.
    """
    if source_ids is None:
        carried = sa.exists().where(copy.c.post_pk == post.c.pk, copy.c.source_pk == source.c.pk, source.c.listed)
        query = sa.select(post.c.pk).where(carried).order_by(*_NEWEST_FIRST)
        return list(connection.scalars(query.limit(limit) if limit else query))
    found = {row for part in chunks(source_ids, PARAMETERS) for row in connection.execute(_newest_of_each(part, limit))}
    ordered = sorted(found, key=lambda row: (row.listed_at, row.post_pk), reverse=True)
    return [row.post_pk for row in (ordered[:limit] if limit else ordered)]


def _newest_of_each(source_ids: Sequence[str], limit: int) -> sa.Select[Any]:
    query = sa.select(copy.c.listed_at, copy.c.post_pk).join(source, source.c.pk == copy.c.source_pk)
    query = query.where(source.c.id.in_(source_ids), copy.c.post_pk.is_not(None))
    if not limit:
        return query
    inner = copy.alias("newest")
    newest = (
        sa.select(inner.c.pk)
        .where(inner.c.source_pk == source.c.pk, inner.c.post_pk.is_not(None))
        .order_by(inner.c.listed_at.desc(), inner.c.post_pk.desc())
        .limit(limit)
        .correlate(source)
    )
    return query.where(copy.c.pk.in_(newest))


def search(connection: sa.Connection, query: Query, limit: int) -> list[int]:
    """Return the numbers of the posts that fit ``query``, newest first, at most ``limit`` (0: all)."""
    fits = [copy.c.post_pk == post.c.pk, copy.c.source_pk == source.c.pk, source.c.listed]
    if query.source_id is not None:
        fits.append(source.c.id == query.source_id)
    if query.category:
        whole = codec.dump(query.category)
        fits.append(sa.or_(source.c.category == whole, source.c.category.startswith(whole[:-1] + ",", autoescape=True)))
    fits += [
        sa.or_(copy.c.title.icontains(word, autoescape=True), copy.c.content.icontains(word, autoescape=True))
        for word in query.words
    ]
    if query.tag is not None:
        fits.append(copy.c.more.icontains(codec.dump([query.tag])[1:-1], autoescape=True))
    statement = sa.select(post.c.pk).where(sa.exists().where(*fits)).order_by(*_NEWEST_FIRST)
    if query.since is not None:
        statement = statement.where(post.c.published >= query.since)
    return list(connection.scalars(statement.limit(limit) if limit else statement))


def dirty(connection: sa.Connection) -> list[int]:
    """Return the numbers of the posts whose outputs are not written yet."""
    return list(connection.scalars(sa.select(post.c.pk).where(post.c.dirty).order_by(post.c.pk)))


def everything(connection: sa.Connection) -> list[int]:
    """Return the numbers of all posts that a listed source carries."""
    carried = sa.exists().where(copy.c.post_pk == post.c.pk, copy.c.source_pk == source.c.pk, source.c.listed)
    return list(connection.scalars(sa.select(post.c.pk).where(carried).order_by(post.c.pk)))


def carriers(connection: sa.Connection, pks: Sequence[int]) -> set[str]:
    """Return the ids of the sources that carry any of the posts numbered ``pks``."""
    query = sa.select(source.c.id).join(copy, copy.c.source_pk == source.c.pk).distinct()
    return {
        found for part in chunks(pks, PARAMETERS) for found in connection.scalars(query.where(copy.c.post_pk.in_(part)))
    }


def clean(connection: sa.Connection, pks: Sequence[int]) -> None:
    """Note that the outputs of the posts numbered ``pks`` are written."""
    for part in chunks(pks, PARAMETERS):
        connection.execute(post.update().where(post.c.pk.in_(part)).values(dirty=False))


def posts(connection: sa.Connection, pks: Sequence[int]) -> Iterator[tuple[int, Post]]:
    """Yield the posts numbered ``pks`` in that order, each with its number.

    Those that no listed source carries any more are left out.
    """
    for part in chunks(pks, PARAMETERS):
        rows = {row.post_pk: row for row in connection.execute(_primary().where(post.c.pk.in_(part)))}
        also: dict[int, list[Any]] = defaultdict(list)
        for row in connection.execute(_others().where(post.c.pk.in_(part))):
            also[row.post_pk].append(row)
        for pk in part:
            if pk in rows and (rows[pk].listed or also[pk]):
                yield pk, _post(rows[pk], also[pk])


_own = info.alias("own")
_via = info.alias("via")


def _primary() -> sa.Select[Any]:
    columns = (post.c.pk.label("post_pk"), post.c.id.label("post_id"), post.c.name)
    line = (source.c.id.label("source_id"), source.c.title.label("source_title"))
    line += (source.c.feed, source.c.category, source.c.listed)
    return (
        sa.select(*columns, *line, copy, _own.c.data.label("own"), _via.c.data.label("via"))
        .join(copy, copy.c.pk == post.c.copy_pk)
        .join(source, source.c.pk == copy.c.source_pk)
        .join(_own, _own.c.pk == copy.c.info_pk)
        .outerjoin(_via, _via.c.pk == copy.c.via_pk)
    )


def _others() -> sa.Select[Any]:
    columns = (copy.c.post_pk, copy.c.link, copy.c.more, source.c.id.label("source_id"))
    line = (source.c.title.label("source_title"), source.c.feed)
    return (
        sa.select(*columns, *line, _own.c.data.label("own"), _via.c.data.label("via"))
        .join(post, sa.and_(post.c.pk == copy.c.post_pk, post.c.copy_pk != copy.c.pk))
        .join(source, sa.and_(source.c.pk == copy.c.source_pk, source.c.listed))
        .join(_own, _own.c.pk == copy.c.info_pk)
        .outerjoin(_via, _via.c.pk == copy.c.via_pk)
        .order_by(copy.c.post_pk, copy.c.published, source.c.id, copy.c.key)
    )


def _post(row: sa.Row[Any], others: Iterable[sa.Row[Any]]) -> Post:
    own = codec.load_info(row.own)
    via = codec.load_info(row.via) if row.via else None
    found = _copy(row, own, via)
    author = _names(found.authors)
    pulled = _attribution(row, via or own, found.link, author)
    return Post(
        id=row.post_id,
        name=row.name,
        copy=found,
        category=tuple(codec.json.loads(row.category)),
        source=_claim(row.source_id, own, found.link, author) if via else pulled,
        also_in=tuple(_also(other) for other in others),
        via=pulled if via else None,
    )


def _copy(row: sa.Row[Any], own: FeedInfo, via: FeedInfo | None) -> Copy:
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
        feed=own,
        via=via,
        **codec.load_more(row.more),
    )


def _also(row: sa.Row[Any]) -> Attribution:
    feed = codec.load_info(row.via or row.own)
    return _attribution(row, feed, row.link, _names(codec.load_more(row.more).get("authors", ())))


def _attribution(row: sa.Row[Any], feed: FeedInfo, link: str | None, author: str | None) -> Attribution:
    title = row.source_title or feed.title or row.source_id
    return Attribution(source_id=row.source_id, title=title, url=feed.link, feed=feed.url, link=link, author=author)


def _claim(source_id: str, feed: FeedInfo, link: str | None, author: str | None) -> Attribution:
    title = feed.title or feed.link or feed.url or "Unknown source"
    return Attribution(source_id=source_id, title=title, url=feed.link, feed=feed.url, link=link, author=author)


def _names(people: Iterable[Any]) -> str | None:
    return ", ".join(person.name for person in people) or None
