"""What one pull of one source leaves behind."""

from __future__ import annotations

from stored import NOW, source

from aggregator.errors import FetchError
from aggregator.models import Hints
from aggregator.parse import parse
from aggregator.pipeline import update
from aggregator.records import SourceState
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store


def test_a_failing_source_is_not_asked_in_the_hours_that_it_forbade(store: Store) -> None:
    """What a feed said of when to come back holds while it fails, too."""
    state = SourceState(hints=Hints(skip_hours=frozenset(range(9, 23))))
    pull, outcome = update.settle(
        store, source("a"), state, FetchError("reset"), parse=parse, now=NOW, watch=Stopwatch()
    )
    assert outcome.result == "failed"
    assert pull.state.next_pull is not None
    assert pull.state.next_pull.hour == 23
