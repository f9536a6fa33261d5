"""PUBLISH: dirty → posts → render → write → clean.

A file is noted as ours before it is written, and a post counts as published only after all of its outputs
were written: whatever a crash interrupts is done again, with the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from threading import Event

from msgspec.structs import replace

from aggregator import frontmatter, urls
from aggregator.models import Document, Source, Subscription
from aggregator.pipeline import health, history
from aggregator.pipeline.history import Window
from aggregator.pipeline.pending import Pending
from aggregator.pipeline.shelf import Shelf
from aggregator.pipeline.target import ARCHIVES, FEEDS, HEALTH, POSTS, Changes, Target, remove, write
from aggregator.publish import facts, html, opml
from aggregator.publish.formats import FORMATS
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, Transaction, archive, pulls, tombstones, upkeep
from aggregator.store import history as kept
from aggregator.text import chunks

#: Posts rendered, noted and written at a time: memory stays flat whatever is published.
_BATCH = 200
#: Posts of a feed that stand in memory in all formats at once, so that each is read once.
_FEW = 1_000
#: How addresses begin that nobody else can follow.
_OURS_ALONE = ("file:", urls.NOWHERE)


def publish(
    store: Store,
    sources: Sequence[Source],
    target: Target,
    waiting: Pending,
    *,
    full: bool,
    stop: Event,
    watch: Stopwatch,
) -> Changes:
    """Write the outputs of what is ``waiting``; with ``full``, every output.

    Only files whose content differs are written.  Once ``stop`` is set it ends early, and the next call
    does the rest.  Raises OutputError or DatabaseError; what was not published stays marked.
    """
    changes = Changes()
    with store.reading() as transaction:
        pks = archive.everything(transaction) if full else waiting.posts
        touched = None if full else archive.carriers(transaction, pks) | waiting.bereft
    if full or waiting.events:
        health.write(store, target, changes, watch)
    if not full and not pks and not waiting.bereft:
        return changes
    for batch in chunks(pks, _BATCH):
        if stop.is_set():
            return changes
        _write_posts(store, target, batch, changes, watch)
    if stop.is_set():
        return changes
    with watch("select"), store.reading() as transaction:
        windows = history.windows(transaction, target, sources, touched)
    # Before the feeds, which point to them.
    shelf = Shelf(target.publication)
    written = history.publish(store, target, shelf, sources, pks, windows, changes, stop, watch, full=full)
    if stop.is_set():
        return changes
    with store.reading() as transaction:
        windows = [history.linked(transaction, target, window, {}) for window in windows]
    _write_feeds(store, target, shelf, sources, windows, changes, watch, full=full)
    if full:
        _sweep_posts(store, target, set(pks), changes)
    with watch("write"):
        target.feeds.sync()
    with watch("store"), store.writing() as transaction:
        kept.clean(transaction, written)
        archive.clean(transaction, waiting.posts, waiting.bereft)
    return changes


def preview(transaction: Transaction, sources: Sequence[Source], target: Target) -> Changes:
    """Return what ``publish`` with ``full`` would write and remove; nothing is touched."""
    watch = Stopwatch()
    pks = archive.everything(transaction)
    posts = [each for _, each in _post_documents(transaction, target, pks, watch)]
    windows = history.windows(transaction, target, sources, None)
    planned = history.filings(transaction, target, sources, pks)
    shelf = Shelf(target.publication)
    archives = list(history.documents(transaction, target, shelf, windows, planned, watch))
    windows = [history.linked(transaction, target, window, planned) for window in windows]
    feeds = list(_feed_documents(transaction, shelf, sources, windows, watch))
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


def _write_posts(store: Store, target: Target, pks: Sequence[int], changes: Changes, watch: Stopwatch) -> None:
    with store.reading() as transaction:
        made = list(_post_documents(transaction, target, pks, watch))
        before = upkeep.files_of(transaction, POSTS, pks)
    known = {path for path, _ in before}
    paths = {pk: document.path for pk, document in made}
    if any(path not in known for path in paths.values()):
        with watch("store"), store.writing() as transaction:
            upkeep.add_files(transaction, POSTS, ((path, pk) for pk, path in paths.items()))
    for _, document in made:
        write(target.posts, POSTS, document, known, changes, watch)
    # A post that moved to another category leaves no copy behind.
    remove(store, target.posts, POSTS, [path for path, pk in before if paths.get(pk) != path], changes)


def _write_feeds(
    store: Store,
    target: Target,
    shelf: Shelf,
    sources: Sequence[Source],
    windows: Sequence[Window],
    changes: Changes,
    watch: Stopwatch,
    *,
    full: bool,
) -> None:
    made: set[str] = set()
    with store.reading() as transaction:
        known = upkeep.files(transaction, FEEDS)
        for document in _feed_documents(transaction, shelf, sources, windows, watch):
            made.add(document.path)
            if document.path not in known:
                with watch("store"), store.writing() as noting:
                    upkeep.add_files(noting, FEEDS, [(document.path, None)])
            write(target.feeds, FEEDS, document, known, changes, watch)
            del document  # before the next one is rendered: a feed without a limit is large
    if full:
        remove(store, target.feeds, FEEDS, sorted(known - made), changes)


def _sweep_posts(store: Store, target: Target, published: AbstractSet[int], changes: Changes) -> None:
    with store.reading() as transaction:
        gone = upkeep.files_of_others(transaction, POSTS, published)
    remove(store, target.posts, POSTS, gone, changes)


def _post_documents(
    transaction: Transaction, target: Target, pks: Sequence[int], watch: Stopwatch
) -> Iterator[tuple[int, Document]]:
    for pk, post in archive.posts(transaction, pks):
        with watch("render"):
            shown = facts.credited(target.publication, post)
            body = frontmatter.render(shown, comments=target.comments, style=target.style).encode()
        path = target.folder_of(post.category) + frontmatter.file_name(post, target.style)
        yield pk, Document(path=path, body=body)


def _feed_documents(
    transaction: Transaction, shelf: Shelf, sources: Sequence[Source], windows: Sequence[Window], watch: Stopwatch
) -> Iterator[Document]:
    publication = shelf.publication
    deletions = tombstones.shown(transaction)
    for window in windows:
        with watch("select"):
            pks = window.posts(transaction)
        stood_here = [each for each, ids in deletions if window.within is None or not ids.isdisjoint(window.within)]
        feed = replace(window.feed, deleted=tuple(stood_here))
        for names in [publication.formats] if len(pks) <= _FEW else [[name] for name in publication.formats]:
            found = shelf.entries(transaction, names, pks, watch)
            for name in names:
                with watch("render"):
                    entries = found.pop(name)
                    document = FORMATS[name].document(publication, feed, list(entries.values()))
                yield document
                del document, entries
    listed = _subscriptions(transaction, sources)
    yield opml.render(publication.site, listed, publication.created)
    if "html" in publication.formats:
        yield html.sources(publication, listed)


def subscriptions(transaction: Transaction, target: Target, sources: Sequence[Source]) -> Document:
    """Return the sources as OPML, titled as feeds.yaml or their feeds say."""
    return opml.render(target.publication.site, _subscriptions(transaction, sources), target.publication.created)


def _subscriptions(transaction: Transaction, sources: Sequence[Source]) -> list[Subscription]:
    states, newest = pulls.states(transaction), archive.newest(transaction)
    return [
        Subscription(
            title=source.title or states[source.id].info.title or source.id,
            feed=urls.public(source.url),
            url=states[source.id].info.link,
            category=source.category,
            newest=newest.get(source.id),
            gone=states[source.id].gone,
            enabled=source.enabled,
        )
        for source in sources
        if source.id in states and not source.url.lower().startswith(_OURS_ALONE)
    ]
