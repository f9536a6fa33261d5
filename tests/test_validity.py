"""The outputs by the rules of feed validators: that each rule finds its fault, and that awkward entries have none."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import pytest
import validity
from awkward import BODIES, TITLES
from golden import FOLDER, documents
from inside import Inside
from origin import Origin
from outputs import Outputs
from planet import Item, Planet, rss
from posts import SITE

CHECKS = {"atom.xml": validity.atom, "rss.xml": validity.rss, "feed.json": validity.json_feed}


@pytest.mark.parametrize("name", CHECKS)
def test_the_golden_files_have_no_fault(name: str) -> None:
    """No rule objects to them, at the place where they are served."""
    assert CHECKS[name](documents()[name].body, f"{SITE.url}{name}") == []
    assert validity.opml(documents()["opml.xml"].body) == []
    assert validity.atom(documents()["archive/2.atom"].body, f"{SITE.url}archive/2.atom") == []


@pytest.mark.parametrize(
    ("pattern", "instead", "rule"),
    [
        ("<id>https://news.example.com/id/1</id>", "<id>1</id>", "InvalidFullLink"),
        ("<id>https://news.example.com/id/1</id>", "<id>urn:1</id>", "InvalidURN"),
        ("<id>https://news.example.com/id/1</id>", "<id>tag:planet.example.org,2024:post:q-1</id>", "DuplicateEntries"),
        ("<author><name>Bare source</name></author>", "", "MissingElement"),
        ("<name>Bo</name>", "<name>&lt;b>Bo&lt;/b></name>", "ContainsUndeclaredHTML"),
        ("<email>ada@example.com</email>", "<email>ada</email>", "InvalidContact"),
        ("https://cdn.example.com/1.mp4", "https://cdn.example.com/1 2.mp4", "InvalidUriChar"),
        ("https://cdn.example.com/1.mp4", "https://me:pw@cdn.example.com/1.mp4", "credentials"),
        ('type="video/mp4"', "", "MissingTypeAttr"),
        ('type="video/mp4"', 'type="film"', "InvalidMIMEAttribute"),
        ('length="1234"', 'length="-1"', "InvalidNonNegativeInteger"),
        ('rel="related" type="text/html" hreflang="de"', 'rel="alternate"', "DuplicateAtomLink"),
        (' rel="license"', "", "a link that does not say"),
        ("2024-03-05T08:30:00", "0001-03-05T08:30:00", "ImplausibleDate"),
        (r"2024-03-05T08:30:00\+00:00", "2024-03-05 08:30", "InvalidRFC3339Date"),
        ("<published>2024-03-05", "<published>2023-03-05", "entries are not in order"),
        ("<updated>2024-03-06T09", "<updated>2024-03-06T08", "updated is not"),
        ("Harbour &amp; bridge", "Harbour &lt;b>bridge&lt;/b>", "ContainsUndeclaredHTML"),
        ("Harbour &amp; bridge", "Harbour &amp;amp; bridge", "ContainsUndeclaredHTML"),
        ("Harbour &amp; bridge", "\u202eHarbour", "bidirectional"),
        ("Harbour &amp; bridge", "Harbour\u2028", "a line break"),
        ("Harbour &amp; bridge", "Harbour\x9f", "BadCharacters"),
        ("&lt;p&gt;The harbour is", "&lt;p&gt;&lt;div&gt;", "NotHtml"),
        ("&lt;p&gt;The harbour is", "&lt;p onclick=x&gt;", "SecurityRiskAttr"),
        ("&lt;p&gt;The harbour is", "&lt;p&gt;&lt;script&gt;&lt;/script&gt;", "SecurityRisk"),
        ("&lt;p&gt;The harbour is", '&lt;p&gt;&lt;img src="a.png"&gt;', "InvalidUriChar"),
        ('href="https://planet.example.org/atom.xml"', 'href="https://planet.example.org/"', "SelfDoesntMatchLocation"),
        ('rel="self" type="application/atom', 'rel="related" type="application/atom', "MissingSelf"),
        ("<source><id>.*?</id>", "<source>", "MissingSourceElement"),
        ("<rights>© 2024 Ada Byron</rights>\n(.*)(</source>)", r"\1\2<rights>©</rights>", "source does not stand last"),
        (' xml:lang="en">', ">", "NoLanguage"),
        ('xml:lang="zh-CN"', 'xml:lang="zh_CN"', "InvalidLanguage"),
        ('term="sea"', 'term=""', "MissingAttribute"),
        (' label="News"', "", "without a label"),
        (' xml:base="https://html2.*?"', ' xml:base="/detail/"', "InvalidUriChar"),
        ('<content type="html"/>', "", "MissingContentOrAlternate"),
    ],
)
def test_each_rule_finds_its_fault(pattern: str, instead: str, rule: str) -> None:
    """A document with one thing wrong is told from one that is right."""
    before = (FOLDER / "atom.xml").read_text("utf-8")
    after = re.sub(pattern, instead, before, count=1, flags=re.DOTALL)
    assert after != before
    assert any(rule in fault for fault in validity.atom(after.encode(), f"{SITE.url}atom.xml"))


@pytest.mark.parametrize(
    ("name", "pattern", "instead", "rule"),
    [
        ("rss.xml", ' isPermaLink="false"', "", "InvalidPermalink"),
        ("rss.xml", "Tue, 05 Mar 2024", "5 March 2024", "InvalidRFC2822Date"),
        ("rss.xml", 'length="1234" ', "", "MissingAttribute"),
        ("rss.xml", "<dc:creator>Bare source</dc:creator>", "", "MissingElement"),
        ("rss.xml", 'domain="https://news.example.com/"', 'domain="news"', "InvalidFullLink"),
        ("rss.xml", "org/rss.xml", "org/atom.xml", "SelfDoesntMatchLocation"),
        ("feed.json", '"size_in_bytes":1234', '"size_in_bytes":"1234"', "is not of type"),
        ("feed.json", '"tags"', '"labels"', "Additional properties"),
        ("feed.json", '"feed_url":"[^"]*"', '"feed_url":"https://elsewhere.example/"', "SelfDoesntMatchLocation"),
        ("feed.json", "2024-03-05T08:30:00Z", "2024-03-05", "does not match"),
    ],
)
def test_each_rule_of_the_other_formats_finds_its_fault(name: str, pattern: str, instead: str, rule: str) -> None:
    """RSS and JSON Feed are looked at as closely."""
    before = (FOLDER / name).read_text("utf-8")
    after = re.sub(pattern, instead, before, count=1)
    assert after != before
    assert any(rule in fault for fault in CHECKS[name](after.encode(), f"{SITE.url}{name}"))


_MORE = (
    '<link xmlns="http://www.w3.org/2005/Atom" rel="alternate" href="/a"/>'
    '<link xmlns="http://www.w3.org/2005/Atom" rel="alternate" href="/b" hreflang="??"/>'
    '<link xmlns="http://www.w3.org/2005/Atom" rel="related" href="javascript:alert(1)"/>'
    '<enclosure url="https://me:pw@cdn.example.org/a b.mp3" length="big" type="?"/>'
    '<enclosure url="data:text/html,x" length="1" type="text/html"/>'
    "<category> </category><category>a &amp;amp; &lt;b&gt;</category><author>&lt;i&gt;Eve&lt;/i&gt; (none)</author>"
    '<source url="ftp://elsewhere.example/">\u202eElse \u2028 where</source><comments>//[bad</comments>'
)


def test_awkward_entries_make_valid_outputs(tmp_path: Path, origin: Origin) -> None:
    """Titles, bodies, links, names and dates that break careless programs come out right in every format."""
    bodies = list(BODIES.values())
    dates = ("Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "yesterday", None)
    items = [
        Item(
            title=title,
            link=("/relative path", "javascript:alert(1)", "https://site.example.org/?a=1&b=é#x")[number % 3],
            guid=("1", "urn:1", "http:///x", f"https://site.example.org/{number}", " tag:x ")[number % 5]
            + "é" * number,
            date=dates[number % 4],
            body=bodies[number % len(bodies)] + f"<div><b>{number}<a href='x y'>a</div>&#x85;&#x9f;\u2028",
            more=_MORE,
        )
        for number, title in enumerate(TITLES)
    ]
    body = _xml(rss(*items, title="Awkward \u202e <b>&amp;amp;", more="<copyright>&lt;b>©\u2028</copyright>"))
    origin.put("/a.xml", body)
    planet = Planet(tmp_path)
    planet.configure([f"{{url: '{origin.url('/a.xml')}', category: 'A <b>&amp;/{escape('C & D')}'}}"])
    assert Inside(tmp_path).cycle().new > len(TITLES) - 3
    outputs = Outputs(tmp_path / "public")
    assert outputs.faults() == []
    assert {path.rpartition("/")[2] for path in outputs.documents} == {*CHECKS, "opml.xml", "health.xml"}
    assert len(outputs.folders) == 3


def _xml(document: str) -> str:
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "", document)
