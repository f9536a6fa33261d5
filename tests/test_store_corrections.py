"""What is held, split, merged and taken out, on every database."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from msgspec.structs import replace
from stored import AUTHORITY, DAY, NOW, bind, copy, fill, publish, pull, source, sync, write

from aggregator import text, urls
from aggregator.frontmatter import STYLES
from aggregator.models import Copy, Post
from aggregator.reasons import Reason
from aggregator.recognise import minting
from aggregator.recognise.ownership import Owners
from aggregator.recognise.rules import Rules
from aggregator.records import Verdict
from aggregator.store import Store, archive, binding, corrections, lookup, rulings, story, tombstones, verdicts
from aggregator.store.schema import copy as copies
from aggregator.store.schema import post as posts_table

PAGE = "https://story.example.org/1"
HOUR = timedelta(hours=1)


def hold(store: Store, each: Copy, code: Reason = Reason.HELD_SPIKE, *, days: int | None = None) -> None:
    until = NOW + days * DAY if days else None
    verdict = Verdict(kind="held", code=code, detail="far too many", until=until)
    pull(store, each.source_id, replace(write(each), verdict=verdict))


def posts(store: Store) -> dict[str, Post]:
    with store.reading() as transaction:
        found = archive.posts(transaction, archive.everything(transaction))
        return {post.copy.title.removeprefix("Title of "): post for _, post in found}


def number(store: Store, title: str) -> int:
    """Return the number of the post whose primary copy is called ``title``."""
    query = sa.select(posts_table.c.pk).join(copies, copies.c.pk == posts_table.c.copy_pk)
    with store.reading() as transaction:
        found: int = transaction.execute(query.where(copies.c.title == f"Title of {title}")).scalar_one()
    return found


def carry(store: Store, each: Copy) -> None:
    """Store a copy that links to ``PAGE``."""
    pull(store, each.source_id, write(each, page=urls.canonical(PAGE)))
    bind(store)


def shared(store: Store) -> int:
    """Let three sources carry one story, one of them another, and return the number of its post."""
    sync(store, *map(source, "abc"))
    for name, each in zip("abc", "123", strict=True):
        carry(store, copy(name, each, link=PAGE))
    fill(store, copy("c", "other"))
    publish(store)
    return number(store, "1")


def test_a_held_copy_waits_until_it_is_let_in(store: Store) -> None:
    """It is shown with its reason, bound to nothing, and bound as a new one is when the editor says so."""
    sync(store, source("a"))
    hold(store, copy("a", "1"))
    assert bind(store) == (0, 0)
    with store.writing() as transaction:
        (found,) = verdicts.held(transaction)
        assert (found.source_id, found.title, found.code, found.detail, found.since, found.until) == (
            "a",
            "Title of 1",
            Reason.HELD_SPIKE,
            "far too many",
            NOW,
            None,
        )
        assert verdicts.held_of(transaction, "a") == verdicts.held_of(transaction, None) == [found.number]
        assert lookup.copies(transaction, found.name) == [found.number]
        verdicts.release(transaction, [found.number], NOW)
        assert verdicts.held(transaction) == []
    assert bind(store) == (1, 0)


def test_a_date_to_come_ends_the_waiting(store: Store) -> None:
    """When it has come the copy is let in, dated so; others that are held wait on."""
    sync(store, source("a"))
    hold(store, copy("a", "soon"), Reason.HELD_FUTURE, days=2)
    hold(store, copy("a", "spam"))
    for days, made in ((1, 0), (2, 1)):
        with store.writing() as transaction:
            verdicts.let_in_due(transaction, NOW + days * DAY)
        assert bind(store) == (made, 0)
    (post,) = posts(store).values()
    assert (post.published, post.updated) == (NOW + 2 * DAY, NOW + 2 * DAY)


def test_what_is_split_off_is_joined_by_nobody(store: Store) -> None:
    """A copy that comes later joins the post that it was split from; merging the two ends that."""
    post_pk = shared(store)
    with store.writing() as transaction:
        (leaver, heir, _) = binding.describe(transaction, lookup.copies_of(transaction, post_pk))
        rules = Rules(authority=AUTHORITY, owners=Owners({}))
        taken = binding.taken(transaction, minting.own_ids(leaver, rules))
        corrections.split(transaction, post_pk, [minting.alone(leaver, taken, rules)], heir.pk, NOW)
    sync(store, *map(source, "abcde"))
    carry(store, copy("d", "4", link=PAGE))
    found = posts(store)
    assert [also.source_id for also in found["2"].also_in] == ["c", "d"]
    assert found["1"].also_in == ()
    assert found["1"].id != found["2"].id
    assert found["2"].published == NOW
    with store.writing() as transaction:
        corrections.merge(transaction, number(store, "1"), post_pk, NOW)
    sync(store, *map(source, "abcde"))
    carry(store, copy("e", "5", link=PAGE))
    assert {also.source_id for also in posts(store)["1"].also_in} == {"b", "c", "d", "e"}


def test_a_merged_post_is_kept_as_a_tombstone(store: Store) -> None:
    """Its copies stand with the other's, at that one's time; its id stays taken; feeds of both are written again."""
    post_pk, other = shared(store), number(store, "other")
    given_up = posts(store)["other"].id
    with store.writing() as transaction:
        corrections.merge(transaction, post_pk, other, NOW)
        assert archive.bereft(transaction) == {"a", "b", "c"}
        assert sorted(archive.dirty(transaction)) == sorted([post_pk, other])
        assert binding.taken(transaction, [given_up]) == {given_up}
        ((told, where),) = tombstones.shown(transaction)
        assert (told.ref, told.at, set(where)) == (given_up, NOW, {"c"})
        assert tombstones.of(transaction, other) == (NOW, Reason.MERGED)
        archive.clean(transaction, archive.dirty(transaction), archive.bereft(transaction))
        assert archive.bereft(transaction) == set()
    (post,) = posts(store).values()
    assert [also.source_id for also in post.also_in] == ["b", "c", "c"]


def test_a_retracted_story_is_erased_and_kept_out(store: Store) -> None:
    """Nothing of its words is left; whoever carries its page is turned away, also later."""
    post_pk = shared(store)
    with store.writing() as transaction:
        corrections.retract(transaction, lookup.copies_of(transaction, post_pk), "as you wish", NOW)
        left = transaction.execute(sa.select(copies).where(copies.c.verdict == "retracted")).all()
        assert {(row.title, row.content, row.summary, row.more, row.post_pk) for row in left} == {
            ("", "", "", "{}", None)
        }
    sync(store, *map(source, "abcde"))
    carry(store, copy("d", "4", link=PAGE))
    assert set(posts(store)) == {"other"}
    with store.reading() as transaction:
        (told,) = story.of(transaction, [post_pk], [], STYLES["hexo"])
        barred = story.of(transaction, [], lookup.copies(transaction, PAGE), STYLES["hexo"])
    assert [each.verdict for each in told.entries] == ["retracted"] * 3
    assert [each.detail for each in told.decisions if each.code is Reason.RETRACTED] == [{"reason": "as you wish"}] * 3
    assert Reason.BARRED in {decision.code for each in barred for decision in each.decisions}


def test_what_feeds_tell_of_ends(store: Store) -> None:
    """After the time that the editor chose, and the feeds are written again."""
    post_pk = shared(store)
    with store.writing() as transaction:
        corrections.retract(transaction, lookup.copies_of(transaction, post_pk), None, NOW)
        archive.clean(transaction, archive.dirty(transaction), archive.bereft(transaction))
        tombstones.expire(transaction, NOW - HOUR)
        assert len(tombstones.shown(transaction)) == 1
        tombstones.expire(transaction, NOW)
        assert tombstones.shown(transaction) == []
        assert archive.bereft(transaction) == {"a", "b", "c"}


def test_a_withdrawn_copy_leaves_the_others(store: Store) -> None:
    """The post lives on with the next one's words as long as one is left."""
    post_pk = shared(store)
    with store.writing() as transaction:
        first, second, third = lookup.copies_of(transaction, post_pk)
        corrections.withdraw(transaction, {first: "mine", second: None}, NOW)
        assert tombstones.of(transaction, post_pk) is None
    assert posts(store)["3"].also_in == ()
    with store.writing() as transaction:
        corrections.withdraw(transaction, {third: "ours"}, NOW)
        ((told, where),) = tombstones.shown(transaction)
        assert (told.comment, set(where)) == ("ours", {"c"})
    assert set(posts(store)) == {"other"}


def test_a_post_is_found_by_any_of_its_names(store: Store) -> None:
    """By id, file, guid and address, in every way to write that."""
    post_pk = shared(store)
    (found,) = (post for post in posts(store).values() if post.copy.link == PAGE)
    with store.reading() as transaction:
        for what in (found.id, f"{found.name}.md", f"posts/x/{found.name}.md", PAGE, "http://www.story.example.org/1/"):
            assert lookup.posts(transaction, what) == [post_pk]
        assert lookup.copies(transaction, "2") == lookup.copies_of(transaction, post_pk)[1:2]
        assert lookup.posts(transaction, "nothing-0123456789") == []


def test_the_cost_of_deciding_follows_from_what_is_decided(store: Store) -> None:
    """What waits, and what is ruled, is found by indexes, whatever the size of the archive."""
    if store.engine.dialect.name != "sqlite":
        return
    questions = {
        "ix_copy_post_pk_verdict (post_pk=? AND verdict=?)": sa.select(copies.c.pk).where(
            copies.c.post_pk.is_(None), copies.c.verdict.is_(None)
        ),
        "ix_copy_verdict": sa.select(copies.c.pk).where(copies.c.verdict == "held", copies.c.until <= NOW),
        "ruling USING PRIMARY KEY": sa.select(posts_table.c.pk).where(
            posts_table.c.id_digest == text.digest("x"), ~rulings.is_apart()
        ),
    }
    with store.reading() as transaction:
        for index, question in questions.items():
            asked = question.compile(store.engine, compile_kwargs={"literal_binds": False})
            plan = transaction.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", tuple(asked.params.values()))
            told = " ".join(row.detail for row in plan)
            assert index in told
            assert "SCAN" not in told
