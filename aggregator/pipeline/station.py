"""Where a share of the outputs is made: in this process, or in one beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct, field

from aggregator.pipeline.shelf import Shelf
from aggregator.pipeline.target import Outputs
from aggregator.store import Store


class Station(Struct, frozen=True):
    """What outputs are made with: a database to read, folders to write to, and what was rendered lately."""

    store: Store
    outputs: Outputs
    shelf: Shelf


class Done(Struct, frozen=True, kw_only=True):
    """What came of a share.

    ``written`` are the files that were, as ``folder: path``, ``made`` the digests of all documents by path, where that
    is asked for.  ``unsynced`` are folders that are to be synced, ``seconds`` the wall time of each stage.
    """

    written: Sequence[str]
    made: Mapping[str, str] = field(default_factory=dict)
    unsynced: AbstractSet[str] = frozenset()
    seconds: Mapping[str, float]


def station(store: Store, outputs: Outputs, stations: int) -> Station:
    """Return one of so many stations in all, which share the memory for what was rendered lately."""
    return Station(store, outputs, Shelf(outputs.publication, stations))


def beside(url: str, outputs: Outputs, stations: int) -> Station:
    """Return the station of another process over the database at ``url``; raises DatabaseError."""
    from aggregator.pipeline import publish  # noqa: F401 - now, while nothing waits for it

    return station(Store.passing(url), outputs, stations)
