"""OPML: the subscriptions of other feed readers, and files that mean no good."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aggregator.config.opml import read_opml
from aggregator.errors import ConfigError
from aggregator.models import Site, Subscription
from aggregator.publish import opml


def document(outlines: str, encoding: str = "utf-8") -> bytes:
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n<opml version="2.0"><head><title>T</title></head>'
    return f"{head}<body>{outlines}</body></opml>".encode(encoding)


def subscription(feed: str, *category: str, title: str = "") -> Subscription:
    return Subscription(title=title, feed=feed, url=None, category=category)


def test_nested_outlines_are_category_paths() -> None:
    """Folders within folders become a path, outermost first; names may hold slashes."""
    outlines = """
    <outline text="Tech"><outline text="AC/DC &amp; more">
      <outline type="rss" text="One" xmlUrl="https://example.org/1" htmlUrl="https://example.org/"/>
    </outline></outline>
    <outline title="Two" xmlUrl="https://example.org/2"/>
    <outline text="新媒体"><outline text="三" xmlUrl="rsshub://three/3"/></outline>"""
    assert read_opml(document(outlines)).feeds == (
        subscription("https://example.org/1", "Tech", "AC/DC & more", title="One"),
        subscription("https://example.org/2", title="Two"),
        subscription("rsshub://three/3", "新媒体", title="三"),
    )


def test_a_feed_in_several_folders_is_one() -> None:
    """The first folder counts, unless another is deeper; the category attribute is a folder, too."""
    outlines = """
    <outline text="All"><outline xmlUrl="https://example.org/1"/><outline xmlUrl="https://example.org/2"/></outline>
    <outline text="Later"><outline xmlUrl="https://example.org/1"/></outline>
    <outline text="Tech"><outline text="Web"><outline xmlUrl="https://example.org/2"/></outline></outline>
    <outline xmlUrl="https://example.org/3" category="/Tech/Python,news"/>"""
    assert read_opml(document(outlines)).feeds == (
        subscription("https://example.org/1", "All"),
        subscription("https://example.org/2", "Tech", "Web"),
        subscription("https://example.org/3", "Tech", "Python"),
    )


def test_names_that_feeds_yaml_could_not_hold() -> None:
    """Names without letters are left out, spellings made one, paths cut, line breaks and controls removed."""
    nine = "".join(f'<outline text="{n}">' for n in "123456789")
    outlines = f"""
    <outline text="TECH"><outline text="★"><outline text="a&#10;b" xmlUrl="https://example.org/1"/></outline></outline>
    <outline text="tech"><outline text="Web"><outline text="x" xmlUrl="https://example.org/2"/></outline></outline>
    {nine}<outline text="y" xmlUrl="https://example.org/3"/>{"</outline>" * 9}"""
    assert read_opml(document(outlines)).feeds == (
        subscription("https://example.org/1", "TECH", title="a b"),
        subscription("https://example.org/2", "TECH", "Web", title="x"),
        subscription("https://example.org/3", *"12345678", title="y"),
    )


def test_addresses_that_are_left_out_or_changed() -> None:
    """Only http, https and rsshub come through; no password does, and nothing that reads the environment."""
    outlines = "".join(
        f'<outline text="x" xmlUrl="{address}"/>'
        for address in (
            "javascript:alert(1)",
            "file:///etc/passwd",
            "feed.xml",
            "",
            "rsshub://${HOME}",
            "rsshub://",
            "https://me:secret@example.org/a",
            "https://example.org/?${HOME}",
        )
    )
    assert [each.feed for each in read_opml(document(outlines)).feeds] == [
        "https://example.org/a",
        "https://example.org/?$%7BHOME%7D",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk", "big5", "iso-2022-jp"])
def test_encodings(encoding: str) -> None:
    """The declared character encoding is kept to; where it is unknown or unsafe, UTF-8 is tried."""
    (found,) = read_opml(document('<outline text="中文" xmlUrl="https://example.org/"/>', encoding)).feeds
    assert (found.title == "中文") is (encoding != "iso-2022-jp")


def test_without_a_declaration_it_is_utf_8() -> None:
    """What XML says holds, although the parser reads HTML."""
    body = '<opml><body><outline text="Café 中文" xmlUrl="https://example.org/"/></body></opml>'
    assert read_opml(body.encode()).feeds[0].title == "Café 中文"


def test_what_is_a_comment_is_not_pulled() -> None:
    """An outline that is a comment waits (OPML 2.0, "isComment"), and so does all that it holds."""
    outlines = """
    <outline text="1" xmlUrl="https://example.org/1" isComment="true"/>
    <outline text="A" isComment="true"><outline text="2" xmlUrl="https://example.org/2"/></outline>
    <outline text="B" isComment="false"><outline text="3" xmlUrl="https://example.org/3"/></outline>
    <outline text="4" xmlUrl=" https://example.org/4"/>
    <outline text="4" xmlUrl="https://example.org/4" isComment="true"/>
    """
    found = read_opml(document(outlines)).feeds
    assert {feed.title: feed.enabled for feed in found} == {"1": False, "2": False, "3": True, "4": True}


def test_our_own_export_comes_back() -> None:
    """What `aggregator export` writes is what `aggregator import` reads."""
    listed = (
        subscription("https://example.org/1", "Tech", "TCP/IP", title="One & only"),
        subscription("https://example.org/2?token=abc", "Tech", title="<Two>"),
        replace(subscription("rsshub://qutoutiao/category/1", "新媒体", title="三"), enabled=False),
    )
    site = Site(title="T", url="https://planet.example.org/")
    written = opml.render(site, listed, datetime(2026, 11, 24, tzinfo=UTC))
    assert sorted(read_opml(written.body).feeds, key=lambda each: each.feed) == sorted(
        listed, key=lambda each: each.feed
    )


@pytest.mark.parametrize(
    "body", [b"", b"x", b"<html></html>", b"http://127.0.0.1:1/", b"/etc/passwd", b"<rss/>", b"\x00" * 100]
)
def test_what_is_no_opml(body: bytes) -> None:
    """Anything else is an error, and nothing of it is fetched or opened."""
    with pytest.raises(ConfigError, match="no OPML file"):
        read_opml(body)


ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    b'<opml><body><outline text="x&b;&c;" xmlUrl="https://example.org/"/></body></opml>'
)


def test_entities_are_not_expanded() -> None:
    """Neither a bomb of entities nor a file of this machine comes in."""
    (found,) = read_opml(ENTITIES).feeds
    assert found.title == "x&b;&c;"


def hostile() -> Iterator[tuple[bytes, str]]:
    feed = b"<outline xmlUrl='https://example.org/'/>"
    yield b"x" * 10_000_001, "larger than 10 MB"
    yield b"<opml>" + b"<outline text='a'>" * 100_000 + feed, "nests outlines"
    yield b"<opml>" + b"<outline text='a'/>" * 100_000 + feed, "more than 50,000 outlines"
    yield (
        b"<opml>" + b"".join(b"<outline text='%d'>%b</outline>" % (n, feed) for n in range(20_000)),
        "one feed more than 50",
    )
    yield (
        b"<opml><outline xmlUrl='https://a.org/' category='%b'/>" % b",".join(b"%d" % n for n in range(99_999)),
        "a category",
    )


@pytest.mark.parametrize(("body", "told"), list(hostile()), ids=["size", "depth", "outlines", "repeats", "categories"])
def test_files_that_would_take_hours(body: bytes, told: str) -> None:
    """Sizes that no list of subscriptions has are refused within seconds."""
    begin = time.monotonic()
    with pytest.raises(ConfigError, match=told):
        read_opml(body)
    assert time.monotonic() - begin < 10


PIECES = """
<opml> </opml> <outline_text='a'> </outline> <outline_xmlUrl='https://example.org/'/> <outline <body> </body> <rdf:RDF>
<o:outline_xmlns:o='http://opml.org/spec2'_type='include'_url='x'/> </rdf:RDF> </foaf:Agent> </foaf:member> <foaf:name>
<foaf:Agent_xmlns:foaf='http://xmlns.com/foaf/0.1/'> <!-- --> <![CDATA[ ]]> &#0; &#xd800; <title> </title> <xmlns> ' >
<dateCreated>x</dateCreated> <gtml:section_title='x'> </gtml:section> <?xml_version='1.0'_encoding='zlib'?>
"""
pieces = st.sampled_from([piece.replace("_", " ").encode() for piece in PIECES.split()])


@given(st.lists(pieces | st.binary(max_size=8), max_size=30))
def test_nothing_but_an_error_of_ours_comes_out(parts: list[bytes]) -> None:
    """Whatever the bytes, subscriptions come out, or an error that says so."""
    try:
        assert all(each.feed.startswith("http") for each in read_opml(b"".join(parts)).feeds)
    except ConfigError as exc:
        assert "OPML" in str(exc)  # noqa: PT017 - most of these bytes are no OPML
