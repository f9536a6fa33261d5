"""The store's side of the sources' health, and of what the plan and the page of sources ask."""

from __future__ import annotations

from datetime import timedelta

from stored import DAY, NOW, copy, fill, pull, source, stories, sync

from aggregator.events import HealthEvent, HealthKind
from aggregator.models import Source
from aggregator.records import Pull, SourceState
from aggregator.store import Store, archive, events, pulls, upkeep


def note(store: Store, kind: HealthKind, days: float, detail: str = "", name: str = "a") -> HealthEvent:
    """Note an event of a source with a pull of it."""
    event = HealthEvent(source_id=name, at=NOW + days * DAY, kind=kind, detail=detail, since=NOW - DAY)
    with store.writing() as transaction:
        pulls.apply(transaction, Pull(source_id=name, at=event.at, state=SourceState(), events=(event,)))
    return event


def test_events_come_back_newest_first_with_what_their_source_is_called(store: Store) -> None:
    """Whole, as many as are wanted, under the name of today, and without the secrets of the address."""
    sync(store, Source(id="a", url="https://user:secret@a.example.org/feed"))
    first = note(store, HealthKind.FAILING, 1, "the server answers 500")
    second = note(store, HealthKind.RECOVERED, 2)
    sync(store, Source(id="a", url="https://user:secret@a.example.org/feed", title="Alpha"))
    with store.reading() as transaction:
        found = events.newest(transaction, 10)
        assert [report.event for report in found] == [second, first]
        assert {(report.title, report.feed) for report in found} == {("Alpha", "https://a.example.org/feed")}
        assert len(events.newest(transaction, 1)) == 1


def test_events_of_one_cycle_stand_in_the_order_of_the_sources(store: Store) -> None:
    """Which source answered first is chance, and the same pulls make the same bytes."""
    sync(store, *map(source, "abc"))
    for name in "bca":
        note(store, HealthKind.FAILING, 1, name=name)
    with store.reading() as transaction:
        assert [report.event.source_id for report in events.newest(transaction, 10)] == ["a", "b", "c"]


def test_what_was_told_is_known_by_kind(store: Store) -> None:
    """The last time of each kind counts, and other sources' do not."""
    sync(store, source("a"), source("b"))
    note(store, HealthKind.FAILING, 1)
    last = note(store, HealthKind.FAILING, 3)
    with store.reading() as transaction:
        assert events.told(transaction, "a") == {HealthKind.FAILING: last.at}
        assert events.told(transaction, "b") == {}


def test_events_wait_until_they_are_published(store: Store) -> None:
    """Each is published once."""
    sync(store, source("a"))
    for _ in range(2):
        note(store, HealthKind.GONE, 1)
        with store.writing() as transaction:
            assert events.waiting(transaction)
            events.publish(transaction)
            assert not events.waiting(transaction)


def test_the_newest_post_of_each_source_is_known(store: Store) -> None:
    """Sources without posts are left out."""
    fill(store, *stories("a", 3), *stories("b", 2, NOW - timedelta(hours=5)))
    sync(store, source("a"), source("b"), source("c"))
    pull(store, "c")
    with store.reading() as transaction:
        assert archive.newest(transaction) == {"a": NOW, "b": NOW - timedelta(hours=5)}


def test_titles_and_carriers_are_found_without_the_bodies(store: Store) -> None:
    """Titles come in the order that is asked for; a story of two sources has both as its carriers."""
    page = "https://story.example.org/1"
    fill(store, copy("a", "shared", link=page), copy("b", "shared", link=page), copy("b", "mine", published=NOW - DAY))
    with store.reading() as transaction:
        titles = archive.titles(transaction, archive.latest(transaction, ["a", "b"], 0))
        shared, mine = titles
        assert list(titles.values()) == ["Title of shared", "Title of mine"]
        assert archive.carriers_by_id(transaction, [shared, mine, "tag:none"]) == {shared: {"a", "b"}, mine: {"b"}}


def test_posts_can_be_read_without_their_bodies(store: Store) -> None:
    """All else is as it is with them."""
    fill(store, copy("a", "1"))
    with store.reading() as transaction:
        pks = archive.everything(transaction)
        ((_, whole),) = archive.posts(transaction, pks)
        ((_, brief),) = archive.posts(transaction, pks, bodies=False)
        assert (brief.copy.content, brief.copy.summary) == ("", "")
        assert (brief.id, brief.copy.title, brief.copy.tags, brief.source) == (
            whole.id,
            whole.copy.title,
            whole.copy.tags,
            whole.source,
        )
        assert upkeep.files(transaction, "health") == set()
