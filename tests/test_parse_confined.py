"""Parsing under limits: the same feeds, and hostile documents that cost no more than is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest
from planet import Item, rss

from aggregator.errors import ParseError
from aggregator.parse import parse
from aggregator.parse.confined import Parser, limits

URL = "https://example.org/feed"


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser() as made:
        yield made


def _feed(entries: int) -> bytes:
    return rss(
        *(Item(title=f"Title {n}", guid=str(n), link=f"https://example.org/{n}") for n in range(entries))
    ).encode()


def test_a_feed_is_the_same_wherever_it_is_read(parser: Parser) -> None:
    """Small documents are read in this process, large ones in another; the feed is the same."""
    before = psutil.Process().children()
    assert parser(_feed(5), "", URL) == parse(_feed(5), "", URL)
    assert psutil.Process().children() == before
    assert parser(_feed(500), "", URL) == parse(_feed(500), "", URL)
    assert len(psutil.Process().children()) == len(before) + 1


def test_errors_are_the_same_wherever_they_are_met(parser: Parser) -> None:
    """What is no feed is told alike from either process."""
    for size in (10, 100_000):
        with pytest.raises(ParseError, match="the answer is a web page, no feed"):
            parser(b"<html><body>" + b"x" * size, "text/html", URL)


def test_a_document_that_takes_too_long_is_an_error_and_the_next_is_read(
    parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time that a document may take has an end, after which others are read as before."""
    monkeypatch.setattr("aggregator.parse.confined.limits", lambda size: replace(limits(0), cpu=1))
    href = "../" * 2 + "x"
    deep = f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://e.org/{"a/" * 200_000}">'
    hostile = deep + f'<entry><link href="{href}"/></entry>' * 2000 + "</feed>"
    with pytest.raises(ParseError, match="takes more than 1 s to read"):
        parser(hostile.encode(), "", URL)
    assert len(parser(_feed(500), "", URL).entries) == 500
