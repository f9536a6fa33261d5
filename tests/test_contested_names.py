"""Entries that claim one name: an entry that was renamed, and another one that bears its first name again."""

from __future__ import annotations

import pytest
from origin import Origin
from planet import Item, Planet, rss

PAGE = "https://a.example.org/1"


def ids(planet: Planet) -> dict[str, str]:
    return {str(entry.title): str(entry.id) for entry in planet.entries()}


@pytest.mark.parametrize(("before", "after"), [("1", "2"), ("2", "1")])
def test_an_entry_that_comes_under_a_former_guid_of_another_is_one_of_its_own(
    planet: Planet, origin: Origin, before: str, after: str
) -> None:
    """Both stand in the outputs, each under an id that stays when its words change or the other one leaves."""
    planet.configure([f"{{url: '{origin.url('/a.xml')}', id: a}}"])
    first = Item(title="First", guid=before, link=PAGE)
    origin.put("/a.xml", rss(first))
    planet.run(at="2026-11-24T08:00:00Z")
    origin.put("/a.xml", rss(Item(title="First", guid=after, link=PAGE)))
    planet.run(at="2026-11-24T09:00:00Z")
    known = ids(planet)
    assert len(known) == 1

    names = {before: "Old name", after: "New name"}
    found = []
    for hour, (listed, edit) in enumerate(
        [
            ((before, after), ""),
            ((before, after), ", edited"),
            ((after, before), ", again"),
            ((before,), ""),
            ((after,), ""),
        ]
    ):
        items = [
            Item(title=f"{names[guid]}{edit}", guid=guid, link=PAGE, body=f"<p>{guid}{edit}</p>") for guid in listed
        ]
        origin.put("/a.xml", rss(*items))
        planet.run(at=f"2026-11-24T1{hour}:00:00Z")
        found.append({title.split(",")[0]: identity for title, identity in ids(planet).items()})
    assert set(found[0]) == {"Old name", "New name"}
    assert set(known.values()) < set(found[0].values())
    assert all(each == found[0] for each in found)
