"""The body of an answer: read to its end, decoded, and never more of it than is allowed."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from urllib3 import BaseHTTPResponse

from aggregator.errors import FetchError, TooLargeError

#: What ``read`` decodes, as Accept-Encoding says it.  urllib3 could decode more, but does not tell whether a
#: coded stream was whole.
CODINGS = "gzip"

_STEP = 65536
#: zlib's window bits for a gzip stream (RFC 1952).
_GZIP = 16 + zlib.MAX_WBITS
_GZIP_NAMES = ("gzip", "x-gzip")
#: What servers say that apply none; the last two are no codings, but were met.
_NO_CODING = ("", "identity", "none", "utf-8")


def read(answer: BaseHTTPResponse, limit: int, where: str) -> bytes:
    """Return the body of ``answer``, which the host ``where`` gave, decoded.

    Raises TooLargeError as soon as more than ``limit`` bytes came, or came out of the decoder; FetchError for
    an empty body and for one that is coded otherwise than it says, or than was asked for.  What the connection
    meets comes through as urllib3's errors, a body shorter than announced among them.
    """
    coding = answer.headers.get("Content-Encoding", "").strip().lower()
    pieces = _pieces(answer, limit, where)
    if coding in _GZIP_NAMES:
        pieces = _unzipped(pieces, where)
    elif coding not in _NO_CODING:
        raise FetchError(f"the answer of {where} is coded as {coding[:40]!a}; only {CODINGS} was asked for")
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


def _unzipped(pieces: Iterable[bytes], where: str) -> Iterator[bytes]:
    # RFC 1952, section 2.2: a file is members, one after the other.  Bytes behind the last one are ignored, as
    # gzip does.
    member = zlib.decompressobj(_GZIP)
    members, decoded = 1, 0
    for piece in pieces:
        while piece:
            if member.eof:
                member = zlib.decompressobj(_GZIP)
                members, decoded = members + 1, 0
            try:
                plain = member.decompress(piece, _STEP)
            except zlib.error as error:
                if members > 1 and not decoded:
                    break
                raise FetchError(f"the answer of {where} says it is gzip, but cannot be decoded") from error
            yield plain
            decoded += len(plain)
            piece = member.unconsumed_tail or member.unused_data
    if not member.eof and (members == 1 or decoded):
        raise FetchError(f"the answer of {where} was cut short")


def _too_large(limit: int, where: str) -> TooLargeError:
    return TooLargeError(f"the answer of {where} is larger than {limit / 1_000_000:g} MB, 'max_size' in feeds.yaml")
