"""What posts are called: their ids, for ever, and the stems of their files."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from urllib.parse import quote

from aggregator import text, urls
from aggregator.recognise.rules import Rules
from aggregator.records import Minted, Unbound

#: How often one copy is split off at most.
_MOST_SPLITS = 100


def mint(copy: Unbound, used: AbstractSet[str], rules: Rules) -> Minted:
    """Return the post that ``copy`` makes; ``used`` are ids that it may not have."""
    return _minted(copy, _post_id(copy, used, rules))


def alone(copy: Unbound, taken: AbstractSet[str], rules: Rules) -> Minted:
    """Return the post that ``copy`` makes away from all others; its id is the first of ``own_ids`` that none has."""
    return _minted(copy, next(each for each in own_ids(copy, rules) if each not in taken))


def own_ids(copy: Unbound, rules: Rules) -> tuple[str, ...]:
    """Return the ids that a post of ``copy`` alone may have, the best first, enough for all that an editor can do."""
    ours = _post_id(replace(copy, guid=None), frozenset(), rules)
    more = (f"{ours}:{number}" for number in range(2, _MOST_SPLITS))
    return tuple(dict.fromkeys((_post_id(copy, frozenset(), rules), ours, *more)))


def wished_ids(copies: Sequence[Unbound]) -> tuple[str, ...]:
    """Return the ids that ``copies`` bring along and that an Atom feed may carry."""
    return tuple({copy.guid for copy in copies if copy.guid and urls.valid_id(copy.guid)})


def _minted(copy: Unbound, post_id: str) -> Minted:
    slug = text.slug(copy.title, limit=80)
    return Minted(id=post_id, name=f"{slug or 'post'}-{text.digest(post_id)[:10]}", copy=copy)


def _post_id(copy: Unbound, used: AbstractSet[str], rules: Rules) -> str:
    # A feed that spells an id of ours would occupy it for the post that is to have it, and one that spells another
    # source's for that one's.
    ours = f"tag:{rules.authority},"
    given = copy.guid
    if (
        given
        and urls.valid_id(given)
        and given not in used
        and not given.lower().startswith(ours.lower())
        and not rules.owners.is_anothers(copy.source_id, given)
    ):
        return given
    return f"{ours}2026:{quote(copy.source_id)}:{copy.key}"
