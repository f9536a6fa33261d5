"""Questions that are asked again and again."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from stored import NOW, copy, fill

from aggregator.models import Copy
from aggregator.store import Store
from aggregator.store import schema as tables
from aggregator.store.questions import among, ask, ask_among

#: A text that needs care: it is a pattern of the driver's, and of LIKE.
_TITLE = "100 % of %(it)s"
_NAMED = (
    sa.select(tables.copy.c.key, tables.copy.c.published, tables.copy.c.waiting)
    .where(tables.copy.c.title == sa.bindparam("title"), among(tables.copy.c.key), tables.copy.c.length < 1_000)
    .order_by(tables.copy.c.key)
    .limit(sa.bindparam("most"))
)
_SINCE = sa.select(sa.func.count().label("number")).where(tables.copy.c.published >= sa.bindparam("since"))


def _copy(key: str) -> Copy:
    return replace(copy("a", key), key=key, title=_TITLE)


@pytest.mark.parametrize("length", [0, 1, 3, 4, 499, 500, 501, 1_025])
def test_lists_of_every_length(store: Store, length: int) -> None:
    """What is asked for is found once, however many values are asked for with it."""
    fill(store, *map(_copy, "xyz"))
    values = [*map(str, range(length)), "x", "z"][-length:] if length else []
    with store.reading() as transaction:
        found = ask_among(transaction, _NAMED, values, title=_TITLE, most=2)
    assert sorted(row.key for row in found) == [each for each in ("x", "z") if each in values]


def test_values_come_as_they_are(store: Store) -> None:
    """Times are times, and what is true or false is so, under the names of the columns, whatever the list."""
    fill(store, _copy("x"))
    with store.reading() as transaction:
        for values in (["x"], ["w", "x", "y"], ["x"]):
            (row,) = ask_among(transaction, _NAMED, values, title=_TITLE, most=9)
            assert row._asdict() == {"key": "x", "published": NOW, "waiting": False}


def test_a_question_without_a_list(store: Store) -> None:
    """Its parameters are made ready for the database: times, too."""
    fill(store, copy("a", "x"))
    with store.reading() as transaction:
        assert ask(transaction, _SINCE, since=NOW)[0].number == 1
        assert ask(transaction, _SINCE, since=NOW.replace(year=NOW.year + 1))[0].number == 0
