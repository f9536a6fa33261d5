"""`aggregator plan`: what would change for readers of the feeds, before anything is written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from origin import Origin
from planet import Item, Planet, rss
from typer.testing import CliRunner

from aggregator.cli import program

# One worker publishes, once.
pytestmark = pytest.mark.xdist_group("plan")

OUTPUT = "output: {path: public, posts: posts, formats: [atom], entries: 2}"


def feed(name: str, category: str, address: str = "http://127.0.0.1:9") -> str:
    return f"{{url: '{address}/{name}.xml', id: {name}, category: {category}}}"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a planet of two sources that was published."""
    planet = Planet(tmp_path_factory.mktemp("plan") / "planet")
    planet.folder.mkdir()
    with Origin() as origin:
        for name in "ab":
            dates = (f"{day:02d} Nov 2026 08:00:00 GMT" for day in (1, 3, 5))
            items = [Item(title=f"{name}{n}", guid=f"{name}{n}", date=date) for n, date in enumerate(dates)]
            origin.put(f"/{name}.xml", rss(*items, title=name.upper()))
        address = origin.url("").rstrip("/")
        planet.configure([feed("a", "News", address), feed("b", "Fun", address)], more=OUTPUT)
        planet.run()
    return planet.folder


@pytest.fixture
def planet(tmp_path: Path, published: Path) -> Planet:
    """A copy of it."""
    return Planet(Path(shutil.copytree(published, tmp_path / "planet")))


def planned(planet: Planet) -> dict[str, Any]:
    """Return the plan; nothing in the folder may have changed."""
    before = planet.snapshot()
    found: dict[str, Any] = json.loads(said(planet, "--json"))
    assert planet.snapshot() == before
    return found


def said(planet: Planet, *arguments: str) -> str:
    """Return what the command prints."""
    return invoked(planet, "plan", *arguments)


def invoked(planet: Planet, *arguments: str) -> str:
    done = CliRunner().invoke(program(), ["-c", str(planet.folder / "feeds.yaml"), *arguments])
    assert done.exit_code == 0
    return done.stdout


def titles(plan: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Return the titles of what changes, by feed and kind."""
    kinds = ("appear", "vanish", "make_room")
    return {each["feed"]: {kind: [line["title"] for line in each[kind]] for kind in kinds} for each in plan["feeds"]}


def test_nothing_would_change_after_a_run(planet: Planet) -> None:
    """The feeds are as they should be, and the plan says so."""
    assert planned(planet) == {"sources": {"added": [], "removed": []}, "feeds": []}
    assert said(planet) == "no feed would change\n"


def test_a_source_that_leaves_takes_its_entries_along(planet: Planet) -> None:
    """Its category's feed goes; elsewhere its entries vanish, and older ones of others come up."""
    planet.configure([feed("a", "News")], more=OUTPUT)
    plan = planned(planet)
    assert plan["sources"] == {"added": [], "removed": ["b"]}
    assert titles(plan) == {
        "atom.xml": {"appear": ["a1"], "vanish": ["b2"], "make_room": []},
        "fun/atom.xml": {"appear": [], "vanish": ["b2", "b1"], "make_room": []},
    }
    assert said(planet).splitlines() == [
        "sources to leave: b",
        "atom.xml: 2 entries, then 2: 1 appear, 1 vanish",
        "  + a1",
        "  - b2",
        "fun/atom.xml: the feed would vanish, with its 2 entries",
        "  - b2",
        "  - b1",
    ]


def test_a_renamed_category_is_another_feed(planet: Planet) -> None:
    """The old one would go and the new one come; the rest stays, though the database does not know of it yet."""
    planet.configure([feed("a", "Press/World"), feed("b", "Fun")], more=OUTPUT)
    plan = titles(planned(planet))
    assert {path: bool(kinds["appear"]) for path, kinds in plan.items()} == {
        "press/atom.xml": True,
        "press/world/atom.xml": True,
        "news/atom.xml": False,
    }
    assert plan["press/world/atom.xml"]["appear"] == ["a2", "a1"]


def test_a_new_source_is_named(planet: Planet) -> None:
    """What it brings cannot be known before it is pulled."""
    planet.configure([feed(each, "News") for each in "ab"] + [feed("c", "New")], more=OUTPUT)
    plan = planned(planet)
    assert plan["sources"]["added"] == ["c"]
    assert titles(plan)["new/atom.xml"] == {"appear": [], "vanish": [], "make_room": []}


def test_what_makes_room_is_told_from_what_vanishes(planet: Planet) -> None:
    """With fewer entries in each feed, the oldest leave it, and stay in the archive."""
    planet.configure([feed("a", "News"), feed("b", "Fun")], more=OUTPUT.replace("entries: 2", "entries: 1"))
    assert titles(planned(planet))["news/atom.xml"] == {"appear": [], "vanish": [], "make_room": ["a1"]}


def test_feeds_that_were_lost_or_spoilt_would_come_again(planet: Planet) -> None:
    """It is the folder that counts, not what was written once."""
    (planet.folder / "public/news/atom.xml").unlink()
    (planet.folder / "public/fun/atom.xml").write_text("<feed", "utf-8")
    plan = titles(planned(planet))
    assert plan["news/atom.xml"]["appear"] == ["a2", "a1"]
    assert plan["fun/atom.xml"]["appear"] == ["b2", "b1"]


def test_no_database_and_a_wrong_configuration_have_their_exit_codes(planet: Planet) -> None:
    """Nothing is made to look at: 3 without a database, 2 with a mistake in feeds.yaml."""
    (planet.folder / "other.yaml").write_text(
        "site: {title: T, url: 'https://t.example.org/'}\ndatabase: sqlite:///none.db\nfeeds: []\n"
    )
    lost = planet.command("plan", "-c", "other.yaml")
    assert (lost.returncode, "there is no database yet" in lost.stderr) == (3, True)
    assert not (planet.folder / "none.db").exists()
    (planet.folder / "feeds.yaml").write_text("feeds: 1")
    assert planet.command("plan").returncode == 2


def test_a_check_tells_of_every_file_that_publishing_changes(planet: Planet) -> None:
    """`publish --check` goes by feeds.yaml as it is now, posts that move and sources that come or go included."""
    planet.configure([feed("a", "Moved/Far"), feed("c", "New")], more=OUTPUT)
    before = planet.snapshot()
    checked = files(planet, "--check")
    assert planet.snapshot() == before
    assert files(planet) == checked
    assert any(path.startswith("posts: moved/far/") for path in checked["written"])
    assert any(path.startswith("posts: fun/") for path in checked["removed"])
    assert files(planet, "--check") == {"written": [], "removed": []}


def files(planet: Planet, *arguments: str) -> dict[str, list[str]]:
    """Return what `publish` says it wrote and removed, or would."""
    said: dict[str, list[str]] = json.loads(invoked(planet, "publish", "--json", *arguments))
    return {kind: sorted(paths) for kind, paths in said.items()}
