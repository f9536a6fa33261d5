"""Which changes of an entry are taken at once, and which wait.

A body with a clock, a counter or an advertisement that turns is another one at every pull.  What changed at every
look for a while is taken ever more seldom, until it comes to rest.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from aggregator.records import Known

#: So many changes in a row are taken as they come; after that the 8th, the 16th, the 32nd and so on.
_FREE = 3
_NEXT = 8
#: What waits is taken when it stayed as it is for so long …
_REST = timedelta(hours=6)
#: … and changes count anew when nothing changed for so long.
_CALM = timedelta(days=1)


def run(known: Known, last_pull: datetime | None, now: datetime) -> int:
    """Return how many changes in a row the one seen ``now`` makes; ``last_pull`` is the pull before this one."""
    if known.edited is None or last_pull is None:
        return 1
    was_calm = known.edited < last_pull and now - known.edited >= _CALM
    return 1 if was_calm else known.edits + 1


def is_taken(number: int) -> bool:
    """Tell whether the change that is ``number`` in a row is taken at once."""
    return number <= _FREE or (number >= _NEXT and number & (number - 1) == 0)


def is_at_rest(known: Known, now: datetime) -> bool:
    """Tell whether a change that waits has stayed as it is for long enough to be taken."""
    return known.edited is None or now - known.edited >= _REST
