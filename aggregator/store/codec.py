"""Values ⇄ JSON text for columns that hold many things at once.  What is as by default is left out; keys are sorted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import asdict

from aggregator.models import Copy, FeedInfo, Hints, Link, Person, Tag

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class _More(Struct, frozen=True, kw_only=True):
    """The parts of a copy that have no column of their own."""

    links: tuple[Link, ...] = ()
    authors: tuple[Person, ...] = ()
    contributors: tuple[Person, ...] = ()
    tags: tuple[Tag, ...] = ()
    image: str | None = None
    rights: str | None = None
    language: str | None = None


class _Parts(Struct, frozen=True):
    """Parts of a kind of values: what they are called, what they are by default, and what they are of one value."""

    names: tuple[str, ...]
    defaults: tuple[Any, ...]
    values: Callable[[object], tuple[Any, ...]]


_encoded = msgspec.json.Encoder(order="sorted").encode
_more = msgspec.json.Decoder(_More).decode


def dump(value: Mapping[str, Any] | Iterable[str | int]) -> str:
    """Return ``value`` as compact JSON."""
    if not value:  # as most are: quicker than to ask for it
        return "{}" if isinstance(value, Mapping) else "[]"
    try:
        return _encoded(value).decode()
    except UnicodeEncodeError:  # half a surrogate pair: the column puts U+FFFD in its place
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


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
    return dump(_told(info, _parts(FeedInfo)))


@lru_cache(maxsize=256)
def load_info(data: str) -> FeedInfo:
    """Return what ``dump_info`` wrote."""
    raw = json.loads(data)
    if "updated" in raw:
        raw["updated"] = _EPOCH + raw["updated"] * _SECOND
    return FeedInfo(**raw | {"authors": tuple(Person(**each) for each in raw.get("authors", ()))})


def dump_hints(hints: Hints) -> str:
    """Return a feed's hints as JSON."""
    return dump(_told(hints, _parts(Hints)))


@lru_cache(maxsize=256)  # most feeds give none
@lru_cache(maxsize=256)
def load_hints(data: str) -> Hints:
    """Return what ``dump_hints`` wrote."""
    raw = json.loads(data)
    return Hints(
        interval=raw["interval"] * _SECOND if "interval" in raw else None,
        skip_hours=frozenset(raw.get("skip_hours", ())),
        skip_days=frozenset(raw.get("skip_days", ())),
    )


def dump_more(copy: Copy) -> str:
    """Return the parts of a copy that have no column of their own as JSON."""
    return dump(_told(copy, _parts(_More)))


def load_more(data: str) -> dict[str, Any]:
    """Return what ``dump_more`` wrote, as keyword arguments of ``Copy``."""
    return asdict(_more(data))


def tag_within(term: str) -> str:
    """Return how the JSON of ``dump_more`` says that one of the tags is ``term``."""
    return dump({"term": term})[1:-1]


@cache
def _parts(kind: type[Struct]) -> _Parts:
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    return _Parts(names, (NODEFAULT,) * (len(names) - len(defaults)) + defaults, attrgetter(*names))


def _told(value: object, parts: _Parts) -> dict[str, Any]:
    return {
        name: _plain(said)
        for name, said, default in zip(parts.names, parts.values(value), parts.defaults, strict=True)
        if said != default
    }


def _plain(value: Any) -> Any:
    match value:
        case str():
            return value
        case datetime():
            return (value - _EPOCH) // _SECOND
        case timedelta():
            return value // _SECOND
        case frozenset():
            return sorted(value)
        case tuple():
            return [_told(part, _parts(part.__class__)) for part in value]
        case _:
            return value
