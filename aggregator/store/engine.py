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
from aggregator.store import forks
from aggregator.store.schema import metadata

#: The newest migration; a database with an unknown one was written by a newer version of the program.
HEAD = "0001"
#: Seconds to wait for another process that writes; ``?timeout=`` in the address of an SQLite database overrides it.
_BUSY = 30
#: Seconds to wait for a server that does not answer; ``?connect_timeout=`` overrides it.
_UNREACHABLE = 10
#: Kilobytes of SQLite's page cache; memory stays flat whatever the archive's size.
_CACHE = 16_000
#: The number of the advisory lock under which PostgreSQL's schema is changed.
_MIGRATING = 0x61676773

#: Bound parameters in one statement, below the limits of every database.
PARAMETERS = 500

_MIGRATIONS = Path(__file__).parent / "migrations"

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


def connect(url: str) -> sa.Engine:
    """Return an engine for the database at ``url``, made and migrated to the newest schema.

    Raises DatabaseError when it cannot be used: unreachable, damaged, another program's, or newer than this
    program.  A file that exists is never made anew.
    """
    with translated(url):
        target = make_url(url)
        match target.get_backend_name():
            case "sqlite":
                return _opened(_sqlite(target), _file(target))
            case "postgresql":
                return _opened(_postgresql(target), None)
            case other:
                raise DatabaseError(f"{other}: no such database is supported; use sqlite:/// or postgresql://")


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn the errors of SQLAlchemy and its drivers into DatabaseError; no password in ``url`` is shown."""
    try:
        yield
    except SqlError as exc:
        raise DatabaseError(f"{shown(url)}: {_reason(exc)}") from exc
    except SQLAlchemyError as exc:
        raise DatabaseError(f"{shown(url)}: {exc}") from exc


def shown(url: str) -> str:
    """Return ``url`` without its password and its options, which may hold one."""
    try:
        return make_url(url).set(query={}).render_as_string(hide_password=True)
    except (SQLAlchemyError, ValueError):
        return "the setting 'database'"


def snapshot(engine: sa.Engine) -> sa.Engine:
    """Return ``engine`` for transactions that see one state of the database from beginning to end."""
    # SQLite's do so by themselves (sqlite.org/isolation.html).
    if engine.dialect.name != "postgresql":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


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
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _file(url: URL) -> Path:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise DatabaseError("the archive must outlive the program: name a file, as in sqlite:///aggregator.db")
    return Path(url.database)


def _sqlite(url: URL) -> sa.Engine:
    waits = {} if "timeout" in url.query else {"timeout": _BUSY}
    engine = sa.create_engine(url, connect_args=waits, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, record: object) -> None:
        # The driver must not begin transactions by itself: a read would hold none, a write would begin late
        # and fail at once when another process wrote in between.
        connection.isolation_level = None
        cursor = connection.cursor()
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


def _opened(engine: sa.Engine, path: Path | None) -> sa.Engine:
    try:
        if path is None:
            _migrate(engine)
        else:
            with _making(path):
                _migrate(engine)
                _log_ahead(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def _making(path: Path) -> Iterator[None]:
    # A file is empty between its birth and the first write.  The mark tells one that was left so by a kill,
    # which may be made, from one that was lost, which may not.
    if not path.parent.is_dir():
        raise DatabaseError(f"{path}: the folder {path.parent} does not exist; make it, or change 'database'")
    mark = path.with_name(f"{path.name}.new")
    try:
        if not path.exists():
            _refuse_orphan(path)
            mark.touch()
        elif path.stat().st_size == 0 and not mark.exists() and path.stat().st_size == 0:
            raise DatabaseError(f"{path}: the file is empty; restore it from a backup, or remove it to start anew")
        yield
        mark.unlink(missing_ok=True)
    except OSError as exc:
        raise DatabaseError(f"{path}: the file cannot be made or opened: {exc.strerror}") from exc


def _refuse_orphan(path: Path) -> None:
    # SQLite would throw away the log that waits for its database.
    for log in (path.with_name(path.name + ending) for ending in ("-wal", "-journal")):
        if log.exists() and log.stat().st_size:
            raise DatabaseError(f"{path}: the file is gone, but not its log {log.name}; restore it, or remove both")


def _log_ahead(engine: sa.Engine) -> None:
    # Only now that the file is known to be ours: the mode is kept in the file.
    engine.dispose()
    sa.event.listen(engine, "connect", lambda connection, record: connection.execute("PRAGMA journal_mode = WAL"))
    with engine.connect():
        pass


def _migrate(engine: sa.Engine) -> None:
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
        if engine.dialect.name == "postgresql":
            # SQLite lets one process write at a time; here two that start at once would both make the tables.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as exc:
            raise DatabaseError(
                f"{_name(engine)}: its schema {version!r} is newer than this program; upgrade the program"
            ) from exc


def _version(connection: sa.Connection) -> str | None:
    tables = set(sa.inspect(connection).get_table_names())
    others = tables - {"alembic_version"}
    if others and ("alembic_version" not in tables or others.isdisjoint(metadata.tables)):
        raise DatabaseError(f"{_name(connection.engine)}: this is a database of another program; change 'database'")
    if not tables:
        return None
    version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return version


def _name(engine: sa.Engine) -> str:
    return shown(engine.url.render_as_string(hide_password=True))


def _reason(exc: SqlError) -> str:
    said = str(exc.orig).strip().partition("\n")[0] or str(exc)
    return next((f"{said}: {hint}" for known, hint in _HINTS.items() if known in said), said)
