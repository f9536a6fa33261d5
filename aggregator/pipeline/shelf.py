"""What was rendered lately of posts: a post stands in a document of each level of its category, in every format."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any

from aggregator.models import Post, Publication
from aggregator.publish import facts, html
from aggregator.publish.formats import FORMATS
from aggregator.stopwatch import Stopwatch
from aggregator.store import Transaction, archive
from aggregator.text import chunks

#: What pages of older posts list.
LISTED = "listed"

#: Bytes of rendered entries that are remembered.  What a page shows of a post takes about so many of them.
_REMEMBERED, _SHOWN = 26_000_000, 3_000
#: Posts that are read and rendered at a time.
_PART = 100

#: Returns the document at a path as we wrote it; None where it is not known, or is not as we wrote it.
Before = Callable[[str], bytes | None]

_RENDER: Mapping[str, Callable[[Publication, Sequence[Post]], Sequence[Any]]] = {
    LISTED: html.listed,
    **{name: made.entries for name, made in FORMATS.items()},
}


class Shelf:
    """Reads posts and renders their entries; those that it rendered lately are neither read nor rendered again.

    ``shelves`` is how many there are, in as many processes, which share the memory for that.
    """

    def __init__(self, publication: Publication, shelves: int = 1) -> None:
        self.publication = publication
        self._most = _REMEMBERED // shelves
        self._known: dict[tuple[str, int], Any] = {}
        #: The numbers of what is known, the lowest first, each with its kind.
        self._lowest: list[tuple[int, str]] = []
        self._size = 0

    def entries(
        self, transaction: Transaction, kinds: Collection[str], pks: Sequence[int], watch: Stopwatch
    ) -> dict[str, dict[int, Any]]:
        """Return the entries of the posts numbered ``pks``, in that order, by number, for each of ``kinds``.

        Those that are not published are left out.  Kinds are names of ``FORMATS``, and ``LISTED``.
        """
        found: dict[str, dict[int, Any]] = {kind: {} for kind in kinds}
        for part in chunks(pks, _PART):
            known = {kind: {pk: self._known[kind, pk] for pk in part if (kind, pk) in self._known} for kind in kinds}
            with watch("select"):
                posts = _missing(transaction, part, known)
            with watch("render"):
                for kind, made in known.items():
                    made |= self._rendered(kind, {pk: post for pk, post in posts.items() if pk not in made})
                    found[kind] |= {pk: made[pk] for pk in part if pk in made}
        return found

    def recall(self, transaction: Transaction, kind: str, path: str, before: Before, pks: Sequence[int]) -> None:
        """Remember what the document at ``path`` says, in ``kind``, of those of the posts ``pks`` that did not change.

        Nothing where ``before`` does not know it, or its entries cannot be told apart.
        """
        bodies = FORMATS[kind].bodies
        document = bodies and before(path)
        if bodies is None or document is None:
            return
        found = bodies(document)
        posts = archive.unchanged(transaction, [pk for pk in pks if (kind, pk) not in self._known])
        known = {pk: each for pk, each in posts.items() if each.id in found}
        made = {pk: facts.Rendered(each.published, each.updated, found[each.id]) for pk, each in known.items()}
        self._keep(kind, made)

    def _rendered(self, kind: str, posts: Mapping[int, Post]) -> dict[int, Any]:
        entries = _RENDER[kind](self.publication, list(posts.values()))
        made = dict(zip(posts, entries, strict=True))
        self._keep(kind, made)
        return made

    def _keep(self, kind: str, made: Mapping[int, Any]) -> None:
        for pk, entry in made.items():
            heappush(self._lowest, (pk, kind))
            self._known[kind, pk] = entry
        self._size += _size(made.values())
        # Documents are made in the order of their first posts: what has the lowest number stands in no more of them.
        while self._size > self._most:
            pk, lowest = heappop(self._lowest)
            self._size -= _size([self._known.pop((lowest, pk))])


def _missing(transaction: Transaction, pks: Sequence[int], known: Mapping[str, Collection[int]]) -> dict[int, Post]:
    """Return the posts numbered ``pks`` of which something is not ``known``, with bodies where these are needed."""
    whole = {pk for kind, made in known.items() if kind != LISTED for pk in pks if pk not in made}
    heads = [pk for pk in pks if pk not in whole and pk not in known.get(LISTED, pks)]
    posts = dict(archive.posts(transaction, [pk for pk in pks if pk in whole]))
    posts |= archive.posts(transaction, heads, bodies=False)
    return posts


def _size(entries: Iterable[Any]) -> int:
    return sum(len(entry.body) if isinstance(entry, facts.Rendered) else _SHOWN for entry in entries)
