"""The address of the database: which ones can be used, and where a relative path starts.

SQLAlchemy itself is asked by the store alone; loading it takes 0.2 s, and looking at a configuration should not.
"""

from __future__ import annotations

import re
from pathlib import Path

# As much of an RFC 1738 address as SQLAlchemy takes apart; user name and password may hold anything but "@".
_SQLITE = re.compile(r"(sqlite(?:\+pysqlite)?):///([^?]*)(\?.*)?")
_POSTGRESQL = re.compile(
    r"postgresql(?:\+psycopg)?(://(?:[^@/]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^@/:?\[\]]*)(?::[0-9]{1,5})?(?:/[^@?]*)?(?:\?[^@]*)?)"
)
_MEMORY = ("", ":memory:")
_NEITHER = "this is no database that can be used; write sqlite:///aggregator.db or postgresql://user@host/name"


def database_url(written: str, folder: Path) -> str:
    """Return the address for SQLAlchemy: a relative path of SQLite starts at ``folder``, psycopg is the driver.

    Raises ValueError, whose message holds nothing of ``written``.
    """
    server = _POSTGRESQL.fullmatch(written)
    if server:
        return f"postgresql+psycopg{server[1]}"
    file = _SQLITE.fullmatch(f"{written}/" if written in ("sqlite://", "sqlite+pysqlite://") else written)
    if not file:
        raise ValueError(_NEITHER)
    if file[2] in _MEMORY:
        raise ValueError("a database in memory forgets at the end what it has seen; write sqlite:///aggregator.db")
    if file[2].startswith("file:"):  # SQLite's own form of address, which says all by itself
        return written
    # In these addresses a path is percent-encoded; the one that is written is so already.
    start = str(folder).replace("%", "%25").replace("?", "%3F")
    return f"{file[1]}:///{Path(start) / file[2]}{file[3] or ''}"
