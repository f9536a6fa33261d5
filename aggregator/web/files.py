"""The files below ``output.path``: whole ones, of that folder, and nothing else."""

from __future__ import annotations

import errno
import os
import stat
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b, file_digest
from http import HTTPStatus
from io import BufferedReader
from pathlib import Path
from threading import Lock
from urllib.parse import unquote_to_bytes

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from aggregator import text, urls
from aggregator.config import Settings
from aggregator.publish import health
from aggregator.publish.addresses import ATOM, OPML
from aggregator.publish.formats import FORMATS
from aggregator.web import page
from aggregator.web.answers import FRESH, Shelf, Version, answer, is_text

_INDEX = "index.html"
#: The names of our outputs say more than their endings.
_NAMES = {each.file: each.media_type for each in FORMATS.values()} | {
    OPML.file: OPML.media_type,
    health.PATH: ATOM.media_type,
}
_ENDINGS = {
    ".atom": ATOM.media_type,
    ".css": "text/css",
    ".gif": "image/gif",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
    ".xsl": "application/xml",
}
#: What the system says of names that lead nowhere, or where we may not go.
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO)
#: Digests of files that are remembered.
_MOST_DIGESTS = 10_000


class Files:
    """Answers with files below ``output.path`` of the settings that hold now; ``clock`` tells the time.

    ``removed`` tells whether an output of ours stood at one of some paths once.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        clock: Callable[[], datetime],
        removed: Callable[[Sequence[str]], Awaitable[bool]],
    ) -> None:
        self._settings = settings
        self._removed = removed
        self._clock = clock
        self._digests = _Digests()
        self._shelf = Shelf()

    async def answer(self, request: Request) -> Response:
        """Return what is ``found``, or a page that says 404 or 410."""
        found = await run_in_threadpool(self.found, request)
        if found is not None:
            return found
        segments = _segments(request.scope["raw_path"])
        gone = segments is not None and await self._removed(_paths(segments))
        # RFC 9110, section 15.5.11: who polls what is gone for good may stop.
        return await run_in_threadpool(self._missing, request, 410 if gone else 404)

    def found(self, request: Request) -> Response | None:
        """Return the file that ``request`` names, a folder's page or a redirect to it; None when there is nothing."""
        segments = _segments(request.scope["raw_path"])
        if segments is None:
            return None
        *folders, name = segments
        root = self._settings().output.path
        opened = _opened(root, [*folders, name or _INDEX])
        if opened is not None:
            return answer(request.headers, self._version(opened, name or _INDEX), opened, self._shelf)
        if name and (index := _opened(root, [*segments, _INDEX])):
            index.close()
            # Relative: it holds below another address, too.
            return RedirectResponse(f"{urls.path(name)}/", 301, {"Cache-Control": FRESH})
        return None

    def _missing(self, request: Request, status: int) -> Response:
        settings = self._settings()
        root = settings.output.path
        # Relative, too.
        home = "../" * (request.scope["raw_path"].count(b"/") - 1) or "./"
        body = page.render(
            "missing.html.j2",
            settings.output.templates,
            gone=status == HTTPStatus.GONE,
            site=settings.site_model.title,
            home=home if (root / _INDEX).exists() else None,
            empty=not (root / ATOM.file).exists(),
        )
        return HTMLResponse(body, status, {"Cache-Control": "no-cache"})

    def _version(self, file: BufferedReader, name: str) -> Version:
        status = os.fstat(file.fileno())
        # RFC 9110, section 8.8.2.1: no time that is still to come.
        modified = min(datetime.fromtimestamp(int(status.st_mtime), UTC), self._clock())
        digest = self._digests.of(file, status)
        return Version(digest=digest, size=status.st_size, media_type=_media_type(name), modified=modified)


class _Digests:
    """Remembers the digests of files by inode, size and time of change."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[tuple[int, int, int, int], str] = OrderedDict()

    def of(self, file: BufferedReader, status: os.stat_result) -> str:
        key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        with self._lock:
            if key in self._known:
                return self._known[key]
        digest = file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()
        file.seek(0)
        with self._lock:
            self._known[key] = digest
            if len(self._known) > _MOST_DIGESTS:
                self._known.popitem(last=False)
        return digest


def _segments(raw: bytes) -> list[str] | None:
    """Return the names in a request's path, "" last for a folder; None when one of them cannot be ours."""
    names: list[str] = []
    for part in raw.removeprefix(b"/").split(b"/"):
        try:
            names.append(unquote_to_bytes(part).decode("utf-8"))
        except UnicodeDecodeError:
            return None
    # Names with a dot in front are not for readers: files in the making, and ".." among them.
    strange = any(name.startswith(".") or "\\" in name or "/" in name or text.legal(name) != name for name in names)
    return None if strange or "" in names[:-1] else names


def _paths(segments: Sequence[str]) -> list[str]:
    """Return the paths of the outputs that ``segments`` may name: a file, or a folder's page."""
    path = "/".join(segments)
    return [path, f"{path}/{_INDEX}"] if segments[-1] else [path + _INDEX]


def _opened(root: Path, segments: Sequence[str]) -> BufferedReader | None:
    """Return the regular file at ``segments`` below ``root``, open; None when there is none."""
    inside = os.path.realpath(root)
    real = os.path.realpath(Path(inside, *segments))
    if not real.startswith(inside.rstrip("/") + "/"):
        return None
    try:
        # Not waiting, so that a pipe in the folder stops nobody.
        file = os.open(real, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as exc:
        if exc.errno in _NOT_THERE:
            return None
        raise
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        return None
    return os.fdopen(file, "rb")


def _media_type(name: str) -> str:
    known = _NAMES.get(name) or _ENDINGS.get(Path(name).suffix.lower(), "application/octet-stream")
    # RFC 8259, section 11: JSON has no charset.
    return known if known.endswith("json") or not is_text(known) else f"{known}; charset=utf-8"
