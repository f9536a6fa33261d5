"""The web server and more clients than it can bear, or such as say nothing."""

from __future__ import annotations

import io
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
from planet import Planet
from serving import Running, ask, begun, read, until
from starlette.responses import PlainTextResponse

from aggregator.service import log as logs
from aggregator.web import server
from aggregator.web.server import WebServer, listening

Address = tuple[str, int]
Begin = Callable[[bytes], socket.socket]

#: The seconds that a request may take to come in.
PATIENCE = 1.0
WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[Address]:
    """The address of a server with little patience."""
    monkeypatch.setattr(server, "_IDLE", PATIENCE)
    with listening("127.0.0.1", 0) as listener:
        running = WebServer(PlainTextResponse("ok"), listener, logs.opened(io.BytesIO()))
        running.start(lambda: None)
        yield listener.getsockname()
        running.stop()


@pytest.fixture
def begin(address: Address) -> Iterator[Begin]:
    """Return what opens a connection and sends some bytes; all are closed in the end."""
    with ExitStack() as stack:

        def opened(sent: bytes) -> socket.socket:
            connection = stack.enter_context(socket.create_connection(address, timeout=60))
            connection.sendall(sent)
            return connection

        yield opened


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", WHOLE, b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"],
    ids=["nothing", "half a head", "one request", "half a body"],
)
def test_who_says_nothing_more_is_hung_up_on(begin: Begin, sent: bytes) -> None:
    """A browser that connects in advance, and a client that is gone, keep no connection for ever."""
    connection = begin(sent)
    while connection.recv(1_000):
        pass  # ends when the server closes the connection


@pytest.mark.parametrize("before", [b"", WHOLE], ids=["first", "second"])
def test_a_head_that_trickles_in_is_not_waited_for(begin: Begin, before: bytes) -> None:
    """A byte now and then does not keep a connection open, neither for the first request nor for later ones."""
    connection = begin(before + b"GET / HTTP/1.1\r\nX: ")
    end = time.monotonic() + 20
    with suppress(OSError):
        while time.monotonic() < end:
            connection.sendall(b"x")
            time.sleep(PATIENCE / 4)
    assert time.monotonic() < end


def test_who_asks_in_time_is_answered_as_often_as_it_likes(address: Address) -> None:
    """The time is counted anew for each request."""
    connection = HTTPConnection(*address, timeout=60)
    connection.connect()
    for _ in range(4):
        time.sleep(PATIENCE / 3)
        assert connection.sock  # the first one: http.client would make another
        assert read(begun(connection, "/")).status == 200
    connection.close()


def test_a_crowd_is_kept_out_and_the_others_are_served(
    address: Address, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes while there are too many is hung up on at once; who was there before is answered."""
    monkeypatch.setattr(server, "_IDLE", 60)
    monkeypatch.setattr(server, "_CONNECTIONS", 20)
    first, *others = (begin(b"") for _ in range(20))
    late = begin(b"")
    with suppress(ConnectionError):
        assert late.recv(1_000) == b""
    first.sendall(WHOLE)
    assert first.recv(1_000).startswith(b"HTTP/1.1 200")
    others[0].close()
    until(lambda: answers(address), "nobody is let in again")


def answers(address: Address) -> bool:
    """Tell whether a new connection is served."""
    try:
        return ask(address, "/").status == 200
    except OSError:
        return False


def test_a_crowd_that_says_nothing_stops_no_cycle(planet: Planet) -> None:
    """With 1024 file descriptors, as most systems give a process, there are enough left to pull and to publish."""
    planet.configure([])
    with Running(planet.folder, "serve", "--port", "0") as service, ExitStack() as crowd:
        service.said("event=cycle|event=started")
        resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (1024, 1024))
        for _ in range(800):
            crowd.enter_context(socket.create_connection(service.address, timeout=60))
        open_files = Path(f"/proc/{service.process.pid}/fd")
        until(lambda: len(list(open_files.iterdir())) < 400, "all connections are kept")
        assert "error" not in service.log
