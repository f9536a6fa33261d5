"""The feeds that a web page links to (autodiscovery)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from aggregator import text, urls
from aggregator.models import Link

#: Media types of feeds; text/xml and application/xml are met, too, but say little.
_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/json", "application/rdf+xml"}
    | {"text/xml", "application/xml"}
)
#: A page's head is at its beginning; what is behind this many characters is not looked at.
_HEAD = 200_000

# Patterns that read each character once: on 180 kB of "<a " the parser of Python's library took nine minutes.
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|template|textarea|title|noscript)\b.*?(?:</\1|\Z)"
    r"|<(base|link)(?=[\s/])((?:[^<>\"']|\"[^\"]{0,2000}+\"|'[^']{0,2000}+')*+)>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"([^\s\"'/=]+)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"']++)))?")


def feed_links(page: str, url: str) -> tuple[Link, ...]:
    """Return the ``link rel=alternate`` elements of ``page`` that name feeds, in their order, each once.

    ``url`` is the page's address; ``base href`` counts.  Feeds of comments come last.
    """
    found: dict[str, Link] = {}
    for link in _links(page[:_HEAD], url):
        found.setdefault(link.href, link)
    return tuple(sorted(found.values(), key=_is_comments))


def _is_comments(link: Link) -> bool:
    return "comment" in f"{link.title or ''} {link.href}".lower()


def _links(page: str, url: str) -> Iterator[Link]:
    base = url
    for tag in _TAG.finditer(page):
        name, values = (tag[2] or "").lower(), _attributes(tag[3] or "")
        if name == "base" and base == url and values.get("href"):
            base = urls.absolute(values["href"], url) or url
        link = _link(values, base) if name == "link" else None
        if link:
            yield link


def _attributes(written: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(written):
        found.setdefault(name.lower(), html.unescape("".join(values)))
    return found


def _link(values: dict[str, str], base: str) -> Link | None:
    kind = values.get("type", "").partition(";")[0].strip().lower()
    href = urls.absolute(values.get("href"), base)
    rels = values.get("rel", "").lower().split()
    if href is None or "alternate" not in rels or "stylesheet" in rels or kind not in _FEED_TYPES:
        return None
    return Link(href=href, type=kind, title=text.one_line(values.get("title", "")) or None)
