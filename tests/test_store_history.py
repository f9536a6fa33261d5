"""Which posts stand in which archive document, on every database."""

from __future__ import annotations

from msgspec.structs import replace
from stored import DAY, NOW, copy, count, fill, source, stories, sync

from aggregator.history import filings
from aggregator.store import Store, archive, history, schema, upkeep

FOLDERS = {"a": ["", "news/"], "b": [""]}


def file(store: Store, size: int = 2) -> None:
    """Put every post that is in no document into one."""
    with store.writing() as transaction:
        unfiled = history.unfiled(transaction, archive.everything(transaction), FOLDERS)
        newest = history.newest(transaction, unfiled)
        for folder, posts in unfiled.items():
            history.file(transaction, list(filings(folder, newest.get(folder), posts, size)))


def documents(store: Store, folder: str = "", *, dirty: bool = False) -> dict[int, int]:
    """Return how many posts stand in each document of ``folder``, by number."""
    with store.reading() as transaction:
        found = history.documents(transaction, folder, dirty=dirty)
        return {each.number: len(history.members(transaction, each.pk)) for each in found}


def clean(store: Store) -> None:
    with store.writing() as transaction:
        for folder in ("", "news/"):
            history.clean(transaction, [each.pk for each in history.documents(transaction, folder, dirty=True)])


def test_each_post_is_filed_once_in_each_of_its_feeds(store: Store) -> None:
    """Filing again puts nothing anywhere; a post that two sources carry stands once in what they share."""
    fill(store, *stories("a", 3), copy("b", "1", link="https://story.example.org/1"))
    fill(store, copy("a", "shared", link="https://story.example.org/1"))
    file(store)
    file(store)
    assert documents(store) == {1: 2, 2: 2}
    assert documents(store, "news/") == {1: 2, 2: 2}


def test_only_what_changed_is_to_be_written(store: Store) -> None:
    """A document is to be written when it gains a post or a neighbour, and when a post of it changed."""
    fill(store, *stories("a", 3))
    file(store)
    assert documents(store, dirty=True) == {1: 2, 2: 1}
    clean(store)
    fill(store, copy("a", "4"))
    file(store)
    assert documents(store, dirty=True) == {2: 2}
    clean(store)
    fill(store, copy("a", "5"))
    file(store)
    assert documents(store, dirty=True) == {2: 2, 3: 1}
    clean(store)
    with store.writing() as transaction:
        assert history.touch(transaction, archive.everything(transaction)[:1]) == {"", "news/"}
    assert documents(store, dirty=True) == {1: 2}
    clean(store)
    with store.writing() as transaction:
        history.unpublish(transaction)
    assert documents(store, dirty=True) == {1: 2, 2: 2, 3: 1}


def test_documents_that_say_nothing_are_passed_by(store: Store) -> None:
    """Neighbours are those with a post that is published; a document that lost its posts is not filled again."""
    fill(store, *(copy("b", f"b{n}", published=NOW - (9 - n) * DAY) for n in range(2)), *stories("a", 2))
    file(store)
    with store.writing() as transaction:
        assert history.neighbours(transaction, "", 2) == (1, None)
        assert history.neighbours(transaction, "", 1) == (None, 2)
        assert history.last(transaction, "") == 2
        assert upkeep.prune(transaction, before=NOW - 5 * DAY, per_source=0) == 2
    assert 0 in documents(store).values()
    with store.reading() as transaction:
        (empty,) = [number for number, posts in documents(store).items() if not posts]
        assert history.neighbours(transaction, "", 3 - empty) == (None, None)
        assert history.last(transaction, "") == 3 - empty
    sync(store, replace(source("b")))
    with store.reading() as transaction:
        assert history.last(transaction, "") is None
        assert history.last(transaction, "none/") is None
    assert count(store, schema.archived) == 4


def test_removed_files_are_remembered(store: Store) -> None:
    """A file that was ours once is told from one that never was; one that comes back is there again."""
    with store.writing() as transaction:
        upkeep.add_files(transaction, "feeds", [("old/atom.xml", None), ("atom.xml", None)])
        upkeep.drop_files(transaction, "feeds", ["old/atom.xml", "never.xml"])
        assert upkeep.files(transaction, "feeds") == upkeep.known_files(
            transaction, "feeds", ["old/atom.xml", "atom.xml", "never.xml"]
        )
        assert upkeep.is_gone(transaction, ["posts", "feeds"], "old/atom.xml")
        assert not upkeep.is_gone(transaction, ["posts"], "old/atom.xml")
        assert not upkeep.is_gone(transaction, ["feeds"], "atom.xml")
        assert not upkeep.is_gone(transaction, ["feeds"], "never.xml")
        upkeep.add_files(transaction, "feeds", [("old/atom.xml", None)])
        assert not upkeep.is_gone(transaction, ["feeds"], "old/atom.xml")
