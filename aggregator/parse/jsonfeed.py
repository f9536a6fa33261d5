"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1), which feedparser 6.0 does not read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from aggregator import text, urls
from aggregator.errors import ParseError
from aggregator.models import Entry, Feed, FeedInfo, Link, Person, Tag, Text
from aggregator.parse import dates, decode, parts

_VERSION = "https://jsonfeed.org/version/"
_MOST_DIGITS = 1000

JsonObject = dict[str, Any]


def _integer(digits: str) -> int | str:
    # Python reads no longer ones; of an id, which may be one, the digits count.
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


#: Some leave line breaks and other controls in strings.
_DECODER = json.JSONDecoder(strict=False, parse_int=_integer)


def parse(body: bytes, content_type: str, url: str) -> Feed:
    """Return the feed in ``body``; see ``aggregator.parse.parse``."""
    document, misnamed = decode.decoded(body, content_type)
    data, fault = _loaded(document)
    items = data.get("items")
    if not isinstance(items, list):
        raise ParseError("the JSON Feed has no list of items")
    objects = [item for item in items if isinstance(item, dict)]
    odd = len(items) - len(objects)
    found, left_out = parts.first(objects)
    warnings = (f"{odd} items are no objects and were left out" if odd else None, fault, misnamed, left_out)
    entries = tuple(_entry(item, url) for item in found)
    return Feed(info=_info(data, url), entries=entries, warnings=tuple(filter(None, warnings)), format="json1")


def _loaded(document: str) -> tuple[JsonObject, str | None]:
    start = document.lstrip("\ufeff \t\r\n\x00")
    try:
        data, end = _DECODER.raw_decode(start)
    except RecursionError as exc:
        raise ParseError("the answer is broken JSON: nested too deep") from exc
    except ValueError as exc:
        raise ParseError(f"the answer is broken JSON, or ends in the middle: {exc}") from exc
    version = data.get("version") if isinstance(data, dict) else None
    if not isinstance(version, str) or not version.replace("http:", "https:").startswith(_VERSION):
        raise ParseError("the answer is JSON, but no JSON Feed: it names no version of jsonfeed.org")
    # Caches put a comment of their own below whatever they keep.
    return data, "not well-formed: something stands behind the feed" if start[end:].strip("\x00 \t\r\n") else None


def _info(data: JsonObject, url: str) -> FeedInfo:
    return FeedInfo(
        title=_line(data, "title"),
        url=urls.absolute(_string(data, "feed_url"), url),
        link=urls.absolute(_string(data, "home_page_url"), url),
        authors=tuple(_people(data, url)),
        language=text.language_tag(_string(data, "language")),
    )


def _entry(item: JsonObject, url: str) -> Entry:
    content, summary = _bodies(item)
    return Entry(
        guid=_identifier(item),
        title=_text(item, "title"),
        content=content,
        summary=summary,
        link=urls.absolute(_string(item, "url"), url) or urls.absolute(_string(item, "external_url"), url),
        links=tuple(_links(item, url)),
        authors=tuple(_people(item, url)),
        tags=tuple(dict.fromkeys(Tag(term=term) for term in map(text.one_line, _strings(item.get("tags"))) if term)),
        published=_time(item, "date_published"),
        updated=_time(item, "date_modified"),
        image=urls.absolute(_string(item, "image"), url) or urls.absolute(_string(item, "banner_image"), url),
        language=text.language_tag(_string(item, "language")),
    )


def _bodies(item: JsonObject) -> tuple[Text | None, Text | None]:
    summary = _text(item, "summary")
    content = _text(item, "content_html", html=True) or _text(item, "content_text")
    return (content, summary) if content else (summary, None)


def _identifier(item: JsonObject) -> str | None:
    # Version 1.1: an id that is a number is to be taken as a string.
    number = _number(item.get("id"))
    return _string(item, "id") if number is None else str(number)


def _links(item: JsonObject, url: str) -> Iterator[Link]:
    link = urls.absolute(_string(item, "url"), url)
    if link:
        yield Link(href=link, type="text/html")
    external = urls.absolute(_string(item, "external_url"), url)
    if external and external != link:
        yield Link(href=external, rel="related" if link else "alternate")
    for raw in _objects(item.get("attachments")):
        href = urls.absolute(_string(raw, "url"), url)
        if href:
            yield Link(
                href=href,
                rel="enclosure",
                type=_string(raw, "mime_type"),
                title=_line(raw, "title"),
                length=_size(raw.get("size_in_bytes")),
            )


def _size(value: object) -> int | None:
    size = _number(value)
    return int(size) if size is not None and 1 <= size < 1e15 else None


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _people(data: JsonObject, url: str) -> Iterator[Person]:
    for raw in _objects(data.get("authors")) or _objects([data.get("author")]):
        name = _line(raw, "name") or _string(raw, "url")
        if name:
            yield Person(name=name, uri=urls.absolute(_string(raw, "url"), url))


def _text(data: JsonObject, key: str, *, html: bool = False) -> Text | None:
    value = _string(data, key)
    return Text(value=value, html=html) if value else None


def _line(data: JsonObject, key: str) -> str | None:
    return text.one_line(_string(data, key) or "") or None


def _string(data: JsonObject, key: str) -> str | None:
    value = data.get(key)
    return text.legal(value).strip() or None if isinstance(value, str) else None


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _objects(value: object) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _time(data: JsonObject, key: str) -> datetime | None:
    return dates.moment(_string(data, key))
