"""The web server in front of a database that does not answer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import NoReturn, cast

import pytest
from serving import Answer, ask

from aggregator import web
from aggregator.errors import DatabaseError
from aggregator.service import Service
from aggregator.service import log as logs
from aggregator.service.metrics import Metrics
from aggregator.web.server import WebServer, listening

Address = tuple[str, int]

#: The threads that all files share (starlette.io/threadpool).
POOL = 40


class Hanging:
    """A service whose database lets everybody wait until it is ``released``, and then cannot be read."""

    clock = staticmethod(lambda: datetime.now(UTC))

    def __init__(self, public: Path) -> None:
        self.released = Event()
        self.metrics = Metrics()
        self.asked = 0
        output = SimpleNamespace(path=public, templates=None)
        self.settings = SimpleNamespace(output=output, sources=[], site_model=SimpleNamespace(title="Planet Test"))

    @property
    def app(self) -> Hanging:
        return self

    @property
    def store(self) -> Hanging:
        return self

    def trouble(self) -> str | None:
        self.asked += 1
        self.released.wait()
        return None

    def reading(self) -> AbstractContextManager[object]:
        self._fail()

    def standings(self) -> list[str]:
        self._fail()

    def reports(self, now: datetime) -> list[object]:
        self._fail()

    def was_removed(self, path: str) -> bool:
        self._fail()

    def _fail(self) -> NoReturn:
        self.released.wait()
        raise DatabaseError("the server closed the connection")


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[Hanging]:
    (tmp_path / "a.txt").write_text("a", "utf-8")
    service = Hanging(tmp_path)
    yield service
    service.released.set()


@pytest.fixture
def address(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> Iterator[Address]:
    monkeypatch.setattr(web, "_PATIENCE", 0.2)
    monkeypatch.setattr(web, "_SEARCH_PATIENCE", 0.2)
    with listening("127.0.0.1", 0) as listener:
        server = WebServer(web.site(cast("Service", hanging)), listener, logs.opened(io.BytesIO()))
        server.start(lambda: None)
        yield listener.getsockname()
        hanging.released.set()
        server.stop()


def answers(address: Address, path: str) -> list[Answer]:
    """Ask for ``path`` more often than there are threads."""
    with ThreadPoolExecutor(POOL + 10) as people:
        return list(people.map(lambda _: ask(address, path), range(POOL + 10)))


@pytest.mark.parametrize(("path", "status"), [("/healthz", 503), ("/metrics", 200), ("/sources", 503), ("/none", 404)])
def test_a_database_that_hangs_holds_up_no_file(hanging: Hanging, address: Address, path: str, status: int) -> None:
    """Whatever asks it is answered in time, however often, and takes none of the threads that files are read by."""
    assert {answer.status for answer in answers(address, path)} == {status}
    assert ask(address, "/a.txt").body == b"a"


def test_a_database_that_answers_again_is_healthy(hanging: Hanging, address: Address) -> None:
    """While it hangs, the question is not asked again and again; the first one after that is answered by it."""
    assert ask(address, "/healthz").body == b"the database did not answer within 0.2 s\n"
    answers(address, "/healthz")
    assert hanging.asked == 2
    hanging.released.set()
    assert ask(address, "/healthz").body == b"ok\n"
