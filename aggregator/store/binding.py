"""The waist: new copies become posts, or join posts of other sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aggregator import text
from aggregator.reasons import Reason
from aggregator.records import Decision, Minted, PostRef, Unbound
from aggregator.store import ledger, rulings
from aggregator.store.engine import PARAMETERS
from aggregator.store.schema import copy, post, source
from aggregator.text import chunks


def unbound(connection: sa.Connection) -> list[int]:
    """Return the numbers of the copies that belong to no post yet, those seen and published first first.

    What is held, or was turned away, is none of them.
    """
    order = (copy.c.first_seen, copy.c.published, source.c.id, copy.c.key)
    query = sa.select(copy.c.pk).join(source).where(copy.c.post_pk.is_(None), copy.c.verdict.is_(None)).order_by(*order)
    return list(connection.execute(query).scalars())


def describe(connection: sa.Connection, pks: Sequence[int]) -> tuple[Unbound, ...]:
    """Return the copies numbered ``pks``, in that order, as far as binding looks at them."""
    columns = (copy.c.pk, source.c.id, copy.c.key, copy.c.guid, copy.c.page, copy.c.title, copy.c.published)
    query = sa.select(*columns).join(source)
    rows = {
        row.pk: row for part in chunks(pks, PARAMETERS) for row in connection.execute(query.where(copy.c.pk.in_(part)))
    }
    return tuple(
        Unbound(
            pk=row.pk,
            source_id=row.id,
            key=row.key,
            guid=row.guid,
            page=row.page,
            title=row.title,
            published=row.published,
        )
        for row in map(rows.__getitem__, pks)
    )


def posts_by_page(connection: sa.Connection, pages: Sequence[str]) -> dict[str, list[PostRef]]:
    """Return the posts whose copies link to ``pages``, by page, with the sources that each has."""
    linking = sa.select(copy.c.page, post.c.pk, post.c.id).join(post, post.c.pk == copy.c.post_pk).order_by(post.c.pk)
    linking = linking.where(~rulings.is_apart())
    found = [
        row for part in chunks(pages, PARAMETERS) for row in connection.execute(linking.where(copy.c.page.in_(part)))
    ]
    carrying = sa.select(copy.c.post_pk, source.c.id).join(source)
    carriers: dict[int, set[str]] = defaultdict(set)
    for part in chunks([row.pk for row in found], PARAMETERS):
        for post_pk, source_id in connection.execute(carrying.where(copy.c.post_pk.in_(part))):
            carriers[post_pk].add(source_id)
    refs: dict[str, dict[str, PostRef]] = defaultdict(dict)
    for page, pk, post_id in found:
        refs[page][post_id] = PostRef(id=post_id, sources=frozenset(carriers[pk]))
    return {page: list(by_id.values()) for page, by_id in refs.items()}


def taken(connection: sa.Connection, ids: Sequence[str]) -> frozenset[str]:
    """Return those of ``ids`` that posts have."""
    digests = {text.digest(each): each for each in ids}
    query = sa.select(post.c.id_digest)
    parts = chunks(list(digests), PARAMETERS)
    return frozenset(
        digests[found] for part in parts for found in connection.scalars(query.where(post.c.id_digest.in_(part)))
    )


def bind(connection: sa.Connection, minted: Sequence[Minted], belongs: Mapping[int, str], at: datetime) -> None:
    """Make the ``minted`` posts and bind each copy to the post whose id ``belongs`` names; ``at`` is when."""
    if minted:
        connection.execute(post.insert(), [_post_row(each) for each in minted])
    digests = {text.digest(post_id): post_id for post_id in belongs.values()}
    query = sa.select(post.c.id_digest, post.c.pk, post.c.published)
    posts = {
        digests[row.id_digest]: row
        for part in chunks(list(digests), PARAMETERS)
        for row in connection.execute(query.where(post.c.id_digest.in_(part)))
    }
    rows = [
        {"copy_to_bind": pk, "post_pk": posts[post_id].pk, "listed_at": posts[post_id].published}
        for pk, post_id in belongs.items()
    ]
    connection.execute(copy.update().where(copy.c.pk == sa.bindparam("copy_to_bind")), rows)
    first = {each.copy.pk for each in minted}
    ledger.note(
        connection,
        [
            Decision(
                code=Reason.MINTED if row["copy_to_bind"] in first else Reason.JOINED_PAGE,
                at=at,
                post_pk=row["post_pk"],
                copy_pk=row["copy_to_bind"],
            )
            for row in rows
        ],
    )
    for part in chunks([row.pk for row in posts.values()], PARAMETERS):
        connection.execute(post.update().where(post.c.pk.in_(part), sa.not_(post.c.dirty)).values(dirty=True))


def _post_row(each: Minted) -> dict[str, Any]:
    return {
        "id": each.id,
        "id_digest": text.digest(each.id),
        "name": each.name,
        "copy_pk": each.copy.pk,
        "published": each.copy.published,
        "dirty": True,
    }
