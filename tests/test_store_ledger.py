"""The ledger: what was decided is written with what was decided, and goes when that is pruned."""

from __future__ import annotations

import sqlalchemy as sa
from stored import DAY, NOW, copy, count, fill, pull, source, sync, write

from aggregator.reasons import Reason
from aggregator.store import Store, upkeep
from aggregator.store.schema import alias, decision


def decided(store: Store) -> list[str]:
    """Return the codes of the ledger, in its order."""
    with store.reading() as transaction:
        return list(transaction.scalars(sa.select(decision.c.code).order_by(decision.c.pk)))


def test_what_became_of_a_copy_is_noted(store: Store) -> None:
    """A post that was made and a copy that joined it have a line each, with the time and the numbers of both."""
    page = "https://story.example.org/1"
    fill(store, copy("a", "1", link=page))
    fill(store, copy("b", "1", link=page))
    assert decided(store) == [Reason.MINTED, Reason.JOINED_PAGE]
    with store.reading() as transaction:
        rows = transaction.execute(sa.select(decision)).all()
    assert {row.at for row in rows} == {NOW}
    assert len({row.post_pk for row in rows}) == 1
    assert len({row.copy_pk for row in rows}) == 2


def test_a_name_is_kept_with_its_kind_its_words_and_its_time(store: Store) -> None:
    """What a source called a copy can be told, and since when."""
    sync(store, source("a"))
    pull(store, "a", write(copy("a", "1"), aliases=("other",)))
    with store.reading() as transaction:
        rows = transaction.execute(sa.select(alias.c.kind, alias.c.said, alias.c.first_seen)).all()
    assert ("guid", "other", NOW) in [tuple(row) for row in rows]


def test_pruning_takes_what_was_decided(store: Store) -> None:
    """Of posts that are gone no decision is left."""
    fill(store, copy("a", "1", published=NOW - 9 * DAY))
    with store.writing() as transaction:
        upkeep.prune(transaction, before=NOW, per_source=0)
    assert count(store, decision) == 0
