"""The one file that knows how requests and urllib3 are put together: requests over connections of ours."""

from __future__ import annotations

import http.client
import logging
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
from urllib3 import HTTPConnectionPool, HTTPHeaderDict, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection, port_by_scheme
from urllib3.exceptions import InvalidHeader
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

#: From a host and a port to a connected socket.
Dial = Callable[[str, int], socket]
#: Called with the socket of each request before it is sent.
Attend = Callable[[socket], None]


class NeverFinalError(http.client.HTTPException):
    """Interim answers came, and none that is final."""


class Wire(HTTPAdapter):
    """Sends requests: it follows nothing, stores nothing and believes nothing of its environment.

    requests' Session, which would do all of that, is left out: its own work takes as long as all that is done here.
    """

    def __init__(self, dial: Dial, attend: Attend, *, per_host: int) -> None:
        self._pools = _pools(dial, attend)
        self._per_host = per_host
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
            answer.close()  # unless its body was read: then its connection waits for the next request already
            answer.release_conn()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        # urllib3 tells pools apart by two dozen settings, which are alike for all of these.
        split = urlsplit(str(request.url))
        port = split.port or port_by_scheme[split.scheme]  # without one, http.client looks for it in an IPv6 address
        settings: dict[str, Any] = {
            "scheme": split.scheme,
            "host": split.hostname,
            "port": port,
            "maxsize": self._per_host,
        }
        if split.scheme == "https":
            settings["ssl_context"] = self._tls
        key: Any = split.scheme, split.netloc
        return self.poolmanager.connection_from_pool_key(key, settings)  # type: ignore[no-any-return]  # no stubs

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave trust to the context: requests would have the authorities read again for each connection."""

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        return request.path_url

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> Any:
        # requests' own answer would copy the headers, look for cookies and guess an encoding.
        return resp

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = create_urllib3_context()  # certificates and host names are verified; TLS 1.2 is the least
        context.load_default_certs()  # the system's, and a company's own in SSL_CERT_FILE
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
        return context


class _Answer(http.client.HTTPResponse):
    """An answer whose head is read by ``head``; where its body ends is found as RFC 9112, section 6.3, has it.

    Of two lengths, or codings, the first counts here; urllib3 refuses lengths that differ.
    """

    headers: HTTPHeaderDict  # type: ignore[assignment]  # instead of a mail's

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
        self.chunked = self._first("Transfer-Encoding").lower() == "chunked"
        self.chunk_left = None
        self.length = self._length()
        self.will_close = self._check_close() or not (self.chunked or self.length is not None)  # type: ignore[attr-defined]

    def _length(self) -> int | None:
        if self.status in _BODILESS:
            return 0
        with suppress(ValueError):
            length = int(self._first("Content-Length"))
            return length if length >= 0 and not self.chunked else None
        return None

    def _first(self, name: str) -> str:
        return next(iter(self.headers.getlist(name)), "")


class _Connection(HTTPConnection):
    """Asks for one document after the other, by GET; ``dial`` and ``attend`` are given to it by ``_pools``."""

    dial: Dial
    attend: Attend
    _used = False
    _asked: tuple[str, Mapping[str, str]] = "", {}

    def _new_conn(self) -> socket:
        self._used = False
        return self.dial(self.host, self.port)

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **kwargs: Any) -> None:
        if self.sock is not None:
            self.attend(self.sock)
            self.sock.settimeout(self.timeout)
        self._asked = url, headers
        self.putrequest("GET", url, skip_accept_encoding=True)
        for name, value in headers.items():
            http.client.HTTPConnection.putheader(self, name, value)  # urllib3's looks for marks of its own in values
        self.endheaders()

    def response_class(self, *args: Any, **kwargs: Any) -> http.client.HTTPResponse:  # type: ignore[override]
        self._answer = _Answer(*args, **kwargs)
        return self._answer

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        # RFC 9112, section 9.3.1: a server may close a connection just as the next request is on its way;
        # a GET is then sent once more, on a new one.
        again, self._used = self._used, True
        try:
            return self._got()
        except (ConnectionError, ssl.SSLEOFError):
            if not again:
                raise
        self.close()
        url, headers = self._asked
        self.request("GET", url, headers=headers)
        self._used = True
        return self._got()

    def _got(self) -> HTTPResponse:
        self.sock.settimeout(self.timeout)
        answer = http.client.HTTPConnection.getresponse(self)
        try:
            return HTTPResponse(
                answer,
                self._answer.headers,
                answer.status,
                answer.version,
                reason=answer.reason,
                preload_content=False,
                decode_content=False,
                original_response=answer,
                request_method="GET",
            )
        except InvalidHeader:
            answer.close()
            raise


def _pools(dial: Dial, attend: Attend) -> dict[str, type[HTTPConnectionPool]]:
    class Connection(_Connection):
        pass

    Connection.dial, Connection.attend = staticmethod(dial), staticmethod(attend)

    class TLSConnection(Connection, HTTPSConnection):
        pass

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class TLSPool(HTTPSConnectionPool):
        ConnectionCls = TLSConnection

    return {"http": Pool, "https": TLSPool}
