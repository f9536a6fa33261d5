"""The folder that outputs are written to: one step per file, only what changed, nothing of other people's.

One writer at a time: the lock of the run sees to that.  Readers may come at any time.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from aggregator import text
from aggregator.errors import OutputError
from aggregator.models import Document

#: What a file name may take on Linux, macOS and Windows' NTFS (in bytes, to be safe with all of them).
_LONGEST_NAME = 255

_HINTS = {
    errno.ENOSPC: "free some space on the disk and run again",
    errno.EDQUOT: "free some of the quota and run again",
    errno.EROFS: "mount the folder so that it can be written to",
    errno.EACCES: "give the user that runs this program the right to write there",
    errno.EPERM: "give the user that runs this program the right to write there",
    errno.ENOTDIR: "a file stands where a folder is needed: move it away",
    errno.EEXIST: "a file stands where a folder is needed: move it away",
    errno.EISDIR: "a folder stands where a file is needed: move it away",
    errno.ENAMETOOLONG: "the path is too long for this disk: choose a shorter output folder or category",
    errno.ELOOP: "symbolic links lead in a circle: remove one",
}


class OutputFolder:
    """The files below ``root``, which need not exist yet.

    Paths are relative, with ``/`` between their parts.  With ``durable``, files that were written survive a power cut
    once ``sync`` was called.  Every method raises OutputError when the disk says no; what stood there before still
    does.
    """

    def __init__(self, root: Path, *, durable: bool = False) -> None:
        self.root = root
        self._durable = durable
        self._unsynced: set[Path] = set()

    def write(self, document: Document, *, ours: bool) -> bool:
        """Put ``document`` in its place in one step; return whether that changed anything.

        A file that stands there already must be ``ours``, unless its bytes are the same.
        """
        with self._reporting(document.path, "written"):
            target = self._place(document.path)
            before = _status(target)
            if before is not None:
                if _holds(target, before, document.body):
                    return False
                if not ours:
                    raise OutputError(f"{target} was not made by this program, and is left alone; move it away")
            self._replace(target, document.body)
            return True

    def sync(self) -> None:
        """See to it that what was written survives a power cut."""
        while self._unsynced:
            folder = self._unsynced.pop()
            with self._reporting("", "written"), suppress(FileNotFoundError):  # removed since, with what was in it
                _sync_folder(folder)

    def differs(self, document: Document) -> bool:
        """Tell whether ``write`` would change anything."""
        with self._reporting(document.path, "read"):
            target = self._place(document.path)
            before = _status(target)
            return before is None or not _holds(target, before, document.body)

    def read(self, path: str) -> bytes | None:
        """Return the bytes of the file at ``path``, None where there is none."""
        with self._reporting(path, "read"):
            target = self._place(path)
            return None if _status(target) is None else target.read_bytes()

    def remove(self, path: str) -> bool:
        """Remove the file at ``path``, and the folders that this leaves empty; return whether there was one."""
        with self._reporting(path, "removed"):
            target = self._place(path)
            there = _status(target) is not None
            for leaf in (target, _part(target)):
                with suppress(FileNotFoundError, NotADirectoryError):
                    leaf.unlink()
            self._remove_empty(target.parent)
            return there

    def _place(self, path: str) -> Path:
        segments = path.split("/")
        if not all(map(_is_name, segments)):
            raise OutputError(f"{path!r} cannot be the path of an output")
        folder = self.root
        for segment in segments[:-1]:
            folder /= segment
            if folder.is_symlink():
                self._demand_inside(folder)
        return folder / segments[-1]

    def _demand_inside(self, link: Path) -> None:
        # A link inside the folder may point anywhere; the folder itself may be one.
        real = os.path.realpath(link)  # Path.resolve() raises RuntimeError for links in a circle
        if not Path(real).is_relative_to(os.path.realpath(self.root)):
            raise OutputError(f"{link} leads out of the output folder, to {real}; remove the symbolic link")

    def _replace(self, target: Path, body: bytes) -> None:
        part = _part(target)
        try:
            with _opened(part) as file:
                file.write(body)
                if self._durable:
                    file.flush()
                    os.fsync(file.fileno())
            part.replace(target)
        except BaseException:
            with suppress(FileNotFoundError, NotADirectoryError):
                part.unlink()
            raise
        if self._durable:
            self._unsynced.add(target.parent)

    def _remove_empty(self, folder: Path) -> None:
        while self.root in folder.parents:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass  # never made
            except OSError as exc:
                if exc.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    return  # still in use, or a link or file of somebody's
                raise
            folder = folder.parent

    @contextmanager
    def _reporting(self, path: str, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            hint = _HINTS.get(exc.errno or 0, "see that the folder can be used, and run again")
            raise OutputError(f"{self.root / path} cannot be {done}: {exc.strerror}; {hint}") from exc


def _is_name(segment: str) -> bool:
    return segment not in ("", ".", "..") and text.legal(segment) == segment and len(segment.encode()) <= _LONGEST_NAME


def _part(target: Path) -> Path:
    # Hidden, so that web servers and site generators pass it by; the same each time, so that none pile up.
    return target.with_name(f".{text.truncated(target.name, _LONGEST_NAME - len('..part'))}.part")


def _opened(part: Path) -> BinaryIO:
    # "x" follows no link that somebody may have put there.
    try:
        return part.open("xb")
    except FileNotFoundError:
        part.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        part.unlink()  # what a killed run left
    return part.open("xb")


def _status(target: Path) -> os.stat_result | None:
    try:
        status = target.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(status.st_mode):
        raise OutputError(f"{target} is no regular file, so it is no output of ours; move it away")
    return status


def _holds(target: Path, status: os.stat_result, body: bytes) -> bool:
    return status.st_size == len(body) and target.read_bytes() == body


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
