"""The waist: new copies become posts, or join the posts of other sources."""

from __future__ import annotations

from datetime import timedelta

import pytest
from databases import Server
from msgspec.structs import replace
from stored import AUTHORITY, NOW, bind, copy, fill, posts, publish, pull, source, sync, titles, write

from aggregator.errors import DatabaseError
from aggregator.reasons import Reason
from aggregator.records import Binding, Bound, Minted, Unbound
from aggregator.store import Store, Transaction, archive, binding


def waiting(transaction: Transaction) -> list[int]:
    return binding.unbound(transaction)


def _made(new: Unbound, post_id: str) -> Bound:
    """Return that ``new`` becomes the post called ``post_id``."""
    return Bound(
        minted=(Minted(id=post_id, name="x", copy=new),),
        bindings=(Binding(copy_pk=new.pk, post_id=post_id, reasons=(Reason.MINTED,)),),
        credited={},
    )


def test_a_new_copy_becomes_a_post(store: Store) -> None:
    """A copy becomes a post under its own id, waiting to be published."""
    fill(store, copy("a", "1"))
    (post,) = posts(store)
    assert post.id == post.copy.guid
    with store.reading() as transaction:
        assert len(archive.dirty(transaction)) == 1
        assert binding.unbound(transaction) == []


def test_what_is_bound_is_not_bound_again(store: Store) -> None:
    """Binding when nothing is new makes nothing."""
    fill(store, copy("a", "1"))
    assert bind(store) == (0, 0)


def test_a_copy_of_the_same_page_joins(store: Store) -> None:
    """A copy that links to another source's page joins its post, which is to be published again."""
    page = "https://story.example.org/1"
    fill(store, copy("a", "1", link=page))
    publish(store)
    fill(store, copy("b", "1", link=page))
    (post,) = posts(store)
    assert (post.source.source_id, [also.source_id for also in post.also_in]) == ("a", ["b"])
    with store.reading() as transaction:
        assert len(archive.dirty(transaction)) == 1


def test_a_joined_copy_is_listed_when_its_post_is(store: Store) -> None:
    """In the feed of its own source a joined copy stands at the post's time, not at its own."""
    page = "https://story.example.org/1"
    fill(store, copy("a", "shared", link=page, published=NOW - timedelta(days=2)))
    fill(store, copy("b", "shared", link=page), copy("b", "mine", published=NOW - timedelta(days=1)))
    with store.reading() as transaction:
        newest = archive.latest(transaction, ["b"], 0)
    assert titles(store, newest) == ["mine", "shared"]


def test_the_order_of_answers_does_not_matter(store: Store) -> None:
    """Copies of one cycle are bound by first sight, publication, source and number, however they came in."""
    page = "https://story.example.org/1"
    sync(store, *map(source, "abc"))
    later, tied, first = (
        copy("a", "1", link=page),
        copy("c", "1", link=page, published=NOW - timedelta(days=1)),
        copy("b", "1", link=page, published=NOW - timedelta(days=1)),
    )
    for each in (later, tied, first):
        pull(store, each.source_id, write(each))
    assert bind(store) == (1, 2)
    (post,) = posts(store)
    assert [post.source.source_id, *(also.source_id for also in post.also_in)] == ["b", "c", "a"]


def test_the_order_follows_no_language(postgresql_server: Server) -> None:
    """Names are sorted by code point on a server that was set up for a language, too."""
    if postgresql_server.version < 15:
        pytest.skip("PostgreSQL 15 is the first that sets up a database for a language by itself")
    page = "https://story.example.org/1"
    with postgresql_server.database("TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'") as url:
        store = Store.open(url)
        fill(store, copy("a", "1", link=page), copy("B", "1", link=page), copy("-c", "1", link=page))
        (post,) = posts(store)
        also = post.also_in
        store.close()
    assert [post.source.source_id, *(each.source_id for each in also)] == ["-c", "B", "a"]


def test_an_id_that_is_taken_is_given_once(store: Store) -> None:
    """Two entries with the same id become two posts: the first keeps it, the other gets one of ours."""
    fill(store, copy("a", "1", guid="https://a.example.org/id"))
    fill(store, copy("b", "2", guid="https://a.example.org/id"))
    ids = {post.source.source_id: post.id for post in posts(store)}
    assert ids["a"] == "https://a.example.org/id"
    assert ids["b"].startswith(f"tag:{AUTHORITY},2026:b:")


def test_an_id_that_is_taken_within_one_cycle_is_given_once(store: Store) -> None:
    """The same holds for two entries that are bound in one transaction."""
    sync(store, source("a"), source("b"))
    for name in ("a", "b"):
        pull(store, name, write(copy(name, name, guid="https://a.example.org/id")))
    assert bind(store) == (2, 0)
    assert len({post.id for post in posts(store)}) == 2


@pytest.mark.parametrize("guid", ["https://a.example.org/" + "x" * 20_000, "标" * 20_000, "no id at all", None])
def test_any_guid_gets_its_post(store: Store, guid: str | None) -> None:
    """Guids of 20 kB, and such that are no ids, are stored and looked up; their posts get ids of ours."""
    fill(store, copy("a", "1", guid=guid))
    (post,) = posts(store)
    assert post.copy.guid == guid
    assert post.id.startswith(f"tag:{AUTHORITY},2026:a:")


def test_an_id_of_any_length_fits(store: Store) -> None:
    """The tables hold, find and tell apart ids that are longer than what a database indexes."""
    long = "https://a.example.org/" + "x" * 20_000
    sync(store, source("a"))
    pull(store, "a", write(copy("a", "1")))
    with store.writing() as transaction:
        (new,) = binding.describe(transaction, waiting(transaction))
        binding.bind(transaction, _made(new, long), NOW)
    with store.reading() as transaction:
        assert binding.taken(transaction, [long, long + "y"]) == {long}


def test_a_page_that_two_posts_have_joins_nothing(store: Store) -> None:
    """Where two posts of one source link to a page, a copy of another source becomes a post of its own."""
    page = "https://story.example.org/1"
    fill(store, copy("a", "1", link=page), copy("a", "2", link=page))
    fill(store, copy("b", "1", link=page))
    assert len(posts(store)) == 3


def test_copies_without_a_page_never_join(store: Store) -> None:
    """Two sources whose entries link nowhere have nothing in common."""
    sync(store, source("a"), source("b"))
    for name in "ab":
        pull(store, name, replace(write(copy(name, "1")), page=None))
    assert bind(store) == (2, 0)


def test_posts_are_found_by_page_and_by_text(store: Store) -> None:
    """A copy is told which posts have its page or its words, the first and the last; unbound copies do not count."""
    page = "https://story.example.org/1"
    sync(store, *map(source, "abcd"))
    for name in "abc":
        pull(store, name, replace(write(copy(name, name, link=page)), page="shared" if name == "a" else name, text="t"))
        bind(store)
    pull(store, "d", replace(write(copy("d", "d")), page="shared", text="t"))
    with store.reading() as transaction:
        (new,) = binding.describe(transaction, waiting(transaction))
        found = binding.posts(transaction, [*new.page_posts, *new.text_posts])
    assert [found[pk].sources for pk in new.page_posts] == [{"a"}]
    assert [found[pk].source_id for pk in new.text_posts] == ["a", "c"]


def test_what_waits_and_shares_is_told(store: Store) -> None:
    """Copies that belong to no post yet are named with the page or text that others of them have, too."""
    sync(store, *map(source, "abc"))
    for name, page, words in (("a", "p", "t"), ("b", "p", "u"), ("c", "q", "t")):
        pull(store, name, replace(write(copy(name, name)), page=page, text=words))
    with store.reading() as transaction:
        first, second, third = sorted(waiting(transaction))
        assert binding.shared(transaction) == [
            (first, "page p"),
            (second, "page p"),
            (first, "text t"),
            (third, "text t"),
        ]


def test_copies_are_described_in_the_order_asked_for(store: Store) -> None:
    """Binding sees the copies as the archive has them, in its own order."""
    sync(store, source("a"))
    stories = [copy("a", str(number), published=NOW - timedelta(hours=number)) for number in range(5)]
    pull(store, "a", *map(write, stories))
    with store.reading() as transaction:
        pks = waiting(transaction)
        found = binding.describe(transaction, pks[::-1])
    assert [each.pk for each in found] == pks[::-1]
    assert [each.title for each in found] == [story.title for story in stories]


def test_more_copies_than_one_statement_takes_are_bound(store: Store) -> None:
    """A first run with thousands of entries is bound, joined and published like any other."""
    sync(store, source("a"), source("b"))
    for name in "ab":
        stories = [copy(name, str(n), link=f"https://story.example.org/{n}", guid=None) for n in range(1100)]
        pull(store, name, *map(write, stories))
    assert bind(store) == (1100, 1100)
    assert all(len(post.also_in) == 1 for post in posts(store))


def test_an_error_while_binding_leaves_nothing(store: Store) -> None:
    """A post that cannot be made takes back the whole transaction; the copies wait for the next one."""
    fill(store, copy("a", "1"))
    taken = posts(store)[0].id
    pull(store, "a", write(copy("a", "2")), write(copy("a", "3")))
    with store.reading() as transaction:
        pks = waiting(transaction)
        copies = binding.describe(transaction, pks)
    with pytest.raises(DatabaseError), store.writing() as transaction:
        binding.bind(transaction, _made(copies[0], "urn:ex:new"), NOW)
        binding.bind(transaction, _made(copies[1], taken), NOW)
    assert len(posts(store)) == 1
    with store.reading() as transaction:
        assert waiting(transaction) == pks


def test_many_that_wait_come_in_one_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are sorted at a time, what waits comes in the same order: each copy once."""
    sync(store, *map(source, "abc"))
    times = [NOW - timedelta(hours=number % 3) for number in range(7)]
    for name in "abc":
        pull(store, name, *(write(copy(name, f"{n}", published=at)) for n, at in enumerate(times)))
    with store.reading() as transaction:
        whole = waiting(transaction)
        for size in (1, 2, 7, 20, 21, 22):
            monkeypatch.setattr(binding, "_SORTED", size)
            assert waiting(transaction) == whole
    assert len(set(whole)) == 21
