"""The loopback server of the tests: what it promises to those who test with it."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Mapping
from contextlib import closing

import pytest
from origin import LAST_MODIFIED, Cue, Origin, Reply, Seen, raw


def ask(
    origin: Origin, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection(origin.host, origin.port, timeout=60)) as connection:
        connection.request(method, path, headers=dict(headers or {}))
        with connection.getresponse() as answer:
            return answer.status, dict(answer.getheaders()), answer.read()


def test_serves_what_was_put(origin: Origin) -> None:
    """A body comes back as it was put, with its media type and both validators."""
    origin.put("/feed", "<rss/>", content_type="text/xml")
    status, headers, body = ask(origin, "/feed?page=2")
    assert (status, body) == (200, b"<rss/>")
    assert headers["Content-Type"] == "text/xml"
    assert headers["ETag"].startswith('"')
    assert headers["Last-Modified"] == LAST_MODIFIED


def test_answers_conditional_requests(origin: Origin) -> None:
    """Either validator, echoed, is answered by 304 without a body; a wrong ETag outweighs a right date."""
    origin.put("/feed", "<rss/>")
    etag = ask(origin, "/feed")[1]["ETag"]
    assert ask(origin, "/feed", {"If-None-Match": f'"x", W/{etag}'})[::2] == (304, b"")
    assert ask(origin, "/feed", {"If-Modified-Since": LAST_MODIFIED})[0] == 304
    assert ask(origin, "/feed", {"If-None-Match": '"x"', "If-Modified-Since": LAST_MODIFIED})[0] == 200


def test_without_validators(origin: Origin) -> None:
    """A body put without validators, or with an error status, offers none."""
    origin.put("/plain", "a", validators=False)
    origin.put("/broken", "b", status=500)
    assert "ETag" not in ask(origin, "/plain")[1]
    status, headers, body = ask(origin, "/broken")
    assert (status, body) == (500, b"b")
    assert "ETag" not in headers


def test_remembers_what_it_was_asked(origin: Origin) -> None:
    """Requests are kept in order, with their query and headers; a path's hits count every query."""
    ask(origin, "/a?x=1", {"X-Test": "caf\xe9"})
    ask(origin, "/a")
    ask(origin, "/b", method="HEAD")
    assert [(seen.method, seen.path) for seen in origin.requests] == [("GET", "/a?x=1"), ("GET", "/a"), ("HEAD", "/b")]
    assert origin.requests[0].headers["x-test"] == "caf\xe9"
    assert (origin.hits("/a"), origin.hits("/a?x=1"), origin.hits("/c")) == (2, 1, 0)


def test_chunked_reply(origin: Origin) -> None:
    """A script's reply can go out in chunks."""
    origin.handle("/chunks", lambda seen: Reply(body=b"x" * 2500, chunked=True))
    assert ask(origin, "/chunks")[2] == b"x" * 2500


def test_raw_bytes_end_with_the_connection(origin: Origin) -> None:
    """A raw script's bytes are sent as they are, and the connection closes at its end."""
    origin.handle("/raw", raw(b"HTTP/1.1 200 OK\r\n\r\nab", 0.01, b"c"))
    assert ask(origin, "/raw")[2] == b"abc"


def test_reset(origin: Origin) -> None:
    """A raw script can end its connection with a reset."""
    origin.handle("/reset", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 0.05, Cue.RESET))
    with pytest.raises(ConnectionResetError):
        ask(origin, "/reset")


def test_counts_requests_at_once(origin: Origin) -> None:
    """The peak of requests under way at the same time is counted."""
    together = threading.Barrier(3)

    def script(seen: Seen) -> Reply:
        together.wait(60)
        return Reply(body=b"ok")

    origin.handle("/slow", script)
    threads = [threading.Thread(target=ask, args=(origin, "/slow")) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert origin.most_at_once == 3


def test_stops_while_a_client_waits() -> None:
    """Stopping ends scripts that stall or wait, and leaves no thread behind."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    before = set(threading.enumerate())
    with Origin(bind="127.0.0.2") as server:
        server.handle("/wait", raw(head, 60.0))
        server.handle("/stall", raw(head, Cue.STALL))
        connections = [http.client.HTTPConnection(server.host, server.port, timeout=60) for _ in range(2)]
        for connection, path in zip(connections, ("/wait", "/stall"), strict=True):
            connection.request("GET", path)
        answers = [connection.getresponse() for connection in connections]
    for answer, connection in zip(answers, connections, strict=True):
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
        answer.close()
        connection.close()
    assert set(threading.enumerate()) <= before
