"""Media RSS as widespread software writes it: what belongs to an entry besides its text."""

from __future__ import annotations

from html import escape

import pytest
from lane_cases import document

from aggregator import parse
from aggregator.models import Entry

URL = "https://site.example.org/feed.xml"
_PORTRAIT = "https://0.gravatar.com/avatar/abc?s=96&d=identicon"
_BODY = '<p><a href="x"><img src="https://i0.wp.com/ann.files.example.org/a.jpg?w=300&#038;h=200" /></a></p>'


def _entry(*media: str, body: str = "") -> Entry:
    pieces = "".join(f"<media:content {each}/>" for each in media)
    (entry,) = parse.parse(
        document("item", f"<description>{escape(body)}</description>{pieces}").encode(), "", URL
    ).entries
    return entry


def _enclosures(entry: Entry) -> list[str]:
    return [link.href for link in entry.links if link.rel == "enclosure"]


def test_pictures_that_the_text_shows_are_no_enclosures() -> None:
    """WordPress.com names every one of them; whoever shows enclosures below the text would show them twice."""
    entry = _entry(
        f"url='{escape(_PORTRAIT)}' medium='image'",
        "url='https://ann.files.example.org/a.jpg' medium='image'",
        "url='https://ann.files.example.org/b.jpg' medium='image'",
        body=_BODY,
    )
    assert _enclosures(entry) == ["https://ann.files.example.org/b.jpg"]
    assert entry.image == "https://ann.files.example.org/a.jpg"


@pytest.mark.parametrize(
    ("shown", "kept"),
    [
        ("https://ann.files.example.org/2024/a.jpg?w=640", False),
        ("/2024/a.jpg", False),
        ("/2023/a.jpg", True),
        ("", True),
    ],
)
def test_neither_are_those_that_rss_encloses(shown: str, kept: bool) -> None:
    """Blogs enclose the first picture of an article, for readers that show no article."""
    picture = "https://ann.files.example.org/2024/a.jpg"
    body, enclosed = escape(f"<img src='{shown}'>"), f"<enclosure url='{picture}' type='image/jpeg'/>"
    pieces = f"<description>{body}</description>{enclosed}"
    (entry,) = parse.parse(document("item", pieces).encode(), "", URL).entries
    assert bool(_enclosures(entry)) is kept
    assert entry.image == picture


def test_a_portrait_is_no_picture_of_an_entry() -> None:
    """It would stand beside each of them."""
    entry = _entry(f"url='{escape(_PORTRAIT)}' medium='image'")
    assert entry.image is None
    assert _enclosures(entry) == []


@pytest.mark.parametrize(
    ("thumbnail", "picture"),
    [
        ("url='https://img.example.org/a.png' width='30' height='30'", None),
        ("url='https://avatars2.githubusercontent.com/u/1?s=60'", None),
        ("url='https://img.example.org/a.png' width='48' height='48'", "https://img.example.org/a.png"),
        ("url='https://img.example.org/a.png' width='' height='x'", "https://img.example.org/a.png"),
    ],
)
def test_a_thumbnail_that_is_an_icon_is_no_picture(thumbnail: str, picture: str | None) -> None:
    """GitHub's releases bring the portrait of whoever made them."""
    (entry,) = parse.parse(document("item", f"<media:thumbnail {thumbnail}/>").encode(), "", URL).entries
    assert entry.image == picture


@pytest.mark.parametrize(
    ("media", "kept"),
    [
        ("url='https://video.example.org/v/abc?version=3' type='application/x-shockwave-flash'", False),
        ("url='https://ann.files.example.org/a.mp3' type='audio/mpeg'", True),
        ("url='https://ann.files.example.org/a.mp4' medium='video'", True),
    ],
)
def test_what_can_be_played_is_enclosed(media: str, kept: bool) -> None:
    """Sound and film, also those that the text links to; no browser runs Flash."""
    links = '<a href="https://ann.files.example.org/a.mp3">a</a> <a href="https://ann.files.example.org/a.mp4">b</a>'
    assert bool(_enclosures(_entry(media, body=links))) is kept


@pytest.mark.parametrize("wrong", ["", "<fullitem>x</fullitem>", "<b>"])
@pytest.mark.parametrize(
    "image",
    [
        "{}",
        "<url>{}</url><title>Other</title><link>https://other.example.org/</link>",
        "<title>Other</title><url>{}</url>",
    ],
)
def test_an_image_of_an_entry_is_its_picture(image: str, wrong: str) -> None:
    """As CBS and others have it, whoever reads the feed; its title and its link are not those of the entry."""
    picture = "https://cdn.example.org/1.jpg"
    body = f"<title>Own</title><link>https://own.example.org/</link><image>{image.format(picture)}</image>{wrong}"
    (entry,) = parse.parse(document("item", body).encode(), "", URL).entries
    assert (entry.image, entry.link) == (picture, "https://own.example.org/")
    assert entry.title is not None
    assert entry.title.value == "Own"
