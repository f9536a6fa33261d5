"""Which archive document a post goes into (RFC 5005, section 4).

Documents fill up in the order in which posts came, whatever their dates: an entry that is found late changes none
that is full.  What is decided here is kept, so it holds whatever becomes of sources, categories and settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aggregator.records import ArchiveState, Filing


def filings(folder: str, newest: ArchiveState | None, posts: Sequence[int], size: int) -> Iterator[Filing]:
    """Yield where ``posts``, in their order, go: first into the ``newest`` document of ``folder``, then into new ones.

    A document is full with ``size`` posts.
    """
    number, filled = (newest.number, newest.filled) if newest else (1, 0)
    start = 0
    while start < len(posts):
        if filled >= size:
            number, filled = number + 1, 0
        part = tuple(posts[start : start + size - filled])
        yield Filing(folder=folder, number=number, before=filled, posts=part)
        start, filled = start + len(part), filled + len(part)
