"""What is made of feeds: of each a golden pair."""

from __future__ import annotations

from difflib import unified_diff

import feeds
import pytest


@pytest.mark.parametrize("name", feeds.names())
def test_a_feed_yields_what_its_pair_says(name: str) -> None:
    """Parsed and normalised, a feed gives what stands beside it; 'python tests/feeds.py NAME' writes it anew."""
    expected = feeds.pair(name).read_text("utf-8").splitlines(keepends=True)
    made = feeds.yields(name).splitlines(keepends=True)
    difference = "".join(unified_diff(expected, made, feeds.pair(name).name, "what it yields now"))
    assert not difference, f"\n{difference}"
