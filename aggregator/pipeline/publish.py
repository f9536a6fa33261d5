"""PUBLISH: dirty → posts → render → write → clean.

A file is noted as ours before it is written, and a post counts as published only after all of its outputs
were written: whatever a crash interrupts is done again, with the same bytes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from aggregator import frontmatter, text, urls
from aggregator.models import Document, Publication, Source, Subscription
from aggregator.pipeline import health, history
from aggregator.pipeline.crew import Publishing
from aggregator.pipeline.history import Window
from aggregator.pipeline.pending import Pending
from aggregator.pipeline.shelf import Before, Shelf
from aggregator.pipeline.station import Done, Station
from aggregator.pipeline.target import (
    ARCHIVES,
    FEEDS,
    HEALTH,
    POSTS,
    Changes,
    File,
    Outputs,
    Target,
    add,
    note,
    remove,
    write,
)
from aggregator.pipeline.written import Written, nothing, put
from aggregator.publish import facts, html, opml
from aggregator.publish.addresses import OPML
from aggregator.publish.formats import FORMATS
from aggregator.stopwatch import Stopwatch
from aggregator.store import Transaction, archive, pulls, tombstones, upkeep
from aggregator.store import history as kept
from aggregator.text import chunks

#: Posts rendered, noted and written at a time: memory stays flat whatever is published.
_BATCH = 200
#: Posts that are put into archive documents at a time, where they are not new.
_PART = 5_000
#: Posts of a feed that stand in memory in all formats at once, so that each is read once.
_FEW = 1_000
#: Feeds that are made in one go, which ``stop`` does not end.
_FEEDS = 4
#: How addresses begin that nobody else can follow.
_OURS_ALONE = ("file:", urls.NOWHERE)


def publish(run: Publishing, waiting: Pending, new: Sequence[int], *, full: bool) -> None:
    """Write the outputs of what is ``waiting``; with ``full``, every output.

    Posts numbered ``new``, in order, were handed to ``write_posts`` already.  Only files whose content differs are
    written.  Raises OutputError or DatabaseError; what was not published stays marked.
    """
    with run.store.reading() as transaction:
        pks = array("q", archive.everything(transaction)) if full else waiting.posts
        touched = None if full else archive.carriers(transaction, pks) | waiting.bereft
    if full or waiting.events or waiting.bereft:
        health.write(run)
    if not full and not pks and not waiting.bereft:
        return
    run.crew.expect(len(pks))
    left = array("q", (pk for pk in pks if not _is_among(new, pk)))
    write_posts(run, chunks(left, _PART))
    if run.stop.is_set():
        return
    with run.watch("select"), run.store.reading() as transaction:
        windows = history.windows(transaction, run.target, run.sources, touched)
    # Before the feeds, which point to them.
    up_to_date = history.publish(run, left, windows, full=full)
    if run.stop.is_set():
        return
    with run.store.reading() as transaction:
        windows = [history.linked(transaction, run.target, window, {}) for window in windows]
    _write_feeds(run, windows, full=full)
    if run.stop.is_set():
        return
    if full:
        _sweep_posts(run)
    with run.watch("write"):
        run.target.feeds.sync()
    with run.watch("store"), run.store.writing() as transaction:
        kept.clean(transaction, up_to_date)
        archive.clean(transaction, waiting.posts, waiting.bereft)


def _is_among(numbers: Sequence[int], pk: int) -> bool:
    place = bisect_left(numbers, pk)  # a set of half a million would take 40 MB
    return place < len(numbers) and numbers[place] == pk


def preview(transaction: Transaction, sources: Sequence[Source], target: Target) -> Changes:
    """Return what ``publish`` with ``full`` would write and remove; nothing is touched."""
    watch = Stopwatch()
    pks = archive.everything(transaction)
    paths = {post.pk: target.path_of(post) for post in archive.places(transaction, pks)}
    posts = list(_post_documents(transaction, target.outputs, paths, watch))
    windows = history.windows(transaction, target, sources, None)
    planned = history.filings(transaction, target, sources, pks)
    shelf = Shelf(target.publication)
    archives = list(history.documents(transaction, target, shelf, windows, planned, watch))
    windows = [history.linked(transaction, target, window, planned) for window in windows]
    feeds = list(_feed_documents(transaction, shelf, windows, nothing, watch))
    feeds += _listings(transaction, target.publication, sources)
    changes = Changes()
    ill = [health.document(transaction, target)]
    parts = (
        (POSTS, target.posts, posts),
        (ARCHIVES, target.feeds, archives),
        (FEEDS, target.feeds, feeds),
        (HEALTH, target.feeds, ill),
    )
    for name, folder, documents in parts:
        changes.written += [f"{name}: {each.path}" for each in documents if folder.differs(each)]
        gone = upkeep.files(transaction, name) - {each.path for each in documents}
        changes.removed += [f"{name}: {path}" for path in sorted(gone)]
    return changes


class Posts(Struct, frozen=True):
    """Posts to be written: the path of each by its number, and which of the paths are ours."""

    paths: Mapping[int, str]
    known: frozenset[str]


def write_share(station: Station, share: Posts) -> Done:
    """Write the posts of ``share``, all of whose files are noted."""
    outputs, changes, watch = station.outputs, Changes(), Stopwatch()
    with station.store.reading() as transaction:
        # One after the other: to render and to write by turns takes a sixth longer, as each forgets the other's memory.
        documents = list(_post_documents(transaction, outputs, share.paths, watch))
    for document in documents:
        write(outputs.posts, POSTS, document, share.known, changes, watch)
    return Done(written=changes.written, seconds=watch.seconds())


def file_waiting(run: Publishing) -> None:
    """Put what waits into archive documents: posts that an earlier run was broken off over come before new ones."""
    with run.store.reading() as transaction:
        pks = array("q", archive.dirty(transaction))
    for part in chunks(pks, _PART):
        history.file(run, part)


def write_posts(run: Publishing, numbered: Iterable[Sequence[int]]) -> None:
    """Write the files of posts and put these into archive documents, as their numbers come.

    Once ``run`` is to stop no more are begun, or asked for.  Raises OutputError or DatabaseError.
    """
    past: list[str] = []
    taken: list[File] = []

    def shares() -> Iterator[Posts]:
        for pks in numbered:
            for batch in chunks(pks, _BATCH):
                yield _noted(run, batch, past, taken)
            history.file(run, pks)

    run.crew.spread(write_share, shares(), lambda done: run.changes.add_written(done.written), run.stop, run.watch)
    if not run.stop.is_set():
        add(run.store, POSTS, taken, run.watch)
    remove(run.store, run.target.posts, POSTS, past, run.changes)


def _noted(run: Publishing, pks: Sequence[int], past: list[str], taken: list[File]) -> Posts:
    """Note the files of the posts numbered ``pks``; those that are not yet ours join ``taken``.

    Those in which they stood before and do not now join ``past``.
    """
    with run.watch("select"), run.store.reading() as transaction:
        paths = {post.pk: run.target.path_of(post) for post in archive.places(transaction, pks)}
        before = upkeep.files_of(transaction, POSTS, pks)
    noted = set(before)
    known = frozenset(path for path, _ in before)
    new = [(path, pk) for pk, path in paths.items() if (path, pk) not in noted]
    taken += note(run.store, run.target.posts, POSTS, new, known, run.watch)
    # A post that moved to another category leaves no copy behind.
    past += [path for path, pk in before if paths.get(pk) != path]
    return Posts(paths, known)


class Feeds(Struct, frozen=True):
    """What feeds to be written show, which files are ours, and what these say."""

    windows: Sequence[Window]
    known: AbstractSet[str]
    written: Written


def write_feeds(station: Station, share: Feeds) -> Done:
    """Write the documents of the feeds of ``share``, all of whose files are noted."""
    folder, changes, made, watch = station.outputs.feeds, Changes(), dict[str, str](), Stopwatch()
    before = partial(share.written.read, folder)
    with station.store.reading() as transaction:
        for document in _feed_documents(transaction, station.shelf, share.windows, before, watch):
            made[document.path] = text.digest_bytes(document.body)
            write(folder, FEEDS, document, share.known, changes, watch)
            del document  # before the next one is rendered: a feed without a limit is large
    return Done(written=changes.written, made=made, unsynced=folder.take_unsynced(), seconds=watch.seconds())


def _write_feeds(run: Publishing, windows: Sequence[Window], *, full: bool) -> None:
    store, target = run.store, run.target
    with store.reading() as transaction:
        known = upkeep.sure_files(transaction, FEEDS)
        feeds = list(_paths(target.publication, windows))
        # When everything is to be written again, entries may look different.
        written = Written({} if full else upkeep.digests(transaction, FEEDS, feeds))
    wanted = {*feeds, *_listing_paths(target.publication)}
    taken = note(store, target.feeds, FEEDS, [(path, None) for path in sorted(wanted - known)], known, run.watch)
    shares = [_share(part, target, known, written) for part in chunks(windows, _FEEDS)]
    made = put(run, write_feeds, shares, FEEDS)
    if run.stop.is_set():
        return
    run.crew.dismiss()
    digests = {path: made[path] for path, _ in taken if path in made}
    with store.reading() as transaction:
        # With what memory the crew had, and one by one: of 10,000 sources each takes some 10 MB.
        for document in _listings(transaction, target.publication, run.sources):
            write(target.feeds, FEEDS, document, known, run.changes, run.watch)
            digests[document.path] = text.digest_bytes(document.body)
    add(store, FEEDS, taken, run.watch, digests)
    if full:
        remove(store, target.feeds, FEEDS, sorted(known - wanted), run.changes)


def _share(windows: Sequence[Window], target: Target, known: AbstractSet[str], written: Written) -> Feeds:
    paths = list(_paths(target.publication, windows))
    return Feeds(windows, known & set(paths), written.of(paths))


def _paths(publication: Publication, windows: Iterable[Window]) -> Iterator[str]:
    return (window.feed.folder + FORMATS[name].file for window in windows for name in publication.formats)


def _sweep_posts(run: Publishing) -> None:
    with run.store.reading() as transaction:
        gone = upkeep.files_of_no_post(transaction, POSTS)
    remove(run.store, run.target.posts, POSTS, gone, run.changes)


def _post_documents(
    transaction: Transaction, outputs: Outputs, paths: Mapping[int, str], watch: Stopwatch
) -> Iterator[Document]:
    for pk, post in archive.posts(transaction, list(paths)):
        with watch("render"):
            shown = facts.credited(outputs.publication, post)
            body = frontmatter.render(shown, comments=outputs.comments, style=outputs.style).encode()
        yield Document(path=paths[pk], body=body)


def _feed_documents(
    transaction: Transaction, shelf: Shelf, windows: Sequence[Window], before: Before, watch: Stopwatch
) -> Iterator[Document]:
    publication = shelf.publication
    deletions = tombstones.shown(transaction)
    for window in windows:
        with watch("select"):
            pks = window.posts(transaction)
        stood_here = [each for each, ids in deletions if window.within is None or not ids.isdisjoint(window.within)]
        feed = replace(window.feed, deleted=tuple(stood_here))
        few = len(pks) <= _FEW
        with watch("select"):
            for name in publication.formats if few else ():
                shelf.recall(transaction, name, feed.folder + FORMATS[name].file, before, pks)
        for names in [publication.formats] if few else [[name] for name in publication.formats]:
            found = shelf.entries(transaction, names, pks, watch)
            for name in names:
                with watch("render"):
                    entries = found.pop(name)
                    document = FORMATS[name].document(publication, feed, list(entries.values()))
                yield document
                del document, entries


def _listing_paths(publication: Publication) -> list[str]:
    return [OPML.file, *([html.SOURCES] if publication.has_pages else [])]


def _listings(transaction: Transaction, publication: Publication, sources: Sequence[Source]) -> Iterator[Document]:
    """Yield what lists the sources."""
    listed = _subscriptions(transaction, sources)
    yield opml.render(publication.site, listed, publication.created)
    if publication.has_pages:
        yield html.sources(publication, listed)


def subscriptions(transaction: Transaction, target: Target, sources: Sequence[Source]) -> Document:
    """Return the sources as OPML, titled as feeds.yaml or their feeds say."""
    return opml.render(target.publication.site, _subscriptions(transaction, sources), target.publication.created)


def _subscriptions(transaction: Transaction, sources: Sequence[Source]) -> list[Subscription]:
    told, newest = pulls.listed(transaction), archive.newest(transaction)
    return [
        Subscription(
            title=source.title or told[source.id].title or source.id,
            feed=source.public_url or urls.public(source.url),
            url=told[source.id].link,
            category=source.category,
            newest=newest.get(source.id),
            gone=told[source.id].gone,
            enabled=source.enabled,
        )
        for source in sources
        if source.id in told and not source.url.lower().startswith(_OURS_ALONE)
    ]
