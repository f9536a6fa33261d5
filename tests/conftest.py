"""What several test files share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk
from hypothesis import settings
from origin import Origin
from planet import Planet

pytest_plugins = ["databases"]

# The same examples in each run, however busy the machine is.
settings.register_profile("steady", derandomize=True, database=None, deadline=None)
settings.load_profile("steady")


@pytest.fixture
def origin() -> Iterator[Origin]:
    """A web server on loopback, empty at first, stopped at the end of the test."""
    with Origin() as server:
        yield server


@pytest.fixture
def planet(tmp_path: Path) -> Planet:
    """A folder of its own for the program, with nothing in it."""
    folder = tmp_path / "planet"
    folder.mkdir()
    return Planet(folder)


@pytest.fixture
def desk(tmp_path: Path, empty_archive: Path) -> Desk:
    """An editor's desk over three sources."""
    return Desk.build(tmp_path, empty_archive)
