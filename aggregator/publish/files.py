"""The folder that outputs are written to: one step per file, only what changed, nothing of other people's.

One writer at a time: the lock of the run sees to that.  Readers may come at any time.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

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
        self._root = os.fspath(root)
        self._unsynced: set[str] = set()

    @property
    def exists(self) -> bool:
        """Whether the folder is there: it is made with its first file, and stays when its last one is removed."""
        return os.path.isdir(self._root)

    def stands(self, path: str) -> bool:
        """Tell whether anything stands at ``path``."""
        return os.path.lexists(f"{self._root}/{path}")

    def write(self, document: Document, *, ours: bool | Callable[[bytes], bool]) -> bool:
        """Put ``document`` in its place in one step; return whether that changed anything.

        A file that stands there already must be ``ours``, or be told to be by its bytes, unless these are the same.
        """
        with self._reporting(document.path, "written"):
            target = self._place(document.path)
            before = _status(target)
            if before is not None:
                if _holds(target, before, document.body):
                    return False
                if not (ours if isinstance(ours, bool) else ours(_bytes(target))):
                    raise OutputError(f"{target} was not made by this program, and is left alone; move it away")
            self._replace(target, document.body)
            return True

    def sync(self) -> None:
        """See to it that what was written survives a power cut."""
        while self._unsynced:
            folder = self._unsynced.pop()
            with self._reporting("", "written"), suppress(FileNotFoundError):  # removed since, with what was in it
                _sync_folder(folder)

    def take_unsynced(self) -> set[str]:
        """Return the folders that ``sync`` would see to, for another one to ``add_unsynced``."""
        taken, self._unsynced = self._unsynced, set()
        return taken

    def add_unsynced(self, folders: Iterable[str]) -> None:
        """Let ``sync`` see to ``folders``, too."""
        self._unsynced.update(folders)

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
            return None if _status(target) is None else _bytes(target)

    def remove(self, path: str) -> bool:
        """Remove the file at ``path``, and the folders that this leaves empty; return whether there was one."""
        with self._reporting(path, "removed"):
            target = self._place(path)
            there = _status(target) is not None
            for leaf in (target, _part(target)):
                with suppress(FileNotFoundError, NotADirectoryError):
                    os.unlink(leaf)
            self._remove_empty(Path(target).parent)
            return there

    def _place(self, path: str) -> str:
        folder, _, name = path.rpartition("/")
        if not (_is_name(name) and _are_names(folder) if folder else _is_name(path)):
            raise OutputError(f"{path!r} cannot be the path of an output")
        above = self._root
        for segment in folder.split("/") if folder else ():
            above = f"{above}/{segment}"
            if os.path.islink(above):
                self._demand_inside(above)
        return f"{above}/{name}"

    def _demand_inside(self, link: str) -> None:
        # A link inside the folder may point anywhere; the folder itself may be one.
        real = os.path.realpath(link)  # Path.resolve() raises RuntimeError for links in a circle
        if not Path(real).is_relative_to(os.path.realpath(self.root)):
            raise OutputError(f"{link} leads out of the output folder, to {real}; remove the symbolic link")

    def _replace(self, target: str, body: bytes) -> None:
        part = _part(target)
        try:
            descriptor = _opened(part)
            try:
                _write(descriptor, body)
                if self._durable:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(part, target)
        except BaseException:
            with suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(part)
            raise
        if self._durable:
            self._unsynced.add(os.path.dirname(target))

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


@lru_cache(maxsize=256)  # many files of one folder are written, one after the other
def _are_names(folder: str) -> bool:
    return all(map(_is_name, folder.split("/")))


def _part(target: str) -> str:
    # Hidden, so that web servers and site generators pass it by; the same each time, so that none pile up.
    folder, name = os.path.split(target)
    return f"{folder}/.{text.truncated(name, _LONGEST_NAME - len('..part'))}.part"


def _opened(part: str) -> int:
    try:
        return _new(part)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(part), exist_ok=True)
    except FileExistsError:
        os.unlink(part)  # what a killed run left
    return _new(part)


def _new(part: str) -> int:
    # O_EXCL follows no link that somebody may have put there.
    return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)


def _write(descriptor: int, body: bytes) -> None:
    left = memoryview(body)
    while left:  # a call writes 2 GB at most, and less on a disk that fills up
        left = left[os.write(descriptor, left) :]


def _bytes(target: str) -> bytes:
    with open(target, "rb") as file:
        return file.read()


def _status(target: str) -> os.stat_result | None:
    try:
        status = os.lstat(target)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(status.st_mode):
        raise OutputError(f"{target} is no regular file, so it is no output of ours; move it away")
    return status


def _holds(target: str, status: os.stat_result, body: bytes) -> bool:
    return status.st_size == len(body) and _bytes(target) == body


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
