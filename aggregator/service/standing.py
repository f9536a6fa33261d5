"""How sources stand, in one word each."""

from __future__ import annotations

from aggregator.app import App
from aggregator.records import STATES, SourceState, standing
from aggregator.store import pulls

__all__ = ["STATES", "standing", "standings"]


def standings(app: App) -> list[str]:
    """Return how every source of feeds.yaml stands; one that was never looked at is new.  Raises DatabaseError."""
    with app.store.reading() as transaction:
        states = pulls.states(transaction)
    never = SourceState()
    return [standing(states.get(each.id, never), enabled=each.enabled) for each in app.settings.sources]
