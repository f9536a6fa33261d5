"""fetch.Client under attack: bodies that are cut, coded, endless or slow; heads that make no sense; secrets."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest
from fetching import OK, ask, client, names, unused_port
from origin import Cue, Origin, Raw, Reply, Seen, raw
from serving import until

from aggregator.errors import DeadlineError, FetchError, TooLargeError
from aggregator.fetch import Client, Request
from aggregator.fetch.dial import Address

FEED = b"<rss>" + b"<item/>" * 5000 + b"</rss>"
GZIPPED = gzip.compress(FEED, mtime=0)
#: Seconds in which a busy machine does what an idle one does at once; what is waited for here would take longer.
PATIENCE = 30


@pytest.fixture
def loopback() -> Iterator[Client]:
    with client(max_size=100_000) as made:
        yield made


def chunked(body: bytes, size: int = 700) -> bytes:
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%X;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nTrailer: x\r\n\r\n"


def framings(body: bytes, extra: bytes = b"") -> dict[str, bytes]:
    """Return ``body`` as an answer in each of the ways in which HTTP/1.1 tells where it ends."""
    return {
        "length": OK + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        "chunked": OK + extra + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body),
        "chunked, and a blank": OK + extra + b"Transfer-Encoding: Chunked \t\r\n\r\n" + chunked(body),
        "lengths": OK + extra + b"Content-Length: %d ,%d\r\n\r\n" % (len(body), len(body)) + body,
        "chunked twice": OK + extra + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n" + chunked(body),
        "no length": OK + extra + b"Content-Length: -1\r\nTransfer-Encoding: identity\r\n\r\n" + body,
        "close": OK + extra + b"\r\n" + body,
    }


PLAIN = framings(FEED)
CODED = framings(GZIPPED, b"Content-Encoding: gzip\r\n")


@pytest.mark.parametrize("framing", PLAIN)
def test_whole_bodies(origin: Origin, loopback: Client, framing: str) -> None:
    """A body arrives whole in each framing, plain and gzipped."""
    origin.handle("/plain", raw(PLAIN[framing]))
    origin.handle("/coded", raw(CODED[framing][:100], 0.01, CODED[framing][100:]))
    assert ask(loopback, origin.url("/plain")).body == FEED
    assert ask(loopback, origin.url("/coded")).body == FEED


def cut_bodies() -> Iterator[object]:
    for framing in ("length", "chunked"):
        for cut in (25, 300, len(FEED) - 10):
            yield pytest.param(PLAIN[framing][:-cut], id=f"{framing}-{cut}")
    for framing, answer in CODED.items():
        for cut in (25, 100):
            yield pytest.param(answer[:-cut], id=f"{framing}-coded-{cut}")
    for cut in (1, 9, len(GZIPPED) - 1):
        for framing, answer in framings(GZIPPED[:-cut], b"Content-Encoding: gzip\r\n").items():
            yield pytest.param(answer, id=f"{framing}-coding-{cut}")
    yield pytest.param(framings(GZIPPED + GZIPPED[:-9], b"Content-Encoding: gzip\r\n")["close"], id="second-member")


@pytest.mark.parametrize("answer", list(cut_bodies()))
@pytest.mark.parametrize("end", [0.0, Cue.RESET])
def test_cut_bodies(origin: Origin, loopback: Client, answer: bytes, end: float | Cue) -> None:
    """A body that ends before its framing or its coding does is an error, however the connection ends."""
    origin.handle("/feed", raw(answer, 0.02, end))
    with pytest.raises(FetchError, match=r"was cut short|connection reset"):
        ask(loopback, origin.url("/feed"))


def test_codings_that_are_accepted(origin: Origin, loopback: Client) -> None:
    """Several gzip members are one body, bytes behind the last are ignored; what is no coding counts as none."""
    for path, body, coding in [
        ("/members", GZIPPED + gzip.compress(b"more"), "x-gzip"),
        ("/garbage", GZIPPED + b"\0\0\0\0garbage", "GZIP"),
        ("/byte", GZIPPED + b"\n", "gzip"),
        ("/list", GZIPPED, "identity, gzip"),
        ("/comma", GZIPPED, "gzip ,"),
        ("/none", FEED, "identity"),
        ("/utf", FEED, "UTF-8"),
    ]:
        origin.put(path, body, headers={"Content-Encoding": coding})
        expected = FEED + b"more" if path == "/members" else FEED
        assert ask(loopback, origin.url(path)).body == expected, path


@pytest.mark.parametrize(
    ("coding", "body", "words"),
    [
        ("gzip", FEED, "says it is gzip, but cannot be decoded"),
        ("gzip", GZIPPED[:50] + b"\xff" * 50 + GZIPPED[100:], "cannot be decoded|cut short"),
        ("br", FEED, "says it is br, but cannot be decoded"),
        ("zstd", FEED, "says it is zstd, but cannot be decoded"),
        ("zstd", b"\x28\xb5\x2f\xfd", "cut short"),
        ("compress", FEED, "coded as 'compress'; asked for was gzip, br, zstd"),
        ("deflate", zlib.compress(FEED), "coded as 'deflate'"),
        ("gzip, gzip", gzip.compress(GZIPPED, mtime=0), "coded as 'gzip, gzip'"),
        (", ".join(["gzip"] * 6), b"x", "coded as 'gzip, gzip"),
        ("\xe9" * 500, b"x", "coded as"),
    ],
)
def test_codings_that_are_refused(origin: Origin, loopback: Client, coding: str, body: bytes, words: str) -> None:
    """A body that is coded otherwise than it says, or than was asked for, is an error that says so."""
    origin.put("/feed", body, headers={"Content-Encoding": coding})
    with pytest.raises(FetchError, match=words) as caught:
        ask(loopback, origin.url("/feed"))
    assert len(str(caught.value)) < 400


def endless(head: bytes, piece: bytes) -> Callable[[Seen], Raw]:
    def script(seen: Seen) -> Raw:
        yield head
        while True:
            yield piece

    return script


@pytest.mark.parametrize(
    "script",
    [
        raw(OK + b"Content-Length: 10000000000\r\n\r\n"),
        raw(OK + b"Content-Length: 100001\r\n\r\n" + b"x" * 100_001),
        endless(OK + b"\r\n", b"x" * 50_000),
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"ff\r\n" + b"x" * 255 + b"\r\n"),
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFF\r\n", b"x" * 50_000),
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n", b"x" * 50_000),
        endless(OK + b"Content-Length: -5\r\n\r\n", b"x" * 50_000),
        raw(framings(gzip.compress(b"x" * 100_001), b"Content-Encoding: gzip\r\n")["length"]),
        endless(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"")),
    ],
)
def test_bodies_that_are_too_large(origin: Origin, loopback: Client, script: Callable[[Seen], Raw]) -> None:
    """A body is given up as soon as it passes the limit, on the wire or decoded, whatever its framing."""
    origin.handle("/feed", script)
    with pytest.raises(TooLargeError, match=r"is larger than 0\.1 MB, 'max_size' in feeds.yaml"):
        ask(loopback, origin.url("/feed"))


def test_a_body_of_just_the_limit(origin: Origin, loopback: Client) -> None:
    """The limit itself is allowed."""
    origin.put("/feed", b"x" * 100_000)
    assert len(ask(loopback, origin.url("/feed")).body) == 100_000


def bomb() -> Raw:
    """10 GB of zeros in 10 MB, made as they are sent."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    zeros = bytes(1_000_000)
    yield b"Content-Encoding: gzip\r\nContent-Length: 10000000\r\nLocation: /feed\r\n\r\n"
    for _ in range(10_000):
        yield packer.compress(zeros)


@pytest.mark.parametrize("status", [200, 302, 404, 503])
def test_a_bomb_takes_little_memory(origin: Origin, status: int) -> None:
    """A gzip bomb is cut at the limit, and not unpacked at all where the body is not wanted."""
    origin.handle("/bomb", lambda seen: chain([b"HTTP/1.1 %d X\r\n" % status], bomb()))
    origin.put("/feed", "<rss/>")
    with client(max_size=10_000_000) as made:
        tracemalloc.start()
        try:
            if status == 302:
                assert ask(made, origin.url("/bomb")).body == b"<rss/>"
            else:
                with pytest.raises(TooLargeError if status == 200 else FetchError):
                    ask(made, origin.url("/bomb"))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 40_000_000


def drip(head: bytes, piece: bytes = b"x") -> Callable[[Seen], Raw]:
    def script(seen: Seen) -> Raw:
        yield head
        while True:
            yield 0.05
            yield piece

    return script


@pytest.mark.parametrize(
    "script",
    [
        raw(Cue.STALL),
        raw(OK, Cue.STALL),
        raw(OK + b"Content-Length: 9\r\n\r\nabc", Cue.STALL),
        drip(b"HTTP/1.1 200 OK\r\nX: "),
        drip(b"HTTP/1.1 "),
        drip(OK + b"Content-Length: 9999\r\n\r\n"),
        drip(OK + b"\r\n"),
        drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drip(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
        drip(b"HTTP/1.1 302 Found\r\nLocation: /feed\r\nContent-Length: 99\r\n\r\n"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_slow_servers(origin: Origin, script: Callable[[Seen], Raw]) -> None:
    """A server that is slow in the head or the body, byte by byte or for good, is given up at the deadline."""
    origin.handle("/feed", script)
    with client(timeout=0.3) as made:
        start = time.monotonic()
        with pytest.raises(DeadlineError, match=r"^127\.0\.0\.1:\d+ did not answer in full within 0\.3 s"):
            ask(made, origin.url("/feed"))
        assert 0.25 < time.monotonic() - start < PATIENCE


def test_the_deadline_is_for_the_whole_chain(origin: Origin) -> None:
    """Redirects do not start the time anew."""

    def script(seen: Seen) -> Reply:
        time.sleep(0.15)
        return Reply(status=302, headers={"Location": seen.path + "x"})

    for number in range(9):
        origin.handle("/" + "x" * number, script)
    with client(timeout=0.4) as made, pytest.raises(DeadlineError):
        ask(made, origin.url("/"))
    assert 1 <= len(origin.requests) <= 3  # fewer than three where the machine is busy


def test_slow_name_servers() -> None:
    """The deadline covers the look-up of the name."""
    answered = threading.Event()

    def resolve(host: str, port: int) -> list[Address]:
        answered.wait(2 * PATIENCE)
        return []

    with client(timeout=0.2, resolver=resolve) as made:
        start = time.monotonic()
        with pytest.raises(DeadlineError, match=r"^slow\.example did not answer"):
            ask(made, "http://slow.example/")
        assert time.monotonic() - start < PATIENCE
    answered.set()


def test_a_client_goes_on_after_a_deadline(origin: Origin) -> None:
    """What was late leaves nothing behind that a later request could trip over, and the watch goes on."""
    origin.handle("/slow", drip(OK + b"\r\n"))
    origin.put("/feed", "<rss/>")
    with client(timeout=1) as made:
        for _ in range(2):
            with pytest.raises(DeadlineError):
                ask(made, origin.url("/slow"))
            assert ask(made, origin.url("/feed")).body == b"<rss/>"


def test_abort(origin: Origin) -> None:
    """Aborting ends what is under way at once, and refuses what comes later."""
    origin.handle("/feed", raw(OK, Cue.STALL))

    def abort() -> None:
        until(lambda: len(origin.requests) == 1, "nothing was asked")
        made.abort()

    with client(timeout=2 * PATIENCE) as made, ThreadPoolExecutor(1) as threads:
        threads.submit(abort)
        start = time.monotonic()
        for _ in range(2):
            with pytest.raises(FetchError, match="broken off, since the program stops"):
                ask(made, origin.url("/feed"))
        assert time.monotonic() - start < PATIENCE
    assert len(origin.requests) == 1


def test_abort_before_the_connection_is_made(origin: Origin) -> None:
    """Aborting between look-up and connection sends nothing."""

    def resolve(host: str, port: int) -> list[Address]:
        made.abort()
        return [("127.0.0.1", port)]

    with client(resolver=resolve) as made, pytest.raises(FetchError, match="the program stops"):
        ask(made, origin.url("/feed"))
    assert not origin.requests


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (OK + b"X: y\r\n" * 101, "it has too many headers"),
        (OK + b"X: " + b"y" * 70_000 + b"\r\n\r\n", "a line is too long"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "its first line makes no sense"),
        (b"HTTP/1.1 abc\r\n\r\n", "its first line makes no sense"),
        (b"HTTP/3.0 200 OK\r\n\r\n", "its first line makes no sense"),
        (OK + b"Content-Length: 3, 4\r\n\r\nabc", "contradict each other"),
        (OK + b"Content-Length: 1_0\r\n\r\n0123456789", "where its body ends cannot be told"),
        (OK + b"Content-Length: 3, x\r\n\r\nabc", "where its body ends cannot be told"),
        (OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nabc", "where its body ends cannot be told"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "where its body ends cannot be told"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "was cut short"),
        (b"HTTP/1.1 200", "its first line|was cut short|is empty"),
        (b"", "closed the connection without an answer"),
        (b"HTTP/1.1 102 Processing\r\n\r\n", "closed the connection without an answer"),
        (b"HTTP/1.1 102 Processing\r\n\r\n" * 1000, "interim answers come without end"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, "interim answers come without end"),
        (b"HTTP/1.1 103 Early Hints\r\n" + b"Link: </x>\r\n" * 101 + b"\r\n", "it has too many headers"),
        (OK + b"X: y\r\n" * 100_000, "it has too many headers"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", "answered 101"),
    ],
)
def test_heads_that_make_no_sense(origin: Origin, loopback: Client, answer: bytes, words: str) -> None:
    """What is no answer in HTTP is an error in plain words."""
    origin.handle("/feed", raw(answer))
    with pytest.raises(FetchError, match=words):
        ask(loopback, origin.url("/feed"))


def test_a_reset(origin: Origin, loopback: Client) -> None:
    """A connection that is reset is an error in plain words."""
    origin.handle("/feed", raw(0.02, Cue.RESET))
    with pytest.raises(FetchError, match=r"^the connection to 127\.0\.0\.1:\d+ broke: connection reset by peer$"):
        ask(loopback, origin.url("/feed"))


def test_nobody_listens(loopback: Client) -> None:
    """A refused connection is an error in plain words."""
    with (
        unused_port() as port,
        pytest.raises(FetchError, match=rf"^cannot connect to 127\.0\.0\.1:{port}: connection refused$"),
    ):
        ask(loopback, f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (socket.EAI_NONAME, "there is no such host"),
        (socket.EAI_AGAIN, "the name server does not answer"),
        (socket.EAI_FAIL, "the name cannot be looked up"),
    ],
)
def test_names_that_are_not_found(code: int, words: str) -> None:
    """A name that cannot be looked up is an error in plain words."""

    def resolve(host: str, port: int) -> list[Address]:
        raise socket.gaierror(code, "x")

    with client(resolver=resolve) as made, pytest.raises(FetchError, match=rf"^cannot find feed\.example: {words}$"):
        ask(made, "http://feed.example/")


def test_names_without_address() -> None:
    """A name without an address, and one that can be no host's, are errors in plain words."""
    with client(resolver=names(feed_example=[])) as made, pytest.raises(FetchError, match="the host has no address"):
        ask(made, "http://feed.example/")
    with client() as made, pytest.raises(FetchError, match="no host can have this name"):
        ask(made, f"http://{'a' * 64}.example/")


def test_the_next_address_is_tried(origin: Origin) -> None:
    """When the first address of a name does not answer, the next is asked, and only that one."""
    origin.put("/feed", "<rss/>")
    with unused_port() as port:
        found = names(feed_example=[("::1", port), ("127.0.0.1", port), ("127.0.0.1", origin.port)])
        with client(resolver=found) as made:
            assert ask(made, "http://feed.example/feed").body == b"<rss/>"
    assert (len(origin.requests), origin.connections) == (1, 1)


@pytest.mark.parametrize(
    "script",
    [
        raw(b""),
        raw(0.02, Cue.RESET),
        raw(Cue.STALL),
        raw(b"SSH-2.0\r\n"),
        raw(OK + b"Content-Length: 9\r\n\r\nabc"),
        raw(OK + b"Content-Length: 3, 4\r\n\r\nabc"),
        raw(OK + b"Content-Length: 99999999\r\n\r\n"),
        raw(OK + b"Content-Encoding: gzip\r\n\r\nabc"),
        raw(OK + b"no colon here\r\nX: y\r\n\r\n"),
        raw(b"HTTP/1.1 302 Found\r\nLocation: file:///SECRET\r\n\r\n"),
        raw(b"HTTP/1.1 302 Found\r\nLocation: http://a:SECRETPW@127.0.0.1:22/?token=SECRETTOKEN\r\n\r\n"),
        raw(b"HTTP/1.1 302 Found\r\nLocation: http://a:SECRETPW@[/?token=SECRETTOKEN\r\n\r\n"),
        raw(b"HTTP/1.1 302 Found\r\n\r\n"),
        raw(b"HTTP/1.1 500 SECRET\r\n\r\n"),
        raw(b"HTTP/1.1 410 Gone\r\n\r\n"),
    ],
)
def test_errors_hold_no_secrets(
    origin: Origin, caplog: pytest.LogCaptureFixture, script: Callable[[Seen], Raw]
) -> None:
    """Neither the password nor the token in an address occurs in an error, what caused it, or a log line."""
    caplog.set_level(logging.DEBUG)
    origin.handle("/feed", script)
    url = origin.url("/feed?token=SECRETTOKEN").replace("//", "//user:SECRETPW@")
    with client(timeout=0.3, max_size=1000) as made, pytest.raises(FetchError) as caught:
        ask(made, url)
    error: BaseException | None = caught.value
    while error is not None:
        assert "SECRET" not in f"{error} {error!r}"
        error = error.__cause__ or error.__context__
    assert "SECRET" not in caplog.text
    assert "\n" not in str(caught.value)


def test_requests_show_no_secrets() -> None:
    """The representation of a request shows neither its address nor its headers."""
    assert "SECRET" not in repr(Request(source_id="s", url="http://u:SECRET@h/", headers={"X": "SECRET"}))


def test_interim_answers_are_passed_over(origin: Origin, loopback: Client) -> None:
    """What comes before the final answer (100, 102, 103) is read and means nothing, its links least of all."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nETag: x\r\n\r\n"
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + hints
    origin.handle("/feed", raw(interim + OK + b"Content-Length: 6\r\n\r\n<rss/>"))
    answer = ask(loopback, origin.url("/feed"))
    assert (answer.body, answer.etag, len(origin.requests)) == (b"<rss/>", None, 1)
