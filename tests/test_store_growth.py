"""What a cycle asks of the database is answered from indexes: it costs the same whatever the archive's size."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from stored import NOW, bind, copy, fill, known, pull, renamed, source, sync, write

from aggregator.models import Likeness
from aggregator.pipeline import resembling
from aggregator.records import Filing, SourceState
from aggregator.store import Store, archive, events, history, pulls, upkeep

# Tables that grow with the archive; sources are as many as feeds.yaml has lines.
_SCAN = re.compile(r"SCAN (?:copy|post|alias|info|file|archive|archived)\b.*")
#: An index that holds the dirty posts alone.
_DIRTY = "SCAN post USING INDEX ix_post_dirty"
#: An index that holds the copies alone that belong to no post yet.
_WAITING = "SCAN copy USING INDEX ix_copy_unbound"
#: The site's newest posts are read along their index until there are enough.
_NEWEST = "SCAN post USING COVERING INDEX ix_post_published"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An SQLite database, which says what it does in words that do not depend on how much is in it."""
    opened = Store.open(f"sqlite:///{tmp_path / 'test.db'}")
    yield opened
    opened.close()


@contextmanager
def noted(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that the block executes, each with the parameters of one execution."""
    statements: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            statements.append((statement, parameters[0] if many else parameters))

    sa.event.listen(store.engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(store.engine, "before_cursor_execute", note)


def plans(store: Store, statements: list[tuple[str, Any]]) -> list[str]:
    """Return the steps in which SQLite would execute ``statements``."""
    with store.reading() as transaction:
        return [
            step.detail
            for statement, parameters in statements
            for step in transaction.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


def test_a_cycle_reads_no_whole_table(store: Store) -> None:
    """Pulling, recognising, binding and publishing find what they need through indexes alone."""
    story, page = copy("a", "1"), "https://story.example.org/1"
    fill(store, story, copy("a", "2", link=page))
    with noted(store) as statements:
        sync(store, source("a"), source("b"))
        with store.reading() as transaction:
            pulls.states(transaction, due=NOW)
        pull(store, "a", write(copy("a", "3")), write(renamed(story, "New"), known(store, story)))
        pull(store, "b", write(copy("b", "2", link=page)), state=SourceState(etag="x"))
        assert bind(store) == (1, 1)
        with store.writing() as transaction:
            waiting = archive.dirty(transaction)
            archive.carriers(transaction, waiting)
            list(archive.posts(transaction, waiting))
            list(archive.posts(transaction, waiting, bodies=False))
            archive.latest(transaction, ["a", "b"], 50)
            upkeep.files_of(transaction, "posts", waiting)
            upkeep.drop_files(transaction, "posts", ["x.md"])
            upkeep.known_files(transaction, "archives", ["archive/1.atom"])
            assert history.unfiled(transaction, waiting, {"a": [""], "b": [""]}) == {"": waiting}
            history.file(transaction, [Filing(folder="", number=1, before=0, posts=tuple(waiting))])
            assert history.newest(transaction, [""])[""].filled == len(waiting)
            assert history.touch(transaction, waiting) == {""}
            (document,) = history.documents(transaction, "", dirty=True)
            assert history.members(transaction, document.pk) == waiting
            assert history.neighbours(transaction, "", 1) == (None, None)
            assert history.last(transaction, "") == 1
            history.clean(transaction, [document.pk])
            archive.clean(transaction, waiting)
    assert len(statements) > 20
    assert {step for step in plans(store, statements) if _SCAN.match(step)} == {_DIRTY}


def test_what_looks_alike_is_found_through_indexes(store: Store) -> None:
    """Finding near-duplicates looks at what waits and at those that share a band, and at nothing else."""
    asked = replace(source("a", "News"), alike=Likeness(level=("News",), least=0.8))
    sync(store, asked)
    pull(store, "a", replace(write(copy("a", "1")), length=80))
    with noted(store) as statements:
        resembling.pairs(store, [asked], NOW)
    assert len(statements) >= 4
    assert {step for step in plans(store, statements) if _SCAN.match(step)} <= {_WAITING}


def test_the_files_of_a_few_posts_come_from_their_index(store: Store) -> None:
    """The files of a post are found by its number, not by looking through all files of their folder."""
    with noted(store) as statements, store.reading() as transaction:
        upkeep.files_of(transaction, "posts", [1, 2, 3])
    (step,) = plans(store, statements)
    assert "ix_file_post_pk (post_pk=?" in step


@pytest.mark.parametrize(
    ("choose", "allowed"),
    [
        (lambda transaction: archive.latest(transaction, ["a"], 50), set()),
        (lambda transaction: archive.latest(transaction, None, 50), {_NEWEST}),
    ],
    ids=["category", "site"],
)
def test_the_newest_are_read_in_order(
    store: Store, choose: Callable[[sa.Connection], object], allowed: set[str]
) -> None:
    """The newest posts come out of an index already sorted: what is older is not looked at."""
    fill(store, copy("a", "1"))
    with noted(store) as statements, store.reading() as transaction:
        choose(transaction)
    steps = plans(store, statements)
    assert {step for step in steps if _SCAN.match(step)} == allowed
    assert not [step for step in steps if "TEMP B-TREE" in step]


def test_the_newest_post_of_each_source_comes_from_its_index(store: Store) -> None:
    """Of each source one row is read, the first of the index: the sources are the only table that is gone through."""
    fill(store, copy("a", "1"))
    with noted(store) as statements, store.reading() as transaction:
        archive.newest(transaction)
    steps = plans(store, statements)
    assert not [step for step in steps if _SCAN.match(step)]
    assert any("ix_copy_listed (source_pk=?" in step for step in steps)
    assert not [step for step in steps if "TEMP B-TREE" in step]


def test_the_events_that_wait_come_from_an_index(store: Store) -> None:
    """Whether the feed of the sources' health is to be written costs one look, however long it grew."""
    with noted(store) as statements, store.reading() as transaction:
        events.waiting(transaction)
        events.told(transaction, "a")
        events.newest(transaction, 10)
    steps = plans(store, statements)
    assert any("ix_event_waiting" in step for step in steps)
    assert any("ix_event_source_pk" in step for step in steps)
    assert any("ix_event_at" in step for step in steps)


def test_the_newest_of_a_category_come_from_its_index(store: Store) -> None:
    """A source's newest posts are found in the index that is made for it, without a look at the copies."""
    fill(store, copy("a", "1"))
    with noted(store) as statements, store.reading() as transaction:
        archive.latest(transaction, ["a"], 50)
    assert any("USING COVERING INDEX ix_copy_listed (source_pk=?" in step for step in plans(store, statements))


def test_pruning_looks_up_what_points_to_a_row(store: Store) -> None:
    """Each reference to another table can be followed backwards, which removing a row asks for."""
    with store.reading() as transaction:
        inspector = sa.inspect(transaction)
        for table in inspector.get_table_names():
            indexed = [index["column_names"][0] for index in inspector.get_indexes(table)]
            indexed += [columns["constrained_columns"][0] for columns in [inspector.get_pk_constraint(table)]]
            indexed += [unique["column_names"][0] for unique in inspector.get_unique_constraints(table)]
            for reference in inspector.get_foreign_keys(table):
                assert reference["constrained_columns"][0] in indexed, (table, reference)
