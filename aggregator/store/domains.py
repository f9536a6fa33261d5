"""What was asked of which domain: kept, so that every command and every restart knows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from aggregator.cadence import budget
from aggregator.records import DomainState
from aggregator.store import codec
from aggregator.store.engine import PARAMETERS
from aggregator.store.rows import upsert
from aggregator.store.schema import domain
from aggregator.text import chunks


def states(connection: sa.Connection) -> dict[str, DomainState]:
    """Return how all domains stand that anything is known of, by name."""
    return {row.name: _state(row) for row in connection.execute(sa.select(domain))}


def add(
    connection: sa.Connection, changes: Mapping[str, tuple[DomainState, tuple[datetime, ...]]], now: datetime
) -> None:
    """Add to what is known: how domains stand now, and when each was asked besides.

    What other processes wrote in the meantime stays; which of them says nothing any more at ``now`` is removed.
    """
    query = sa.select(domain)
    parts = chunks(list(changes), PARAMETERS)
    rows = (row for part in parts for row in connection.execute(query.where(domain.c.name.in_(part))))
    known = {row.name: _state(row) for row in rows}
    merged = [
        budget.merged(known.get(name, DomainState(name=name)), state, more) for name, (state, more) in changes.items()
    ]
    fresh = {state.name: state for state in merged if not budget.over(state, now)}
    upsert(connection, domain, [_row(state, now) for state in fresh.values()], ["name"])
    _remove(connection, [name for name in known if name not in fresh])


def forget(connection: sa.Connection, now: datetime) -> None:
    """Remove the domains of which nothing is known any more at ``now``."""
    _remove(connection, [name for name, state in states(connection).items() if budget.over(state, now)])


def _remove(connection: sa.Connection, names: Sequence[str]) -> None:
    for part in chunks(names, PARAMETERS):
        connection.execute(domain.delete().where(domain.c.name.in_(part)))


def _state(row: sa.Row[tuple[object, ...]]) -> DomainState:
    return DomainState(
        name=row.name,
        asked=codec.load_times(row.asked),
        closed_until=row.closed_until,
        refusals=row.refusals,
        because=row.because,
    )


def _row(state: DomainState, now: datetime) -> dict[str, object]:
    return {
        "name": state.name,
        "asked": codec.dump_times(budget.lately(state, now)),
        "closed_until": state.closed_until,
        "refusals": state.refusals,
        "because": state.because,
    }
