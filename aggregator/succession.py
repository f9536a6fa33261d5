"""Which source goes on under a line of feeds.yaml whose id is new: the one that had its address.

Ids are made from addresses where the file gives none, so that an editor who writes down where a feed moved to changes
both.  What the source brought is to stay what it was.
"""

from __future__ import annotations

from collections import Counter, defaultdict
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

    One that had the address comes before one that was led to it, one that left just now before one that left earlier.
    Where several could be meant none is.
    """
    often = Counter(lines.values())
    wanted = {name: address for name, address in lines.items() if address and often[address] == 1}
    had, led = defaultdict(list), defaultdict(list)
    for each in former:
        had[each.feed].append(each)
        for address in each.moved:
            led[address].append(each)
    found: dict[str, str] = {}
    # Whoever had an address goes on there, whatever line comes first.
    for at in (had, led):
        taken = set(found.values())
        for name, address in wanted.items():
            free = [each for each in at[address] if each.id not in taken]
            nearest = [each for each in free if each.listed] or free
            if name not in found and not (at is led and had[address]) and len(nearest) == 1:
                found[name] = nearest[0].id
                taken.add(nearest[0].id)
    return found
