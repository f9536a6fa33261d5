"""Which entries of a pull are taken: ``include``, ``exclude`` and ``keep`` of feeds.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from aggregator import text
from aggregator.models import Entry, FilterField, Source, Text
from aggregator.times import LONG_AGO


def taken(entries: Sequence[Entry], source: Source) -> tuple[Entry, ...]:
    """Return the entries that ``source`` lets in, in the order of the document; see ``places``."""
    return tuple(entries[place] for place in places(entries, source))


def places(entries: Sequence[Entry], source: Source) -> tuple[int, ...]:
    """Return where in ``entries`` those are that ``source`` lets in.

    Every field of ``include`` must match and none of ``exclude`` may: titles and contents by their text on one
    line, tags by term or label.  Of what is left the newest ``source.keep`` are taken, the document's order deciding
    between equal dates; an entry without a date counts as oldest.
    """
    admitted: Sequence[int] = range(len(entries))
    if source.include or source.exclude:
        admitted = [place for place in admitted if _admits(entries[place], source)]
    if source.keep and len(admitted) > source.keep:
        admitted = sorted(sorted(admitted, key=lambda place: _date(entries[place]), reverse=True)[: source.keep])
    return tuple(admitted)


def _admits(entry: Entry, source: Source) -> bool:
    return all(_matches(entry, field, pattern) for field, pattern in source.include.items()) and not any(
        _matches(entry, field, pattern) for field, pattern in source.exclude.items()
    )


def _matches(entry: Entry, field: FilterField, pattern: str) -> bool:
    return any(re.search(pattern, value) for value in _values(entry)[field])


def _values(entry: Entry) -> Mapping[FilterField, Iterable[str]]:
    return {
        "title": (_plain(part) for part in (entry.title,) if part),
        "content": (_plain(part) for part in (entry.content, entry.summary) if part),
        "link": filter(None, (entry.link,)),
        "author": (person.name for person in entry.authors),
        "tag": (name for tag in entry.tags for name in (tag.term, tag.label) if name),
    }


def _plain(part: Text) -> str:
    return text.plain(part.value) if part.html else text.one_line(part.value)


def _date(entry: Entry) -> datetime:
    return entry.published or entry.updated or LONG_AGO
