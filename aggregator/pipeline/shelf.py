"""What was rendered lately of posts: a post stands in a document of each level of its category, in every format."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
_REMEMBERED, _SHOWN = 32_000_000, 3_000
#: Posts that are read and rendered at a time.
_PART = 100

_RENDER: Mapping[str, Callable[[Publication, Sequence[Post]], Sequence[Any]]] = {
    LISTED: html.listed,
    **{name: made.entries for name, made in FORMATS.items()},
}


class Shelf:
    """Reads posts and renders their entries; those that it rendered lately are neither read nor rendered again."""

    def __init__(self, publication: Publication) -> None:
        self.publication = publication
        self._known: OrderedDict[tuple[str, int], Any] = OrderedDict()
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
                missing = [pk for pk in part if not all(pk in made for made in known.values())]
                posts = dict(archive.posts(transaction, missing))
            with watch("render"):
                for kind, made in known.items():
                    made |= self._rendered(kind, {pk: post for pk, post in posts.items() if pk not in made})
                    found[kind] |= {pk: made[pk] for pk in part if pk in made}
        return found

    def _rendered(self, kind: str, posts: Mapping[int, Post]) -> dict[int, Any]:
        entries = _RENDER[kind](self.publication, list(posts.values()))
        made = dict(zip(posts, entries, strict=True))
        self._keep(kind, made)
        return made

    def _keep(self, kind: str, made: Mapping[int, Any]) -> None:
        self._known |= {(kind, pk): entry for pk, entry in made.items()}
        self._size += _size(made.values())
        while self._size > _REMEMBERED:
            _, oldest = self._known.popitem(last=False)
            self._size -= _size([oldest])


def _size(entries: Iterable[Any]) -> int:
    return sum(len(entry.body) if isinstance(entry, facts.Entry) else _SHOWN for entry in entries)
