"""Finding what looks alike: the bodies of new copies → bands → copies with the same → how much alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from aggregator import wording
from aggregator.models import Likeness, Source
from aggregator.recognise import alike
from aggregator.records import Resembling
from aggregator.store import Store, Transaction, bands
from aggregator.text import chunks

#: What looks alike is one story when it comes within so much time.
_WINDOW = timedelta(days=3)
#: Bodies that are looked at at a time, and copies that one is compared with at most.
_BATCH = 200
_MOST = 20


def pairs(store: Store, sources: Sequence[Source], now: datetime) -> list[tuple[int, int]]:
    """Return the pairs of copies that look alike, of which the first belongs to no post yet; by number.

    Only sources whose category asks for it are looked at, and only what came within the last days.
    """
    asked = {source.id: source.alike for source in sources if source.alike}
    if not asked:
        return []
    with store.writing() as transaction:
        bands.forget(transaction, now - _WINDOW)
        found: set[tuple[int, int]] = set()
        for part in chunks(bands.waiting(transaction, list(asked), wording.ENOUGH), _BATCH):
            found |= _found(transaction, part, asked, now)
    return sorted(found)


def _found(
    transaction: Transaction, pks: Sequence[int], asked: Mapping[str, Likeness], now: datetime
) -> set[tuple[int, int]]:
    new = bands.bodies(transaction, pks)
    sketches = {each.pk: alike.sketch(each.title, each.body) for each in new}
    own = {each.pk: alike.bands(sketches[each.pk], asked[each.source_id]) for each in new}
    bands.add(transaction, own, now)
    candidates = _candidates(transaction, own)
    wanted = sorted({pk for some in candidates.values() for pk in some})
    others = {each.pk: each for each in bands.bodies(transaction, wanted)}
    return {
        (each.pk, other.pk)
        for each in new
        for other in (others[pk] for pk in candidates[each.pk] if pk in others)
        if other.source_id != each.source_id
        and alike.is_one(sketches[each.pk], _sketch(other, sketches), asked[each.source_id].least)
    }


def _candidates(transaction: Transaction, own: Mapping[int, Sequence[str]]) -> dict[int, list[int]]:
    sharing: dict[str, set[int]] = defaultdict(set)
    for value, pk in bands.having(transaction, sorted({value for values in own.values() for value in values})):
        sharing[value].add(pk)
    return {
        pk: sorted({other for value in values for other in sharing[value]} - {pk})[-_MOST:]
        for pk, values in own.items()
    }


def _sketch(other: Resembling, known: Mapping[int, alike.Sketch]) -> alike.Sketch:
    return known.get(other.pk) or alike.sketch(other.title, other.body)
