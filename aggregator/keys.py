"""Keys of one reader: a private feed may write the key it was asked with into everything that it links to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, unquote

from aggregator import urls
from aggregator.models import Entry, FeedInfo, Text

#: Shorter secrets would be found in innocent words.
_SHORTEST = 6
_DANGLING = re.compile(r"[?&;]+$")

Strip = Callable[[str], str]


def without(entry: Entry, feed: FeedInfo, url: str) -> tuple[Entry, FeedInfo]:
    """Return ``entry`` and ``feed`` without the secrets that ``url``, their source's address, holds.

    Its password and the values of its secret parameters go, with the parameters' names, from addresses and bodies; a
    guid that has one goes as a whole.
    """
    strip = _stripper(url)
    if strip is None:
        return entry, feed
    return (
        replace(
            entry,
            guid=entry.guid if entry.guid is None or strip(entry.guid) == entry.guid else None,
            link=_address(entry.link, strip),
            image=_address(entry.image, strip),
            links=tuple(replace(link, href=_address(link.href, strip) or "") for link in entry.links),
            content=_body(entry.content, strip),
            summary=_body(entry.summary, strip),
        ),
        replace(feed, link=_address(feed.link, strip)),
    )


def _stripper(url: str) -> Strip | None:
    secrets = {secret for secret in urls.secrets(url) if len(secret) >= _SHORTEST}
    if not secrets:
        return None
    spellings = {spelling for secret in secrets for spelling in (secret, unquote(secret), quote(secret, safe=""))}
    longest_first = "|".join(map(re.escape, sorted(spellings, key=len, reverse=True)))
    return lambda text: re.sub(rf"(?:(?<=[?&;])[\w.%\[\]-]+=)?(?:{longest_first})", "", text)


def _address(address: str | None, strip: Strip) -> str | None:
    stripped = strip(address) if address else address
    return _DANGLING.sub("", stripped) if stripped and stripped != address else address


def _body(body: Text | None, strip: Strip) -> Text | None:
    return replace(body, value=strip(body.value), base=_address(body.base, strip)) if body else None
