"""The codings that an answer may have (RFC 9110, section 8.4.1): each is undone in small pieces, and known to be whole.

urllib3 undoes them, too, but does not tell whether a coded stream was cut short.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: A decoder gives about so many bytes at once, however much it could make of its input.
_STEP = 65536
#: zlib's window bits for a gzip stream (RFC 1952).
_GZIP = 16 + zlib.MAX_WBITS
#: RFC 9659, section 3: no more than 8 MB of what was decoded need be kept for what follows.
_WINDOW: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}


class Decoder(Protocol):
    """Undoes one coding.  ``decoded`` takes the next bytes that came and raises one of ``ERRORS`` for nonsense."""

    def decoded(self, piece: bytes) -> Iterator[bytes]: ...

    def whole(self) -> bool: ...


class _Gzip:
    # RFC 1952, section 2.2: a file is members, one after the other.  Bytes behind the last one are ignored, as
    # gzip does.
    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._members, self._decoded = 1, 0

    def decoded(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
                self._members, self._decoded = self._members + 1, 0
            try:
                plain = self._member.decompress(piece, _STEP)
            except zlib.error:
                if self._members > 1 and not self._decoded:
                    return
                raise
            yield plain
            self._decoded += len(plain)
            piece = self._member.unconsumed_tail or self._member.unused_data

    def whole(self) -> bool:
        return self._member.eof or (self._members > 1 and not self._decoded)


class _Zstandard:
    # RFC 8878, section 3: data are frames, one after the other.
    def __init__(self) -> None:
        self._frame = zstd.ZstdDecompressor(options=_WINDOW)

    def decoded(self, piece: bytes) -> Iterator[bytes]:
        while piece or not (self._frame.eof or self._frame.needs_input):
            if self._frame.eof:
                self._frame = zstd.ZstdDecompressor(options=_WINDOW)
            yield self._frame.decompress(piece, _STEP)
            piece = self._frame.unused_data if self._frame.eof else b""

    def whole(self) -> bool:
        return self._frame.eof


class _Brotli:
    # RFC 7932: one stream, which knows its end; bytes behind it are ignored.
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    def decoded(self, piece: bytes) -> Iterator[bytes]:
        while not self.whole() and (plain := self._stream.process(piece, output_buffer_limit=_STEP)):
            yield plain
            piece = b""

    def whole(self) -> bool:
        return bool(self._stream.is_finished())


#: Each coding, by the names that servers give it.
DECODERS: dict[str, Callable[[], Decoder]] = {"gzip": _Gzip, "x-gzip": _Gzip, "br": _Brotli, "zstd": _Zstandard}
#: What is asked for, as Accept-Encoding says it.
ACCEPTED = "gzip, br, zstd"
#: What a decoder raises.
ERRORS: tuple[type[Exception], ...] = (zlib.error, brotli.error, zstd.ZstdError)
