"""One run at a time.  The system, or the database server, frees the lock of a process that dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from aggregator.errors import DatabaseError, LockedError

#: The number of our advisory lock; PostgreSQL counts them within one database.
_ADVISORY = 0x61676772
_LONGEST_HOLDER = 63


@contextmanager
def hold(engine: sa.Engine, holder: str) -> Iterator[None]:
    """Hold the lock of the database of ``engine`` for the block.

    ``holder`` tells others who it is.  Raises LockedError when another process holds the lock, DatabaseError
    when it cannot be told.
    """
    if engine.dialect.name == "postgresql":
        with _advisory(engine, holder):
            yield
    elif engine.url.database and engine.url.database != ":memory:":
        with _flock(Path(engine.url.database + ".lock"), holder):
            yield
    else:
        yield  # a database in memory belongs to one process


@contextmanager
def _flock(path: Path, holder: str) -> Iterator[None]:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as exc:
        raise DatabaseError(f"{path}: the lock file cannot be opened: {exc.strerror}") from exc
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise LockedError(path.read_text("utf-8", "replace").strip() or "unknown") from exc
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{holder}\n".encode(), 0)
        yield
    finally:
        # The file stays: removing it would let two processes lock two files of one name.
        os.close(handle)


@contextmanager
def _advisory(engine: sa.Engine, holder: str) -> Iterator[None]:
    with engine.connect() as connection:
        connection.execute(
            sa.text("SELECT set_config('application_name', :name, false)"), {"name": holder[:_LONGEST_HOLDER]}
        )
        held = connection.scalar(sa.text("SELECT pg_try_advisory_lock(:number)"), {"number": _ADVISORY})
        connection.commit()
        if not held:
            raise LockedError(_other(connection))
        try:
            yield
        finally:
            # Closing the session frees the lock whatever state it is in; the pool would keep both.
            connection.invalidate()


def _other(connection: sa.Connection) -> str:
    query = sa.text(
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE l.locktype = 'advisory' AND l.objid = :number AND l.granted LIMIT 1"
    )
    return connection.scalar(query, {"number": _ADVISORY}) or "unknown"
