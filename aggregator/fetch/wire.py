"""The one file that knows how requests and urllib3 are put together: requests over connections of ours."""

from __future__ import annotations

import http.client
import logging
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from http import HTTPStatus
from socket import socket
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection, port_by_scheme
from urllib3.util.ssl_ import create_urllib3_context

from aggregator.fetch import head

# urllib3 logs addresses with their query, where tokens stand, and at WARNING where a header is malformed.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)

#: Connections to so many hosts are kept open for the next request.
_HOSTS_KEPT = 64

#: So many interim answers (103 Early Hints) before the final one are read.
_MOST_INTERIM = 20
#: As http.client writes them; there never was an answer that said 0.9 of itself, but some do.
_VERSIONS = {"HTTP/1.0": 10, "HTTP/0.9": 10}
#: RFC 9112, section 6.3: what ends with its head.
_BODILESS = frozenset({*range(100, 200), HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
#: Section 6.2; below zero, it is said by servers that do not know it.
_LENGTH = re.compile(r"-?[0-9]{1,18}")
#: RFC 3986, sections 2.1 and 3.2.2: escapes are in capitals, and brackets stand nowhere but around a host.
_REWRITTEN = re.compile(r"%[0-9A-Fa-f]{2}|[\[\]]")

#: From a host and a port to a connected socket.
Dial = Callable[[str, int], socket]
#: Called with the socket of each request before it is sent.
Attend = Callable[[socket], None]


class NeverFinalError(http.client.HTTPException):
    """Interim answers came, and none that is final."""


class FramingError(http.client.HTTPException):
    """The head of an answer does not tell where its body ends, or how it is to be read."""


class Wire(HTTPAdapter):
    """Sends requests: it follows nothing, stores nothing and believes nothing of its environment.

    requests' Session, which would do all of that, is left out: its own work takes as long as all that is done here.
    """

    def __init__(self, dial: Dial, attend: Attend, *, per_host: int) -> None:
        self._settings: dict[str, Any] = {"dial": dial, "attend": attend, "maxsize": per_host}
        super().__init__(pool_connections=_HOSTS_KEPT, pool_maxsize=per_host)

    @contextmanager
    def answered(self, url: str, headers: Mapping[str, str], timeout: float) -> Iterator[HTTPResponse]:
        """Ask for ``url``, which is absolute, as ``urls`` writes it, and without credentials; yield the answer.

        Its body is still to be read; ``timeout`` is in seconds, for the connection and for each wait.  ``headers`` are
        all that are sent, and Host.
        """
        asked = requests.PreparedRequest()
        asked.method, asked.url, asked.headers = "GET", url, headers  # type: ignore[assignment]  # any mapping will do
        answer: HTTPResponse = self.send(asked, stream=True, timeout=timeout)  # type: ignore[assignment]
        try:
            yield answer
        finally:
            if not answer.closed:
                answer.close()  # and its connection: what is left of the answer would be taken for the next one
            answer.release_conn()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        # urllib3 tells pools apart by two dozen settings, which are alike for all of these.
        key: Any = _origin(request)
        return self.poolmanager.pools.get(key) or self._made(key)  # type: ignore[no-any-return]  # no stubs

    def _made(self, origin: Any) -> Any:
        split = urlsplit(origin)
        port = split.port or port_by_scheme[split.scheme]  # without one, http.client looks for it in an IPv6 address
        settings = {**self._settings, "scheme": split.scheme, "host": split.hostname, "port": port}
        if split.scheme == "https":
            settings["ssl_context"] = self._tls
        return self.poolmanager.connection_from_pool_key(origin, settings)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave trust to the context: requests would have the authorities read again for each connection."""

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        return str(request.url).removeprefix(_origin(request))

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> Any:
        # requests' own answer would copy the headers, look for cookies and guess an encoding.
        return resp

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = create_urllib3_context()  # certificates and host names are verified; TLS 1.2 is the least
        context.load_default_certs()  # the system's, and a company's own in SSL_CERT_FILE
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
        return context


def _origin(request: requests.PreparedRequest) -> str:
    url = str(request.url)
    return url[: url.index("/", url.index("//") + 2)]


class _Answer(http.client.HTTPResponse):
    """An answer whose head is read by ``head``; where its body ends is found as RFC 9112, section 6.3, has it.

    Lengths that differ are left to urllib3, which refuses them.
    """

    headers: head.Fields  # type: ignore[assignment]  # instead of a mail's

    def begin(self) -> None:
        for _ in range(_MOST_INTERIM):
            version, status, reason = self._read_status()  # type: ignore[attr-defined]  # not in typeshed
            if status >= HTTPStatus.OK or status == HTTPStatus.SWITCHING_PROTOCOLS:
                break
            # RFC 9110, section 15.2: a client reads on through interim answers; http.client knows but 100.
            head.read(self.fp)
        else:
            raise NeverFinalError
        if version not in _VERSIONS and not version.startswith("HTTP/1."):
            raise http.client.UnknownProtocol(version)
        self.version = _VERSIONS.get(version, 11)
        self.code = self.status = status
        self.reason = reason.strip()
        self.headers = self.msg = head.read(self.fp)  # type: ignore[assignment]
        self.chunked = self._is_chunked()
        self.chunk_left = None
        self.length = self._length()
        closes = self._check_close() or status == HTTPStatus.SWITCHING_PROTOCOLS  # type: ignore[attr-defined]
        self.will_close = closes or not (self.chunked or self.length is not None)

    def _length(self) -> int | None:
        if self.status in _BODILESS:
            return 0
        lengths = self._named("Content-Length")
        if self.chunked or not lengths:
            return None
        if not all(_LENGTH.fullmatch(each) for each in lengths):
            raise FramingError
        length = int(lengths.pop())
        return length if length >= 0 and not lengths else None

    def _is_chunked(self) -> bool:
        codings = self._named("Transfer-Encoding") - {"identity"}
        if "chunked" not in codings or self.status in _BODILESS:
            return False
        if len(codings) > 1:
            raise FramingError
        return True

    def _named(self, name: str) -> set[str]:
        members = self.headers.get(name, "").lower().split(",")
        return {member for each in members if (member := each.strip())}


class _Connection(HTTPConnection):
    """Asks for one document after the other, by GET; ``dial`` and ``attend`` are as ``Wire`` takes them."""

    _used = False
    _request = b""

    def __init__(self, *args: Any, dial: Dial, attend: Attend, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._dial, self._attend = dial, attend

    def _new_conn(self) -> socket:
        self._used = False
        return self._dial(self.host, self.port)

    def asked(self, request: bytes, pool: _Pool) -> HTTPResponse:
        """Send ``request`` and return the answer, which gives the connection back to ``pool`` when it was read."""
        self._send(request)
        # RFC 9112, section 9.3.1: a server may close a connection just as the next request is on its way;
        # a GET is then sent once more, on a new one.
        again, self._used = self._used, True
        try:
            return self._got(pool)
        except (ConnectionError, ssl.SSLEOFError):
            if not again:
                raise
        self.close()
        self._send(request)
        self._used = True
        return self._got(pool)

    def _send(self, request: bytes) -> None:
        if self.sock is None:
            self.connect()
        self._attend(self.sock)
        self.sock.settimeout(self.timeout)
        with suppress(BrokenPipeError, ConnectionResetError):  # a server that wants no more may have said why
            self.sock.sendall(request)

    def _got(self, pool: _Pool) -> HTTPResponse:
        answer = _Answer(self.sock, method="GET")
        try:
            answer.begin()
            got = HTTPResponse(
                answer,
                answer.headers,
                answer.status,
                answer.version,
                reason=answer.reason,
                preload_content=False,
                decode_content=False,
                original_response=answer,
                pool=pool,
                connection=self,
                request_method="GET",
            )
        except BaseException:
            answer.close()
            raise
        if answer.will_close:
            self.close()  # the answer keeps the socket until it is read
        if answer.length == 0:
            answer.close()  # it is read
        return got


class _TLSConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    """The connections to one host at one port."""

    ConnectionCls = _Connection

    def urlopen(  # type: ignore[override]  # as requests calls it
        self, method: str, url: str, headers: Mapping[str, str], timeout: Timeout, **others: object
    ) -> HTTPResponse:
        """Ask for ``url`` once.  Redirects, retries and proxies, which urllib3 looks after here, are none of ours."""
        connection: Any = self._get_conn()
        connection.timeout = timeout.read_timeout
        try:
            answer: HTTPResponse = connection.asked(_written(url, _host(connection), headers), self)
        except BaseException:
            connection.close()
            self._put_conn(connection)
            raise
        return answer


class _TLSPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


def _host(connection: HTTPConnection) -> str:
    host = f"[{connection.host}]" if ":" in connection.host else connection.host
    return host if connection.port == connection.default_port else f"{host}:{connection.port}"


def _written(target: str, host: str, headers: Mapping[str, str]) -> bytes:
    # RFC 9112, sections 3 and 5.  http.client puts a request together in twice the time.
    target = _REWRITTEN.sub(_rewritten, target)
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", *[f"{name}: {value}" for name, value in headers.items()]]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line of a request cannot hold another one")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _rewritten(found: re.Match[str]) -> str:
    return found[0].upper() if found[0].startswith("%") else f"%{ord(found[0]):02X}"
