"""Who may ask a domain now: tickets in the order in which they were drawn, for all processes that share the database.

A ticket ends by itself, by the database's own clock, unless its process renews it: what a killed process leaves behind
stands in nobody's way for long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from msgspec import Struct

from aggregator.records import Ticket
from aggregator.store import Store
from aggregator.store.engine import PARAMETERS, alone, clock
from aggregator.store.schema import slot
from aggregator.text import chunks

#: No ticket lasts as long as this: a later end was noted before the clock was set back.
_LONGEST = timedelta(hours=1)


class Desk(Struct, frozen=True):
    """Where ``holder`` draws tickets, which last for ``term``; the first ``limit`` of a domain may ask it.

    No other process may have the same ``holder`` at the same time; what one of that name left behind is given back.
    """

    store: Store
    holder: str
    limit: int
    term: timedelta

    def others(self) -> bool:
        """Tell whether anybody else has a ticket; raises DatabaseError."""
        query = sa.select(sa.exists().where(slot.c.holder != self.holder))
        with self.store.reading() as transaction:
            return bool(transaction.scalar(query))

    def exchange(self, held: Collection[int], lanes: Sequence[str]) -> list[Ticket]:
        """Keep ``held`` of our tickets and draw one for each of ``lanes``; see ``aggregator.fetch.slots``.

        Raises DatabaseError.
        """
        with self.store.writing() as transaction:
            if not held and not lanes:
                transaction.execute(slot.delete().where(slot.c.holder == self.holder))
                return []
            alone(transaction, slot)
            now = clock(transaction)
            self._tidy(transaction, held, now)
            self._draw(transaction, lanes, now)
            return self._ranked(transaction)

    def _tidy(self, transaction: sa.Connection, held: Collection[int], now: datetime) -> None:
        ours = slot.c.holder == self.holder
        over = sa.or_(slot.c.until <= now, slot.c.until > now + _LONGEST)
        # Ours that ran out and still stand can be renewed: nobody has taken their place.
        transaction.execute(slot.delete().where(~ours, over))
        left = sorted(set(transaction.scalars(sa.select(slot.c.pk).where(ours))) - set(held))
        for chunk in chunks(left, PARAMETERS):
            transaction.execute(slot.delete().where(slot.c.pk.in_(chunk)))
        if held:
            transaction.execute(slot.update().where(ours).values(until=now + self.term))

    def _draw(self, transaction: sa.Connection, lanes: Sequence[str], now: datetime) -> None:
        if lanes:
            last = transaction.scalar(sa.select(sa.func.coalesce(sa.func.max(slot.c.pk), 0)))
            rows = [
                {"pk": number, "domain": lane, "holder": self.holder, "until": now + self.term}
                for number, lane in enumerate(lanes, (last or 0) + 1)
            ]
            transaction.execute(slot.insert(), rows)

    def _ranked(self, transaction: sa.Connection) -> list[Ticket]:
        before: Counter[str] = Counter()
        waited_for: set[str] = set()
        ours: list[tuple[int, str, bool]] = []
        for number, domain, holder in transaction.execute(_LINE):
            may_ask = before[domain] < self.limit
            before[domain] += 1
            if holder == self.holder:
                ours.append((number, domain, may_ask))
            elif not may_ask:
                waited_for.add(domain)
        return [Ticket(number=number, granted=granted, wanted=domain in waited_for) for number, domain, granted in ours]


_LINE = sa.select(slot.c.pk, slot.c.domain, slot.c.holder).order_by(slot.c.pk)
