"""IMPORT: the files of posts → copies and posts in the archive, as if they had always been there.

Posts keep their ids and names, so that publishing writes the same files again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from aggregator import postfile
from aggregator.models import Source
from aggregator.pipeline.surveying import Survey
from aggregator.pipeline.target import POSTS, Target
from aggregator.postfile import PostFile
from aggregator.reasons import Reason
from aggregator.recognise import importing, minting
from aggregator.recognise.rules import Rules
from aggregator.records import Binding, Bound, CopyWrite, Known, Pull, SourceState
from aggregator.store import Store, Transaction, binding, pulls, rulings, upkeep
from aggregator.text import chunks

#: Posts read and stored in one transaction: memory stays flat whatever is imported.
_BATCH = 200


class Imported(Struct):
    """What came of a folder of posts: how many are ``new``, ``known`` already, or ``kept_out`` as they were retracted.

    ``unread`` are the files that could not be read, with the reason.
    """

    new: int = 0
    known: int = 0
    kept_out: int = 0
    unread: list[tuple[str, str]] = field(default_factory=list)


class _Filed(Struct, frozen=True, kw_only=True):
    """A post, the path of its file, and what is to be written of it: the id of a source with each copy."""

    path: str
    post: PostFile
    writes: tuple[tuple[str, CopyWrite], ...]

    @property
    def own(self) -> CopyWrite:
        return self.writes[0][1]

    @property
    def identity(self) -> tuple[str, str]:
        """What no other post has: the source and the key of its primary copy."""
        return self.writes[0][0], self.own.aliases[0].value


def store_posts(
    store: Store, survey: Survey, sources: Sequence[Source], target: Target, rules: Rules, now: datetime
) -> Imported:
    """Store what the archive lacks of the posts in ``survey``, and return what came of it.

    ``sources`` are those of feeds.yaml, with the lines that ``survey`` wants; the archive knows them.  Files that lie
    where ``target`` has its posts are the program's own from then on.  Done again, nothing changes.
    """
    report = Imported(unread=list(survey.unread))
    by_address = {source.url: source for source in sources}
    with store.reading() as transaction:
        states = pulls.states(transaction)
    for paths in chunks(survey.paths, _BATCH):
        filed = list(_filed(survey, paths, by_address, target, now, report))
        with store.writing() as transaction:
            fresh = _unknown(transaction, filed, report)
            _keep(transaction, fresh, states, rules, now)
            _claim(transaction, fresh, survey.folder, target)
        report.new += len(fresh)
    return report


def _filed(
    survey: Survey,
    paths: Sequence[str],
    by_address: Mapping[str, Source],
    target: Target,
    now: datetime,
    report: Imported,
) -> list[_Filed]:
    found = []
    publication = target.publication
    for path in paths:
        try:
            post = survey.read(path)
            sources = [by_address[address] for address in survey.addresses(post)]
        except (ValueError, KeyError) as exc:
            # It was readable before.
            report.unread.append((path, "it changed while it was imported" if isinstance(exc, KeyError) else str(exc)))
            continue
        post = importing.without_credit(post, publication.credit, publication.site.language)
        writes = importing.made(post, sources, survey.is_alone, now=now)
        found.append(_Filed(path=path, post=post, writes=writes))
    return found


def _unknown(transaction: Transaction, filed: Sequence[_Filed], report: Imported) -> list[_Filed]:
    names: dict[str, list[str]] = defaultdict(list)
    for each in filed:
        names[each.identity[0]] += [name.value for name in each.own.aliases]
    known = {source_id: pulls.known(transaction, source_id, values) for source_id, values in names.items()}
    taken = set(binding.taken(transaction, [each.post.id for each in filed if each.post.id]))
    barred = rulings.barred(transaction, sorted({value for each in filed for value in _story(each)}))
    fresh: list[_Filed] = []
    seen: set[tuple[str, str]] = set()
    for each in filed:
        if each.post.id in taken or each.identity in seen or _is_known(each, known):
            report.known += 1
        elif not barred.isdisjoint(_story(each)):
            report.kept_out += 1
        else:
            fresh.append(each)
        seen.add(each.identity)
        taken |= {each.post.id} if each.post.id else set()
    return fresh


def _is_known(each: _Filed, known: Mapping[str, Mapping[str, Known]]) -> bool:
    return importing.is_known(each.own, known[each.identity[0]])


def _story(each: _Filed) -> set[str]:
    return {value for _, write in each.writes for value in (write.page, write.text) if value}


def _keep(
    transaction: Transaction, fresh: Sequence[_Filed], states: Mapping[str, SourceState], rules: Rules, now: datetime
) -> None:
    writes: dict[str, list[CopyWrite]] = defaultdict(list)
    for each in fresh:
        for source_id, write in each.writes:
            writes[source_id].append(write)
    if not writes:
        return
    pulls.apply(
        transaction,
        *(Pull(source_id=name, at=now, state=states[name], writes=tuple(own)) for name, own in writes.items()),
    )
    numbers = {
        (name, found.key): found.pk
        for name, own in writes.items()
        for found in pulls.known(transaction, name, [write.aliases[0].value for write in own]).values()
    }
    pks = [[numbers[name, write.aliases[0].value] for name, write in each.writes] for each in fresh]
    primary = binding.describe(transaction, [first for first, *_ in pks])
    minted = tuple(
        minting.restored(copy, each.post.id, postfile.name(PurePosixPath(each.path).stem, each.post), rules)
        for copy, each in zip(primary, fresh, strict=True)
    )
    bindings = tuple(
        Binding(copy_pk=pk, post_id=made.id, reasons=(Reason.IMPORTED,))
        for made, own in zip(minted, pks, strict=True)
        for pk in own
    )
    binding.bind(transaction, Bound(minted=minted, bindings=bindings, credited={}), now)


def _claim(transaction: Transaction, fresh: Sequence[_Filed], folder: Path, target: Target) -> None:
    """Note the files as ours that lie where posts are written: a post that gets another name leaves none behind."""
    root, here = target.posts.root.resolve(), folder.resolve()
    if not here.is_relative_to(root):
        return
    paths = {(here / each.path).relative_to(root).as_posix(): each for each in fresh}
    ours = upkeep.known_files(transaction, POSTS, list(paths))
    known = {
        each.identity: pulls.known(transaction, each.identity[0], [each.identity[1]])[each.identity[1]].pk
        for each in paths.values()
    }
    posts = binding.posts_of(transaction, list(known.values()))
    rows = [(path, posts[known[each.identity]]) for path, each in paths.items() if path not in ours]
    if rows:
        upkeep.add_files(transaction, POSTS, rows)
