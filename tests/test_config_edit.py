"""Edits of feeds.yaml, and subscriptions from OPML."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config import parse
from aggregator.config.edit import append_feed, append_feeds
from aggregator.config.opml import read_opml
from aggregator.errors import ConfigError
from aggregator.models import Subscription

SITE = "site: {title: T, url: 'https://e.org/'}\n"
FILES = [
    SITE,
    SITE + "feeds:\n",
    SITE + "feeds: []\n",
    SITE + "feeds: [] # none yet\n",
    SITE + "feeds:\n  - url: https://a.example/ # mine\n    title: A\n\n# the end\n",
    SITE + "feeds:\n- url: https://a.example/\n",
    SITE + "feeds:\n    - {url: 'https://a.example/', title: A}",
    SITE + "feeds: [{url: 'https://a.example/'}]\n",
    "feeds:\n  - url: https://a.example/\n    headers:\n      X: y\n\n" + SITE,
    (SITE + "feeds:\n  - url: https://a.example/\n").replace("\n", "\r\n"),
]


@pytest.mark.parametrize("text", FILES)
def test_a_feed_is_appended_and_nothing_else_changes(text: str) -> None:
    """Whatever the list looks like: every line that stood there stands there still, and the feed is the last."""
    changed = append_feed(text, "https://new.example/feed?a=1#b", category="新/b c", title=None)
    sources = parse(changed, Path("feeds.yaml"), {}).sources
    assert (sources[-1].url, sources[-1].category) == ("https://new.example/feed?a=1#b", ("新", "b c"))
    assert len(sources) == len(parse(text, Path("feeds.yaml"), {}).sources) + 1
    left = [line for line in text.splitlines() if line.strip() and not line.startswith("feeds: [")]
    assert [line for line in changed.splitlines() if line in left] == left
    assert ("\r\n" in changed) == ("\r\n" in text)


def test_a_feed_that_stands_there_is_not_appended_again() -> None:
    """The second time is a mistake, and is told as one."""
    with pytest.raises(ConfigError, match="already"):
        append_feed(FILES[4], "https://a.example/", category=None, title=None)


_NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufeff"), min_size=1).filter(
    lambda name: name.strip() and any(c.isalnum() and c.isascii() for c in name)
)


@given(st.lists(_NAMES, max_size=3), _NAMES, st.sampled_from(FILES))
def test_any_title_and_category_reads_back(category: list[str], title: str, text: str) -> None:
    """Quotes, colons, hashes and other scripts survive."""
    names = tuple(name.strip() for name in category)
    feed = Subscription(title=title, feed="https://new.example/x", url=None, category=names)
    source = parse(append_feeds(text, [feed]), Path("feeds.yaml"), {}).sources[-1]
    assert (source.title, source.category) == (title, names)


def test_opml_folders_become_categories() -> None:
    """Nested outlines are a path; a feed that is listed twice comes once."""
    outline = '<outline type="rss" text="B" xmlUrl="https://b.example/f"/>'
    folders = f'<outline text="T"><outline text="P">{outline}</outline></outline>'
    body = f'<opml version="2.0"><body>{folders}{outline}</body></opml>'
    assert read_opml(body.encode()) == (
        Subscription(title="B", feed="https://b.example/f", url=None, category=("T", "P")),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><p>no list</p></html>",
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>',
        b"\x00\xff\xfe",
        b"x" * 20_000_001,
    ],
)
def test_what_is_no_opml_is_told(body: bytes) -> None:
    """Other documents, and hostile ones, are a mistake of the file's."""
    with pytest.raises(ConfigError):
        read_opml(body)


def test_outlines_without_a_web_address_are_left_out() -> None:
    """Only http(s) feeds are subscribed to."""
    urls = ("javascript:alert(1)", "file:///etc/passwd", "", "https://ok.example/")
    outlines = "".join(f'<outline type="rss" text="x" xmlUrl="{url}"/>' for url in urls)
    found = read_opml(f'<opml version="2.0"><body>{outlines}</body></opml>'.encode())
    assert [feed.feed for feed in found] == ["https://ok.example/"]
