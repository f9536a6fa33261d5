"""What publishing would change for readers: the feeds that stand in the output folder against what is to come.

It looks at feeds.yaml as it is now, not as the database knows it, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from aggregator.models import OutputFeed, Source
from aggregator.pipeline import history
from aggregator.pipeline.target import FEEDS, Target
from aggregator.publish import addresses, readback
from aggregator.store import Store, Transaction, archive, pulls, upkeep


class Line(Struct, frozen=True, kw_only=True):
    """An entry of a feed: its id and its title."""

    id: str
    title: str


class FeedPlan(Struct, frozen=True, kw_only=True):
    """A feed by the path of its Atom document, and what would come of it.

    ``before`` and ``after`` are its numbers of entries, None where there is no such feed.  ``appear`` and ``vanish``
    are entries, newest first; ``older`` are those that only make room: they stay in the archive.
    """

    path: str
    title: str
    before: int | None
    after: int | None
    appear: tuple[Line, ...] = ()
    vanish: tuple[Line, ...] = ()
    older: tuple[Line, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether readers of the feed would see anything else than now."""
        return self.before is None or self.after is None or bool(self.appear or self.vanish or self.older)


class Plan(Struct, frozen=True, kw_only=True):
    """What would change, by feed, and the ids of the sources that feeds.yaml adds and leaves out."""

    feeds: tuple[FeedPlan, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


def plan(store: Store, sources: Sequence[Source], target: Target) -> Plan:
    """Return what ``publish`` would change for readers of the feeds; raises DatabaseError or OutputError."""
    with store.reading() as transaction:
        listed = pulls.states(transaction)
        renamed = pulls.renamed(transaction, sources)
        sources = [replace(source, id=renamed.get(source.id, source.id)) for source in sources]
        feeds = [_feed(transaction, target, feed, sources) for feed in target.publication.feeds]
        paths = {each.path for each in feeds}
        gone = (path for path in sorted(upkeep.files(transaction, FEEDS) - paths) if path.endswith(addresses.ATOM.file))
        feeds += [_gone(target, path) for path in gone]
    wanted = [source.id for source in sources]
    return Plan(
        feeds=tuple(feeds),
        added=tuple(each for each in wanted if each not in listed),
        removed=tuple(sorted(listed.keys() - set(wanted))),
    )


def _feed(transaction: Transaction, target: Target, feed: OutputFeed, sources: Iterable[Source]) -> FeedPlan:
    within = history.ids_within(feed, sources)
    after = archive.titles(transaction, archive.latest(transaction, within, feed.limit))
    path = feed.folder + addresses.ATOM.file
    before = _published(target, path)
    left = [each for each in before or {} if each not in after]
    carriers = archive.carriers_by_id(transaction, left)
    stays = {each for each in left if not carriers.get(each, frozenset()).isdisjoint(within)}
    return FeedPlan(
        path=path,
        title=feed.title,
        before=None if before is None else len(before),
        after=len(after),
        appear=_lines(after, (each for each in after if each not in (before or {}))),
        vanish=_lines(before or {}, (each for each in left if each not in stays)),
        older=_lines(before or {}, (each for each in left if each in stays)),
    )


def _gone(target: Target, path: str) -> FeedPlan:
    before = _published(target, path) or {}
    return FeedPlan(path=path, title="", before=len(before), after=None, vanish=_lines(before, before))


def _published(target: Target, path: str) -> Mapping[str, str] | None:
    body = target.feeds.read(path)
    return None if body is None else readback.entries(body)


def _lines(titles: Mapping[str, str], ids: Iterable[str]) -> tuple[Line, ...]:
    return tuple(Line(id=each, title=titles[each]) for each in ids)
