"""Values ⇄ JSON text for the columns that are never searched.  Empty parts are left out; keys are sorted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aggregator.models import Copy, FeedInfo, Hints, Link, Person, Tag


def dump(value: Mapping[str, Any] | Iterable[str]) -> str:
    """Return ``value`` as compact JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def dump_info(info: FeedInfo) -> str:
    """Return a feed's words on itself as JSON."""
    return dump(
        _present(
            id=info.id,
            title=info.title,
            url=info.url,
            link=info.link,
            updated=info.updated and int(info.updated.timestamp()),
            authors=_people(info.authors),
            rights=info.rights,
            language=info.language,
        )
    )


def load_info(data: str) -> FeedInfo:
    """Return what ``dump_info`` wrote."""
    raw = json.loads(data)
    updated = raw.pop("updated", None)
    return FeedInfo(
        **{**raw, "authors": tuple(Person(**person) for person in raw.get("authors", ()))},
        updated=None if updated is None else datetime.fromtimestamp(updated, UTC),
    )


def dump_hints(hints: Hints) -> str:
    """Return a feed's hints as JSON."""
    return dump(
        _present(
            interval=hints.interval and int(hints.interval.total_seconds()),
            skip_hours=sorted(hints.skip_hours),
            skip_days=sorted(hints.skip_days),
        )
    )


def load_hints(data: str) -> Hints:
    """Return what ``dump_hints`` wrote."""
    raw = json.loads(data)
    interval = raw.get("interval")
    return Hints(
        interval=None if interval is None else timedelta(seconds=interval),
        skip_hours=frozenset(raw.get("skip_hours", ())),
        skip_days=frozenset(raw.get("skip_days", ())),
    )


def dump_more(copy: Copy) -> str:
    """Return the parts of a copy that have no column of their own as JSON."""
    return dump(
        _present(
            links=[_link(link) for link in copy.links],
            authors=_people(copy.authors),
            contributors=_people(copy.contributors),
            tags=[_present(term=tag.term, scheme=tag.scheme, label=tag.label) for tag in copy.tags],
            image=copy.image,
            rights=copy.rights,
            language=copy.language,
        )
    )


def load_more(data: str) -> dict[str, Any]:
    """Return what ``dump_more`` wrote, as keyword arguments of ``Copy``."""
    raw = json.loads(data)
    parts = {"links": Link, "authors": Person, "contributors": Person, "tags": Tag}
    return {
        name: tuple(parts[name](**part) for part in value) if name in parts else value for name, value in raw.items()
    }


def _present(**parts: object) -> dict[str, object]:
    return {name: value for name, value in parts.items() if value not in (None, "", [], ())}


def _people(people: Iterable[Person]) -> list[dict[str, object]]:
    return [_present(name=person.name, uri=person.uri, email=person.email) for person in people]


def _link(link: Link) -> dict[str, object]:
    return _present(
        href=link.href, rel=link.rel, type=link.type, title=link.title, hreflang=link.hreflang, length=link.length
    )
