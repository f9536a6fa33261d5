"""What of a document is new, as admission looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from aggregator import admission
from aggregator.admission import Newcomer, Record
from aggregator.models import Source
from aggregator.recognise.entries import Match
from aggregator.records import Candidate, CopyWrite


def judged(
    writes: Iterable[CopyWrite],
    matches: Sequence[Match],
    record: Record | None,
    source: Source,
    now: datetime,
    *,
    whole: bool,
) -> Iterator[CopyWrite]:
    """Yield ``writes``, those of new copies with the verdict that admission comes to.

    ``matches`` are all entries of the document, a delta unless it is ``whole``; ``record`` is what is known of
    ``source``, None where nothing is new.
    """
    verdicts = admission.verdicts(
        [_newcomer(match.candidate) for match in matches if match.known is None],
        record or Record(last_success=None),
        source.admission,
        document=_links(matches),
        whole=whole,
        familiar=_links(filter(_is_familiar, matches)),
        now=now,
    )
    for write in writes:
        given = verdicts.get(write.copy.key) if write.copy and write.known is None else None
        yield replace(write, verdict=given) if given else write


def _newcomer(candidate: Candidate) -> Newcomer:
    entry = candidate.entry
    return Newcomer(key=candidate.key, link=entry.link, dated=entry.published or entry.updated)


def _links(matches: Iterable[Match]) -> list[str]:
    return [match.candidate.entry.link for match in matches if match.candidate.entry.link]


def _is_familiar(match: Match) -> bool:
    return match.known is not None and match.known.verdict is None and match.has_its_title
