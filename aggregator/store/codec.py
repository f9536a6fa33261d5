"""Values ⇄ JSON text for columns that hold many things at once.  What is as by default is left out; keys are sorted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import repeat
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


_encoded = msgspec.json.Encoder(order="sorted").encode
_decoded = msgspec.json.Decoder().decode
_more = msgspec.json.Decoder(_More).decode
_info = msgspec.json.Decoder(FeedInfo, strict=False).decode  # else a number is no time


def dump(value: Any) -> str:
    """Return ``value``, of what JSON knows and of values of ours, as compact JSON."""
    try:
        return _encoded(value).decode()
    except UnicodeEncodeError:  # half a surrogate pair: the column puts U+FFFD in its place
        return json.dumps(msgspec.to_builtins(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=256)  # posts of one source, read one after the other, say the same
def load_strings(data: str) -> tuple[str, ...]:
    """Return the strings that ``dump`` wrote."""
    return tuple(_decoded(data))


def dump_times(times: Iterable[datetime]) -> str:
    """Return times as JSON: seconds since 1970."""
    return dump([(moment - _EPOCH) // _SECOND for moment in times])


def load_times(data: str) -> tuple[datetime, ...]:
    """Return what ``dump_times`` wrote."""
    return tuple(map(datetime.fromtimestamp, _decoded(data), repeat(UTC)))


def dump_info(info: FeedInfo) -> str:
    """Return a feed's words on itself as JSON."""
    said = {name: value for name, value in asdict(info).items() if value not in (None, ())}
    return dump(said | {"updated": (info.updated - _EPOCH) // _SECOND} if info.updated else said)


@lru_cache(maxsize=256)
def load_info(data: str) -> FeedInfo:
    """Return what ``dump_info`` wrote."""
    return _info(data)


@lru_cache(maxsize=256)  # most feeds give none
def dump_hints(hints: Hints) -> str:
    """Return a feed's hints as JSON."""
    said = {"skip_hours": sorted(hints.skip_hours), "skip_days": sorted(hints.skip_days)}
    given: dict[str, Any] = {name: value for name, value in said.items() if value}
    spans = {"interval": hints.interval, "fresh": hints.fresh}
    return dump(given | {name: span // _SECOND for name, span in spans.items() if span is not None})


@lru_cache(maxsize=256)
def load_hints(data: str) -> Hints:
    """Return what ``dump_hints`` wrote."""
    raw = _decoded(data)
    return msgspec.convert(raw | {name: raw[name] * _SECOND for name in ("interval", "fresh") if name in raw}, Hints)


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


def tag_within(name: str) -> tuple[str, str]:
    """Return the two ways in which the JSON of ``dump_more`` says that one of the tags is called ``name``."""
    return dump({"term": name})[1:-1], dump({"label": name})[1:-1]
