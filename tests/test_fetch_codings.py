"""gzip, br and zstd: undone in small pieces, cut at the limit, and known to be whole."""

from __future__ import annotations

import gzip
import os
import sys
import tracemalloc
from collections.abc import Callable
from functools import partial

import brotli
import pytest
from fetching import ask, client
from hypothesis import given
from hypothesis import strategies as st
from origin import Origin
from properties import steady

from aggregator.errors import FetchError, TooLargeError
from aggregator.fetch import codings

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": partial(brotli.compress, quality=3),
    "zstd": zstd.compress,
}
NOISE = os.urandom(70_000)


def undone(coding: str, coded: bytes, step: int) -> tuple[list[bytes], bool]:
    """Return the pieces that come of ``coded`` when ``step`` bytes arrive at once, and whether it was whole."""
    decoder = codings.DECODERS[coding]()
    pieces = [plain for at in range(0, len(coded), step) for plain in decoder.decoded(coded[at : at + step])]
    return pieces, decoder.whole()


@pytest.mark.parametrize("coding", CODERS)
@pytest.mark.parametrize("body", [b"", b"a", b"words " * 50_000, bytes(3_000_000), NOISE], ids=len)
def test_a_body_comes_out_as_it_went_in(coding: str, body: bytes) -> None:
    """However it arrives: in pieces that are never much larger than 64 kB, and whole."""
    coded = CODERS[coding](body)
    for step in (len(coded) or 1, 1000, 1 if len(coded) < 10_000 else 77):
        pieces, whole = undone(coding, coded, step)
        assert (b"".join(pieces), whole) == (body, True)
        assert max(map(len, pieces), default=0) <= 2 * 65536


@steady
@given(st.sampled_from(sorted(CODERS)), st.binary(min_size=1, max_size=300), st.integers(1, 40), st.integers(1, 50))
def test_a_body_that_was_cut_is_not_whole(coding: str, body: bytes, cut: int, step: int) -> None:
    """Wherever the cut is."""
    coded = CODERS[coding](body)
    assert not undone(coding, coded[: max(0, len(coded) - cut)], step)[1]


@pytest.mark.parametrize("coding", CODERS)
def test_what_is_asked_for_is_taken(origin: Origin, coding: str) -> None:
    """A server may answer in each coding that it is told of; a bomb is cut at the limit, and takes little memory."""
    origin.put("/feed", CODERS[coding](b"<rss/>"), headers={"Content-Encoding": coding})
    origin.put("/cut", CODERS[coding](NOISE)[:-9], headers={"Content-Encoding": coding})
    origin.put("/bomb", CODERS[coding](bytes(60_000_000)), headers={"Content-Encoding": coding})
    assert coding in codings.ACCEPTED.split(", ")
    with client(max_size=1_000_000) as made:
        assert ask(made, origin.url("/feed")).body == b"<rss/>"
        with pytest.raises(FetchError, match="cut short"):
            ask(made, origin.url("/cut"))
        tracemalloc.start()
        try:
            with pytest.raises(TooLargeError):
                ask(made, origin.url("/bomb"))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 10_000_000


def test_a_zstd_frame_that_needs_much_memory_is_refused() -> None:
    """What was decoded is kept for what follows in no more than 8 MB (RFC 9659)."""
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 26}
    coded = zstd.compress(bytes(2**26 + 1) + NOISE, options=options)
    with pytest.raises(zstd.ZstdError):
        undone("zstd", coded, len(coded))
