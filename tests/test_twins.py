"""Addresses that name the same page, and such that do not."""

from __future__ import annotations

import pytest

from aggregator import urls

PAGE = "https://example.org/2026/story?id=7"


@pytest.mark.parametrize(
    "twin",
    [
        "http://m.example.org/2026/story?id=7",
        "https://amp.example.org/2026/story?id=7",
        "https://www.m.example.org/2026/story/?id=7",
        "https://example.org/2026/story/amp/?id=7",
        "https://example.org/amp/2026/story?id=7",
        "https://example.org/2026/story.amp?id=7",
        "https://example.org/2026/story?id=7&amp=1",
        "https://example.org/2026/story?outputType=amp&id=7",
        "https://example-org.cdn.ampproject.org/c/s/example.org/2026/story?id=7",
        "https://cdn.ampproject.org/v/s/example.org/2026/story/amp?id=7&amp_js_v=0.1&usqp=mq331",
        "https://www.google.com/amp/s/example.org/2026/story/amp?id=7",
        "https://www.google.com/url?rct=j&url=https%3A%2F%2Fexample.org%2F2026%2Fstory%3Fid%3D7&ct=ga",
        "http://www.bing.com/news/apiclick.aspx?ref=FexRss&url=https%3a%2f%2fexample.org%2f2026%2fstory%3fid%3d7&c=1",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.org%2F2026%2Fstory%3Fid%3D7%26fbclid%3Dx&h=y",
        "https://link.zhihu.com/?target=https%3A//example.org/2026/story%3Fid%3D7",
        "https://example.org/2026/story?id=7&source=rss----abc---4&utm_campaign=x&mtm_source=y&at_medium=RSS",
        "https://example.org/2026/story?id=7&ref=feed&srsltid=a&_gl=1",
    ],
)
def test_twins_have_one_canonical_form(twin: str) -> None:
    """Telephones, AMP, caches, redirectors and campaigns do not make another page."""
    assert urls.canonical(twin) == urls.canonical(PAGE)


@pytest.mark.parametrize(
    "other",
    [
        "https://example.org/2026/story?id=8",
        "https://blog.example.org/2026/story?id=7",
        "https://example.org/2026/amplifier?id=7",
        "https://example.org/2026/story?id=7&source=agency",
        "https://example.org/2026/story?id=7&ref=feeder",
        "https://www.google.com/search?q=https://example.org/2026/story?id=7",
        "https://m.me/2026/story?id=7",
    ],
)
def test_other_pages_have_another(other: str) -> None:
    """What tells a page apart stays, however much it looks like a twin's mark."""
    assert urls.canonical(other) != urls.canonical(PAGE)


def test_a_host_is_left() -> None:
    """A host of two labels is itself: m.me is no twin of a top-level domain."""
    assert urls.canonical("https://m.me/x") == "//m.me/x"
    assert urls.canonical("https://de.m.wikipedia.org/wiki/X") == "//de.wikipedia.org/wiki/X"
