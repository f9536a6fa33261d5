"""Documents that stand in a folder as we wrote them: entries of theirs need not be rendered again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Event
from typing import TypeVar

from msgspec import Struct

from aggregator import text
from aggregator.pipeline.crew import Crew
from aggregator.pipeline.station import Done, Station
from aggregator.pipeline.target import FileLog
from aggregator.publish.files import OutputFolder
from aggregator.stopwatch import Stopwatch
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


def put(
    crew: Crew,
    function: Callable[[Station, A], Done],
    shares: Sequence[A],
    name: str,
    changes: FileLog,
    stop: Event,
    watch: Stopwatch,
) -> Mapping[str, str]:
    """Let ``crew`` write the documents of ``shares`` with ``function``; return their digests by path.

    These are noted, too: of files of the group ``name``.
    """
    digests: dict[str, str] = {}

    def take(done: Done) -> None:
        changes.add_written(done.written)
        digests.update(done.made)

    crew.parted(function, shares, take, stop, watch)
    with watch("store"), crew.store.writing() as transaction:
        upkeep.note_digests(transaction, name, digests)
    return digests
