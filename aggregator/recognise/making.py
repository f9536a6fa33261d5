"""What entries make: the only step of recognising that reads markup, and so the one that hostile entries make dear."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from aggregator import normalise, wording
from aggregator.models import Copy, Entry, FeedInfo, Source
from aggregator.records import Known, Made


class Pulled(Struct, frozen=True, kw_only=True):
    """A pull: what the feed said of itself, whose it is and when it came; ``last_pull`` is the one before, if any."""

    info: FeedInfo
    source: Source
    now: datetime
    last_pull: datetime | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """An entry to be made a copy of: a new one under ``key``, or a new version of the ``known`` one."""

    entry: Entry
    key: str
    known: Known | None = None


def made(asked: Sequence[Asked], pulled: Pulled) -> tuple[Made, ...]:
    """Return what each of ``asked`` makes."""
    return tuple(_made(each, pulled) for each in asked)


def _made(each: Asked, pulled: Pulled) -> Made:
    copy = normalise.normalise(each.entry, pulled.info, pulled.source, key=each.key, now=pulled.now, known=each.known)
    return measured(copy, normalise.fingerprint(each.entry))


def measured(copy: Copy, fingerprint: str) -> Made:
    """Return ``copy`` with what stands for its words; ``fingerprint`` stands for its entry."""
    body = wording.body(copy.content or copy.summary)
    return Made(
        copy=copy,
        text=body.digest,
        length=body.length,
        fingerprint=fingerprint,
        words=normalise.words(copy.title, copy.content),
    )
