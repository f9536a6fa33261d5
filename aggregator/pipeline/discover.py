"""Looking at a source before it is one: the feed behind a page, the posts it would make.  Nothing is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Protocol
from urllib.parse import urljoin

from msgspec import Struct
from msgspec.structs import replace

from aggregator import credit, normalise, services, urls
from aggregator.errors import FetchError, ParseError, SourceError
from aggregator.fetch import Client, Request, Response, fetch_all
from aggregator.models import Copy, Feed, Post, Source
from aggregator.pipeline import update
from aggregator.pipeline.confined import Confined
from aggregator.recognise import minting
from aggregator.recognise.ownership import Owners
from aggregator.recognise.rules import Rules
from aggregator.records import Reading, SourceState, Unbound

#: Where feeds stand when a page links to none; asked one after the other until one answers with a feed.
_COMMON_PATHS = ("feed", "feed.xml", "rss.xml", "atom.xml", "index.xml", "feed.json")


class Limits(Protocol):
    """The part of the settings that fetching side by side looks at."""

    @property
    def concurrency(self) -> int: ...

    @property
    def per_host(self) -> int: ...


class Means(Struct, frozen=True, kw_only=True):
    """What looking takes: ``address`` turns an address of feeds.yaml into one to ask for.

    ``authority`` names us in the ids that we would mint.
    """

    client: Client
    confined: Confined
    address: Callable[[str], str]
    authority: str
    now: datetime

    def request(self, source: Source) -> Request:
        """Return what asks for ``source`` as if it had never been asked."""
        return update.request_for(source, SourceState(), self.address)

    def response(self, source: Source) -> Response:
        """Return what ``source`` answers; raises FetchError."""
        return self.client.fetch(self.request(source), now=self.now)

    def read(self, source: Source, response: Response) -> Reading:
        """Return what ``source`` says in ``response``; raises ParseError."""
        return self.confined.read(response.body, response.content_type, response.url, source, None)

    def feed(self, response: Response) -> Feed | None:
        """Return the feed in ``response``, or None when it is none; raises ParseError for one that cannot be read."""
        from aggregator.parse import begins_feed

        try:
            return self.confined.parse(response.body, response.content_type, response.url)
        except ParseError:
            if begins_feed(response.body, response.content_type):
                raise
            return None


class Found(Struct, frozen=True, kw_only=True):
    """A feed that was found: its address, and what it said."""

    url: str
    feed: Feed
    response: Response


class Try(Struct, frozen=True, kw_only=True):
    """What one try of a source came to; ``error`` is None when it answered with a feed.

    ``taken`` is how many of its ``entries`` its ``include`` and ``exclude`` let in, None when it has neither.
    """

    source_id: str
    entries: int = 0
    taken: int | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()


def find(means: Means, source: Source) -> tuple[Found, ...]:
    """Return the feeds behind the address of ``source``, best first.

    They are those that its service documents, itself, those that its page names, or one at a common place; nothing
    found is an empty tuple.  Raises FetchError when the address cannot be fetched, ParseError when it is a feed that
    cannot be read.
    """
    served = _answering(means, services.feeds(source.url))
    if served:
        return served
    response = means.response(source)
    try:
        feed = means.feed(response)
    except ParseError as exc:
        raise ParseError(f"{urls.public(source.url)} is a feed that cannot be read: {exc}") from exc
    if feed is not None:
        return (Found(url=source.url, feed=feed, response=response),)
    from aggregator.parse import links  # when there is a page to look through

    page = response.body.decode("utf-8", "replace")
    named = links.feed_links(page, response.url, response.link)
    return _answering(means, (link.href for link in named)) or _guessed(means, response.url)


def _answering(means: Means, addresses: Iterable[str]) -> tuple[Found, ...]:
    return tuple(found for found in (_try(means, url) for url in addresses) if found)


def _guessed(means: Means, page: str) -> tuple[Found, ...]:
    # Beside the page first: a blog need not be all of its site.
    beside = (urljoin(page, path) for path in _COMMON_PATHS)
    above = (urljoin(page, f"/{path}") for path in _COMMON_PATHS)
    guesses = dict.fromkeys((*services.guesses(page), *beside, *above))
    return next(((found,) for guess in guesses if (found := _try(means, guess))), ())


def posts(means: Means, source: Source, response: Response) -> tuple[Post, ...]:
    """Return the posts that ``source`` would make if it answered its first pull so, newest first.

    Raises ParseError when the answer is no feed.
    """
    reading = means.read(source, response)
    rules = Rules(authority=means.authority, owners=Owners({}))
    made = (
        normalise.normalise(each.entry, reading.feed.info, source, key=each.key, now=means.now, known=None)
        for each in reading.found
    )
    return tuple(sorted((_post(copy, source, rules) for copy in made), key=lambda post: post.published, reverse=True))


def try_all(means: Means, sources: tuple[Source, ...], limits: Limits) -> list[Try]:
    """Pull each enabled source once without storing, and return what came of it, in the order given."""
    by_id = {source.id: source for source in sources if source.enabled}
    requests = [means.request(source) for source in by_id.values()]
    answers = fetch_all(
        requests,
        partial(means.client.fetch, now=means.now),
        concurrency=limits.concurrency,
        per_host=limits.per_host,
        lane=means.client.lane,
    )
    with means.client.expecting(requests):
        tries = {request.source_id: _tried(means, by_id[request.source_id], response) for request, response in answers}
    return [tries[name] for name in by_id if name in tries]


def _tried(means: Means, source: Source, response: Response | FetchError) -> Try:
    if isinstance(response, FetchError):
        return Try(source_id=source.id, error=str(response))
    try:
        reading = means.read(replace(source, keep=0), response)
    except SourceError as exc:
        return Try(source_id=source.id, error=str(exc))
    entries, warnings = len(reading.feed.entries), reading.feed.warnings
    if not source.include and not source.exclude:
        return Try(source_id=source.id, entries=entries, warnings=warnings)
    taken = len(reading.found)
    if entries and not taken:
        warnings += ("'include' and 'exclude' let in none of its entries",)
    return Try(source_id=source.id, entries=entries, taken=taken, warnings=warnings)


def _try(means: Means, url: str) -> Found | None:
    try:
        response = means.response(Source(id=url, url=url))
        feed = means.feed(response)
    except SourceError:
        return None  # a dead link of a page is no find
    return Found(url=url, feed=feed, response=response) if feed else None


def _post(copy: Copy, source: Source, rules: Rules) -> Post:
    unbound = Unbound(
        pk=0,
        source_id=source.id,
        key=copy.key,
        guid=copy.guid,
        page=None,
        title=copy.title,
        published=copy.published,
        first_seen=copy.first_seen,
    )
    minted = minting.mint(unbound, frozenset(), rules)
    credited, pulled = credit.sources(copy, source.title)
    return Post(id=minted.id, name=minted.name, copy=copy, category=source.category, source=credited, via=pulled)
