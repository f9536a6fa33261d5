"""What only one database knows: how it is connected to, set up and written to, and what its errors mean.

The one place with SQL and settings that only SQLite, or only PostgreSQL, understands.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError as SqlError
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from aggregator.errors import DatabaseError, UnavailableError
from aggregator.store import forks

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

#: Seconds to wait for another process that writes; ``?timeout=`` in the address of an SQLite database overrides it.
_BUSY = 30
#: Seconds to wait for a server that does not answer; ``?connect_timeout=`` overrides it.
_UNREACHABLE = 10
#: Kilobytes of SQLite's page cache; memory stays flat whatever the archive's size.
_CACHE = 16_000
#: The same where rows are read one after the other, and none twice.
_PASSING = 2_000

#: Where SQLite keeps the last number of each table that is made with AUTOINCREMENT (sqlite.org/autoinc.html).
_SEQUENCE = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))

#: Bound parameters in one statement, below the limits of every database.
PARAMETERS = 500
#: Rows that are taken from the driver at a time where there may be very many.
PART = 1_000

_HINTS = {
    "file is not a database": "the file is damaged or no database; restore it from a backup",
    "database disk image is malformed": "the file is damaged; restore it from a backup",
    "attempt to write a readonly database": "the file or its folder is read-only; change its permissions",
    "unable to open database file": "the file cannot be opened; check its permissions",
    "database is locked": "another process holds the database; try again when it is done",
    "database or disk is full": "the disk is full; nothing was lost, make room and run again",
    "disk I/O error": "the disk fails or is full; nothing was lost",
    "in a read-only transaction": "the server takes no writes, as a standby does not; use the primary one",
}


def create(url: str, *, passing: bool = False) -> sa.Engine:
    """Return an engine for the database at ``url``, which is not touched yet; raises DatabaseError.

    With ``passing`` it is to read rows one after the other, which takes little memory.
    """
    with translated(url):
        target = parsed(url)
        match target.get_backend_name():
            case "sqlite":
                return _sqlite(target, _PASSING if passing else _CACHE)
            case "postgresql":
                return _postgresql(target)
            case other:
                raise DatabaseError(f"{other}: no such database is supported; use sqlite:/// or postgresql://")


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn the errors of SQLAlchemy and its drivers into DatabaseError; no password in ``url`` is shown."""
    try:
        yield
    except OperationalError as exc:  # of the database, not of what was asked (PEP 249)
        raise _named(UnavailableError, url, _reason(exc)) from exc
    except SqlError as exc:
        raise _named(DatabaseError, url, _reason(exc)) from exc
    except SQLAlchemyError as exc:
        raise _named(DatabaseError, url, str(exc)) from exc


def _named(kind: type[DatabaseError], url: str, reason: str) -> DatabaseError:
    return kind(f"{shown(url)}: {reason}", reason)


def shown(url: str | URL) -> str:
    """Return ``url`` without its password and its options, which may hold one."""
    return make_url(url).set(query={}).render_as_string(hide_password=True)


def snapshot(engine: sa.Engine) -> sa.Engine:
    """Return ``engine`` for transactions that see one state of the database from beginning to end."""
    # SQLite's do so by themselves (sqlite.org/isolation.html).
    if engine.dialect.name != "postgresql":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def alone(connection: sa.Connection, table: sa.Table) -> None:
    """Let nobody else write to ``table`` until the transaction ends; for transactions that write."""
    # SQLite lets one transaction write at a time anyway.
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE"))


def clock(connection: sa.Connection) -> datetime:
    """Return the time by the database's clock, to the second: one for all processes, on whatever machines."""
    seconds = (
        "strftime('%s', 'now')" if connection.dialect.name == "sqlite" else "extract(epoch FROM clock_timestamp())"
    )
    return datetime.fromtimestamp(int(connection.scalar(sa.text(f"SELECT {seconds}"))), UTC)


def insert_into(dialect: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """Return an insertion into ``table`` that can tell what becomes of rows that are there already."""
    if dialect != "postgresql":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # where it is used: with all of its drivers it takes 25 ms

    return postgresql.insert(table)


def numbers(connection: sa.Connection, table: sa.Table, count: int) -> Sequence[int]:
    """Return ``count`` numbers, in order, for new rows of ``table`` that this transaction is about to insert."""
    if connection.dialect.name == "postgresql":
        return connection.scalars(_drawn(table), {"count": count}).all()
    first = connection.scalars(_last(table)).one() + 1
    return range(first, first + count)


@cache
def _drawn(table: sa.Table) -> sa.Select[Any]:
    sequence = sa.func.pg_get_serial_sequence(table.name, table.c.pk.name)
    return sa.select(sa.func.nextval(sequence)).select_from(sa.func.generate_series(1, sa.bindparam("count")))


@cache
def _last(table: sa.Table) -> sa.Select[Any]:
    # No row gets the number of another one that was removed, as far as the table keeps account of its numbers.
    given = sa.select(_SEQUENCE.c.seq).where(_SEQUENCE.c.name == table.name).scalar_subquery()
    return sa.select(sa.func.max(sa.func.coalesce(sa.func.max(table.c.pk), 0), sa.func.coalesce(given, 0)))


def log_ahead(connection: sqlite3.Connection) -> None:
    """Let the file of ``connection`` have a write-ahead log, which it keeps (sqlite.org/wal.html).

    Raises sqlite3.OperationalError when another process holds the file for longer than one waits.
    """
    while not _logs_ahead(connection):
        connection.execute("BEGIN EXCLUSIVE")  # waits for that other process, which the change itself does not
        connection.execute("COMMIT")


def _logs_ahead(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as exc:
        if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def parsed(url: str) -> URL:
    """Return the parts of ``url``; raises DatabaseError."""
    try:
        return make_url(url)
    except (SQLAlchemyError, ValueError) as exc:
        raise DatabaseError("'database' is no address; write one like sqlite:///aggregator.db") from exc


def _sqlite(url: URL, cache: int) -> sa.Engine:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise DatabaseError("the archive must outlive the program: name a file, as in sqlite:///aggregator.db")
    waits = {} if "timeout" in url.query else {"timeout": _BUSY}
    # Each connection has a cache of its own, which grows old when another one writes: the last one goes on.
    engine = sa.create_engine(url, connect_args=waits, hide_parameters=True, pool_use_lifo=True)

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, record: object) -> None:
        # The driver must not begin transactions by itself: a read would hold none, a write would begin late
        # and fail at once when another process wrote in between.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA cache_size = -{cache}")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> sa.Engine:
    # SQLAlchemy 2.0 takes another driver where none is named.
    named = url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url
    waits = {} if "connect_timeout" in url.query else {"connect_timeout": _UNREACHABLE}
    try:
        engine = sa.create_engine(
            named, pool_pre_ping=True, connect_args={"application_name": "aggregator"} | waits, hide_parameters=True
        )
    except ImportError as exc:
        raise DatabaseError(f"PostgreSQL needs a driver: pip install 'aggregator[postgresql]' ({exc})") from exc

    @sa.event.listens_for(engine, "connect")
    def keep(connection: Any, record: object) -> None:
        forks.keep_from_children(connection)

    return engine


def _reason(exc: SqlError) -> str:
    said = str(exc.orig).strip().partition("\n")[0] or str(exc)
    return next((f"{said}: {hint}" for known, hint in _HINTS.items() if known in said), said)
