"""What Atom and RSS share; the one place that knows feedgen.

What feedgen has no words for is written by extensions, registered through its API.  Elements make their own
children, and feedgen is imported when the first feed is rendered: it takes 35 ms, and most runs publish nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import unescape

from aggregator import PROJECT_URL, __version__, urls
from aggregator.models import Link, OutputFeed, Post, Publication
from aggregator.publish import facts, safe

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: Media RSS, for thumbnails.
MEDIA = "http://search.yahoo.com/mrss/"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"

Extend = Callable[["Element"], None]


class Extension:
    """A change to an element that feedgen has built: the three methods that it calls on every extension."""

    def __init__(self, extend: Extend, namespaces: Mapping[str, str]) -> None:
        self._extend = extend
        self._namespaces = namespaces

    def extend_ns(self) -> dict[str, str]:
        return dict(self._namespaces)

    def extend_atom(self, built: Element) -> None:
        self._extend(built)

    def extend_rss(self, built: Element) -> None:
        self._extend(built)


def new_feed(
    publication: Publication,
    feed: OutputFeed,
    links: Sequence[Link],
    extend: Extend,
    namespaces: Mapping[str, str],
) -> Any:
    """Return a ``FeedGenerator`` that says all of ``feed`` but its time and its entries.

    RSS takes the last of ``links`` as the channel's.  ``extend`` changes the feed's element, ``namespaces`` are
    declared on the root.
    """
    from feedgen.feed import FeedGenerator

    made = FeedGenerator()
    made.id(feed.id)
    site = publication.site
    made.title(_said(feed.title, site.title, site.url))
    made.author({"name": _said(site.author, site.title, site.url)})
    made.link([{"href": link.href, "rel": link.rel, "type": link.type} for link in links])
    made.generator("aggregator", version=__version__, uri=PROJECT_URL)
    made.language(safe.language(publication.site.language))
    made.register_extension("aggregator", lambda: Extension(extend, namespaces))
    return made


def _said(*names: str | None) -> str:
    return next(name for name in names if name and name.strip())


def add_entry(made: Any, publication: Publication, post: Post, extend: Extend) -> Any:
    """Return a ``FeedEntry``, appended to ``made``, with the post's id, title, link and categories.

    ``extend`` changes the entry's element when feedgen has built it.
    """
    entry = made.add_entry(order="append")  # "prepend", its default, turns the feed upside down
    entry.id(post.id)
    entry.title(facts.title(post))
    link = safe.web(post.copy.link)
    if link:
        entry.link(href=link, rel="alternate")
    entry.category(_categories(publication, post))
    entry.register_extension("aggregator", lambda: Extension(extend, {}))
    return entry


def pieces(document: bytes, first: bytes, behind: bytes) -> list[bytes]:
    """Return the entries of ``document``: each begins with ``first``, the last one ends before the last ``behind``."""
    _, *entries = document[: document.rindex(behind)].split(first)
    return [first + entry.rstrip(b"\n") for entry in entries]


def by_id(entries: Iterable[bytes], said: re.Pattern[bytes]) -> dict[str, bytes]:
    """Return ``entries`` by the ids that they say, which are the first group of ``said``."""
    found = ((said.search(entry), entry) for entry in entries)
    return {unescape(match[1].decode()): entry for match, entry in found if match}


def filled(head: bytes, made: Sequence[facts.Rendered], behind: bytes) -> bytes:
    """Return the document ``head``, which has no entries, with those ``made`` before the last ``behind``.

    All of a feed without a limit would else stand in memory as a tree many times its size.
    """
    stop = head.rindex(behind)
    return b"".join((head[:stop].rstrip(b"\n"), *(entry.body for entry in made), b"\n", head[stop:], b"\n"))


def add(parent: Element, tag: str, words: str | None = None, /, **attributes: str | None) -> Element:
    """Return a new last child of ``parent``; attributes that are None or "" are left out."""
    child = parent.makeelement(tag, {name: value for name, value in attributes.items() if value})
    child.text = words
    parent.append(child)
    return child


def add_thumbnail(parent: Element, post: Post) -> None:
    """Add the post's picture to ``parent``, when it has one."""
    image = safe.web(post.copy.image)
    if image:
        add(parent, f"{{{MEDIA}}}thumbnail", url=image)


def break_lines(parent: Element) -> None:
    """Put each child of ``parent`` on a line of its own: people read feeds too, and so does diff."""
    parent.text = "\n"
    for child in parent:
        child.tail = "\n"


def _categories(publication: Publication, post: Post) -> list[dict[str, str]]:
    ours = f"{publication.site.url}categories/"
    theirs = safe.web(post.source.url) or safe.web(post.source.feed) or f"{publication.site.url}tags/"
    found = [(name, ours, name) for name in post.category]
    for tag in post.copy.tags:
        scheme = tag.scheme if tag.scheme and urls.valid_id(tag.scheme) else theirs
        found.append((tag.term, scheme, tag.label or tag.term))
    told = (each for each in dict.fromkeys(found) if each[0].strip())
    return [{"term": term, "scheme": scheme, "label": label} for term, scheme, label in told]
