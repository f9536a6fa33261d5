"""Opening a database: what only one dialect knows, the checks on the way in, and the migrations.

The one place with SQL and settings that only SQLite, or only PostgreSQL, understands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError as SqlError
from sqlalchemy.exc import SQLAlchemyError

from aggregator.errors import DatabaseError

#: The newest migration; a database with an unknown one was written by a newer version of the program.
HEAD = "0001"
#: Seconds to wait for another process that writes.
_BUSY = 30
#: Kilobytes of SQLite's page cache; memory stays flat whatever the archive's size.
_CACHE = 16_000

#: Bound parameters in one statement, below the limits of every database.
PARAMETERS = 500

_MIGRATIONS = Path(__file__).parent / "migrations"


def connect(url: str) -> sa.Engine:
    """Return an engine for the database at ``url``, made and migrated to the newest schema.

    Raises DatabaseError when it cannot be used: unreachable, read-only, no database, or newer than this
    program.  A file that exists is never made anew.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        _check_file(target)
    with translated(url):
        engine = _sqlite(target) if target.get_backend_name() == "sqlite" else _postgresql(target)
        _migrate(engine, url)
    return engine


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn the errors of SQLAlchemy and its drivers into DatabaseError; passwords in ``url`` stay hidden."""
    try:
        yield
    except SqlError as exc:
        raise DatabaseError(f"{shown(url)}: {_reason(exc)}") from exc
    except (SQLAlchemyError, ImportError, OSError) as exc:
        raise DatabaseError(f"{shown(url)}: {exc}") from exc


def shown(url: str) -> str:
    """Return ``url`` without its password."""
    return make_url(url).render_as_string(hide_password=True)


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], index: Sequence[str]) -> None:
    """Insert ``rows``; where a row with the same ``index`` columns stands, set its other columns."""
    if rows:
        statement = _insert(connection, table)
        others = {name: statement.excluded[name] for name in rows[0] if name not in index}
        connection.execute(statement.on_conflict_do_update(index_elements=list(index), set_=others), list(rows))


def insert_missing(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], index: Sequence[str]
) -> None:
    """Insert those of ``rows`` whose ``index`` columns no row has yet."""
    if rows:
        statement = _insert(connection, table).on_conflict_do_nothing(index_elements=list(index))
        connection.execute(statement, list(rows))


def _insert(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def _check_file(url: URL) -> None:
    if not url.database or url.database == ":memory:":
        return
    path = Path(url.database)
    if not path.parent.is_dir():
        raise DatabaseError(f"{path}: the folder {path.parent} does not exist; make it, or change 'database'")
    if path.is_file() and path.stat().st_size == 0:
        raise DatabaseError(f"{path}: the file is empty; restore it from a backup, or remove it to start anew")


def _sqlite(url: URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY})

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, record: object) -> None:
        # The driver must not begin transactions by itself: a read would hold none, a write would begin late
        # and fail at once when another process wrote in between.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA cache_size = -{_CACHE}")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> sa.Engine:
    return sa.create_engine(url, pool_pre_ping=True, connect_args={"application_name": "aggregator"})


def _migrate(engine: sa.Engine, url: str) -> None:
    with engine.connect() as connection:
        version = _version(connection)
    if version == HEAD:
        return
    # Alembic takes 0.3 s to import: only a database that is new or old needs it.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as exc:
            raise DatabaseError(
                f"{shown(url)}: its schema {version!r} is newer than this program; upgrade the program"
            ) from exc


def _version(connection: sa.Connection) -> str | None:
    inspector = sa.inspect(connection)
    tables = set(inspector.get_table_names())
    if "alembic_version" in tables:
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if tables:
        raise DatabaseError(
            f"{shown(str(connection.engine.url))}: this is a database of another program; change 'database'"
        )
    return None


def _reason(exc: SqlError) -> str:
    said = str(exc.orig).strip().splitlines()[0] if exc.orig is not None and str(exc.orig).strip() else str(exc)
    hints = {
        "file is not a database": "the file is damaged or no database; restore it from a backup",
        "database disk image is malformed": "the file is damaged; restore it from a backup",
        "attempt to write a readonly database": "the file or its folder is read-only; change its permissions",
        "unable to open database file": "the file cannot be opened; check its permissions",
        "database is locked": f"another process held the database for {_BUSY} s; try again",
        "database or disk is full": "the disk is full; nothing was lost, make room and run again",
    }
    return next((f"{said}: {hint}" for known, hint in hints.items() if known in said), said)
