"""RSS 2.0: what readers find in it."""

from __future__ import annotations

import io
import locale
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import feedparser
import pytest
from golden import FOLDER, documents
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace
from posts import (
    ANY_POST,
    ANY_PUBLICATION,
    NEW_MEDIA,
    POSTS,
    PUBLICATION,
    QUTOUTIAO,
    SITE,
    WHOLE,
    bare,
    bare_post,
    chinese_post,
    full,
    full_copy,
    full_post,
    moment,
    output_feed,
)

from aggregator import PROJECT_URL, __version__
from aggregator.models import Link, OutputFeed, Person, Post, Publication
from aggregator.publish.formats import FORMATS

NAMES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
}


def render(
    posts: Sequence[Post] = POSTS, publication: Publication = PUBLICATION, feed: OutputFeed = WHOLE
) -> etree._Element:
    document = FORMATS["rss"].render(publication, feed, posts)
    channel: etree._Element = etree.fromstring(document.body)[0]
    return channel


def item(post: Post) -> etree._Element:
    (only,) = found(render([post]), "item")
    return cast("etree._Element", only)


def found(element: etree._Element, path: str) -> Any:
    return element.xpath(path, namespaces=NAMES)


def texts(element: etree._Element, path: str) -> list[str]:
    return [each.text or "" for each in found(element, path)]


def test_it_is_the_golden_file() -> None:
    """A small site gives the very bytes that were looked at and found right."""
    assert documents()["rss.xml"].body == (FOLDER / "rss.xml").read_bytes()


def test_the_channel_says_what_and_where_it_is() -> None:
    """Title, link, description, language, date, generator and the link to itself stand there."""
    channel = render(feed=output_feed(NEW_MEDIA, QUTOUTIAO))
    base = f"{SITE.url}new-media/%E8%B6%A3%E5%A4%B4%E6%9D%A1/"
    assert texts(channel, "title") == ["趣头条"]
    assert texts(channel, "link") == [base]
    assert texts(channel, "description") == ["Planet Example · 新媒体 · 趣头条"]
    assert texts(channel, "language") == ["en"]
    assert texts(channel, "lastBuildDate") == ["Wed, 06 Mar 2024 09:00:05 GMT"]
    assert texts(channel, "generator") == [f"aggregator {__version__} ({PROJECT_URL})"]
    (own,) = found(channel, "atom:link")
    assert dict(own.attrib) == {"href": f"{base}rss.xml", "rel": "self", "type": "application/rss+xml"}


def test_without_pages_the_channel_links_to_the_site() -> None:
    """Where no pages are made, a channel's link is the site's address."""
    publication = replace(PUBLICATION, formats=("atom", "rss"))
    assert texts(render([], publication, output_feed(NEW_MEDIA)), "link") == [SITE.url]


def test_a_reader_finds_everything_again() -> None:
    """Feedparser reads ids, titles, links, dates, authors, contents and the first enclosure back as they were."""
    document = FORMATS["rss"].render(PUBLICATION, WHOLE, POSTS)
    parsed = feedparser.parse(io.BytesIO(document.body))
    assert not parsed.bozo
    assert [each.id for each in parsed.entries] == [post.id for post in POSTS]
    assert [each.title for each in parsed.entries] == [post.copy.title for post in POSTS]
    published = [moment(each.published_parsed) for each in parsed.entries]
    assert published == [post.published for post in POSTS]
    first = parsed.entries[0]
    assert first.link == full_copy().link
    assert not first.guidislink
    assert [person.name for person in first.authors] == ["Ada Byron", "Bo"]
    assert first.content[0].value == full_copy().content
    assert first.summary == full_copy().summary
    assert [(each.href, each.type, each.length) for each in first.enclosures] == [
        ("https://cdn.example.com/1.mp3", "audio/mpeg", "1234")
    ]
    assert first.comments == "https://news.example.com/2024/harbour#comments"
    assert (first.source.href, first.source.title) == ("https://news.example.com/feed.xml", "Example News")
    assert first.media_thumbnail == [{"url": "https://cdn.example.com/1.jpg"}]


def test_categories_have_their_domain() -> None:
    """A level's domain is the site's, a tag's its own or its source's."""
    categories = [(each.text, each.get("domain")) for each in found(item(full_post()), "category")]
    assert categories == [
        ("News", f"{SITE.url}categories/"),
        ("At sea", "https://news.example.com/"),
        ("port", "https://news.example.com/topics"),
    ]


def test_an_entry_without_summary_is_described_by_its_beginning() -> None:
    """The description is a short text where the entry gave none, safe to show as HTML."""
    made = item(bare(content=f"<p>1 &lt; 2 {'word ' * 100}</p>"))
    (description,) = texts(made, "description")
    assert description.startswith("1 &lt; 2 word word")
    assert len(description) < 300
    assert texts(made, "content:encoded") == [f"<p>1 &lt; 2 {'word ' * 100}</p>"]


@pytest.mark.parametrize(
    ("copy", "description", "content"),
    [({"summary": "<p>s</p>"}, ["<p>s</p>"], []), ({}, [], [])],
    ids=["summary", "nothing"],
)
def test_an_entry_without_content(copy: dict[str, Any], description: list[str], content: list[str]) -> None:
    """A summary alone is the description; an item with nothing but a title has just that."""
    made = item(bare(**copy))
    assert texts(made, "description") == description
    assert texts(made, "content:encoded") == content


def test_an_enclosure_says_its_type_and_length_whatever_its_source_did() -> None:
    """RSS asks for both: an unknown length is 0, an unknown type the one that says nothing."""
    (enclosure,) = found(item(full(links=(Link(href="https://e.example/a", rel="enclosure"),))), "enclosure")
    assert dict(enclosure.attrib) == {"url": "https://e.example/a", "length": "0", "type": "application/octet-stream"}


def test_a_source_without_feed_is_credited_by_its_site() -> None:
    """``source`` needs an address: the feed's, else the site's; without either there is none."""
    source = replace(full_post().source, feed=None)
    (made,) = found(item(replace(full_post(), source=source)), "source")
    assert made.get("url") == "https://news.example.com/"
    assert not found(item(bare_post()), "source")


def test_a_claimed_source_is_the_one_that_is_credited() -> None:
    """An entry that names its own source is credited to that."""
    (made,) = found(item(chinese_post()), "source")
    assert (made.text, made.get("url")) == ("株洲日报", "https://zhuzhou.example.cn/rss")


def test_links_that_no_reader_should_follow_are_left_out() -> None:
    """Addresses of other schemes are in no element."""
    links = tuple(Link(href="javascript:alert(1)", rel=rel) for rel in ("enclosure", "replies"))
    document = FORMATS["rss"].render(PUBLICATION, WHOLE, [full(link="javascript:x", links=links, image="javascript:x")])
    assert b"javascript" not in document.body


def test_times_are_written_without_touching_the_locale() -> None:
    """Feeds rendered in threads at once leave the process's locale as it was."""
    before = locale.setlocale(locale.LC_ALL)
    with ThreadPoolExecutor(4) as pool:
        bodies = list(pool.map(lambda _: FORMATS["rss"].render(PUBLICATION, WHOLE, POSTS).body, range(40)))
    assert locale.setlocale(locale.LC_ALL) == before
    assert len(set(bodies)) == 1


def test_rendering_never_asks_for_another_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    """No way through a rendering, however many dates it has, leads to ``setlocale``."""
    asked: list[object] = []
    monkeypatch.setattr(locale, "setlocale", lambda *args: asked.append(args))
    render()
    assert asked == []


def test_a_character_that_xml_forbids_is_left_out() -> None:
    """A control character in one entry costs that character, not the feed."""
    channel = render([full(title="A\x0bB", authors=(Person(name="\ud800C"),)), bare_post()])
    assert texts(channel, "item/title") == ["AB", "A title"]
    assert texts(channel, "item[1]/dc:creator") == ["C"]


def test_an_empty_channel_is_as_new_as_the_publication() -> None:
    """A channel without items says when it was set up, not when it was rendered."""
    assert texts(render([]), "lastBuildDate") == ["Mon, 01 Jan 2024 00:00:00 GMT"]


@settings(max_examples=100)
@given(ANY_PUBLICATION, st.lists(ANY_POST, max_size=2))
def test_no_text_in_any_field_breaks_the_feed(publication: Publication, posts: list[Post]) -> None:
    """Whatever sources say, the feed is well-formed and has all its items, each with a title and an id."""
    channel = render(posts, publication)
    assert texts(channel, "item/guid[@isPermaLink='false']") == [post.id for post in posts]
    assert all(texts(channel, "item/title | title"))
    assert all(texts(channel, "item/dc:creator"))
    for address in found(channel, "//enclosure/@url | //source/@url | //media:thumbnail/@url | //item/link/text()"):
        assert address.startswith(("http://", "https://"))
