"""RSS and Atom in all their versions: what feedparser heard, as values of ours."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from aggregator import text, urls
from aggregator.errors import ParseError
from aggregator.models import Entry, Feed, FeedInfo, Text
from aggregator.parse import decode, hints, lane, parts, repair
from aggregator.parse.heard import UNSAID, Heard
from aggregator.parse.parts import address, string, value

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
#: Blogger makes plain text of an article by taking out its tags, and leaves its references.
_BLOGGER = "tag:blogger.com,1999:"
_USUAL_TYPES = _HTML_TYPES | {"text/plain"}


def hear(document: str, url: str) -> Heard:
    """Return what ``document`` says: what the fast lane hears, else what feedparser hears."""
    return lane.hear(document, url) or by_feedparser(document, url)


def by_feedparser(document: str, url: str) -> Heard:
    """Return what feedparser hears of ``document``; raises its helpers' errors, too."""
    from aggregator.parse import reader  # feedparser takes 0.1 s to import, and most runs can do without

    return reader.hear(document, url)


def parse(body: bytes, content_type: str, url: str, hear: Callable[[str, str], Heard] = hear) -> Feed:
    """Return the feed in ``body``; see ``aggregator.parse.parse``."""
    document, misnamed = decode.decoded(body, content_type)
    try:
        heard = hear(repair.without_doctype(document), url)
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as exc:
        # feedparser lets its helpers' errors through.
        raise ParseError(f"the answer cannot be read as a feed: {type(exc).__name__}") from exc
    _demand_feed(heard, document)
    found, left_out = parts.first(heard.entries)
    warnings = (f"not well-formed: {heard.fault}" if heard.fault else None, misnamed, left_out)
    return Feed(
        info=_info(heard.feed),
        entries=tuple(map(_entry, found)),
        deleted=heard.deleted,
        hints=hints.hints(heard.feed),
        warnings=tuple(filter(None, warnings)),
        format=heard.version,
    )


def _demand_feed(heard: Heard, document: str) -> None:
    if heard.version:
        return
    repair.demand_no_page(document)
    if not heard.entries:
        reason = heard.fault or "it has neither the elements of RSS nor those of Atom"
        raise ParseError(f"the answer is no feed: {reason}")


def _info(data: dict[str, Any]) -> FeedInfo:
    links = tuple(parts.links(data))
    own = next((link.href for link in links if link.rel == "self"), None)
    return FeedInfo(
        id=string(data, "id"),
        title=_plain(data, "title"),
        url=own or address(value(data, "href")),
        link=parts.page(links),
        updated=parts.time(data, "updated") or parts.time(data, "published") or parts.time(data, "created"),
        authors=parts.people(value(data, "authors")),
        rights=_plain(data, "rights"),
        language=text.language_tag(string(data, "language")),
    )


def _entry(item: dict[str, Any]) -> Entry:
    content, summary = _bodies(item)
    links = tuple(parts.entry_links(item))
    # The proxy's address changes with the proxy; the entry's own is what feedburner calls origLink.
    link, proxy = address(string(item, "feedburner_origlink")), parts.page(links)
    if link:
        links = tuple(each for each in links if each.href != proxy)
    return Entry(
        guid=string(item, "id"),
        title=_said(item, "title"),
        content=content,
        summary=summary,
        link=link or proxy or _permalink(item),
        links=links,
        authors=parts.people(value(item, "authors")),
        contributors=parts.people(value(item, "contributors")),
        tags=parts.tags(item),
        published=parts.time(item, "published") or parts.time(item, "created"),
        updated=parts.time(item, "updated"),
        image=parts.image(item),
        rights=_plain(item, "rights"),
        language=_language(item),
        source=_source(item),
    )


def _source(item: dict[str, Any]) -> FeedInfo | None:
    said = value(item, "source")
    source = _info(said) if said else None
    return source if source != FeedInfo() else None


def _permalink(item: dict[str, Any]) -> str | None:
    # RSS 2.0: a guid is the entry's address unless it says that it is not.  Many are bare numbers and do not say so.
    return urls.absolute(string(item, "id")) if value(item, "guidislink") else None


def _bodies(item: dict[str, Any]) -> tuple[Text | None, Text | None]:
    summary, podcast = _summary(item), _text(value(item, "itunes_summary_detail"))
    found = tuple(filter(None, (summary, podcast)))
    contents = tuple(filter(None, map(_text, value(item, "content") or ())))
    if contents:
        content = max(contents, key=lambda each: (each.html, len(each.value)))
        found = (content, *(each for each in found if each.value != content.value))  # feedparser copies a lone content
    if not found:
        return _text(value(item, "media_description_detail")), None
    return found[0], (found[1] if len(found) > 1 else None)


def _summary(item: dict[str, Any]) -> Text | None:
    found = _text(value(item, "summary_detail") or {"value": value(item, "summary"), "type": "text/html"})
    if found and not found.html and "&" in found.value and (string(item, "id") or "").startswith(_BLOGGER):
        return replace(found, value=html.unescape(found.value))
    return found


def _text(detail: dict[str, Any] | None) -> Text | None:
    said = string(detail, "value") if detail else None
    if not detail or not said:
        return None
    kind = value(detail, "type")
    kind = kind if kind in _USUAL_TYPES else string(detail, "type") or "text/plain"
    if kind not in _HTML_TYPES and not kind.startswith("text/"):
        return None  # RFC 4287, section 4.1.3.3: a picture in base64, or XML that is not for reading
    return Text(value=said, html=kind in _HTML_TYPES, base=_base(detail), language=_tag(detail))


def _base(detail: dict[str, Any]) -> str | None:
    said = value(detail, "base")
    base = string(detail, "base") if said and not said.endswith(UNSAID) else None
    return base if base and not base.endswith(UNSAID) else None


def _tag(detail: dict[str, Any]) -> str | None:
    return text.language_tag(string(detail, "language")) if value(detail, "language") else None


def _said(data: dict[str, Any], key: str) -> Text | None:
    found = _text(value(data, f"{key}_detail"))
    return found or (_text({"value": value(data, key)}) if value(data, key) else None)


def _plain(data: dict[str, Any], key: str) -> str | None:
    found = _said(data, key)
    if found is None:
        return None
    return (text.plain(found.value) if found.html else text.one_line(found.value)) or None


def _language(item: dict[str, Any]) -> str | None:
    details = (*(value(item, "content") or ()), value(item, "summary_detail") or {}, value(item, "title_detail") or {})
    return next((tag for detail in details if (tag := _tag(detail))), None)
