"""Subscriptions of other feed readers: OPML → values.  The one place that knows listparser."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from io import BytesIO
from typing import Any

import listparser
from lxml import etree
from msgspec import Struct
from msgspec.structs import replace

from aggregator import text, urls
from aggregator.categories import Names
from aggregator.config.model import CategorySettings
from aggregator.config.spelling import Spelling
from aggregator.config.values import feed_address, shown
from aggregator.errors import ConfigError
from aggregator.models import Subscription

_MOST_BYTES = 10_000_000
_MOST_OUTLINES = 50_000
_DEEPEST = 64
#: listparser compares each category of a feed with all others: without bounds, 1 MB takes it minutes.
_MOST_REPEATS = 50
_LONGEST_CATEGORY = 500

_DECLARED = re.compile(rb"<\?xml[^>]{0,80}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
#: Character encodings; Python's other codecs unpack archives, or take square time.
_ENCODINGS = re.compile(r"utf-8|ascii|iso8859-\d+|cp\d+|gb\w+|big5\w*|shift_jis\w*|euc_\w+|koi8-\w")

#: Kinds of outlines that are no folders, whatever they lack.
_KINDS = ("rss", "atom", "link", "include", "source")


class Listed(Struct, frozen=True, kw_only=True):
    """The ``feeds`` of an OPML document, each once, as feeds.yaml can hold them.

    ``slugs`` are what it must say of categories for that: name → slug.  ``notes`` tell what was left out or changed.
    """

    feeds: tuple[Subscription, ...]
    slugs: Mapping[str, str]
    notes: tuple[str, ...]


def read_opml(
    body: bytes, used: Iterable[Names] = (), categories: Mapping[str, CategorySettings] | None = None
) -> Listed:
    """Return what an OPML document lists, with the outlines around a feed as its category.

    ``used`` are the categories in feeds.yaml, ``categories`` is what it says of their names: what gets the same folder
    is spelled as there.  What is no http(s) or rsshub address is left out, as are user names and passwords.  Raises
    ConfigError when ``body`` is no OPML, or larger than any list of subscriptions is.
    """
    if len(body) > _MOST_BYTES:
        raise ConfigError(f"this OPML file is larger than {_MOST_BYTES // 10**6} MB; import it in parts")
    # A byte order mark: the parser takes what follows for UTF-8, whatever the document declares.
    document = codecs.BOM_UTF8 + _decoded(body).encode("utf-8", "replace")
    bounds = _Bounds()
    try:
        # The stubs ask for more methods than lxml does.
        etree.parse(BytesIO(document), etree.HTMLParser(target=bounds))  # type: ignore[arg-type]
        parsed = listparser.parse(document)
    except (etree.LxmlError, LookupError, ValueError, TypeError, AttributeError) as exc:
        raise ConfigError("this OPML file cannot be read; export it from the other program once more") from exc
    if not str(parsed.version).startswith("opml"):
        raise ConfigError("this is no OPML file: it has no <opml> element")
    feeds, notes = _subscriptions(parsed.feeds, bounds.comments)
    spelling = Spelling(used, categories or {}, [feed.category for feed in feeds])
    spelled = tuple(replace(feed, category=spelling.spell(feed.category)) for feed in feeds)
    return Listed(
        feeds=spelled,
        slugs=spelling.slugs(feed.category for feed in spelled),
        notes=(*bounds.notes, *notes, *spelling.notes),
    )


class _Bounds:
    """Looks at a document as listparser will, refuses what would take it hours, and notes what it passes over."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._said: set[str] = set()
        self._commented: set[str] = set()
        self._in_comment: list[bool] = []
        self._open: list[str | None] = []
        self._outlines = 0
        self._addresses: Counter[str] = Counter()

    @property
    def comments(self) -> set[str]:
        """The addresses that stand in comments alone."""
        return self._commented - self._said

    def start(self, tag: Any, attrib: dict[Any, Any]) -> None:
        if not tag.endswith("outline"):
            return
        address = attrib.get("xmlurl") or ""
        # OPML 2.0: what stands below a comment is one, too.
        self._in_comment.append(attrib.get("iscomment") == "true" or self._in_comment[-1:] == [True])
        (self._commented if self._in_comment[-1] else self._said).add(address.strip())
        self._open[-1:] = [None] if self._open else []  # what holds others is a folder
        self._open.append(_addressless(attrib))
        self._outlines += 1
        self._addresses[address] += bool(address)
        if len(self._open) > _DEEPEST:
            raise ConfigError(f"this OPML file nests outlines more than {_DEEPEST} deep")
        if self._outlines > _MOST_OUTLINES:
            raise ConfigError(f"this OPML file has more than {_MOST_OUTLINES:,} outlines; import it in parts")
        if self._addresses[address] > _MOST_REPEATS:
            raise ConfigError(f"this OPML file lists one feed more than {_MOST_REPEATS} times; list each once")
        if len(attrib.get("category", "")) > _LONGEST_CATEGORY:
            raise ConfigError(f"this OPML file has a category of more than {_LONGEST_CATEGORY} letters")

    def end(self, tag: Any) -> None:
        if not tag.endswith("outline") or not self._open:
            return
        self._in_comment.pop()
        told = self._open.pop()
        if told is not None:
            self.notes.append(told)

    def close(self) -> None:
        """All is well."""


def _addressless(attrib: Mapping[str, str]) -> str | None:
    kind = (attrib.get("type") or "").strip().lower()
    if (attrib.get("xmlurl") or "").strip() and kind != "source":
        return None
    if "xmlurl" not in attrib and kind not in _KINDS:
        return None
    return f"left out {shown(attrib.get('text') or attrib.get('title') or '')}: it has no address of a feed"


def _decoded(body: bytes) -> str:
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")
    declared = _DECLARED.match(body)
    try:
        codec = codecs.lookup(declared[1].decode("ascii")).name if declared else "utf-8"
    except LookupError:
        codec = "utf-8"
    return body.decode(codec if _ENCODINGS.fullmatch(codec) else "utf-8", "replace").removeprefix("\ufeff")


def _subscriptions(
    feeds: Iterable[Mapping[str, Any]], comments: Collection[str]
) -> tuple[list[Subscription], list[str]]:
    """Return the feeds whose addresses can be asked, and what was left out or changed for that; ``comments`` wait."""
    found: dict[str, Subscription] = {}
    notes: list[str] = []
    for feed in feeds:
        title, written = text.one_line(str(feed.get("title") or "")), str(feed.get("url") or "")
        try:
            address = _address(written)
        except ValueError as exc:
            notes.append(f"left out {shown(title)} ({urls.public(written) or 'its address is hidden'}): {exc}")
            continue
        if address in found:
            continue
        notes += _changes(written, address)
        # The deepest says most: readers list a feed under "All" as well as in its folder.
        paths = sorted(map(_names, feed.get("categories") or ()), key=len, reverse=True) or [()]
        others = ", ".join(map(_joined, paths[1:]))
        notes += [f"filed {urls.public(address)} under {_joined(paths[0])} alone, not {others}"] if others else []
        found[address] = Subscription(
            title=title, feed=address, url=None, category=paths[0], enabled=written not in comments
        )
    return list(found.values()), notes


def _address(written: str) -> str:
    """Return the address that is ``written``; raises ValueError, whose message holds nothing of it."""
    meant = urls.without_feed_scheme(written)
    if meant.lower().startswith("rsshub://"):
        if "${" in meant:
            raise ValueError("an address from outside reads no variable")
        return feed_address(meant)
    address = urls.absolute(meant)
    if address is None:
        feed_address(meant)
        raise ValueError("files are read only for addresses written into feeds.yaml by hand")
    return address


def _changes(written: str, address: str) -> list[str]:
    shown_as = urls.public(address)
    notes = [f"respelled {urls.public(written)} as {shown_as}"] if urls.without_feed_scheme(written) != written else []
    if urls.secrets(written) - urls.secrets(address):
        notes.append(f"left out the user name and password of {shown_as}; write them into feeds.yaml by hand")
    return notes


def _names(path: Iterable[object]) -> Names:
    return tuple(filter(None, (text.one_line(str(name)) for name in path)))


def _joined(path: Names) -> str:
    return shown("/".join(path))
