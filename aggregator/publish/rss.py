"""RSS 2.0, with Dublin Core for authors and Media RSS for pictures (rssboard.org/rss-profile)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aggregator import PROJECT_URL, __version__
from aggregator.models import Document, Link, OutputFeed, Post, Publication
from aggregator.publish import addresses, facts, generator, safe
from aggregator.publish.addresses import RSS
from aggregator.publish.facts import Rendered
from aggregator.publish.generator import DUBLIN_CORE, MEDIA, Extend, add
from aggregator.times import rfc822

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


class _LeftOut(datetime):
    """A time that is false: feedgen takes it, and writes none.

    To write one it switches the locale of the whole process to and fro, which two threads cannot do at once.
    """

    def __bool__(self) -> bool:
        return False


_LEFT_OUT = _LeftOut(1970, 1, 1, tzinfo=UTC)
_FIRST, _BEHIND = b"\n<item>", b"</channel>"
_ID = re.compile(rb"<guid[^>]*>([^<]*)</guid>")


def entries(publication: Publication, posts: Sequence[Post]) -> list[Rendered]:
    """Return the items that ``posts`` make."""
    return safe.each(_entries, publication, posts)


def bodies(document: bytes) -> dict[str, bytes]:
    """Return the bodies of the items in ``document``, a feed of ours, by id."""
    return generator.by_id(generator.pieces(document, _FIRST, _BEHIND), _ID)


def document(publication: Publication, feed: OutputFeed, made: Sequence[Rendered]) -> Document:
    """Return ``rss.xml`` of ``feed`` with the items ``made``."""
    return Document(path=feed.folder + RSS.file, body=safe.retried(_document, publication, feed, made))


def _document(publication: Publication, feed: OutputFeed, made: Sequence[Rendered]) -> bytes:
    head = _channel(publication, feed, partial(_finish_channel, facts.updated(publication, made)))
    return generator.filled(bytes(head.rss_str()), made, _BEHIND)


def _entries(publication: Publication, posts: Sequence[Post]) -> list[Rendered]:
    made = _channel(publication, publication.feeds[0], lambda root: generator.break_lines(root[0]))
    for post in posts:
        _add_item(made, publication, post)
    return facts.rendered(posts, generator.pieces(bytes(made.rss_str()), _FIRST, _BEHIND))


def _channel(publication: Publication, feed: OutputFeed, finish: Extend) -> Any:
    links = [
        Link(href=addresses.address(publication.site, feed, RSS), rel="self", type=RSS.media_type),
        Link(href=addresses.page(publication, feed)),
    ]
    made = generator.new_feed(publication, feed, links, finish, {"dc": DUBLIN_CORE, "media": MEDIA})
    made.description(" · ".join((publication.site.title or publication.site.url, *feed.category)))
    made.generator(f"aggregator {__version__} ({PROJECT_URL})")
    made.updated(_LEFT_OUT)
    return made


def _finish_channel(updated: datetime, root: Element) -> None:
    channel = root[0]
    add(channel, "lastBuildDate", rfc822(updated))
    generator.break_lines(channel)


def _add_item(made: Any, publication: Publication, post: Post) -> None:
    copy = facts.credited(publication, post).copy
    item = generator.add_entry(made, publication, post, partial(_finish_item, post))
    # Readers show descriptions as HTML, whether they are or not.
    item.description(copy.summary or facts.as_html(facts.lead(copy)))
    if copy.content:
        item.content(copy.content)
    for href, media_type, link in facts.enclosures(copy)[:1]:
        item.enclosure(url=href, length=str(link.length or 0), type=media_type)
    replies = (safe.web(link.href) for link in copy.links if link.rel == "replies")
    item.comments(next(filter(None, replies), None))
    item.source(url=safe.web(post.source.feed) or safe.web(post.source.url), title=post.source.title)


def _finish_item(post: Post, item: Element) -> None:
    add(item, "pubDate", rfc822(post.published))
    for person in facts.authors(post):
        add(item, f"{{{DUBLIN_CORE}}}creator", person.name)
    generator.add_thumbnail(item, post)
    generator.break_lines(item)
    item.tail = "\n"
