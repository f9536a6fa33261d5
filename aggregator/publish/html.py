"""Pages for people: nothing is loaded from elsewhere but the posts' pictures, and nothing needs a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from msgspec import Struct

from aggregator import urls
from aggregator.categories import heads, title_of
from aggregator.models import (
    Archive,
    Attribution,
    Document,
    OutputFeed,
    Post,
    Publication,
    Subscription,
)
from aggregator.publish import addresses, facts, safe, theme
from aggregator.publish.addresses import HTML, KINDS, OPML

#: Languages written from right to left, of those that have news (ISO 639-1 and -3).
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})
SOURCES = "sources.html"

Places = Mapping[tuple[str, ...], dict[str, str]]


class Shown(NamedTuple):
    """A post as it stands in every page: all that templates are told of it but the way to its category."""

    category: tuple[str, ...]
    updated: datetime
    values: theme.Values


def entries(publication: Publication, posts: Sequence[Post]) -> list[Shown]:
    """Return what the pages of feeds show of ``posts``."""
    return [_shown(publication, post, brief=False) for post in posts]


def listed(publication: Publication, posts: Sequence[Post]) -> list[Shown]:
    """Return what pages of older posts list of ``posts``, which takes no bodies."""
    return [_shown(publication, post, brief=True) for post in posts]


def document(publication: Publication, feed: OutputFeed, posts: Sequence[Shown]) -> Document:
    """Return ``index.html`` of ``feed``, its posts in the order of ``posts``."""
    place = _Place(path=feed.folder + HTML.file, root=_root(feed), older=feed.older_page)
    return safe.retried(_page, publication, feed, posts, place)


def archive(publication: Publication, feed: OutputFeed, place: Archive, posts: Sequence[Shown]) -> Document:
    """Return the page of older posts that shows an archive document of ``feed``, its ``listed`` posts newest first."""
    where = _Place(
        path=addresses.page_path(feed, place.number),
        root=_root(feed) + "../",
        here="../",
        number=place.number,
        older=place.previous,
        newer=place.following,
    )
    return safe.retried(_page, publication, feed, posts, where)


def sources(publication: Publication, subscriptions: Sequence[Subscription]) -> Document:
    """Return ``sources.html``: who is read here, by category.

    It tells what lasts.  How each pull went is left to the web server's own page: a run without news changes no byte.
    """
    return _sources(publication, safe.scrubbed(tuple(subscriptions)))


class _Place(Struct, frozen=True, kw_only=True):
    """Where a page stands: ``here`` leads to its feed's folder, ``root`` to that of the whole site."""

    path: str
    root: str
    here: str = ""
    number: int | None = None
    older: int | None = None
    newer: int | None = None


def _page(publication: Publication, feed: OutputFeed, posts: Sequence[Shown], place: _Place) -> Document:
    language, direction = _language(publication)
    updated = max((post.updated for post in posts), default=publication.created)
    places = _places(publication, place.root)
    kinds = [KINDS[name] for name in publication.formats if name != "html"]
    above = "../" * place.path.count("/")
    older, newer = (
        number and above + urls.path(addresses.page_path(feed, number)) for number in (place.older, place.newer)
    )
    values = {
        "site": publication.site,
        "feed": feed,
        "heading": _heading(publication, feed),
        "number": place.number,
        "language": language,
        "direction": direction,
        "address": publication.site.url + urls.path(place.path.removesuffix(HTML.file)),
        "trail": [places[each.category] for each in publication.feeds if _is_above(each, feed, place)],
        "below": [places[each.category] for each in publication.feeds if _is_right_below(each, feed)],
        "kinds": [
            {"label": kind.label, "media_type": kind.media_type, "href": place.here + kind.file} for kind in kinds
        ],
        "older": older,
        "newer": newer or (place.number and place.here + HTML.file),
        "sources": place.root + SOURCES,
        "updated": theme.moment(updated),
        "posts": _posts(places, feed, posts),
    }
    return Document(path=place.path, body=theme.render("index.html.j2", publication.templates, values))


def _sources(publication: Publication, subscriptions: Sequence[Subscription]) -> Document:
    language, direction = _language(publication)
    places = _places(publication, "")
    values = {
        "site": publication.site,
        "language": language,
        "direction": direction,
        "address": publication.site.url + SOURCES,
        "trail": [{"name": publication.site.title, "href": HTML.file}],
        "opml": {"media_type": OPML.media_type, "href": OPML.file},
        "groups": [
            {"path": _path(places, category), "sources": list(map(_source, group))}
            for category, group in groupby(_nested(subscriptions), key=lambda each: each.category)
        ],
    }
    return Document(path=SOURCES, body=theme.render("sources.html.j2", publication.templates, values))


def _nested(subscriptions: Sequence[Subscription]) -> list[Subscription]:
    """Return ``subscriptions`` by category, each level where the first of it stands, as ``opml.xml`` has them."""
    order: dict[tuple[str, ...], list[int]] = {(): []}
    for head in (head for each in subscriptions for head in heads(each.category)):
        order.setdefault(head, [*order[head[:-1]], len(order)])
    return sorted(subscriptions, key=lambda each: order[each.category])


def _source(subscription: Subscription) -> dict[str, Any]:
    feed = safe.web(subscription.feed)
    return {
        "name": subscription.title,
        "href": safe.web(subscription.url) or feed,
        "feed": feed,
        "newest": subscription.newest and theme.moment(subscription.newest),
        "gone": subscription.gone,
        "enabled": subscription.enabled,
    }


def _heading(publication: Publication, feed: OutputFeed) -> str:
    # The trail above it says the rest, unless the editor gave the category a title of its own.
    own = feed.title != title_of(publication.site.title, feed.category)
    return feed.levels[-1].name if feed.levels and not own else feed.title


def _language(publication: Publication) -> tuple[str, str]:
    language = safe.language(publication.site.language) or "en"
    return language, _direction(language)


def _direction(language: str | None, default: str = "ltr") -> str:
    if language is None:
        return default
    return "rtl" if language.split("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def _is_above(other: OutputFeed, feed: OutputFeed, place: _Place) -> bool:
    leads_here = feed.levels[: len(other.levels)] == other.levels
    return leads_here and (place.number is not None or len(other.levels) < len(feed.levels))


def _is_right_below(other: OutputFeed, feed: OutputFeed) -> bool:
    return bool(other.levels) and other.levels[:-1] == feed.levels


def _root(feed: OutputFeed) -> str:
    # Relative, so that pages work from a disk and under another address just as well.
    return "../" * len(feed.levels)


def _places(publication: Publication, root: str) -> dict[tuple[str, ...], dict[str, str]]:
    """Return name and address of each feed's page, by category."""
    return {
        feed.category: {
            "name": feed.levels[-1].name if feed.levels else feed.title,
            "href": root + urls.path(feed.folder) + HTML.file,
        }
        for feed in publication.feeds
    }


def _path(places: Places, category: tuple[str, ...], above: int = 0) -> list[dict[str, str]]:
    """Return the places of the levels of ``category`` below ``above``; those without a page have no address."""
    return [places.get(head, {"name": head[-1], "href": ""}) for head in heads(category)[above:]]


def _posts(places: Places, here: OutputFeed, posts: Sequence[Shown]) -> list[theme.Values]:
    ways = {each: theme.Items(_path(places, each, len(here.levels))) for each in {post.category for post in posts}}
    return [post.values.also(categories=ways[post.category]) for post in posts]


def _shown(publication: Publication, post: Post, *, brief: bool) -> Shown:
    copy = post.copy
    language = safe.language(copy.language)
    around, direction = _language(publication)
    values = theme.Values(
        title=facts.title(post),
        href=safe.web(copy.link),
        language=language,
        direction=_direction(language, direction),
        english=theme.english(around),
        source=_home(post.source),
        via=post.via and _home(post.via),
        # Blogs and channels of one person are called by that person's name, which stands there already.
        authors=[person.name for person in facts.named(copy.authors) if person.name != post.source.title],
        time=theme.moment(post.published),
        # A page of older posts is a list to look through: quick to load, and short.
        image=None if brief else safe.web(copy.image),
        excerpt="" if brief else facts.lead(copy),
        also_in=[{"name": source.title, "href": facts.place(source)} for source in post.also_in],
    )
    return Shown(post.category, post.updated, values)


def _home(source: Attribution) -> dict[str, str | None]:
    return {"name": source.title, "href": safe.web(source.url) or safe.web(source.feed)}
