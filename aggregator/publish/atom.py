"""Atom 1.0 (RFC 4287), with all that is known of each entry's source."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from aggregator import text, urls
from aggregator.models import Archive, Deletion, Document, FeedInfo, Link, OutputFeed, Person, Post, Publication
from aggregator.publish import addresses, facts, generator, safe
from aggregator.publish.addresses import ATOM, HTML
from aggregator.publish.facts import Rendered
from aggregator.publish.generator import MEDIA, add
from aggregator.times import rfc3339

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: Feed history: archive documents, and feeds that are complete (RFC 5005).
HISTORY = "http://purl.org/syndication/history/1.0"

#: Entries that were taken out (RFC 6721).
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"

_FIRST, _BEHIND = b"\n<entry", b"</feed>"
_ID = re.compile(rb"<id>([^<]*)</id>")
#: Where an entry's source is to stand; in words, "<" is escaped.
_SOURCE = b"<source/>"
_XML = "{http://www.w3.org/XML/1998/namespace}"
#: The attribute that tells a language.
LANGUAGE = f"{_XML}lang"
# What readers that know no text constructs would take for markup, and validators call ContainsUndeclaredHTML.
_MARKUP = re.compile(r"<[/!?A-Za-z]|&#?\w+;")
#: RFC 5646, section 4.1: the language of a site that does not say.
_UNDETERMINED = "und"
_PAGES = (None, "text/html", "application/xhtml+xml")
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def entries(publication: Publication, posts: Sequence[Post]) -> list[Rendered]:
    """Return the entries that ``posts`` make."""
    return safe.each(_entries, publication, posts)


def bodies(document: bytes) -> dict[str, bytes]:
    """Return the bodies of the entries in ``document``, a feed or an archive document of ours, by id."""
    return generator.by_id(generator.pieces(document, _FIRST, _BEHIND), _ID)


def document(publication: Publication, feed: OutputFeed, made: Sequence[Rendered]) -> Document:
    """Return ``atom.xml`` of ``feed`` with the entries ``made``."""
    mark = "complete" if feed.complete else None
    body = safe.retried(_document, publication, feed, tuple(_feed_links(publication, feed)), mark, made)
    return Document(path=feed.folder + ATOM.file, body=body)


def archive(publication: Publication, feed: OutputFeed, place: Archive, made: Sequence[Rendered]) -> Document:
    """Return an archive document of ``feed`` (RFC 5005, section 4) with the entries ``made``, newest first."""
    body = safe.retried(_document, publication, feed, tuple(_archive_links(publication, feed, place)), "archive", made)
    return Document(path=addresses.archive_path(feed, place.number), body=body)


def _document(
    publication: Publication, feed: OutputFeed, links: Sequence[Link], mark: str | None, made: Sequence[Rendered]
) -> bytes:
    finish = partial(_finish_feed, publication, mark, feed.deleted)
    spaces = {"media": MEDIA, "fh": HISTORY} | ({"at": TOMBSTONES} if feed.deleted else {})
    head = generator.new_feed(publication, feed, links, finish, spaces)
    head.updated(facts.updated(publication, made))
    return generator.filled(bytes(head.atom_str()), made, _BEHIND)


def _entries(publication: Publication, posts: Sequence[Post]) -> list[Rendered]:
    made = generator.new_feed(
        publication, publication.feeds[0], [], generator.break_lines, {"media": MEDIA, "fh": HISTORY}
    )
    made.updated(publication.created)
    for post in posts:
        _add_entry(made, publication, facts.credited(publication, post))
    bodies = generator.pieces(bytes(made.atom_str()), _FIRST, _BEHIND)
    sources = (_source_of(publication, post) for post in posts)
    return facts.rendered(posts, [body.replace(_SOURCE, of, 1) for body, of in zip(bodies, sources, strict=True)])


def _feed_links(publication: Publication, feed: OutputFeed) -> Iterator[Link]:
    site = publication.site
    yield Link(href=addresses.address(site, feed, ATOM), rel="self", type=ATOM.media_type)
    # The page alone: some readers take the first alternate for the site, newsboat the last, whatever their types.
    yield Link(href=addresses.page(publication, feed), type=HTML.media_type)
    if feed.last_archive:
        yield Link(href=addresses.archive(site, feed, feed.last_archive), rel="prev-archive", type=ATOM.media_type)


def _archive_links(publication: Publication, feed: OutputFeed, place: Archive) -> Iterator[Link]:
    site = publication.site
    yield Link(href=addresses.archive(site, feed, place.number), rel="self", type=ATOM.media_type)
    yield Link(href=addresses.page(publication, feed), type=HTML.media_type)
    yield Link(href=addresses.address(site, feed, ATOM), rel="current", type=ATOM.media_type)
    for rel, number in (("prev-archive", place.previous), ("next-archive", place.following)):
        if number:
            yield Link(href=addresses.archive(site, feed, number), rel=rel, type=ATOM.media_type)


def _finish_feed(publication: Publication, mark: str | None, deleted: Iterable[Deletion], feed: Element) -> None:
    if not safe.language(publication.site.language):
        feed.set(LANGUAGE, _UNDETERMINED)
    if mark:
        add(feed, f"{{{HISTORY}}}{mark}")
    for each in deleted:
        tombstone = add(feed, f"{{{TOMBSTONES}}}deleted-entry", ref=each.ref, when=rfc3339(each.at))
        if each.comment:
            add(tombstone, f"{{{TOMBSTONES}}}comment", each.comment)
    declare_markup(feed)
    generator.break_lines(feed)


def _add_entry(made: Any, publication: Publication, post: Post) -> None:
    copy = post.copy
    entry = generator.add_entry(made, publication, post, partial(_finish_entry, post))
    entry.updated(facts.second(copy.updated))
    entry.published(facts.second(copy.published))
    entry.author([_person(person) for person in facts.authors(post)])
    entry.contributor([_person(person) for person in facts.named(copy.contributors)])
    entry.rights(copy.rights)
    # Section 4.1.2: an entry without a link to its page must have content.
    body = copy.content or ("" if safe.web(copy.link) else copy.summary)
    if body or not copy.summary:
        entry.content(body, type="html")
    if copy.summary and copy.summary != body:
        entry.summary(copy.summary, type="html")


def _finish_entry(post: Post, entry: Element) -> None:
    language = safe.language(post.copy.language)
    if language:
        entry.set(LANGUAGE, language)
    content, base = entry.find("content"), safe.web(post.copy.link)
    if content is not None and base:
        content.set(f"{_XML}base", base)
    declare_markup(entry)
    for link in _entry_links(post):
        add(entry, "link", None, **_link(link))
    generator.add_thumbnail(entry, post)
    add(entry, "source")
    generator.break_lines(entry)
    entry.tail = "\n"


def _entry_links(post: Post) -> Iterator[Link]:
    seen: set[tuple[str | None, ...]] = set()
    for link in (*_given_links(post), *_our_links(post)):
        # Section 4.1.2: no two alternates of one type and language.
        where = None if link.rel == "alternate" else link.href
        kind = (link.rel, where, link.type, link.hreflang)
        if kind not in seen:
            seen.add(kind)
            yield link


def _given_links(post: Post) -> Iterator[Link]:
    has_page = safe.web(post.copy.link) is not None
    for link in post.copy.links:
        href = safe.web(link.href)
        if href:
            media_type = safe.media_type(link.type) or (facts.UNKNOWN_TYPE if link.rel == "enclosure" else None)
            # Of several pages some readers take the first alternate for the entry's own, feedparser the last.
            other_page = has_page and link.rel in ("alternate", "") and media_type in _PAGES
            yield Link(
                href=href,
                rel="related" if other_page else link.rel or "alternate",
                type=media_type,
                title=link.title,
                hreflang=safe.language(link.hreflang),
                length=link.length,
            )


def _our_links(post: Post) -> Iterator[Link]:
    via = post.copy.via
    href = via and (safe.web(via.url) or safe.web(via.link))
    if via and href:
        yield Link(href=href, rel="via", title=post.via.title if post.via else via.title)
    named: set[str] = set()
    for source in dict.fromkeys(post.also_in):
        # Several sources may lead to one page; each is named, and no two links are the same.
        places = list(filter(None, map(safe.web, (source.link, source.url, source.feed))))
        where = next((place for place in places if place not in named), None)
        if where:
            named.add(where)
            yield Link(href=where, rel="related", title=source.title)


def _link(link: Link) -> dict[str, str | None]:
    length = None if link.length is None else str(link.length)
    return {
        "href": link.href,
        "rel": link.rel,
        "type": link.type,
        "hreflang": link.hreflang,
        "title": link.title,
        "length": length,
    }


def _source_of(publication: Publication, post: Post) -> bytes:
    feed = post.copy.feed
    # When the entry claims another source than the one that we pull, the editor's name is not that one's.
    title = (post.copy.via and feed.title) or post.source.title
    return _source(_source_id(publication, post), title, _source_updated(feed, post), feed)


@lru_cache(maxsize=256)  # entries of one source, made one after the other, say the same
def _source(source_id: str, title: str, updated: datetime, feed: FeedInfo) -> bytes:
    from lxml import etree  # when it is needed: 14 ms

    source = etree.Element("source")
    add(source, "id", source_id)
    add(source, "title", title)
    add(source, "updated", rfc3339(updated))
    for rel, href in (("self", safe.web(feed.url)), ("alternate", safe.web(feed.link))):
        if href:
            add(source, "link", rel=rel, href=href)
    for person in facts.named(feed.authors):
        _add_author(source, person)
    if feed.rights:
        add(source, "rights", feed.rights)
    declare_markup(source)
    return bytes(etree.tostring(source, encoding="utf-8"))


def _source_id(publication: Publication, post: Post) -> str:
    feed = post.copy.feed
    known = next(filter(urls.valid_id, (feed.id, feed.url, post.source.feed)), None)
    return known or f"tag:{publication.authority},2026:source:{text.digest(post.source.source_id)}"


def _source_updated(feed: FeedInfo, post: Post) -> datetime:
    # Feeds say the years 1 and 9999 too.
    believable = feed.updated is not None and _EARLIEST <= feed.updated < _LATEST
    return feed.updated if feed.updated and believable else post.updated


def _add_author(parent: Element, person: Person) -> None:
    author = add(parent, "author")
    for name, value in _person(person).items():
        if value:
            add(author, name, value)


def _person(person: Person) -> dict[str, str | None]:
    return {"name": person.name, "uri": safe.web(person.uri), "email": safe.email(person.email)}


def declare_markup(parent: Element) -> None:
    """Say of title and rights of ``parent`` that they are HTML where they look like it."""
    # Section 3.1.1: a text construct that looks like markup says that it is escaped HTML, so no reader can err.
    for name in ("title", "rights"):
        construct = parent.find(name)
        if construct is not None and construct.text and _MARKUP.search(construct.text):
            construct.text = html.escape(construct.text, quote=False)
            construct.set("type", "html")
