"""Opening a database: whatever is wrong with it is told, and nothing is made anew over what was there."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from stored import copy, fill, filled, opened

from aggregator.errors import DatabaseError
from aggregator.store import Store, archive, upkeep


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


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


@pytest.mark.parametrize("kept", [False, True], ids=["no connection", "a connection that is kept"])
def test_a_file_that_goes_while_it_is_used_is_not_made_anew(path: Path, kept: bool) -> None:
    """Who has it open says so, whatever is asked, and leaves nothing that would pass for a new archive."""
    store = opened(filled(path))
    with store.reading():
        pass
    if not kept:
        store.close()
    for each in path.parent.iterdir():
        each.unlink()
    for asked in (store.reading, store.writing):
        with pytest.raises(DatabaseError, match=r"archive\.db: the file is gone"), asked():
            pass
    assert list(path.parent.iterdir()) == []
    store.close()


def test_a_file_that_is_put_in_its_place_is_neither_read_nor_written(path: Path, tmp_path: Path) -> None:
    """What others put there is not what was opened: that is told, until the file itself is back."""
    store = opened(filled(path))
    with store.reading():
        pass
    path.rename(tmp_path / "kept.db")
    filled(path)
    other = path.read_bytes()
    for asked in (store.reading, store.writing) * 2:
        with pytest.raises(DatabaseError, match=r"archive\.db: another file stands in its place"), asked():
            pass
    assert path.read_bytes() == other
    (tmp_path / "kept.db").replace(path)
    with store.reading() as transaction:
        assert len(archive.everything(transaction)) == 1
    store.close()


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


def test_a_newer_schema_is_refused(empty_database: str) -> None:
    """A database that a newer version of the program has changed is left to that."""
    first = Store.open(empty_database)
    with first.writing() as transaction:
        transaction.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    first.close()
    for _ in range(2):
        with pytest.raises(DatabaseError, match="schema '9999' is newer than this program; upgrade the program"):
            Store.open(empty_database)


def test_two_programs_may_make_a_database_at_once(empty_database: str) -> None:
    """Several processes that open a new database in the same moment all find it whole."""
    code = "import sys; sys.stdin.read(1); from aggregator.store import Store; Store.open(sys.argv[1]).close()"
    command = [sys.executable, "-c", f"import alembic.command, aggregator.store; {code}", empty_database]
    programs = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("x")
        program.stdin.flush()
    said = [program.communicate(timeout=200)[1] for program in programs]
    assert [program.returncode for program in programs] == [0] * 3, said


def test_a_writer_at_the_birth_of_a_database_is_waited_for(path: Path) -> None:
    """Another program that writes while the file is about to get its log holds the opening up, no more."""
    filled(path)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN IMMEDIATE")
        done = threading.Timer(0.5, other.execute, ["COMMIT"])
        done.start()
        opened(path).close()
        done.join()
    assert path.read_bytes()[18:20] == b"\x02\x02"  # a write-ahead log: sqlite.org/fileformat2.html, section 1.3.3


def test_a_writer_that_does_not_end_at_the_birth_of_a_database_is_told(path: Path) -> None:
    """After the time that one waits, the opening fails, and says why."""
    filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="another process holds the database; try again when it is done"):
            Store.open(f"sqlite:///{path}?timeout=0.2")


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
