"""Values ⇄ JSON text for columns that hold many things at once.  What is as by default is left out; keys are sorted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from aggregator.models import Copy, FeedInfo, Hints, Link, Person, Tag

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class _More(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The parts of a copy that have no column of their own."""

    links: tuple[Link, ...] = ()
    authors: tuple[Person, ...] = ()
    contributors: tuple[Person, ...] = ()
    tags: tuple[Tag, ...] = ()
    image: str | None = None
    rights: str | None = None
    language: str | None = None


class _Info(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a feed says of itself; ``updated`` is in seconds since 1970."""

    id: str | None = None
    title: str | None = None
    url: str | None = None
    link: str | None = None
    updated: int | None = None
    authors: tuple[Person, ...] = ()
    rights: str | None = None
    language: str | None = None


class _Hints(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A feed's hints; ``interval`` is in seconds."""

    interval: int | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


_encoded = msgspec.json.Encoder(order="sorted").encode
_more = msgspec.json.Decoder(_More).decode
_info = msgspec.json.Decoder(_Info).decode
_hints = msgspec.json.Decoder(_Hints).decode


def dump(value: Any) -> str:
    """Return ``value``, of what JSON knows or of a class above, as compact JSON."""
    try:
        return _encoded(value).decode()
    except UnicodeEncodeError:  # half a surrogate pair: the column puts U+FFFD in its place
        return json.dumps(msgspec.to_builtins(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=256)  # posts of one source, read one after the other, say the same
def load_strings(data: str) -> tuple[str, ...]:
    """Return the strings that ``dump`` wrote."""
    return tuple(json.loads(data))


def dump_times(times: Iterable[datetime]) -> str:
    """Return times as JSON: seconds since 1970."""
    return dump([(moment - _EPOCH) // _SECOND for moment in times])


def load_times(data: str) -> tuple[datetime, ...]:
    """Return what ``dump_times`` wrote."""
    return tuple([datetime.fromtimestamp(seconds, UTC) for seconds in json.loads(data)])


def dump_info(info: FeedInfo) -> str:
    """Return a feed's words on itself as JSON."""
    updated = None if info.updated is None else (info.updated - _EPOCH) // _SECOND
    return dump(_Info(**asdict(info) | {"updated": updated}))


@lru_cache(maxsize=256)
def load_info(data: str) -> FeedInfo:
    """Return what ``dump_info`` wrote."""
    found = _info(data)
    return FeedInfo(**asdict(found) | {"updated": None if found.updated is None else _EPOCH + found.updated * _SECOND})


def dump_hints(hints: Hints) -> str:
    """Return a feed's hints as JSON."""
    interval = None if hints.interval is None else hints.interval // _SECOND
    hours, days = tuple(sorted(hints.skip_hours)), tuple(sorted(hints.skip_days))
    return dump(_Hints(interval=interval, skip_hours=hours, skip_days=days))


@lru_cache(maxsize=256)  # most feeds give none
def load_hints(data: str) -> Hints:
    """Return what ``dump_hints`` wrote."""
    found = _hints(data)
    interval = None if found.interval is None else found.interval * _SECOND
    return Hints(interval=interval, skip_hours=frozenset(found.skip_hours), skip_days=frozenset(found.skip_days))


def dump_more(copy: Copy) -> str:
    """Return the parts of a copy that have no column of their own as JSON."""
    return dump(
        _More(
            links=copy.links,
            authors=copy.authors,
            contributors=copy.contributors,
            tags=copy.tags,
            image=copy.image,
            rights=copy.rights,
            language=copy.language,
        )
    )


def load_more(data: str) -> dict[str, Any]:
    """Return what ``dump_more`` wrote, as keyword arguments of ``Copy``."""
    return asdict(_more(data))


def tag_within(term: str) -> str:
    """Return how the JSON of ``dump_more`` says that one of the tags is ``term``."""
    return dump({"term": term})[1:-1]
