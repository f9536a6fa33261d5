"""The store's side of UPDATE: how sources stand, what is known of their entries, and what a pull leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa

from aggregator import succession, text, urls
from aggregator.errors import DatabaseError
from aggregator.models import Source
from aggregator.records import TURNED_AWAY, Known, Pull, SourceState
from aggregator.store import codec, corrections, events, tombstones, writes
from aggregator.store.questions import among, ask, ask_among
from aggregator.store.rows import change, update, upsert
from aggregator.store.schema import alias, copy, meta, post, pruned, source
from aggregator.succession import Former

#: The fact that tells which settings the outputs were last made with: "" while others are put into effect; without it
#: they were never whole.
PUBLISHED = "published settings"

_NEVER = datetime.fromtimestamp(0, UTC)
#: By so much a clock goes back when it is set right; machines without one of their own begin at the hour they ended in.
_SET_RIGHT = timedelta(hours=1)
#: The columns that recognising takes.
_RECOGNISED = (
    *("key", "fingerprint", "words", "title", "guid", "link", "published", "updated", "first_seen"),
    *("edits", "edited", "waiting", "verdict", "dated"),
)
_HERE = sa.select(source.c.pk).where(source.c.id == sa.bindparam("source_id")).scalar_subquery()
#: What is known under some names of the source called ``source_id``.
_UNDER = (
    sa.select(
        alias.c.value,
        alias.c.copy_pk,
        pruned.c.published.label("was_published"),
        *(copy.c[name] for name in _RECOGNISED),
    )
    .outerjoin_from(alias, copy, copy.c.pk == alias.c.copy_pk)
    .outerjoin(pruned, pruned.c.copy_pk == alias.c.copy_pk)
    .where(alias.c.source_pk == _HERE, among(alias.c.value))
)
_ANY = sa.select(alias.c.copy_pk).where(alias.c.source_pk == _HERE).limit(1)
#: The ``most`` newest copies of the source called ``source_id``.
_NEWEST = (
    sa.select(copy.c.pk, *(copy.c[name] for name in _RECOGNISED))
    .where(copy.c.source_pk == _HERE)
    .order_by(copy.c.listed_at.desc(), copy.c.post_pk.desc())
    .limit(sa.bindparam("most"))
)
_NUMBERS = sa.select(source.c.id, source.c.pk).where(among(source.c.id))
#: The columns that feeds.yaml decides.
_LINE = ("id", "position", "listed", "enabled", "category", "title", "feed", "settings")
#: Where redirects led to.
_LED_TO = ("adopted", "moved_to")
#: The columns that are parts of a source's state as they are.  By place they are read in half the time.
_AS_THEY_ARE = (
    *("etag", "last_modified", "validators_url", "body", "next_pull", "because", "last_pull", "last_success"),
    *("failures", "error", "gone", "moved_to", "moved_since", "moved_times", "adopted", "known_since"),
)
_as_they_are = itemgetter(*(source.c.keys().index(name) for name in _AS_THEY_ARE))
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

    A source that left the file stays, unlisted, with all it brought, and goes on under the new id that has its address
    (``succession``).  One whose address, filters or headers changed is asked anew without validators, since what it
    said last was read under other rules.
    """
    standing = _standing(connection)
    renamed = {old: new for new, old in _renamed(connection, standing, sources).items()}
    for old, new in renamed.items():
        connection.execute(source.update().where(source.c.id == old).values(id=new))
        standing[new] = standing.pop(old)
    if renamed:
        tombstones.rename(connection, renamed)
    wanted = {line.id: _line(line, position) for position, line in enumerate(sources)}
    changed = [
        row for name, row in wanted.items() if name not in standing or tuple(standing[name]) != tuple(row.values())
    ]
    # Outputs that have posts have readers, too.
    published = connection.scalar(
        sa.select(sa.and_(sa.exists().where(meta.c.name == PUBLISHED), sa.exists().where(post.c.pk > 0)))
    )
    upsert(connection, source, [row for row in changed if row["id"] in standing], ["id"])
    upsert(connection, source, [row | {"latecomer": published} for row in changed if row["id"] not in standing], ["id"])
    renewed = [
        row["id"] for row in changed if row["id"] in standing and standing[row["id"]].settings != row["settings"]
    ]
    switched = [row["id"] for row in changed if row["id"] in standing and standing[row["id"]].enabled != row["enabled"]]
    left = [name for name, row in standing.items() if row.listed and name not in wanted]
    change(connection, source.c.id, switched, dirty=True)
    change(connection, source.c.id, renewed, **_AFRESH)
    change(connection, source.c.id, left, listed=False)


def synced(connection: sa.Connection, sources: Sequence[Source]) -> bool:
    """Tell whether the table of sources says what feeds.yaml says."""
    listed = {name: row._asdict() for name, row in _standing(connection).items() if row.listed}
    return listed == {line.id: _line(line, position) for position, line in enumerate(sources)}


def renamed(connection: sa.Connection, sources: Sequence[Source]) -> dict[str, str]:
    """Return the sources that feeds.yaml gives a new id: that one, and the one by which the database knows it."""
    return _renamed(connection, _standing(connection), sources)


def _renamed(
    connection: sa.Connection, standing: Mapping[str, sa.Row[Any]], sources: Sequence[Source]
) -> dict[str, str]:
    new = {line.id: urls.public(line.url) for line in sources if line.id not in standing}
    if not new:
        return {}
    query = sa.select(source.c.id, source.c.feed, source.c.listed, *(source.c[name] for name in _LED_TO))
    rows = connection.execute(query.order_by(source.c.pk))
    wanted = {line.id for line in sources}
    former = [_former(*row) for row in rows if row.id not in wanted]
    return succession.heirs(former, new)


def _former(name: str, feed: str, listed: bool, *led_to: str | None) -> Former:
    return Former(id=name, feed=feed, listed=listed, moved=frozenset(urls.public(each) for each in led_to if each))


def _standing(connection: sa.Connection) -> dict[str, sa.Row[Any]]:
    return {row.id: row for row in connection.execute(sa.select(*(source.c[name] for name in _LINE)))}


class Listed(NamedTuple):
    """A source's title and site, as its feed has them, and whether it is gone."""

    title: str | None
    link: str | None
    gone: bool


def states(connection: sa.Connection, *, due: datetime | None = None) -> dict[str, SourceState]:
    """Return how the listed sources stand, by id; with ``due``, of those alone that are to be pulled by then."""
    query = sa.select(source).where(source.c.listed)
    if due is not None:
        # A pull in the future means that the clock was set back: to wait for it could take years.
        ahead = source.c.last_pull > due + _SET_RIGHT
        waiting = sa.or_(source.c.next_pull.is_(None), source.c.next_pull <= due, ahead)
        query = query.where(source.c.enabled, sa.not_(source.c.gone), waiting)
    return {row.id: state(row) for row in connection.execute(query)}


def is_listed(connection: sa.Connection, source_id: str) -> bool:
    """Tell whether a source of feeds.yaml is called ``source_id``."""
    return bool(connection.scalar(sa.select(sa.exists().where(source.c.id == source_id, source.c.listed))))


def listed(connection: sa.Connection) -> dict[str, Listed]:
    """Return what subscribers are told of the listed sources, by id."""
    query = sa.select(source.c.id, source.c.info, source.c.gone).where(source.c.listed)
    rows = ((row.id, codec.load_info(row.info), row.gone) for row in connection.execute(query))
    return {source_id: Listed(info.title, info.link, gone) for source_id, info, gone in rows}


def state(row: sa.Row[Any]) -> SourceState:
    """Return how the source in ``row``, which has all columns, stands."""
    return SourceState(
        times=codec.load_times(row.times),
        info=codec.load_info(row.info),
        hints=codec.load_hints(row.hints),
        warnings=codec.load_strings(row.warnings),
        **dict(zip(_AS_THEY_ARE, _as_they_are(row), strict=True)),
    )


def has_names(connection: sa.Connection, source_id: str) -> bool:
    """Tell whether the archive has, or had, a copy of ``source_id`` under any name."""
    return bool(ask(connection, _ANY, source_id=source_id))


def known(connection: sa.Connection, source_id: str, aliases: Sequence[str]) -> dict[str, Known]:
    """Return the copies that the archive has, or had, of ``source_id`` under ``aliases``, by alias."""
    found: dict[str, Known] = {}
    copies: dict[int, Known] = {}
    for value, pk, was_published, *recognised in ask_among(connection, _UNDER, aliases, source_id=source_id):
        if pk not in copies:
            copies[pk] = _known(pk, recognised, was_published)
        found[value] = copies[pk]
    return found


def recent(connection: sa.Connection, source_id: str, limit: int) -> list[Known]:
    """Return the newest copies of ``source_id``, at most ``limit``."""
    found = ask(connection, _NEWEST, source_id=source_id, most=limit)
    return [_known(pk, recognised) for pk, *recognised in found]


def apply(connection: sa.Connection, *pulls: Pull) -> None:
    """Write all that ``pulls``, each of another source, leave behind; the caller's transaction makes it one step."""
    numbers = _numbers(connection, [pull.source_id for pull in pulls])
    update(connection, source, [{"pk": numbers[pull.source_id], **_state_row(pull.state)} for pull in pulls])
    change(connection, source.c.pk, [numbers[pull.source_id] for pull in pulls if pull.relisted], dirty=True)
    found = [writes.Write(numbers[pull.source_id], pull.at, each) for pull in pulls for each in pull.writes]
    if found:
        writes.write(connection, found)
    for pull in pulls:
        events.note(connection, numbers[pull.source_id], pull.events)
        if pull.withdrawn:
            corrections.withdraw(connection, pull.withdrawn, pull.at)


def _numbers(connection: sa.Connection, source_ids: Sequence[str]) -> dict[str, int]:
    found = {row.id: row.pk for row in ask_among(connection, _NUMBERS, source_ids)}
    if missing := set(source_ids) - found.keys():
        raise DatabaseError(f"the database knows no source called {', '.join(sorted(missing))}; run again")
    return found


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


def _known(pk: int, recognised: Sequence[Any], was_published: datetime | None = None) -> Known:
    values = dict(zip(_RECOGNISED, recognised, strict=True))
    if values["key"] is None:
        return Known(
            pk=pk,
            key="",
            fingerprint="",
            words="",
            title="",
            guid=None,
            published=was_published or _NEVER,
            updated=_NEVER,
            first_seen=_NEVER,
            pruned=True,
        )
    return Known(pk=pk, pruned=values["verdict"] in TURNED_AWAY, **values)


def _state_row(new: SourceState) -> dict[str, Any]:
    return {
        **{name: getattr(new, name) for name in _AS_THEY_ARE},
        "times": codec.dump_times(new.times),
        "info": codec.dump_info(new.info),
        "hints": codec.dump_hints(new.hints),
        "warnings": codec.dump(new.warnings),
    }
