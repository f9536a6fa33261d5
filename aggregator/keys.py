"""Keys of one reader: a private feed may write the key it was asked with into everything that it links to."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from msgspec import Struct
from msgspec.structs import asdict, replace

from aggregator import urls
from aggregator.models import Entry, FeedInfo

#: Shorter secrets would be found in innocent words.
_SHORTEST = 6
#: The fields that name something for ever.
_IDS = ("guid", "id")
_DANGLING = re.compile(r"[?&;]+$")

Strip = Callable[[str], str]


def without(entry: Entry, feed: FeedInfo, url: str) -> tuple[Entry, FeedInfo]:
    """Return ``entry`` and ``feed`` without the secrets that ``url``, their source's address, holds.

    Its password and the values of its secret parameters go, with the parameters' names, from all that they say; an id
    that has one goes as a whole.
    """
    strip = _stripper(url)
    return (entry, feed) if strip is None else (_stripped(entry, strip), _stripped(feed, strip))


def without_in_feed(feed: FeedInfo, url: str) -> FeedInfo:
    """Return ``feed`` without the secrets that ``url`` holds; see ``without``."""
    return without(Entry(), feed, url)[1]


@lru_cache(maxsize=16)  # it is the same for all entries of a document
def _stripper(url: str) -> Strip | None:
    secrets = {secret for secret in urls.secrets(url) if len(secret) >= _SHORTEST}
    if not secrets:
        return None
    spellings = {spelling for secret in secrets for spelling in (secret, unquote(secret), quote(secret, safe=""))}
    longest_first = "|".join(map(re.escape, sorted(spellings, key=len, reverse=True)))
    return lambda text: re.sub(rf"(?:(?<=[?&;])[\w.%\[\]-]+=)?(?:{longest_first})", "", text)


def _stripped(value: Any, strip: Strip) -> Any:
    if isinstance(value, str):
        return _words(value, strip)
    if isinstance(value, tuple):
        return tuple(_stripped(each, strip) for each in value)
    if not isinstance(value, Struct):
        return value
    old = asdict(value)
    new = {name: _stripped(each, strip) for name, each in old.items()}
    # Half an id is the id of something else.
    ids = {name: None for name in _IDS if name in old and new[name] != old[name]}
    return replace(value, **(new | ids))


def _words(value: str, strip: Strip) -> str:
    stripped = strip(value)
    if stripped == value or re.search(r"\s", value):
        return stripped
    return _DANGLING.sub("", stripped)
