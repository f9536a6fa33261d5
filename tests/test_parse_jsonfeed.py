"""JSON Feed: what its writers and those who pass it on get wrong; what it says stands in the golden pairs."""

from __future__ import annotations

import feeds
import pytest

from aggregator.models import Feed
from aggregator.parse import parse


def _read(items: str, before: str = "", behind: str = "") -> Feed:
    document = f'{before}{{"version": "https://jsonfeed.org/version/1.1", "items": [{items}]}}{behind}'
    return parse(document.encode(), "application/feed+json", feeds.URL)


@pytest.mark.parametrize("digits", ["9" * 900, "9" * 5_000, "-" + "9" * 5_000], ids=len)
def test_a_number_of_many_digits_costs_nothing_else(digits: str) -> None:
    """Python reads none of more than 4,300 digits; as an id its digits count."""
    extended, named = _read(f'{{"id": "1", "_x": {digits}}}, {{"id": {digits}}}').entries
    assert (extended.guid, named.guid) == ("1", digits)


@pytest.mark.parametrize("before", ["", "\ufeff", "\ufeff\ufeff", " \n\ufeff "])
def test_marks_and_blanks_in_front_are_passed_over(before: str) -> None:
    """As those in front of XML are."""
    feed = _read('{"id": "1"}', before=before, behind=" \n")
    assert [entry.guid for entry in feed.entries] == ["1"]
    assert feed.warnings == ()


@pytest.mark.parametrize("behind", ["\n<!-- cached -->", "}", "{}", "x"])
def test_what_stands_behind_the_feed_is_warned_of(behind: str) -> None:
    """The feed is whole, whatever a cache or a slip put below it."""
    feed = _read('{"id": "1"}', behind=behind)
    assert [entry.guid for entry in feed.entries] == ["1"]
    assert feed.warnings == ("not well-formed: something stands behind the feed",)


@pytest.mark.parametrize(
    ("size", "length"),
    [("1", 1), ("1.5", 1), ("0.5", None), ("0", None), ("-1", None), ("1e15", None), ("NaN", None), ("true", None)],
)
def test_a_size_that_is_none_is_left_out(size: str, length: int | None) -> None:
    """Bytes are counted in whole ones."""
    (link,) = (
        _read(f'{{"attachments": [{{"url": "https://example.org/a", "size_in_bytes": {size}}}]}}').entries[0].links
    )
    assert link.length == length
