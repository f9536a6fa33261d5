"""What the editor, or a source of its own entries, takes back: posts split, merged and taken out.

A post's number and id stay taken for ever: one that was emptied is kept as a tombstone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aggregator.reasons import Reason
from aggregator.records import Binding, Bound, Decision, Minted
from aggregator.store import binding, ledger, names, rulings, tombstones
from aggregator.store.engine import PARAMETERS
from aggregator.store.rows import change
from aggregator.store.schema import alias, band, copy, edit, post, source
from aggregator.text import chunks

#: What is left of a copy whose words were taken back: enough to know it by.
_ERASED: dict[str, Any] = {
    **dict.fromkeys(("title", "summary", "content", "fingerprint", "words"), ""),
    "more": "{}",
    "text": None,
    "until": None,
    "post_pk": None,
}


def split(connection: sa.Connection, post_pk: int, minted: Sequence[Minted], heir: int, at: datetime) -> None:
    """Give each copy that ``minted`` names a post of its own, away from the post numbered ``post_pk``.

    Where its primary copy is one of them, ``heir`` stands for the post from then on.  No other copy ever joins the new
    posts by itself.
    """
    pks = [each.copy.pk for each in minted]
    _leaving(connection, [post_pk])
    change(connection, copy.c.pk, pks, post_pk=None)
    _note(connection, Reason.SPLIT, at, dict.fromkeys(pks, post_pk))
    alone = [Binding(copy_pk=each.copy.pk, post_id=each.id, reasons=(Reason.MINTED,)) for each in minted]
    binding.bind(connection, Bound(minted=tuple(minted), bindings=tuple(alone), credited={}), at)
    own = connection.scalars(sa.select(copy.c.post_pk).where(copy.c.pk.in_(pks))).all()
    rulings.set_apart(connection, own)
    if connection.scalar(sa.select(post.c.copy_pk).where(post.c.pk == post_pk)) in pks:
        connection.execute(post.update().where(post.c.pk == post_pk).values(copy_pk=heir))
    connection.execute(post.update().where(post.c.pk == post_pk).values(dirty=True))


def merge(connection: sa.Connection, keep: int, gone: int, at: datetime) -> None:
    """Give all copies of the post numbered ``gone`` to the one numbered ``keep``, whose id and words stay."""
    carriers = _leaving(connection, [keep, gone])
    pks = list(connection.scalars(sa.select(copy.c.pk).where(copy.c.post_pk == gone).order_by(copy.c.pk)))
    kept = connection.execute(sa.select(post.c.id, post.c.published).where(post.c.pk == keep)).one()
    told = connection.scalar(sa.select(post.c.id).where(post.c.pk == gone))
    tombstones.add(connection, {gone: carriers[gone]}, Reason.MERGED, f"It is part of {kept.id} now.", at)
    connection.execute(copy.update().where(copy.c.post_pk == gone).values(post_pk=keep, listed_at=kept.published))
    rulings.end_apart(connection, [keep, gone])
    connection.execute(post.update().where(post.c.pk.in_([keep, gone])).values(dirty=True))
    note = Decision(code=Reason.MERGED, at=at, post_pk=gone, detail={"into": kept.id})
    joins = [Decision(code=Reason.MERGED, at=at, post_pk=keep, copy_pk=pk, detail={"from": told or ""}) for pk in pks]
    ledger.note(connection, [note, *joins])


def retract(connection: sa.Connection, pks: Sequence[int], comment: str | None, at: datetime) -> None:
    """Take the copies numbered ``pks`` out for good, with their words; what carries the same story never comes in."""
    rows = _carried(connection, pks)
    posts = sorted({row.post_pk for row in rows if row.post_pk})
    rulings.retract(connection, {value for row in rows for value in (row.page, row.text) if value})
    carriers = _leaving(connection, posts)
    _turn_away(connection, pks, "retracted")
    detail = {"reason": comment} if comment else {}
    _note(connection, Reason.RETRACTED, at, {row.pk: row.post_pk for row in rows}, detail)
    _bury_empty(connection, carriers, Reason.RETRACTED, comment, at)


def withdraw(connection: sa.Connection, said: Mapping[int, str | None], at: datetime) -> None:
    """Take out the copies numbered in ``said``, with the comments of the source that asked for it.

    A post that other sources carry lives on with what they said.
    """
    rows = _carried(connection, list(said))
    posts: dict[int, str | None] = {row.post_pk: said[row.pk] for row in rows if row.post_pk}
    carriers = _leaving(connection, list(posts))
    _turn_away(connection, [row.pk for row in rows], "withdrawn")
    for row in rows:
        comment = said[row.pk]
        _note(connection, Reason.WITHDRAWN, at, {row.pk: row.post_pk}, {"reason": comment} if comment else {})
    for post_pk, comment in posts.items():
        _bury_empty(connection, {post_pk: carriers[post_pk]}, Reason.WITHDRAWN, comment, at)


def keep_out(connection: sa.Connection, pks: Sequence[int], at: datetime) -> set[int]:
    """Turn away those of the new copies numbered ``pks`` that carry what was retracted, and return their numbers."""
    found = rulings.retracted(connection, pks)
    if found:
        _turn_away(connection, found, "retracted")
        _note(connection, Reason.BARRED, at, dict.fromkeys(found))
    return set(found)


def _carried(connection: sa.Connection, pks: Sequence[int]) -> list[Any]:
    query = sa.select(copy.c.pk, copy.c.post_pk, copy.c.page, copy.c.text).order_by(copy.c.pk)
    return [row for part in chunks(pks, PARAMETERS) for row in connection.execute(query.where(copy.c.pk.in_(part)))]


def _leaving(connection: sa.Connection, posts: Sequence[int]) -> dict[int, list[str]]:
    """Return who carries each of ``posts``, and have their feeds written again, whatever becomes of the posts."""
    carriers: dict[int, list[str]] = {pk: [] for pk in posts}
    query = sa.select(copy.c.post_pk, source.c.id, source.c.pk).join(source, source.c.pk == copy.c.source_pk).distinct()
    for part in chunks(posts, PARAMETERS):
        rows = connection.execute(query.where(copy.c.post_pk.in_(part)).order_by(source.c.id)).all()
        for row in rows:
            carriers[row.post_pk].append(row.id)
        connection.execute(source.update().where(source.c.pk.in_({row.pk for row in rows})).values(dirty=True))
    return carriers


def _turn_away(connection: sa.Connection, pks: Sequence[int], verdict: str) -> None:
    for part in chunks(pks, PARAMETERS):
        if verdict == "retracted":  # what a source withdrew it may write again
            names.keep(connection, copy.c.pk.in_(part))
        connection.execute(copy.update().where(copy.c.pk.in_(part)).values(_ERASED | {"verdict": verdict}))
        connection.execute(edit.delete().where(edit.c.copy_pk.in_(part)))
        connection.execute(band.delete().where(band.c.copy_pk.in_(part)))
        here = alias.c.source_pk.in_(sa.select(copy.c.source_pk).where(copy.c.pk.in_(part)))
        said = alias.update().where(here, alias.c.copy_pk.in_(part), alias.c.kind.not_in(("guid", "link")))
        connection.execute(said.values(said=None))


def _bury_empty(
    connection: sa.Connection, posts: Mapping[int, Sequence[str]], code: Reason, comment: str | None, at: datetime
) -> None:
    living: set[int] = set()
    for part in chunks(list(posts), PARAMETERS):
        living |= set(connection.scalars(sa.select(copy.c.post_pk).where(copy.c.post_pk.in_(part))))
    tombstones.add(connection, {pk: who for pk, who in posts.items() if pk not in living}, code, comment, at)
    _repair(connection, list(posts))


def _repair(connection: sa.Connection, posts: Sequence[int]) -> None:
    """Let each of ``posts`` that lost its primary copy have the next one, and be published again."""
    carried: dict[int, list[int]] = defaultdict(list)
    order = (copy.c.first_seen, copy.c.published, source.c.id, copy.c.pk.desc())
    query = sa.select(copy.c.post_pk, copy.c.pk).join(source, source.c.pk == copy.c.source_pk).order_by(*order)
    for part in chunks(posts, PARAMETERS):
        for row in connection.execute(query.where(copy.c.post_pk.in_(part))):
            carried[row.post_pk].append(row.pk)
        for row in connection.execute(sa.select(post.c.pk, post.c.copy_pk).where(post.c.pk.in_(part))):
            others = carried[row.pk]
            primary = row.copy_pk if row.copy_pk in others or not others else others[0]
            connection.execute(post.update().where(post.c.pk == row.pk).values(copy_pk=primary, dirty=True))


def _note(
    connection: sa.Connection,
    code: Reason,
    at: datetime,
    posts: Mapping[int, int | None],
    detail: Mapping[str, str] | None = None,
) -> None:
    ledger.note(
        connection,
        [Decision(code=code, at=at, copy_pk=pk, post_pk=post_pk, detail=detail or {}) for pk, post_pk in posts.items()],
    )
