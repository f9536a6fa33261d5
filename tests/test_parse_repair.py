"""Feeds that are not well-formed, as they are met: what stands around them costs nothing of what stands in them."""

from __future__ import annotations

import pytest

from aggregator import parse

URL = "https://site.example.org/feed.xml"
_LINK = "https://site.example.org/?a=1&#038;b=2&#38;c=3&amp;d=4"
_ITEM = f"<item><title>One &lt; two</title><link>{_LINK}</link><description>Words</description></item>"
_SITE = "<link>https://site.example.org/</link>"
_RSS = f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>{_SITE}{_ITEM}</channel></rss>'
_ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><title>One &lt; two</title>'
    f'<link href="{_LINK}"/><content type="html">Words</content></entry></feed>'
)


@pytest.mark.parametrize("feed", [_RSS, _ATOM], ids=["RSS", "Atom"])
@pytest.mark.parametrize(
    "behind",
    [
        '\n<script data-cfasync="false" src="/cdn-cgi/scripts/email-decode.min.js"></script>',
        "<br />\n<b>Warning</b>: session_write_close() & more",
        "<!-- cached --> <img src=x>",
        "]]>",
    ],
)
def test_what_a_server_puts_behind_a_feed_spoils_nothing(feed: str, behind: str) -> None:
    """Proxies add scripts, programs their complaints; every field is read as if they did not."""
    found = parse.parse(f"{feed}{behind}".encode(), "", URL)
    assert found.entries == parse.parse(feed.encode(), "", URL).entries
    assert found.entries[0].link == "https://site.example.org/?a=1&b=2&c=3&d=4"
    assert found.warnings


@pytest.mark.parametrize("wrong", ["<b>", "<a href=x>", "</i>"])
def test_references_by_number_in_addresses_are_undone(wrong: str) -> None:
    """In documents that cannot be repaired, too: "#" of ``&#38;`` begins no fragment."""
    (entry,) = parse.parse(_RSS.replace("Words", f"{wrong}Words").encode(), "", URL).entries
    assert entry.link == "https://site.example.org/?a=1&b=2&c=3&d=4"


def test_an_article_about_feeds_ends_none() -> None:
    """Where the root is not closed, what an article shows of one is not its end."""
    unclosed = _RSS.removesuffix("</rss>").replace("Words", "<![CDATA[a & b </rss> end]]>")
    found = parse.parse(unclosed.encode(), "", URL)
    assert [entry.content and entry.content.value for entry in found.entries] == ["a & b </rss> end"]
