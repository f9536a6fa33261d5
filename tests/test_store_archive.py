"""The store's side of PUBLISH: which posts stand in an output, and how they are read back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace
from stored import (
    DAY,
    INFO,
    NOW,
    copy,
    fill,
    known,
    posts,
    publish,
    pull,
    renamed,
    source,
    stories,
    sync,
    titles,
    write,
)

from aggregator.models import Attribution, FeedInfo, Source
from aggregator.store import Store, archive, schema


def latest(store: Store, source_ids: Sequence[str] | None, limit: int) -> list[str]:
    with store.reading() as transaction:
        return titles(store, archive.latest(transaction, source_ids, limit))


def test_the_newest_come_first(store: Store) -> None:
    """Posts of several sources are merged by their time, as many as are wanted."""
    fill(store, *stories("a", 3), *stories("b", 3, NOW - timedelta(hours=1)), *stories("c", 3))
    assert latest(store, ["a", "b"], 4) == ["a0", "b0", "a1", "b1"]
    assert latest(store, ["b"], 2) == ["b0", "b1"]


def test_zero_means_all(store: Store) -> None:
    """A limit of 0 leaves nothing out."""
    fill(store, *stories("a", 3), *stories("b", 1))
    assert len(latest(store, ["a", "b"], 0)) == len(latest(store, None, 0)) == 4


def test_of_equal_times_the_later_post_comes_first(store: Store) -> None:
    """Posts of the same second have an order that stays, for the site and for a category alike."""
    for each in (*(copy("a", str(n)) for n in range(3)), copy("b", "3")):
        fill(store, each)
    assert latest(store, None, 0) == latest(store, ["a", "b"], 0) == ["3", "2", "1", "0"]
    assert latest(store, ["b", "a"], 2) == ["3", "2"]


def test_a_post_of_two_sources_stands_once(store: Store) -> None:
    """A story that two sources of a category carried is one entry and takes one place."""
    page = "https://story.example.org/1"
    fill(store, copy("a", "shared", link=page), copy("b", "shared", link=page), copy("b", "mine", published=NOW - DAY))
    assert latest(store, ["a", "b"], 2) == ["shared", "mine"]


def test_what_is_unbound_is_not_published(store: Store) -> None:
    """A copy without a post is in no output."""
    sync(store, source("a"))
    pull(store, "a", write(copy("a", "1")))
    assert latest(store, None, 0) == latest(store, ["a"], 0) == latest(store, ["a"], 5) == []


def test_unknown_and_no_sources_have_no_posts(store: Store) -> None:
    """A category without sources, or with one that was never synchronised, is empty."""
    fill(store, copy("a", "1"))
    assert latest(store, [], 5) == latest(store, ["nobody"], 5) == []


def test_the_site_holds_listed_sources_only(store: Store) -> None:
    """Posts of a source that left feeds.yaml leave the site, unless another source carried them too."""
    page = "https://story.example.org/1"
    fill(store, copy("a", "shared", link=page), copy("b", "shared", link=page), copy("a", "alone"))
    sync(store, source("b"))
    assert latest(store, None, 0) == ["shared"]
    with store.reading() as transaction:
        assert titles(store, archive.everything(transaction)) == ["shared"]


class Row(Struct, frozen=True):
    """A copy as ``latest`` sees it: who carries which post; ``published`` is the post's."""

    source: int
    post: int


def naive(rows: Sequence[Row], times: Sequence[int], sources: Sequence[int], limit: int) -> list[int]:
    """Return what ``latest`` must return, by reading everything."""
    carried = {row.post for row in rows if row.source in sources}
    ordered = sorted(carried, key=lambda post: (times[post], post), reverse=True)
    return ordered[:limit] if limit else ordered


class _UndoError(Exception):
    """Takes back what an example wrote."""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_latest_is_what_reading_everything_gives(store: Store, data: st.DataObject) -> None:
    """Over any archive, with ties and shared posts, the index gives what a sort of everything gives."""
    times = data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=25))
    pairs = st.builds(Row, source=st.integers(0, 4), post=st.integers(0, len(times) - 1))
    rows = data.draw(st.lists(pairs, max_size=40, unique=True))
    wanted = data.draw(st.lists(st.integers(0, 4), unique=True))
    limit = data.draw(st.integers(0, 8))
    with pytest.raises(_UndoError), store.writing() as transaction:
        numbers = _insert(transaction, rows, times)
        found = archive.latest(transaction, [f"s{each}" for each in wanted], limit)
        assert [numbers[pk] for pk in found] == naive(rows, times, wanted, limit)
        assert [numbers[pk] for pk in archive.latest(transaction, None, limit)] == naive(rows, times, range(5), limit)
        raise _UndoError


def _insert(transaction: sa.Connection, rows: Sequence[Row], times: Sequence[int]) -> dict[int, int]:
    # Whole columns at once: a pull and a binding for each row would take seconds.
    line = {"listed": True, "enabled": True, "category": "[]", "feed": "", "settings": ""}
    transaction.execute(schema.source.insert(), [{"pk": n + 1, "id": f"s{n}", "position": n, **line} for n in range(5)])
    transaction.execute(schema.info.insert(), [{"pk": 1, "source_pk": 1, "digest": "", "data": "{}"}])
    moments = [NOW + each * DAY for each in times]
    transaction.execute(
        schema.post.insert(),
        [
            {"pk": n + 1, "id": str(n), "id_digest": str(n), "name": "", "copy_pk": 0, "published": at, "dirty": False}
            for n, at in enumerate(moments)
        ],
    )
    words = dict.fromkeys(("fingerprint", "words", "title", "more", "summary", "content"), "")
    for row in rows:
        at = dict.fromkeys(("listed_at", "published", "updated", "first_seen"), moments[row.post])
        whose = {"source_pk": row.source + 1, "post_pk": row.post + 1, "key": str(row.post), "info_pk": 1}
        transaction.execute(schema.copy.insert(), {**words, **at, **whose})
    return {n + 1: n for n in range(len(times))}


def test_dirty_until_clean(store: Store) -> None:
    """A new post is dirty until it is noted as written; a new version makes it dirty again."""
    story, other = copy("a", "1"), copy("a", "2")
    fill(store, story, other)
    with store.writing() as transaction:
        both = archive.dirty(transaction)
        archive.clean(transaction, both[:1])
        assert archive.dirty(transaction) == both[1:]
        archive.clean(transaction, both)
    pull(store, "a", write(renamed(other, "New"), known(store, other)))
    with store.reading() as transaction:
        assert titles(store, archive.dirty(transaction)) == ["New"]


def test_a_new_version_of_a_joined_copy_makes_its_post_dirty(store: Store) -> None:
    """What is told of another source that carried the story is published, too."""
    page = "https://story.example.org/1"
    joined = copy("b", "shared", link=page)
    fill(store, copy("a", "shared", link=page), joined)
    publish(store)
    pull(store, "b", write(renamed(joined, "New"), known(store, joined)))
    with store.reading() as transaction:
        assert len(archive.dirty(transaction)) == 1


def test_carriers_are_all_sources_of_the_posts(store: Store) -> None:
    """The sources whose outputs change with a post are those that carry it, listed or not."""
    page = "https://story.example.org/1"
    fill(store, copy("a", "shared", link=page), copy("b", "shared", link=page), copy("c", "other"))
    with store.reading() as transaction:
        shared, other = archive.everything(transaction)
        assert archive.carriers(transaction, [shared]) == {"a", "b"}
        assert archive.carriers(transaction, [other]) == {"c"}
        assert archive.carriers(transaction, []) == set()


def test_posts_come_in_the_order_asked_for(store: Store) -> None:
    """Each post is yielded with its number; numbers of no post are passed over."""
    fill(store, *stories("a", 3))
    with store.reading() as transaction:
        asked = archive.everything(transaction)[::-1]
        assert [pk for pk, _ in archive.posts(transaction, [*asked, 999_999])] == asked


def test_more_posts_than_one_statement_takes_are_read(store: Store) -> None:
    """A whole archive is read back, published and cleaned."""
    sync(store, source("a"))
    pull(store, "a", *(write(copy("a", str(n))) for n in range(1100)))
    fill(store)
    with store.writing() as transaction:
        every = archive.everything(transaction)
        assert [pk for pk, _ in archive.posts(transaction, every)] == every
        assert archive.carriers(transaction, every) == {"a"}
        archive.clean(transaction, every)
        assert archive.dirty(transaction) == []


def test_a_post_credits_its_source(store: Store) -> None:
    """A post says who wrote it, where it stood, and in which category its source is."""
    fill(store, copy("a", "1"))
    line = replace(source("a", "Tech", "Python"), url="https://user:secret@a.example.org/feed?token=secret")
    sync(store, line)
    (post,) = posts(store)
    assert post.category == ("Tech", "Python")
    assert post.source == Attribution(
        source_id="a", title="A feed", url=INFO.link, feed=INFO.url, link=post.copy.link, author="Grace"
    )
    assert (post.also_in, post.via) == ((), None)


@pytest.mark.parametrize(
    ("line", "info", "title"),
    [
        (Source(id="a", url="https://a.example.org/", title="Mine"), INFO, "Mine"),
        (Source(id="a", url="https://a.example.org/"), INFO, "A feed"),
        (Source(id="a", url="https://a.example.org/"), FeedInfo(), "a"),
    ],
)
def test_a_source_has_a_name(store: Store, line: Source, info: FeedInfo, title: str) -> None:
    """A source is called as feeds.yaml says, else as its feed does, else by its id."""
    fill(store, replace(copy("a", "1"), feed=info))
    sync(store, line)
    (post,) = posts(store)
    assert post.source.title == title


def test_a_claimed_source_is_credited_beside_the_one_that_was_pulled(store: Store) -> None:
    """An entry with a source of its own credits that one; the feed that we pulled it from stands in ``via``."""
    claim = FeedInfo(title="The original", link="https://original.example.org/", url="https://original.example.org/f")
    fill(store, replace(copy("a", "1"), feed=claim, via=INFO))
    (post,) = posts(store)
    assert (post.source.title, post.source.url, post.source.feed) == (claim.title, claim.link, claim.url)
    assert post.via is not None
    assert (post.via.title, post.via.feed) == (INFO.title, INFO.url)


def test_other_carriers_are_credited_in_a_fixed_order(store: Store) -> None:
    """Further sources stand in the order of their publication; those that were unlisted are left out."""
    page = "https://story.example.org/1"
    fill(store, copy("a", "1", link=page))
    fill(store, copy("b", "1", link=page), copy("c", "1", link=page, published=NOW - DAY), copy("d", "1", link=page))
    sync(store, source("a"), source("b"), source("c"))
    (post,) = posts(store)
    assert [also.source_id for also in post.also_in] == ["c", "b"]


def test_a_post_whose_sources_are_all_unlisted_is_not_read(store: Store) -> None:
    """A number that was chosen before its source left feeds.yaml yields nothing."""
    fill(store, copy("a", "1"))
    with store.reading() as transaction:
        every = archive.everything(transaction)
    sync(store)
    with store.reading() as transaction:
        assert list(archive.posts(transaction, every)) == []
