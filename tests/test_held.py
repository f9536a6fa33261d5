"""What is held is stored and shown, and published when the editor says so; nothing else waits for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from desk import HOUR, Desk, item

from aggregator.errors import ConfigError

DAY = timedelta(days=1)


def dated(day: int) -> str:
    return f"{day:02} Nov 2026 08:00:00 GMT"


REGULAR = [item(f"old{n}", date=dated(23 - n)) for n in range(12)]
SPAM = [item(f"spam{n}", "casino.example.com", date=dated(24)) for n in range(3)]


def hijacked(desk: Desk) -> None:
    """Let a source of a dozen entries link to another site all at once."""
    desk.pull(a=REGULAR)
    desk.pull(a=[*SPAM, *REGULAR], b=[item("honest", "b.example")])


def test_what_is_held_is_counted_and_shown_and_the_others_are_published(desk: Desk) -> None:
    """A feed that turns to another site: its new entries wait, all else comes out."""
    desk.pull(a=REGULAR)
    summary = desk.pull(a=[*SPAM, *REGULAR], b=[item("honest", "b.example")])
    assert (summary.new, summary.held) == (1, 3)
    assert "honest" in desk.titles()
    assert not [title for title in desk.titles() if title.startswith("spam")]
    with desk.app() as app:
        found = app.held()
    assert [(each.source_id, each.title, each.code.value) for each in found] == [
        ("a", f"spam{n}", "held-elsewhere") for n in range(3)
    ]
    assert {each.since for each in found} == {desk.now}
    assert {each.link for each in found} == {f"https://casino.example.com/spam{n}" for n in range(3)}


def test_the_editor_is_told_in_the_feed_of_the_sources_health(desk: Desk) -> None:
    """Of what is suspicious, once a day, with what to do; a date to come is nothing to worry about."""
    desk.pull(c=[item("embargo", "c.example", date="28 Nov 2026 08:00:00 GMT")])
    hijacked(desk)
    desk.pull(a=[item("spam9", "casino.example.com"), *SPAM, *REGULAR])
    (told,) = desk.planet.entries("health.xml")
    assert told.title == "a brought entries that are held"
    assert "3 new entries" in told.summary
    assert "aggregator release a" in told.summary


def test_what_is_held_is_edited_in_place(desk: Desk) -> None:
    """It waits as its source has it last, under the number that it had."""
    hijacked(desk)
    with desk.app() as app:
        before = [each.number for each in app.held()]
    edited = [item("spam0", "casino.example.com", title="Better", date=dated(24)), *SPAM[1:]]
    summary = desk.pull(a=[*edited, *REGULAR])
    assert (summary.new, summary.updated, summary.held) == (0, 0, 0)
    with desk.app() as app:
        assert [each.number for each in app.held()] == before
        assert app.held()[0].title == "Better"


@pytest.mark.parametrize("by", ["all", "source", "number", "guid", "address"])
def test_what_is_released_is_published(desk: Desk, by: str) -> None:
    """By number, guid, address or source, or all at once; the feed's new site is no stranger any more."""
    hijacked(desk)
    with desk.app() as app:
        words = {
            "all": ["all"],
            "source": ["a"],
            "number": [each.name for each in app.held()],
            "guid": [str(each.guid) for each in SPAM],
            "address": [str(each.link) for each in SPAM],
        }
        number, changes = app.release(words[by], desk.now, "test")
        assert (number, app.held()) == (3, [])
    assert "feeds: atom.xml" in changes.written
    assert {"spam0", "spam1", "spam2"} < set(desk.titles())
    more = item("spam3", "casino.example.com", date=dated(24))
    assert desk.pull(a=[more, *SPAM, *REGULAR]).held == 0
    assert "spam3" in desk.titles()


def test_what_is_rejected_never_comes_back(desk: Desk) -> None:
    """Neither as it was, nor edited, nor under a new guid; the next of its kind is held again."""
    hijacked(desk)
    with desk.app() as app:
        assert app.reject(["all"], desk.now, "test")[0] == 3
        assert app.held() == []
    again = [item(f"spam{n}", "casino.example.com", guid=f"new{n}", date=dated(24)) for n in range(3)]
    desk.pull(a=[*again, *REGULAR])
    desk.pull(a=[item("spam0", "casino.example.com", title="Edited", date=dated(24)), *SPAM[1:], *REGULAR])
    with desk.app() as app:
        assert app.held() == []
    assert desk.pull(a=[item("spam9", "casino.example.com"), *SPAM, *REGULAR]).held == 1
    assert not [title for title in desk.titles() if title.startswith(("spam", "Edited"))]


def test_what_was_rejected_can_be_let_in_after_all(desk: Desk) -> None:
    """By its number; a decision of the editor's is the editor's to change."""
    hijacked(desk)
    with desk.app() as app:
        number = app.held()[0].name
        app.reject(["all"], desk.now, "test")
        assert app.release([number], desk.now, "test")[0] == 1
    assert "spam0" in desk.titles()


def test_a_word_that_names_nothing_changes_nothing(desk: Desk) -> None:
    """A mistake in one word leaves all of them undone; an entry that is published is not held."""
    hijacked(desk)
    with desk.app() as app:
        for wrong, told in (
            ("nobody", "aggregator held"),
            ("b", "aggregator held"),
            ("e1", "published already"),
            ("https://a.example/old0", "published already"),
        ):
            with pytest.raises(ConfigError, match=told):
                app.release([SPAM[0].guid or "", wrong], desk.now, "test")
        assert len(app.held()) == 3


def test_who_rejects_what_was_released_is_told_what_takes_it_out(desk: Desk) -> None:
    """A release by mistake is undone by a retraction; what was retracted is told of, too."""
    hijacked(desk)
    with desk.app() as app:
        name = app.held()[0].name
        app.release([name], desk.now, "test")
        with pytest.raises(ConfigError, match="published already; 'aggregator retract' takes its post out"):
            app.reject([name], desk.now, "test")
        app.retract(name, None, desk.now, "test")
        for decide in (app.reject, app.release):
            with pytest.raises(ConfigError, match=r"was taken out on 2026-11-24 .* It was retracted"):
                decide([name], desk.now, "test")
    assert "spam0" not in desk.titles()


def test_an_entry_of_tomorrow_comes_when_it_is_due(desk: Desk) -> None:
    """It is held until its date, and then published under it."""
    entry = item("embargo", date="28 Nov 2026 08:00:00 GMT")
    assert desk.pull(a=[entry]).held == 1
    desk.pull(2 * DAY, b=[item("other", "b.example")])
    assert desk.titles() == ["other"]
    assert desk.pull(2 * DAY, b=[item("other", "b.example")]).new == 1
    assert desk.titles() == ["embargo", "other"]
    published = desk.planet.entries()[0].published_parsed
    assert published[:3] == (2026, 11, 28)


def test_the_history_of_a_source_that_joins_later_is_archived(desk: Desk) -> None:
    """The newest twenty are published, the rest never comes up as new, also when it is edited; one may be let in."""
    desk.feeds = {"a": ""}
    assert desk.pull(a=[item(f"first{n}", date=dated(1)) for n in range(30)]).new == 30
    desk.feeds = {"a": "", "b": ""}
    history = [item(f"past{n}", "b.example", date=dated(23 - n % 20)) for n in range(30)]
    summary = desk.pull(b=history)
    assert (summary.new, summary.archived, summary.held) == (20, 10, 0)
    edited = [item(f"past{n}", "b.example", title=f"Past {n}", date=dated(23 - n % 20)) for n in range(30)]
    assert desk.pull(b=edited).new == 0
    assert len([title for title in desk.titles() if title.lower().startswith("past")]) == 20
    with desk.app() as app:
        assert app.held() == []
        assert app.release(["urn:ex:b.example:past19"], desk.now, "test")[0] == 1
    assert "Past 19" in desk.titles()


def test_a_source_of_the_first_hour_brings_all_it_has_however_late_it_answers(desk: Desk) -> None:
    """What stood in feeds.yaml before the outputs were first whole floods nobody."""
    desk.pull(a=[item("one")])
    assert desk.pull(2 * HOUR, b=[item(f"past{n}", "b.example", date=dated(1)) for n in range(30)]).archived == 0


def test_pruning_leaves_what_is_held(desk: Desk) -> None:
    """What was rejected long ago leaves the archive and stays known; what waits goes on waiting."""
    hijacked(desk)
    desk.more = "retention: {max_age: 30d}"
    with desk.app() as app:
        first, *others = (each.name for each in app.held())
        app.reject([first], desk.now, "test")
        assert app.prune(desk.now + 60 * DAY, "test")[0] == 13
        assert [each.name for each in app.held()] == others
    assert desk.pull(a=SPAM).new == 0


def test_the_first_source_of_an_empty_planet_brings_all_it_has(desk: Desk) -> None:
    """Outputs without a post have no readers yet, however often they were written."""
    desk.feeds = {}
    desk.pull()
    desk.feeds = {"a": ""}
    assert desk.pull(a=[item(f"past{n}", date=dated(1)) for n in range(30)]).archived == 0
