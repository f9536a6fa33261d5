"""fetch.Client: what it asks with, what it makes of the answer, and how it treats connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fetching import AGENT, NOW, OK, ask, client, names, request, unused_port
from hypothesis import given
from hypothesis import strategies as st
from origin import LAST_MODIFIED, Cue, Origin, Raw, Reply, Seen, raw
from serving import until

from aggregator.errors import FetchError, HttpStatusError
from aggregator.fetch import Client, Request
from aggregator.fetch.model import max_age, retry_after


@pytest.fixture
def loopback() -> Iterator[Client]:
    with client() as made:
        yield made


def test_a_whole_answer(origin: Origin, loopback: Client) -> None:
    """A document comes with its media type, both validators and the address it came from."""
    origin.put("/feed", "<rss/>", content_type="application/rss+xml; charset=utf-8")
    answer = ask(loopback, origin.url("/feed?a=1#top"))
    assert (answer.status, answer.body, answer.url) == (200, b"<rss/>", origin.url("/feed?a=1"))
    assert answer.content_type == "application/rss+xml; charset=utf-8"
    assert answer.etag is not None
    assert (answer.last_modified, answer.moved_to, answer.max_age) == (LAST_MODIFIED, None, None)


def test_manners_of_the_first_request(origin: Origin, loopback: Client) -> None:
    """The first request says who asks and for what, and nothing else."""
    origin.put("/feed", "<rss/>")
    ask(loopback, origin.url("/feed"))
    (seen,) = origin.requests
    assert (seen.method, seen.path) == ("GET", "/feed")
    assert sorted(seen.headers.keys()) == ["Accept", "Accept-Encoding", "Host", "User-Agent"]
    assert seen.headers["User-Agent"] == AGENT
    assert "application/atom+xml" in seen.headers["Accept"]
    assert seen.headers["Accept-Encoding"] == "gzip, br, zstd"


@pytest.mark.parametrize(
    "path", ["/a?b=c&d=%2F%20+x", "/a//b/../c;p=1", "/caf%C3%A9?q=%5b", "/?", "/~u/feed.xml?x=a'b(c)*!"]
)
def test_the_address_is_asked_as_given(origin: Origin, loopback: Client, path: str) -> None:
    """Path and query arrive as they stand in feeds.yaml."""
    origin.put(path.partition("?")[0], "<rss/>")
    ask(loopback, origin.url(path))
    assert origin.requests[0].path == path.removesuffix("?").replace("%5b", "%5B")


@pytest.mark.parametrize("etag", ['"abc"', 'W/"abc"', "no-quotes", '"caf\xe9 \xff\x80"', '"a, b"'])
@pytest.mark.parametrize("date", [LAST_MODIFIED, "Monday, 1-Jan-24 00:00 MEZ", "never"])
def test_validators_are_echoed_byte_for_byte(origin: Origin, loopback: Client, etag: str, date: str) -> None:
    """Both validators go back exactly as they came, whatever they look like."""
    head = OK + f"Content-Length: 1\r\nETag: {etag}\r\nLast-Modified:  {date} \r\n\r\nx".encode("latin-1")
    origin.handle("/feed", raw(head))
    answer = ask(loopback, origin.url("/feed"))
    ask(loopback, origin.url("/feed"), etag=answer.etag, last_modified=answer.last_modified)
    sent = origin.requests[1].headers
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == (etag, date)


@pytest.mark.parametrize("etag", [b'"a\x00b"', b'"a\x1bb"', b'"a\x7f"', b'"' + b"x" * 60_000 + b'"', b" ", b""])
def test_hostile_validators_are_not_kept(origin: Origin, loopback: Client, etag: bytes) -> None:
    """A validator that would break the next request counts as none."""
    origin.handle("/feed", raw(OK + b"Content-Length: 1\r\nETag: " + etag + b"\r\n\r\nx"))
    assert ask(loopback, origin.url("/feed")).etag is None


def test_a_folded_header_is_one_line(origin: Origin, loopback: Client) -> None:
    """A validator that was folded over two lines is sent back on one."""
    origin.handle("/feed", raw(OK + b'Content-Length: 1\r\nETag: "a\r\n X-Injected: b"\r\n\r\nx'))
    etag = ask(loopback, origin.url("/feed")).etag
    ask(loopback, origin.url("/feed"), etag=etag)
    assert origin.requests[1].headers["If-None-Match"] == '"a X-Injected: b"'


def test_not_modified(origin: Origin, loopback: Client) -> None:
    """A 304 has no body, and leaves the validators of the request standing."""
    origin.handle("/feed", lambda seen: Reply(status=304, headers={"Cache-Control": "max-age=60"}))
    answer = ask(loopback, origin.url("/feed"), etag='"1"', last_modified="then")
    assert (answer.status, answer.body, answer.etag, answer.last_modified) == (304, b"", '"1"', "then")
    assert answer.max_age == timedelta(minutes=1)


def test_not_modified_with_new_validators(origin: Origin, loopback: Client) -> None:
    """A 304 that brings a validator replaces the one that was sent."""
    origin.handle("/feed", lambda seen: Reply(status=304, headers={"ETag": '"2"'}))
    answer = ask(loopback, origin.url("/feed"), etag='"1"', last_modified="then")
    assert (answer.etag, answer.last_modified) == ('"2"', "then")


def test_validators_that_vanish(origin: Origin, loopback: Client) -> None:
    """A 200 without validators leaves none."""
    origin.put("/feed", "<rss/>", validators=False)
    answer = ask(loopback, origin.url("/feed"), etag='"1"', last_modified="then")
    assert (answer.etag, answer.last_modified) == (None, None)


def test_not_modified_unasked(origin: Origin, loopback: Client) -> None:
    """A 304 to a request without validators is an error."""
    origin.handle("/feed", lambda seen: Reply(status=304))
    with pytest.raises(HttpStatusError, match="304 Not Modified, though it was not asked") as caught:
        ask(loopback, origin.url("/feed"))
    assert caught.value.status == 304


@pytest.mark.parametrize("status", [201, 202, 206, 207, 400, 401, 403, 404, 407, 410, 429, 451, 500, 503, 599, 799])
def test_refusals(origin: Origin, loopback: Client, status: int) -> None:
    """Every other status is an error that names host and status, and carries neither body nor secret."""
    origin.put("/feed", "SECRET", status=status, headers={"WWW-Authenticate": 'Basic realm="x"', "ETag": '"1"'})
    with pytest.raises(HttpStatusError, match=rf"^127\.0\.0\.1:\d+ answered {status}") as caught:
        ask(loopback, origin.url("/feed?token=SECRET"))
    assert (caught.value.status, caught.value.retry_after) == (status, None)
    assert "SECRET" not in str(caught.value)
    assert origin.hits("/feed") == 1


@pytest.mark.parametrize("status", [203, 218, 299])
def test_statuses_that_count_as_200(origin: Origin, loopback: Client, status: int) -> None:
    """An answer that a proxy changed, and one of a status that nobody knows, is whole."""
    origin.put("/feed", "<rss/>", status=status, headers={"ETag": '"1"'})
    answer = ask(loopback, origin.url("/feed"))
    assert (answer.body, answer.etag) == (b"<rss/>", '"1"')


@pytest.mark.parametrize(("status", "body"), [(200, ""), (204, ""), (205, "")])
def test_nothing_came(origin: Origin, loopback: Client, status: int, body: str) -> None:
    """An answer without a body is an error."""
    origin.put("/feed", body, status=status)
    with pytest.raises(FetchError, match="is empty"):
        ask(loopback, origin.url("/feed"))


@pytest.mark.parametrize("status", [403, 429, 503])
def test_retry_after_is_carried(origin: Origin, loopback: Client, status: int) -> None:
    """A refusal carries the time that the server wants us to wait for."""
    origin.put("/feed", "later", status=status, headers={"Retry-After": "18000"})
    with pytest.raises(HttpStatusError) as caught:
        ask(loopback, origin.url("/feed"))
    assert caught.value.retry_after == NOW + timedelta(hours=5)


def test_cookies_are_never_sent(origin: Origin, loopback: Client) -> None:
    """Cookies are neither kept nor sent, not even along a redirect."""
    cookie = {"Set-Cookie": "id=1; Path=/"}
    origin.put("/old", "", status=302, headers={"Location": "/feed", **cookie})
    origin.put("/feed", "<rss/>", headers=cookie)
    for _ in range(2):
        ask(loopback, origin.url("/old"))
    assert len(origin.requests) == 4
    assert not any("Cookie" in seen.headers or "Referer" in seen.headers for seen in origin.requests)


def test_environment_does_not_count(
    origin: Origin, loopback: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Proxies and passwords that stand in the environment are not used."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password SECRET\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    origin.put("/feed", "<rss/>")
    with unused_port() as port:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        ask(loopback, origin.url("/feed"))
    assert "Authorization" not in origin.requests[0].headers


def test_headers_and_password_of_the_source(origin: Origin, loopback: Client) -> None:
    """The source's headers are sent in place of ours, and its user name and password as Basic."""
    origin.put("/feed", "<rss/>")
    url = origin.url("/feed").replace("//", "//m%40e:p%C3%A9%3A@")
    answer = loopback.fetch(request(url, {"user-agent": "mine", "X-Key": "caf\xe9"}), now=NOW)
    sent = origin.requests[0].headers
    assert sent["Authorization"] == "Basic bUBlOnDDqTo="
    assert (sent.get_all("User-Agent"), sent["X-Key"]) == (["mine"], "caf\xe9")
    assert answer.url == origin.url("/feed")


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-Key", "SECRET\r\nX: y"), ("X-Key", "SECRET\x00"), ("X-Key", "SECRET秘"), ("X Key:", "SECRET")],
)
def test_headers_that_cannot_be_sent(origin: Origin, loopback: Client, name: str, value: str) -> None:
    """A header that HTTP cannot carry is named, its value is not, and nothing is asked."""
    with pytest.raises(FetchError, match="cannot be sent") as caught:
        loopback.fetch(request(origin.url("/feed"), {name: value}), now=NOW)
    assert "SECRET" not in str(caught.value)
    assert not origin.requests


def test_no_validator_adds_a_line(origin: Origin, loopback: Client) -> None:
    """A line break in what is sent, however it came there, is never sent."""
    for line_break in ("\r\n", "\n", "\r"):
        with pytest.raises(ValueError, match="line of a request"):
            ask(loopback, origin.url("/feed"), etag=f'"a"{line_break}X: y')
    assert not origin.requests


def test_connections_are_used_again_and_closed(origin: Origin) -> None:
    """Requests to one host share a connection, also through 304s and redirects, and closing ends everything."""
    origin.put("/feed", "<rss/>")
    origin.put("/old", "moved", status=301, headers={"Location": "/feed"})
    before = set(threading.enumerate())
    with client() as made:
        etag = ask(made, origin.url("/feed")).etag
        ask(made, origin.url("/feed"), etag=etag)
        ask(made, origin.url("/old"))
        assert origin.connections == 1
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("fetch")]


def test_a_connection_that_went_stale(origin: Origin, loopback: Client) -> None:
    """A server that closes the connection it promised to keep is asked again on a new one, once."""
    answers = iter([OK + b"Content-Length: 1\r\n\r\na", OK + b"Content-Length: 1\r\n\r\nb"])
    closing = threading.Event()

    def script(seen: Seen) -> Raw:
        yield next(answers)
        closing.wait(60)

    origin.handle("/feed", script)
    assert ask(loopback, origin.url("/feed")).body == b"a"
    threading.Timer(0.1, closing.set).start()
    assert ask(loopback, origin.url("/feed")).body == b"b"
    assert origin.hits("/feed") == 2


def test_a_connection_that_switched_protocols_is_not_used_again(origin: Origin) -> None:
    """After a 101 a connection speaks HTTP no longer: the next address of that host is asked on another one."""
    origin.handle("/odd", raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", Cue.STALL))
    origin.put("/feed", "<rss/>")
    with client(timeout=10) as made:
        with pytest.raises(HttpStatusError, match="answered 101"):
            ask(made, origin.url("/odd"))
        assert ask(made, origin.url("/feed")).status == 200


def test_many_hosts_leave_few_connections_open(origin: Origin) -> None:
    """Open connections do not grow with the number of hosts asked."""
    origin.put("/feed", "<rss/>")
    hosts = {f"h{n}_example": origin.port for n in range(90)}
    with client(resolver=names(**hosts)) as made:
        for host in hosts:
            ask(made, f"http://{host.replace('_', '.')}/feed")
        assert origin.connections == 90
        assert len(made._wire.poolmanager.pools) <= 64


def test_at_most_so_many_requests_to_one_host(origin: Origin) -> None:
    """Requests that redirects lead to one host wait for each other, however many hosts they come from."""

    def slowly(seen: Seen) -> Reply:
        until(lambda: victim.most_at_once >= 2, "they came one by one")
        time.sleep(0.05)  # for one more, which must not come
        return Reply(body=b"<rss/>")

    hosts = {f"h{n}_example": origin.port for n in range(8)}
    with (
        Origin(bind="127.0.0.2") as victim,
        client(resolver=names(victim_example=[(victim.host, victim.port)], **hosts)) as made,
        ThreadPoolExecutor(8) as threads,
    ):
        origin.put("/old", "", status=302, headers={"Location": "http://victim.example/feed"})
        victim.handle("/feed", slowly)
        answers = threads.map(lambda host: ask(made, f"http://{host.replace('_', '.')}/old"), hosts)
        assert [answer.status for answer in answers] == [200] * 8
        assert (victim.hits("/feed"), victim.most_at_once) == (8, 2)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Cache-Control": "max-age=43200"}, 43200),
        ({"Cache-Control": 'public, MAX-AGE="60" , must-revalidate'}, 60),
        ({"Cache-Control": "max-age=3600", "Age": "600", "Expires": "Tue, 02 Jan 2024 18:00:00 GMT"}, 3000),
        ({"Cache-Control": "max-age=60", "Age": "600"}, 0),
        ({"Cache-Control": "max-age=60", "Age": "6, 60"}, 54),
        ({"Cache-Control": "max-age=60", "Age": "-600"}, 60),
        ({"Cache-Control": "max-age=0"}, 0),
        ({"Cache-Control": "no-cache, s-maxage=60"}, None),
        ({"Cache-Control": "max-age=99999999999999999999"}, 3650 * 86400),
        ({"Cache-Control": "max-age=" + "9" * 5000}, 3650 * 86400),
        ({"Cache-Control": "max-age=-5"}, None),
        ({"Cache-Control": "max-age=1e99"}, None),
        ({"Cache-Control": "max-age="}, None),
        ({"Expires": "Tue, 02 Jan 2024 13:00:00 GMT", "Date": "Tue, 02 Jan 2024 12:30:00 GMT"}, 1800),
        ({"Expires": "Tue, 02 Jan 2024 13:00:00 GMT"}, 3600),
        ({"Expires": "Tue, 02 Jan 2024 13:00:00 GMT", "Date": "today", "Age": "60"}, 3540),
        ({"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
        ({"Expires": "Fri, 31 Dec 9999 23:59:59 GMT"}, 3650 * 86400),
        ({"Expires": "0"}, None),
        ({"Expires": "-1"}, None),
        ({}, None),
    ],
)
def test_max_age(headers: dict[str, str], expected: int | None) -> None:
    """Freshness is max-age, else Expires minus Date, less Age; never negative, and nothing for garbage."""
    assert max_age(headers, NOW) == (None if expected is None else timedelta(seconds=expected))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", NOW + timedelta(minutes=2)),
        (" 120 ", NOW + timedelta(minutes=2)),
        ("120 , 18000", NOW + timedelta(minutes=2)),
        ("Tue, 02 Jan 2024 18:00:00 GMT", datetime(2024, 1, 2, 18, tzinfo=UTC)),
        ("Tuesday, 02-Jan-24 18:00:00 GMT", datetime(2024, 1, 2, 18, tzinfo=UTC)),
        ("Tue, 02 Jan 2024 18:00:00 +0200", datetime(2024, 1, 2, 16, tzinfo=UTC)),
        ("9" * 20, NOW + timedelta(days=3650)),
        ("Tue, 02 Jan 2024 06:00:00 GMT", None),
        ("0", None),
        ("-5", None),
        ("1e99", None),
        ("²", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(value: str | None, expected: datetime | None) -> None:
    """Retry-After is seconds or a date; what is past, negative or garbage is no wish."""
    assert retry_after(value, NOW) == expected


@given(st.text(st.characters(max_codepoint=255)))
def test_headers_never_raise(value: str) -> None:
    """Whatever a server writes there, the headers of time are read or ignored."""
    age = max_age({"Cache-Control": value, "Expires": value, "Age": value, "Date": value}, NOW)
    assert age is None or age >= timedelta(0)
    moment = retry_after(value, NOW)
    assert moment is None or moment > NOW


def test_deltas_are_asked_for_with_an_etag_and_taken_only_then(origin: Origin, loopback: Client) -> None:
    """A-IM goes with If-None-Match alone; a 226 that was not asked for, or says another kind, is an error."""

    def changes(seen: Seen) -> Reply:
        fields = {"IM": seen.headers.get("X-IM", "feed"), "ETag": '"2"'}
        if seen.headers.get("If-None-Match") == '"silent"':
            del fields["IM"]
        return Reply(status=226, body=b"<rss/>", headers=fields)

    origin.handle("/feed", changes)
    answer = ask(loopback, origin.url("/feed"), etag='"1"')
    assert (answer.status, answer.body, answer.etag) == (226, b"<rss/>", '"2"')
    assert origin.requests[-1].headers["A-IM"] == "feed"
    assert ask(loopback, origin.url("/feed"), etag='"silent"').status == 226
    tries: list[tuple[str | None, dict[str, str]]] = [(LAST_MODIFIED, {}), (None, {"X-IM": "vcdiff"})]
    for date, headers in tries:
        etag = None if date else '"1"'
        request = Request(source_id="s", url=origin.url("/feed"), etag=etag, last_modified=date, headers=headers)
        with pytest.raises(HttpStatusError, match="226"):
            loopback.fetch(request, now=NOW)
    assert "A-IM" not in origin.requests[-2].headers
