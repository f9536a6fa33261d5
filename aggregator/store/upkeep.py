"""What surrounds the posts: the files that we wrote, single facts, retention, and the editor's overview."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from aggregator import cadence
from aggregator.records import SourceReport
from aggregator.store import codec, names
from aggregator.store.archive import NEWEST_FIRST
from aggregator.store.engine import PARAMETERS
from aggregator.store.pulls import state
from aggregator.store.questions import among, ask_among
from aggregator.store.rows import upsert
from aggregator.store.schema import band, copy, decision, edit, file, info, meta, post, pruned, source, tombstone
from aggregator.text import chunks

_WEEKS = 4


def fact(connection: sa.Connection, name: str) -> str | None:
    """Return the single fact called ``name``, or None."""
    return connection.scalar(sa.select(meta.c.value).where(meta.c.name == name))


def set_fact(connection: sa.Connection, name: str, value: str) -> None:
    """Note a single fact."""
    upsert(connection, meta, [{"name": name, "value": value}], ["name"])


def files(connection: sa.Connection, folder: str) -> set[str]:
    """Return the paths of all files that we wrote into ``folder``."""
    return set(connection.scalars(sa.select(file.c.path).where(file.c.folder == folder, sa.not_(file.c.gone))))


def sure_files(connection: sa.Connection, folder: str, paths: Sequence[str] | None = None) -> set[str]:
    """Return the ``paths``, or all, of files in ``folder`` of which it is known that we wrote them, and what."""
    if paths is not None:
        return set(digests(connection, folder, paths))
    return {path for path, digest in written(connection, folder).items() if digest}


def has_files(connection: sa.Connection, folder: str) -> bool:
    """Tell whether files that we wrote are to stand in ``folder``."""
    query = sa.select(sa.true()).where(file.c.folder == folder, sa.not_(file.c.gone)).limit(1)
    return connection.scalar(query) is not None


def written(connection: sa.Connection, folder: str) -> dict[str, str | None]:
    """Return the digests of all files that we wrote into ``folder``, by path; None where none was noted."""
    query = sa.select(file.c.path, file.c.digest).where(file.c.folder == folder, sa.not_(file.c.gone))
    return {row.path: row.digest for row in connection.execute(query)}


def posts_by_file(connection: sa.Connection, folder: str) -> dict[str, str | None]:
    """Return the ids of the posts whose files we wrote into ``folder``, by path; None where there is no such post."""
    query = sa.select(file.c.path, post.c.id).outerjoin_from(file, post, post.c.pk == file.c.post_pk)
    rows = connection.execute(query.where(file.c.folder == folder, sa.not_(file.c.gone)))
    return {row.path: row.id for row in rows}


def forget_files(connection: sa.Connection, folder: str, paths: Sequence[str]) -> None:
    """Let the files at ``paths`` in ``folder`` be none of ours."""
    for part in chunks(paths, PARAMETERS):
        connection.execute(file.delete().where(file.c.folder == folder, file.c.path.in_(part)))


def known_files(connection: sa.Connection, folder: str, paths: Sequence[str]) -> set[str]:
    """Return those of ``paths`` that we wrote into ``folder``."""
    return {row.path for row in ask_among(connection, _KNOWN, paths, folder=folder)}


def digests(connection: sa.Connection, folder: str, paths: Sequence[str]) -> dict[str, str]:
    """Return the digests that were noted of files in ``folder``, by those of ``paths`` that have one."""
    return {row.path: row.digest for row in ask_among(connection, _DIGESTS, paths, folder=folder) if row.digest}


def note_digests(connection: sa.Connection, folder: str, written: Mapping[str, str]) -> None:
    """Note the digests of files that were written into ``folder``, by path."""
    if written:
        this_one = sa.and_(file.c.folder == folder, file.c.path == sa.bindparam("of_path"))
        rows = [{"of_path": path, "said": digest} for path, digest in written.items()]
        connection.execute(file.update().where(this_one).values(digest=sa.bindparam("said")), rows)


def is_gone(connection: sa.Connection, folders: Sequence[str], path: str) -> bool:
    """Tell whether we wrote ``path`` into one of ``folders`` once, and removed it."""
    query = sa.select(sa.true()).where(file.c.folder.in_(folders), file.c.path == path, file.c.gone).limit(1)
    return connection.scalar(query) is not None


def files_of(connection: sa.Connection, folder: str, posts: Sequence[int]) -> list[tuple[str, int]]:
    """Return path and post of the files in ``folder`` that we wrote for ``posts``."""
    return [(row.path, row.post_pk) for row in ask_among(connection, _OF_POSTS, posts) if row.folder == folder]


_KNOWN = sa.select(file.c.path).where(file.c.folder == sa.bindparam("folder"), sa.not_(file.c.gone), among(file.c.path))
_DIGESTS = _KNOWN.add_columns(file.c.digest)
# Not by folder, too: SQLite would look through all of the folder's files for those of a few posts.
_OF_POSTS = sa.select(file.c.folder, file.c.path, file.c.post_pk).where(sa.not_(file.c.gone), among(file.c.post_pk))


def files_of_no_post(connection: sa.Connection, folder: str) -> list[str]:
    """Return the paths of the files in ``folder`` that we wrote for posts that no listed source carries any more."""
    carried = sa.exists().where(copy.c.post_pk == file.c.post_pk, copy.c.source_pk == source.c.pk, source.c.listed)
    query = sa.select(file.c.path).where(file.c.folder == folder, sa.not_(file.c.gone), ~carried)
    return sorted(connection.scalars(query))


def add_files(connection: sa.Connection, folder: str, written: Iterable[tuple[str, int | None]]) -> None:
    """Note that we are about to write files into ``folder``: path, and the post where it is one's alone."""
    rows = [{"folder": folder, "path": path, "post_pk": post_pk, "gone": False} for path, post_pk in written]
    upsert(connection, file, rows, ["folder", "path"])


def drop_files(connection: sa.Connection, folder: str, removed: Sequence[str]) -> None:
    """Note that files of ours are gone from ``folder``; their names are remembered."""
    for part in chunks(removed, PARAMETERS):
        here = sa.and_(file.c.folder == folder, file.c.path.in_(part))
        connection.execute(file.update().where(here).values(post_pk=None, gone=True))


def reports(connection: sa.Connection, now: datetime) -> list[SourceReport]:
    """Return how every listed source stands, in the order of feeds.yaml."""
    entries = _counts(connection)
    recent = _counts(connection, since=now - timedelta(weeks=_WEEKS))
    rows = connection.execute(sa.select(source).where(source.c.listed).order_by(source.c.position)).all()
    states = {row.id: state(row) for row in rows}
    twins = cadence.twins(states)
    return [
        SourceReport(
            id=row.id,
            title=row.title or codec.load_info(row.info).title or row.id,
            feed=row.feed,
            category=codec.load_strings(row.category),
            enabled=row.enabled,
            state=states[row.id],
            entries=entries.get(row.pk, 0),
            weekly=recent.get(row.pk, 0) / _WEEKS,
            twin=twins.get(row.id),
        )
        for row in rows
    ]


def _counts(connection: sa.Connection, since: datetime | None = None) -> dict[int, int]:
    query = sa.select(copy.c.source_pk, sa.func.count()).group_by(copy.c.source_pk)
    if since is not None:
        query = query.where(copy.c.listed_at >= since, copy.c.post_pk.is_not(None))
    return {row[0]: row[1] for row in connection.execute(query)}


def prune(connection: sa.Connection, *, before: datetime | None, per_source: int) -> int:
    """Remove old posts and return how many went.

    Posts published before ``before`` go, and what old entries there are in no post but those that are held; of each
    source, posts beyond its newest ``per_source`` (0: none).
    Their aliases and dates stay: what is pruned does not come back as new; their edits and what was decided of them go.
    """
    gone: set[int] = set()
    if before is not None:
        _prune_idle(connection, before)
        gone |= set(connection.scalars(sa.select(post.c.pk).where(post.c.published < before)))
    if per_source:
        gone |= _beyond(connection, per_source)
    # Ids of posts that were taken out are never given again.
    gone -= set(connection.scalars(sa.select(tombstone.c.post_pk)))
    for part in chunks(sorted(gone), PARAMETERS):
        copies = sa.select(copy.c.pk).where(copy.c.post_pk.in_(part))
        connection.execute(edit.delete().where(edit.c.copy_pk.in_(copies)))
        connection.execute(band.delete().where(band.c.copy_pk.in_(copies)))
        connection.execute(decision.delete().where(decision.c.post_pk.in_(part)))
        _forget(connection, copy.c.post_pk.in_(part))
        connection.execute(post.delete().where(post.c.pk.in_(part)))
    used = sa.union(sa.select(copy.c.info_pk), sa.select(copy.c.via_pk).where(copy.c.via_pk.is_not(None)))
    connection.execute(info.delete().where(info.c.pk.not_in(used)))
    return len(gone)


def _prune_idle(connection: sa.Connection, before: datetime) -> None:
    # What was only archived, or turned away, stands in no post; what is held still waits for the editor.
    idle = sa.and_(copy.c.verdict.is_not(None), copy.c.verdict != "held", copy.c.published < before)
    unread = sa.select(copy.c.pk).where(idle).scalar_subquery()
    connection.execute(edit.delete().where(edit.c.copy_pk.in_(unread)))
    connection.execute(decision.delete().where(decision.c.copy_pk.in_(unread)))
    _forget(connection, idle)


def _beyond(connection: sa.Connection, per_source: int) -> set[int]:
    """Return the numbers of the posts of each source beyond its newest ``per_source``."""
    primary = sa.select(post.c.pk).join(copy, sa.and_(copy.c.pk == post.c.copy_pk, copy.c.post_pk == post.c.pk))
    newest = primary.order_by(*NEWEST_FIRST).offset(per_source)
    pks = connection.scalars(sa.select(source.c.pk)).all()
    return {found for pk in pks for found in connection.scalars(newest.where(copy.c.source_pk == pk))}


def _forget(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    names.keep(connection, which)
    dates = sa.select(copy.c.pk, copy.c.published).where(which)
    connection.execute(pruned.insert().from_select(["copy_pk", "published"], dates))
    connection.execute(copy.delete().where(which))
