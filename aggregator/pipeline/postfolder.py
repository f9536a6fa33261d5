"""A folder of posts, as somebody hands it in: nothing outside of it is read, and nothing without bounds."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath

from aggregator import postfile
from aggregator.errors import ConfigError
from aggregator.postfile import PostFile

#: The endings of posts, in all styles.
_SUFFIXES = (".md", ".html")
#: A body of the longest kind, each character of it a reference.
_MOST_BYTES = 16_000_000


def paths(folder: Path) -> Iterator[str]:
    """Yield the paths of the files in ``folder`` that may be posts, relative to it, in order; hidden ones are none.

    Symbolic links to folders are not followed.  Raises ConfigError when ``folder`` cannot be read.
    """
    for place, folders, files in os.walk(folder, onerror=_give_up):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = PurePath(place).relative_to(folder)
        for name in sorted(files):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield (below / name).as_posix()


def read(folder: Path, path: str) -> PostFile:
    """Return what the file at ``path`` below ``folder`` says; raises ValueError with a sentence for what is no post."""
    try:
        # Neither a link nor a pipe that nobody writes to.
        descriptor = os.open(folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ValueError("it is no regular file")
            body = file.read(_MOST_BYTES + 1)
    except OSError as exc:
        if (folder / path).is_symlink():
            raise ValueError("it is a symbolic link, which is not followed") from exc
        raise ValueError(f"it cannot be read: {exc.strerror}") from exc
    if len(body) > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES // 10**6} MB")
    try:
        return postfile.read(body.decode())
    except UnicodeDecodeError as exc:
        raise ValueError("it is not UTF-8") from exc


def _give_up(exc: OSError) -> None:
    raise ConfigError(f"{exc.filename} cannot be read: {exc.strerror}") from exc
