"""One run at a time.  The system, or the database server, frees the lock of a process that dies."""

from __future__ import annotations

import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from aggregator.errors import DatabaseError, LockedError
from aggregator.store import forks
from aggregator.store.engine import translated

#: The number of our advisory lock; PostgreSQL counts them within one database.
_ADVISORY = 0x61676772

_TAKE = sa.text("SELECT pg_try_advisory_lock(:number)")
_FREE = sa.text("SELECT pg_advisory_unlock_all()")
# A program's name is what other sessions see of this one; the server cuts it at 63 bytes.
_SAY_WHO = sa.text("SELECT set_config('application_name', :holder, false)")
_WHO = sa.text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = :number AND l.objsubid = 1 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@contextmanager
def hold(url: str, engine: sa.Engine, holder: str) -> Iterator[None]:
    """Hold the lock of the database at ``url``, which ``engine`` is for, until the block ends.

    ``holder`` tells others who it is.  Raises LockedError when another process holds the lock, DatabaseError
    when it cannot be told.
    """
    if engine.dialect.name == "postgresql":
        with translated(url):
            connection = _advisory(engine, holder)
        try:
            yield
        finally:
            _end(connection)
    else:
        # Two names of one file are one database.
        path = Path(engine.url.database or "").resolve()
        file = _flock(path.with_name(f"{path.name}.lock"), holder)
        try:
            yield
        finally:
            # The file stays: removing it would let two processes lock two files of one name.
            file.close()


def _flock(path: Path, holder: str) -> io.FileIO:
    try:
        file = io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+")
    except OSError as exc:
        raise DatabaseError(f"{path}: the lock file cannot be opened: {exc.strerror}") from exc
    forks.keep_from_children(file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.truncate(0)
        file.write(f"{holder}\n".encode())
    except BlockingIOError as exc:
        with file:
            raise LockedError(file.readall().decode("utf-8", "replace").strip() or "unknown") from exc
    except OSError as exc:
        file.close()
        raise DatabaseError(f"{path}: the lock file cannot be locked: {exc.strerror}") from exc
    return file


def _advisory(engine: sa.Engine, holder: str) -> sa.Connection:
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        connection.execute(_SAY_WHO, {"holder": holder})
        _take(connection)
    except BaseException:
        _end(connection)
        raise
    return connection


def _take(connection: sa.Connection) -> None:
    number = {"number": _ADVISORY}
    if not connection.scalar(_TAKE, number):
        raise LockedError(connection.scalar(_WHO, number) or "unknown")


def _end(connection: sa.Connection) -> None:
    # A server notices the end of a session a moment later: until then the next run would find the lock held.
    with suppress(SQLAlchemyError):  # of a session that is lost, and in a forked child, there is nothing to free
        connection.execute(_FREE)
    # Closing the session frees the lock whatever state it is in; the pool would keep both.
    connection.invalidate()
    connection.close()
