"""Markup that is made to hurt: found before an HTML parser sees it, and turned into something harmless.

The HTML standard asks for work that grows with the square of its input.  Measured with nh3 0.3.8 on one core:
20,000 nested ``<div>`` 0.7 s, ``<li><dd>`` 20,000 times 2.7 s, 100,000 attributes in one tag 2.1 s, and 27 kB of
formatting elements that each following paragraph opens again 4.1 s, 28 MB of output and 1 GB of memory.
The longest of 4,353 articles met in 100 feeds had 18,614 tags.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import accumulate
from math import isqrt

from aggregator.elements import BLOCKS, DROPPED, VOID, escaped, paragraphs

#: With so many tags the worst nesting costs 1.5 s.
_MOST_TAGS = 30_000
#: Attributes in one tag; below this length of markup there cannot be enough of them to matter (0.1 s).
_MOST_ATTRIBUTES = 1000
_HARMLESS_LENGTH = 200_000
#: Formatting elements with attributes, times tags: as many elements as the parser may make of them (0.3 s, 130 MB).
_MOST_REOPENED = 500_000
#: Each of them takes three characters, so that tags times elements are at most an eighth of the length's square.
_TOO_SHORT = isqrt(8 * _MOST_REOPENED)
#: lxml stops at 256 levels, and some readers before.
_DEEPEST = 200

#: HTML, section 13.2.4.3: of equal formatting elements three are opened again, of those with other attributes all.
#: ``a`` is left out: there is never more than one open.
_REOPENED = re.compile(r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\t\n\f\r /][^>]*>?", re.IGNORECASE)
_START = re.compile(r"<(?=[a-zA-Z])")
#: HTML, section 13.2.5.6 to 13.2.5.40: a start tag up to its ``>`` or the attribute that is one too many.
_TAG = re.compile(
    r"<[^\t\n\f\r />]*+(?:[\t\n\f\r /]*+[^\t\n\f\r />][^\t\n\f\r />=]*+"
    r"""(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:"[^"]*+"?|'[^']*+'?|[^\t\n\f\r >]*+))?+)"""
    rf"{{0,{_MOST_ATTRIBUTES}}}+[\t\n\f\r /]*+"
)
_LEVEL = re.compile(rf"<(/?)(?!(?:{'|'.join(VOID)})[ >])[a-z]")
_NAME = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9]*)")
#: Where one of these stands, words are apart.
_PARTS = BLOCKS | {"br", "summary"}


def is_bomb(markup: str) -> bool:
    """Tell whether parsing ``markup`` would take long, whatever is done to it."""
    if len(markup) <= _MOST_TAGS:
        return False
    return markup.count("<") > _MOST_TAGS or (len(markup) > _HARMLESS_LENGTH and _has_overfull_tag(markup))


def defused(markup: str) -> str:
    """Return ``markup`` without the attributes of formatting elements where together they would make a bomb."""
    if len(markup) <= _TOO_SHORT:
        return markup
    tags = markup.count("<")
    if tags * tags <= _MOST_REOPENED or tags * len(_REOPENED.findall(markup)) <= _MOST_REOPENED:
        return markup
    spans = _spans(markup, _REOPENED)
    if spans is not None and tags * 3 * len({markup[start:end] for start, end in spans}) <= _MOST_REOPENED:
        return markup
    return _REOPENED.sub(r"<\1>", markup)


def is_deep(clean: str) -> bool:
    """Tell whether the elements of ``clean``, as nh3 writes them, nest deeper than others can read."""
    if clean.count("<") <= _DEEPEST or clean.count("</") <= _DEEPEST:
        return False
    return max(accumulate(-1 if end else 1 for end in _LEVEL.findall(clean)), default=0) > _DEEPEST


def words(markup: str) -> str:
    """Return the text of ``markup`` in paragraphs, in one pass that no nesting makes longer."""
    parts = paragraphs(html.unescape("".join(_texts(markup))))
    if 2 * len(parts) > _MOST_TAGS:
        parts = [" ".join(parts)]
    return "".join(f"<p>{escaped(part)}</p>" for part in parts)


def _has_overfull_tag(markup: str) -> bool:
    spans = _spans(markup, _START)
    return spans is None or any(markup[end : end + 1] not in ("", ">") for _, end in spans)


def _spans(markup: str, starts: re.Pattern[str]) -> list[tuple[int, int]] | None:
    # Wherever a tag might start, in a comment or an attribute too: what is text and what is not depends on all
    # that stands before.  None when tags in tags in tags would have to be read over and over.
    spans, budget = [], 4 * len(markup)
    for start in starts.finditer(markup):
        tag = _TAG.match(markup, start.start())
        spans.append(tag.span() if tag else start.span())
        budget -= spans[-1][1] - spans[-1][0]
        if budget < 0:
            return None
    return spans


def _texts(markup: str) -> Iterator[str]:
    text, *pieces = markup.split("<")
    yield text
    until = ""
    for piece in pieces:
        tag, closed, rest = piece.partition(">")
        name = _NAME.match(tag)
        if until:
            until, rest = _skipped(until, piece, rest)
            yield rest
        elif piece.startswith("!--"):
            until, rest = _skipped("--", piece, rest)
            yield rest
        elif name and not name[1] and name[2].lower() in DROPPED:
            until = name[2].lower()
        elif name:
            yield "\n\n" if name[2].lower() in _PARTS else ""
            yield rest if closed else ""
        else:
            yield rest if piece.startswith(("!", "?", "/")) else f"<{piece}"


def _skipped(until: str, piece: str, rest: str) -> tuple[str, str]:
    # Returns what still ends the part that is skipped ("" when ``piece`` did), and the text after it.
    if until == "--":
        _, ended, after = piece.partition("-->")
        return ("", after) if ended else (until, "")
    name = _NAME.match(piece)
    return ("", rest) if name and name[1] and name[2].lower() == until else (until, "")
