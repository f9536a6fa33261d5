"""What a source deletes of its own entries (RFC 6721)."""

from __future__ import annotations

from collections.abc import Mapping

from aggregator import text
from aggregator.models import Deletion, Entry, Feed


def living(feed: Feed) -> tuple[Entry, ...]:
    """Return the entries of ``feed`` without those that it deletes in the same document."""
    deleted = {each.ref: each for each in feed.deleted}
    return tuple(entry for entry in feed.entries if not _is_deleted(entry, deleted))


def named(feed: Feed) -> dict[str, Deletion]:
    """Return what ``feed`` deletes, by the alias of the entry within its source."""
    back = {entry.guid for entry in living(feed)}
    return {text.digest("guid", each.ref): each for each in feed.deleted if each.ref not in back}


def _is_deleted(entry: Entry, deleted: Mapping[str, Deletion]) -> bool:
    found = deleted.get(entry.guid) if entry.guid else None
    changed = entry.updated or entry.published
    # Section 3: an entry that was changed later than it was deleted has come back.
    return found is not None and (changed is None or changed <= found.at)
