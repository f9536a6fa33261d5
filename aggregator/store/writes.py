"""What pulls bring is written here: copies, their names and edits, and what was decided of them.

Many pulls are written at once: each statement takes the rows of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa

from aggregator import text
from aggregator.models import Copy, FeedInfo
from aggregator.reasons import Reason
from aggregator.records import Alias, CopyWrite, Decision, Edit
from aggregator.store import codec, edits, ledger, rows, verdicts
from aggregator.store.engine import PARAMETERS, numbers
from aggregator.store.questions import among, ask_among
from aggregator.store.schema import alias, copy, info, post
from aggregator.text import chunks


class Write(NamedTuple):
    """A write, the number of the source that it is of, and the time of the pull that it came with."""

    source_pk: int
    at: datetime
    what: CopyWrite


#: The numbers of new copies, by the number of their source and their key.
_Numbers = Mapping[tuple[int, str], int]
#: The numbers of what feeds said of themselves, by the number of the source and what it was.
_Infos = Mapping[tuple[int, FeedInfo], int]
_SAID = sa.select(info.c.digest, info.c.pk).where(info.c.source_pk == sa.bindparam("source"), among(info.c.digest))


def write(connection: sa.Connection, writes: Sequence[Write]) -> None:
    """Write all of ``writes``."""
    infos = _info_pks(connection, writes)
    pks = _insert(connection, [each for each in writes if each.what.known is None], infos)
    known = [each for each in writes if each.what.known]
    _update(connection, known, infos)
    _note(connection, known)
    _name(connection, writes, pks)
    _rule(connection, [each for each in writes if each.what.verdict], pks)


def _info_pks(connection: sa.Connection, writes: Sequence[Write]) -> _Infos:
    said = {
        (each.source_pk, found)
        for each in writes
        if each.what.copy
        for found in (each.what.copy.feed, each.what.copy.via)
        if found
    }
    data = {(source_pk, found): codec.dump_info(found) for source_pk, found in said}
    wanted = {key: (key[0], text.digest(dumped)) for key, dumped in data.items()}
    pks: dict[tuple[int, str], int] = {}
    for source_pk, group in groupby(sorted(set(wanted.values())), itemgetter(0)):
        rows_here = ask_among(connection, _SAID, [digest for _, digest in group], source=source_pk)
        pks |= {(source_pk, row.digest): row.pk for row in rows_here}
    missing = {found: data[key] for key, found in sorted(wanted.items(), key=lambda each: each[1]) if found not in pks}
    if missing:
        made = dict(zip(missing, numbers(connection, info, len(missing)), strict=True))
        said_now = [
            {"pk": made[found], "source_pk": found[0], "digest": found[1], "data": dumped}
            for found, dumped in missing.items()
        ]
        rows.insert(connection, info, said_now)
        pks |= made
    return {key: pks[found] for key, found in wanted.items()}


def _insert(connection: sa.Connection, writes: Sequence[Write], infos: _Infos) -> _Numbers:
    new_ones = [(each, each.what.copy) for each in writes if each.what.copy]
    if not new_ones:
        return {}
    pks = numbers(connection, copy, len(new_ones))
    made = [
        {
            "pk": pk,
            **_copy_row(each, new, infos),
            "source_pk": each.source_pk,
            "key": new.key,
            "first_seen": new.first_seen,
            "published": new.published,
            "listed_at": new.published,
            "verdict": each.what.verdict.kind if each.what.verdict else None,
            "until": each.what.verdict.until if each.what.verdict else None,
        }
        for (each, new), pk in zip(new_ones, pks, strict=True)
    ]
    rows.insert(connection, copy, made)
    return {(each.source_pk, new.key): pk for (each, new), pk in zip(new_ones, pks, strict=True)}


def _update(connection: sa.Connection, writes: Sequence[Write], infos: _Infos) -> None:
    changed = [(each.what.known.pk, each, each.what.copy) for each in writes if each.what.known and each.what.copy]
    touched = [
        {"pk": what.known.pk, "fingerprint": what.fingerprint, **_count_row(what)}
        for _, _, what in writes
        if what.known and what.copy is None and not what.known.pruned
    ]
    if changed:
        rows.update(connection, copy, [{"pk": pk, **_copy_row(each, new, infos)} for pk, each, new in changed])
        for chunk in chunks([pk for pk, _, _ in changed], PARAMETERS):
            of_these = sa.select(copy.c.post_pk).where(copy.c.pk.in_(chunk))
            connection.execute(post.update().where(post.c.pk.in_(of_these)).values(dirty=True))
    rows.update(connection, copy, touched)


def _note(connection: sa.Connection, writes: Sequence[Write]) -> None:
    edited = [(each.what.known, each, each.what.copy) for each in writes if each.what.known and each.what.copy]
    reworded = [found for found in edited if found[0].words != found[1].what.words]
    edits.add(
        connection,
        [
            Edit(copy_pk=known.pk, at=each.at, title_before=known.title, title_after=new.title)
            for known, each, new in reworded
        ],
    )
    reasons = [(each, each.what.known.pk, each.what.reason) for each in writes if each.what.known and each.what.reason]
    reasons += [(each, known.pk, Reason.EDITED) for known, each, _ in reworded]
    decisions = [Decision(code=code, at=each.at, copy_pk=pk, source_pk=each.source_pk) for each, pk, code in reasons]
    ledger.note(connection, decisions)


def _count_row(what: CopyWrite) -> dict[str, Any]:
    return {"edits": what.edits, "edited": what.edited, "waiting": what.waiting, "dated": what.dated}


def _copy_row(each: Write, new: Copy, infos: _Infos) -> dict[str, Any]:
    what = each.what
    return {
        "fingerprint": what.fingerprint,
        "words": what.words,
        "page": what.page,
        "text": what.text,
        "length": what.length,
        **_count_row(what),
        "updated": new.updated,
        "guid": new.guid,
        "link": new.link,
        "title": new.title,
        "info_pk": infos[each.source_pk, new.feed],
        "via_pk": infos[each.source_pk, new.via] if new.via else None,
        "more": codec.dump_more(new),
        "summary": new.summary,
        "content": new.content,
    }


def _name(connection: sa.Connection, writes: Sequence[Write], pks: _Numbers) -> None:
    primary_key = ["source_pk", "value"]
    names: list[dict[str, Any]] = [
        {
            "source_pk": each.source_pk,
            "value": name.value,
            "copy_pk": each.what.known.pk if each.what.known else pks[_identity(each)],
            "kind": name.kind,
            "said": None if _is_erased(each, name) else name.said,
            "first_seen": each.at,
        }
        for each in writes
        for name in each.what.aliases
    ]
    first = {
        (each.source_pk, each.what.aliases[0].value): pks[_identity(each)]
        for each in writes
        if each.what.known is None and each.what.aliases
    }
    mine = {**first, **pks}
    owners = [mine.get((row["source_pk"], row["value"])) for row in names]
    # A copy is found under its first name and its key, even where another one had that as a name before.
    own = [row for row, owner in zip(names, owners, strict=True) if owner == row["copy_pk"]]
    rows.upsert(connection, alias, own, primary_key)
    # Any other name that a copy of the source has already stays where it is.
    others = [row for row, owner in zip(names, owners, strict=True) if owner is None]
    rows.insert_missing(connection, alias, others, primary_key)


def _is_erased(each: Write, name: Alias) -> bool:
    # Words of what was retracted must not come back in a name of it.
    return name.kind == "text" and each.what.known is not None and each.what.known.pruned


def _rule(connection: sa.Connection, writes: Sequence[Write], pks: _Numbers) -> None:
    for (source_pk, at), group in groupby(writes, key=lambda each: (each.source_pk, each.at)):
        given = {pks[_identity(each)]: each.what.verdict for each in group if each.what.verdict}
        verdicts.give(connection, source_pk, given, at)


def _identity(each: Write) -> tuple[int, str]:
    if each.what.copy is None:
        raise ValueError("a write of something new needs its copy")
    return each.source_pk, each.what.copy.key
