"""What the documents say is true."""

from __future__ import annotations

import re
import tomllib
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "deploy/README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Links between documents, and to pictures, name files that exist."""
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8"))
    assert not [link for link in links if "://" not in link and not (page.parent / link).exists()]


def test_every_dependency_has_its_reason() -> None:
    """docs/decisions.md says why each dependency is there, once, and names none that is not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["postgresql"]]
    names = [re.split(r"[\[<>=!]", line)[0] for line in wanted]
    told = (ROOT / "docs/decisions.md").read_text("utf-8")
    assert sorted(re.findall(r"\*\*([\w.-]+)\*\*", told)) == sorted(names)


def test_every_room_has_its_row() -> None:
    """docs/architecture.md names each module and package of the layers once, and none that is not."""
    layers = ConfigParser()
    layers.read(ROOT / ".importlinter", "utf-8")
    rooms = re.findall(r"\w+", layers["importlinter:contract:layers"]["layers"])
    table = (ROOT / "docs/architecture.md").read_text("utf-8").partition("## Rooms")[2].partition("\n## ")[0]
    named = [
        name for row in re.findall(r"^\|.*?\|(.*?)\|", table, re.MULTILINE) for name in re.findall(r"`(\w+)/?`", row)
    ]
    assert sorted(named) == sorted(rooms)


def test_the_first_feeds_yaml_of_the_readme_is_right() -> None:
    """What a new user copies has no mistakes."""
    from aggregator.config import parse

    example = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert example
    assert len(parse(example[1], Path("feeds.yaml"), {}).sources) == 2
