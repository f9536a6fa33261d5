"""Documents that are made to hurt: what comes of each, and that none of them reaches anything but its own source."""

from __future__ import annotations

import codecs
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from planet import Item, rss

from aggregator.errors import ParseError
from aggregator.models import Feed
from aggregator.parse import parse
from aggregator.pipeline.confined import Confined
from benchmarks.bombs import DOCUMENTS, atom
from benchmarks.bombs import rss as document

URL = "https://example.org/feed"
NO_ENTITIES = "defines entities of its own"
LABELS = (
    "utf-7 punycode zlib idna base64 rot13 unicode_escape raw_unicode_escape undefined utf-8\0 ../../etc/passwd mbcs "
    "hex bz2 uu quopri no-such utf-16 utf-32"
)
REFERENCES = "&#0; &#x0; &#xD800; &#xDFFF; &#xFFFE; &#x110000; &#99999999999; &#x1; &#8; &#; &#x;"
RAW = "\0 \x01 \x1b[31m \x0b \ufffe \uffff &nbsp;&bogus; & \x7f \x85"
CROWDED = "nested or crowded as no feed is"


@pytest.fixture(scope="module")
def confined() -> Iterator[Confined]:
    with Confined() as made:
        yield made


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any file that is opened, and any socket that is made, fails the test."""

    def refused(*arguments: object, **named: object) -> None:
        pytest.fail(f"reached for {arguments}")

    for name in ("builtins.open", "io.open", "io.FileIO", "os.open", "urllib.request.urlopen"):
        monkeypatch.setattr(name, refused)
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


def titled(title: str) -> str:
    return f'<rss version="2.0"><channel><title>{title}</title></channel></rss>'


def _said(feed: Feed) -> str:
    return repr(feed.entries) + repr(feed.info)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param(name, words, id=name)
        for name, words in {
            "quadratic entities": None,
            "quadratic entities in UTF-16": None,
            "quadratic entities in UTF-32": None,
            "a billion laughs": None,
            "300,000 entities that are not used": None,
            "a DOCTYPE without end": NO_ENTITIES,
            "40,000 attributes of one element": CROWDED,
            "40,000 attributes without quotes": CROWDED,
            "400,000 levels of nesting": CROWDED,
            "600,000 tags that are not closed": CROWDED,
            "300,000 tags that are not ended": CROWDED,
            "500,000 references without end": None,
            "200,000 starts of CDATA": None,
            "200,000 starts of comments": None,
            "200,000 starts of instructions": None,
            "a base of 100 kB, 2,000 short links": "longer than any address",
            "5,000,000 levels of JSON": "nested too deep",
            "a number of 5 MB in JSON": None,
        }.items()
    ],
)
def test_a_document_that_would_grow_is_refused_or_stays_small(confined: Confined, name: str, words: str | None) -> None:
    """A bomb is refused with a reason, or read as the little that it says; entities of its own mean nothing."""
    body = DOCUMENTS[name]()
    began = time.process_time()
    if words is None:
        assert len(_said(confined.parse(body, "", URL))) < 2 * len(body)
    else:
        with pytest.raises(ParseError, match=words):
            confined.parse(body, "", URL)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "frame",
    [
        "<!DOCTYPE rss [%s",
        "<rss><channel><item><author>%s</author><title>a<b/></title></item></channel></rss>",
        "<rss><channel><item><author>%s</author><title>a<b></title></item></channel></rss>",
    ],
    ids=["a DOCTYPE", "well-formed", "not well-formed"],
)
@pytest.mark.parametrize("words", ["<?", "<!--", "a", "a.", "a@a.", "&amp;"])
def test_what_is_read_in_this_process_takes_a_moment(frame: str, words: str) -> None:
    """Nothing that fits into 32 kB takes time that grows with its square, whoever reads it."""
    text = frame % (words * (32_000 // len(words)))
    began = time.process_time()
    with suppress(ParseError):
        parse(text.encode(), "", URL)
    assert time.process_time() - began < 0.5  # measured: up to 0.1 s


def test_an_answer_that_is_far_larger_than_its_document_is_refused(confined: Confined) -> None:
    """What a short document can be blown up to does not come back from its worker."""
    base = b'xml:base="http://example.org/%s"' % (b"a/" * 950)
    with pytest.raises(ParseError, match="far more than itself"):
        confined.parse(atom(b'<entry><link href="x"/></entry>' * 6000, base), "", URL)


def test_more_entries_than_any_feed_has_are_counted_and_left_out() -> None:
    """Of a document that does not end the first entries are taken, and the warning says how many were not."""
    many = b'{"version":"https://jsonfeed.org/version/1.1","items":[' + b'{"id":"1"},' * 20_500 + b"{}]}"
    for body in (many, document(b"<item/>" * 20_501)):
        feed = parse(body, "", URL)
        assert len(feed.entries) == 20_000
        assert feed.warnings == ("20,501 entries are too many: the first 20,000 were read, the others left out",)


DOCTYPES = {
    "an entity of a file": '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "an entity of a path": '<!DOCTYPE rss [<!ENTITY x SYSTEM "/etc/passwd">]>',
    "an entity of an address": '<!DOCTYPE rss [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>',
    "an entity that is public": '<!DOCTYPE rss [<!ENTITY x PUBLIC "p" "http://127.0.0.1:9/x">]>',
    "a DTD at an address": '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">',
    "a DTD in a file": '<!DOCTYPE rss SYSTEM "file:///etc/passwd">',
    "a parameter entity": '<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]>',
    "entities in a circle": '<!DOCTYPE rss [<!ENTITY x "&y;"><!ENTITY y "&x;">]>',
    "an entity hidden in a comment": "<!DOCTYPE rss [<!-- ]> --><!ENTITY x 'SPELT'>]>",
    "an entity hidden in quotes": """<!DOCTYPE rss [<!ENTITY y "]>"><!ENTITY x 'SPELT'>]>""",
    "an entity behind an instruction": "<!DOCTYPE rss [<?a ]>?><!ENTITY x 'SPELT'>]>",
    "an entity in lower case": "<!doctype rss [<!entity x 'SPELT'>]>",
    "two DOCTYPEs": "<!DOCTYPE rss><!DOCTYPE rss [<!ENTITY x 'SPELT'>]>",
}


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("doctype", DOCTYPES.values(), ids=DOCTYPES)
def test_no_entity_is_expanded_and_nothing_is_opened(doctype: str, encoding: str) -> None:
    """Whatever a document declares, in whatever encoding: no file, no request, no text that it does not hold."""
    text = f'<?xml version="1.0"?>\n{doctype}<rss version="2.0"><channel><title>&x;</title>{"<item/>"}</channel></rss>'
    try:
        said = _said(parse(text.encode(encoding), "", URL))
    except ParseError as refused:
        said = str(refused)
    assert "root:" not in said
    assert "SPELT" not in said


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize(
    "body",
    [b"/etc/passwd", b"file:///etc/passwd", b"http://127.0.0.1/", b"feed://127.0.0.1/", b"tests/data/rsshub.xml", b"-"],
)
def test_a_body_that_spells_a_path_or_an_address_is_only_a_body(body: bytes) -> None:
    """What a server sends is read, never opened."""
    with pytest.raises(ParseError, match="the answer is no feed"):
        parse(body, "application/rss+xml", URL)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"<html><body>Log in</body></html>", "is a web page, no feed", id="a page"),
        pytest.param(b"\xef\xbb\xbf <!DOCTYPE html><html><p>x", "is a web page, no feed", id="a page behind a mark"),
        pytest.param(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is no feed", id="a PDF"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is no feed", id="a picture"),
        pytest.param(b"", "is empty", id="nothing"),
        pytest.param(b" \r\n\t ", "is empty", id="blanks"),
        pytest.param(b"\0" * 5000, "is empty", id="zeros"),
        pytest.param(b"{}", "is JSON, but no JSON Feed", id="an object"),
        pytest.param(b'[{"version": "https://jsonfeed.org/version/1"}]', "no JSON Feed", id="a list"),
        pytest.param(b"<opml version='2.0'><body/></opml>", "no feed", id="a list of feeds"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is no feed", id="a drawing"),
        pytest.param(b"503 Service Unavailable", "is no feed", id="a sentence"),
    ],
)
def test_what_is_no_feed_is_told_as_what_it_is(body: bytes, words: str) -> None:
    """An answer with status 200 that holds something else than a feed is an error in words, under any media type."""
    for kind in ("application/rss+xml", "text/html", ""):
        with pytest.raises(ParseError, match=words):
            parse(body, kind, URL)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["rss", "atom", "json"])
def test_a_document_that_ends_in_the_middle_is_no_success(kind: str, cut: float) -> None:
    """Where the server closes the connection in the middle, only the document itself can tell that it is not whole."""
    entries = b"".join(b"<entry><id>urn:x:%d</id><title>t</title></entry>" % n for n in range(20))
    whole = {
        "rss": rss(*(Item(guid=str(n)) for n in range(20))).encode(),
        "atom": atom(entries),
        "json": b'{"version":"https://jsonfeed.org/version/1.1","items":[%s{"id":"x"}]}' % (b'{"id":"y"},' * 20),
    }[kind]
    assert len(parse(whole, "", URL).entries) >= 20
    with pytest.raises(ParseError, match="ends in the middle"):
        parse(whole[: int(len(whole) * cut)], "", URL)


@pytest.mark.parametrize("label", [*LABELS.split(" "), "x" * 999, ""])
def test_encodings_that_are_none_do_not_count(label: str) -> None:
    """A name that hides markup, unpacks, or means nothing is passed over: the bytes tell what they are."""
    text = f'<?xml version="1.0" encoding="{label}"?>{titled("+ADw-café")}'
    for content_type in ("", f"application/xml; charset={label}"):
        assert parse(text.encode(), content_type, URL).info.title == "+ADw-café"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_without_a_mark(encoding: str) -> None:
    """UTF-16 and UTF-32 without a byte order mark are told by their first character."""
    text = f'<?xml version="1.0" encoding="utf-8"?>{titled("café")}'
    assert parse(text.encode(encoding), "text/xml; charset=utf-8", URL).info.title == "café"


def test_header_and_declaration_that_contradict_each_other() -> None:
    """Bytes that are one of the two encodings are read in it, whichever place named it."""
    for declared, header, written in [("utf-8", "iso-8859-1", "utf-8"), ("iso-8859-1", "utf-8", "latin-1")]:
        text = f'<?xml version="1.0" encoding="{declared}"?>{titled("café")}'
        assert parse(text.encode(written), f"text/xml; charset={header}", URL).info.title == "café"
    marked = codecs.BOM_UTF8 + titled("café").encode()
    assert parse(marked, "text/xml; charset=koi8-r", URL).info.title == "café"


@pytest.mark.parametrize("odd", [*REFERENCES.split(), *RAW.split(" ")])
def test_characters_that_xml_forbids_cost_no_entry(odd: str) -> None:
    """Illegal characters and references, raw or not, leave the entry, its neighbours and well-formed text."""
    text = (
        f"<rss version='2.0'><channel><item><guid>1</guid><title>a{odd}b</title></item>"
        "<item><guid>2</guid></item></channel></rss>"
    )
    feed = parse(text.encode(), "", URL)
    assert [entry.guid for entry in feed.entries] == ["1", "2"]
    title = feed.entries[0].title
    assert title is not None
    assert (title.value[0], title.value[-1]) == ("a", "b")
    assert title.value.isprintable() or odd in ("\x7f", "\x85", "&nbsp;&bogus;")


@pytest.mark.parametrize("name", ["/etc/passwd", "http://127.0.0.1:9/"])
@pytest.mark.usefixtures("sealed")
def test_addresses_in_a_document_are_not_asked(name: str) -> None:
    """Stylesheets, schemas, inclusions and bases that a document names are never looked at."""
    text = (
        f'<?xml version="1.0"?><?xml-stylesheet href="{name}"?><rss version="2.0" '
        'xmlns:xi="http://www.w3.org/2001/XInclude" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="x {name}" '
        f'xml:base="{name}"><channel>'
        f'<item><title><xi:include href="{name}" parse="text"/></title><link>{name}</link></item></channel></rss>'
    )
    assert len(parse(text.encode(), "", URL).entries) == 1


def test_wishes_of_a_feed_that_make_no_sense_are_none() -> None:
    """Negative, endless, fractional and foreign numbers of ttl, hours and periods count for nothing."""
    for ttl in ("-5", "1e99", "9" * 20, "", "0", "1.5", "\u0661", "never"):
        inside = f"<ttl>{ttl}</ttl><skipHours><hour>{ttl}9</hour></skipHours>"
        hints = parse(document(inside.encode()), "", URL).hints
        assert hints.interval is None, ttl
        assert hints.skip_hours <= {9}, ttl
    everything = "".join(f"<hour>{hour}</hour>" for hour in range(-3, 30))
    assert len(parse(document(f"<skipHours>{everything}</skipHours>".encode()), "", URL).hints.skip_hours) == 24
