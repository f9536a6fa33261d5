"""The archive documents of the feeds that are published (RFC 5005, section 4): which posts stand in which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import sqlalchemy as sa

from aggregator.records import ArchiveState, Filing
from aggregator.store.engine import PARAMETERS
from aggregator.store.questions import among, ask, ask_among
from aggregator.store.rows import change, upsert
from aggregator.store.schema import archive, archived, copy, source
from aggregator.text import chunks


def _says(archive_pk: sa.ColumnElement[int]) -> sa.Exists:
    carried = (copy.c.post_pk == archived.c.post_pk, copy.c.source_pk == source.c.pk, source.c.listed)
    return sa.exists().where(archived.c.archive_pk == archive_pk, *carried)


# Asked for each document that is written: to make such a statement takes longer than to run it.
_MEMBERS = sa.select(archived.c.post_pk).where(archived.c.archive_pk == sa.bindparam("document"))
_FILED = sa.select(archived.c.post_pk, archive.c.folder).join(archive).where(among(archived.c.post_pk))
_CARRIED = sa.select(copy.c.post_pk, source.c.id).join(source).where(source.c.listed, among(copy.c.post_pk))
_HOLDING = sa.select(archive.c.pk, archive.c.folder).join(archived).distinct().where(among(archived.c.post_pk))
_NEWEST = (
    sa.select(archive).order_by(archive.c.number.desc()).limit(1).where(archive.c.folder == sa.bindparam("folder"))
)
_STATES = sa.select(archive, _says(archive.c.pk).label("says"))
_here = archive.alias("here")
_BESIDE = sa.select(_here.c.number).where(_here.c.folder == sa.bindparam("in_folder"), _says(_here.c.pk)).limit(1)
_BEFORE = _BESIDE.where(_here.c.number < sa.bindparam("beside")).order_by(_here.c.number.desc())
_AFTER = _BESIDE.where(_here.c.number > sa.bindparam("beside")).order_by(_here.c.number)


def unfiled(
    connection: sa.Connection, pks: Sequence[int], folders: Mapping[str, Sequence[str]]
) -> dict[str, list[int]]:
    """Return those of the posts numbered ``pks`` that are in no archive document of a feed that has them.

    ``folders`` names, by source, the folders of the feeds that its posts stand in.  The posts come by folder, in the
    order of their numbers, which is that in which they were bound.
    """
    filed = {(row.post_pk, row.folder) for row in ask_among(connection, _FILED, pks)}
    missing: dict[str, set[int]] = defaultdict(set)
    for post_pk, source_id in ask_among(connection, _CARRIED, pks):
        for folder in folders.get(source_id, ()):
            if (post_pk, folder) not in filed:
                missing[folder].add(post_pk)
    return {folder: sorted(posts) for folder, posts in missing.items()}


def newest(connection: sa.Connection, folders: Iterable[str]) -> dict[str, ArchiveState]:
    """Return the newest archive document of each of ``folders`` that has one."""
    # One by one: the last of a folder is found in the index, the last of each group would be looked for.
    return {row.folder: _state(row) for folder in folders for row in ask(connection, _NEWEST, folder=folder)}


def file(connection: sa.Connection, filings: Sequence[Filing]) -> None:
    """Put posts into archive documents, for ever; what gains posts, or a neighbour, is to be written."""
    rows = [
        {"folder": each.folder, "number": each.number, "filled": each.before + len(each.posts), "dirty": True}
        for each in filings
    ]
    upsert(connection, archive, rows, ["folder", "number"])
    pks = _numbered(connection, {each.folder for each in filings})
    posts = [
        {"post_pk": post_pk, "archive_pk": pks[each.folder, each.number]} for each in filings for post_pk in each.posts
    ]
    if posts:
        connection.execute(archived.insert(), posts)
    begun = [{"in_folder": each.folder, "before": each.number - 1} for each in filings if not each.before]
    if begun:
        predecessor = sa.and_(archive.c.folder == sa.bindparam("in_folder"), archive.c.number == sa.bindparam("before"))
        connection.execute(archive.update().where(predecessor).values(dirty=True), begun)


def touch(connection: sa.Connection, pks: Sequence[int]) -> set[str]:
    """Note that the documents that posts numbered ``pks`` stand in are to be written; return their folders."""
    found = {row.pk: row.folder for row in ask_among(connection, _HOLDING, pks)}
    soil(connection, list(found))
    return set(found.values())


def documents(connection: sa.Connection, folder: str, *, dirty: bool) -> list[ArchiveState]:
    """Return the archive documents of ``folder``, oldest first; with ``dirty`` those that are to be written."""
    query = _STATES.where(archive.c.folder == folder).order_by(archive.c.number)
    return _states(connection, query.where(archive.c.dirty) if dirty else query)


def beside(connection: sa.Connection, state: ArchiveState) -> list[ArchiveState]:
    """Return the documents around ``state`` that say something."""
    numbers = [each for each in neighbours(connection, state.folder, state.number) if each is not None]
    return _states(connection, _STATES.where(archive.c.folder == state.folder, archive.c.number.in_(numbers)))


def members(connection: sa.Connection, archive_pk: int) -> list[int]:
    """Return the numbers of the posts in an archive document."""
    return [row.post_pk for row in ask(connection, _MEMBERS, document=archive_pk)]


def neighbours(connection: sa.Connection, folder: str, number: int) -> tuple[int | None, int | None]:
    """Return the numbers of the documents around ``number`` that say something, each None where there is none."""
    before, after = (ask(connection, each, in_folder=folder, beside=number) for each in (_BEFORE, _AFTER))
    return before[0].number if before else None, after[0].number if after else None


def last(connection: sa.Connection, folder: str) -> int | None:
    """Return the number of the newest archive document of ``folder`` that says something."""
    newest_one = connection.scalar(sa.select(sa.func.max(archive.c.number)).where(archive.c.folder == folder))
    return None if newest_one is None else neighbours(connection, folder, newest_one + 1)[0]


def clean(connection: sa.Connection, pks: Sequence[int]) -> None:
    """Note that the archive documents numbered ``pks`` are written."""
    change(connection, archive.c.pk, pks, dirty=False)


def unpublish(connection: sa.Connection) -> None:
    """Note that every archive document is to be written, those of feeds that have none now as soon as they need one."""
    connection.execute(archive.update().where(sa.not_(archive.c.dirty)).values(dirty=True))


def soil(connection: sa.Connection, pks: Sequence[int]) -> None:
    """Note that the archive documents numbered ``pks`` are to be written."""
    change(connection, archive.c.pk, pks, dirty=True)


def _numbered(connection: sa.Connection, folders: AbstractSet[str]) -> dict[tuple[str, int], int]:
    query = sa.select(archive.c.folder, archive.c.number, archive.c.pk).where(archive.c.dirty)
    parts = chunks(sorted(folders), PARAMETERS)
    rows = (row for part in parts for row in connection.execute(query.where(archive.c.folder.in_(part))))
    return {(row.folder, row.number): row.pk for row in rows}


def _states(connection: sa.Connection, query: sa.Select[Any]) -> list[ArchiveState]:
    return [_state(row, empty=not row.says) for row in connection.execute(query)]


def _state(row: Any, *, empty: bool = False) -> ArchiveState:
    return ArchiveState(pk=row.pk, folder=row.folder, number=row.number, filled=row.filled, empty=empty)
