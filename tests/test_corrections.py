"""What the editor, or a source of its own entries, takes back stays so over whatever comes later."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from desk import Desk, item
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace
from planet import Item
from properties import brief

from aggregator.errors import ConfigError
from aggregator.store import schema

DAY = timedelta(days=1)
PAGE = "https://a.example/story"
_AT = "{http://purl.org/atompub/tombstones/1.0}"


def copy_of(name: str, source: str, **more: Any) -> Item:
    """Return an entry of ``source`` that links to the page ``name`` of the first source."""
    named = {"guid": f"urn:ex:{source}:{name}", "title": f"{name} in {source}"}
    return item(name, "a.example", **{**named, **more})


def shared(desk: Desk) -> None:
    """Let three sources carry one story, the first of them first, and each of them something else."""
    desk.pull(a=[copy_of("story", "a"), copy_of("own-a", "a")])
    desk.pull(
        b=[copy_of("story", "b"), item("own-b", "b.example")], c=[copy_of("story", "c"), item("own-c", "c.example")]
    )


def deletions(desk: Desk) -> list[tuple[str | None, str | None, str | None]]:
    """Return what the site's feed tells of entries that are no more: id, time and comment."""
    root = etree.fromstring((desk.folder / "public/atom.xml").read_bytes())
    return [
        (each.get("ref"), each.get("when"), each.findtext(f"{_AT}comment")) for each in root.iter(f"{_AT}deleted-entry")
    ]


def carriers(desk: Desk) -> dict[str, set[str]]:
    """Return the titles of the posts, each with the sources that carry it."""
    with desk.app() as app:
        from aggregator.store.searching import Query

        found = app.posts(Query(), 0)
    return {each.copy.title: {each.source.source_id, *(also.source_id for also in each.also_in)} for each in found}


def test_an_entry_that_is_split_off_is_a_post_of_its_own(desk: Desk) -> None:
    """The post keeps its id and its others; the new one has an id and a file of its own."""
    shared(desk)
    with desk.app() as app:
        ids, _ = app.split(PAGE, "b", desk.now, "test")
    assert ids == ["urn:ex:b:story"]
    assert carriers(desk)["story in a"] == {"a", "c"}
    assert carriers(desk)["story in b"] == {"b"}
    posts = {post["id"]: post for post in desk.planet.posts()}
    assert [also["title"] for also in posts["urn:ex:a:story"]["also_in"]] == ["c"]
    assert "also_in" not in posts["urn:ex:b:story"]
    assert deletions(desk) == []


def test_the_first_entry_of_a_post_can_be_split_off(desk: Desk) -> None:
    """The post keeps id, file and date with what the next source said; the one that leaves gets a new id."""
    shared(desk)
    before = next(post for post in desk.planet.posts() if post["id"] == "urn:ex:a:story")
    with desk.app() as app:
        (own,), _ = app.split("urn:ex:a:story", "a", desk.now, "test")
    assert own.startswith("tag:planet.example.org,2026:a:")
    posts = {post["id"]: post for post in desk.planet.posts()}
    assert posts["urn:ex:a:story"]["title"] == "story in b"
    assert posts["urn:ex:a:story"]["date"] == before["date"]
    assert posts[own]["title"] == "story in a"


def test_the_next_one_is_chosen_by_the_editors_rules(desk: Desk) -> None:
    """When the first entry leaves, the source of the best rank among the others stands for the post."""
    desk.feeds["c"] = ", rank: 1"
    shared(desk)
    with desk.app() as app:
        app.split("urn:ex:a:story", "a", desk.now, "test")
    assert carriers(desk)["story in c"] == {"b", "c"}


def test_who_comes_later_joins_the_post_not_what_was_split_off(desk: Desk) -> None:
    """Another source with the same page joins the post that was there first."""
    shared(desk)
    with desk.app() as app:
        app.split(PAGE, "b", desk.now, "test")
    desk.feeds["d"] = ""
    desk.pull(d=[copy_of("story", "d")])
    assert carriers(desk)["story in a"] == {"a", "c", "d"}
    assert carriers(desk)["story in b"] == {"b"}


def test_two_posts_that_are_merged_are_one(desk: Desk) -> None:
    """The first one's id and words stay; readers are told that the other is no more; its page leads to the first."""
    shared(desk)
    with desk.app() as app:
        app.merge("urn:ex:b.example:own-b", "https://c.example/own-c", desk.now, "test")
    assert carriers(desk)["own-b"] == {"b", "c"}
    assert "own-c" not in desk.titles()
    assert [(ref, comment) for ref, _, comment in deletions(desk)] == [
        ("urn:ex:c.example:own-c", "It is part of urn:ex:b.example:own-b now.")
    ]
    desk.feeds["d"] = ""
    desk.pull(d=[item("own-c", "c.example", guid="urn:ex:d:own-c", title="own-c in d")])
    assert carriers(desk)["own-b"] == {"b", "c", "d"}


@pytest.mark.parametrize("name", ["https://c.example/own-c", "number"])
def test_an_entry_names_the_post_that_it_was_merged_into(desk: Desk, name: str) -> None:
    """By its address and its number, also where that address was the id of the post that was given up."""
    desk.pull(a=[item("story", "a.example")], c=[item("own-c", "c.example", guid="https://c.example/own-c")])
    with desk.app() as app:
        app.merge("urn:ex:a.example:story", "https://c.example/own-c", desk.now, "test")
        (number,) = (each.name for told in app.explain("https://a.example/story") for each in told.entries[1:])
        name = number if name == "number" else name
        (own,), _ = app.split(name, name, desk.now, "test")
        assert carriers(desk) == {"story": {"a"}, "own-c": {"c"}}
        app.merge("urn:ex:a.example:story", name, desk.now, "test")
        with pytest.raises(ConfigError, match="one post already"):
            app.merge("urn:ex:a.example:story", name, desk.now, "test")
        with pytest.raises(ConfigError, match=r"taken out on 2026-11-24 .* \(into: urn:ex:a.example:story\)"):
            app.retract(own, None, desk.now, "test")
        assert app.retract(name, None, desk.now, "test")[0] == 2
    assert desk.titles() == []


def test_what_was_merged_can_be_split_again(desk: Desk) -> None:
    """Under a new id: one that was given up never comes back."""
    shared(desk)
    with desk.app() as app:
        app.merge("urn:ex:b.example:own-b", "urn:ex:c.example:own-c", desk.now, "test")
        (own,), _ = app.split("https://b.example/own-b", "https://c.example/own-c", desk.now, "test")
        assert own not in ("urn:ex:b.example:own-b", "urn:ex:c.example:own-c")
        app.merge(own, "urn:ex:b.example:own-b", desk.now, "test")
    assert carriers(desk)["own-c"] == {"b", "c"}


def test_a_retracted_entry_is_gone_from_every_output(desk: Desk) -> None:
    """From feeds, posts and the archive's words; readers are told, with the reason, for a month."""
    shared(desk)
    with desk.app() as app:
        assert app.retract(PAGE, "The author asked for it.", desk.now, "test")[0] == 3
    assert sorted(desk.titles()) == ["own-a in a", "own-b", "own-c"]
    assert len(desk.planet.posts()) == 3
    assert deletions(desk) == [("urn:ex:a:story", f"{desk.now:%Y-%m-%dT%H:%M:%SZ}", "The author asked for it.")]
    with desk.app() as app:
        (told,) = app.explain("urn:ex:a:story")
    assert [(each.verdict, each.title) for each in told.entries] == [("retracted", "")] * 3
    assert told.gone
    desk.pull(31 * DAY, a=[copy_of("own-a", "a")])
    assert deletions(desk) == []


@pytest.mark.parametrize("name", [PAGE, "urn:ex:a:story", "urn:ex:b:story", "e1"])
def test_who_retracts_what_is_retracted_is_told_when_and_why_that_was(desk: Desk, name: str) -> None:
    """By whichever of its names; what was kept out since is told of as well."""
    shared(desk)
    with desk.app() as app:
        app.retract(PAGE, "The author asked for it.", desk.now, "test")
        for again in (
            lambda: app.retract(name, None, desk.now, "test"),
            lambda: app.split(name, "a", desk.now, "test"),
        ):
            with pytest.raises(ConfigError, match=f"{desk.now:%Y-%m-%d %H:%M} UTC: It was retracted.*author asked"):
                again()
    desk.feeds["d"] = ""
    desk.pull(d=[copy_of("story", "d")])
    with desk.app() as app, pytest.raises(ConfigError, match="carries a story that was retracted"):
        app.retract("urn:ex:d:story", None, desk.now, "test")


def test_a_word_that_names_nothing_is_answered_with_all_that_can_be_named(desk: Desk) -> None:
    """The numbers of entries, too."""
    with desk.app() as app, pytest.raises(ConfigError, match=r"address, guid or number \(e12\) of an entry"):
        app.retract("e12", None, desk.now, "test")


def test_a_retracted_entry_comes_back_under_no_name(desk: Desk) -> None:
    """Neither edited, nor under a new guid, nor from another source; what else these say is published."""
    shared(desk)
    with desk.app() as app:
        app.retract(PAGE, None, desk.now, "test")
    desk.feeds["d"] = ""
    again = [copy_of("story", "new", date="24 Nov 2026 08:00:00 GMT"), item("more", "a.example")]
    desk.pull(
        a=again, b=[copy_of("story", "b", body="<p>Edited.</p>")], d=[copy_of("story", "d"), item("d", "d.example")]
    )
    assert sorted(desk.titles()) == ["d", "more", "own-a in a", "own-b", "own-c"]
    with desk.app() as app:
        told = app.explain("urn:ex:d:story")
    assert "barred" in {decision.code.value for story in told for decision in story.decisions}


def take_out(desk: Desk, story: Item, how: str) -> None:
    with desk.app() as app:
        if how.startswith("retracted"):
            app.retract(story.link or "", None, desk.now, "test")
        if how.endswith("pruned"):
            app.prune(desk.now, "test")
    assert desk.titles() == ["other"]


@pytest.mark.parametrize("taken_out", ["retracted", "pruned", "retracted and pruned"])
def test_what_was_taken_out_is_known_by_its_words_and_date(desk: Desk, taken_out: str) -> None:
    """Where both stayed it comes back under no guid and link; the same words of another day are another entry."""
    desk.more = "retention: {max_age: 7d}"
    story = item("story", title="The story", body="<p>Few words.</p>", date="10 Nov 2026 08:00:00 GMT")
    desk.pull(a=[story, item("other")])
    take_out(desk, story, taken_out)
    moved = replace(story, guid="urn:ex:a.example:new", link="https://a.example/new")
    summary = desk.pull(a=[moved, item("other")])
    assert (summary.new, desk.titles()) == (0, ["other"])
    another = replace(story, guid="3", link="https://a.example/3", date="23 Nov 2026 08:00:00 GMT")
    desk.pull(a=[another, item("other")])
    assert "The story" in desk.titles()


@pytest.mark.parametrize("taken_out", ["retracted", "pruned", "retracted and pruned"])
def test_what_was_edited_since_it_was_taken_out_is_known_by_its_title_and_date(desk: Desk, taken_out: str) -> None:
    """Also under another guid and link; an entry of that title and another day, or of that day, is another one."""
    desk.more = "retention: {max_age: 7d}"
    story = item("story", title="The story", date="10 Nov 2026 08:00:00 GMT")
    desk.pull(a=[story, item("other")])
    take_out(desk, story, taken_out)
    edited = replace(story, title="THE  STORY!", body="<p>Other words.</p>")
    desk.pull(a=[edited, item("other")])
    desk.pull(a=[replace(edited, guid="urn:ex:a.example:new", link="https://a.example/new"), item("other")])
    assert desk.titles() == ["other"]
    another = replace(edited, guid="3", link="https://a.example/3", date="23 Nov 2026 08:00:00 GMT")
    same_day = item("third", title="Of that day", date="10 Nov 2026 08:00:00 GMT")
    desk.pull(a=[another, same_day, item("other")])
    assert sorted(desk.titles()) == ["Of that day", "THE STORY!", "other"]


def test_what_was_pruned_stays_away_where_a_feed_is_made_anew(desk: Desk) -> None:
    """New software gives all entries new guids, links and footers; the feed reaches further back than what is kept."""
    desk.more = "retention: {max_age: 7d}"
    days = [f"{day} Nov 2026 08:00:00 GMT" for day in (1, 2, 3, 22, 23)]
    desk.pull(a=[item(f"story-{number}", date=date) for number, date in enumerate(days)])
    with desk.app() as app:
        assert app.prune(desk.now, "test")[0] == 3
    before = [entry.id for entry in desk.planet.entries()]
    anew = [item(f"new-{number}", title=f"story-{number}", date=date) for number, date in enumerate(days)]
    assert desk.pull(a=anew).new == 0
    assert [entry.id for entry in desk.planet.entries()] == before


def test_a_name_learnt_later_gives_no_word_of_what_was_retracted_away(desk: Desk) -> None:
    """An entry without guid and link is called by its title, which was taken back."""
    story = item("story", title="The story", body="<p>Few words.</p>")
    desk.pull(a=[story, item("other")])
    with desk.app() as app:
        app.retract(story.link or "", None, desk.now, "test")
    desk.pull(a=[replace(story, guid=None, link=None), item("other")])
    assert desk.titles() == ["other"]
    with desk.app() as app, app.store.reading() as transaction:
        assert "The story" not in transaction.scalars(sa.select(schema.alias.c.said)).all()


def test_a_source_may_delete_its_own_entries_alone(desk: Desk) -> None:
    """A post of its own goes; one that others carry lives on with their words, under its id; a stranger's stays."""
    shared(desk)
    document = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">
    <id>urn:a</id><title>a</title><updated>2026-11-24T12:00:00Z</updated><link href="https://site.example.org/"/>
    <at:deleted-entry ref="urn:ex:a:story" when="2026-11-24T11:00:00Z"><at:comment>No.</at:comment></at:deleted-entry>
    <at:deleted-entry ref="urn:ex:a:own-a" when="2026-11-24T11:00:00Z"/>
    <at:deleted-entry ref="urn:ex:b.example:own-b" when="2026-11-24T11:00:00Z"/>
    <entry><id>urn:ex:a:own-a</id><title>own-a in a</title><updated>2026-11-23T11:00:00Z</updated></entry></feed>"""
    desk.pull(a=document)
    assert carriers(desk) == {"story in b": {"b", "c"}, "own-b": {"b"}, "own-c": {"c"}}
    assert {post["id"] for post in desk.planet.posts()} == {
        "urn:ex:a:story",
        "urn:ex:b.example:own-b",
        "urn:ex:c.example:own-c",
    }
    assert [ref for ref, _, _ in deletions(desk)] == ["urn:ex:a:own-a"]
    before = desk.planet.outputs()
    desk.pull(a=document.replace("No.", "No!"))
    desk.pull(a=[copy_of("story", "a"), copy_of("own-a", "a", title="Back again")])
    assert desk.planet.outputs() == before


def test_an_entry_changed_after_its_deletion_has_come_back(desk: Desk) -> None:
    """RFC 6721, section 3: the later of the two counts."""
    desk.pull(a=[copy_of("story", "a")])
    document = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">
    <id>urn:a</id><title>a</title><at:deleted-entry ref="urn:ex:a:story" when="2026-11-24T07:00:00Z"/>
    <entry><id>urn:ex:a:story</id><title>Better</title><updated>2026-11-24T08:30:00Z</updated></entry></feed>"""
    desk.pull(a=document)
    assert desk.titles() == ["Better"]


def test_what_is_no_post_is_refused(desk: Desk) -> None:
    """A word that names nothing or too much, and what cannot be done, change nothing."""
    shared(desk)
    with desk.app() as app:
        for wrong in (
            lambda: app.split("nothing", "a", desk.now, "test"),
            lambda: app.split(PAGE, "nobody", desk.now, "test"),
            lambda: app.split("urn:ex:b.example:own-b", "b", desk.now, "test"),
            lambda: app.merge(PAGE, "urn:ex:a:story", desk.now, "test"),
            lambda: app.merge(PAGE, "nothing", desk.now, "test"),
            lambda: app.retract("https://nowhere.example/", None, desk.now, "test"),
            lambda: app.explain("nothing"),
        ):
            with pytest.raises(ConfigError):
                wrong()
        app.retract(PAGE, None, desk.now, "test")
        with pytest.raises(ConfigError):
            app.retract(PAGE, None, desk.now, "test")
    assert len(desk.titles()) == 3


@pytest.mark.parametrize("what", ["urn:ex:a:story", PAGE, "http://www.a.example/story/?utm_source=x", "urn:ex:b:story"])
def test_an_entry_is_explained_by_any_of_its_names(desk: Desk, what: str) -> None:
    """By the id of its post, guid, address and number: who carries it, known as what, and what was decided."""
    shared(desk)
    with desk.app() as app:
        (told,) = app.explain(what)
    assert told.id == "urn:ex:a:story"
    assert [(each.source_id, each.primary) for each in told.entries] == [("a", True), ("b", False), ("c", False)]
    assert ("guid", "urn:ex:b:story") in {(name.kind, name.said) for name in told.entries[1].names}
    assert sorted(decision.code.value for decision in told.decisions) == ["joined-page", "joined-page", "minted"]
    with desk.app() as app:
        assert app.explain(told.file or "") == app.explain(f"posts/{told.file}") == [told]


def test_posts_of_one_source_that_were_merged_leave_room_for_older_ones(desk: Desk) -> None:
    """A feed that shows fewer entries than it has is not whole, and its archive documents stay."""
    desk.more = "categories: {C: {entries: 3}}"
    desk.feeds = {"a": ", category: C"}
    desk.pull(a=[item(f"post-{number}", date=f"Mon, {23 - number} Nov 2026 08:00:00 GMT") for number in range(6)])
    with desk.app() as app:
        app.merge("https://a.example/post-0", "https://a.example/post-1", desk.now, "test")
    assert desk.titles("c/atom.xml") == ["post-0", "post-2", "post-3"]
    assert b"prev-archive" in (desk.folder / "public/c/atom.xml").read_bytes()


def test_who_retracts_twice_takes_out_one_post(desk: Desk) -> None:
    """Entries of others that link to the page of the one that went, in a post of their own, stay."""
    desk.pull(a=[copy_of("story", "a", guid=PAGE)])
    desk.pull(b=[copy_of("story", "b")])
    with desk.app() as app:
        app.split(PAGE, "b", desk.now, "test")
        app.retract(PAGE, None, desk.now, "test")
        for _ in range(2):
            with pytest.raises(ConfigError, match="was taken out on"):
                app.retract(PAGE, None, desk.now, "test")
    assert carriers(desk) == {"story in b": {"b"}}


@pytest.mark.parametrize("style", ["hexo", "hugo", "jekyll"])
def test_a_post_is_explained_by_its_file_in_every_style(desk: Desk, style: str) -> None:
    """As it is named for the site generator, and as it was named for another one."""
    desk.style = style
    desk.pull(a=[item("2026-11-24-story")])
    (file,) = (path.name for path in (desk.folder / "posts").rglob("*.*"))
    with desk.app() as app:
        (told,) = app.explain(f"posts/{file}")
        assert told.file == file
        stem = told.file.rpartition(".")[0]
        for other in (stem, f"{stem}.md", f"{stem}.html"):
            assert app.explain(other) == [told]
    desk.style = "jekyll"
    with desk.app() as app:
        (told,) = app.explain(file)
        assert app.explain(told.file or "") == [told]


_STEPS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=3)


@given(_STEPS, st.sampled_from(["split", "retract", "merge"]), _STEPS)
@settings(brief, max_examples=8)
def test_a_correction_holds_over_any_later_pulls(
    empty_archive: Path, before: list[str], correction: str, after: list[str]
) -> None:
    """Whatever sources said before and say after, in whatever order: apart stays apart, one stays one, gone is gone."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk.build(Path(folder), empty_archive, "abcd")
        shared(desk)
        say = {name: [copy_of("story", name), item(f"own-{name}", f"{name}.example")] for name in "abcd"}
        for name in before:
            desk.pull(**{name: say[name]})
        with desk.app() as app:
            if correction == "split":
                app.split(PAGE, "b", desk.now, "test")
            elif correction == "merge":
                app.merge("urn:ex:b.example:own-b", "urn:ex:c.example:own-c", desk.now, "test")
            else:
                app.retract(PAGE, None, desk.now, "test")
        for name in after:
            desk.pull(**{name: [*say[name], item(f"later-{name}", f"{name}.example")]})
        found = carriers(desk)
        if correction == "split":
            assert found["story in b"] == {"b"}
            assert found["story in a"] >= {"a", "c"}
        elif correction == "merge":
            assert found["own-b"] == {"b", "c"}
            assert "own-c" not in found
        else:
            assert not [title for title in found if title.startswith("story")]
