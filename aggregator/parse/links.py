"""The feeds that a web page links to (autodiscovery)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from aggregator import text, urls
from aggregator.models import Link

#: So many links are worth a try.
_MOST = 10
#: Media types of feeds.
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"})
#: Types of feeds that are more often something else: an API, a map of the site.
_VAGUE_TYPES = frozenset({"application/json", "text/xml", "application/xml"})
#: A page's head is at its beginning; what is behind this many characters is not looked at.
_HEAD = 200_000

# Patterns that read each character once: on 180 kB of "<a " the parser of Python's library took nine minutes.
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|template|textarea|title|noscript)\b.*?(?:</\1|\Z)"
    r"|<(base|link)(?=[\s/])((?:[^<>\"']|\"[^\"]{0,2000}+\"|'[^']{0,2000}+')*+)>",
    re.DOTALL | re.IGNORECASE,
)
# RFC 8288, section 3.
_PARAMETER = re.compile(r"""\s*+;\s*+([\w*-]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^\s;,"]*+)""")
_LINK = re.compile(r"""<([^<>]*+)>((?:\s*+;\s*+[\w*-]++(?:\s*+=\s*+(?:"(?:[^"\\]|\\.)*+"|[^\s;,"]*+))?)*+)""")
_UNQUOTED = re.compile(r"\\(.)")
_ATTRIBUTE = re.compile(r"([^\s\"'/=]+)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"']++)))?")


def feed_links(page: str, url: str, header: str = "") -> tuple[Link, ...]:
    """Return the feeds that the answer ``page`` names as ``rel=alternate``, each once, at most ten.

    Those in ``header``, its Link header, come first, then those of its ``link`` elements, in their order; feeds of
    comments come last.  Links of a vague type count where there are no others.  ``url`` is the page's address; for
    elements ``base href`` counts.
    """
    found: dict[str, Link] = {}
    for link in (*_header_links(header, url), *_links(page[:_HEAD], url)):
        found.setdefault(link.href, link)
    clear = [link for link in found.values() if link.type in _FEED_TYPES]
    return tuple(sorted(clear or found.values(), key=_is_comments))[:_MOST]


def _header_links(header: str, url: str) -> Iterator[Link]:
    for target, parameters in _LINK.findall(header[:_HEAD]):
        values = {
            name.lower(): _UNQUOTED.sub(r"\1", value.strip('"')) for name, value in _PARAMETER.findall(parameters)
        }
        link = _link({"href": target, **values}, url)
        if link:
            yield link


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
    if href is None or "alternate" not in rels or "stylesheet" in rels or kind not in _FEED_TYPES | _VAGUE_TYPES:
        return None
    return Link(href=href, type=kind, title=text.one_line(values.get("title", "")) or None)
