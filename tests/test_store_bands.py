"""The bands by which texts that look alike find each other."""

from __future__ import annotations

from msgspec.structs import replace
from stored import DAY, NOW, copy, count, fill, pull, source, sync, write

from aggregator.models import Likeness
from aggregator.pipeline import resembling
from aggregator.store import Store, bands
from aggregator.store.schema import band

WORDS = " ".join(f"word{number}" for number in range(80))


def test_texts_that_look_alike_are_paired(store: Store) -> None:
    """New copies of sources that ask for it, with each other and with what is bound; of no source twice."""
    level = Likeness(level=("News",), least=0.8)
    sources = [replace(source(name, "News"), alike=level if name != "d" else None) for name in "abcd"]
    sync(store, *sources)
    for name, more in (("a", ""), ("b", "and more"), ("c", "of something"), ("d", "")):
        story = replace(copy(name, name), title="Word1 word2", content=f"<p>{WORDS} {more}</p>")
        pull(store, name, replace(write(story), length=80))
    assert resembling.pairs(store, sources, NOW) == [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)]
    assert resembling.pairs(store, sources, NOW + DAY)
    assert resembling.pairs(store, [source("a")], NOW) == []


def test_bands_are_forgotten(store: Store) -> None:
    """What was seen too long ago is no candidate any more."""
    fill(store, copy("a", "1"))
    with store.writing() as transaction:
        bands.add(transaction, {1: ["x", "y"]}, NOW - DAY)
        bands.add(transaction, {1: ["y", "z"]}, NOW)
        assert bands.having(transaction, ["x", "z"]) == [("x", 1), ("z", 1)]
        bands.forget(transaction, NOW)
        assert bands.having(transaction, ["x", "y", "z"]) == [("z", 1)]
    assert count(store, band) == 1
