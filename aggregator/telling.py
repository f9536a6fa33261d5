"""What the editor is told: entries that are held, and the stories of posts."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from aggregator.reasons import SENTENCES, Reason
from aggregator.records import Decision, Edit


def in_words(decision: Decision) -> str:
    """Return what was decided and why, as a sentence with whatever helps to understand it."""
    detail = "; ".join(f"{name}: {said}" for name, said in decision.detail.items())
    return f"{SENTENCES[decision.code]} ({detail})" if detail else SENTENCES[decision.code]


def entry_name(number: int) -> str:
    """Return how commands call the entry with that number."""
    return f"e{number}"


class Held(Struct, frozen=True, kw_only=True):
    """A copy that waits for the editor: its number for commands, why it is held, since when, and until when."""

    number: int
    source_id: str
    title: str
    link: str | None
    code: Reason
    detail: str
    since: datetime
    until: datetime | None

    @property
    def name(self) -> str:
        """How commands call it."""
        return entry_name(self.number)


class Naming(Struct, frozen=True, kw_only=True):
    """A name that an entry was seen under, and since when; of names that an older version kept both are unknown."""

    kind: str
    said: str | None
    since: datetime | None


class Told(Struct, frozen=True, kw_only=True):
    """A source's entry in a story: what is known of it, and how it stands.

    ``verdict`` is None where it is part of the post, "pruned" where it has left the archive.
    """

    number: int
    source_id: str
    title: str
    link: str | None
    first_seen: datetime | None
    published: datetime | None
    verdict: str | None
    primary: bool
    names: tuple[Naming, ...]
    edits: tuple[Edit, ...]

    @property
    def name(self) -> str:
        """How commands call it."""
        return entry_name(self.number)


class Story(Struct, frozen=True, kw_only=True):
    """All that is known of a post, or of entries that stand in none (``id`` is None): entries, and what was decided.

    ``gone`` tells when and why it was taken out.
    """

    id: str | None
    file: str | None
    gone: tuple[datetime, Reason] | None
    entries: tuple[Told, ...]
    decisions: tuple[Decision, ...]
