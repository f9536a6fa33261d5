"""The address of the database: which ones can be used, and where a relative path starts.

SQLAlchemy itself is asked by the store alone; loading it takes 0.2 s, and looking at a configuration should not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from aggregator.config import values

# As much of an RFC 1738 address as SQLAlchemy takes apart; user name and password may hold anything but "@".
_SQLITE = re.compile(r"(sqlite(?:\+pysqlite)?):///([^?]*)(\?.*)?")
_POSTGRESQL = re.compile(
    r"postgresql(?:\+psycopg)?(://(?:[^@/]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^@/:?\[\]]*)(?::[0-9]{1,5})?(?:/[^@?]*)?(?:\?[^@]*)?)"
)
_MEANT = re.compile(r"postgresql(?:\+psycopg)?://")
_MEMORY = ("", ":memory:")
_NEITHER = "this is no database that can be used; write sqlite:///aggregator.db or postgresql://user@host/name"
_UNREADABLE = (
    "this address cannot be taken apart; write postgresql://user@host/name, "
    "and '@', '/' and '?' in a password as %40, %2F and %3F"
)
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


def filled(written: str, environ: Mapping[str, str]) -> str:
    """Return ``written`` with its variables; those of user name and password become what can stand there.

    Raises ValueError as ``values.filled``.
    """
    before, at, behind = written.rpartition("@")
    scheme, slashes, user = before.partition("://")
    if not slashes:
        return values.filled(written, environ)
    return f"{scheme}{slashes}{values.filled(user, environ, _encoded)}{at}{values.filled(behind, environ)}"


def _encoded(value: str) -> str:
    # What is percent-encoded already stays so, and a colon between the two.
    return quote(_STRAY_PERCENT.sub("%25", value), safe="%:!$&'()*+,;=")


def database_url(written: str, folder: Path) -> str:
    """Return the address for SQLAlchemy: a relative path of SQLite starts at ``folder``, psycopg is the driver.

    Raises ValueError, whose message holds nothing of ``written``.
    """
    server = _POSTGRESQL.fullmatch(written)
    if server:
        return f"postgresql+psycopg{server[1]}"
    file = _SQLITE.fullmatch(f"{written}/" if written in ("sqlite://", "sqlite+pysqlite://") else written)
    if not file:
        raise ValueError(_UNREADABLE if _MEANT.match(written) else _NEITHER)
    if file[2] in _MEMORY:
        raise ValueError("a database in memory forgets at the end what it has seen; write sqlite:///aggregator.db")
    if file[2].startswith("file:"):  # SQLite's own form of address, which says all by itself
        return written
    # In these addresses a path is percent-encoded; the one that is written is so already.
    start = str(folder).replace("%", "%25").replace("?", "%3F")
    return f"{file[1]}:///{Path(start) / file[2]}{file[3] or ''}"
