"""Which entries of a pull are taken: ``include``, ``exclude`` and ``keep`` of feeds.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from aggregator import text
from aggregator.models import Entry, FilterField, Source, Text

_OLDEST = datetime.min.replace(tzinfo=UTC)


def taken(entries: Sequence[Entry], source: Source) -> tuple[Entry, ...]:
    """Return the entries that ``source`` lets in, in the order of the document.

    Every field of ``include`` must match and none of ``exclude`` may; of what is left the newest
    ``source.keep`` are taken, the document's order deciding between equal dates.
    """
    admitted = [entry for entry in entries if _admits(entry, source)]
    if not source.keep or len(admitted) <= source.keep:
        return tuple(admitted)
    newest = sorted(range(len(admitted)), key=lambda i: _date(admitted[i]), reverse=True)[: source.keep]
    return tuple(admitted[i] for i in sorted(newest))


def _admits(entry: Entry, source: Source) -> bool:
    return all(_matches(entry, field, pattern) for field, pattern in source.include.items()) and not any(
        _matches(entry, field, pattern) for field, pattern in source.exclude.items()
    )


def _matches(entry: Entry, field: FilterField, pattern: str) -> bool:
    search = _compiled(pattern).search
    return any(search(value) for value in _values(entry)[field])


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _values(entry: Entry) -> Mapping[FilterField, Iterable[str]]:
    return {
        "title": (_plain(part) for part in (entry.title,) if part),
        "content": (_plain(part) for part in (entry.content, entry.summary) if part),
        "link": filter(None, (entry.link,)),
        "author": (person.name for person in entry.authors),
        "tag": (tag.term for tag in entry.tags),
    }


def _plain(part: Text) -> str:
    return text.plain(part.value) if part.html else part.value


def _date(entry: Entry) -> datetime:
    return entry.published or entry.updated or _OLDEST
