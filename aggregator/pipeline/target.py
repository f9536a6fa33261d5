"""Where outputs go, and how a file gets there: noted as ours before it is written, and only when it differs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct, field

from aggregator import PROJECT_URL, frontmatter
from aggregator.frontmatter import Style
from aggregator.models import Document, Publication
from aggregator.publish.files import OutputFolder
from aggregator.records import Placed
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, upkeep

#: The groups of files that we wrote; archive documents stand in the folder of the feeds.
FEEDS, POSTS, ARCHIVES, HEALTH = "feeds", "posts", "archives", "health"

#: A file that we wrote: its path, and the number of the post that it is of, None for other outputs.
File = tuple[str, int | None]

#: As many bytes as declare a feed's format and name its title.
_BEGINNING = 100
#: Files that are written side by side.
_WRITERS = 4


class Outputs(Struct, frozen=True, kw_only=True):
    """How outputs are made: ``feeds`` takes feeds and pages, ``posts`` front-matter posts.

    ``comments`` is the constant of the front matter, ``style`` how the site generator takes them.
    """

    publication: Publication
    feeds: OutputFolder
    posts: OutputFolder
    comments: bool
    style: Style


class Target(Struct, frozen=True, kw_only=True):
    """Where outputs go, and how they are made.

    ``folder_of`` turns a category path into a folder below that of the posts.  ``archive`` is the number of entries in
    an archive document, 0 where none are made; ``tombstones`` is how long feeds tell of posts that were taken out.
    """

    outputs: Outputs
    folder_of: Callable[[tuple[str, ...]], str]
    archive: int
    tombstones: timedelta

    @property
    def publication(self) -> Publication:
        return self.outputs.publication

    @property
    def feeds(self) -> OutputFolder:
        return self.outputs.feeds

    @property
    def posts(self) -> OutputFolder:
        return self.outputs.posts

    def path_of(self, post: Placed) -> str:
        """Return the path of a post's file below ``posts``."""
        return self.folder_of(post.category) + frontmatter.file_name(post.name, post.published, self.outputs.style)


class FileLog(Protocol):
    """Is told of the files that were written and removed, as ``folder: path``."""

    def add_written(self, names: Sequence[str]) -> None: ...

    def add_removed(self, names: Sequence[str]) -> None: ...


class Changes(Struct):
    """The files that were, or would be, written and removed, as ``folder: path``.

    ``left`` are folders of outputs that feeds.yaml does not name any more.
    """

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left: tuple[Path, ...] = ()

    def add_written(self, names: Sequence[str]) -> None:
        self.written += names

    def add_removed(self, names: Sequence[str]) -> None:
        self.removed += names


class Counts(Struct):
    """How many files were written and removed, for who does not ask for their names: those of a first cycle are many.

    400,000 take 50 MB.
    """

    written: int = 0
    removed: int = 0

    def add_written(self, names: Sequence[str]) -> None:
        self.written += len(names)

    def add_removed(self, names: Sequence[str]) -> None:
        self.removed += len(names)


def write_all(
    folder: OutputFolder,
    name: str,
    documents: Iterable[Document],
    known: AbstractSet[str],
    changes: FileLog,
    watch: Stopwatch,
) -> None:
    """Write ``documents`` as they come, several side by side while the next ones are made: a disk answers late.

    All that were taken are done with when this returns or raises the first OutputError.
    """
    under_way: deque[tuple[Document, Future[bool]]] = deque()

    def finish() -> None:
        document, written = under_way.popleft()
        if written.result():
            changes.add_written([f"{name}: {document.path}"])

    with ThreadPoolExecutor(_WRITERS, "write") as threads:
        for document in documents:
            under_way.append((document, threads.submit(_written, folder, document, known, watch)))
            if len(under_way) > 2 * _WRITERS:
                finish()
        while under_way:
            finish()


def write(
    folder: OutputFolder, name: str, document: Document, known: AbstractSet[str], changes: FileLog, watch: Stopwatch
) -> None:
    """Write ``document``, of the group of files ``name``, where it differs, and tell ``changes``; raises OutputError.

    What stands there must be one of the paths ``known`` as ours, or look like ours.
    """
    if _written(folder, document, known, watch):
        changes.add_written([f"{name}: {document.path}"])


def _written(folder: OutputFolder, document: Document, known: AbstractSet[str], watch: Stopwatch) -> bool:
    with watch("write"):
        return folder.write(document, ours=document.path in known or partial(_is_ours, document))


def _is_ours(document: Document, before: bytes) -> bool:
    # A database that was lost has forgotten its files: what names this program, starts as our document does,
    # or is a post of the very same id was made by us.
    post_id = frontmatter.id_in(document.body)
    return (
        PROJECT_URL.encode() in before
        or before[:_BEGINNING] == document.body[:_BEGINNING]
        or (post_id is not None and post_id == frontmatter.id_in(before))
    )


def note(
    store: Store,
    folder: OutputFolder,
    name: str,
    wanted: Iterable[File],
    known: AbstractSet[str],
    watch: Stopwatch,
) -> list[File]:
    """Note the files ``wanted`` before they are written; return those that are not yet ours.

    Where something stands that is not ``known``, it may be somebody's: it is ours when it was written.  What was noted
    and never written has no digest, and is not ``known`` either.
    """
    free: list[File] = []
    taken: list[File] = []
    for each in wanted:
        (taken if each[0] not in known and folder.stands(each[0]) else free).append(each)
    add(store, name, free, watch)
    return taken


def add(
    store: Store,
    name: str,
    files: Sequence[File],
    watch: Stopwatch,
    digests: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Note ``files`` as ours, and the ``digests`` of what was written by path."""
    if files or digests:
        with watch("store"), store.writing() as transaction:
            upkeep.add_files(transaction, name, files)
            upkeep.note_digests(transaction, name, digests)


def remove(store: Store, folder: OutputFolder, name: str, paths: Sequence[str], changes: FileLog) -> None:
    """Remove the files at ``paths``, of the group ``name``, and note that; tell ``changes``.  Raises OutputError."""
    if not paths:
        return
    for path in paths:
        folder.remove(path)
        changes.add_removed([f"{name}: {path}"])
    with store.writing() as transaction:
        upkeep.drop_files(transaction, name, paths)
