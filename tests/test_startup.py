"""Start-up is light: what a command does not use is not imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from origin import Origin
from planet import Item, Planet, rss

#: What takes long to import, or shows that something was imported that a run without news has no use for.
_FOR_NEWS = {"feedparser", "nh3", "aggregator.parse", "aggregator.sanitise", "aggregator.recognise.stories"}
_FOR_OUTPUTS = {"feedgen", "jinja2", "lxml", "aggregator.publish.formats"}
_FOR_DATABASES = {"alembic", "sqlalchemy.dialects.postgresql", "psycopg"}
_FOR_ANY_RUN = {"pydantic", "ruamel", "sqlalchemy", "requests", "urllib3", "aggregator.models", "aggregator.store"}


def imported(planet: Planet, *command: str) -> set[str]:
    """Return the modules, and the packages above them, that ``command`` imports."""
    done = planet.command(*command, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    names = [line.rpartition("|")[2].strip().split(".") for line in lines]
    return {".".join(name[:depth]) for name in names for depth in range(1, len(name) + 1)}


@pytest.fixture
def planet(tmp_path: Path, origin: Origin) -> Planet:
    origin.put("/a.xml", rss(Item(guid="1", body="<p>Some <b>words</b>")))
    made = Planet(tmp_path)
    made.configure([f"{{url: '{origin.url('/a.xml')}', category: X}}"])
    return made


def test_help_imports_nothing_that_works(planet: Planet) -> None:
    """--help takes what it takes to say it."""
    assert not imported(planet, "--help") & (_FOR_ANY_RUN | _FOR_NEWS | _FOR_OUTPUTS | _FOR_DATABASES)


def test_a_run_without_news_imports_what_it_uses(planet: Planet) -> None:
    """Where every server answers 304, nothing is parsed, cleaned or rendered; a first run does it all."""
    first = imported(planet, "run")
    assert first >= {"aggregator.parse", "nh3"} | _FOR_OUTPUTS
    assert "alembic" not in first
    again = imported(planet, "run", "--force")
    assert again >= {"sqlalchemy", "requests"}
    assert not again & (_FOR_NEWS | _FOR_OUTPUTS | _FOR_DATABASES)
