"""Documents in files, below the one folder that the configuration opens.

Only addresses that stand in feeds.yaml, or that an editor types, come here: redirects and the links of pages and feeds
are http and https or nothing (``guard.permit``, ``urls.absolute``).
"""

from __future__ import annotations

import os
import stat
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from aggregator.errors import FetchError, ForbiddenError, TooLargeError
from aggregator.fetch.dial import reason
from aggregator.fetch.model import Limits, Request, Response

_SCHEME = "file:"


def is_file(url: str) -> bool:
    """Tell whether ``url`` names a file."""
    return url[: len(_SCHEME)].lower() == _SCHEME


def read(request: Request, limits: Limits) -> Response:
    """Return the file that ``request`` names, or "not modified" when it is as it was: same file, time and size.

    Raises ForbiddenError for a file that is not below ``limits.files``, links followed; FetchError for one that
    cannot be read, TooLargeError for one that is larger than ``limits.max_size``.
    """
    target = _permitted(request.url, limits.files)
    try:
        # Without O_NONBLOCK a pipe would wait for its other end; a link cannot be here any more.
        descriptor = os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with closing(os.fdopen(descriptor, "rb")) as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise ForbiddenError(f"{target.name} is no file")
            etag = f'"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"'
            unchanged = etag == request.etag and request.validators_url in (None, request.url)
            body = b"" if unchanged else file.read(limits.max_size + 1)
    except OSError as error:
        raise FetchError(f"cannot read {target.name}: {reason(error)}") from error
    if len(body) > limits.max_size:
        raise TooLargeError(f"{target.name} is larger than {limits.max_size / 1e6:g} MB, 'max_size' in feeds.yaml")
    if not body and not unchanged:
        raise FetchError(f"{target.name} is empty")
    return Response(
        status=304 if unchanged else 200,
        url=request.url,
        body=body,
        content_type="",
        etag=etag,
        last_modified=None,
        moved_to=None,
        max_age=None,
    )


def _permitted(url: str, opened: Path | None) -> Path:
    if opened is None:
        raise ForbiddenError("files are read only below a folder that 'files' under 'fetch' in feeds.yaml names")
    split = urlsplit(url)
    # RFC 8089, section 2: no host, or this one; without the slashes the path would start nowhere.
    path = unquote(split.path)
    if split.netloc.lower() not in ("", "localhost") or not path.startswith("/") or "\0" in path or split.query:
        raise ForbiddenError("the address of a file is written as file:///folder/feed.xml")
    target = Path(os.path.realpath(path))
    if not target.is_relative_to(os.path.realpath(opened)):
        raise ForbiddenError(f"{target.name} is not below the folder that 'files' under 'fetch' in feeds.yaml names")
    return target
