"""What a client asks for besides a resource: which version it has already, and which codings it reads."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from starlette.datastructures import Headers

# RFC 9110, section 8.8.3.
_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_QUALITY = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def verdict(headers: Headers, tag: str, modified: datetime | None) -> int | None:
    """Return the status that the conditions in ``headers`` lead to, 304 or 412; None when the body is to be sent.

    ``tag`` is the strong ETag of what would be sent, quotes included; ``modified`` its Last-Modified, if it has one
    (RFC 9110, section 13.2.2).
    """
    match, none_match = _field(headers, "if-match"), _field(headers, "if-none-match")
    if match is not None:
        if match != "*" and ("", tag) not in _TAG.findall(match):
            return 412
    elif modified and (since := _date(headers.get("if-unmodified-since"))) and modified > since:
        return 412
    if none_match is not None:
        return 304 if none_match == "*" or tag in (each for _, each in _TAG.findall(none_match)) else None
    since = _date(headers.get("if-modified-since"))
    return 304 if modified and since and modified <= since else None


def reads_gzip(headers: Headers) -> bool:
    """Tell whether the client takes gzip (RFC 9110, section 12.5.3)."""
    qualities: dict[str, float] = {}
    for part in (_field(headers, "accept-encoding") or "").lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        found = next(filter(None, map(_QUALITY.fullmatch, parameters)), None)
        qualities[name] = float(found[1]) if found else 1.0
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def _field(headers: Headers, name: str) -> str | None:
    lines = headers.getlist(name)
    return ", ".join(lines).strip() if lines else None


def _date(value: str | None) -> datetime | None:
    # Other dates than those of section 5.6.7 are to be ignored; all of them are in UTC.
    if value is None or not value.endswith("GMT"):
        return None
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return None if found.utcoffset() else found.replace(tzinfo=UTC)
