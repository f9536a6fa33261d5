"""The folders of the outputs: what is to be done where one is gone, or another one than at the last run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aggregator import frontmatter, text
from aggregator.pipeline.target import ARCHIVES, FEEDS, HEALTH, POSTS, Target
from aggregator.publish.files import OutputFolder
from aggregator.store import Store, Transaction, pulls, upkeep

#: The groups of files below each of the two folders.
_GROUPS: Mapping[str, tuple[str, ...]] = {FEEDS: (FEEDS, ARCHIVES, HEALTH), POSTS: (POSTS,)}


def look(store: Store, target: Target) -> tuple[Path, ...]:
    """See to it that the outputs are whole where they are to be now; return the folders that are left as they stand.

    Where a folder is gone, or another one was named, the next publishing writes everything.  In another one a file
    counts as ours when it is as we wrote it, or is the post that we wrote there: the folder may have been moved, and
    may be somebody's.  So it is at every call until ``settle``.
    """
    folders = {FEEDS: target.feeds, POSTS: target.posts}
    with store.reading() as transaction:
        before = {name: upkeep.fact(transaction, _fact(name)) for name in folders}
    moved = {name: place for name, place in before.items() if place not in (None, _place(folders[name]))}
    missing = [name for name, folder in folders.items() if not folder.exists]
    if not moved and not missing:
        return ()
    with store.reading() as transaction:
        lost = [name for name in missing if any(upkeep.has_files(transaction, group) for group in _GROUPS[name])]
        strangers = {group: _strangers(transaction, group, folders[name]) for name in moved for group in _GROUPS[name]}
    if moved or lost:
        with store.writing() as transaction:
            for group, paths in strangers.items():
                upkeep.forget_files(transaction, group, paths)
            if upkeep.fact(transaction, pulls.PUBLISHED) is not None:
                upkeep.set_fact(transaction, pulls.PUBLISHED, "")
    return tuple(folder for folder in map(Path, filter(None, moved.values())) if folder.is_dir())


def settle(transaction: Transaction, target: Target) -> None:
    """Note where the outputs are: all of them were written there."""
    upkeep.set_fact(transaction, _fact(FEEDS), _place(target.feeds))
    upkeep.set_fact(transaction, _fact(POSTS), _place(target.posts))


def _fact(name: str) -> str:
    return f"folder of {name}"


def _place(folder: OutputFolder) -> str:
    return str(folder.root.resolve())


def _strangers(transaction: Transaction, group: str, folder: OutputFolder) -> list[str]:
    marks = upkeep.posts_by_file(transaction, group) if group == POSTS else upkeep.written(transaction, group)
    told = _has_id if group == POSTS else _has_digest
    return [path for path, mark in marks.items() if folder.stands(path) and not told(folder.read(path), mark)]


def _has_id(body: bytes | None, post_id: str | None) -> bool:
    found = None if body is None else frontmatter.id_in(body)
    # Of a post that was pruned since, the id is not known any more.
    return found is not None and (post_id is None or found == text.quoted(post_id).encode())


def _has_digest(body: bytes | None, digest: str | None) -> bool:
    return body is not None and text.digest_bytes(body) == digest
