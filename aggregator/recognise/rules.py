"""What deciding goes by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from aggregator.models import PRIMARY_RULES, PrimaryRule
from aggregator.recognise.ownership import Owners
from aggregator.records import PostRef, Unbound

_LAST = 1_000_000


class Rules(Struct, frozen=True, kw_only=True):
    """What deciding goes by: whose name our own ids bear (RFC 4151), and which copy is a story's primary one.

    ``primary`` are the rules in their order, ``ranks`` those of sources that have one, 1 being the first.
    """

    authority: str
    owners: Owners
    primary: Sequence[PrimaryRule] = PRIMARY_RULES
    ranks: Mapping[str, int] = field(default_factory=dict)

    def order(self, copy: Unbound) -> tuple[object, ...]:
        """Return what copies of one story are sorted by, the primary one first."""
        seen = (copy.first_seen, copy.published)
        keys: dict[PrimaryRule, object] = {
            "rank": self.rank(copy.source_id),
            "site": -self.owners.hold(copy.source_id, copy.link),
            "earliest": seen,
            "longest": -copy.length,
        }
        return (*(keys[rule] for rule in self.primary), *seen, copy.source_id, -copy.pk)

    def rank(self, source_id: str) -> int:
        """Return a source's rank; those that have none share the last one."""
        return self.ranks.get(source_id, _LAST)

    def outranks(self, copy: Unbound, post: PostRef) -> bool:
        """Tell whether the page is ``copy``'s source's own, and not that of the source that ``post`` is credited to."""
        if "site" not in self.primary or self.rank(post.source_id) < self.rank(copy.source_id):
            return False
        return self.owners.hold(copy.source_id, copy.link) > self.owners.hold(post.source_id, copy.link)
