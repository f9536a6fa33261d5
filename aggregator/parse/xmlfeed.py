"""RSS and Atom in all their versions; the one place that knows feedparser.

feedparser's own cleaning and resolving of HTML are switched off: they take most of its time, and our rules
for both are stricter (``sanitise``).
"""

from __future__ import annotations

import io
import mimetypes
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from time import struct_time
from typing import Any
from xml.sax import SAXParseException

import feedparser

from aggregator import text, urls
from aggregator.errors import ParseError
from aggregator.models import Entry, Feed, FeedInfo, Hints, Link, Person, Tag, Text

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "html", "xhtml"})
_ROOT_CLOSED = re.compile(rb"</\s*(?:[\w.-]+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
_PAGE = re.compile(rb"<\s*(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}


def parse(body: bytes, content_type: str, url: str) -> Feed:
    """Return the feed in ``body``; see ``aggregator.parse.parse``."""
    headers = {"content-location": url}
    if content_type:
        headers["content-type"] = content_type
    try:
        # BytesIO, always: given bytes or str, feedparser opens a file or an address that they spell.
        parsed = feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except (ValueError, LookupError, RecursionError, AttributeError, TypeError, AssertionError) as exc:
        # feedparser lets its helpers' errors through, e.g. UnicodeEncodeError for a reference to a surrogate.
        raise ParseError(f"the answer cannot be read as a feed: {type(exc).__name__}") from exc
    _demand_feed(parsed, body)
    entries = tuple(_entry(item, url) for item in parsed.entries)
    warnings = (f"not well-formed: {_reason(parsed)}",) if parsed.bozo and _syntax_error(parsed) else ()
    return Feed(
        info=_info(parsed.feed),
        entries=entries,
        hints=_hints(parsed.feed, body),
        warnings=warnings,
        format=parsed.version,
    )


def _demand_feed(parsed: Any, body: bytes) -> None:
    # bozo is no verdict: an HTML page gives bozo False, a good feed served as text/plain gives bozo True.
    if not parsed.version and not parsed.entries:
        if _PAGE.search(body[:4096]):
            raise ParseError("the answer is a web page, no feed; 'aggregator add' finds the feed behind a page")
        raise ParseError(f"the answer is no feed: {_reason(parsed)}")
    if parsed.bozo and _syntax_error(parsed) and not _ROOT_CLOSED.search(body[-4096:].replace(b"\x00", b"")):
        raise ParseError("the document ends in the middle; it will be asked for again")


def _syntax_error(parsed: Any) -> bool:
    return not isinstance(
        parsed.get("bozo_exception"), (feedparser.NonXMLContentType, feedparser.CharacterEncodingOverride)
    )


def _reason(parsed: Any) -> str:
    exc = parsed.get("bozo_exception")
    if isinstance(exc, SAXParseException):
        return f"{exc.getMessage()} in line {exc.getLineNumber()}"
    return text.one_line(str(exc))[:160] if exc else "it has neither the elements of RSS nor those of Atom"


def _info(data: Mapping[str, Any]) -> FeedInfo:
    links = _links(data)
    return FeedInfo(
        id=_string(data, "id"),
        title=_plain(data, "title"),
        url=urls.absolute(_first_href(links, "self") or _string(data, "href")),
        link=urls.absolute(_string(data, "link")),
        updated=_time(data, "updated_parsed") or _time(data, "published_parsed"),
        authors=_people(data.get("authors")),
        rights=_plain(data, "rights"),
        language=_string(data, "language"),
    )


def _entry(item: Mapping[str, Any], url: str) -> Entry:
    content, summary = _bodies(item, url)
    links = tuple(_entry_links(item))
    return Entry(
        guid=_string(item, "id"),
        title=_text(_get(item, "title_detail"), url) or _text({"value": _get(item, "title")}, url),
        content=content,
        summary=summary,
        # The proxy's address changes with the proxy; the entry's own is what feedburner calls origLink.
        link=urls.absolute(_string(item, "feedburner_origlink")) or urls.absolute(_string(item, "link")),
        links=links,
        authors=_people(_get(item, "authors")),
        contributors=_people(_get(item, "contributors")),
        tags=tuple(_tags(item)),
        published=_time(item, "published_parsed") or _time(item, "created_parsed"),
        updated=_time(item, "updated_parsed"),
        image=_image(item),
        rights=_plain(item, "rights"),
        language=_language(item),
        source=_info(item["source"]) if _get(item, "source") else None,
    )


def _bodies(item: Mapping[str, Any], url: str) -> tuple[Text | None, Text | None]:
    contents = [found for found in (_text(detail, url) for detail in _get(item, "content") or ()) if found]
    content = max(contents, key=lambda found: (found.html, len(found.value)), default=None)
    bare = {"value": _get(item, "summary"), "type": "text/html"}
    summary = _text(_get(item, "summary_detail"), url) or _text(bare, url)
    if content and summary and summary.value == content.value:
        summary = None  # feedparser copies a lone content to the summary
    return (content, summary) if content else (summary, None)


def _text(detail: Mapping[str, Any] | None, url: str) -> Text | None:
    if not detail or not detail.get("value"):
        return None
    base = detail.get("base")
    return Text(
        value=detail["value"],
        html=detail.get("type") in _HTML_TYPES,
        # Only what xml:base says is a base; the document's own address is none for an article elsewhere.
        base=base if base and base != url else None,
        language=detail.get("language") or None,
    )


def _plain(data: Mapping[str, Any], key: str) -> str | None:
    found = _text(_get(data, f"{key}_detail"), "") or _text({"value": _get(data, key)}, "")
    if found is None:
        return None
    return (text.plain(found.value) if found.html else text.one_line(found.value)) or None


def _links(item: Mapping[str, Any]) -> Iterator[Link]:
    for raw in _get(item, "links") or ():
        href = urls.absolute(raw.get("href"))
        if href:
            yield Link(
                href=href,
                rel=raw.get("rel") or "alternate",
                type=raw.get("type") or None,
                title=raw.get("title") or None,
                hreflang=raw.get("hreflang") or None,
                length=_length(raw.get("length")),
            )


def _entry_links(item: Mapping[str, Any]) -> Iterator[Link]:
    seen: set[tuple[str, str]] = set()
    for link in (*_links(item), *_comments(item), *_media(item)):
        if link.rel == "enclosure" and link.type in (None, "text/html"):
            # feedparser says text/html where a link names no type, which no enclosure is.
            link = Link(href=link.href, rel=link.rel, type=_guessed(link.href), title=link.title, length=link.length)
        if (link.rel, link.href) not in seen:
            seen.add((link.rel, link.href))
            yield link


def _comments(item: Mapping[str, Any]) -> Iterator[Link]:
    href = urls.absolute(_string(item, "comments"))
    if href:
        yield Link(href=href, rel="replies", type="text/html")


def _media(item: Mapping[str, Any]) -> Iterator[Link]:
    for raw in _get(item, "media_content") or ():
        href = urls.absolute(raw.get("url"))
        if href:
            yield Link(href=href, rel="enclosure", type=raw.get("type"), length=_length(raw.get("filesize")))


def _image(item: Mapping[str, Any]) -> str | None:
    candidates: list[str | None] = [raw.get("url") for raw in _get(item, "media_thumbnail") or ()]
    candidates += [raw.get("url") for raw in _get(item, "media_content") or () if _is_image(raw)]
    candidates += [(_get(item, "image") or {}).get("href")]
    candidates += [
        raw.get("href") for raw in _get(item, "links") or () if raw.get("rel") == "enclosure" and _is_image(raw)
    ]
    return next(filter(None, map(urls.absolute, candidates)), None)


def _is_image(raw: Mapping[str, Any]) -> bool:
    kind = raw.get("type") or _guessed(raw.get("url") or raw.get("href") or "") or ""
    return raw.get("medium") == "image" or kind.startswith("image/")


def _guessed(href: str) -> str | None:
    return mimetypes.guess_type(href.partition("?")[0])[0]


def _length(value: object) -> int | None:
    digits = str(value or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 and int(digits) else None


def _people(raw: Iterable[Mapping[str, Any]] | None) -> tuple[Person, ...]:
    found: dict[str, Person] = {}
    for person in raw or ():
        email = _string(person, "email")
        name = text.plain(_string(person, "name") or "") or email
        if name:
            found.setdefault(name, Person(name=name, uri=urls.absolute(_string(person, "href")), email=email))
    return tuple(found.values())


def _tags(item: Mapping[str, Any]) -> Iterator[Tag]:
    for raw in _get(item, "tags") or ():
        term = text.plain(raw.get("term") or raw.get("label") or "")
        if term:
            scheme = raw.get("scheme")
            yield Tag(term=term, scheme=scheme if urls.valid_id(scheme) else None, label=raw.get("label") or None)


def _language(item: Mapping[str, Any]) -> str | None:
    details = (*(_get(item, "content") or ()), _get(item, "summary_detail") or {}, _get(item, "title_detail") or {})
    return next((detail["language"] for detail in details if detail.get("language")), None)


def _first_href(links: Iterable[Link], rel: str) -> str | None:
    return next((link.href for link in links if link.rel == rel), None)


def _time(item: Mapping[str, Any], key: str) -> datetime | None:
    parsed = _get(item, key)
    if not isinstance(parsed, struct_time):
        return None
    try:
        return datetime(*parsed[:5], min(parsed[5], 59), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None  # years 0, -1 and 10000 come out of feedparser


def _string(item: Mapping[str, Any], key: str) -> str | None:
    value = _get(item, key)
    return value.strip() or None if isinstance(value, str) else None


def _get(item: Mapping[str, Any], key: str) -> Any:
    # dict.get on purpose: FeedParserDict.get("updated") silently means published.
    return dict.get(item, key) if isinstance(item, dict) else item.get(key)


def _hints(data: Mapping[str, Any], body: bytes) -> Hints:
    return Hints(
        interval=_ttl(_string(data, "ttl")) or _syndication(data),
        skip_hours=frozenset(hour % 24 for hour in _numbers(_block(body, b"skipHours"), b"hour") if 0 <= hour <= 24),
        skip_days=frozenset(_days(_block(body, b"skipDays"))),
    )


def _ttl(value: str | None) -> timedelta | None:
    if value and value.isascii() and value.isdigit() and len(value) < 8 and int(value):
        return timedelta(minutes=int(value))
    return None


def _syndication(data: Mapping[str, Any]) -> timedelta | None:
    period = _PERIODS.get((_string(data, "sy_updateperiod") or "").lower())
    frequency = _string(data, "sy_updatefrequency") or "1"
    if period is None or not frequency.isascii() or not frequency.isdigit() or not 0 < int(frequency[:6]) < 10_000:
        return None
    return period / int(frequency[:6])


def _block(body: bytes, name: bytes) -> bytes:
    # feedparser keeps the last hour and the last day only.
    start = body.find(b"<" + name + b">")
    end = body.find(b"</" + name + b">", start)
    return body[start:end] if 0 <= start < end < start + 4096 else b""


def _numbers(block: bytes, name: bytes) -> Iterator[int]:
    for found in re.finditer(rb"<" + name + rb">\s*(\d{1,2})\s*</" + name + rb">", block):
        yield int(found[1])


def _days(block: bytes) -> Iterator[int]:
    for found in re.finditer(rb"<day>\s*([A-Za-z]+)\s*</day>", block):
        name = found[1].decode("ascii").lower()
        if name in _WEEKDAYS:
            yield _WEEKDAYS.index(name)
