"""Reading a document: parse → take → name its entries, and for a source that was never pulled → make its copies.

Nothing here looks at the archive, so that a worker can do it all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from aggregator import filters
from aggregator.models import Entry, Feed, Source
from aggregator.recognise import deletions, entries, making
from aggregator.recognise.making import Asked, Pulled
from aggregator.records import Reading

Take = Callable[[Sequence[Entry], Source], tuple[Entry, ...]]


def read(body: bytes, content_type: str, url: str, source: Source, now: datetime | None) -> Reading:
    """Return what ``source`` says in ``body``, with the copies that its entries make when they are new at ``now``.

    ``now`` is None where it is not known that all of them are new.  Where it is given, the entries come as bare as
    recognising new ones takes.  Raises ParseError; see ``parse.parse``.
    """
    from aggregator.parse import parse  # when there is a document: most runs find nothing new

    reading = let_in(parse(body, content_type, url), source, filters.taken)
    if now is None:
        return reading
    pulled = Pulled(info=reading.feed.info, source=source, now=now)
    made = making.made([Asked(entry=each.entry, key=each.key) for each in reading.found], pulled)
    bare = {id(entry): _bare(entry) for entry in reading.feed.entries}
    return Reading(
        feed=replace(reading.feed, entries=tuple(bare[id(entry)] for entry in reading.feed.entries)),
        found=tuple(replace(each, entry=bare[id(each.entry)]) for each in reading.found),
        made=made,
    )


def _bare(entry: Entry) -> Entry:
    return Entry(guid=entry.guid, link=entry.link, published=entry.published, updated=entry.updated)


def let_in(feed: Feed, source: Source, taken: Take) -> Reading:
    """Return ``feed`` with those of its entries that ``taken`` says ``source`` lets in, under their aliases."""
    found, warnings = entries.candidates(taken(deletions.living(feed), source))
    return Reading(feed=replace(feed, warnings=(*feed.warnings, *warnings)), found=found)
