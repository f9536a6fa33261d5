"""Transactions: what is written whole, who waits for whom, and what becomes of errors."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from databases import PASSWORD
from stored import NOW, copy, fill, filled, opened, pull, set_fact, write

from aggregator.errors import DatabaseError, ParseError
from aggregator.store import Store, archive, schema, upkeep


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


@contextmanager
def unchangeable(target: Path) -> Iterator[None]:
    """Make ``target`` read-only for everybody, root too."""
    lock, unlock = ("a-w", "u+w") if os.geteuid() else ("+i", "-i")
    tool = "chmod" if os.geteuid() else "chattr"
    done = subprocess.run([tool, lock, target], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"files cannot be made unchangeable here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run([tool, unlock, target], check=True)


def test_a_read_only_file_is_told(path: Path) -> None:
    """A file that may not be changed is refused before a log of it is made, which could not be changed later either."""
    filled(path)
    with unchangeable(path), pytest.raises(DatabaseError, match=r"archive\.db: the file is read-only; change its"):
        opened(path)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    _write(opened(path))


def test_a_read_only_log_is_told(path: Path) -> None:
    """By its own name: the database beside it may be changed."""
    filled(path)
    log = path.with_name(f"{path.name}-wal")
    log.touch()
    with unchangeable(log), pytest.raises(DatabaseError, match=r"archive\.db-wal: the file is read-only"):
        opened(path)


def test_a_file_that_becomes_read_only_is_told(path: Path) -> None:
    """A write says so; what is there stays."""
    filled(path)
    with closing(opened(path)) as store:
        store.close()  # its connections
        with unchangeable(path), pytest.raises(DatabaseError, match=r"readonly database: .* is read-only; change its"):
            _write(store)


def test_a_read_only_folder_is_told(path: Path) -> None:
    """A folder that takes no new file is refused, whether the database is there or not."""
    with unchangeable(path.parent), pytest.raises(DatabaseError, match="cannot be made or opened"):
        opened(path)
    filled(path)
    with unchangeable(path.parent), pytest.raises(DatabaseError, match="permissions"):
        _write(opened(path))


def _write(store: Store) -> None:
    try:
        with store.writing() as transaction:
            upkeep.set_fact(transaction, "x", "y")
    finally:
        store.close()


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """A write that does not fit is taken back whole; when there is room again it succeeds."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be made here: {mounted.stderr.strip()}")
    try:
        store = opened(filled(disk / "archive.db"))
        with pytest.raises(DatabaseError, match="full: the disk is full; nothing was lost, make room and run again"):
            set_fact(store, "large", "x" * 2_000_000)
        set_fact(store, "small", "x")
        with store.reading() as transaction:
            assert upkeep.fact(transaction, "large") is None
            assert len(archive.everything(transaction)) == 1
            assert transaction.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        store.close()
    finally:
        subprocess.run(["umount", disk], check=True)


@contextmanager
def held(path: Path) -> Iterator[Callable[[], None]]:
    """Let another process write to the database until what is yielded is called, or the block ends."""
    code = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('BEGIN IMMEDIATE')\n"
        "print(flush=True)\n"
        "sys.stdin.read()\n"
        "connection.execute('COMMIT')\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        yield process.stdin.close
        process.kill()


def test_another_process_is_waited_for(path: Path) -> None:
    """A database that another process writes to for a while is written to after that."""
    store = opened(filled(path))
    with held(path) as end, ThreadPoolExecutor(1) as threads:
        written = threads.submit(set_fact, store, "x", "y")
        with pytest.raises(TimeoutError):
            written.result(0.5)
        end()
        written.result()
    store.close()


def test_another_process_is_not_waited_for_without_end(path: Path) -> None:
    """When the other process keeps it, the wait that the address names ends with an error; reading goes on."""
    store = opened(filled(path), "?timeout=0.3")
    with held(path):
        with pytest.raises(
            DatabaseError, match="locked: another process holds the database; try again when it is done"
        ):
            set_fact(store, "x", "y")
        with store.reading() as transaction:
            assert upkeep.fact(transaction, "x") is None
    store.close()


def test_a_reader_sees_one_state(store: Store) -> None:
    """What is written while a transaction reads is seen by the next one."""
    with store.reading() as transaction:
        assert upkeep.fact(transaction, "x") is None
        set_fact(store, "x", "y")
        assert upkeep.fact(transaction, "x") is None
    with store.reading() as transaction:
        assert upkeep.fact(transaction, "x") == "y"


def test_a_writer_waits_for_another(store: Store) -> None:
    """Two threads that write the same fact write one after the other."""
    values = [str(number) for number in range(8)]
    threads = [threading.Thread(target=set_fact, args=(store, "x", value)) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as transaction:
        assert upkeep.fact(transaction, "x") in values


def test_no_secret_in_what_is_printed_of_a_store(store: Store) -> None:
    """A store that ends up in a log or a traceback shows no password."""
    assert PASSWORD not in repr(store)


def test_errors_of_the_block_pass_unchanged(store: Store) -> None:
    """What is no error of the database comes out of a transaction as it is, and nothing is written."""
    for error in (ParseError("no feed"), FileNotFoundError("no such file"), ImportError("no module"), KeyError("x")):
        with pytest.raises(type(error)) as caught, store.reading():
            raise error
        assert caught.value is error
        with pytest.raises(type(error)) as caught, store.writing() as transaction:
            upkeep.set_fact(transaction, "x", "y")
            raise error
        assert caught.value is error
    with store.reading() as transaction:
        assert upkeep.fact(transaction, "x") is None


def test_errors_of_the_database_are_told(store: Store) -> None:
    """A statement that fails raises our error, with the driver's reason and without what was to be written."""
    fill(store, copy("a", "1"))
    row = {"id": "other", "id_digest": "x" * 8, "name": PASSWORD, "copy_pk": 1, "published": NOW, "dirty": True}
    with pytest.raises(DatabaseError, match=r"(?i)unique") as caught, store.writing() as transaction:
        transaction.execute(schema.post.insert(), [row, row])
    assert isinstance(caught.value.__cause__, sa.exc.IntegrityError)
    assert PASSWORD not in str(caught.value)
    with pytest.raises(DatabaseError), store.reading() as transaction:
        transaction.execute(sa.text("SELECT nothing FROM nowhere"))


def test_a_pull_of_a_source_that_is_not_there_is_told(store: Store) -> None:
    """A pull of a source that was never synchronised is refused."""
    with pytest.raises(DatabaseError, match="knows no source called nobody"):
        pull(store, "nobody", write(copy("nobody", "1")))


def test_what_is_done_one_after_the_other_takes_one_connection(path: Path) -> None:
    """However many connections were open at once, the last one goes on: the caches of the others have grown old."""
    store = opened(path)
    with store.reading(), store.reading(), store.reading():
        pass
    used = set()
    for _ in range(6):
        with store.writing() as transaction:
            used.add(transaction.connection.dbapi_connection)
    assert len(used) == 1
    store.close()
