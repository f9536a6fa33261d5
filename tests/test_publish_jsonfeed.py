"""JSON Feed 1.1: what readers find in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from golden import FOLDER, documents
from hypothesis import given, settings
from hypothesis import strategies as st
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
    output_feed,
)

from aggregator import PROJECT_URL
from aggregator.models import Link, OutputFeed, Post, Publication
from aggregator.publish.formats import FORMATS


def render(
    posts: Sequence[Post] = POSTS, publication: Publication = PUBLICATION, feed: OutputFeed = WHOLE
) -> dict[str, Any]:
    document = FORMATS["json"].render(publication, feed, posts)
    made: dict[str, Any] = json.loads(document.body)
    return made


def item(post: Post) -> dict[str, Any]:
    made: dict[str, Any] = render([post])["items"][0]
    return made


def test_it_is_the_golden_file() -> None:
    """A small site gives the very bytes that were looked at and found right."""
    assert documents()["feed.json"].body == (FOLDER / "feed.json").read_bytes()


def test_the_feed_says_what_and_where_it_is() -> None:
    """Version, title, addresses, language and author stand before the items."""
    made = render(feed=output_feed(NEW_MEDIA, QUTOUTIAO))
    base = f"{SITE.url}new-media/%E8%B6%A3%E5%A4%B4%E6%9D%A1/"
    items = made.pop("items")
    assert made == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "趣头条",
        "home_page_url": base,
        "feed_url": f"{base}feed.json",
        "language": "en",
        "authors": [{"name": "The editors"}],
    }
    assert [each["id"] for each in items] == [post.id for post in POSTS]


def test_an_empty_feed_has_items_all_the_same() -> None:
    """JSON Feed asks for ``items``, be there none."""
    assert render([])["items"] == []


def test_a_full_entry_becomes_a_full_item() -> None:
    """Every field of an entry that the format has a name for is there."""
    assert item(full_post()) == {
        "id": "https://news.example.com/id/1",
        "url": "https://news.example.com/2024/harbour?ref=a&b=c",
        "title": "Harbour & bridge: “reopened”",
        "content_html": full_copy().content,
        "summary": "The harbour is open again.",
        "image": "https://cdn.example.com/1.jpg",
        "date_published": "2024-03-05T08:30:00Z",
        "date_modified": "2024-03-06T09:00:05Z",
        "authors": [{"name": "Ada Byron", "url": "https://ada.example.com/"}, {"name": "Bo"}],
        "tags": ["News", "At sea", "port"],
        "language": "en-GB",
        "attachments": [
            {
                "url": "https://cdn.example.com/1.mp3",
                "mime_type": "audio/mpeg",
                "title": "Audio",
                "size_in_bytes": 1234,
            },
            {"url": "https://cdn.example.com/1.mp4", "mime_type": "video/mp4"},
        ],
        "_source": {
            "about": PROJECT_URL,
            "title": "Example News",
            "url": "https://news.example.com/",
            "feed": "https://news.example.com/feed.xml",
        },
    }


def test_a_bare_entry_has_what_the_format_asks_for() -> None:
    """Id and content are there, however empty; what is not known is left out."""
    assert item(bare_post()) == {
        "id": "tag:planet.example.org,2024:post:bare",
        "title": "A title",
        "content_html": "",
        "date_published": "2024-01-01T00:00:00Z",
        "authors": [{"name": "Bare source"}],
        "tags": ["News"],
        "_source": {"about": PROJECT_URL, "title": "Bare source"},
    }


def test_a_summary_alone_is_the_content() -> None:
    """Where there is nothing but a summary, it is not said twice."""
    made = item(bare(summary="<p>s</p>"))
    assert made["content_html"] == "<p>s</p>"
    assert "summary" not in made


def test_the_source_names_all_who_carried_the_story() -> None:
    """``_source`` credits the claimed source, the other carriers, and the feed that it came through."""
    made = item(chinese_post())["_source"]
    assert made["title"] == "株洲日报"
    assert [(each["title"], each["link"]) for each in made["also_in"]] == [
        ("晚报 & more", "https://evening.example.cn/1"),
        ("Copycat", "https://copycat.example.com/q"),
    ]
    assert made["via"] == {
        "title": "趣头条",
        "url": "https://qutoutiao.example.cn/",
        "feed": "https://rsshub.example/qutoutiao/category/1",
    }


def test_links_that_no_reader_should_follow_are_left_out() -> None:
    """Addresses of other schemes are in no field."""
    links = (Link(href="javascript:alert(1)", rel="enclosure"),)
    made = item(full(link="javascript:x", links=links, image="data:image/png,"))
    assert not {"url", "image", "attachments"} & made.keys()


def test_scripts_are_written_as_they_are() -> None:
    """Chinese stays Chinese in UTF-8, on one line that ends."""
    document = FORMATS["json"].render(PUBLICATION, WHOLE, POSTS)
    assert "解决小区改造三大难题".encode() in document.body
    assert document.body.endswith(b"}\n")
    assert document.body.count(b"\n") == 1


@settings(max_examples=100)
@given(ANY_PUBLICATION, st.lists(ANY_POST, max_size=2))
def test_no_text_in_any_field_breaks_the_feed(publication: Publication, posts: list[Post]) -> None:
    """Whatever sources say, the feed is JSON, and has all its items with what the format asks for."""
    made = render(posts, publication)
    assert [each["id"] for each in made["items"]] == [post.id for post in posts]
    for each in made["items"]:
        assert isinstance(each["content_html"], str)
        assert all(author["name"] for author in each["authors"])
        addresses = [each.get("url"), each.get("image"), *(file["url"] for file in each.get("attachments", ()))]
        assert all(address is None or address.startswith(("http://", "https://")) for address in addresses)
