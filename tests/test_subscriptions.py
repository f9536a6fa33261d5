"""Edits of feeds.yaml by `add` and `import`: what is taken, what is told, and that the file is never broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from origin import Origin
from planet import Item, Planet, rss


@pytest.fixture
def planet(tmp_path: Path) -> Planet:
    return Planet(tmp_path)


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
