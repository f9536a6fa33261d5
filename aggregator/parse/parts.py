"""The parts of feeds and entries: feedparser's dictionaries → people, links, tags, pictures, times."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from msgspec.structs import replace

from aggregator import pictures, text, urls
from aggregator.models import Link, Person, Tag
from aggregator.parse import dates
from aggregator.parse.heard import UNSAID

#: So many entries of a document are read: the longest of 100 feeds met has 1,046, whole archives have some thousands.
_MOST_ENTRIES = 20_000

_PAGES = (None, "text/html", "application/xhtml+xml")
T = TypeVar("T")

#: What feeds enclose, by the end of its name (IANA's registry of media types).  A table of the machine's, or of
#: Python's, would make other outputs elsewhere.
_MEDIA_TYPES = {
    "aac": "audio/aac",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "epub": "application/epub+zip",
    "flac": "audio/flac",
    "gif": "image/gif",
    "heic": "image/heic",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "m4a": "audio/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "torrent": "application/x-bittorrent",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "zip": "application/zip",
}

#: YouTube names a player that no browser runs any more.
_FLASH = "application/x-shockwave-flash"

# RFC 4287, section 4.2.7.2: a registered relation may be named by its whole IRI.
_REGISTRY = "http://www.iana.org/assignments/relation/"
# RFC 8288, section 3.3.
_RELATION = re.compile(r"[a-z][a-z0-9.-]*")


def first(entries: Sequence[T]) -> tuple[Sequence[T], str | None]:
    """Return as many of ``entries`` as are read, and a warning when others are left out."""
    if len(entries) <= _MOST_ENTRIES:
        return entries, None
    warning = f"{len(entries):,} entries are too many: the first {_MOST_ENTRIES:,} were read, the others left out"
    return entries[:_MOST_ENTRIES], warning


#: What feedparser has under a key, or None.  FeedParserDict's own ``get("updated")`` silently means published.
value: Callable[[dict[str, Any], str], Any] = dict.get


def string(data: dict[str, Any], key: str) -> str | None:
    """Return the string under ``key`` without blanks around it and without illegal characters; None where empty."""
    said = value(data, key)
    if not said or not isinstance(said, str):
        return None
    return (said if said.isprintable() else text.legal(said)).strip() or None


def address(reference: object) -> str | None:
    """Return ``reference``, which feedparser resolved, as an http(s) address, or None."""
    return urls.absolute(reference.removesuffix(UNSAID)) if isinstance(reference, str) else None


def time(data: dict[str, Any], key: str) -> datetime | None:
    """Return the time under ``key``, or None when it is none."""
    return dates.moment(string(data, key), named=True)


def people(raw: Iterable[dict[str, Any]] | None) -> tuple[Person, ...]:
    """Return each person once, by name; one without a name is called by the address of e-mail."""
    if not raw:
        return ()
    found: dict[str, Person] = {}
    for person in raw:
        email = string(person, "email")
        name = text.plain(string(person, "name") or "") or email
        if name:
            found.setdefault(name, Person(name=name, uri=address(value(person, "href")), email=email))
    return tuple(found.values())


def tags(item: dict[str, Any]) -> tuple[Tag, ...]:
    """Return the entry's categories, each once; a scheme that is no IRI (RSS ``domain``) is left out."""
    found = value(item, "tags")
    return tuple(dict.fromkeys(_tags(found))) if found else ()


def _tags(found: Iterable[dict[str, Any]]) -> Iterator[Tag]:
    for raw in found:
        label = text.plain(string(raw, "label") or "") or None
        term = text.plain(string(raw, "term") or "") or label
        scheme = string(raw, "scheme")
        if term:
            yield Tag(term=term, scheme=scheme if urls.valid_id(scheme) else None, label=label)


def links(data: dict[str, Any]) -> Iterator[Link]:
    """Return the links of a feed or an entry as they came: a type is one that was given."""
    for raw in value(data, "links") or ():
        href = address(value(raw, "href"))
        if href:
            yield Link(
                href=href,
                rel=_relation(string(raw, "rel") or "alternate"),
                type=None if value(raw, "untyped") else string(raw, "type"),
                title=text.one_line(string(raw, "title") or "") or None,
                hreflang=text.language_tag(string(raw, "hreflang")),
                length=_length(value(raw, "length")),
            )


@lru_cache(maxsize=16)  # of all entries it is the same few
def _relation(said: str) -> str:
    name = said.removeprefix(_REGISTRY)
    if _RELATION.fullmatch(name.lower()):
        return name.lower()
    return name if urls.valid_id(name) else "related"


def page(found: Iterable[Link]) -> str | None:
    """Return the address of the page among ``found``: the first alternate in HTML, else the first of any type."""
    alternates = [link for link in found if link.rel == "alternate"]
    return min(alternates, key=lambda link: link.type not in _PAGES).href if alternates else None


def entry_links(item: dict[str, Any]) -> Iterator[Link]:
    """Return the links of an entry, each once: its own, its comments, its media, content that is elsewhere."""
    seen: set[tuple[str, str]] = set()
    for link in (*links(item), *_elsewhere(item), *_comments(item), *_media(item)):
        if link.rel == "enclosure" and link.type is None:
            link = replace(link, type=_guessed(link.href))
        if link.rel == "enclosure" and (link.type or "").startswith("image/") and _is_seen(link.href, item):
            continue
        if (link.rel, link.href) not in seen:
            seen.add((link.rel, link.href))
            yield link


def _elsewhere(item: dict[str, Any]) -> Iterator[Link]:
    # RFC 4287, section 4.1.3.2: content by reference; a page is the entry's, anything else a file that belongs to it.
    for raw in value(item, "content") or ():
        src = string(raw, "src")
        href = urls.absolute(src, string(raw, "base")) if src else None
        if href:
            kind = string(raw, "type")
            yield Link(href=href, rel="alternate" if kind in _PAGES else "enclosure", type=kind)


def _comments(item: dict[str, Any]) -> Iterator[Link]:
    href = address(string(item, "comments"))
    if href:
        yield Link(href=href, rel="replies", type="text/html")


def _media(item: dict[str, Any]) -> Iterator[Link]:
    for raw in value(item, "media_content") or ():
        href, kind = address(value(raw, "url")), string(raw, "type")
        if href and kind != _FLASH and not (value(raw, "medium") == "image" and _is_seen(href, item)):
            yield Link(href=href, rel="enclosure", type=kind, length=_length(value(raw, "filesize")))


def _is_seen(picture: str, item: dict[str, Any]) -> bool:
    # WordPress.com names the author's portrait, then each picture of the article: readers would show all of them twice.
    if pictures.is_aside(picture):
        return True
    place = picture.partition("?")[0].partition("//")[2]
    path = place[len(place.partition("/")[0]) :]
    shown = (place, f'"{path}', f"'{path}") if len(path) > 1 else (place,)
    bodies = (*(value(item, "content") or ()), value(item, "summary_detail") or {})
    return any(address in (value(body, "value") or "") for body in bodies for address in shown)


def image(item: dict[str, Any]) -> str | None:
    """Return the address of the picture that an entry names for itself: its thumbnail, else another image of it."""
    return next((href for href in map(address, _images(item)) if href and not pictures.is_aside(href)), None)


def _images(item: dict[str, Any]) -> Iterator[object]:
    # GitHub's is a portrait of 30 pixels.
    yield from (value(raw, "url") for raw in value(item, "media_thumbnail") or () if not pictures.is_small(raw))
    yield from (value(raw, "url") for raw in value(item, "media_content") or () if _is_image(raw))
    yield value(value(item, "image") or {}, "href")
    for raw in value(item, "links") or ():
        if value(raw, "rel") == "enclosure" and _is_image(raw):
            yield value(raw, "href")


def _is_image(raw: dict[str, Any]) -> bool:
    kind = string(raw, "type") or _guessed(string(raw, "url") or string(raw, "href") or "") or ""
    return value(raw, "medium") == "image" or kind.startswith("image/")


def _guessed(href: str) -> str | None:
    path = href.partition("#")[0].partition("?")[0]
    _, dot, ending = path.rpartition("/")[2].rpartition(".")
    return _MEDIA_TYPES.get(ending.lower()) if dot else None


def _length(said: object) -> int | None:
    digits = said.strip() if isinstance(said, str) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 and int(digits) else None
