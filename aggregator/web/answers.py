"""Answers with validators and compression, whether their bytes are a file's or were just made."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from threading import Lock
from typing import BinaryIO

from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aggregator.times import rfc822
from aggregator.web import conditions

#: Outputs change when a source has news, and few sources are asked more often than this.
FRESH = "public, max-age=300"

#: Below, compression gains nothing; above, it would take more than a second, and a copy would not be kept.
_LEAST, _MOST = 512, 8_000_000
_KEPT = 32_000_000
_LEVEL = 6
_CHUNK = 65_536


class Version(Struct, frozen=True, kw_only=True):
    """One version of a resource: ``digest`` stands for its bytes, ``size`` is their number."""

    digest: str
    size: int
    media_type: str
    modified: datetime | None = None


def answer(
    request: Headers, version: Version, body: BinaryIO, shelf: Shelf | None = None, *, cache: str = FRESH
) -> Response:
    """Return the answer to a GET or HEAD with the headers ``request``; ``body`` is read and closed by it.

    Compressed bytes are taken from ``shelf``, and put there, where there is one.
    """
    packable = is_text(version.media_type) and _LEAST <= version.size <= _MOST
    packed = packable and conditions.reads_gzip(request)
    # RFC 9110, section 8.8.3.3: each coding has its own strong ETag.
    tag = f'"{version.digest}-gzip"' if packed else f'"{version.digest}"'
    headers = {"ETag": tag, "Cache-Control": cache}
    if packable:
        headers["Vary"] = "Accept-Encoding"
    status = conditions.verdict(request, tag, version.modified)
    if status is not None:
        body.close()
        # Section 15.4.5: a 304 has these, and no other description of the body.
        return Response(status_code=status, headers=headers)
    headers |= {"Content-Type": version.media_type, "Accept-Ranges": "none"}
    if version.modified:
        headers["Last-Modified"] = rfc822(version.modified)
    if not packed:
        return Body(body, version.size, headers)
    with body:
        smaller = _packed(version.digest, body, shelf)
    return Body(BytesIO(smaller), len(smaller), headers | {"Content-Encoding": "gzip"})


class Body(Response):
    """Sends what can be read from an open file, in pieces that wait for the client, and closes it."""

    def __init__(self, file: BinaryIO, size: int, headers: dict[str, str]) -> None:
        super().__init__(headers=headers | {"Content-Length": str(size)})
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._file:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while scope["method"] != "HEAD" and (piece := await run_in_threadpool(self._file.read, _CHUNK)):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class Shelf:
    """Keeps compressed bytes by what they stand for, the last ones asked for, up to ``_KEPT`` bytes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def get(self, digest: str, make: Callable[[], bytes]) -> bytes:
        """Return what is kept under ``digest``, made by ``make`` when there is nothing."""
        with self._lock:
            if digest in self._kept:
                self._kept.move_to_end(digest)
                return self._kept[digest]
        made = make()
        with self._lock:
            self._size += len(made) - len(self._kept.pop(digest, b""))
            self._kept[digest] = made
            while self._size > _KEPT:
                self._size -= len(self._kept.popitem(last=False)[1])
        return made


def _packed(digest: str, body: BinaryIO, shelf: Shelf | None) -> bytes:
    def make() -> bytes:
        return gzip.compress(body.read(), _LEVEL, mtime=0)  # no time: the same bytes for the same ETag

    return shelf.get(digest, make) if shelf else make()


def is_text(media_type: str) -> bool:
    """Tell whether bytes of ``media_type`` are words, which compress well."""
    name = media_type.partition(";")[0]
    return name.startswith("text/") or name.endswith(("xml", "json", "javascript"))
