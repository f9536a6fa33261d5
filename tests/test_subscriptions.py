"""Edits of feeds.yaml by `add` and `import`: what is taken, what is told, and that the file is never broken."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from origin import Origin
from planet import Item, Planet, rss
from ruamel.yaml import YAML


@pytest.fixture
def planet(tmp_path: Path) -> Planet:
    made = Planet(tmp_path)
    made.configure([])
    return made


@pytest.mark.parametrize(
    ("category", "told"), [("tech/python", "get the same folder tech/"), (".", "neither letter nor digit")]
)
def test_add_never_breaks_the_file(planet: Planet, origin: Origin, category: str, told: str) -> None:
    """A category that the next command would refuse is refused at once, and the file stays as it is."""
    origin.put("/a.xml", rss(Item(guid="1")))
    before = planet.configure(["{url: 'https://example.org/', category: Tech/Python}"]).read_bytes()
    done = planet.command("add", origin.url("/a.xml"), "-k", category)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert (planet.folder / "feeds.yaml").read_bytes() == before


def test_a_link_to_another_file_system_is_followed(planet: Planet, origin: Origin) -> None:
    """What feeds.yaml stands for is edited where it is, and it stays a link."""
    origin.put("/a.xml", rss(Item(guid="1")))
    path = planet.configure([])
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK) or shared.stat().st_dev == path.stat().st_dev:
        pytest.skip("there is no other file system")
    with tempfile.TemporaryDirectory(dir=shared) as elsewhere:
        target = Path(elsewhere) / "mine.yaml"
        target.write_text(path.read_text("utf-8"), "utf-8")
        path.unlink()
        path.symlink_to(target)
        done = planet.command("add", origin.url("/a.xml"))
        assert done.returncode == 0, done.stderr
        assert path.is_symlink()
        assert origin.url("/a.xml") in target.read_text("utf-8")
        assert [each.name for each in Path(elsewhere).iterdir()] == ["mine.yaml"]


def imported(planet: Planet, outlines: str) -> subprocess.CompletedProcess[str]:
    """Import an OPML document with ``outlines``, which leaves a feeds.yaml that is right."""
    (planet.folder / "in.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>', "utf-8")
    done = planet.command("import", "in.opml")
    assert done.returncode == 0, done.stderr
    checked = planet.command("check")
    assert checked.returncode == 0, checked.stderr
    return done


def written(planet: Planet) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((planet.folder / "feeds.yaml").read_text("utf-8"))
    return found


def folder(name: str, *inside: str) -> str:
    return f'<outline text="{name}">{"".join(inside)}</outline>'


def feed(address: str) -> str:
    return f'<outline type="rss" text="Feed" xmlUrl="{address}"/>'


def test_import_spells_categories_as_the_file_does(planet: Planet) -> None:
    """Folders that differ in case from a category are that category, and this is told."""
    planet.configure(["{url: 'https://example.org/', category: Tech/Web}"])
    done = imported(
        planet, folder("TECH", feed("https://a.example.org/"), folder("web", feed("https://b.example.org/")))
    )
    assert [each["category"] for each in written(planet)["feeds"]] == ["Tech/Web", "Tech", "Tech/Web"]
    assert done.stderr.splitlines() == [
        "respelled the category 'TECH' as 'Tech': they get the same folder",
        "respelled the category 'web' as 'Web': they get the same folder",
    ]
    assert done.stdout == "2 feeds added to feeds.yaml, 0 were there already\n"


def test_import_keeps_c_and_its_kin_apart(planet: Planet) -> None:
    """C++ and C# are no spellings of one name: each gets a folder; a name that can be none is left out, and told."""
    names = ("C++", "C#", "c#", "⭐")
    done = imported(planet, "".join(folder(name, feed(f"https://{n}.example.org/")) for n, name in enumerate(names)))
    found = written(planet)
    assert [each.get("category") for each in found["feeds"]] == ["C++", "C#", "C#", None]
    assert found["categories"] == {"C#": {"slug": "c-2"}}
    assert done.stderr.splitlines() == [
        "respelled the category 'c#' as 'C#': they get the same folder",
        "left out the category '⭐': it has neither letter nor digit for a folder's name",
    ]


def test_import_tells_what_it_does_with_addresses(planet: Planet) -> None:
    """feed: addresses are what they stand for; what cannot be pulled is left out; no password is kept or shown."""
    addresses = (
        "feed://a.example.org/x",
        "feed:https://b.example.org/",
        "ftp://me:pa55@c.example.org/x",
        "",
        "file:///etc/passwd",
        "https://me:pa55@d.example.org/",
    )
    done = imported(planet, "".join(map(feed, addresses)))
    assert [each["url"] for each in written(planet)["feeds"]] == [
        "http://a.example.org/x",
        "https://b.example.org/",
        "https://d.example.org/",
    ]
    assert [line.partition("; ")[0] for line in done.stderr.splitlines()] == [
        "left out 'Feed': it has no address of a feed",
        "respelled feed://a.example.org/x as http://a.example.org/x",
        "respelled feed:https://b.example.org/ as https://b.example.org/",
        "left out 'Feed' (ftp://c.example.org/x): addresses with this scheme are not fetched",
        "left out 'Feed' (file:///passwd): files are read only for addresses written into feeds.yaml by hand",
        "left out the user name and password of https://d.example.org/",
    ]


def test_import_tells_a_folder_that_a_feed_leaves(planet: Planet) -> None:
    """A feed has one category: the others of its folders are named."""
    one = feed("https://a.example.org/")
    done = imported(planet, folder("All", one) + folder("Tech", folder("Web", one)))
    assert done.stderr == "filed https://a.example.org/ under 'Tech/Web' alone, not 'All'\n"


def test_import_knows_a_feed_however_it_is_written(planet: Planet) -> None:
    """An address with a password, or without its slash, is not added a second time, and nothing is written."""
    path = planet.configure(["{url: 'https://me:pa55@a.example.org/?token=x'}", "{url: 'https://b.example.org'}"])
    before = path.read_bytes()
    done = imported(planet, feed("https://a.example.org/") + feed("https://b.example.org/"))
    assert (done.stdout, done.stderr) == ("0 feeds added to feeds.yaml, 2 were there already\n", "")
    assert path.read_bytes() == before


def test_import_names_the_file_that_is_wrong(planet: Planet) -> None:
    """What is no OPML is told with its name."""
    planet.configure([])
    (planet.folder / "page.html").write_text("<p>x</p>")
    done = planet.command("import", "page.html")
    assert (done.returncode, done.stderr) == (
        2,
        "aggregator: page.html: this is no OPML file: it has no <opml> element\n",
    )
