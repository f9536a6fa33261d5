"""What of a document is news: new copies, new versions of known ones, new names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from aggregator import normalise
from aggregator.models import Feed, Source
from aggregator.recognise.entries import Match
from aggregator.records import Alias, CopyWrite, Known


def writes(matches: Sequence[Match], named: set[str], feed: Feed, source: Source, now: datetime) -> Iterator[CopyWrite]:
    """Yield what is to be written of the entries of ``feed``: new copies, new versions, new names.

    ``named`` are the aliases that the archive has.  An entry that is as it was costs nothing.
    """
    for match in matches:
        candidate, known = match.candidate, match.known
        aliases = tuple(alias for alias in candidate.aliases if alias.value not in named)
        fingerprint = normalise.fingerprint(candidate.entry)
        if known and (known.pruned or fingerprint == known.fingerprint):
            if aliases:
                yield _touch(known, aliases, known.fingerprint)
            continue
        key = candidate.key
        copy = normalise.normalise(candidate.entry, feed.info, source, key=key, now=now, known=known)
        version = normalise.version(copy)
        if known and version == known.version:
            yield _touch(known, aliases, fingerprint)
            continue
        yield CopyWrite(
            copy=copy,
            known=known,
            fingerprint=fingerprint,
            version=version,
            words=normalise.words(copy.title, copy.content),
            aliases=aliases,
            page=candidate.page,
        )


def _touch(known: Known, aliases: tuple[Alias, ...], fingerprint: str) -> CopyWrite:
    return CopyWrite(
        copy=None,
        known=known,
        fingerprint=fingerprint,
        version=known.version,
        words=known.words,
        aliases=aliases,
        page=None,
    )
