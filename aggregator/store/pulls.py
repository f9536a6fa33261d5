"""The store's side of UPDATE: how sources stand, what is known of their entries, and what a pull leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from aggregator import text, urls
from aggregator.models import Copy, FeedInfo, Source
from aggregator.reasons import Reason
from aggregator.records import TURNED_AWAY, CopyWrite, Decision, Edit, Known, Pull, SourceState
from aggregator.store import codec, corrections, edits, events, ledger, verdicts
from aggregator.store.engine import PARAMETERS, insert_missing, upsert
from aggregator.store.schema import alias, copy, info, meta, post, source
from aggregator.text import chunks

#: The fact that tells which settings the outputs were last made with; without it they were never whole.
PUBLISHED = "published settings"

_NEVER = datetime.fromtimestamp(0, UTC)
#: The columns that recognising takes.
_RECOGNISED = (
    *("pk", "key", "fingerprint", "version", "words", "title", "guid", "link", "published", "updated", "first_seen"),
    *("edits", "edited", "waiting", "verdict"),
)
#: The columns that feeds.yaml decides.
_LINE = ("id", "position", "listed", "enabled", "category", "title", "feed", "settings")
#: How a source stands that is to be asked as if for the first time.
_AFRESH: dict[str, Any] = {
    **dict.fromkeys(("etag", "last_modified", "validators_url", "body", "next_pull", "because", "error")),
    **dict.fromkeys(("moved_to", "moved_since", "adopted")),
    "moved_times": 0,
    "gone": False,
    "failures": 0,
}


def sync(connection: sa.Connection, sources: Sequence[Source]) -> None:
    """Make the table of sources say what feeds.yaml says.

    A source that left the file stays, unlisted, with all it brought.  One whose address, filters or headers
    changed is asked anew without validators, since what it said last was read under other rules.
    """
    columns = [source.c[name] for name in _LINE]
    standing = {row.id: row for row in connection.execute(sa.select(*columns))}
    wanted = {line.id: _line(line, position) for position, line in enumerate(sources)}
    changed = [row for name, row in wanted.items() if name not in standing or standing[name]._asdict() != row]
    # Outputs that have posts have readers, too.
    published = connection.scalar(
        sa.select(sa.and_(sa.exists().where(meta.c.name == PUBLISHED), sa.exists(post.select())))
    )
    upsert(connection, source, [row for row in changed if row["id"] in standing], ["id"])
    upsert(connection, source, [row | {"latecomer": published} for row in changed if row["id"] not in standing], ["id"])
    renewed = [
        row["id"] for row in changed if row["id"] in standing and standing[row["id"]].settings != row["settings"]
    ]
    for chunk in chunks(renewed, PARAMETERS):
        connection.execute(source.update().where(source.c.id.in_(chunk)).values(_AFRESH))
    for chunk in chunks([name for name, row in standing.items() if row.listed and name not in wanted], PARAMETERS):
        connection.execute(source.update().where(source.c.id.in_(chunk)).values(listed=False))


def states(connection: sa.Connection, *, due: datetime | None = None) -> dict[str, SourceState]:
    """Return how the listed sources stand, by id; with ``due``, of those alone that are to be pulled by then."""
    query = sa.select(source).where(source.c.listed)
    if due is not None:
        # A pull in the future means that the clock was set back: to wait for it could take years.
        waiting = sa.or_(source.c.next_pull.is_(None), source.c.next_pull <= due, source.c.last_pull > due)
        query = query.where(source.c.enabled, sa.not_(source.c.gone), waiting)
    return {row.id: state(row) for row in connection.execute(query)}


def state(row: sa.Row[Any]) -> SourceState:
    """Return how the source in ``row`` stands."""
    return SourceState(
        etag=row.etag,
        last_modified=row.last_modified,
        validators_url=row.validators_url,
        body=row.body,
        next_pull=row.next_pull,
        because=row.because,
        last_pull=row.last_pull,
        last_success=row.last_success,
        failures=row.failures,
        error=row.error,
        gone=row.gone,
        moved_to=row.moved_to,
        moved_since=row.moved_since,
        moved_times=row.moved_times,
        adopted=row.adopted,
        known_since=row.known_since,
        times=codec.load_times(row.times),
        info=codec.load_info(row.info),
        hints=codec.load_hints(row.hints),
        warnings=codec.load_strings(row.warnings),
    )


def known(connection: sa.Connection, source_id: str, aliases: Sequence[str]) -> dict[str, Known]:
    """Return the copies that the archive has, or had, of ``source_id`` under ``aliases``, by alias."""
    columns = [copy.c[name] for name in _RECOGNISED]
    query = sa.select(alias.c.value, alias.c.copy_pk, *columns).outerjoin_from(
        alias, copy, copy.c.pk == alias.c.copy_pk
    )
    here = alias.c.source_pk == sa.select(source.c.pk).where(source.c.id == source_id).scalar_subquery()
    rows = (
        row
        for chunk in chunks(aliases, PARAMETERS)
        for row in connection.execute(query.where(here, alias.c.value.in_(chunk)))
    )
    return {row.value: _known(row) for row in rows}


def recent(connection: sa.Connection, source_id: str, limit: int) -> list[Known]:
    """Return the newest copies of ``source_id``, at most ``limit``."""
    columns = [copy.c[name] for name in _RECOGNISED]
    here = copy.c.source_pk == sa.select(source.c.pk).where(source.c.id == source_id).scalar_subquery()
    newest = (copy.c.listed_at.desc(), copy.c.post_pk.desc())
    return [_known(row) for row in connection.execute(sa.select(*columns).where(here).order_by(*newest).limit(limit))]


def apply(connection: sa.Connection, pull: Pull) -> None:
    """Write all that ``pull`` leaves behind; the caller's transaction makes it one step."""
    query = sa.select(source.c.pk).where(source.c.id == pull.source_id)
    source_pk = connection.execute(query).scalar_one()
    connection.execute(source.update().where(source.c.pk == source_pk), _state_row(pull.state))
    events.note(connection, source_pk, pull.events)
    if pull.writes:
        _write(connection, source_pk, pull)
    if pull.withdrawn:
        corrections.withdraw(connection, pull.withdrawn, pull.at)


def _write(connection: sa.Connection, source_pk: int, pull: Pull) -> None:
    infos = _info_pks(connection, source_pk, [write.copy for write in pull.writes if write.copy])
    pks = _insert(connection, source_pk, [write for write in pull.writes if write.known is None], infos)
    known = [write for write in pull.writes if write.known]
    _update(connection, known, infos)
    _note(connection, source_pk, known, pull.at)
    _name(connection, source_pk, pull, pks)
    given = {pks[_key(write)]: write.verdict for write in pull.writes if write.verdict}
    verdicts.give(connection, source_pk, given, pull.at)


def _line(line: Source, position: int) -> dict[str, Any]:
    parts = (line.url, str(line.keep), repr(sorted(line.include.items())), repr(sorted(line.exclude.items())))
    return {
        "id": line.id,
        "position": position,
        "listed": True,
        "enabled": line.enabled,
        "category": codec.dump(line.category),
        "title": line.title,
        "feed": urls.public(line.url),
        "settings": text.digest(*parts, repr(sorted(line.headers.items()))),
    }


def _known(row: sa.Row[Any]) -> Known:
    if row.pk is None:
        return Known(
            pk=row.copy_pk,
            key="",
            fingerprint="",
            version="",
            words="",
            title="",
            guid=None,
            published=_NEVER,
            updated=_NEVER,
            first_seen=_NEVER,
            pruned=True,
        )
    return Known(**{name: getattr(row, name) for name in _RECOGNISED}, pruned=row.verdict in TURNED_AWAY)


def _state_row(new: SourceState) -> dict[str, Any]:
    return {
        "etag": new.etag,
        "last_modified": new.last_modified,
        "validators_url": new.validators_url,
        "body": new.body,
        "next_pull": new.next_pull,
        "because": new.because,
        "last_pull": new.last_pull,
        "last_success": new.last_success,
        "failures": new.failures,
        "error": new.error,
        "gone": new.gone,
        "moved_to": new.moved_to,
        "moved_since": new.moved_since,
        "moved_times": new.moved_times,
        "adopted": new.adopted,
        "known_since": new.known_since,
        "times": codec.dump_times(new.times),
        "info": codec.dump_info(new.info),
        "hints": codec.dump_hints(new.hints),
        "warnings": codec.dump(new.warnings),
    }


def _info_pks(connection: sa.Connection, source_pk: int, copies: Sequence[Copy]) -> dict[FeedInfo, int]:
    wanted = {found: text.digest(codec.dump_info(found)) for each in copies for found in (each.feed, each.via) if found}
    pks: dict[str, int] = {}
    for chunk in chunks(list(wanted.values()), PARAMETERS):
        query = sa.select(info.c.digest, info.c.pk).where(info.c.source_pk == source_pk, info.c.digest.in_(chunk))
        pks |= {row.digest: row.pk for row in connection.execute(query)}
    missing = {digest: codec.dump_info(found) for found, digest in wanted.items() if digest not in pks}
    if missing:
        rows = [{"source_pk": source_pk, "digest": digest, "data": data} for digest, data in missing.items()]
        made = connection.execute(sa.insert(info).returning(info.c.pk, info.c.digest), rows)
        pks |= {row.digest: row.pk for row in made}
    return {found: pks[digest] for found, digest in wanted.items()}


def _insert(
    connection: sa.Connection, source_pk: int, writes: Sequence[CopyWrite], infos: Mapping[FeedInfo, int]
) -> dict[str, int]:
    rows = [
        {
            **_copy_row(write, write.copy, infos),
            "source_pk": source_pk,
            "key": write.copy.key,
            "first_seen": write.copy.first_seen,
            "published": write.copy.published,
            "listed_at": write.copy.published,
            "verdict": write.verdict.kind if write.verdict else None,
            "until": write.verdict.until if write.verdict else None,
        }
        for write in writes
        if write.copy
    ]
    if not rows:
        return {}
    made = connection.execute(sa.insert(copy).returning(copy.c.pk, copy.c.key), rows)
    return {row.key: row.pk for row in made}


def _update(connection: sa.Connection, writes: Sequence[CopyWrite], infos: Mapping[FeedInfo, int]) -> None:
    changed = [(write.known.pk, write, write.copy) for write in writes if write.known and write.copy]
    touched = [
        {"copy_to_touch": write.known.pk, "fingerprint": write.fingerprint, **_count_row(write)}
        for write in writes
        if write.known and write.copy is None and not write.known.pruned
    ]
    if changed:
        rows = [{"copy_to_change": pk, **_copy_row(write, new, infos)} for pk, write, new in changed]
        connection.execute(copy.update().where(copy.c.pk == sa.bindparam("copy_to_change")), rows)
        for chunk in chunks([pk for pk, _, _ in changed], PARAMETERS):
            of_these = sa.select(copy.c.post_pk).where(copy.c.pk.in_(chunk))
            connection.execute(post.update().where(post.c.pk.in_(of_these)).values(dirty=True))
    if touched:
        connection.execute(copy.update().where(copy.c.pk == sa.bindparam("copy_to_touch")), touched)


def _note(connection: sa.Connection, source_pk: int, writes: Sequence[CopyWrite], at: datetime) -> None:
    edited = [(write.known, write, write.copy) for write in writes if write.known and write.copy]
    reworded = [each for each in edited if each[0].words != each[1].words]
    edits.add(
        connection,
        [
            Edit(
                copy_pk=known.pk,
                at=at,
                title_before=known.title,
                title_after=new.title,
                words_before=known.words,
                words_after=write.words,
            )
            for known, write, new in reworded
        ],
    )
    reasons = [(write.known.pk, write.reason) for write in writes if write.known and write.reason]
    reasons += [(known.pk, Reason.EDITED) for known, _, _ in reworded]
    ledger.note(connection, [Decision(code=code, at=at, copy_pk=pk, source_pk=source_pk) for pk, code in reasons])


def _count_row(write: CopyWrite) -> dict[str, Any]:
    return {"edits": write.edits, "edited": write.edited, "waiting": write.waiting}


def _copy_row(write: CopyWrite, new: Copy, infos: Mapping[FeedInfo, int]) -> dict[str, Any]:
    return {
        "fingerprint": write.fingerprint,
        "version": write.version,
        "words": write.words,
        "page": write.page,
        "text": write.text,
        "length": write.length,
        **_count_row(write),
        "updated": new.updated,
        "guid": new.guid,
        "link": new.link,
        "title": new.title,
        "info_pk": infos[new.feed],
        "via_pk": infos[new.via] if new.via else None,
        "more": codec.dump_more(new),
        "summary": new.summary,
        "content": new.content,
    }


def _name(connection: sa.Connection, source_pk: int, pull: Pull, pks: Mapping[str, int]) -> None:
    primary_key = ["source_pk", "value"]
    names: list[dict[str, Any]] = [
        {
            "source_pk": source_pk,
            "value": name.value,
            "copy_pk": write.known.pk if write.known else pks[_key(write)],
            "kind": name.kind,
            "said": name.said,
            "first_seen": pull.at,
        }
        for write in pull.writes
        for name in write.aliases
    ]
    # A copy is found under its key, even where another one had that as a name before.
    upsert(connection, alias, [row for row in names if pks.get(row["value"]) == row["copy_pk"]], primary_key)
    # Any other name that a copy of the source has already stays where it is.
    insert_missing(connection, alias, [row for row in names if row["value"] not in pks], primary_key)


def _key(write: CopyWrite) -> str:
    if write.copy is None:
        raise ValueError("a write of something new needs its copy")
    return write.copy.key
