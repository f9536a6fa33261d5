"""Documents that are not well-formed: what can be put right before they are read, and what cannot."""

from __future__ import annotations

import html
import re
import sys
from html.entities import html5

from aggregator.errors import ParseError

# XML 1.0, sections 2.8 and 4.2: before the root stand comments, instructions and one DOCTYPE, whose subset may hold
# quotes and brackets in quotes, comments and instructions.  One that is not closed reaches to the end: to go on behind
# its beginning would be to look for each one's end in all that follows.
_MISC = r"(?:\s++|<\?.*?\?>|<!--.*?-->)*+"
_QUOTED = r"\"[^\"]*+\"|'[^']*+'"
_DOCTYPE = re.compile(
    rf"({_MISC})<!DOCTYPE(?:{_QUOTED}|[^\[>\"'])*+"
    rf"(?:\[(?:<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|{_QUOTED}|[^\]\"'])*+\]\s*+)?+>",
    re.DOTALL,
)
_DECLARATION = re.compile(r"<\?xml\b.*?\?>\s*", re.DOTALL)
_ROOT = re.compile(rf"{_MISC}(?:<!DOCTYPE[^>]*+>)?+{_MISC}<\s*+(?:[\w.-]+:)?([\w.-]+)", re.DOTALL | re.IGNORECASE)
#: What closes the document, by its root; before items RSS 1.0 closes its channel.
_ENDS = {
    root: re.compile(rf"</\s*(?:[\w.-]+:)?(?:{ends})\s*>", re.IGNORECASE)
    for root, ends in {"rss": "rss|channel", "feed": "feed", "rdf": "rdf", "channel": "channel"}.items()
}
#: What ends whole documents, and what ends parts of them.
_ROOT_END = re.compile(r"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_PART_END = re.compile(r"</(?:[\w.-]+:)?(?:channel|item|entry)\s*>", re.IGNORECASE)
_LAST_ENTRY = re.compile(r"<(?:[\w.-]+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_PAGE = re.compile(r"<\s*(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_HEAD = 4096

# XML 1.0, section 2.2.
_FORBIDDEN = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # 5 ms to compile, and few documents need it
_REFERENCE = re.compile(
    r"(<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z))"
    r"|&(?:#(?:[xX]([0-9A-Fa-f]+)|([0-9]+));|([A-Za-z][A-Za-z0-9]*);)?",
    re.DOTALL,
)
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
#: feedparser's loose parser resolves addresses before it undoes references to these by number, and takes "#" for a
#: fragment's.
_NAMED = {34: "&quot;", 38: "&amp;", 39: "&apos;", 60: "&lt;", 62: "&gt;"}


def without_doctype(document: str) -> str:
    """Return ``document`` without its DOCTYPE and all that is defined in it, and without blanks at its start."""
    start = document.lstrip("\ufeff \t\r\n\x00")
    found = _DOCTYPE.match(start) if "<!DOCTYPE" in start else None
    if found is None:
        return start
    lines = "\n" * found[0].count("\n", found.end(1))  # for those who are told where a fault is
    return found[1] + lines + start[found.end() :]


def demand_whole(document: str, fault: str) -> None:
    """Raise ParseError when ``document``, not well-formed because of ``fault``, is no feed or only part of one."""
    root = _ROOT.match(document)
    ends = _ENDS.get(root[1].lower()) if root else None
    if ends is None:
        demand_no_page(document)
        return
    last = max((found.start() for found in _LAST_ENTRY.finditer(document)), default=0)
    if not ends.search(document, last):
        raise ParseError(f"the document ends in the middle ({fault})")


def begins_feed(document: str) -> bool:
    """Tell whether the root of ``document`` is that of a feed."""
    root = _ROOT.match(document)
    return root is not None and root[1].lower() in _ENDS


def demand_no_page(document: str) -> None:
    """Raise ParseError when ``document`` is a web page."""
    if _PAGE.search(document[:_HEAD]):
        raise ParseError("the answer is a web page, no feed; 'aggregator add' finds the feed behind a page")


def repaired(document: str) -> str:
    """Return ``document`` without what most often keeps it from being well-formed.

    Characters that XML forbids go, as references too; names of HTML's entities become their characters; a ``&`` that
    begins no reference stands for itself.  The XML declaration goes, for some say version 1.1.  So does what stands
    behind the root: scripts that a proxy puts at the end of every answer, and what programs of the server complain of.
    """
    start = _DECLARATION.match(document)
    legal = re.sub(_FORBIDDEN, "", document[start.end() :] if start else document)
    whole = _without_rest(legal)
    return _REFERENCE.sub(_mended, whole) if "&" in whole else whole


def _without_rest(document: str) -> str:
    end = max((found.end() for found in _ROOT_END.finditer(document)), default=len(document))
    return document if _PART_END.search(document, end) else document[:end]


def _mended(found: re.Match[str]) -> str:
    verbatim, hexadecimal, decimal, name = found.groups()
    if verbatim is not None:
        return verbatim
    if hexadecimal or decimal:
        digits = (hexadecimal or decimal).lstrip("0")
        code = int(digits or "0", 16 if hexadecimal else 10) if len(digits) < 8 else sys.maxunicode + 1
        if code > sys.maxunicode or re.match(_FORBIDDEN, chr(code)):
            return ""
        return _NAMED.get(code, f"&#{code};")
    if name in _XML_ENTITIES:
        return found[0]
    meant = html5.get(f"{name};")
    return html.escape(meant, quote=False) if meant else f"&amp;{found[0][1:]}"
