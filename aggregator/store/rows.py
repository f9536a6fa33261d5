"""Many rows at a time, written by statements that are made once.

SQLAlchemy goes through every value of every row again and again, which takes longer than to write them.  Here a
statement is compiled once for the columns that it names, and the rows are made ready for the driver column by column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.exc import StatementError

from aggregator.store import engine
from aggregator.text import chunks

#: Rows to be written; all of them name the same columns.
Rows = Sequence[Mapping[str, Any]]
_Process = Callable[[Any], Any]
#: What is written, as far as the statement depends on it: the columns of the rows, and those that tell rows apart.
_Names = tuple[str, ...]
#: What the number of the row to be changed is called in a statement, where the name of a column means a new value.
_ROW = "row_pk"
_Make = Callable[[str, sa.Table, _Names, _Names], sa.UpdateBase]


def insert(connection: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Insert ``rows``."""
    _write(connection, _inserting, table, rows)


def upsert(connection: sa.Connection, table: sa.Table, rows: Rows, index: Sequence[str]) -> None:
    """Insert ``rows``; where a row with the same ``index`` columns stands, set its other columns."""
    _write(connection, _upserting, table, rows, index)


def insert_missing(connection: sa.Connection, table: sa.Table, rows: Rows, index: Sequence[str]) -> None:
    """Insert those of ``rows`` whose ``index`` columns no row has yet."""
    _write(connection, _inserting_missing, table, rows, index)


def update(connection: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Set in each row with the ``pk`` of one of ``rows`` the other columns that this names."""
    _write(connection, _updating, table, rows)


def change(connection: sa.Connection, column: sa.Column[Any], values: Sequence[Any], /, **new: Any) -> None:
    """Set ``new`` in the rows whose ``column`` is one of ``values``."""
    for part in chunks(values, engine.PARAMETERS):
        connection.execute(sa.update(column.table).where(column.in_(part)).values(new))


class _Prepared(Struct, frozen=True):
    """A statement as the driver takes it: where the ``columns`` go, and what the driver is handed for their values.

    ``places`` are what the text calls them, None where it goes by their order.
    """

    text: str
    columns: _Names
    places: _Names | None
    processes: Sequence[_Process | None]

    def parameters(self, rows: Rows) -> Any:
        columns = [map(itemgetter(name), rows) for name in self.columns]
        handed = [
            map(process, each) if process else each for each, process in zip(columns, self.processes, strict=True)
        ]
        values = list(zip(*handed, strict=True))
        return values if self.places is None else [dict(zip(self.places, each, strict=True)) for each in values]


def _write(connection: sa.Connection, make: _Make, table: sa.Table, rows: Rows, index: Sequence[str] = ()) -> None:
    if rows:
        prepared = _prepared(connection.dialect, make, table, tuple(rows[0]), tuple(index))
        try:
            parameters = prepared.parameters(rows)
        except (TypeError, ValueError) as exc:
            raise StatementError(str(exc), prepared.text, None, exc) from exc
        connection.exec_driver_sql(prepared.text, parameters)


@lru_cache(maxsize=128)
def _prepared(dialect: sa.Dialect, make: _Make, table: sa.Table, names: _Names, index: _Names) -> _Prepared:
    compiled = dialect.statement_compiler(dialect, make(dialect.name, table, names, index))
    places = tuple(compiled.positiontup or compiled.binds)
    columns = tuple("pk" if place == _ROW else place for place in places)
    types = (table.c[name].type.dialect_impl(dialect) for name in columns)
    return _Prepared(
        text=str(compiled),
        columns=columns,
        places=None if compiled.positional else places,
        processes=[each.bind_processor(dialect) for each in types],
    )


def _inserting(dialect: str, table: sa.Table, names: _Names, index: _Names) -> sa.UpdateBase:
    return table.insert().values(_values(table, names)).inline()


def _upserting(dialect: str, table: sa.Table, names: _Names, index: _Names) -> sa.UpdateBase:
    statement = engine.insert_into(dialect, table).values(_values(table, names)).inline()
    others = {name: statement.excluded[name] for name in names if name not in index}
    return statement.on_conflict_do_update(index_elements=list(index), set_=others)


def _inserting_missing(dialect: str, table: sa.Table, names: _Names, index: _Names) -> sa.UpdateBase:
    statement = engine.insert_into(dialect, table).values(_values(table, names)).inline()
    return statement.on_conflict_do_nothing(index_elements=list(index))


def _updating(dialect: str, table: sa.Table, names: _Names, index: _Names) -> sa.UpdateBase:
    values = _values(table, [name for name in names if name != "pk"])
    return table.update().where(table.c.pk == sa.bindparam(_ROW)).values(values)


def _values(table: sa.Table, names: Sequence[str]) -> dict[str, sa.BindParameter[Any]]:
    return {name: sa.bindparam(name, type_=table.c[name].type) for name in names}
