"""fetch.Client over TLS: whom it trusts, and how it says that it does not."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from fetching import NOW, OK, ask, client, names, request
from origin import Cue, Origin, raw

from aggregator.errors import DeadlineError, FetchError
from aggregator.fetch import Client
from aggregator.fetch.dial import Resolver

Serve = Callable[..., Origin]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def serve(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Return what starts a TLS server for some names; the system trusts its authority."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    started: list[Origin] = []

    def start(*hosts: str, expires: datetime | None = None, by: trustme.CA = authority) -> Origin:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        by.issue_cert(*hosts, not_after=expires).configure_cert(context)
        server = Origin(tls=context)
        started.append(server)
        server.__enter__()
        server.put("/feed", "<rss/>")
        return server

    yield start
    for server in started:
        server.__exit__(None, None, None)


def at(server: Origin, **others: int) -> Resolver:
    return names(feed_example=server.port, **others)


def failure(made: Client, url: str = "https://feed.example/feed?token=SECRET") -> str:
    with pytest.raises(FetchError) as caught:
        ask(made, url)
    assert "SECRET" not in f"{caught.value} {caught.value.__cause__}"
    return str(caught.value)


def test_a_trusted_server(serve: Serve) -> None:
    """A server with a certificate for its name is asked, and its connection kept."""
    server = serve("feed.example")
    with client(resolver=at(server)) as made:
        etag = ask(made, "https://feed.example/feed").etag
        assert ask(made, "https://feed.example/feed", etag=etag).status == 304
        assert server.connections == 1


def test_a_server_at_an_address(serve: Serve) -> None:
    """A certificate may be for an address."""
    with client() as made:
        assert ask(made, serve("127.0.0.1").url("/feed")).body == b"<rss/>"


def test_an_expired_certificate(serve: Serve) -> None:
    """An expired certificate is named as that."""
    server = serve("feed.example", expires=datetime(2020, 1, 1, tzinfo=UTC))
    with client(resolver=at(server)) as made:
        assert failure(made) == "cannot trust feed.example: its certificate has expired"
    assert not server.requests


def test_a_certificate_for_another_host(serve: Serve) -> None:
    """A certificate for another host is named as that, and so is one for another address."""
    server = serve("other.example")
    with client(resolver=at(server)) as made:
        assert failure(made) == "cannot trust feed.example: its certificate is for another host"
    with client() as made:
        assert failure(made, server.url("/feed")).endswith("its certificate is for another host")
    assert not server.requests


def test_an_unknown_authority(serve: Serve) -> None:
    """A certificate of an authority that nobody vouches for is named as that, one without authority too."""
    server = serve("feed.example", by=trustme.CA())
    with client(resolver=at(server)) as made:
        assert failure(made).startswith("cannot trust feed.example: its certificate is signed by")
    assert not server.requests


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_versions_of_tls(serve: Serve) -> None:
    """A server that speaks TLS 1.1 at most is not talked to."""
    server = serve("feed.example")
    assert server._tls is not None
    server._tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    server._tls.minimum_version = ssl.TLSVersion.TLSv1
    server._tls.maximum_version = ssl.TLSVersion.TLSv1_1
    with client(resolver=at(server)) as made:
        words = "the server speaks only versions of TLS that are no longer safe"
        assert failure(made) == f"cannot speak TLS with feed.example: {words}"
    assert not server.requests


def test_no_tls_at_all() -> None:
    """A server that speaks plain text at the port is named as that, and is not asked without encryption."""
    greetings: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)

        def answer() -> None:
            with suppress(OSError), listener.accept()[0] as peer:
                greetings.append(peer.recv(100))
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                while peer.recv(4096):
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        with client(resolver=names(feed_example=listener.getsockname()[1])) as made:
            assert failure(made) == "cannot speak TLS with feed.example: the server does not speak TLS at this port"
        thread.join()
    assert greetings[0].startswith(b"\x16")


@pytest.mark.parametrize("pieces", [0, 1000])
def test_a_handshake_that_never_ends(pieces: int) -> None:
    """The deadline covers a handshake that stalls, or comes byte by byte."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        stopped = threading.Event()

        def answer() -> None:
            with suppress(OSError), listener.accept()[0] as peer:
                record = b"\x16\x03\x03\x40\x00"  # a handshake record of 16 kB
                for number in range(pieces):
                    if stopped.wait(0.03):
                        break
                    peer.sendall(record[number : number + 1] or b"\x02")
                stopped.wait(60)

        thread = threading.Thread(target=answer)
        thread.start()
        with client(timeout=0.3, resolver=names(feed_example=listener.getsockname()[1])) as made:
            start = time.monotonic()
            with pytest.raises(DeadlineError, match=r"^feed\.example did not answer"):
                ask(made, "https://feed.example/feed")
            assert time.monotonic() - start < 20  # pieces take 30 s; without any it would be a minute
        stopped.set()
        socket.create_connection(listener.getsockname()).close()  # wakes who waits for a client that came too late
        thread.join()


def test_slow_bodies_over_tls(serve: Serve) -> None:
    """The deadline cuts off a TLS connection in the middle of a body."""
    server = serve("feed.example")
    server.handle("/feed", raw(OK + b"\r\n", 0.1, b"x", 0.1, b"x", Cue.STALL))
    with client(timeout=0.3, resolver=at(server)) as made, pytest.raises(DeadlineError):
        ask(made, "https://feed.example/feed")


def test_the_step_up_to_https_keeps_secrets(serve: Serve, origin: Origin) -> None:
    """From http to https of the same host the source's headers are kept; on the way down they are dropped."""
    server = serve("feed.example")
    origin.put("/old", "", status=301, headers={"Location": "https://feed.example/new"})
    server.put("/new", "", status=302, headers={"Location": "http://feed.example/feed"})
    origin.put("/feed", "<rss/>")

    def resolve(host: str, port: int) -> list[tuple[str, int]]:
        return [("127.0.0.1", server.port if port == 443 else origin.port)]

    with client(resolver=resolve) as made:
        answer = made.fetch(request("http://feed.example/old", {"X-Key": "SECRET"}), now=NOW)
    assert [seen.headers["X-Key"] for seen in origin.requests] == ["SECRET", None]
    assert [seen.headers["X-Key"] for seen in server.requests] == ["SECRET"]
    assert answer.moved_to == "https://feed.example/new"
