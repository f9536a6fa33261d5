"""What a private feed repeats of the key that it was asked with is not published."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator import keys, normalise, urls
from aggregator.models import Entry, FeedInfo, Link, Person, Source, Tag, Text

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://example.org/feed?token=abcdef&page=2", {"abcdef"}),
        ("https://user:hunter22@example.org/feed", {"user:hunter22@", "hunter22"}),
        ("https://hunter22@example.org/feed", {"hunter22"}),
        ("https://example.org/feed?api_key=a%20b&sig=x", {"a%20b", "x"}),
        ("https://example.org/feed?page=2", set()),
        ("rsshub://route?key=abcdef", {"abcdef"}),
        ("https://[", set()),
    ],
)
def test_secrets_of_an_address(url: str, found: set[str]) -> None:
    """The password, and the values of parameters that are called like secrets, are what is secret in an address."""
    assert urls.secrets(url) == found


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ("https://example.org/story?token=abc%2Bdef", "https://example.org/story"),
        ("https://example.org/story?id=1&auth=abc%2Bdef&x=2", "https://example.org/story?id=1&&x=2"),
        ("https://example.org/abc+def/story", "https://example.org//story"),
        ("https://example.org/story?id=1", "https://example.org/story?id=1"),
    ],
)
def test_addresses_lose_the_key(address: str, left: str) -> None:
    """Under whatever name and in whatever spelling: the key goes, the rest stays."""
    entry, feed = keys.without(Entry(link=address), FeedInfo(link=address), "https://example.org/feed?token=abc%2Bdef")
    assert (entry.link, feed.link) == (left, left)


def test_a_copy_holds_no_key_of_its_source() -> None:
    """All that an entry and its feed say is without the key, ids that have one go; short secrets are no key."""
    key = "https://example.org/x?token=SECRETTOKEN"
    entry = Entry(
        guid=key,
        title=Text(value="A title"),
        link=f"{key}&id=1",
        links=(Link(href=key, rel="enclosure"),),
        content=Text(value=f'<a href="{key}&amp;id=2">a</a><img src="/pic?t=SECRETTOKEN">', html=True, base=key),
        summary=Text(value=f"see {key}"),
        image=key,
        authors=(Person(name="Ada SECRETTOKEN", uri=key),),
        tags=(Tag(term="t", scheme=key),),
        rights=key,
        source=FeedInfo(id=key, title=key, url=key, link=key),
    )
    source = Source(id="s", url="https://example.org/feed?token=SECRETTOKEN")
    copy = normalise.normalise(entry, FeedInfo(id=key, title=key, link=key), source, key="k", now=NOW, known=None)
    assert "SECRETTOKEN" not in repr(copy)
    assert (copy.guid, copy.link, copy.links[0].href) == (None, "https://example.org/x?&id=1", "https://example.org/x")
    assert "id=2" in copy.content
    same = Entry(guid="urn:pass", title=Text(value="pass"), link="https://example.org/pass")
    assert keys.without(same, FeedInfo(), "https://u:pass@example.org/") == (same, FeedInfo())


def test_a_body_without_end_is_cut() -> None:
    """A body of more than a million characters ends with a mark, as clean HTML; cutting it again changes nothing."""
    for value, html in (("<p>" + "word <b>bold</b> " * 100_000, True), ("word " * 300_000, False)):
        source = Source(id="s", url="https://example.org/feed")
        entry = Entry(title=Text(value="t"), content=Text(value=value, html=html))
        copy = normalise.normalise(entry, FeedInfo(), source, key="k", now=NOW, known=None)
        assert 900_000 < len(copy.content) < 1_000_100
        assert copy.content.endswith("<p>[\u2026]</p>")
        assert copy.content.count("<p>") == copy.content.count("</p>")
