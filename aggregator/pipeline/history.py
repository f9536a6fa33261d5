"""The archive documents of the feeds (RFC 5005, section 4), and pages of them: file → dirty → posts → render → write.

Only documents that a new or changed post stands in are made again: the newest one of a feed as long as it fills up,
and full ones that a post was edited in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from aggregator import history, text
from aggregator.categories import heads
from aggregator.models import Archive, Document, OutputFeed, Publication, Source
from aggregator.pipeline.crew import Publishing
from aggregator.pipeline.shelf import LISTED, Before, Shelf
from aggregator.pipeline.station import Done, Station
from aggregator.pipeline.target import ARCHIVES, Changes, Target, add, note, remove, write_all
from aggregator.pipeline.written import Written, nothing, put
from aggregator.publish import addresses, atom, html
from aggregator.records import ArchiveState, Filing
from aggregator.stopwatch import Stopwatch
from aggregator.store import Transaction, archive, upkeep
from aggregator.store import history as kept
from aggregator.text import chunks

#: Archive documents that are made in one go, which ``stop`` does not end.
_SHARE = 20

#: Posts that wait to be put into archive documents, by folder.
Filings = Mapping[str, Sequence[Filing]]


class Window(Struct, frozen=True):
    """What a feed shows: its newest posts.  ``pks`` is None for a feed that shows all of them, of ``within``."""

    feed: OutputFeed
    within: tuple[str, ...] | None
    pks: tuple[int, ...] | None

    def posts(self, transaction: Transaction) -> Sequence[int]:
        """Return the numbers of the posts, newest first."""
        return archive.latest(transaction, self.within, 0) if self.pks is None else self.pks


def windows(
    transaction: Transaction, target: Target, sources: Sequence[Source], touched: AbstractSet[str] | None
) -> list[Window]:
    """Return what the feeds that have any of the sources ``touched`` show; None means every feed."""
    within = ((feed, ids_within(feed, sources)) for feed in target.publication.feeds)
    return [_window(transaction, feed, ids) for feed, ids in within if touched is None or not touched.isdisjoint(ids)]


def ids_within(feed: OutputFeed, sources: Iterable[Source]) -> tuple[str, ...]:
    """Return the ids of those of ``sources`` whose posts stand in ``feed``."""
    return tuple(source.id for source in sources if source.category[: len(feed.levels)] == feed.category)


def _window(transaction: Transaction, feed: OutputFeed, within: tuple[str, ...]) -> Window:
    chosen = within if feed.levels else None
    if not feed.limit:
        return Window(replace(feed, complete=True), chosen, None)
    pks = archive.latest(transaction, chosen, feed.limit + 1)
    return Window(replace(feed, complete=len(pks) <= feed.limit), chosen, tuple(pks[: feed.limit]))


def linked(transaction: Transaction, target: Target, window: Window, planned: Filings) -> Window:
    """Return ``window`` with the numbers of its feed's newest archive document, and of the page that goes on from it.

    ``planned`` are to be written, too.
    """
    if window.feed.complete or not target.archive:
        return window
    folder = window.feed.folder
    last = max((each.number for each in planned.get(folder, ())), default=None) or kept.last(transaction, folder)
    older = last and _first_older(transaction, window, last, planned)
    return replace(window, feed=replace(window.feed, last_archive=last, older_page=older))


def _first_older(transaction: Transaction, window: Window, last: int, planned: Filings) -> int | None:
    """Return the number of the newest archive document that holds a post which ``window`` does not show."""
    folder = window.feed.folder
    members = {pk for each in planned.get(folder, ()) if each.number == last for pk in each.posts}
    state = kept.newest(transaction, [folder]).get(folder)
    if state and state.number == last:
        members |= set(kept.members(transaction, state.pk))
    if not members <= set(window.pks or ()):
        return last
    return _place(transaction, folder, last, planned).previous


def publish(run: Publishing, pks: Sequence[int], shown: Sequence[Window], *, full: bool) -> list[int]:
    """Write the archive documents that gained posts, and those that ``pks`` stand in; with ``full``, all of every feed.

    Returns the numbers of the documents that are up to date then.
    """
    with run.watch("file"), run.store.writing() as transaction:
        if full:
            kept.unpublish(transaction)
        folders = set() if full else kept.touch(transaction, pks)
    with run.store.reading() as transaction:
        # A post that its source's category does not hold any more stands in archive documents of it still.
        known = {window.feed.folder for window in shown}
        others = [feed for feed in run.target.publication.feeds if feed.folder in folders - known]
        shown = [*shown, *(_window(transaction, feed, ids_within(feed, run.sources)) for feed in others)]
    return _write(run, shown, full=full)


def file(run: Publishing, pks: Sequence[int]) -> None:
    """Put the posts numbered ``pks`` into archive documents, where that is not decided."""
    with run.watch("file"), run.store.reading() as transaction:
        found = filings(transaction, run.target, run.sources, pks)
    if found:
        with run.watch("file"), run.store.writing() as transaction:
            filed = [each for group in found.values() for each in group]
            # Documents of one time get numbers beside each other, so that they are made one after the other.
            kept.file(transaction, sorted(filed, key=lambda filing: filing.posts[0]))


def filings(transaction: Transaction, target: Target, sources: Iterable[Source], pks: Sequence[int]) -> Filings:
    """Return which archive documents the posts numbered ``pks`` are to be put into, where that is not decided."""
    if not target.archive:
        return {}
    unfiled = kept.unfiled(transaction, pks, _folders(target.publication.feeds, sources))
    newest = kept.newest(transaction, unfiled)
    return {
        folder: list(history.filings(folder, newest.get(folder), posts, target.archive))
        for folder, posts in unfiled.items()
    }


def _folders(feeds: Iterable[OutputFeed], sources: Iterable[Source]) -> dict[str, list[str]]:
    # A feed without a limit has everything in it.
    folders = {feed.category: feed.folder for feed in feeds if feed.limit}
    return {
        source.id: [folders[head] for head in ((), *heads(source.category)) if head in folders] for source in sources
    }


def _write(run: Publishing, shown: Sequence[Window], *, full: bool) -> list[int]:
    store, target = run.store, run.target
    with store.reading() as transaction:
        todo = _tasks(transaction, target, shown, {})
        beside = [] if full else _beside(transaction, todo)
        todo = _in_order([*todo, *beside])
        paths = [path for task in todo if not task.state.empty for path in task.paths(target.publication)]
        needless = [task for task in todo if task.state.empty]
        needless += [] if full else _needless(transaction, shown)
        past = [path for task in needless for path in task.paths(target.publication)]
        known = upkeep.sure_files(transaction, ARCHIVES, None if full else [*paths, *past])
        # When everything is to be written again, entries may look different.
        written = Written({} if full else upkeep.digests(transaction, ARCHIVES, paths))
    # Before the files are noted, which tell of a document that comes or goes no more.
    also = [*beside, *(needless if known.intersection(past) else ())]
    if also:
        with run.watch("store"), store.writing() as transaction:
            kept.soil(transaction, [task.state.pk for task in also])
    new = [(path, None) for path in paths if path not in known]
    taken = note(store, target.feeds, ARCHIVES, new, known, run.watch)
    shares = [_share(part, target, known, written) for part in chunks(todo, _SHARE)]
    made = put(run, write_share, shares, ARCHIVES)
    if run.stop.is_set():
        return []
    written_now = [each for each in taken if each[0] in made]
    add(store, ARCHIVES, written_now, run.watch, {path: made[path] for path, _ in written_now})
    past = sorted((known | set(paths)) - set(made) - {path for path, _ in taken})
    remove(store, target.feeds, ARCHIVES, past, run.changes)
    return [task.state.pk for task in todo]


def write_share(station: Station, share: _Tasks) -> Done:
    """Write the archive documents of ``share``, all of whose files are noted."""
    changes, made, watch = Changes(), dict[str, str](), Stopwatch()

    def told(documents: Iterable[Document]) -> Iterator[Document]:
        for document in documents:
            made[document.path] = text.digest_bytes(document.body)
            yield document

    folder = station.outputs.feeds
    before = partial(share.written.read, folder)
    with station.store.reading() as transaction:
        documents = told(_documents(transaction, station.shelf, share.tasks, {}, before, watch))
        write_all(folder, ARCHIVES, documents, share.known, changes, watch)
    return Done(written=changes.written, made=made, unsynced=folder.take_unsynced(), seconds=watch.seconds())


def documents(
    transaction: Transaction,
    target: Target,
    shelf: Shelf,
    shown: Sequence[Window],
    planned: Filings,
    watch: Stopwatch,
) -> Iterator[Document]:
    """Yield every archive document of the feeds ``shown``, with the posts that are ``planned`` in them."""
    todo = _tasks(transaction, target, shown, planned, every=True)
    return _documents(transaction, shelf, todo, planned, nothing, watch)


class _Task(Struct, frozen=True):
    """An archive document to be made; ``posts`` are those that are planned in it."""

    feed: OutputFeed
    state: ArchiveState
    posts: tuple[int, ...] = ()

    def paths(self, publication: Publication) -> list[str]:
        pages = [addresses.page_path(self.feed, self.state.number)] if publication.has_pages else []
        return [addresses.archive_path(self.feed, self.state.number), *pages]


class _Tasks(Struct, frozen=True):
    """Archive documents to be made, the paths of those files among them that are ours already, and what they say."""

    tasks: Sequence[_Task]
    known: AbstractSet[str]
    written: Written


def _share(tasks: Sequence[_Task], target: Target, known: AbstractSet[str], written: Written) -> _Tasks:
    paths = [path for task in tasks for path in task.paths(target.publication)]
    return _Tasks(tasks, known & set(paths), written.of(paths))


def _needless(transaction: Transaction, shown: Iterable[Window]) -> list[_Task]:
    """Return the archive documents of those feeds that have, for lack of entries, everything in them (again)."""
    feeds = (window.feed for window in shown if window.feed.complete and window.feed.limit)
    return [_Task(feed, state) for feed in feeds for state in kept.documents(transaction, feed.folder, dirty=False)]


def _tasks(
    transaction: Transaction, target: Target, shown: Iterable[Window], planned: Filings, *, every: bool = False
) -> list[_Task]:
    if not target.archive:
        return []
    found: list[_Task] = []
    for feed in (window.feed for window in shown if not window.feed.complete):
        more = {each.number: each for each in planned.get(feed.folder, ())}
        for state in kept.documents(transaction, feed.folder, dirty=not every):
            new = more.pop(state.number, None)
            found.append(_Task(feed, state, new.posts if new else ()))
        states = (ArchiveState(pk=0, folder=feed.folder, number=number, filled=0) for number in more)
        found += [_Task(feed, state, more[state.number].posts) for state in states]
    return _in_order(found)


def _in_order(tasks: Iterable[_Task]) -> list[_Task]:
    # As they were begun: those of one time hold the same posts, in the feed of every level.
    return sorted(tasks, key=lambda task: task.state.pk or float("inf"))


def _beside(transaction: Transaction, todo: Sequence[_Task]) -> list[_Task]:
    """Return the neighbours of those of ``todo`` that come or go, which are to be linked anew."""
    paths = {task.state.pk: addresses.archive_path(task.feed, task.state.number) for task in todo}
    known = upkeep.known_files(transaction, ARCHIVES, list(paths.values()))
    changing = [task for task in todo if task.state.empty == (paths[task.state.pk] in known)]
    found = {state.pk: _Task(task.feed, state) for task in changing for state in kept.beside(transaction, task.state)}
    return [task for pk, task in found.items() if pk not in paths]


def _documents(
    transaction: Transaction,
    shelf: Shelf,
    todo: Sequence[_Task],
    planned: Filings,
    before: Before,
    watch: Stopwatch,
) -> Iterator[Document]:
    publication = shelf.publication
    kinds = ["atom", LISTED] if publication.has_pages else ["atom"]
    for task in todo:
        with watch("select"):
            pks = [*kept.members(transaction, task.state.pk), *task.posts]
            place = _place(transaction, task.feed.folder, task.state.number, planned)
            shelf.recall(transaction, "atom", addresses.archive_path(task.feed, task.state.number), before, pks)
        found = shelf.entries(transaction, kinds, pks, watch)
        newest_first = sorted(found["atom"], key=lambda pk: (found["atom"][pk].published, pk), reverse=True)
        if newest_first:
            with watch("render"):
                entries = [found["atom"][pk] for pk in newest_first]
                document = atom.archive(publication, task.feed, place, entries)
            yield document
            if LISTED in kinds:
                with watch("render"):
                    page = html.archive(publication, task.feed, place, [found[LISTED][pk] for pk in newest_first])
                yield page


def _place(transaction: Transaction, folder: str, number: int, planned: Filings) -> Archive:
    previous, following = kept.neighbours(transaction, folder, number)
    more = [each.number for each in planned.get(folder, ())]
    return Archive(
        number=number,
        previous=max((each for each in more if each < number), default=previous),
        following=min((each for each in more if each > number), default=following),
    )
