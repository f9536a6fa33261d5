"""The feed of the sources' health: events → render → write."""

from __future__ import annotations

from aggregator import text
from aggregator.models import Document
from aggregator.pipeline.crew import Publishing
from aggregator.pipeline.target import HEALTH, Target, add, note
from aggregator.pipeline.target import write as put
from aggregator.publish import health
from aggregator.store import Transaction, events, upkeep

#: Events in the feed.
_SHOWN = 100


def write(run: Publishing) -> None:
    """Write the feed, and note that all events are published."""
    store, target = run.store, run.target
    with store.reading() as transaction:
        known = upkeep.sure_files(transaction, HEALTH)
        made = document(transaction, target)
    new = [] if made.path in known else [(made.path, None)]
    taken = note(store, target.feeds, HEALTH, new, known, run.watch)
    put(target.feeds, HEALTH, made, known, run.changes, run.watch)
    add(store, HEALTH, taken, run.watch, {made.path: text.digest_bytes(made.body)})
    target.feeds.sync()
    with store.writing() as transaction:
        events.publish(transaction)


def document(transaction: Transaction, target: Target) -> Document:
    """Return the feed as it is to be."""
    return health.render(target.publication, events.newest(transaction, _SHOWN))
