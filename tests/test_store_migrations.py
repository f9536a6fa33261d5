"""The migrations: they make the tables that the program knows, can be taken back, and survive a kill."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from stored import NOW, copy, fill

from aggregator.records import Edit
from aggregator.store import Store, archive, edits, indexes, opening, rulings


@pytest.fixture
def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(Path(opening.__file__).parent / "migrations"))
    return found


def downgrade(store: Store, config: Config) -> None:
    with store.writing() as transaction:
        config.attributes["connection"] = transaction
        command.downgrade(config, "base")


def upgrade(store: Store, config: Config) -> None:
    with store.writing() as transaction:
        config.attributes["connection"] = transaction
        command.upgrade(config, "head")


def objects(engine: sa.Engine) -> dict[str, Any]:
    """Return all that the database says of its tables and indexes."""
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        return {
            table: [
                plain(ask(table))
                for ask in (
                    inspector.get_columns,
                    inspector.get_indexes,
                    inspector.get_unique_constraints,
                    inspector.get_foreign_keys,
                    inspector.get_pk_constraint,
                    inspector.get_table_options,
                )
            ]
            for table in inspector.get_table_names()
            if table != "alembic_version"
        }


def plain(said: Any) -> Any:
    """Return what the inspector said as values that can be compared, in an order that stays."""
    if isinstance(said, dict):
        return {name: plain(value) for name, value in said.items()}
    return sorted(map(plain, said), key=str) if isinstance(said, list) else str(said)


def test_the_program_knows_the_newest_migration(config: Config) -> None:
    """The number that spares a database of today the migrations' tool is that of the last migration."""
    assert ScriptDirectory.from_config(config).get_heads() == [opening.HEAD]


def test_migrations_make_the_tables(store: Store, config: Config) -> None:
    """A migrated database is what the tables say, by the judgement of the migrations' tool."""
    downgrade(store, config)
    upgrade(store, config)
    with store.reading() as transaction:
        context = MigrationContext.configure(transaction, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, indexes.metadata) == []


def test_migrations_make_every_detail(empty_database: str, config: Config) -> None:
    """Columns, keys, constraints, indexes and their conditions are those of a database that is made anew."""
    store = Store.open(empty_database)
    made = objects(store.engine)
    downgrade(store, config)
    upgrade(store, config)
    migrated = objects(store.engine)
    assert migrated == made
    assert set(migrated) == set(indexes.metadata.tables)
    store.close()


def test_migrations_can_be_taken_back(store: Store, config: Config) -> None:
    """Downgraded to nothing the database has no table of ours, and is made anew when it is opened."""
    fill(store, copy("a", "1"))
    downgrade(store, config)
    with store.reading() as transaction:
        assert sa.inspect(transaction).get_table_names() == ["alembic_version"]
    again = Store.open(store.url)
    fill(again, copy("a", "2"))
    with again.reading() as transaction:
        assert len(archive.everything(transaction)) == 1
    again.close()


def test_edits_and_rulings_survive_the_way_back(store: Store, config: Config) -> None:
    """What a row says beside the columns that go and come again is there still."""
    fill(store, copy("a", "1"))
    with store.writing() as transaction:
        edits.add(transaction, [Edit(copy_pk=1, at=NOW, title_before="Old", title_after="New")])
        rulings.retract(transaction, ["digest"])
        config.attributes["connection"] = transaction
        command.downgrade(config, "0012")
        command.upgrade(config, "head")
        assert [each.title_before for each in edits.of(transaction, [1])] == ["Old"]
        assert rulings.barred(transaction, ["digest"]) == {"digest"}


def test_a_migration_that_fails_leaves_nothing(empty_database: str) -> None:
    """Tables are made in one transaction: what an error interrupts was never there."""
    done = _make(empty_database, "raise SystemExit('interrupted')")
    assert "interrupted" in done.stderr
    _is_made_whole(empty_database)


@pytest.mark.parametrize("statement", [1, 9, 18])
def test_a_kill_in_the_middle_leaves_a_database_that_can_be_used(empty_database: str, statement: int) -> None:
    """Killed at any of its statements, the making of a database is done again by the next run."""
    done = _make(empty_database, f"len(seen) == {statement} and os.kill(os.getpid(), 9)")
    assert done.returncode == -signal.SIGKILL
    _is_made_whole(empty_database)


def test_a_migration_is_one_transaction_on_sqlite(tmp_path: Path) -> None:
    """The driver commits nothing by itself: until the end another connection sees no table."""
    path = tmp_path / "test.db"
    other = "sqlite3.connect(sys.argv[1].removeprefix('sqlite:///'))"
    code = f"print({other}.execute('SELECT name FROM sqlite_master').fetchall())"
    done = _make(f"sqlite:///{path}", code)
    assert set(done.stdout.splitlines()) == {"[]"}
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 10


def test_a_migration_of_a_large_archive_fits_into_memory(
    tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What SQLite must remember of a statement that rewrites all copies goes to the disk, while it migrates alone."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    store = Store.open(url)
    downgrade(store, config)
    store.close()
    seen: list[int] = []
    migrate = opening._upgrade

    def upgraded(connection: sa.Connection) -> None:
        seen.append(connection.exec_driver_sql("PRAGMA temp_store").scalar_one())
        migrate(connection)

    monkeypatch.setattr(opening, "_upgrade", upgraded)
    store = Store.open(url)
    with store.reading() as transaction:
        seen.append(transaction.exec_driver_sql("PRAGMA temp_store").scalar_one())
    store.close()
    on_disk, in_memory = 1, 2
    assert seen == [on_disk, in_memory]


def _make(url: str, at_each_change: str) -> subprocess.CompletedProcess[str]:
    """Open a database and run code after each statement that changes its schema."""
    code = f"""
import os, sqlite3, sys
import sqlalchemy as sa
from aggregator.store import Store
seen = []
@sa.event.listens_for(sa.Engine, "after_cursor_execute")
def note(connection, cursor, statement, *rest):
    if statement.strip().startswith(("CREATE", "INSERT")):
        seen.append(statement)
        {at_each_change}
Store.open(sys.argv[1]).close()
"""
    return subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=False)


def _is_made_whole(url: str) -> None:
    store = Store.open(url)
    fill(store, copy("a", "1"))
    with store.reading() as transaction:
        assert len(archive.everything(transaction)) == 1
        context = MigrationContext.configure(transaction)
        assert compare_metadata(context, indexes.metadata) == []
    store.close()
