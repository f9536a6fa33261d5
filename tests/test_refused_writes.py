"""A database that takes what most sources bring, and refuses that of one: a bug, seen from outside."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from origin import Origin
from planet import Item, Planet, rss


def test_what_cannot_be_stored_is_a_failure_of_its_source(planet: Planet, origin: Origin) -> None:
    """All others are stored and published, in this run and the next; nothing of the one is taken for seen."""
    planet.configure([f"{{url: '{origin.url(f'/{name}.xml')}', id: {name}}}" for name in "abc"])
    for name in "abc":
        origin.put(f"/{name}.xml", rss(title=name))
    planet.run(at="2026-11-24T08:00:00Z")
    with closing(sqlite3.connect(planet.folder / "aggregator.db")) as database:
        refusal = "BEFORE INSERT ON copy WHEN NEW.title = 'Bad' BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        database.execute(f"CREATE TRIGGER refuse {refusal}")
        for name, title in (("a", "Good"), ("b", "Bad"), ("c", "Better")):
            origin.put(f"/{name}.xml", rss(Item(title=title, guid=title), title=name))
        summary = planet.run(at="2026-11-24T09:00:00Z")
        assert {entry.title for entry in planet.entries()} == {"Good", "Better"}
        (failure,) = summary["failures"]
        assert failure["source"] == "b"
        assert failure["error"] == "it cannot be stored: not this one"
        database.execute("DROP TRIGGER refuse")
    planet.run(at="2026-11-24T10:00:00Z")
    assert {entry.title for entry in planet.entries()} == {"Good", "Better", "Bad"}
