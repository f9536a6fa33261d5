"""The body of an answer: read to its end, decoded, and never more of it than is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from urllib3 import BaseHTTPResponse

from aggregator.errors import FetchError, TooLargeError
from aggregator.fetch import codings

_STEP = 65536
#: What servers say that apply none; the last two are no codings, but were met.
_NO_CODING = ("", "identity", "none", "utf-8")


def read(answer: BaseHTTPResponse, limit: int, where: str) -> bytes:
    """Return the body of ``answer``, which the host ``where`` gave, decoded.

    Raises TooLargeError as soon as more than ``limit`` bytes came, or came out of the decoder; FetchError for
    an empty body and for one that is coded otherwise than it says, or than was asked for.  What the connection
    meets comes through as urllib3's errors, a body shorter than announced among them.
    """
    # RFC 9110, section 5.6.1: members of a list may be empty.
    named = [each.strip() for each in answer.headers.get("Content-Encoding", "").lower().split(",")]
    coding = ", ".join(each for each in named if each not in _NO_CODING)
    pieces = _pieces(answer, limit, where)
    if coding in codings.DECODERS:
        pieces = _decoded(pieces, coding, where)
    elif coding:
        raise FetchError(f"the answer of {where} is coded as {coding[:40]!a}; asked for was {codings.ACCEPTED}")
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > limit:
            raise _too_large(limit, where)
    if not body:
        raise FetchError(f"the answer of {where} is empty")
    return bytes(body)


def _pieces(answer: BaseHTTPResponse, limit: int, where: str) -> Iterator[bytes]:
    if (answer.length_remaining or 0) > limit:
        raise _too_large(limit, where)
    received = 0
    # read1 looks at the socket once, whatever the framing says; the other ways to read take all that comes when
    # a chunk's length is negative (http.client of Python 3.11, urllib3 2.8).
    while piece := answer.read1(min(_STEP, answer.length_remaining or _STEP), decode_content=False):
        received += len(piece)
        if received > limit:
            raise _too_large(limit, where)
        yield piece


def _decoded(pieces: Iterable[bytes], coding: str, where: str) -> Iterator[bytes]:
    decoder = codings.DECODERS[coding]()
    try:
        for piece in pieces:
            yield from decoder.decoded(piece)
    except codings.ERRORS as error:
        raise FetchError(f"the answer of {where} says it is {coding}, but cannot be decoded") from error
    if not decoder.whole():
        raise FetchError(f"the answer of {where} was cut short")


def _too_large(limit: int, where: str) -> TooLargeError:
    return TooLargeError(f"the answer of {where} is larger than {limit / 1_000_000:g} MB, 'max_size' in feeds.yaml")
