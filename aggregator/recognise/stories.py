"""Which copies of several sources are one story: the posts that they make, and those that they join."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from urllib.parse import quote

from aggregator import text, urls
from aggregator.records import Minted, PostRef, Unbound

#: How often one copy is split off at most.
_MOST_SPLITS = 100


def bind(
    copies: Sequence[Unbound], posts: Mapping[str, Sequence[PostRef]], taken: AbstractSet[str], authority: str
) -> tuple[tuple[Minted, ...], Mapping[int, str]]:
    """Return the posts that ``copies`` make, and for each copy's ``pk`` the id of the post that it belongs to.

    ``posts`` maps pages to the posts that link there, ``taken`` are the ids among those wished for that
    other posts have, ``authority`` names us in ids of our own (RFC 4151).  A copy joins the post of another
    source when that is the only one with its page; the first copy in the order given is the primary one.
    """
    by_page = {page: list(found) for page, found in posts.items()}
    used = set(taken)
    minted: list[Minted] = []
    belongs: dict[int, str] = {}
    for copy in copies:
        same_page = by_page.setdefault(copy.page, []) if copy.page else []
        if len(same_page) == 1 and copy.source_id not in same_page[0].sources:
            joined = same_page[0]
            same_page[0] = PostRef(id=joined.id, sources=joined.sources | {copy.source_id})
        else:
            joined = PostRef(id=_post_id(copy, used, authority), sources=frozenset({copy.source_id}))
            used.add(joined.id)
            minted.append(Minted(id=joined.id, name=_name(copy, joined.id), copy=copy))
            same_page.append(joined)
        belongs[copy.pk] = joined.id
    return tuple(minted), belongs


def wished_ids(copies: Sequence[Unbound]) -> tuple[str, ...]:
    """Return the ids that ``copies`` bring along and that an Atom feed may carry."""
    return tuple({copy.guid for copy in copies if copy.guid and urls.valid_id(copy.guid)})


def alone(copy: Unbound, taken: AbstractSet[str], authority: str) -> Minted:
    """Return the post that ``copy`` makes away from all others; its id is the first of ``own_ids`` that none has."""
    post_id = next(each for each in own_ids(copy, authority) if each not in taken)
    return Minted(id=post_id, name=_name(copy, post_id), copy=copy)


def own_ids(copy: Unbound, authority: str) -> tuple[str, ...]:
    """Return the ids that a post of ``copy`` alone may have, the best first, enough for all that an editor can do."""
    ours = _post_id(replace(copy, guid=None), frozenset(), authority)
    more = (f"{ours}:{number}" for number in range(2, _MOST_SPLITS))
    return tuple(dict.fromkeys((_post_id(copy, frozenset(), authority), ours, *more)))


def _post_id(copy: Unbound, used: AbstractSet[str], authority: str) -> str:
    # A feed that spells an id of ours would occupy it for the post that is to have it.
    ours = f"tag:{authority},"
    given = copy.guid
    if given and urls.valid_id(given) and given not in used and not given.lower().startswith(ours.lower()):
        return given
    return f"{ours}2026:{quote(copy.source_id)}:{copy.key}"


def _name(copy: Unbound, post_id: str) -> str:
    slug = text.slug(copy.title, limit=80)
    return f"{slug or 'post'}-{text.digest(post_id)[:10]}"
