"""The one place that knows SQLAlchemy.  Values go in and come out; rows never leave.

``pulls``    what UPDATE asks and writes, with ``writes``, ``edits`` and ``domains``
``binding``  the waist, where copies become posts, with ``bands`` of texts that are alike
``archive``  the posts that PUBLISH reads; ``history`` the archive documents that they stand in
``searching``  the posts that people look for
``verdicts``, ``corrections``, ``rulings``, ``tombstones``, ``ledger``  what the editor decides, and what was decided
``names``    what is left of copies that are taken out
``lookup``, ``story``, ``events``  what the editor asks, and is told
``upkeep``   files, single facts, retention, the overview
``slots``, ``lock``, ``forks``  what several processes share, and what not
``opening``  makes and migrates the tables of ``schema`` and ``indexes``; ``engine`` tells the databases apart
``questions``, ``rows``, ``codec``  how it is asked and written

Functions take the transaction that ``Store`` opens.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import sqlalchemy as sa
from msgspec import Struct

from aggregator.store import engine, lock, opening

__all__ = ["Store", "Transaction", "exists"]

Transaction = sa.Connection


exists = opening.exists


class Store(Struct, frozen=True):
    """An open database.  ``url`` may hold a password."""

    url: str
    engine: sa.Engine

    def __repr__(self) -> str:
        return f"Store({self.engine.url!r})"

    @classmethod
    def open(cls, url: str) -> Store:
        """Return the store at ``url``, made or migrated where needed; raises DatabaseError."""
        return cls(url, opening.connect(url))

    @classmethod
    def passing(cls, url: str) -> Store:
        """Return the store at ``url``, which is open already, for what reads many posts, one after the other.

        It takes little memory.  Raises DatabaseError.
        """
        return cls(url, engine.create(url, passing=True))

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a transaction that sees one state of the database; raises DatabaseError."""
        with engine.translated(self.url), engine.snapshot(self.engine).connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Open a transaction that is written whole when the block ends, and not at all when it raises."""
        with self.trying() as connection, connection.begin():
            yield connection

    @contextmanager
    def trying(self) -> Iterator[Transaction]:
        """Open a transaction that can be written in, and of which nothing stays; others wait until it ends."""
        with engine.translated(self.url), self.engine.connect() as connection:
            yield connection.execution_options(writes=True)

    def lock(self, holder: str) -> AbstractContextManager[None]:
        """Hold the lock that lets one run at a time work; raises LockedError with the other's ``holder``."""
        return lock.hold(self.url, self.engine, holder)
