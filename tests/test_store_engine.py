"""Opening a database: whatever is wrong with it is told, and nothing is made anew over what was there."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from databases import PASSWORD, Server
from stored import NOW, copy, fill, pull, source, sync, write

from aggregator.errors import DatabaseError, ParseError
from aggregator.records import Pull, SourceState
from aggregator.store import Store, archive, pulls, schema, upkeep


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


def opened(path: Path, options: str = "") -> Store:
    return Store.open(f"sqlite:///{path}{options}")


def filled(path: Path) -> Path:
    """Make a database with one entry, and return its path."""
    store = opened(path)
    fill(store, copy("a", "1"))
    store.close()
    return path


def refused(path: Path, reason: str) -> None:
    """Assert that the database is refused for ``reason``, twice, and left as it is."""
    before = path.read_bytes() if path.is_file() else None
    for _ in range(2):
        with pytest.raises(DatabaseError, match=reason) as caught:
            opened(path).close()
        assert str(path) in str(caught.value)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_database_keeps_what_was_written(empty_database: str) -> None:
    """A new database is made; opened again it holds what was written, and needs no migration."""
    first = Store.open(empty_database)
    fill(first, copy("a", "1"))
    first.close()
    again = Store.open(empty_database)
    with again.reading() as transaction:
        assert len(archive.everything(transaction)) == 1
    again.close()


def test_opening_a_database_of_ours_imports_no_alembic(path: Path) -> None:
    """Only a database that is new or old pays for the migrations' tool."""
    filled(path)
    code = "import sys; from aggregator.store import Store; Store.open(sys.argv[1]).close(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, f"sqlite:///{path}"], capture_output=True, text=True, check=True)
    assert "aggregator.store" in done.stdout.split()
    assert "alembic" not in done.stdout.split()


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """A database in a folder that does not exist is refused, and the folder is not made."""
    refused(tmp_path / "nowhere" / "archive.db", "folder .* does not exist; make it, or change 'database'")
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    """A folder where the file should be is refused."""
    (tmp_path / "archive.db").mkdir()
    refused(tmp_path / "archive.db", "cannot be opened")


def test_an_empty_file_is_not_made_anew(path: Path) -> None:
    """A file of zero bytes was a database once, perhaps: it is refused."""
    path.touch()
    refused(path, "the file is empty; restore it from a backup, or remove it to start anew")


def test_a_file_that_was_left_empty_at_its_birth_is_made(path: Path) -> None:
    """A kill between the birth of the file and its first write stops nobody."""
    path.touch()
    (path.parent / "archive.db.new").touch()
    opened(path).close()
    assert {each.name for each in path.parent.iterdir()} == {"archive.db"}


def test_a_log_without_its_database_is_not_thrown_away(path: Path) -> None:
    """Where the file is gone but its log is there, entries may be in that: nothing is made."""
    (path.parent / "archive.db-wal").write_bytes(b"entries")
    refused(path, "the file is gone, but not its log archive.db-wal; restore it, or remove both")
    assert (path.parent / "archive.db-wal").read_bytes() == b"entries"


@pytest.mark.parametrize("content", [b"no database at all", b"\x00" * 8192, b"SQLite format 3\x00" + b"x" * 4096])
def test_garbage_is_refused(path: Path, content: bytes) -> None:
    """A file that holds something else is left as it is."""
    path.write_bytes(content)
    refused(path, "file is not a database: the file is damaged or no database; restore it from a backup")


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(path: Path, keep: float) -> None:
    """A database that lost its end is not written to."""
    whole = filled(path).read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    refused(path, "malformed: the file is damaged; restore it from a backup")


def test_a_lost_log_leaves_an_older_state(path: Path) -> None:
    """A database whose log is lost is whole, as of the last time the log was written back."""
    filled(path)
    store = opened(path)
    with store.writing() as transaction:
        upkeep.set_fact(transaction, "later", "x")
    shutil.copy(path, path.with_name("copy.db"))
    store.close()
    survived = opened(path.with_name("copy.db"))
    with survived.reading() as transaction:
        assert upkeep.fact(transaction, "later") is None
        assert len(archive.everything(transaction)) == 1
        assert transaction.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    survived.close()


def test_a_database_of_another_program_is_refused(path: Path) -> None:
    """Tables that are not ours are neither changed nor joined by ours, and the file keeps its mode."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    refused(path, "this is a database of another program; change 'database'")


def test_a_database_of_another_program_with_migrations_is_refused(path: Path) -> None:
    """Another program that uses the same tool for its migrations is not taken for us."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    refused(path, "this is a database of another program; change 'database'")


def test_a_server_database_of_another_program_is_refused(postgresql_server: Server) -> None:
    """The same holds on a server."""
    with postgresql_server.database() as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE bookmarks (url TEXT)")
        with pytest.raises(DatabaseError, match="this is a database of another program; change 'database'"):
            Store.open(url)


def test_a_newer_schema_is_refused(empty_database: str) -> None:
    """A database that a newer version of the program has changed is left to that."""
    first = Store.open(empty_database)
    with first.writing() as transaction:
        transaction.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    first.close()
    for _ in range(2):
        with pytest.raises(DatabaseError, match="schema '9999' is newer than this program; upgrade the program"):
            Store.open(empty_database)


@contextmanager
def unchangeable(target: Path) -> Iterator[None]:
    """Make ``target`` read-only for everybody, root too."""
    done = subprocess.run(["chattr", "+i", target], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"files cannot be made unchangeable here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", target], check=True)


def test_a_read_only_file_is_told(path: Path) -> None:
    """A write to a file that may not be changed says so; what is there stays."""
    filled(path)
    with unchangeable(path), pytest.raises(DatabaseError, match=r"readonly database: .* is read-only; change its"):
        _write(opened(path))


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
            _set_fact(store, "large", "x" * 2_000_000)
        _set_fact(store, "small", "x")
        with store.reading() as transaction:
            assert upkeep.fact(transaction, "large") is None
            assert len(archive.everything(transaction)) == 1
            assert transaction.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        store.close()
    finally:
        subprocess.run(["umount", disk], check=True)


def _set_fact(store: Store, name: str, value: str) -> None:
    with store.writing() as transaction:
        upkeep.set_fact(transaction, name, value)


@contextmanager
def held(path: Path, seconds: float) -> Iterator[None]:
    """Let another process write to the database for ``seconds``, or until the block ends."""
    code = (
        "import sqlite3, sys, time\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('BEGIN IMMEDIATE')\n"
        "print(flush=True)\n"
        "time.sleep(float(sys.argv[2]))\n"
        "connection.execute('COMMIT')\n"
    )
    command = [sys.executable, "-c", code, str(path), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.kill()


def test_another_process_is_waited_for(path: Path) -> None:
    """A database that another process writes to for a second is written to after that."""
    store = opened(filled(path))
    with held(path, 1):
        start = time.monotonic()
        _set_fact(store, "x", "y")
        assert time.monotonic() - start > 0.5
    store.close()


def test_another_process_is_not_waited_for_without_end(path: Path) -> None:
    """When the other process keeps it, the wait that the address names ends with an error; reading goes on."""
    store = opened(filled(path), "?timeout=0.3")
    with held(path, 60):
        with pytest.raises(
            DatabaseError, match="locked: another process holds the database; try again when it is done"
        ):
            _set_fact(store, "x", "y")
        with store.reading() as transaction:
            assert upkeep.fact(transaction, "x") is None
    store.close()


def test_a_reader_sees_one_state(store: Store) -> None:
    """What is written while a transaction reads is seen by the next one."""
    with store.reading() as transaction:
        assert upkeep.fact(transaction, "x") is None
        _set_fact(store, "x", "y")
        assert upkeep.fact(transaction, "x") is None
    with store.reading() as transaction:
        assert upkeep.fact(transaction, "x") == "y"


def test_a_writer_waits_for_another(store: Store) -> None:
    """Two threads that write the same fact write one after the other."""
    values = [str(number) for number in range(8)]
    threads = [threading.Thread(target=_set_fact, args=(store, "x", value)) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as transaction:
        assert upkeep.fact(transaction, "x") in values


def test_two_programs_may_make_a_database_at_once(empty_database: str) -> None:
    """Several processes that open a new database in the same moment all find it whole."""
    code = "import sys; sys.stdin.read(1); from aggregator.store import Store; Store.open(sys.argv[1]).close()"
    command = [sys.executable, "-c", f"import alembic.command, aggregator.store; {code}", empty_database]
    programs = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("x")
        program.stdin.flush()
    said = [program.communicate(timeout=60)[1] for program in programs]
    assert [program.returncode for program in programs] == [0] * 3, said


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite://", "name a file"),
        ("sqlite:///:memory:", "name a file"),
        ("sqlite:///file:x?mode=memory&uri=true", "name a file"),
        ("mysql://user:open-sesame@localhost/x", "mysql: no such database is supported"),
        ("no address: open-sesame", "'database' is no address"),
        ("postgresql://user:open-sesame@localhost:port/x", "'database' is no address"),
        ("postgresql+nothing://user:open-sesame@localhost/x", "nothing"),
    ],
)
def test_addresses_that_cannot_be_used_are_told(url: str, reason: str) -> None:
    """What is no address, or one of nothing that is supported, is refused without a word of its password."""
    with pytest.raises(DatabaseError, match=reason) as caught:
        Store.open(url)
    assert "open-sesame" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://user:{PASSWORD}@127.0.0.1:1/archive",
        f"postgresql://127.0.0.1:1/archive?user=user&password={PASSWORD}",
        f"postgresql+psycopg://user:{PASSWORD}@/archive?host=/nonexistent",
    ],
)
def test_an_unreachable_server_is_told(url: str) -> None:
    """A server that does not answer is named, its password is not."""
    with pytest.raises(DatabaseError, match=r"postgresql(\+psycopg)?://.*/archive: connection .*failed") as caught:
        Store.open(url)
    assert PASSWORD not in str(caught.value)


def test_a_database_that_the_server_does_not_have_is_told(postgresql_server: Server) -> None:
    """A name that is no database is told with the server's own words."""
    with pytest.raises(DatabaseError, match='database "nowhere" does not exist') as caught:
        Store.open(postgresql_server.url("nowhere"))
    assert PASSWORD not in str(caught.value)


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


def test_a_reader_cannot_write_by_mistake_on_a_server(postgresql_server: Server) -> None:
    """A transaction for reading refuses writes where the database can tell them apart."""
    with postgresql_server.database() as url:
        store = Store.open(url)
        with pytest.raises(DatabaseError, match="read-only transaction"), store.reading() as transaction:
            upkeep.set_fact(transaction, "x", "y")
        store.close()


def test_a_pull_of_a_source_that_is_not_there_is_told(store: Store) -> None:
    """A pull of a source that was never synchronised is refused."""
    with pytest.raises(DatabaseError, match="No row was found"):
        pull(store, "nobody", write(copy("nobody", "1")))


def test_a_restart_of_the_server_between_transactions_goes_unnoticed(postgresql_server: Server) -> None:
    """After the server crashed and came back the next transaction finds what was written before."""
    with postgresql_server.database() as url:
        store = Store.open(url)
        fill(store, copy("a", "1"))
        _restart(postgresql_server)
        with store.reading() as transaction:
            assert len(archive.everything(transaction)) == 1
        _restart(postgresql_server)
        fill(store, copy("a", "2"))
        with store.reading() as transaction:
            assert len(archive.everything(transaction)) == 2
        store.close()


@pytest.mark.parametrize("end", [lambda server: server.stop(), lambda server: server.execute(_CUT)])
def test_a_lost_connection_takes_the_transaction_back(postgresql_server: Server, end: Callable[[Server], None]) -> None:
    """When the server crashes or cuts the connection in the middle of a pull, nothing of it is stored."""
    with postgresql_server.database() as url:
        store = Store.open(url)
        sync(store, source("a"))
        with pytest.raises(DatabaseError), store.writing() as transaction:
            pulls.apply(transaction, _pull())
            end(postgresql_server)
            transaction.execute(sa.text("SELECT 1"))
        _restart(postgresql_server)
        with store.reading() as transaction:
            assert pulls.known(transaction, "a", [copy("a", "1").key]) == {}
        with store.writing() as transaction:
            pulls.apply(transaction, _pull())
        store.close()


def test_a_server_without_a_free_connection_is_told(postgresql_server: Server) -> None:
    """A server that takes no more connections is an error that passes."""
    with postgresql_server.database() as url:
        Store.open(url).close()
        with _all_connections(url), pytest.raises(DatabaseError, match=r"too many|remaining connection slots"):
            Store.open(url)
        Store.open(url).close()


def test_a_standby_is_told(postgresql_server: Server) -> None:
    """A server that takes no writes, as after a failover, says so when it is written to."""
    with postgresql_server.database() as url:
        Store.open(url).close()
        store = Store.open(f"{url}&options=-cdefault_transaction_read_only%3Don")
        with pytest.raises(DatabaseError, match="takes no writes, as a standby does not; use the primary one"):
            _set_fact(store, "x", "y")
        store.close()


_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aggregator'"


def _pull() -> Pull:
    return Pull(source_id="a", state=SourceState(), writes=(write(copy("a", "1")),))


def _restart(server: Server) -> None:
    server.stop()
    server.start()


@contextmanager
def _all_connections(url: str) -> Iterator[None]:
    held: list[psycopg.Connection] = []
    try:
        while True:
            held.append(psycopg.connect(url))
    except psycopg.OperationalError:
        yield
    finally:
        for connection in held:
            connection.close()
