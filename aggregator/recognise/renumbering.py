"""Entries that come back under other names: single ones that moved, and whole feeds that were renumbered.

A feed that is made by new software has new ids for all of its entries, and often new addresses.  Their words
and dates tell which they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from aggregator import normalise, urls, wording
from aggregator.reasons import Reason
from aggregator.recognise.changes import Draft
from aggregator.recognise.entries import Match
from aggregator.records import Known

#: Fewer new names at once are no renumbering …
_FEWEST = 2
#: … and fewer than these none where the dates are new, too.
_FEWEST_REDATED = 3


def suspected(unknown: int, found: int) -> bool:
    """Tell whether a whole document of ``found`` entries, ``unknown`` by all names, may be renumbered: most are."""
    return unknown >= _FEWEST and 2 * unknown > found


def rebind(
    matches: Sequence[Match], drafts: Mapping[int, Draft], known: Mapping[str, Known], recent: Sequence[Known] | None
) -> tuple[Match, ...]:
    """Return ``matches`` with the copies that ``drafts`` turn out to be; no copy is taken twice.

    ``known`` maps names by words to copies; ``recent`` are the source's newest copies, None where no renumbering is
    ``suspected``.  A copy that the document still shows under its old name is not taken.
    """
    free = _Free(matches)
    by_words = {place: copy for place, draft in drafts.items() if (copy := free.take(_by_words(draft, known)))}
    # What was taken out is known by title and date, too: nobody follows how its words changed since.
    others = {place: draft.titled for place, draft in drafts.items() if place not in by_words and draft.titled}
    taken_out = {place: copy for place, name in others.items() if (copy := free.take(known.get(name)))}
    if recent is not None:
        by_title = taken_out | _by_title(drafts, by_words | taken_out, recent, free)
        same_date = {place: copy for place, copy in by_words.items() if _same_date(drafts[place], copy)}
        redated = {place: copy for place, copy in by_words.items() if drafts[place].made.length >= wording.ENOUGH}
        for sure, fewest in ((same_date, _FEWEST), (same_date | redated, _FEWEST_REDATED)):
            bound = by_title | sure
            if len(bound) >= fewest and 2 * len(bound) > len(matches):
                return _bound(matches, by_words | by_title, Reason.RENUMBERED)
    moved = {place: copy for place, copy in by_words.items() if _is_moved(drafts[place], copy)}
    return _bound(matches, moved | taken_out, Reason.MOVED)


class _Free:
    """The copies that no entry of the document has yet."""

    def __init__(self, matches: Sequence[Match]) -> None:
        self._taken = {match.known.pk for match in matches if match.known}

    def take(self, copy: Known | None) -> Known | None:
        if copy is None or copy.pk in self._taken:
            return None
        self._taken.add(copy.pk)
        return copy


def _by_words(draft: Draft, known: Mapping[str, Known]) -> Known | None:
    dated, other = known.get(draft.dated.value), known.get(draft.words.value)
    # Of several with the same words it is the one that has the date, too.
    return dated or (other if other and (draft.alone or other.has_date(_date(draft))) else None)


def _by_title(
    drafts: Mapping[int, Draft], bound: Mapping[int, Known], recent: Sequence[Known], free: _Free
) -> dict[int, Known]:
    named: dict[tuple[tuple[str, ...], datetime], list[Known]] = {}
    for copy in recent:
        for dated in {copy.published, copy.dated or copy.published}:
            named.setdefault((wording.title(copy.title), dated), []).append(copy)
    found = {}
    for place, draft in drafts.items():
        date = _date(draft)
        same = named.get((wording.title(draft.made.copy.title), date), []) if date else []
        taken = free.take(same[0]) if len(same) == 1 and place not in bound else None
        if taken:
            found[place] = taken
    return found


def _is_moved(draft: Draft, copy: Known) -> bool:
    link = draft.made.copy.link
    same_link = bool(link and copy.link) and urls.canonical(link or "") == urls.canonical(copy.link or "")
    return same_link or copy.has_date(_date(draft))


def _same_date(draft: Draft, copy: Known) -> bool:
    return copy.pruned or draft.candidate.entry.published is None or copy.has_date(_date(draft))


def _date(draft: Draft) -> datetime | None:
    return normalise.given_date(draft.candidate.entry)


def _bound(matches: Sequence[Match], bound: Mapping[int, Known], reason: Reason) -> tuple[Match, ...]:
    return tuple(
        replace(match, known=bound[place], reason=reason) if place in bound else match
        for place, match in enumerate(matches)
    )
