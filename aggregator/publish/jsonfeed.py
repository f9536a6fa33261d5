"""JSON Feed 1.1 (jsonfeed.org/version/1.1).

Each item has an extension of ours, ``_source``, that credits where the story came from:

``about``    the address of the project that defines the extension
``title``    the source's name for readers
``url``      the source's site, where it is known
``feed``     the address of the source's feed, where it is known
``also_in``  other sources that carried the same story: ``title``, ``url``, ``feed``, and ``link``, the story there
``via``      when the story names a source of its own: the feed that we pulled it from, ``title``, ``url``, ``feed``
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aggregator import PROJECT_URL, text
from aggregator.models import Attribution, Copy, Document, OutputFeed, Person, Post, Publication
from aggregator.publish import addresses, facts, safe
from aggregator.publish.addresses import JSON
from aggregator.publish.facts import Rendered
from aggregator.times import rfc3339

#: No other object has an "id", and within a string a quote is escaped.
_FIRST, _END = b'{"id":', b"]}\n"
_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_read = json.JSONDecoder().raw_decode  # the first value of a text, and where it ends


def entries(publication: Publication, posts: Sequence[Post]) -> list[Rendered]:
    """Return the items that ``posts`` make."""
    return safe.each(_entries, publication, posts)


def bodies(document: bytes) -> dict[str, bytes]:
    """Return the bodies of the items in ``document``, a feed of ours, by id."""
    _, *items = document.removesuffix(_END).split(_FIRST)
    return {_read(item.decode())[0]: _FIRST + item.removesuffix(b",") for item in items}


def document(publication: Publication, feed: OutputFeed, made: Sequence[Rendered]) -> Document:
    """Return ``feed.json`` of ``feed`` with the items ``made``."""
    head = safe.retried(_head, publication, feed)
    # Item by item: one character beyond the BMP would make a text of the whole feed four times its size.
    body = b"".join((head[:-1], b',"items":[', b",".join(entry.body for entry in made), _END))
    return Document(path=feed.folder + JSON.file, body=body)


def _entries(publication: Publication, posts: Sequence[Post]) -> list[Rendered]:
    return facts.rendered(posts, [_dump(_item(facts.credited(publication, post))) for post in posts])


def _head(publication: Publication, feed: OutputFeed) -> bytes:
    site = publication.site
    head = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": addresses.page(publication, feed),
        "feed_url": addresses.address(site, feed, JSON),
        "language": safe.language(site.language),
        "authors": [{"name": site.author or site.title}],
    }
    return _dump(_given(head))


def _dump(value: object) -> bytes:
    return _encoded(value).encode()


def _item(post: Post) -> dict[str, Any]:
    copy = post.copy
    item = {
        "id": post.id,
        "url": safe.web(copy.link),
        "title": facts.title(post),
        "summary": text.plain(copy.summary) if copy.content else None,
        "image": safe.web(copy.image),
        "date_published": rfc3339(post.published),
        "date_modified": rfc3339(post.updated) if post.updated > post.published else None,
        "authors": [_author(person) for person in facts.authors(post)],
        "tags": list(dict.fromkeys((*post.category, *(tag.label or tag.term for tag in copy.tags)))),
        "language": safe.language(copy.language),
        "attachments": _attachments(copy),
        "_source": {"about": PROJECT_URL, **_credit(post.source)}
        | _given({"also_in": [_carrier(source) for source in post.also_in], "via": post.via and _credit(post.via)}),
    }
    # One of the contents must be there, however empty it is.
    return _given(item) | {"content_html": copy.content or copy.summary}


def _author(person: Person) -> dict[str, Any]:
    return _given({"name": person.name, "url": safe.web(person.uri)})


def _attachments(copy: Copy) -> list[dict[str, Any]]:
    return [
        _given({"url": href, "mime_type": media_type, "title": link.title, "size_in_bytes": link.length})
        for href, media_type, link in facts.enclosures(copy)
    ]


def _credit(source: Attribution) -> dict[str, Any]:
    return _given({"title": source.title, "url": safe.web(source.url), "feed": safe.web(source.feed)})


def _carrier(source: Attribution) -> dict[str, Any]:
    return _credit(source) | _given({"link": safe.web(source.link)})


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [])}
