"""Values ⇄ JSON text for columns that hold many things at once.  What is as by default is left out; keys are sorted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import Field, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from aggregator.models import Copy, FeedInfo, Hints, Link, Person, Tag

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_PARTS = {"links": Link, "authors": Person, "contributors": Person, "tags": Tag}
#: The parts of a copy that have no column of their own.
_MORE = ("links", "authors", "contributors", "tags", "image", "rights", "language")


def dump(value: Mapping[str, Any] | Iterable[str]) -> str:
    """Return ``value`` as compact JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=256)  # posts of one source, read one after the other, say the same
def load_strings(data: str) -> tuple[str, ...]:
    """Return the strings that ``dump`` wrote."""
    return tuple(json.loads(data))


def dump_times(times: Iterable[datetime]) -> str:
    """Return times as JSON: seconds since 1970."""
    return json.dumps([(moment - _EPOCH) // _SECOND for moment in times], separators=(",", ":"))


def load_times(data: str) -> tuple[datetime, ...]:
    """Return what ``dump_times`` wrote."""
    return tuple(_EPOCH + seconds * _SECOND for seconds in json.loads(data))


def dump_info(info: FeedInfo) -> str:
    """Return a feed's words on itself as JSON."""
    return dump(_told(info, fields(info)))


@lru_cache(maxsize=256)
def load_info(data: str) -> FeedInfo:
    """Return what ``dump_info`` wrote."""
    raw = json.loads(data)
    if "updated" in raw:
        raw["updated"] = _EPOCH + raw["updated"] * _SECOND
    return FeedInfo(**_rebuilt(raw))


def dump_hints(hints: Hints) -> str:
    """Return a feed's hints as JSON."""
    return dump(_told(hints, fields(hints)))


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
    return dump(_told(copy, (each for each in fields(copy) if each.name in _MORE)))


def load_more(data: str) -> dict[str, Any]:
    """Return what ``dump_more`` wrote, as keyword arguments of ``Copy``."""
    return _rebuilt(json.loads(data))


def tag_within(term: str) -> str:
    """Return how the JSON of ``dump_more`` says that one of the tags is ``term``."""
    return dump({"term": term})[1:-1]


def _told(value: object, of_these: Iterable[Field[Any]]) -> dict[str, Any]:
    told = ((each, getattr(value, each.name)) for each in of_these)
    return {each.name: _plain(said) for each, said in told if said != each.default}


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return (value - _EPOCH) // _SECOND
        case timedelta():
            return value // _SECOND
        case frozenset():
            return sorted(value)
        case tuple():
            return [_told(part, fields(part)) for part in value]
        case _:
            return value


def _rebuilt(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(_PARTS[name](**part) for part in value) if name in _PARTS else value for name, value in raw.items()
    }
