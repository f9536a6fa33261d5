"""What several test files share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from origin import Origin

pytest_plugins = ["databases"]

# The same examples in each run, however busy the machine is.
settings.register_profile("steady", derandomize=True, database=None, deadline=None)
settings.load_profile("steady")


@pytest.fixture
def origin() -> Iterator[Origin]:
    """A web server on loopback, empty at first, stopped at the end of the test."""
    with Origin() as server:
        yield server
