"""What posts are called: their ids, for ever, and the stems of their files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from urllib.parse import quote

from msgspec.structs import replace

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


def restored(copy: Unbound, post_id: str | None, name: str | None, rules: Rules) -> Minted:
    """Return the post of ``copy`` under the ``post_id`` and ``name`` that it had before, as far as it had any."""
    made = _minted(copy, post_id or _ours(copy, rules))
    return replace(made, name=name) if name else made


def own_ids(copy: Unbound, rules: Rules) -> tuple[str, ...]:
    """Return the ids that a post of ``copy`` alone may have, the best first, enough for all that an editor can do."""
    ours = _ours(copy, rules)
    return tuple(dict.fromkeys((_post_id(copy, frozenset(), rules), ours, *_numbered(ours))))


def wished_ids(copies: Sequence[Unbound], rules: Rules) -> tuple[str, ...]:
    """Return the ids that posts of ``copies`` may get: those that they bring along, and ours.

    One of ours can be taken, too: posts that were imported keep their ids, whatever source they were made for.
    """
    given = {copy.guid for copy in copies if copy.guid and urls.valid_id(copy.guid)}
    return tuple(given | {_ours(copy, rules) for copy in copies})


def ousted(copies: Sequence[Unbound], taken: AbstractSet[str], rules: Rules) -> tuple[str, ...]:
    """Return the further ids that posts of those ``copies`` may get whose id of ours is ``taken``."""
    return tuple(each for copy in copies if _ours(copy, rules) in taken for each in own_ids(copy, rules))


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
    own = _ours(copy, rules)
    return own if own not in used else next(each for each in _numbered(own) if each not in used)


def _ours(copy: Unbound, rules: Rules) -> str:
    return f"tag:{rules.authority},2026:{_quoted(copy.source_id)}:{copy.key}"


@lru_cache(maxsize=1024)  # a source brings many copies
def _quoted(source_id: str) -> str:
    return quote(source_id)


def _numbered(own: str) -> Iterator[str]:
    return (f"{own}:{number}" for number in range(2, _MOST_SPLITS))
