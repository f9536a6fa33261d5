"""What feed validators and careful readers object to, as far as no schema sees it: each rule by the name it has there.

``atom``, ``rss``, ``json_feed`` and ``opml`` return the faults of a document, an empty list where there are none.
The rules' names are those of the W3C feed validation service where it has one.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
from lxml import etree

SCHEMA = Path(__file__).parents[2] / "shared" / "conformance" / "atom-rfc4287.rng"

A = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
XML = "{http://www.w3.org/XML/1998/namespace}"

# RFC 3986: what may stand in an address, and an id, without being percent-encoded.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
# RFC 3987: an id may have letters of any script.
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=\xa0-\U0010ffff]|%[0-9A-Fa-f]{2})+")
_URN = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{1,31}:.+")
_TAG = re.compile(r"tag:[^,:]+,\d{4}(-\d\d){0,2}:.+")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_RFC822 = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*|[ix](?:-[A-Za-z0-9]{1,8})+")
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+( *;.*)?", re.ASCII)
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")
# Controls but tab and line feed, DEL and C1, surrogates, non-characters: none has a place in a document.
_BAD = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
_MARKUP = re.compile(r"<[/!?A-Za-z]|&(?:#[0-9]+|#x[0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]*);")
_OPENERS, _CLOSERS = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068", "\u202c\u2069"
_VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_ADDRESSES = frozenset({"href", "src", "cite", "poster", "longdesc", "action", "data", "srcset"})
_RISKS = frozenset(
    {
        *("applet", "base", "button", "embed", "form", "frame", "frameset", "iframe", "input", "link", "math", "meta"),
        *("noscript", "object", "script", "select", "style", "svg", "template", "textarea"),
    }
)


@cache
def _schema() -> etree.RelaxNG | None:
    return etree.RelaxNG(etree.parse(SCHEMA)) if SCHEMA.exists() else None


def atom(body: bytes, location: str | None = None) -> list[str]:
    """Return the faults of an Atom document that is served at ``location``, when that is known."""
    root = etree.parse(io.BytesIO(body)).getroot()
    schema = _schema()
    faults = [] if schema is None or schema.validate(root) else [f"schema: {schema.error_log.last_error}"]
    return faults + list(_atom(root, location))


def _atom(root: etree._Element, location: str | None) -> Iterator[str]:
    yield from _characters(root)
    yield from _languages(root)
    yield from _metadata(root)
    own = [link.get("href") for link in root.iterfind(f"{A}link[@rel='self']")]
    if len(own) != 1:
        yield "MissingSelf"
    if location and own != [location]:
        yield f"SelfDoesntMatchLocation: {own} is at {location}"
    if not root.findall(f"{A}link[@rel='alternate']"):
        yield "MissingAlternate"
    if not root.findtext(f"{A}author/{A}name", "").strip():
        yield "MissingElement: the feed has no author"
    entries = root.findall(f"{A}entry")
    for entry in entries:
        yield from (f"{fault} in {entry.findtext(f'{A}id')}" for fault in _entry(entry))
    yield from _order([entry.findtext(f"{A}id", "") for entry in entries], _texts(entries, "published"))
    newest = max(map(_moment, _texts(entries, "updated")), default=None)
    if newest and _moment(root.findtext(f"{A}updated", "")) != newest:
        yield "the feed's updated is not its newest entry's"


def _texts(entries: list[etree._Element], name: str) -> list[str]:
    return [entry.findtext(f"{A}{name}", "") for entry in entries]


def _metadata(element: etree._Element) -> Iterator[str]:
    """Check what feeds, entries and sources have in common."""
    for each in element.iterfind(f"{A}id"):
        yield from _id(each.text or "")
    for name in ("updated", "published"):
        for each in element.iterfind(f"{A}{name}"):
            yield from _rfc3339(each.text or "")
    for name in ("title", "rights", "summary", "content", "subtitle"):
        for each in element.iterfind(f"{A}{name}"):
            yield from _construct(each)
    for name in ("author", "contributor"):
        for person in element.iterfind(f"{A}{name}"):
            yield from _person(person)
    for each in element.iterfind(f"{A}category"):
        yield from _category(each)
    yield from _links(element)


def _entry(entry: etree._Element) -> Iterator[str]:
    yield from _metadata(entry)
    if not entry.findtext(f"{A}author/{A}name", "").strip():
        yield "MissingElement: author"
    if not entry.findall(f"{A}link[@rel='alternate']") and entry.find(f"{A}content") is None:
        yield "MissingContentOrAlternate"
    for content in entry.iterfind(f"{A}content"):
        if content.get("src"):
            yield "content is elsewhere"
        yield from _address(content.get(f"{XML}base", "https://none.example/"))
    for thumbnail in entry.iterfind(f"{MEDIA}thumbnail"):
        yield from _address(thumbnail.get("url") or "")
    source = entry[-1]
    if source.tag != f"{A}source":
        yield "source does not stand last"
    if any(source.find(f"{A}{name}") is None for name in ("id", "title", "updated")):
        yield "MissingSourceElement"
    yield from _metadata(source)


def _id(value: str) -> Iterator[str]:
    scheme, _, rest = value.partition(":")
    if not _IRI.fullmatch(value):
        yield f"InvalidFullLink: {value!r}"
    elif (scheme == "urn" and not _URN.fullmatch(value)) or (scheme == "tag" and not _TAG.fullmatch(value)):
        yield f"InvalidURN: {value!r}"
    elif scheme in ("http", "https") and (not rest.startswith("//") or not urlsplit(value).hostname):
        yield f"InvalidFullLink: {value!r}"
    if "@" in urlsplit(value).netloc:
        yield f"an id with credentials: {value!r}"


def _address(value: str) -> Iterator[str]:
    if not _URI.fullmatch(value):
        yield f"InvalidUriChar: {value!r}"
        return
    try:
        split = urlsplit(value)
    except ValueError:
        yield f"InvalidIPv6: {value!r}"
        return
    if split.scheme not in ("http", "https") or not split.hostname:
        yield f"InvalidFullLink: {value!r}"
    if "@" in split.netloc:
        yield f"an address with credentials: {value!r}"


def _canonical(value: str) -> Iterator[str]:
    split = urlsplit(value)
    if split.netloc != split.netloc.lower() or split.path in ("",) or "/../" in split.path or "//" in split.path:
        yield f"NonCanonicalURI: {value!r}"


def _rfc3339(value: str) -> Iterator[str]:
    if not _RFC3339.fullmatch(value):
        yield f"InvalidRFC3339Date: {value!r}"
    elif not 1970 <= _moment(value).year < 2100:
        yield f"ImplausibleDate: {value!r}"


def _rfc822(value: str) -> Iterator[str]:
    if not _RFC822.fullmatch(value):
        yield f"InvalidRFC2822Date: {value!r}"
    elif not 1970 <= parsedate_to_datetime(value).year < 2100:
        yield f"ImplausibleDate: {value!r}"


def _moment(value: str) -> datetime:
    read = datetime.fromisoformat(value)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _construct(element: etree._Element) -> Iterator[str]:
    value = element.text or ""
    name = etree.QName(element).localname
    if element.get("type", "text") == "text":
        if _MARKUP.search(value):
            yield f"ContainsUndeclaredHTML: {name} {value!r}"
        shown = value
    else:
        yield from (f"{fault} in {name}" for fault in html(value))
        shown = "".join(_reading(value).words) if name in ("title", "rights") else ""
    if name in ("title", "rights"):
        yield from _one_line(shown)


def _one_line(value: str) -> Iterator[str]:
    if re.search("[\n\r\u2028\u2029]", value):
        yield f"a line break in {value!r}"
    opened = sum(value.count(each) for each in _OPENERS)
    if opened > sum(value.count(each) for each in _CLOSERS):
        yield f"bidirectional controls are left open in {value!r}"


def _person(person: etree._Element) -> Iterator[str]:
    name = person.findtext(f"{A}name", "")
    if not name.strip():
        yield "MissingElement: name"
    if _MARKUP.search(name):
        yield f"ContainsUndeclaredHTML: name {name!r}"
    for uri in person.iterfind(f"{A}uri"):
        yield from _address(uri.text or "")
    for email in person.iterfind(f"{A}email"):
        if not _EMAIL.fullmatch(email.text or ""):
            yield f"InvalidContact: {email.text!r}"


def _category(category: etree._Element) -> Iterator[str]:
    if not category.get("term", "").strip():
        yield "MissingAttribute: term"
    if not category.get("label"):
        yield "a category without a label"
    if not category.get("scheme"):
        yield "a category without a scheme"
    yield from _id(category.get("scheme", "urn:uuid:missing"))


def _links(element: etree._Element) -> Iterator[str]:
    links = element.findall(f"{A}link")
    for link in links:
        yield from _address(link.get("href", ""))
        if link.get("type") and not _MEDIA_TYPE.fullmatch(link.get("type", "")):
            yield f"InvalidMIMEAttribute: {link.get('type')!r}"
        if link.get("length") and not link.get("length", "").isdigit():
            yield f"InvalidNonNegativeInteger: {link.get('length')!r}"
        if link.get("rel") == "enclosure" and not link.get("type"):
            yield "MissingTypeAttr: enclosure"
    kinds = Counter((link.get("type"), link.get("hreflang")) for link in links if link.get("rel") == "alternate")
    if any(count > 1 for count in kinds.values()):
        yield "DuplicateAtomLink: two alternates of one kind"
    same = Counter((link.get("rel"), link.get("href"), link.get("type"), link.get("hreflang")) for link in links)
    if any(count > 1 for count in same.values()):
        yield f"DuplicateAtomLink: {same.most_common(1)}"
    if any(not link.get("rel") for link in links):
        yield "a link that does not say what it is"


def _characters(root: etree._Element) -> Iterator[str]:
    for element in root.iter():
        for value in (element.text, element.tail, *element.attrib.values()):
            if value and _BAD.search(value):
                yield f"BadCharacters: {value[:80]!r}"


def _languages(root: etree._Element) -> Iterator[str]:
    if not root.get(f"{XML}lang"):
        yield "NoLanguage"
    for element in root.iter():
        language = element.get(f"{XML}lang")
        if language is not None and not _LANGUAGE.fullmatch(language):
            yield f"InvalidLanguage: {language!r}"


def _order(ids: list[str], times: list[str]) -> Iterator[str]:
    twice = [each for each, count in Counter(ids).items() if count > 1]
    if twice:
        yield f"DuplicateEntries: {twice[:3]}"
    moments = list(map(_moment, times))
    if moments != sorted(moments, reverse=True):
        yield "entries are not in order"


class _reading(HTMLParser):  # noqa: N801  # it is used as a function: what reading gives
    """Reads HTML strictly: every element that is opened is closed, in order."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.words: list[str] = []
        self.feed(markup)
        self.close()
        if self.open:
            self.faults.append(f"NotHtml: {self.open} are left open")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _RISKS:
            self.faults.append(f"SecurityRisk: <{tag}>")
        if len({name for name, _ in attrs}) < len(attrs):
            self.faults.append(f"NotHtml: an attribute twice in <{tag}>")
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"NotHtml: </{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.faults.append("NotHtml: a comment")

    def handle_decl(self, decl: str) -> None:
        self.faults.append("NotHtml: a declaration")

    def unknown_decl(self, data: str) -> None:
        self.handle_decl(data)

    def handle_pi(self, data: str) -> None:
        self.faults.append("NotHtml: a processing instruction")

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name in ("style", "id", "srcdoc", "formaction"):
            self.faults.append(f"SecurityRiskAttr: {name}")
        if _BAD.search(value):
            self.faults.append(f"BadCharacters: {name} of <{tag}>")
        if name in _ADDRESSES:
            found = (
                [part.split()[0] for part in re.split(r",\s+", value) if part.split()] if name == "srcset" else [value]
            )
            for address in found:
                mail = tag == "a" and address.startswith("mailto:")
                self.faults += [] if mail else list(_address(address))


@cache  # an entry stands in many documents
def html(markup: str) -> tuple[str, ...]:
    """Return the faults of ``markup``, the HTML of an entry."""
    faults = tuple(_reading(markup).faults)
    return (*faults, "BadCharacters") if _BAD.search(markup) else faults


def rss(body: bytes, location: str | None = None) -> list[str]:
    """Return the faults of an RSS 2.0 document."""
    return list(_rss(etree.parse(io.BytesIO(body)).getroot(), location))


def _rss(root: etree._Element, location: str | None) -> Iterator[str]:
    yield from _characters(root)
    channel = root[0]
    for name in ("title", "link", "description", "lastBuildDate", "generator", "language"):
        if not channel.findtext(name, "").strip():
            yield f"MissingElement: {name}"
    if not _LANGUAGE.fullmatch(channel.findtext("language", "")):
        yield f"InvalidLanguage: {channel.findtext('language')!r}"
    yield from _rfc822(channel.findtext("lastBuildDate", ""))
    own = [link.get("href") for link in channel.iterfind(f"{A}link[@rel='self']")]
    if len(own) != 1 or (location and own != [location]):
        yield f"SelfDoesntMatchLocation: {own} is at {location}"
    items = channel.findall("item")
    for item in items:
        yield from (f"{fault} in {item.findtext('guid')}" for fault in _item(item))
    times = [parsedate_to_datetime(item.findtext("pubDate", "")).isoformat() for item in items]
    yield from _order([item.findtext("guid", "") for item in items], times)


def _item(item: etree._Element) -> Iterator[str]:
    if not item.findtext("title", "").strip():
        yield "MissingElement: title"
    guid = item.find("guid")
    if guid is None or guid.get("isPermaLink") != "false":
        yield "InvalidPermalink"
    yield from _rfc822(item.findtext("pubDate", ""))
    for link in (*item.iterfind("link"), *item.iterfind("comments")):
        yield from _address(link.text or "")
    for name in ("description", f"{CONTENT}encoded"):
        yield from html(item.findtext(name, ""))
    if not [creator for creator in item.iterfind(CREATOR) if (creator.text or "").strip()]:
        yield "MissingElement: dc:creator"
    yield from _attached(item)


def _attached(item: etree._Element) -> Iterator[str]:
    for enclosure in item.iterfind("enclosure"):
        yield from _address(enclosure.get("url", ""))
        if not enclosure.get("length", "").isdigit() or not _MEDIA_TYPE.fullmatch(enclosure.get("type", "")):
            yield "MissingAttribute: enclosure"
    if len(item.findall("enclosure")) > 1:
        yield "DuplicateEnclosure"
    for source in item.iterfind("source"):
        yield from _address(source.get("url", ""))
        if not (source.text or "").strip():
            yield "MissingElement: source"
    for category in item.iterfind("category"):
        yield from _id(category.get("domain", "urn:uuid:missing"))
    for thumbnail in item.iterfind(f"{MEDIA}thumbnail"):
        yield from _address(thumbnail.get("url", ""))


_STRING = {"type": "string", "minLength": 1}
_WEB = {"type": "string", "pattern": r"^https?://[!-~]+$"}
_TIME = {"type": "string", "pattern": f"^(?:{_RFC3339.pattern})$"}
_AUTHORS = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "object", "minProperties": 1, "properties": {"name": _STRING, "url": _WEB, "avatar": _WEB}},
}
_CREDIT = {"title": _STRING, "url": _WEB, "feed": _WEB}
#: JSON Feed 1.1, and the extension that docs/feeds.md describes.
JSON_FEED: dict[str, Any] = {
    "type": "object",
    "required": ["version", "title", "items", "feed_url", "home_page_url", "authors"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": _STRING,
        "home_page_url": _WEB,
        "feed_url": _WEB,
        "language": {"type": "string", "pattern": f"^(?:{_LANGUAGE.pattern})$"},
        "authors": _AUTHORS,
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "title", "content_html", "date_published", "authors", "_source"],
                "additionalProperties": False,
                "properties": {
                    "id": _STRING,
                    "url": _WEB,
                    "title": _STRING,
                    "content_html": {"type": "string"},
                    "summary": _STRING,
                    "image": _WEB,
                    "date_published": _TIME,
                    "date_modified": _TIME,
                    "authors": _AUTHORS,
                    "tags": {"type": "array", "items": _STRING, "uniqueItems": True},
                    "language": {"type": "string", "pattern": f"^(?:{_LANGUAGE.pattern})$"},
                    "attachments": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "required": ["url", "mime_type"],
                            "properties": {
                                "url": _WEB,
                                "mime_type": {"type": "string", "pattern": f"^(?:{_MEDIA_TYPE.pattern})$"},
                                "title": _STRING,
                                "size_in_bytes": {"type": "integer", "minimum": 0},
                                "duration_in_seconds": {"type": "number", "minimum": 0},
                            },
                            "additionalProperties": False,
                        },
                    },
                    "_source": {
                        "type": "object",
                        "required": ["about", "title"],
                        "additionalProperties": False,
                        "properties": {
                            "about": _WEB,
                            **_CREDIT,
                            "via": {"type": "object", "required": ["title"], "properties": _CREDIT},
                            "also_in": {
                                "type": "array",
                                "minItems": 1,
                                "items": {"type": "object", "properties": {**_CREDIT, "link": _WEB}},
                            },
                        },
                    },
                },
            },
        },
    },
}
_VALIDATOR = jsonschema.Draft202012Validator(JSON_FEED)


def json_feed(body: bytes, location: str | None = None) -> list[str]:
    """Return the faults of a JSON Feed."""
    read = json.loads(body)
    faults = [f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in _VALIDATOR.iter_errors(read)]
    if location and read["feed_url"] != location:
        faults.append(f"SelfDoesntMatchLocation: {read['feed_url']} is at {location}")
    for item in read["items"]:
        faults += [f"{fault} in {item['id']}" for fault in html(item.get("content_html", ""))]
    items = read["items"]
    faults += _order([item["id"] for item in items], [item["date_published"] for item in items])
    return faults + (["BadCharacters"] if _BAD.search(body.decode()) and _strings(read) else [])


def _strings(value: Any) -> bool:
    if isinstance(value, str):
        return _BAD.search(value) is not None
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_strings, parts))


def opml(body: bytes) -> list[str]:
    """Return the faults of an OPML 2.0 document of subscriptions."""
    return list(_opml(etree.parse(io.BytesIO(body)).getroot()))


def _opml(root: etree._Element) -> Iterator[str]:
    yield from _characters(root)
    if (root.tag, root.get("version")) != ("opml", "2.0"):
        yield "InvalidOPMLVersion"
    if not root.findtext("head/title", "").strip():
        yield "MissingElement: title"
    yield from _rfc822(root.findtext("head/dateCreated", ""))
    for outline in root.iter("outline"):
        if not outline.get("text", "").strip():
            yield "MissingAttribute: text"
        if outline.get("type") == "rss":
            yield from _address(outline.get("xmlUrl", ""))
            yield from _address(outline.get("htmlUrl", "https://none.example/"))
        elif not len(outline):
            yield "MissingAttribute: an outline that is neither folder nor feed"
