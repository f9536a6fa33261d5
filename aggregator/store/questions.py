"""Questions that are asked again and again, by statements that are made once.

SQLAlchemy puts a list of values into the text anew each time, which takes longer than to look them up.  Here lists are
filled up to a few lengths, so that there are few texts, and what is found is read column by column.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import repeat
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.sql.compiler import SQLCompiler

from aggregator.store.engine import PARAMETERS
from aggregator.text import chunks

_Process = Callable[[Any], Any]
#: What a list of values is called among the parameters of a query.
AMONG = "among"


def among(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that ``column`` is one of the values that are asked for; see ``ask_among``."""
    return column.in_(sa.bindparam(AMONG, expanding=True))


def ask(connection: sa.Connection, query: sa.Select[Any], /, **given: Any) -> list[Any]:
    """Return the rows that ``query`` finds, with its columns as attributes; ``given`` are its parameters by name.

    What is made of ``query`` is kept: it is to be made once, too.
    """
    return _found(connection, _prepared(connection.dialect, query, 0), (), given)


def ask_among(connection: sa.Connection, query: sa.Select[Any], values: Sequence[Any], /, **given: Any) -> list[Any]:
    """Return the rows that ``query`` finds ``among`` so many ``values``; see ``ask``.

    It is asked for a part of many at a time.
    """
    found: list[Any] = []
    for part in chunks(values, PARAMETERS):
        size = min(1 << (len(part) - 1).bit_length(), PARAMETERS)
        filled = [*part, *repeat(part[-1], size - len(part))]
        found += _found(connection, _prepared(connection.dialect, query, size), filled, given)
    return found


class _Prepared(Struct, frozen=True):
    """A query as the driver takes it, for a list of some length: other parameters stand ``before`` and ``after`` it.

    ``places`` are what the text calls them all, None where they go by their order; ``fixed`` are those that never
    change; ``handed`` is what makes a parameter ready for the driver, ``read`` what makes a value of each column.
    """

    text: str
    before: Sequence[str]
    after: Sequence[str]
    places: Sequence[str] | None
    fixed: Mapping[str, Any]
    handed: Mapping[str, _Process]
    read: Sequence[_Process | None]
    row: Callable[[Iterable[Any]], Any]

    def parameters(self, values: Sequence[Any], given: Mapping[str, Any]) -> Any:
        said = {**self.fixed, **given}
        for name in self.handed.keys() & given.keys():
            said[name] = self.handed[name](said[name])
        if AMONG in self.handed:
            values = list(map(self.handed[AMONG], values))
        every = (*(said[name] for name in self.before), *values, *(said[name] for name in self.after))
        return every if self.places is None else dict(zip(self.places, every, strict=True))

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        if not any(self.read):
            return list(map(self.row, found))
        columns = zip(*found, strict=True)
        ready = [map(process, each) if process else each for each, process in zip(columns, self.read, strict=False)]
        return list(map(self.row, zip(*ready, strict=True)))


def _found(
    connection: sa.Connection, prepared: _Prepared, values: Sequence[Any], given: Mapping[str, Any]
) -> list[Any]:
    return prepared.rows(connection.exec_driver_sql(prepared.text, prepared.parameters(values, given)).all())


@lru_cache(maxsize=256)
def _prepared(dialect: sa.Dialect, query: sa.Select[Any], size: int) -> _Prepared:
    compiled = _compiled(dialect, query)
    names = [each.key for each in compiled.binds.values() if each.required]
    made = compiled.construct_expanded_state({name: [None] * size if name == AMONG else None for name in names})
    listed = made.parameter_expansion.get(AMONG, [])
    places = list(made.positiontup or [*(made.parameters.keys() - set(listed)), *listed])
    start = places.index(listed[0]) if listed else len(places)
    fixed = {name: value for name, value in made.parameters.items() if name not in (*names, *listed)}
    handed = {each.key: each.type.dialect_impl(dialect).bind_processor(dialect) for each in compiled.binds.values()}
    processes = {name: process for name, process in handed.items() if process}
    columns = query.selected_columns
    return _Prepared(
        text=made.statement,
        before=places[:start],
        after=places[start + len(listed) :],
        places=None if compiled.positional else places,
        fixed={name: processes[name](value) if name in processes else value for name, value in fixed.items()},
        handed=processes,
        read=[each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns],
        row=_row(columns.keys()),
    )


def _row(names: Sequence[str]) -> Callable[[Iterable[Any]], Any]:
    row = namedtuple("Row", names)  # type: ignore[misc]  # noqa: PYI024 - only the query knows what it finds
    return partial(tuple.__new__, row)  # what ``_make`` does and checks, in half the time


@lru_cache(maxsize=128)
def _compiled(dialect: sa.Dialect, query: sa.Select[Any]) -> SQLCompiler:
    return query.compile(dialect=dialect)
