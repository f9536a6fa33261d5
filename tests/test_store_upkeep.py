"""What surrounds the posts: the files that we wrote, single facts, retention, and the editor's overview."""

from __future__ import annotations

from datetime import datetime

import pytest
from msgspec.structs import replace
from stored import (
    DAY,
    INFO,
    NOW,
    alias,
    bind,
    copy,
    count,
    fill,
    known,
    pull,
    renamed,
    source,
    stories,
    sync,
    titles,
    write,
)

from aggregator import text
from aggregator.models import Entry, FeedInfo
from aggregator.recognise import entries
from aggregator.records import Candidate, SourceState
from aggregator.store import Store, archive, pulls, schema, upkeep


def prune(store: Store, *, before: datetime | None = None, per_source: int = 0) -> int:
    with store.writing() as transaction:
        return upkeep.prune(transaction, before=before, per_source=per_source)


def left(store: Store) -> set[str]:
    with store.reading() as transaction:
        return set(titles(store, archive.everything(transaction)))


def test_a_fact_is_noted_and_replaced(store: Store) -> None:
    """A fact that was never noted is None; the last word on it counts."""
    with store.writing() as transaction:
        assert upkeep.fact(transaction, "authority") is None
        upkeep.set_fact(transaction, "authority", "a.example.org")
        upkeep.set_fact(transaction, "authority", "标题")
        upkeep.set_fact(transaction, "other", "x")
    with store.reading() as transaction:
        assert upkeep.fact(transaction, "authority") == "标题"


def test_the_manifest_knows_our_files_by_folder(store: Store) -> None:
    """A path is ours in the folder that we wrote it into, and nowhere else."""
    with store.writing() as transaction:
        upkeep.add_files(transaction, "feeds", [("atom.xml", None), ("新媒体/atom.xml", None)])
        upkeep.add_files(transaction, "posts", [("a.md", 1)])
        upkeep.add_files(transaction, "posts", [])
    with store.reading() as transaction:
        assert upkeep.files(transaction, "feeds") == {"atom.xml", "新媒体/atom.xml"}
        assert upkeep.files(transaction, "posts") == {"a.md"}
        assert upkeep.files(transaction, "pages") == set()


def test_a_file_may_change_its_post(store: Store) -> None:
    """A file that is noted again belongs to the post of the last note."""
    with store.writing() as transaction:
        upkeep.add_files(transaction, "posts", [("a.md", 1), ("b.md", 2)])
        upkeep.add_files(transaction, "posts", [("a.md", 3)])
        assert upkeep.files_of(transaction, "posts", [1, 3]) == [("a.md", 3)]


def test_files_of_no_post(store: Store) -> None:
    """Files of posts that are published no more are found, in an order that stays; those of no post too."""
    fill(store, copy("a", "1"))
    with store.writing() as transaction:
        upkeep.add_files(transaction, "posts", [("b.md", 2), ("B.md", 4), ("a.md", 1), ("ä.md", 3), ("old.md", None)])
        assert upkeep.files_of_no_post(transaction, "posts") == ["B.md", "b.md", "old.md", "ä.md"]


def test_removed_files_are_forgotten(store: Store) -> None:
    """A file that is gone from one folder is still ours in another; thousands go at once."""
    paths = [f"{number}.md" for number in range(1200)]
    with store.writing() as transaction:
        upkeep.add_files(transaction, "posts", [(path, number) for number, path in enumerate(paths)])
        upkeep.add_files(transaction, "feeds", [("0.md", None)])
        upkeep.drop_files(transaction, "posts", [*paths[:1100], "never.md"])
        assert upkeep.files(transaction, "posts") == set(paths[1100:])
        assert upkeep.files(transaction, "feeds") == {"0.md"}


def test_a_deep_path_is_noted(store: Store) -> None:
    """Ten levels of the longest slugs fit."""
    path = "/".join((text.digest(str(level)) * 4)[:120] for level in range(10))
    with store.writing() as transaction:
        upkeep.add_files(transaction, "posts", [(path, 1)])
        assert upkeep.files(transaction, "posts") == {path}


def test_old_posts_are_pruned(store: Store) -> None:
    """Posts published before the time go; those of that very second stay."""
    fill(store, *stories("a", 4))
    assert prune(store, before=NOW - DAY) == 2
    assert left(store) == {"a0", "a1"}
    assert count(store, schema.copy) == count(store, schema.post) == 2


def test_each_source_keeps_its_newest(store: Store) -> None:
    """Beyond its newest so many, a source's own posts go; those that it only joined are another's."""
    page = "https://story.example.org/1"
    fill(store, *stories("a", 3), copy("b", "shared", link=page, published=NOW - 9 * DAY))
    fill(store, copy("a", "shared", link=page))
    assert prune(store, per_source=2) == 1
    assert left(store) == {"a0", "a1", "shared"}


def test_of_equal_dates_the_later_posts_are_kept(store: Store) -> None:
    """A feed without dates keeps as many as it may: those that came last."""
    for number in range(4):
        fill(store, copy("a", str(number)))
    assert prune(store, per_source=2) == 2
    assert left(store) == {"2", "3"}


def test_both_rules_count_a_post_once(store: Store) -> None:
    """What both rules want gone goes once."""
    fill(store, *stories("a", 4))
    assert prune(store, before=NOW - DAY, per_source=1) == 3


def test_no_rule_removes_nothing(store: Store) -> None:
    """Without rules pruning keeps everything."""
    fill(store, *stories("a", 3))
    assert prune(store) == 0
    assert left(store) == {"a0", "a1", "a2"}


def test_copies_that_wait_to_be_bound_are_kept(store: Store) -> None:
    """A copy of the last pull that no cycle has bound yet is not lost."""
    sync(store, source("a"))
    pull(store, "a", write(copy("a", "old", published=NOW - 99 * DAY)))
    assert prune(store, before=NOW) == 0
    assert bind(store) == (1, 0)


def test_a_pruned_entry_does_not_come_back(store: Store) -> None:
    """What is pruned is known still, under every name: when its feed shows it again, nothing is new."""
    story = copy("a", "1", published=NOW - 9 * DAY)
    sync(store, source("a"))
    pull(store, "a", write(story, aliases=("other-name",)))
    bind(store)
    number = known(store, story).pk
    assert prune(store, before=NOW) == 1
    with store.reading() as transaction:
        found = pulls.known(transaction, "a", [story.key, "other-name"])
    assert {name: (each.pk, each.pruned) for name, each in found.items()} == {
        story.key: (number, True),
        "other-name": (number, True),
    }
    candidate = Candidate(entry=Entry(guid="x"), aliases=(alias(story.key),), page=None)
    assert entries.match([candidate], found)[0].known == found[story.key]


def test_a_new_name_of_a_pruned_entry_is_learnt(store: Store) -> None:
    """An entry that comes back under a second name is known by that one, too, from then on."""
    story = copy("a", "1", published=NOW - 9 * DAY)
    fill(store, story)
    prune(store, before=NOW)
    buried = known(store, story)
    pull(store, "a", replace(write(story, buried, aliases=("new-name",)), copy=None, fingerprint=buried.fingerprint))
    with store.reading() as transaction:
        assert pulls.known(transaction, "a", ["new-name"])["new-name"].pruned


def test_numbers_of_pruned_copies_are_not_given_again(store: Store) -> None:
    """A tombstone never points to another entry, even when the newest copy was pruned."""
    last = copy("a", "1", published=NOW - 9 * DAY)
    fill(store, last)
    prune(store, before=NOW)
    fill(store, copy("a", "2"))
    assert known(store, last).pruned


def test_what_is_kept_can_still_change(store: Store) -> None:
    """An entry that pruning left gets its next version as before."""
    story, kept = copy("a", "1", published=NOW - 9 * DAY), copy("a", "2")
    fill(store, story, kept)
    prune(store, before=NOW)
    pull(store, "a", write(renamed(kept, "New"), known(store, kept)))
    assert left(store) == {"New"}


def test_what_feeds_said_goes_with_the_last_copy(store: Store) -> None:
    """Words of a feed on itself stay as long as a copy came with them, as its own or as what it was pulled from."""
    old = replace(copy("a", "old", published=NOW - 9 * DAY), feed=FeedInfo(title="Old name"))
    claimed = replace(copy("a", "claimed"), feed=FeedInfo(title="Original"), via=INFO)
    fill(store, old, claimed)
    assert count(store, schema.info) == 3
    prune(store, before=NOW - DAY)
    assert count(store, schema.info) == 2


def test_thousands_are_pruned_at_once(store: Store) -> None:
    """More posts than one statement may name go in one transaction, and quickly."""
    sync(store, source("a"))
    aged = [replace(copy("a", str(n), published=NOW - 9 * DAY), feed=FeedInfo(title=f"Name {n}")) for n in range(1500)]
    pull(store, "a", *map(write, aged))
    bind(store)
    assert prune(store, before=NOW) == 1500
    assert count(store, schema.info) == 0


def test_reports_tell_how_sources_stand(store: Store) -> None:
    """The overview gives each listed source's name, address without secrets, state, and how much it brings."""
    first = replace(source("b", "Tech", "Python"), url="https://user:secret@b.example.org/feed?token=x&p=1")
    named, paused = replace(source("a"), title="Mine"), replace(source("c"), enabled=False)
    fill(store, *(copy("b", str(n), published=NOW - n * 7 * DAY) for n in range(8)), copy("z", "1"))
    sync(store, first, named, paused)
    pull(store, "b", state=SourceState(info=INFO, failures=3, error="no answer"))
    with store.reading() as transaction:
        reports = upkeep.reports(transaction, NOW)
    assert [(each.id, each.title, each.enabled) for each in reports] == [
        ("b", "A feed", True),
        ("a", "Mine", True),
        ("c", "c", False),
    ]
    assert (reports[0].feed, reports[0].category) == ("https://b.example.org/feed?p=1", ("Tech", "Python"))
    assert (reports[0].entries, reports[0].weekly) == (8, 5 / 4)
    assert (reports[0].state.failures, reports[0].state.error) == (3, "no answer")
    assert (reports[1].entries, reports[1].weekly) == (0, 0.0)


@pytest.mark.parametrize("number", [0, 1])
def test_a_database_without_sources_has_no_reports(store: Store, number: int) -> None:
    """Before feeds.yaml names a source, and after it names none, the overview is empty."""
    sync(store, *map(source, "a" * number))
    sync(store)
    with store.reading() as transaction:
        assert upkeep.reports(transaction, NOW) == []
