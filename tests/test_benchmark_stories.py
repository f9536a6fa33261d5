"""The measurement of how well stories are recognised: its pairs, and what the rules come to over them."""

from __future__ import annotations

from collections import Counter

from benchmarks.pairs import pairs
from benchmarks.stories import figures, joined


def test_there_are_pairs_of_every_kind() -> None:
    """Hundreds of them in three languages, as many that are no story as such that are; and always the same."""
    found = pairs()
    assert found == pairs()
    assert len(found) >= 300
    assert Counter(pair.story for pair in found)[False] >= 150
    assert {pair.language for pair in found} == {"en", "zh", "ja"}
    assert len({(pair.one, pair.other) for pair in found}) == len(found)


def test_nothing_is_joined_wrongly() -> None:
    """Neither by the default rule nor by the one that a category can ask for; that one finds many more."""
    found = pairs()
    precision, recall = figures(found, joined)
    assert precision == 1.0
    assert recall > 0.4
    precision, recall = figures(found, lambda pair: joined(pair, 0.8))
    assert precision == 1.0
    assert recall > 0.7
