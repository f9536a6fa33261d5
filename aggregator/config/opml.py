"""Subscriptions of other feed readers: OPML → values.  The one place that knows listparser."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

import listparser
from lxml import etree

from aggregator import text, urls
from aggregator.config.values import feed_address
from aggregator.errors import ConfigError
from aggregator.models import MOST_LEVELS, Subscription

_MOST_BYTES = 10_000_000
_MOST_OUTLINES = 50_000
_DEEPEST = 64
#: listparser compares each category of a feed with all others: without bounds, 1 MB takes it minutes.
_MOST_REPEATS = 50
_LONGEST_CATEGORY = 500

_DECLARED = re.compile(rb"<\?xml[^>]{0,80}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
#: Character encodings; Python's other codecs unpack archives, or take square time.
_ENCODINGS = re.compile(r"utf-8|ascii|iso8859-\d+|cp\d+|gb\w+|big5\w*|shift_jis\w*|euc_\w+|koi8-\w")


def read_opml(body: bytes) -> tuple[Subscription, ...]:
    """Return the feeds that an OPML document lists, each once, with the outlines around it as its category.

    What is no http(s) or rsshub address is left out; so are user names and passwords, names without letter or
    digit, and what is nested deeper than a category can be.  Names that make the same folder are spelled as the
    first of them.  Raises ConfigError when ``body`` is no OPML, or larger than any list of subscriptions is.
    """
    if len(body) > _MOST_BYTES:
        raise ConfigError(f"this OPML file is larger than {_MOST_BYTES // 10**6} MB; import it in parts")
    # A byte order mark: the parser takes what follows for UTF-8, whatever the document declares.
    document = codecs.BOM_UTF8 + _decoded(body).encode("utf-8", "replace")
    try:
        # The stubs ask for more methods than lxml does.
        etree.parse(BytesIO(document), etree.HTMLParser(target=_Bounds()))  # type: ignore[arg-type]
        parsed = listparser.parse(document)
    except (etree.LxmlError, LookupError, ValueError, TypeError, AttributeError) as exc:
        raise ConfigError("this OPML file cannot be read; export it from the other program once more") from exc
    if not str(parsed.version).startswith("opml"):
        raise ConfigError("this is no OPML file: it has no <opml> element")
    return _subscriptions(parsed.feeds)


class _Bounds:
    """Looks at a document as listparser will, and refuses what would take it hours."""

    def __init__(self) -> None:
        self._depth = self._outlines = 0
        self._addresses: Counter[str] = Counter()

    def start(self, tag: Any, attrib: dict[Any, Any]) -> None:
        if not tag.endswith("outline"):
            return
        address = attrib.get("xmlurl") or ""
        self._depth += 1
        self._outlines += 1
        self._addresses[address] += bool(address)
        if self._depth > _DEEPEST:
            raise ConfigError(f"this OPML file nests outlines more than {_DEEPEST} deep")
        if self._outlines > _MOST_OUTLINES:
            raise ConfigError(f"this OPML file has more than {_MOST_OUTLINES:,} outlines; import it in parts")
        if self._addresses[address] > _MOST_REPEATS:
            raise ConfigError(f"this OPML file lists one feed more than {_MOST_REPEATS} times; list each once")
        if len(attrib.get("category", "")) > _LONGEST_CATEGORY:
            raise ConfigError(f"this OPML file has a category of more than {_LONGEST_CATEGORY} letters")

    def end(self, tag: Any) -> None:
        self._depth -= tag.endswith("outline")

    def close(self) -> None:
        """All is well."""


def _decoded(body: bytes) -> str:
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")
    declared = _DECLARED.match(body)
    try:
        codec = codecs.lookup(declared[1].decode("ascii")).name if declared else "utf-8"
    except LookupError:
        codec = "utf-8"
    return body.decode(codec if _ENCODINGS.fullmatch(codec) else "utf-8", "replace").removeprefix("\ufeff")


def _subscriptions(feeds: Iterable[Mapping[str, Any]]) -> tuple[Subscription, ...]:
    found: dict[str, Subscription] = {}
    spelled: dict[tuple[str, ...], tuple[str, ...]] = {}
    for feed in feeds:
        address = _address(str(feed.get("url") or ""))
        if address and address not in found:
            # The deepest says most: readers list a feed under "All" as well as in its folder.
            path = max(map(_names, feed.get("categories") or ()), key=len, default=())
            title = text.one_line(str(feed.get("title") or ""))
            category = text.spelled(path, map(text.slug, path), spelled)
            found[address] = Subscription(title=title, feed=address, url=None, category=category)
    return tuple(found.values())


def _address(written: str) -> str | None:
    if not written.startswith("rsshub://"):
        return urls.absolute(written)
    try:
        return None if "${" in written else feed_address(written)
    except ValueError:
        return None


def _names(path: Sequence[object]) -> tuple[str, ...]:
    names = (text.one_line(str(name)) for name in path)
    return tuple(name for name in names if text.slug(name))[:MOST_LEVELS]
