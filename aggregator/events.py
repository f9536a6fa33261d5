"""What is told of a source's health: an event, its kind, and the source it is about."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from msgspec import Struct


class HealthKind(Enum):
    """What happened to a source: ``UNCHANGED`` is feeds.yaml, long after the source moved."""

    FAILING = "failing"
    LASTING = "lasting"
    GONE = "gone"
    RECOVERED = "recovered"
    MOVED = "moved"
    UNCHANGED = "unchanged"
    HELD = "held"


class HealthEvent(Struct, frozen=True, kw_only=True):
    """What the editor is told of a source: why it fails, where it moved, what of it is held (``detail``).

    Of a move, ``detail`` is where the old address stood at that time, as ``feeds.yaml:12 ``, if that was known, and the
    new one.  ``since`` is the last time it answered, None when it never did.
    """

    source_id: str
    at: datetime
    kind: HealthKind
    detail: str
    since: datetime | None


class HealthReport(Struct, frozen=True, kw_only=True):
    """An event, and the source as the editor knows it: ``feed`` is its address in feeds.yaml without secrets.

    ``source_pk`` is the source's number, which stays when its id is changed.
    """

    event: HealthEvent
    source_pk: int
    title: str
    feed: str
