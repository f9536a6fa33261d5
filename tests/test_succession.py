"""A line of feeds.yaml whose id is new goes on with the source that had its address."""

from __future__ import annotations

import json

import pytest
from origin import Origin, Reply
from planet import Item, Planet, rss

from aggregator.succession import Former, heirs

A, B, C = (f"https://{name}.example/feed" for name in "abc")


def former(name: str, feed: str, *moved: str, listed: bool = True) -> Former:
    return Former(id=name, feed=feed, moved=frozenset(moved), listed=listed)


@pytest.mark.parametrize(
    ("left", "lines", "expected"),
    [
        ([former("old", A)], {"new": A}, {"new": "old"}),
        ([former("old", A)], {"new": B}, {}),
        ([former("old", A, B)], {"new": B}, {"new": "old"}),
        ([former("old", A), former("other", B)], {"1": B, "2": A}, {"1": "other", "2": "old"}),
        # Who had the address comes before who was led there, who left now before who left earlier.
        ([former("led", A, B), former("had", B)], {"new": B}, {"new": "had"}),
        ([former("earlier", A, listed=False), former("now", A)], {"new": A}, {"new": "now"}),
        ([former("earlier", A, listed=False)], {"new": A}, {"new": "earlier"}),
        # Several that could be meant, on either side, and an address that nobody can read.
        ([former("one", A), former("other", A)], {"new": A}, {}),
        ([former("old", A)], {"1": A, "2": A}, {}),
        ([former("old", "")], {"new": ""}, {}),
        # Whatever line comes first.
        ([former("old", A, B)], {"1": A, "2": B}, {"1": "old"}),
        ([former("old", A, B)], {"2": B, "1": A}, {"1": "old"}),
    ],
)
def test_who_goes_on_under_a_new_id(left: list[Former], lines: dict[str, str], expected: dict[str, str]) -> None:
    """The one that had the address, or was led to it, where no other could be meant."""
    assert heirs(left, lines) == expected


def entries(count: int) -> list[Item]:
    return [Item(guid=str(number), title=f"Number {number}") for number in range(count)]


def identities(planet: Planet) -> set[str]:
    return {post["id"] for post in planet.posts()}


def test_a_source_that_gets_an_id_keeps_all_that_it_brought(planet: Planet, origin: Origin) -> None:
    """Posts that its feed does not carry any more stay, under their ids; nothing comes as new, and plan says so."""
    origin.put("/a.xml", rss(*entries(5)))
    planet.configure([f"{{url: '{origin.url('/a.xml')}'}}"])
    planet.run()
    before = identities(planet)
    origin.put("/a.xml", rss(*entries(1)))
    planet.configure([f"{{url: '{origin.url('/a.xml')}', id: named}}"])
    plan = json.loads(planet.command("plan", "--json").stdout)
    assert plan == {"sources": {"added": [], "removed": []}, "feeds": []}
    summary = planet.run(at="2026-11-24T12:00:00Z")
    assert summary["posts"] == {"new": 0, "updated": 0, "duplicate": 0}
    assert identities(planet) == before
    assert len(json.loads(planet.command("posts", "--source", "named", "--json").stdout)) == 5


def test_who_writes_down_where_a_feed_moved_to_keeps_all_that_it_brought(planet: Planet, origin: Origin) -> None:
    """An id that is made from the address changes with it, as the program's own advice has it."""
    origin.put("/new.xml", rss(*entries(5)))
    origin.handle("/old.xml", lambda seen: Reply(status=301, headers={"Location": "/new.xml"}))
    planet.configure([f"{{url: '{origin.url('/old.xml')}'}}"])
    for hour in range(4):
        planet.run(at=f"2026-11-24T{8 + 2 * hour:02}:00:00Z")
    before = identities(planet)
    origin.put("/new.xml", rss(*entries(1)))
    planet.configure([f"{{url: '{origin.url('/new.xml')}'}}"])
    assert planet.run(at="2026-11-25T08:00:00Z")["posts"] == {"new": 0, "updated": 0, "duplicate": 0}
    assert identities(planet) == before


def test_feeds_tell_of_a_post_that_was_taken_out_under_the_new_id_of_its_source(planet: Planet, origin: Origin) -> None:
    """In the feed of the category that the source stands in."""
    origin.put("/a.xml", rss(Item(guid="urn:ex:1"), Item(guid="urn:ex:2")))
    planet.configure([f"{{url: '{origin.url('/a.xml')}', category: X}}"])
    planet.run()
    assert planet.command("retract", "urn:ex:1").returncode == 0
    planet.configure([f"{{url: '{origin.url('/a.xml')}', category: X, id: named}}"])
    planet.run(at="2026-11-24T12:00:00Z")
    assert b'ref="urn:ex:1"' in (planet.folder / "public/x/atom.xml").read_bytes()
