"""PUBLISH: dirty → posts → render → write → clean.

A file is noted as ours before it is written, and a post counts as published only after all of its outputs
were written: whatever a crash interrupts is done again, with the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from threading import Event

from aggregator import PROJECT_URL, frontmatter, urls
from aggregator.models import Document, Publication, Source, Subscription
from aggregator.publish import FORMATS, opml
from aggregator.publish.files import OutputFolder
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, Transaction, archive, pulls, upkeep
from aggregator.text import chunks

#: Posts rendered, noted and written at a time: memory stays flat whatever is published.
_BATCH = 200

#: The part of a front-matter post that no other post has.
_ID_LINE = re.compile(rb"^id: .+$", re.MULTILINE)
#: As many bytes as declare a feed's format and name its title.
_BEGINNING = 100

FEEDS, POSTS = "feeds", "posts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where outputs go: ``feeds`` takes feeds and pages, ``posts`` front-matter posts.

    ``folder_of`` turns a category path into a folder below ``posts``; ``comments`` is the constant of the
    front matter.
    """

    publication: Publication
    feeds: OutputFolder
    posts: OutputFolder
    folder_of: Callable[[tuple[str, ...]], str]
    comments: bool


@dataclass(slots=True)
class Changes:
    """The files that were, or would be, written and removed, as ``folder: path``."""

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def publish(
    store: Store,
    sources: Sequence[Source],
    target: Target,
    *,
    full: bool,
    stop: Event,
    watch: Stopwatch,
) -> Changes:
    """Write the outputs of what changed since the last time; with ``full``, every output.

    Only files whose content differs are written.  Once ``stop`` is set it ends early, and the next call
    does the rest.  Raises OutputError or DatabaseError; what was not published stays marked.
    """
    changes = Changes()
    with store.reading() as transaction:
        waiting = archive.dirty(transaction)
        pks = archive.everything(transaction) if full else waiting
        touched = None if full else archive.carriers(transaction, pks)
    if not full and not pks:
        return changes
    for batch in chunks(pks, _BATCH):
        if stop.is_set():
            return changes
        _write_posts(store, target, batch, changes, watch)
    if stop.is_set():
        return changes
    _write_feeds(store, target, sources, touched, changes, watch)
    if full:
        _sweep_posts(store, target, set(pks), changes)
    with watch("store"), store.writing() as transaction:
        archive.clean(transaction, waiting)
    return changes


def preview(store: Store, sources: Sequence[Source], target: Target) -> Changes:
    """Return what ``publish`` with ``full`` would write and remove; nothing is touched."""
    watch = Stopwatch()
    with store.reading() as transaction:
        posts = [each for _, each in _post_documents(transaction, target, archive.everything(transaction), watch)]
        feeds = list(_feed_documents(transaction, target, sources, None, watch))
        changes = Changes()
        for name, folder, documents in ((POSTS, target.posts, posts), (FEEDS, target.feeds, feeds)):
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
        _write(target.posts, POSTS, document, known, changes, watch)
    # A post that moved to another category leaves no copy behind.
    _remove(store, target.posts, POSTS, [path for path, pk in before if paths.get(pk) != path], changes)


def _write_feeds(
    store: Store,
    target: Target,
    sources: Sequence[Source],
    touched: AbstractSet[str] | None,
    changes: Changes,
    watch: Stopwatch,
) -> None:
    made: set[str] = set()
    with store.reading() as transaction:
        known = upkeep.files(transaction, FEEDS)
        for document in _feed_documents(transaction, target, sources, touched, watch):
            made.add(document.path)
            if document.path not in known:
                with watch("store"), store.writing() as noting:
                    upkeep.add_files(noting, FEEDS, [(document.path, None)])
            _write(target.feeds, FEEDS, document, known, changes, watch)
            del document  # before the next one is rendered: a feed without a limit is large
    if touched is None:
        _remove(store, target.feeds, FEEDS, sorted(known - made), changes)


def _sweep_posts(store: Store, target: Target, published: AbstractSet[int], changes: Changes) -> None:
    with store.reading() as transaction:
        gone = upkeep.files_of_others(transaction, POSTS, published)
    _remove(store, target.posts, POSTS, gone, changes)


def _write(
    folder: OutputFolder, name: str, document: Document, known: AbstractSet[str], changes: Changes, watch: Stopwatch
) -> None:
    with watch("write"):
        changed = folder.write(document, ours=document.path in known or _is_ours(folder, document))
    if changed:
        changes.written.append(f"{name}: {document.path}")


def _is_ours(folder: OutputFolder, document: Document) -> bool:
    # A database that was lost has forgotten its files: what names this program, starts as our document does,
    # or is a post of the very same id was made by us.
    before = folder.read(document.path) or b""
    same_id = _ID_LINE.search(document.body)
    return (
        PROJECT_URL.encode() in before
        or before[:_BEGINNING] == document.body[:_BEGINNING]
        or bool(same_id and same_id[0] in before)
    )


def _remove(store: Store, folder: OutputFolder, name: str, paths: Sequence[str], changes: Changes) -> None:
    if not paths:
        return
    for path in paths:
        folder.remove(path)
        changes.removed.append(f"{name}: {path}")
    with store.writing() as transaction:
        upkeep.drop_files(transaction, name, paths)


def _post_documents(
    transaction: Transaction, target: Target, pks: Sequence[int], watch: Stopwatch
) -> Iterator[tuple[int, Document]]:
    for pk, post in archive.posts(transaction, pks):
        with watch("render"):
            body = frontmatter.render(post, comments=target.comments).encode()
        yield pk, Document(path=f"{target.folder_of(post.category)}{post.name}.md", body=body)


def _feed_documents(
    transaction: Transaction,
    target: Target,
    sources: Sequence[Source],
    touched: AbstractSet[str] | None,
    watch: Stopwatch,
) -> Iterator[Document]:
    for feed in target.publication.feeds:
        within = [source.id for source in sources if source.category[: len(feed.levels)] == feed.category]
        if touched is not None and touched.isdisjoint(within):
            continue
        with watch("select"):
            pks = archive.latest(transaction, within if feed.levels else None, feed.limit)
            posts = [post for _, post in archive.posts(transaction, pks)]
        for name in target.publication.formats:
            with watch("render"):
                documents = list(FORMATS[name].render(target.publication, feed, posts))
            while documents:  # each is let go of as soon as it is written: a feed without a limit is large
                yield documents.pop(0)
        posts.clear()
    yield subscriptions(transaction, target, sources)


def subscriptions(transaction: Transaction, target: Target, sources: Sequence[Source]) -> Document:
    """Return the sources as OPML, titled as feeds.yaml or their feeds say."""
    infos = {name: state.info for name, state in pulls.states(transaction).items()}
    listed = [
        Subscription(
            title=source.title or infos[source.id].title or source.id,
            feed=urls.public(source.url),
            url=infos[source.id].link,
            category=source.category,
        )
        for source in sources
        if source.id in infos
    ]
    return opml.render(target.publication.site, listed, target.publication.created)
