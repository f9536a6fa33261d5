"""Which source goes on under a line of feeds.yaml whose id is new: the one that had its address.

Ids are made from addresses where the file gives none, so that an editor who writes down where a feed moved to changes
both.  What the source brought is to stay what it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct


class Former(Struct, frozen=True, kw_only=True):
    """A source whose id is in the file no more; ``moved`` are addresses that it was led to, ``listed`` until now."""

    id: str
    feed: str
    moved: frozenset[str]
    listed: bool


def heirs(former: Sequence[Former], lines: Mapping[str, str]) -> dict[str, str]:
    """Return which of ``former`` goes on under which of ``lines``, new ids with their addresses, both as ids.

    One that left just now comes before one that left earlier, one that had the address before one that was led to it.
    Where several could be meant none is.
    """
    often = Counter(lines.values())
    found: dict[str, str] = {}
    for name, address in lines.items():
        here = [each for each in former if each.id not in found.values() and address in {each.feed, *each.moved}]
        had = [each for each in here if each.feed == address]
        groups = [
            [each for each in group if each.listed is listed] for group in (had, here) for listed in (True, False)
        ]
        nearest = next(filter(None, groups), [])
        if address and len(nearest) == often[address] == 1:
            found[name] = nearest[0].id
    return found
