"""Reading documents: dialects, encodings, wishes, and the feeds behind a page."""

from __future__ import annotations

from datetime import UTC, timedelta
from time import process_time

import feeds
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lane_cases import document
from properties import ANY, steady

from aggregator import parse, text, urls
from aggregator.errors import ParseError
from aggregator.models import Copy, Feed, Hints, Link, Text
from aggregator.normalise import normalise
from aggregator.parse import decode, links, repair

#: What a fault, or somebody who means harm, leaves in a document.
_SPLINTERS = st.sampled_from(
    (
        *(b"", b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!--", b"\x00", b"\xff\xfe", b"\xe5", b"&#0;", b"&#x110000;"),
        *(
            b"</item>",
            b"<item>",
            b"<entry>",
            b"</title>",
            b"<title>",
            b"<!DOCTYPE x [",
            b"xmlns=''",
            b'"',
            b"'",
            b"{",
            b"[",
        ),
        *(b"<link href='http://[::1'/>", b"<author><name/></author>", b"null", b"1e999", b"<?xml version='1.0'?>"),
    )
) | st.binary(max_size=4)


@st.composite
def _documents(draw: st.DrawFn) -> tuple[bytes, str]:
    """Draw a feed with a few parts of it replaced, doubled or left out, or its end cut off."""
    name = draw(st.sampled_from(feeds.names()))
    body = feeds.body(name)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 40)))
        put = draw(_SPLINTERS | st.just(body[start:end] * 2))
        body = body[:start] + put + body[end:]
    return body, name


def _read(body: bytes, content_type: str = "") -> Feed | None:
    try:
        return parse.parse(body, content_type, feeds.URL)
    except ParseError:
        return None


@steady
@given(_documents())
def test_a_broken_document_gives_a_feed_or_a_parse_error(drawn: tuple[bytes, str]) -> None:
    """Nothing else comes out of a damaged feed; what does is the same each time, and fit to be published."""
    feed = _read(drawn[0])
    assert repr(feed) == repr(_read(drawn[0]))
    if feed is None:
        return
    for entry in feed.entries:
        copy = normalise(entry, feed.info, feeds.SOURCE, key="k", now=feeds.NOW, known=None)
        assert copy == normalise(entry, feed.info, feeds.SOURCE, key="k", now=feeds.NOW, known=None)
        _demand_fit(copy)


@pytest.mark.parametrize("name", feeds.names())
def test_what_a_pair_yields_is_fit_to_be_published(name: str) -> None:
    """Titles are legal and on one line, addresses absolute, dates believable: in each golden pair."""
    if _read(feeds.body(name)) is not None:
        for copy in feeds.copies(name):
            _demand_fit(copy)


def _demand_fit(copy: Copy) -> None:
    assert copy.title == text.one_line(copy.title) != ""
    assert text.legal(copy.content) == copy.content
    addresses = [copy.link, copy.image, *(link.href for link in copy.links), *(one.uri for one in copy.authors)]
    for feed in filter(None, (copy.feed, copy.via)):
        addresses += [feed.url, feed.link]
        assert feed.id is None or urls.valid_id(feed.id)
    for address in filter(None, addresses):
        assert urls.absolute(address) == address
    assert copy.published <= copy.updated <= feeds.NOW
    assert copy.published.tzinfo is UTC


@steady
@given(st.binary(max_size=60), ANY)
def test_any_bytes_are_a_feed_or_a_parse_error(body: bytes, content_type: str) -> None:
    """Whatever a server sends, and whatever it calls it."""
    _read(body, content_type)


def test_a_body_that_spells_a_file_opens_none() -> None:
    """A body is never taken for a name, as feedparser would."""
    for body in (b"/etc/passwd", __file__.encode(), b"http://127.0.0.1:9/", b"file:///etc/passwd"):
        assert _read(body) is None


@pytest.mark.parametrize(
    "bomb",
    [
        b"<rss><channel>" + b"<item>" * 100_000,
        b"<rss><channel><item " + b"".join(b"a%d='' " % n for n in range(40_000)) + b"/></channel></rss>",
        b"{" * 100_000,
        b'{"version": "https://jsonfeed.org/version/1.1", "items": ' + b"[" * 100_000,
        b"<!DOCTYPE " + b"[" * 200_000,
        b"<?xml version='1.0'?>" + b"<!-- -" * 50_000,
        b"<rss><channel><title>" + b"&" * 200_000 + b"</title></channel></rss>",
        b"<rss><channel>" + b"<title>" * 5_000 + b"</channel></rss>",
        b" " * 1_000_000,
    ],
    ids=lambda bomb: repr(bomb[:24]),
)
def test_a_bomb_takes_no_time(bomb: bytes) -> None:
    """Documents that are made to hurt are read, or refused, in seconds at the worst."""
    start = process_time()
    _read(bomb)
    assert process_time() - start < 10  # measured: up to 0.2 s


@steady
@given(st.binary(max_size=60), ANY)
def test_any_bytes_are_decoded(body: bytes, content_type: str) -> None:
    """Decoding never fails."""
    assert isinstance(decode.decoded(body, content_type)[0], str)


@pytest.mark.parametrize(
    ("body", "content_type", "characters"),
    [
        ("<a>文</a>".encode(), "text/xml; charset=iso-8859-1", "<a>文</a>"),
        (b"\xef\xbb\xbf<a/>", "text/xml; charset=utf-16", "<a/>"),
        ("<a>é</a>".encode("latin-1"), "", "<a>é</a>"),
        ("<a>é</a>".encode("latin-1"), "text/xml; charset=unheard-of", "<a>é</a>"),
        ("<a>жук</a>".encode("koi8-r"), "text/xml; charset=KOI8-R", "<a>жук</a>"),
        ("<a>жук</a>".encode("cp1251"), "text/xml; charset=x-windows-1251", "<a>жук</a>"),
        (b"<a>+ADw-b+AD4-</a>", "text/xml; charset=utf-7", "<a>+ADw-b+AD4-</a>"),
        (b"<a>hex</a>", "text/xml; charset=hex", "<a>hex</a>"),
        ("<a>日本</a>".encode("iso2022_jp"), "text/xml; charset=iso-2022-jp", "<a>日本</a>"),
        ("<a>新媒体动态</a>".encode()[:-5] + b"</a>", "", "<a>新媒体动\ufffd</a>"),
        ('{"a": "文"}'.encode("utf-16-le"), "", '{"a": "文"}'),
        ("<a>文</a>".encode("utf-32"), "", "<a>文</a>"),
        *(
            ("\r\n\t <a>文</a>".encode(codec), "text/xml; charset=utf-16", "\r\n\t <a>文</a>")
            for codec in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
        ),
    ],
)
def test_the_encoding_is_what_the_bytes_are_in(body: bytes, content_type: str, characters: str) -> None:
    """Marks count, then bytes that are UTF-8, then what is claimed; what hides markup or is none is not believed."""
    assert decode.decoded(body, content_type)[0] == characters


@pytest.mark.parametrize(
    ("label", "codec", "word"),
    [
        *(("Windows-31J", "cp932", "①日本"), ("x-sjis", "cp932", "日本"), ("windows-949", "cp949", "똠방각하")),
        *(("ks_c_5601-1989", "cp949", "한국"), ("GB_2312-80", "gb2312", "新媒体"), ("x-x-big5", "big5", "繁體")),
        *(("cn-big5", "big5", "繁體"), ("iso-8859-8-i", "iso8859-8", "שלום"), ("koi8-ru", "koi8-u", "Ґанок")),
        *(("koi8", "koi8-r", "жук"), ("dos-874", "cp874", "ไทย"), ("x-mac-ukrainian", "mac-cyrillic", "жук")),
        *(
            ("iso88592", "iso8859-2", "žluťoučký"),
            ("ISO_8859-2:1987", "iso8859-2", "žluť"),
            ("latin1", "cp1252", "“é”"),
        ),
    ],
)
def test_an_encoding_goes_by_every_name_that_the_web_knows(label: str, codec: str, word: str) -> None:
    """The labels of the WHATWG's Encoding standard count, in the header as in the declaration."""
    declared = f"<?xml version='1.0' encoding='{label}'?><a>{word}</a>"
    assert decode.decoded(declared.encode(codec), "") == (declared, None)
    assert decode.decoded(word.encode(codec), f"text/xml; charset={label}") == (word, None)


@pytest.mark.parametrize("label", ["unheard-of", "utf-7", "utf-16"])
def test_an_encoding_that_is_not_known_is_warned_of(label: str) -> None:
    """What it is read in may be wrong; where that makes no difference, nothing is said."""
    for written, found in (("é", "cp1252"), ("é", "utf-8")):
        warning = f"says that it is in {label}, but is in {found}"
        assert decode.decoded(written.encode(found), f"text/xml; charset={label}") == (written, warning)
    assert decode.decoded(b"e", f"text/xml; charset={label}") == ("e", None)
    assert decode.decoded("<?xml version='1.0' encoding='utf-8'?>é".encode(), f"charset={label}")[1] is None


@pytest.mark.parametrize("wrong", ["", "<b>"], ids=["by the lane", "by feedparser"])
@pytest.mark.parametrize(
    ("said", "is_one"),
    [(None, True), ("true", True), ("True", True), (" TRUE ", True), ("false", False), ("False", False), ("0", False)],
)
def test_a_guid_that_is_the_address_is_the_link(said: str | None, is_one: bool, wrong: str) -> None:
    """However its ``isPermaLink`` is written."""
    attribute = "" if said is None else f" isPermaLink='{said}'"
    document = (
        f"<rss version='2.0'><channel><item>{wrong}<guid{attribute}>https://example.org/1</guid></item></channel></rss>"
    )
    assert parse.parse(document.encode(), "", feeds.URL).entries[0].link == (
        "https://example.org/1" if is_one else None
    )


@pytest.mark.parametrize(
    "part",
    [
        "<psc:chapters><psc:chapter title='No time'/></psc:chapters>",
        "<gml:pos>1 2</gml:pos>",
        "<gml:posList>1</gml:posList>",
    ],
)
@pytest.mark.parametrize("place", ["item", "entry", "channel", "feed"])
def test_what_is_not_complete_spoils_no_feed(place: str, part: str) -> None:
    """Chapters without times and places without a geometry are passed over."""
    assert parse.parse(document(place, part).encode(), "", feeds.URL).format


_ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="xhtml">'
    '<div xmlns="http://www.w3.org/1999/xhtml">%s</div></content></entry></feed>'
)
_NAKED = "<rss><channel><item><description>%s</description></item></channel></rss>"


@pytest.mark.parametrize(
    ("guid", "words"),
    [("tag:blogger.com,1999:blog-1.post-2", "a\u00a0<b> & c"), ("urn:ex:1", "a&nbsp;&lt;b&gt; &amp; c")],
)
def test_a_plain_summary_means_what_it_says(guid: str, words: str) -> None:
    """But for Blogger's, in which references of HTML are left."""
    part = f"<id>{guid}</id><summary type='text'>a&amp;nbsp;&amp;lt;b&amp;gt; &amp;amp; c</summary>"
    (entry,) = parse.parse(document("entry", part).encode(), "", feeds.URL).entries
    assert entry.content == Text(value=words)


def _content(document: str) -> str:
    content = parse.parse(document.encode(), "", feeds.URL).entries[0].content
    assert content is not None
    return content.value


@pytest.mark.parametrize(
    ("document", "rest"),
    [(_ATOM, ""), (_NAKED, ""), (_NAKED % "%s<i>", "<i>")],
    ids=["by the lane", "by feedparser", "by its loose parser"],
)
def test_an_element_that_has_no_end_tag_gets_none(document: str, rest: str) -> None:
    """HTML reads ``</br>`` as another break."""
    assert _content(document % "a<br/>b<hr/><img src='i'/><b/>") == f'a<br/>b<hr/><img src="i"/><b></b>{rest}'
    assert _content(document % "a<br clear='all'></br>b") == f'a<br clear="all"/>b{rest}'


def test_an_end_tag_that_ends_no_break_is_one() -> None:
    """As in HTML, which people who write ``</br>`` looked at."""
    assert _content(_NAKED % "a</br>b") == "a<br/>b"


@pytest.mark.parametrize("words", ["link to it", "br", "hr"])
def test_a_word_that_is_called_as_an_element_stays_a_word(words: str) -> None:
    """What feedparser's loose parser hands over of CDATA is no tag."""
    assert _content(_NAKED % f"<i><![CDATA[{words}]]></p>") == f"<i>{words}</p>"


def test_hints() -> None:
    """Of two intervals the longer counts; what is no number, no hour and no day is left out."""
    document = (
        "<rss version='2.0' xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel><ttl>{ttl}</ttl>"
        "<sy:updatePeriod>{period}</sy:updatePeriod><sy:updateFrequency>{frequency}</sy:updateFrequency>"
        "<skipHours><hour>0</hour><hour>25</hour><hour>x</hour><hour>23</hour></skipHours>"
        "<skipDays><day>monday</day><day>Someday</day></skipDays></channel></rss>"
    )

    def read(**said: str) -> Hints:
        return parse.parse(document.format(**said).encode(), "", feeds.URL).hints

    found = read(ttl="90", period="daily", frequency="24")
    assert found == Hints(interval=timedelta(minutes=90), skip_hours=frozenset({0, 23}), skip_days=frozenset({0}))
    assert read(ttl="5", period="Weekly", frequency="2").interval == timedelta(days=3.5)
    for nonsense in ("-5", "1e99", "0", "", "٣", "9" * 5000):
        assert read(ttl=nonsense, period="sometimes", frequency=nonsense).interval is None
        assert read(ttl=nonsense, period="daily", frequency="0").interval is None


def test_the_feeds_behind_a_page() -> None:
    """Links of feed types in their order, each once, comments last; against base; nothing from comments and scripts."""
    page = """<!doctype html><head><base href="/sub/">
        <link rel="alternate" type="application/rss+xml" title="Comments" href="comments/feed">
        <LINK REL='Alternate' TYPE='application/atom+xml; charset=utf-8' title='A &amp; B' HREF=atom.xml>
        <link rel="alternate" type="application/atom+xml" href="atom.xml">
        <link rel="alternate stylesheet" type="application/rss+xml" href="no">
        <link rel="alternate" type="text/html" hreflang="de" href="no">
        <link rel="alternate" type="application/feed+json" href="https://cdn.example.org/feed.json">
        <link rel="alternate" type="application/rss+xml" href="javascript:no">
        <!-- <link rel="alternate" type="application/rss+xml" href="no"> -->
        <script>'<link rel="alternate" type="application/rss+xml" href="no">'</script></head>"""
    assert links.feed_links(page, feeds.URL) == (
        Link(href="https://site.example.org/sub/atom.xml", type="application/atom+xml", title="A & B"),
        Link(href="https://cdn.example.org/feed.json", type="application/feed+json"),
        Link(href="https://site.example.org/sub/comments/feed", type="application/rss+xml", title="Comments"),
    )


@steady
@given(st.text(alphabet="<>/!-abelink =\"'&;\n", max_size=80) | ANY)
def test_any_page_has_its_feeds_or_none(page: str) -> None:
    """Whatever a page is made of."""
    links.feed_links(page, feeds.URL)


@steady
@given(st.text(alphabet="<&;#x01a]>[CDAT!-\x00\x0bé", max_size=60))
def test_repairing_twice_is_repairing_once(document: str) -> None:
    """What was repaired needs no repair."""
    assert repair.repaired(repair.repaired(document)) == repair.repaired(document)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.m4a?x=1", "audio/mp4"),
        ("a.MP3", "audio/mpeg"),
        ("a.b.webp#top", "image/webp"),
        ("mp3", None),
        ("a.exe", None),
    ],
)
def test_the_type_of_a_medium_follows_from_the_end_of_its_name(name: str, kind: str | None) -> None:
    """A medium without a type gets that of its name, by a table that is the same on every machine."""
    enclosure = f'<enclosure url="http://example.org/{name}" length="1"/>'
    feed = f'<rss version="2.0"><channel><title>T</title><item><title>A</title>{enclosure}</item></channel></rss>'
    (link,) = parse.parse(feed.encode(), "", "http://example.org/").entries[0].links
    assert link.type == kind
