"""What goes into the room and what comes out of it: plain values, and the reading of the headers in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from msgspec import Struct, field

#: Longer wishes of a server are cut to this; ``cadence`` caps them much lower, a ``timedelta`` a little higher.
_LONGEST = timedelta(days=3650)
_MAX_AGE = re.compile(r'(?:^|,)[ \t]*max-age="?([0-9]+)"?[ \t]*(?:,|$)', re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: Servers refuse request headers of some 8 kB: a longer validator would lock us out for ever.
_LONGEST_VALIDATOR = 1024


class Limits(Struct, frozen=True, kw_only=True):
    """What one fetch may take.

    ``timeout`` is for all of it: name lookup, redirects and body.  ``max_size`` is bytes of the body, as it
    travels and as it is decoded.  ``per_host`` is requests at once to one host, redirected ones included.  ``files``
    is the folder below which files may be read, None for no file.  ``instance`` is the address of the RSSHub instance,
    which may be private; no redirect of others leads there then.
    """

    timeout: timedelta = timedelta(seconds=20)
    max_size: int = 10_000_000
    per_host: int = 2
    allow_private: bool = False
    files: Path | None = None
    instance: str = ""


class Request(Struct, frozen=True, kw_only=True):
    """One document to be asked for.

    ``url`` may hold a user name and password, ``headers`` are the source's own: both are for the source's
    origin alone.  ``etag`` and ``last_modified`` are the validators of the last answer, as they came;
    ``validators_url`` is that answer's ``url``, None standing for the source's.  No other address sees them.
    """

    source_id: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    last_modified: str | None = None
    validators_url: str | None = None

    def __repr__(self) -> str:  # addresses and headers may hold secrets
        return f"Request(source_id={self.source_id!r})"


class Response(Struct, frozen=True, kw_only=True):
    """A usable answer: 200, or what counts as it, with a whole body; 226 with a delta; 304 where validators were sent.

    A delta has only the entries that are new since the answer whose ``etag`` was sent (RFC 3229): what it leaves
    out still stands.

    ``url`` is where the body came from, without credentials.  ``etag`` and ``last_modified`` are the ones to
    send next time; a 304 that brings none leaves those of the request standing (RFC 9111, section 4.3.4).
    ``moved_to`` is how far the redirects were permanent from the start; it is None when moving there would
    lose credentials, or hand them to another origin.  ``max_age`` is how long the answer is fresh, ``link``
    its Link header.
    """

    status: int
    url: str
    body: bytes
    content_type: str
    etag: str | None
    last_modified: str | None
    moved_to: str | None
    max_age: timedelta | None
    link: str = ""

    def __repr__(self) -> str:  # addresses may hold secrets
        return f"Response(status={self.status})"


def validator(value: str | None) -> str | None:
    """Return a validator as it came, or None when there is none that could be sent back unharmed."""
    kept = (value or "").strip(" \t")
    return None if not kept or len(kept) > _LONGEST_VALIDATOR or _CONTROL.search(kept) else kept


def max_age(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return how long an answer that came at ``now`` is fresh, or None when it does not say (RFC 9111, 4.2).

    Cache-Control's max-age counts before Expires minus Date; Age is subtracted from either.
    """
    declared = _MAX_AGE.search(headers.get("Cache-Control", ""))
    if declared:
        lifetime = _seconds(declared[1])
    else:
        expires = _date(headers.get("Expires", ""))
        if expires is None:
            return None
        lifetime = min(expires - (_date(headers.get("Date", "")) or now), _LONGEST)
    age = headers.get("Age", "").partition(",")[0].strip()  # RFC 9111, section 5.1: of a list, the first
    return max(lifetime - (_seconds(age) if _DIGITS.fullmatch(age) else timedelta(0)), timedelta(0))


def retry_after(value: str | None, now: datetime) -> datetime | None:
    """Return when a server asks us to come back: seconds from ``now`` or a date (RFC 9110, section 10.2.3).

    None comes out for what is neither, and for what is already past.
    """
    wish = (value or "").strip()
    seconds = wish.partition(",")[0].rstrip()  # a proxy makes one line of two
    moment = now + _seconds(seconds) if _DIGITS.fullmatch(seconds) else _date(wish)
    return moment if moment is not None and moment > now else None


def _seconds(digits: str) -> timedelta:
    # int() refuses some 4,300 digits, timedelta a billion days.
    return min(timedelta(seconds=int(digits.lstrip("0")[:10] or "0")), _LONGEST)


def _date(value: str) -> datetime | None:
    if not 6 < len(value) < 64:
        return None
    try:
        moment = parsedate_to_datetime(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
