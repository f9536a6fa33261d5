"""What only a server does: it is out of reach, restarts, cuts connections, or takes no writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa
from databases import PASSWORD, Server
from stored import NOW, copy, fill, set_fact, source, sync, write

from aggregator.errors import DatabaseError
from aggregator.records import Pull, SourceState
from aggregator.store import Store, archive, pulls, upkeep


def test_a_server_database_of_another_program_is_refused(postgresql_server: Server) -> None:
    """The same holds on a server."""
    with postgresql_server.database() as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE bookmarks (url TEXT)")
        with pytest.raises(DatabaseError, match="this is a database of another program; change 'database'"):
            Store.open(url)


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


def test_a_reader_cannot_write_by_mistake_on_a_server(postgresql_server: Server) -> None:
    """A transaction for reading refuses writes where the database can tell them apart."""
    with postgresql_server.database() as url:
        store = Store.open(url)
        with pytest.raises(DatabaseError, match="read-only transaction"), store.reading() as transaction:
            upkeep.set_fact(transaction, "x", "y")
        store.close()


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
            set_fact(store, "x", "y")
        store.close()


_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aggregator'"


def _pull() -> Pull:
    return Pull(source_id="a", at=NOW, state=SourceState(), writes=(write(copy("a", "1")),))


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
