"""Looking at a source before it is one: the feed behind a page, the posts it would make.  Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol
from urllib.parse import urljoin

from aggregator import normalise
from aggregator.errors import FetchError, ParseError, SourceError
from aggregator.fetch import Client, Request, Response, address, fetch_all
from aggregator.models import Attribution, Copy, Feed, Post, Source
from aggregator.parse import links, parse
from aggregator.pipeline import update
from aggregator.recognise import stories
from aggregator.records import SourceState, Unbound

#: Where feeds stand when a page links to none; asked one after the other until one answers with a feed.
_COMMON_PATHS = ("/feed", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json")


class Limits(Protocol):
    """The part of the settings that fetching looks at."""

    @property
    def rsshub(self) -> str: ...

    @property
    def concurrency(self) -> int: ...

    @property
    def per_host(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A feed that was found: its address, and what it said."""

    url: str
    feed: Feed
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """What one try of a source came to; ``error`` is None when it answered with a feed."""

    source_id: str
    entries: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()


def find(client: Client, url: str, rsshub: str, *, now: datetime) -> tuple[Found, ...]:
    """Return the feeds behind ``url``: itself, those its page links to, or one at a common path; best first.

    Raises FetchError when ``url`` cannot be fetched.  Nothing found is an empty tuple.
    """
    response = _get(client, url, rsshub, now)
    feed = _feed(response)
    if feed is not None:
        return (Found(url=url, feed=feed, response=response),)
    page = response.body.decode("utf-8", "replace")
    tries = (_try(client, link.href, rsshub, now) for link in links.feed_links(page, response.url))
    linked = tuple(found for found in tries if found)
    if linked:
        return linked
    guesses = (urljoin(response.url, path) for path in _COMMON_PATHS)
    return next(((found,) for guess in guesses if (found := _try(client, guess, rsshub, now))), ())


def posts(source: Source, response: Response, *, now: datetime) -> tuple[Post, ...]:
    """Return the posts that ``source`` would make if it answered its first pull so, newest first.

    Raises ParseError when the answer is no feed.
    """
    feed, found = update.read(source, response)
    made = (normalise.normalise(each.entry, feed.info, source, key=each.key, now=now, known=None) for each in found)
    return tuple(sorted((_post(copy, source) for copy in made), key=lambda post: post.published, reverse=True))


def try_all(client: Client, sources: tuple[Source, ...], limits: Limits, *, now: datetime) -> list[Try]:
    """Pull each enabled source once without storing, and return what came of it, in the order given."""
    by_id = {source.id: source for source in sources if source.enabled}
    requests = (_request(source, limits.rsshub) for source in by_id.values())
    answers = fetch_all(
        requests, partial(client.fetch, now=now), concurrency=limits.concurrency, per_host=limits.per_host
    )
    tries = {request.source_id: _tried(by_id[request.source_id], response) for request, response in answers}
    return [tries[name] for name in by_id if name in tries]


def _tried(source: Source, response: Response | FetchError) -> Try:
    if isinstance(response, FetchError):
        return Try(source_id=source.id, error=str(response))
    try:
        feed, _ = update.read(source, response)
    except SourceError as exc:
        return Try(source_id=source.id, error=str(exc))
    return Try(source_id=source.id, entries=len(feed.entries), warnings=feed.warnings)


def _get(client: Client, url: str, rsshub: str, now: datetime) -> Response:
    return client.fetch(_request(Source(id=url, url=url), rsshub), now=now)


def _request(source: Source, rsshub: str) -> Request:
    return update.request_for(source, SourceState(), partial(address, rsshub=rsshub))


def _feed(response: Response) -> Feed | None:
    try:
        return parse(response.body, response.content_type, response.url)
    except ParseError:
        return None


def _try(client: Client, url: str, rsshub: str, now: datetime) -> Found | None:
    try:
        response = _get(client, url, rsshub, now)
    except FetchError:
        return None  # a dead link of a page is no find
    feed = _feed(response)
    return Found(url=url, feed=feed, response=response) if feed else None


def _post(copy: Copy, source: Source) -> Post:
    unbound = Unbound(
        pk=0,
        source_id=source.id,
        key=copy.key,
        guid=copy.guid,
        page=None,
        title=copy.title,
        published=copy.published,
    )
    minted, _ = stories.bind([unbound], {}, frozenset(), "preview.invalid")
    feed = copy.via or copy.feed
    author = ", ".join(person.name for person in copy.authors) or None
    title = source.title or feed.title or source.id
    credit = Attribution(source_id=source.id, title=title, url=feed.link, feed=feed.url, link=copy.link, author=author)
    return Post(id=minted[0].id, name=minted[0].name, copy=copy, category=source.category, source=credit)
