"""How sources stand, in one word each."""

from __future__ import annotations

from aggregator.app import App
from aggregator.records import SourceState
from aggregator.store import pulls

#: All that ``standing`` returns.
STATES = ("ok", "new", "failing", "gone", "disabled")


def standing(state: SourceState, *, enabled: bool) -> str:
    """Return a source's state in one word."""
    if not enabled:
        return "disabled"
    if state.gone:
        return "gone"
    if state.failures:
        return "failing"
    return "ok" if state.last_success else "new"


def standings(app: App) -> list[str]:
    """Return how every source of feeds.yaml stands; one that was never looked at is new.  Raises DatabaseError."""
    with app.store.reading() as transaction:
        states = pulls.states(transaction)
    never = SourceState()
    return [standing(states.get(each.id, never), enabled=each.enabled) for each in app.settings.sources]
