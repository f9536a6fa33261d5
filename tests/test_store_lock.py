"""One run at a time: who holds the lock is told, and nobody keeps it who is dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from databases import Server
from serving import until
from stored import copy, fill

from aggregator.errors import DatabaseError, LockedError, ParseError
from aggregator.store import Store, archive

_HOLD = """
import os, sys, time
from aggregator.store import Store
store = Store.open(sys.argv[1])
with store.lock("run of pid 1"):
    if sys.argv[2] == "fork" and os.fork() == 0:
        os.close(1)
        time.sleep(200)
        os._exit(0)
    if sys.argv[2] == "start":
        import subprocess
        subprocess.Popen(["sleep", "200"], stdout=subprocess.DEVNULL)
    print(flush=True)
    time.sleep(200)
"""

_LEAVE = """
import os, sys
from aggregator.errors import LockedError
from aggregator.store import Store
store = Store.open(sys.argv[1])
with store.lock("parent"):
    child = os.fork()
    if child == 0:
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    try:
        with store.lock("second"):
            sys.exit("the lock is free")
    except LockedError:
        pass
"""


@contextmanager
def holder(url: str, child: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Let another process hold the lock, and have a ``child`` that it forked or started; end them all."""
    command = [sys.executable, "-c", _HOLD, url, child]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_second_run_is_told_who_holds_the_lock(store: Store, database: str) -> None:
    """The lock of another process raises, and names its holder; the database can be read and written."""
    with holder(database):
        for _ in range(2):
            with (
                pytest.raises(LockedError, match="another run holds the lock: run of pid 1;") as caught,
                store.lock("us"),
            ):
                pass
            assert caught.value.holder == "run of pid 1"
        fill(store, copy("a", "1"))
        with store.reading() as transaction:
            assert len(archive.everything(transaction)) == 1


def test_a_thread_of_the_same_process_is_another_run(store: Store) -> None:
    """The lock excludes runs within one process, through the same store and through another one."""
    other = Store.open(store.url)
    with store.lock("first"):
        for second in (store, other):
            with pytest.raises(LockedError) as caught, second.lock("second"):
                pass
            assert caught.value.holder == "first"
    with other.lock("third"):
        pass
    other.close()


@pytest.mark.parametrize("child", ["", "fork", "start"])
def test_a_killed_holder_frees_the_lock(store: Store, database: str, child: str) -> None:
    """When its holder is killed the lock is free at once, also while children of the holder live on."""
    with holder(database, child) as process:
        process.kill()
        _wait_until_free(store)


def test_the_lock_ends_with_its_block(store: Store) -> None:
    """After the block, and after an error in it, the next run takes the lock; the error passes unchanged."""
    with pytest.raises(ParseError, match="no feed"), store.lock("first"):
        raise ParseError("no feed")
    with pytest.raises(OSError, match="disk"), store.lock("second"):
        raise OSError("disk")
    for _ in range(20):
        with store.lock("third"):
            pass


@pytest.mark.parametrize("name", ["运行 7", "x" * 500, "", "100%; DROP TABLE post"])
def test_any_name_of_a_holder_will_do(store: Store, name: str) -> None:
    """A holder's name may be long, empty, or in any script: the lock is told from a free one."""
    with store.lock(name), pytest.raises(LockedError) as caught, store.lock("second"):
        pass
    assert caught.value.holder


def test_a_forked_child_leaves_the_lock_to_its_parent(database: str) -> None:
    """A child that leaves the block neither frees the lock nor fails."""
    done = subprocess.run([sys.executable, "-c", _LEAVE, database], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_two_names_of_one_file_are_one_database(tmp_path: Path) -> None:
    """A run that reaches the database through a link is another run on the same one."""
    (tmp_path / "link").symlink_to(tmp_path)
    one = Store.open(f"sqlite:///{tmp_path / 'test.db'}")
    other = Store.open(f"sqlite:///{tmp_path / 'link' / 'test.db'}")
    with one.lock("one"), pytest.raises(LockedError), other.lock("other"):
        pass
    one.close()
    other.close()


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Where the lock's file cannot be opened the run does not start."""
    store = Store.open(f"sqlite:///{tmp_path / 'test.db'}")
    (tmp_path / "test.db.lock").mkdir()
    with pytest.raises(DatabaseError, match=r"test\.db\.lock: the lock file cannot be opened"), store.lock("us"):
        pass
    store.close()


def test_databases_of_one_server_have_locks_of_their_own(postgresql_server: Server) -> None:
    """A run on another database of the server holds up nobody, and is not named."""
    with postgresql_server.database() as first, postgresql_server.database() as second:
        one, other = Store.open(first), Store.open(second)
        with one.lock("one"), other.lock("other"), pytest.raises(LockedError) as caught, other.lock("third"):
            pass
        assert caught.value.holder == "other"
        one.close()
        other.close()


def test_a_server_that_is_gone_is_told(postgresql_server: Server) -> None:
    """A lock of a server that does not answer raises; one that was lost with the server ends in peace."""
    with postgresql_server.database() as url:
        store = Store.open(url)
        with store.lock("us"):
            postgresql_server.stop()
        with pytest.raises(DatabaseError), store.lock("us"):
            pass
        postgresql_server.start()
        with store.lock("us"):
            pass
        store.close()


def _wait_until_free(store: Store) -> None:
    def is_free() -> bool:
        try:
            with store.lock("us"):
                return True
        except LockedError:
            return False

    until(is_free, "the lock is still held")  # a server learns of the death of its client a moment later
