"""Subscriptions out of an OPML file (OPML 2.0; listparser reads all makes of it)."""

from __future__ import annotations

import listparser

from aggregator import text, urls
from aggregator.errors import ConfigError
from aggregator.models import Subscription

#: Bytes; the largest subscription lists in use hold some thousand feeds.
_LARGEST = 20_000_000


def read_opml(body: bytes) -> tuple[Subscription, ...]:
    """Return the feeds in an OPML document, each once, folders as their category path.

    Outlines without an http(s) address are left out.  Raises ConfigError when the document is no OPML.
    """
    if len(body) > _LARGEST:
        raise ConfigError(f"this file is larger than {_LARGEST // 10**6} MB; it can hardly be a list of feeds")
    try:
        parsed = listparser.parse(body)
    except (ValueError, LookupError, RecursionError) as exc:
        raise ConfigError("this is no OPML that can be read") from exc
    if not parsed.get("version") and not parsed.feeds:
        raise ConfigError("this is no OPML: it lists no feeds")
    found: dict[str, Subscription] = {}
    for feed in parsed.feeds:
        url = str(feed.url or "").strip()
        if urls.absolute(url) and url not in found:
            found[url] = Subscription(title=text.one_line(feed.title or ""), feed=url, url=None, category=_path(feed))
    return tuple(found.values())


def _path(feed: listparser.common.SuperDict) -> tuple[str, ...]:
    # `categories` holds the folders around an outline, and those that its own attribute names; the first will do.
    for path in feed.get("categories") or ():
        names = tuple(name for name in map(text.one_line, path) if name and text.slug(name))
        if names:
            return names
    return ()
