"""What the editor decides, by the names that people use: found, decided and noted in one transaction each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from aggregator.errors import ConfigError
from aggregator.records import Held
from aggregator.store import Store, Transaction, lookup, pulls, verdicts

#: Stands for all that is held.
ALL = "all"


def held(store: Store) -> list[Held]:
    """Return the entries that wait for the editor, by source."""
    with store.reading() as transaction:
        return verdicts.held(transaction)


def release(store: Store, words: Sequence[str], now: datetime) -> int:
    """Let in what ``words`` name, and return how many entries that were: held, archived and rejected ones.

    A word is the number, guid or address of an entry, or the id of a source or ``ALL`` for what is held.  Raises
    ConfigError for one that names nothing; nothing is changed then.
    """
    return _decide(store, words, verdicts.release, now)


def reject(store: Store, words: Sequence[str], now: datetime) -> int:
    """Turn away for good what ``words`` name; see ``release``."""
    return _decide(store, words, verdicts.reject, now)


def _decide(
    store: Store,
    words: Sequence[str],
    decide: Callable[[Transaction, Sequence[int], datetime], None],
    now: datetime,
) -> int:
    with store.writing() as transaction:
        found = sorted({pk for word in words for pk in _waiting(transaction, word)})
        decide(transaction, found, now)
    return len(found)


def _waiting(transaction: Transaction, word: str) -> list[int]:
    if word == ALL or word in pulls.states(transaction):
        found = verdicts.held_of(transaction, None if word == ALL else word)
    else:
        found = verdicts.still_open(transaction, lookup.copies(transaction, word))
    if not found and word != ALL:
        raise ConfigError(f"nothing that waits answers to {word!r}; 'aggregator held' lists what does")
    return found
