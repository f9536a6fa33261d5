"""The table by which foreign exceptions become ours, in words for the reader of a log."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from http.client import HTTPException, IncompleteRead, LineTooLong, RemoteDisconnected

import requests
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.exceptions import TimeoutError as PoolTimeoutError

from aggregator.errors import DeadlineError, FetchError
from aggregator.fetch.dial import reason
from aggregator.fetch.wire import FramingError, NeverFinalError

#: All that requests, urllib3 and what is below them raise because of what a server does.
FOREIGN = (requests.RequestException, HTTPError, HTTPException, OSError)

#: OpenSSL's codes for what is wrong with a certificate (x509_vfy.h).
_CERTIFICATE = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself",
    19: "is signed by an authority that is not trusted",
    20: "is signed by an authority that is not trusted",
    21: "is signed by an authority that is not trusted",
    23: "was revoked",
    62: "is for another host",
    64: "is for another host",
}
_TLS = {
    "WRONG_VERSION_NUMBER": "the server does not speak TLS at this port",
    "RECORD_LAYER_FAILURE": "the server does not speak TLS at this port",
    "HTTP_REQUEST": "the server does not speak TLS at this port",
    "UNSUPPORTED_PROTOCOL": "the server speaks only versions of TLS that are no longer safe",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the server speaks only versions of TLS that are no longer safe",
}


def ours(error: BaseException, where: str) -> FetchError:
    """Return what ``error``, met while asking the host ``where``, is called here.

    The cause is the innermost error that the table knows: the ones around it repeat the address in their
    words, with the secrets in its query.
    """
    causes = list(_causes(error))
    for kind, words in _TABLE:
        for cause in causes:
            if isinstance(cause, kind):
                made = words(cause, where)
                made.__cause__ = cause
                return made
    return FetchError(f"the answer of {where} cannot be read")


def _causes(error: BaseException) -> Iterator[BaseException]:
    if not isinstance(error, requests.RequestException):
        yield error
    inner = [*error.args, getattr(error, "reason", None), error.__cause__]
    for cause in dict.fromkeys(cause for cause in inner if isinstance(cause, BaseException)):
        yield from _causes(cause)


def _untrusted(error: BaseException, where: str) -> FetchError:
    words = _CERTIFICATE.get(getattr(error, "verify_code", 0), "cannot be verified")
    return FetchError(f"cannot trust {where}: its certificate {words}")


def _no_tls(error: BaseException, where: str) -> FetchError:
    name = getattr(error, "reason", None) or "the connection broke during the handshake"
    return FetchError(f"cannot speak TLS with {where}: {_TLS.get(name, name.replace('_', ' ').lower())}")


def _malformed(error: BaseException, where: str) -> FetchError:
    # http.client has no class of its own for a head of more than 100 lines, the one other thing that it counts.
    what = {
        LineTooLong: "a line is too long",
        FramingError: "where its body ends cannot be told",
        NeverFinalError: "interim answers come without end",
        HTTPException: "it has too many headers",
    }.get(type(error))
    return FetchError(f"the answer of {where} is not valid HTTP: {what or 'its first line makes no sense'}")


_Words = Callable[[BaseException, str], FetchError]
#: Most specific first.
_TABLE: tuple[tuple[type[BaseException], _Words], ...] = (
    (ssl.SSLCertVerificationError, _untrusted),
    (TimeoutError, lambda error, where: DeadlineError(f"{where} did not answer in time")),
    (PoolTimeoutError, lambda error, where: DeadlineError(f"{where} did not answer in time")),
    (RemoteDisconnected, lambda error, where: FetchError(f"{where} closed the connection without an answer")),
    (IncompleteRead, lambda error, where: FetchError(f"the answer of {where} was cut short")),
    (ssl.SSLError, _no_tls),
    (InvalidHeader, lambda error, where: FetchError(f"the headers of {where} contradict each other")),
    (HTTPException, _malformed),
    (OSError, lambda error, where: FetchError(f"the connection to {where} broke: {reason(error)}")),
)
