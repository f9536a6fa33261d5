"""Parsing under limits: the same feeds, and hostile documents that cost no more than is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import psutil
import pytest
from msgspec.structs import replace
from planet import Item, rss

from aggregator.errors import ParseError
from aggregator.models import Feed, Source
from aggregator.parse import parse
from aggregator.pipeline.confined import Confined, limits
from aggregator.recognise import entries, making
from aggregator.recognise.making import Asked, Pulled
from benchmarks.bombs import DOCUMENTS

URL = "https://example.org/feed"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def confined() -> Iterator[Confined]:
    with Confined() as made:
        yield made


def _feed(entries: int) -> bytes:
    return rss(
        *(Item(title=f"Title {n}", guid=str(n), link=f"https://example.org/{n}") for n in range(entries))
    ).encode()


def test_a_feed_is_the_same_wherever_it_is_read(confined: Confined) -> None:
    """Small documents are read in this process, large ones in another; the feed is the same."""
    before = psutil.Process().children()
    assert confined.parse(_feed(5), "", URL) == parse(_feed(5), "", URL)
    assert psutil.Process().children() == before
    assert confined.parse(_feed(500), "", URL) == parse(_feed(500), "", URL)
    assert len(psutil.Process().children()) == len(before) + 1


def test_errors_are_the_same_wherever_they_are_met(confined: Confined) -> None:
    """What is no feed is told alike from either process."""
    for size in (10, 100_000):
        with pytest.raises(ParseError, match="the answer is a web page, no feed"):
            confined.parse(b"<html><body>" + b"x" * size, "text/html", URL)


def test_a_document_that_takes_too_long_is_an_error_and_the_next_is_read(
    confined: Confined, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time that a document may take has an end, after which others are read as before."""
    monkeypatch.setattr("aggregator.pipeline.confined.limits", lambda size: replace(limits(0), cpu=1))
    hostile = DOCUMENTS["20,000 namespaces"]()
    with pytest.raises(ParseError, match="takes more than 1 s to read"):
        confined.parse(hostile, "", URL)
    assert len(confined.parse(_feed(500), "", URL).entries) == 500


def test_articles_that_take_too_long_cost_their_own_source_only(
    confined: Confined, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cleaning many large articles is done under the limits, too; what comes of others is the same there and here."""
    source = Source(id="s", url="https://u:SECRET@example.org/feed?token=SECRET", headers={"X": "SECRET"})
    ordinary = parse(_feed(2), "", URL)
    many = parse(rss(*(Item(guid=str(n), body="<p>x</p>" * 400) for n in range(40))).encode(), "", URL)
    for feed in (ordinary, many):
        asked = _asked(feed)
        pulled = Pulled(info=feed.info, source=source, now=NOW)
        assert confined.made(asked, pulled) == making.made(asked, pulled)
    monkeypatch.setattr("aggregator.pipeline.confined.limits", lambda size: replace(limits(0), cpu=1))
    hostile = parse(rss(*(Item(guid=str(n), body="<li><dd>" * 14_000) for n in range(8))).encode(), "", URL)
    with pytest.raises(ParseError, match="takes more than 1 s"):
        confined.made(_asked(hostile), Pulled(info=hostile.info, source=source, now=NOW))


def _asked(feed: Feed) -> list[Asked]:
    return [Asked(entry=each.entry, key=each.key) for each in entries.candidates(feed.entries)[0]]


def test_a_pattern_that_never_ends_costs_its_own_source(confined: Confined, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries are matched under the limits, too: what a source writes cannot make an editor's pattern run for ever."""
    feed = parse(_feed(5), "", URL)
    wanted = Source(id="s", url=URL, include={"title": "^Title [24]$"})
    assert [entry.guid for entry in confined.taken(feed.entries, wanted)] == ["2", "4"]
    monkeypatch.setattr("aggregator.pipeline.confined.limits", lambda size: replace(limits(0), cpu=1))
    hostile = parse(rss(Item(title="a" * 40 + "!", guid="1")).encode(), "", URL)
    with pytest.raises(ParseError, match="'include' and 'exclude' cannot be applied: the document takes more than 1 s"):
        confined.taken(hostile.entries, Source(id="s", url=URL, exclude={"title": "(a+)+$"}))
