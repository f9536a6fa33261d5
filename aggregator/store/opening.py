"""Opening a database: the checks on the way in, and the migrations."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from aggregator.errors import DatabaseError
from aggregator.store import engine
from aggregator.store.engine import shown, translated
from aggregator.store.schema import metadata

#: The newest migration; a database with an unknown one was written by a newer version of the program.
HEAD = "0015"
#: The number of the advisory lock under which PostgreSQL's schema is changed.
_MIGRATING = 0x61676773

_MIGRATIONS = Path(__file__).parent / "migrations"


def connect(url: str) -> sa.Engine:
    """Return an engine for the database at ``url``, made and migrated to the newest schema.

    Raises DatabaseError when it cannot be used: unreachable, damaged, another program's, or newer than this
    program.  A file that exists is never made anew.
    """
    made = engine.create(url)
    try:
        with translated(url):
            _prepare(made)
    except BaseException:
        made.dispose()
        raise
    return made


def exists(url: str) -> bool:
    """Tell whether there is a database at ``url`` that opening it would not make; a server is not asked."""
    with translated(url):
        target = engine.parsed(url)
    return target.get_backend_name() != "sqlite" or Path(target.database or "").exists()


def _prepare(made: sa.Engine) -> None:
    if made.dialect.name == "postgresql":
        _migrate(made)
        return
    with _making(Path(made.url.database or "")):
        _migrate(made)
        _log_ahead(made)


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
        _refuse_read_only(path)
        yield
        mark.unlink(missing_ok=True)
    except OSError as exc:
        raise DatabaseError(f"{path}: the file cannot be made or opened: {exc.strerror}") from exc


def _refuse_orphan(path: Path) -> None:
    # SQLite would throw away the log that waits for its database.
    for log in (path.with_name(path.name + ending) for ending in ("-wal", "-journal")):
        if log.exists() and log.stat().st_size:
            raise DatabaseError(f"{path}: the file is gone, but not its log {log.name}; restore it, or remove both")


def _refuse_read_only(path: Path) -> None:
    # Before SQLite makes a log with the rights of its database, which would stay when these are mended.
    for each in (path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm"))):
        if each.exists() and not os.access(each, os.W_OK):
            raise DatabaseError(f"{each}: the file is read-only; change its permissions")


def _log_ahead(made: sa.Engine) -> None:
    # Only now that the file is known to be ours: the mode is kept in the file.
    made.dispose()
    sa.event.listen(made, "connect", lambda connection, record: engine.log_ahead(connection))
    with made.connect():
        pass
    # From now on a file that is missing is one that was lost.  A connection that is kept, too, would go on in what
    # was removed, where nobody finds again what is written (sqlite.org/howtocorrupt.html, section 4.2).
    path = Path(made.url.database or "")
    number = path.stat().st_ino
    for moment in ("do_connect", "checkout"):
        sa.event.listen(made, moment, lambda *_: _refuse_another(path, number))


def _refuse_another(path: Path, number: int) -> None:
    try:
        found = path.stat().st_ino
    except OSError as exc:
        lost = f"{path}: the file is gone; restore it from a backup, or start anew with another run"
        raise DatabaseError(lost) from exc
    if found != number:
        raise DatabaseError(f"{path}: another file stands in its place; start the program again")


def _migrate(made: sa.Engine) -> None:
    with made.connect() as connection:
        version = _version(connection)
    if version == HEAD:
        return
    if made.dialect.name == "sqlite":
        _spill(made)
    with made.execution_options(writes=True).begin() as connection:
        if made.dialect.name == "postgresql":
            # SQLite lets one process write at a time; here two that start at once would both make the tables.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
        if sa.inspect(connection).get_table_names():
            _upgrade(connection)
        else:
            _make(connection)


def _spill(made: sa.Engine) -> None:
    # A migration may rewrite the whole archive in one statement, whose journal would be as large in memory.
    raw = made.raw_connection()
    try:
        raw.cursor().execute("PRAGMA temp_store = FILE")  # cannot be said within a transaction
    finally:
        raw.close()  # into the pool, from where the next transaction takes it


def _make(connection: sa.Connection) -> None:
    from aggregator.store.indexes import metadata as whole  # where they are made: see there

    whole.create_all(connection, checkfirst=False)
    # As Alembic makes it: the next migration goes on from here.
    mark = "version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)"
    connection.exec_driver_sql(f"CREATE TABLE alembic_version ({mark})")
    connection.execute(sa.text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def _upgrade(connection: sa.Connection) -> None:
    # Alembic takes 0.3 s to import: only a database that is old needs it.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as exc:
        raise DatabaseError(
            f"{shown(connection.engine.url)}: its schema {_version(connection)!r} is newer than this program; upgrade"
            " the program"
        ) from exc


def _version(connection: sa.Connection) -> str | None:
    tables = set(sa.inspect(connection).get_table_names())
    others = tables - {"alembic_version"}
    if others and ("alembic_version" not in tables or others.isdisjoint(metadata.tables)):
        raise DatabaseError(f"{shown(connection.engine.url)}: this is a database of another program; change 'database'")
    if not tables:
        return None
    version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return version
