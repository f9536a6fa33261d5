"""The fields between the first line of an answer and its body (RFC 9112, section 5).

http.client reads them with the parser of mails, which takes twice as long.
"""

from __future__ import annotations

import re
from http.client import HTTPException, LineTooLong
from io import BufferedIOBase
from typing import Any

from urllib3 import HTTPHeaderDict

#: Bytes of a line, and lines, at most: as many as http.client takes.
_LONGEST, _MOST = 65536, 100
_LINE = re.compile(r"\r\n|\r|\n")
#: Section 5.2: a line that begins with a blank goes on with the field above, behind one blank.
_FOLD = re.compile(r"[ \t]*(?:\r\n|\r|\n)[ \t]+")
#: Section 5.1: there is no blank in a name, nor before its colon; those around a value are no part of it.
_FIELD = re.compile(r"([!-9;-~]+):[ \t]*(.*)")


#: RFC 9110, section 5.3: what is no list must not come twice; where it does, the first counts.
_SINGLE = frozenset({"age", "content-type", "date", "etag", "expires", "last-modified", "location", "retry-after"})


class Fields(HTTPHeaderDict):
    """Fields by name, in any case; those of one name that may be a list stand together, with commas between them."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return the field ``name``, or ``default``: without an exception, as most that are asked for are not there."""
        return self[name] if name in self else default  # noqa: SIM401 - this is get


def read(file: BufferedIOBase) -> Fields:
    """Return the fields of the head that begins in ``file``, read to its end.

    Lines that are no fields are left out, as browsers do.  Raises HTTPException for too many lines, LineTooLong.
    """
    head = b"".join(_lines(file)).decode("latin-1")
    if "\n " in head or "\n\t" in head or "\r " in head or "\r\t" in head:
        head = _FOLD.sub(" ", head)
    fields = Fields()
    for line in _LINE.split(head):
        found = _FIELD.fullmatch(line)
        if found and not (found[1] in fields and found[1].lower() in _SINGLE):
            fields.add(found[1], found[2].rstrip(" \t"))
    return fields


def _lines(file: BufferedIOBase) -> list[bytes]:
    lines = []
    while (line := file.readline(_LONGEST + 1)) not in (b"\r\n", b"\n", b""):
        if len(line) > _LONGEST:
            raise LineTooLong("header line")
        lines.append(line)
        if len(lines) == _MOST:
            raise HTTPException(f"{_MOST} headers and more")
    return lines
