"""What several test files share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from origin import Origin

pytest_plugins = ["databases"]


@pytest.fixture
def origin() -> Iterator[Origin]:
    """A web server on loopback, empty at first, stopped at the end of the test."""
    with Origin() as server:
        yield server
