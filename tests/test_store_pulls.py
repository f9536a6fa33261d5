"""The store's side of UPDATE: sources as feeds.yaml says them, what is known of entries, and what a pull leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from stored import INFO, NOW, alias, copy, count, fill, known, posts, publish, pull, renamed, source, sync, write

from aggregator.errors import DatabaseError
from aggregator.models import FeedInfo, Hints, Person, Tag
from aggregator.records import CopyWrite, Known, Pull, SourceState
from aggregator.store import Store, archive, pulls, schema, upkeep

PULLED = SourceState(
    etag='"one"',
    last_modified="Tue, 24 Nov 2026 08:00:00 GMT",
    body="digest",
    next_pull=NOW + timedelta(hours=1),
    last_pull=NOW,
    last_success=NOW,
    failures=2,
    error="no answer",
    because="it failed twice",
    moved_to="https://new.example.org/",
    moved_since=NOW,
    moved_times=2,
    adopted="https://newer.example.org/",
    known_since=NOW - timedelta(days=2),
    times=(NOW - timedelta(days=1), NOW),
    info=INFO,
    hints=Hints(interval=timedelta(hours=2), skip_hours=frozenset({1, 2}), skip_days=frozenset({6})),
    warnings=("1 entry was left out", "标题"),
)


def state(store: Store, source_id: str) -> SourceState:
    with store.reading() as transaction:
        return pulls.states(transaction)[source_id]


def test_a_new_source_was_never_pulled(store: Store) -> None:
    """A source that feeds.yaml names for the first time stands there without a past, and is due."""
    sync(store, source("a"))
    with store.reading() as transaction:
        assert pulls.states(transaction, due=NOW) == {"a": SourceState()}


def test_a_state_comes_back_as_it_went_in(store: Store) -> None:
    """All that is known of a source after a pull is known before the next one."""
    sync(store, source("a"))
    pull(store, "a", state=PULLED)
    assert state(store, "a") == PULLED


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(1815, 12, 10, tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC, microsecond=0),
    ],
)
def test_times_are_aware_and_exact(store: Store, moment: datetime) -> None:
    """A time of any century comes back as the same second of UTC."""
    sync(store, source("a"))
    pull(store, "a", state=SourceState(last_pull=moment, info=FeedInfo(updated=moment)))
    back = state(store, "a")
    assert (back.last_pull, back.info.updated) == (moment, moment)
    assert back.last_pull is not None
    assert back.last_pull.tzinfo is UTC


def test_parts_of_a_second_are_cut_off(store: Store) -> None:
    """A time with a part of a second comes back as the second that it lies in, before 1970 too."""
    sync(store, source("a"))
    before = datetime(1969, 12, 31, 23, 59, 58, 500_000, tzinfo=UTC)
    pull(store, "a", state=SourceState(last_pull=before, last_success=NOW.replace(microsecond=999_999)))
    back = state(store, "a")
    assert (back.last_pull, back.last_success) == (before.replace(microsecond=0), NOW)


def test_a_naive_time_is_refused(store: Store) -> None:
    """A time without its zone is a mistake of ours, and none that is stored."""
    sync(store, source("a"))
    with pytest.raises(DatabaseError):
        pull(store, "a", state=SourceState(last_pull=datetime(2026, 1, 1)))  # noqa: DTZ001


@pytest.mark.parametrize(
    "change",
    [{"category": ("Tech",)}, {"title": "Another"}, {"enabled": False}, {"interval": timedelta(minutes=5)}],
    ids=lambda change: next(iter(change)),
)
def test_what_is_read_alike_is_not_read_anew(store: Store, change: dict[str, object]) -> None:
    """A change of category, title, interval or enabled keeps the validators and the next pull."""
    before = source("a")
    sync(store, before)
    pull(store, "a", state=PULLED)
    sync(store, replace(before, **change))
    assert state(store, "a") == PULLED


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://elsewhere.example.org/feed"},
        {"include": {"title": "x"}},
        {"exclude": {"title": "x"}},
        {"headers": {"Authorization": "Bearer x"}},
        {"keep": 5},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_read_otherwise_is_read_anew(store: Store, change: dict[str, object]) -> None:
    """A change of address, filters or headers makes the source due at once, without validators or old failures."""
    before = source("a")
    sync(store, before)
    pull(store, "a", state=replace(PULLED, gone=True))
    sync(store, replace(before, **change))
    kept = ("last_pull", "last_success", "known_since", "times", "info", "hints", "warnings")
    fresh = SourceState(**{name: getattr(PULLED, name) for name in kept})
    assert state(store, "a") == fresh
    with store.reading() as transaction:
        assert list(pulls.states(transaction, due=NOW)) == ["a"]


def test_a_change_of_the_order_is_noticed(store: Store) -> None:
    """The overview follows the order of feeds.yaml."""
    sync(store, source("a"), source("b"))
    sync(store, source("b"), source("a"))
    with store.reading() as transaction:
        assert [report.id for report in upkeep.reports(transaction, NOW)] == ["b", "a"]


def test_a_source_comes_back_with_its_history(store: Store) -> None:
    """A source that left feeds.yaml is not pulled; when it is back, validators and entries are still known."""
    story = copy("a", "1")
    fill(store, story)
    pull(store, "a", state=PULLED)
    sync(store)
    with store.reading() as transaction:
        assert pulls.states(transaction) == {}
    sync(store, source("a"))
    assert state(store, "a") == PULLED
    assert known(store, story).title == story.title


def test_thousands_of_sources_change_at_once(store: Store) -> None:
    """More sources than one statement may name are synchronised."""
    many = [source(f"s{number}") for number in range(1200)]
    sync(store, *many)
    sync(store, *(replace(each, keep=1) for each in many))
    sync(store)
    with store.reading() as transaction:
        assert pulls.states(transaction) == {}


def test_only_what_is_due_is_pulled(store: Store) -> None:
    """Due are listed, enabled sources that are not gone and whose time has come, to the second."""
    paused = replace(source("paused"), enabled=False)
    sync(store, *map(source, ("new", "now", "later", "gone")), paused)
    pull(store, "now", state=SourceState(next_pull=NOW))
    pull(store, "later", state=SourceState(next_pull=NOW + timedelta(seconds=1)))
    pull(store, "gone", state=SourceState(gone=True))
    with store.reading() as transaction:
        assert set(pulls.states(transaction, due=NOW)) == {"new", "now"}
        assert set(pulls.states(transaction)) == {"new", "now", "later", "gone", "paused"}


def test_a_copy_is_known_by_all_its_names(store: Store) -> None:
    """A new copy is found under its key and every alias that came with it, within its source only."""
    sync(store, source("a"), source("b"))
    story = copy("a", "1")
    pull(store, "a", write(story, aliases=("other-name",)))
    with store.reading() as transaction:
        found = pulls.known(transaction, "a", [story.key, "other-name", "never seen"])
        assert set(found) == {story.key, "other-name"}
        assert found[story.key] == found["other-name"]
        assert pulls.known(transaction, "b", [story.key]) == {}


def test_known_says_what_recognising_takes(store: Store) -> None:
    """What is known of a copy is what was written of it."""
    story = copy("a", "1")
    fill(store, story)
    new = write(story)
    assert known(store, story) == Known(
        pk=known(store, story).pk,
        key=story.key,
        fingerprint=new.fingerprint,
        words=new.words,
        title=story.title,
        guid=story.guid,
        link=story.link,
        published=story.published,
        updated=story.updated,
        first_seen=story.first_seen,
    )


def test_a_large_document_is_looked_up_whole(store: Store) -> None:
    """A document with more entries than one statement may name is recognised and written."""
    sync(store, source("a"))
    stories = [copy("a", str(number)) for number in range(1200)]
    pull(store, "a", *map(write, stories))
    with store.reading() as transaction:
        found = pulls.known(transaction, "a", [story.key for story in stories])
    assert {name: each.title for name, each in found.items()} == {story.key: story.title for story in stories}


def test_a_changed_copy_is_written_over_the_old_one(store: Store) -> None:
    """A new version keeps key, first sight and publication, and makes its post dirty."""
    story = copy("a", "1")
    fill(store, story)
    publish(store)
    before = known(store, story)
    changed = replace(renamed(story, "New words"), updated=NOW + timedelta(days=1))
    pull(store, "a", write(changed, before))
    with store.reading() as transaction:
        (pk,) = archive.dirty(transaction)
        ((_, post),) = archive.posts(transaction, [pk])
    assert post.copy == changed
    assert known(store, story).pk == before.pk


def test_a_touched_copy_is_not_published_again(store: Store) -> None:
    """A new fingerprint or alias alone changes nothing that is published."""
    story = copy("a", "1")
    fill(store, story)
    publish(store)
    touched = replace(write(story, known(store, story), aliases=("new-name",)), copy=None, fingerprint="touched")
    pull(store, "a", touched)
    assert known(store, story).fingerprint == "touched"
    with store.reading() as transaction:
        assert archive.dirty(transaction) == []
        assert pulls.known(transaction, "a", ["new-name"])["new-name"].key == story.key


def test_a_name_stays_with_its_copy(store: Store) -> None:
    """An alias that a copy of the source has is not given to another, unless it is that one's key."""
    sync(store, source("a"))
    first, second, third = copy("a", "1"), copy("a", "2"), copy("a", "3")
    pull(store, "a", write(first, aliases=("shared", third.key)))
    pull(store, "a", write(second, aliases=("shared",)))
    pull(store, "a", write(third))
    with store.reading() as transaction:
        found = pulls.known(transaction, "a", ["shared", third.key])
    assert {name: each.key for name, each in found.items()} == {"shared": first.key, third.key: third.key}


def test_a_pull_is_written_whole_or_not_at_all(store: Store) -> None:
    """An error in the middle leaves neither entries nor validators: the next pull gets everything again."""
    story = copy("a", "1")
    fill(store, story)
    before = state(store, "a")
    twice = copy("a", "1")
    with pytest.raises(DatabaseError), store.writing() as transaction:
        writes = (write(copy("a", "2")), write(renamed(story, "New"), known(store, story)), write(twice))
        pulls.apply(transaction, Pull(source_id="a", at=NOW, state=PULLED, writes=writes))
    assert state(store, "a") == before
    assert known(store, story).title == story.title
    assert count(store, schema.copy) == count(store, schema.alias) == 1


def test_a_write_without_copy_or_known_is_a_mistake(store: Store) -> None:
    """A write that says neither what is new nor what is known raises, and is not stored."""
    sync(store, source("a"))
    empty = CopyWrite(copy=None, known=None, fingerprint="", words="", aliases=(alias("x"),), page=None)
    with pytest.raises(ValueError, match="needs its copy"):
        pull(store, "a", empty)
    assert count(store, schema.alias) == 0


def test_what_feeds_say_of_themselves_is_kept_once(store: Store) -> None:
    """Copies share the words of their feed until those change; other sources keep their own."""
    fill(store, copy("a", "1"), copy("a", "2"), copy("b", "1"))
    fill(store, replace(copy("a", "3"), feed=replace(INFO, title="New name")))
    assert count(store, schema.info) == 3


def test_a_copy_comes_back_as_it_went_in(store: Store) -> None:
    """Every part of a copy survives, also what is empty, and what its feed claimed for it."""
    full = replace(copy("a", "1"), via=replace(INFO, title="A planet"), summary="In short")
    bare = replace(
        copy("a", "2"), feed=FeedInfo(), links=(), authors=(), contributors=(), tags=(), image=None, rights=None
    )
    odd = replace(copy("a", "3"), tags=(Tag(term="", label=""),), authors=(Person(name=""),), language="")
    fill(store, full, bare, odd)
    with store.reading() as transaction:
        found = [post.copy for _, post in archive.posts(transaction, archive.everything(transaction))]
    assert sorted(found, key=lambda found: found.title) == [full, bare, odd]


@pytest.mark.parametrize("hostile", ["nul \x00 here", "half a pair \ud83d", "\x00"])
def test_what_no_database_can_keep_stops_no_pull(store: Store, hostile: str) -> None:
    """NUL and lone surrogates, which JSON can say, are stored as U+FFFD wherever a feed may put them."""
    kept = hostile.replace("\x00", "\ufffd").replace("\ud83d", "\ufffd")
    story = replace(copy("a", "1"), guid=hostile, title=hostile, content=hostile, language=hostile)
    fill(store, story)
    pull(store, "a", state=replace(PULLED, etag=hostile, error=hostile, warnings=(hostile,), info=FeedInfo(id=hostile)))
    (post,) = posts(store)
    assert (post.copy.guid, post.copy.title, post.copy.content) == (kept, kept, kept)
    assert (state(store, "a").etag, state(store, "a").error) == (kept, kept)


def test_zero_is_not_nothing(store: Store) -> None:
    """An interval, a length and a time of zero come back as zero."""
    sync(store, source("a"))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    zero = SourceState(hints=Hints(interval=timedelta(0)), info=FeedInfo(updated=epoch), last_pull=epoch)
    pull(store, "a", state=zero)
    assert state(store, "a") == zero
