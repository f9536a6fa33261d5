"""Databases of both kinds for tests: SQLite files, and those of a PostgreSQL server that the tests start themselves.

The fixtures ``database`` (with tables), ``empty_database`` (without) and ``store`` run a test once over each kind.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aggregator.store import Store
from aggregator.store.schema import metadata

PASSWORD = "open-sesame"
_AS_ROOT = os.geteuid() == 0
# PostgreSQL refuses to run as root.
_USER: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if _AS_ROOT else {}
_TABLES = ", ".join(metadata.tables)
_SPEED = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=40")


class Server:
    """A PostgreSQL server of our own in ``folder``: no port, one socket, nothing of the system's."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.version = int(programs.parent.name)
        self._programs = programs
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        if _AS_ROOT:
            shutil.chown(folder, "postgres", "postgres")
        made = ("initdb", "--pgdata", "data", "--username", "tester", "--auth", "trust", "--encoding", "UTF8")
        self._run(*made, "--locale", "C", "--no-sync")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = [f"--{each}" for each in (*_SPEED, "listen_addresses=", f"unix_socket_directories={self.folder}")]
        # The server ends with the tests, also when those are killed.
        command = ["setpriv", "--pdeathsig", "QUIT", str(self._programs / "postgres"), "-D", "data", *settings]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, **_USER)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError((self.folder / "log").read_text("utf-8", "replace"))

    def stop(self) -> None:
        """Stop the server at once, as a crash does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(60)
            self._process = None

    def execute(self, statement: str) -> None:
        """Execute one statement as the server's administrator."""
        with psycopg.connect(host=str(self.folder), user="tester", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def database(self, options: str = "") -> Iterator[str]:
        """Make a database, yield its address, and drop it."""
        name = f"test{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} {options}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        """Return the address of the database called ``name``; the server lets everybody in."""
        return f"postgresql://tester:{PASSWORD}@/{name}?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, **_USER)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """A running PostgreSQL server: each worker has its own, so that a test may stop it."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default=None)
    if programs is None:
        pytest.skip("PostgreSQL is not installed; on Debian or Ubuntu: apt-get install postgresql")
    # Not below tmp_path: only the user who runs the tests may enter that, and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="aggregator-postgresql-"))
    try:
        server = Server(folder, programs)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def _postgresql_with_tables(postgresql_server: Server) -> Iterator[str]:
    with postgresql_server.database() as url:
        Store.open(url).close()
        yield url


@pytest.fixture(scope="session")
def empty_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an SQLite database with our tables and nothing in them, to be copied: making one takes long."""
    path = tmp_path_factory.mktemp("store") / "template.db"
    Store.open(f"sqlite:///{path}").close()
    return path


_KINDS = ["sqlite", "postgresql"]


@pytest.fixture(params=_KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with our tables and nothing in them."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("empty_archive"), tmp_path / "test.db")
        yield f"sqlite:///{tmp_path / 'test.db'}"
    else:
        url: str = request.getfixturevalue("_postgresql_with_tables")
        # A database of its own for each test takes ten times as long.
        with psycopg.connect(url) as connection:
            connection.execute(f"TRUNCATE {_TABLES} RESTART IDENTITY".encode())
        yield url


@pytest.fixture(params=_KINDS)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables; that of SQLite is no file yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        with request.getfixturevalue("postgresql_server").database() as url:
            yield url


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """An open store with nothing in it."""
    opened = Store.open(database)
    yield opened
    opened.close()
