"""Documents that stand in a folder as we wrote them: entries of theirs need not be rendered again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from aggregator import text
from aggregator.pipeline.crew import Publishing
from aggregator.pipeline.station import Done, Station
from aggregator.publish.files import OutputFolder
from aggregator.store import upkeep

A = TypeVar("A")


class Written(Struct, frozen=True):
    """The digests of documents when we wrote them, by path."""

    digests: Mapping[str, str]

    def of(self, paths: Iterable[str]) -> Written:
        """Return what is known of ``paths``."""
        return Written({path: self.digests[path] for path in paths if path in self.digests})

    def read(self, folder: OutputFolder, path: str) -> bytes | None:
        """Return the document at ``path`` in ``folder`` as we wrote it, else None."""
        digest = self.digests.get(path)
        body = None if digest is None else folder.read(path)
        return body if body is not None and text.digest_bytes(body) == digest else None


def nothing(path: str) -> None:
    """Know of no document."""


def put(run: Publishing, function: Callable[[Station, A], Done], shares: Sequence[A], name: str) -> Mapping[str, str]:
    """Let the crew of ``run`` write the documents of ``shares`` with ``function``; return their digests by path.

    These are noted, too: of files of the group ``name``.
    """
    digests: dict[str, str] = {}

    def take(done: Done) -> None:
        run.changes.add_written(done.written)
        digests.update(done.made)

    run.crew.parted(function, shares, take, run.stop, run.watch)
    with run.watch("store"), run.store.writing() as transaction:
        upkeep.note_digests(transaction, name, digests)
    return digests
