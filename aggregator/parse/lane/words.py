"""What feedparser does to the text of an element before it keeps it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from html.entities import entitydefs
from urllib.parse import urljoin

from aggregator.parse.heard import VOID

#: What feedparser takes for windows-1252 that was read as ISO 8859-1.
_UNUSED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
CP1252 = {code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code not in _UNUSED}
_C1 = re.compile("[\x80-\x9f]")
#: What the characters from U+0080 to U+00BF begin with in UTF-8: found far quicker than one of a range of characters.
_LOW_LATIN = b"\xc2"

_ELEMENTS = """
a abbr acronym address area article aside audio b big blockquote br button canvas caption center cite code col
colgroup command datagrid datalist dd del details dfn dialog dir div dl dt em event-source fieldset figcaption
figure font footer form h1 h2 h3 h4 h5 h6 header hr i img input ins kbd keygen label legend li m map menu meter
multicol nav nextid noscript ol optgroup option output p pre progress q s samp section select small sound source
spacer span strike strong sub sup table tbody td textarea tfoot th thead time tr tt u ul var video
"""
#: The elements by which feedparser tells HTML from text with angle brackets.
ELEMENTS = frozenset(_ELEMENTS.split())

_CLOSED = re.compile(r"</\w+>|&#?\w+;")
_NAMES = re.compile(r"</?(\w+)")
_ENTITIES = re.compile(r"&(\w+);")

# ``http:///example.org`` means http://example.org.
_SLASHES = re.compile(r"^([A-Za-z][A-Za-z0-9+-.]*://)/*")
# An address that joining to any base leaves as it is, character by character.
_WHOLE = re.compile(r"https?://[A-Za-z0-9._-]+(?::[0-9]+)?(?:/[!-\"$-:<->@-~]*)?(?:\?[!-\"$-~]+)?(?:#[!-~]+)?")
_SEMICOLONS = re.compile("&([A-Za-z0-9_]+);")


def joined(base: str, reference: str) -> str:
    """Return ``reference`` resolved against ``base``; "" where it is no address."""
    if _WHOLE.fullmatch(reference):
        return reference
    try:
        return urljoin(base, _SLASHES.sub(r"\1", reference))
    except ValueError:
        return ""


def mapped(text: str) -> str:
    """Return ``text`` with what stands for characters of windows-1252."""
    return text.translate(CP1252) if _has_low_latin(text) and _C1.search(text) else text


def mended(text: str) -> str:
    """Return ``text`` as it was before it was encoded twice."""
    if not _has_low_latin(text):  # as which what follows the first byte of a character was read
        return text
    with suppress(UnicodeError):
        text = text.encode("iso-8859-1").decode("utf-8")
    return mapped(text)


def _has_low_latin(text: str) -> bool:
    return not text.isascii() and _LOW_LATIN in text.encode("utf-8", "surrogatepass")


def escaped(text: str) -> str:
    """Return ``text`` as it is written in XML."""
    return text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")


def quoted(value: str) -> str:
    """Return ``value`` as it is written in an attribute, between double quotes."""
    return escaped(value).replace('"', "&quot;")


def unquoted(address: str) -> str:
    """Return an address without the semicolons behind the names in its query."""
    return _SEMICOLONS.sub(r"&\1", address) if ";" in address else address


def looks_like_html(text: str) -> bool:
    """Tell whether ``text``, which is said to be plain, is HTML."""
    if "<" not in text and "&" not in text:
        return False
    return bool(_is_marked_up(text) or VOID.search(text))


def _is_marked_up(text: str) -> bool:
    if not _CLOSED.search(text):
        return False
    if any(name.lower() not in ELEMENTS for name in _NAMES.findall(text)):
        return False
    return all(name in entitydefs for name in _ENTITIES.findall(text))


def unwrapped(pieces: Sequence[str]) -> Sequence[str]:
    """Return the pieces of XHTML without the ``div`` around all of it (RFC 4287, section 3.1.1.3)."""
    start, end = 0, len(pieces)
    while end - start > 1 and not pieces[end - 1].strip():
        end -= 1
    while end - start > 1 and not pieces[start].strip():
        start += 1
    inner = pieces[start:end]
    wrapped = inner and (inner[0] == "<div>" or inner[0].startswith("<div ")) and inner[-1] == "</div>"
    return inner[1:-1] if wrapped and _is_one(inner[:-1]) else inner


def _is_one(pieces: Sequence[str]) -> bool:
    depth = 0
    for piece in pieces:
        if piece.startswith("</"):
            depth -= 1
            if depth == 0:
                return False
        elif piece.startswith("<") and not piece.endswith("/>"):
            depth += 1
    return True
