"""The room that reads documents: bytes in, one ``Feed`` out.  Nothing here touches network, disk or clock."""

from __future__ import annotations

import re
from collections.abc import Callable

from aggregator.errors import ParseError
from aggregator.models import Feed
from aggregator.parse import decode, jsonfeed, repair, xmlfeed

#: Each dialect's parser: (body, media type as the server named it, address it came from) → Feed.
PARSERS: dict[str, Callable[[bytes, str, str], Feed]] = {"json": jsonfeed.parse, "xml": xmlfeed.parse}

# Past byte order marks, blanks, and the zero bytes of UTF-16.
_FIRST = re.compile(rb"[\xef\xbb\xbf\xfe\xff \t\r\n\x00]*+(.)", re.DOTALL)
#: Bytes within which a document says what it is.
_HEAD = 4096


def parse(body: bytes, content_type: str, url: str) -> Feed:
    """Return the feed that ``body`` holds.

    ``content_type`` is the Content-Type header or "", ``url`` the address that the body came from; relative
    references are resolved against it.  The dialect is told by the body, since servers name it wrongly.
    Raises ParseError when the body is no feed, or not whole.
    """
    first = _FIRST.match(body)
    if first is None:
        raise ParseError("the answer is empty; the publisher's server may be under maintenance")
    return PARSERS["json" if first[1] in b"{[" else "xml"](body, content_type, url)


def begins_feed(body: bytes, content_type: str) -> bool:
    """Tell whether ``body``, which ``parse`` cannot read, begins as a feed does."""
    head = body[:_HEAD]
    first = _FIRST.match(head)
    if first is not None and first[1] in b"{[":
        return b"jsonfeed.org" in head
    document, _ = decode.decoded(head, content_type)
    return repair.begins_feed(repair.without_doctype(document))
