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
    may be somebody's.
    """
    folders = {FEEDS: target.feeds, POSTS: target.posts}
    places = {name: str(folder.root.resolve()) for name, folder in folders.items()}
    with store.reading() as transaction:
        before = {name: upkeep.fact(transaction, _fact(name)) for name in folders}
    if before == places and all(folder.exists for folder in folders.values()):
        return ()
    moved = [name for name in folders if before[name] not in (None, places[name])]
    with store.writing() as transaction:
        lost = [name for name in folders if not folders[name].exists and _has_files(transaction, name)]
        for name in moved:
            _forget_strangers(transaction, name, folders[name])
        if (moved or lost) and upkeep.fact(transaction, pulls.PUBLISHED) is not None:
            upkeep.set_fact(transaction, pulls.PUBLISHED, "")
        for name, place in places.items():
            upkeep.set_fact(transaction, _fact(name), place)
    former = [Path(before[name] or "") for name in moved]
    return tuple(folder for folder in former if folder.is_dir())


def _fact(name: str) -> str:
    return f"folder of {name}"


def _has_files(transaction: Transaction, name: str) -> bool:
    return any(upkeep.has_files(transaction, group) for group in _GROUPS[name])


def _forget_strangers(transaction: Transaction, name: str, folder: OutputFolder) -> None:
    for group in _GROUPS[name]:
        marks = upkeep.posts_by_file(transaction, group) if group == POSTS else upkeep.written(transaction, group)
        told = _has_id if group == POSTS else _has_digest
        strangers = [path for path, mark in marks.items() if folder.stands(path) and not told(folder.read(path), mark)]
        upkeep.forget_files(transaction, group, strangers)


def _has_id(body: bytes | None, post_id: str | None) -> bool:
    return body is not None and post_id is not None and f"\nid: {frontmatter.scalar(post_id)}\n".encode() in body


def _has_digest(body: bytes | None, digest: str | None) -> bool:
    return body is not None and text.digest_bytes(body) == digest
