"""What waits to be published."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from aggregator.store import Transaction, archive, events


class Pending(Struct, frozen=True):
    """The numbers of posts that changed, the sources that posts were taken from, and whether there are events."""

    posts: Sequence[int]
    bereft: AbstractSet[str]
    events: bool

    def __bool__(self) -> bool:
        return bool(self.posts or self.bereft or self.events)


def pending(transaction: Transaction) -> Pending:
    """Return what waits."""
    # In a first cycle that is every post: as numbers of eight bytes, not of forty.
    posts = array("q", archive.dirty(transaction))
    return Pending(posts, archive.bereft(transaction), events.waiting(transaction))
