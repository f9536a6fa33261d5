"""A web server on loopback that answers as a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from email.message import Message
from enum import Enum
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPException, parse_headers
from io import BufferedReader
from types import TracebackType
from typing import Self

from msgspec import Struct, field

LAST_MODIFIED = "Mon, 01 Jan 2024 00:00:00 GMT"
#: What TLS begins with (RFC 8446, section 5.1).
_HANDSHAKE = b"\x16"


class Seen(Struct, frozen=True):
    """A request as it came in.  ``headers`` ignores the case of names; ``at`` is ``time.monotonic()``."""

    method: str
    path: str
    headers: Message
    at: float


class Reply(Struct, frozen=True, kw_only=True):
    """A well-formed answer; Content-Length is added to ``headers`` unless the body goes out ``chunked``."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = False


class Cue(Enum):
    """What a raw script can do besides sending bytes."""

    STALL = "say nothing more until the client leaves or the server stops"
    RESET = "end the connection with a TCP reset"


#: A raw script yields the very bytes to send, seconds to wait, or a cue; the connection closes at its end.
Raw = Iterator[bytes | float | Cue]
Script = Callable[[Seen], Reply | Raw]


def raw(*steps: bytes | float | Cue) -> Script:
    """Return a raw script that takes the same ``steps`` for every request."""
    return lambda seen: iter(steps)


class Origin:
    """The server; a context manager.  A path that nothing was put at answers 404."""

    def __init__(self, *, bind: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._scripts: dict[str, Script] = {}
        self._seen: list[Seen] = []
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._active = 0
        self.most_at_once = 0
        self.connections = 0
        self._listener = socket.create_server((bind, 0), backlog=128)
        self.host: str = bind
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="origin", daemon=True)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopping.set()
        with suppress(OSError), socket.create_connection((self.host, self.port), timeout=5):
            pass  # wakes the acceptor
        self._acceptor.join()
        self._listener.close()
        with self._lock:
            connections = dict(self._connections)
        for thread, connection in connections.items():
            _hang_up(connection)
            thread.join()

    def url(self, path: str = "/") -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}{path}"

    def put(
        self,
        path: str,
        body: bytes | str,
        *,
        content_type: str = "application/rss+xml",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        validators: bool = True,
    ) -> None:
        """Answer GET ``path`` with ``body``; with ``validators`` also answer conditional requests (RFC 9110, 13)."""
        content = body.encode() if isinstance(body, str) else body
        fields = {"Content-Type": content_type, **(headers or {})}
        if validators and status == HTTPStatus.OK:
            fields = {"ETag": f'"{sha256(content).hexdigest()[:20]}"', "Last-Modified": LAST_MODIFIED, **fields}
        self.handle(path, partial(_document, Reply(status=status, body=content, headers=fields)))

    def handle(self, path: str, script: Script) -> None:
        """Answer requests for ``path``, with any query unless one is given, with what ``script`` returns."""
        with self._lock:
            self._scripts[path] = script

    @property
    def requests(self) -> list[Seen]:
        """All requests so far, in the order they came in."""
        with self._lock:
            return list(self._seen)

    def hits(self, path: str) -> int:
        return sum(path in (seen.path, seen.path.partition("?")[0]) for seen in self.requests)

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._stopping.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,), name="origin", daemon=True)
            with self._lock:
                self.connections += 1
                self._connections[thread] = connection
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that leaves in the middle is what many tests are about.
        with suppress(OSError, HTTPException), self._encrypted(connection) as stream, stream.makefile("rb") as reader:
            while self._answered(stream, reader):
                pass
        connection.close()
        with self._lock:
            self._connections.pop(threading.current_thread(), None)

    def _encrypted(self, connection: socket.socket) -> socket.socket:
        if self._tls is None:
            return connection
        connection.settimeout(5)  # a client that does not shake hands must not hold up the end of the test
        wrapped = self._tls.wrap_socket(connection, server_side=True)
        wrapped.settimeout(None)
        with self._lock:
            self._connections[threading.current_thread()] = wrapped
        return wrapped

    def _answered(self, stream: socket.socket, reader: BufferedReader) -> bool:
        seen = _read(reader)
        if seen is None or self._stopping.is_set():
            return False
        with self._lock:
            self._seen.append(seen)
            self._active += 1
            self.most_at_once = max(self.most_at_once, self._active)
            script = self._scripts.get(seen.path) or self._scripts.get(seen.path.partition("?")[0], _missing)
        left = _Once(self._leave)
        try:
            return self._send(stream, script(seen), seen, left)
        finally:
            left()

    def _leave(self) -> None:
        with self._lock:
            self._active -= 1

    def _send(self, stream: socket.socket, answer: Reply | Raw, seen: Seen, left: Callable[[], None]) -> bool:
        if isinstance(answer, Reply):
            left()  # before the bytes: the client may come again as soon as it has them
            stream.sendall(_rendered(answer, seen))
            return True
        for step in answer:
            if isinstance(step, bytes):
                stream.sendall(step)
            elif isinstance(step, Cue):
                self._take(step, stream)
            elif self._stopping.wait(step):
                break
        return False

    def _take(self, cue: Cue, stream: socket.socket) -> None:
        if cue is Cue.RESET:
            # socket(7), SO_LINGER: closing with a time of zero sends RST instead of FIN.
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            while stream.recv(4096):
                pass


class _Once:
    """A callable that does its work at the first call only."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work: Callable[[], None] | None = work

    def __call__(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            work()


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _read(reader: BufferedReader) -> Seen | None:
    if reader.peek(1)[:1] == _HANDSHAKE:
        return None  # of a client that expects TLS here: no line would ever end
    words = reader.readline(65537).decode("latin-1").split()
    if len(words) != 3:
        return None
    return Seen(words[0], words[1], parse_headers(reader), time.monotonic())


def _missing(seen: Seen) -> Reply:
    return Reply(status=404, body=b"nothing here", headers={"Content-Type": "text/plain"})


def _document(reply: Reply, seen: Seen) -> Reply:
    validators = {name: value for name, value in reply.headers.items() if name in ("ETag", "Last-Modified")}
    if validators and _matches(seen.headers, validators):
        return Reply(status=304, headers=validators)
    return reply


def _matches(asked: Message, validators: Mapping[str, str]) -> bool:
    # RFC 9110, section 13.2.2: If-None-Match, compared weakly, makes If-Modified-Since count for nothing.
    if "If-None-Match" in asked:
        known = {tag.strip().removeprefix("W/") for tag in asked["If-None-Match"].split(",")}
        return "*" in known or validators.get("ETag", "").removeprefix("W/") in known
    return "If-Modified-Since" in asked and asked["If-Modified-Since"] == validators.get("Last-Modified")


def _rendered(reply: Reply, seen: Seen) -> bytes:
    bodiless = seen.method == "HEAD" or reply.status in (204, 304)
    framing = {"Transfer-Encoding": "chunked"} if reply.chunked else {"Content-Length": str(len(reply.body))}
    fields = dict(reply.headers) if reply.status in (204, 304) else {**framing, **reply.headers}
    reason = HTTPStatus(reply.status).phrase if reply.status in set(HTTPStatus) else ""
    lines = [f"HTTP/1.1 {reply.status} {reason}", *(f"{name}: {value}" for name, value in fields.items())]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    if bodiless:
        return head
    return head + (_chunks(reply.body) if reply.chunked else reply.body)


def _chunks(body: bytes, size: int = 1000) -> bytes:
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
