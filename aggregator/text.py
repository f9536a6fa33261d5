"""Small pure helpers for words: characters that may be published, plain text, slugs, quotes, digests."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

# XML 1.0, section 2.2: everything that is not a Char; and what section 2.2 discourages
# (C1 controls except NEL, noncharacters), which validators call BadCharacters.
_ILLEGAL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
# Looking for one is far quicker than replacing none: most texts are legal as they are.
_LEGAL = re.compile(
    "[\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd"
    + "".join(f"{chr(plane)}-{chr(plane + 0xFFFD)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]*+"
)
# Line and paragraph separators break lines in JavaScript and YAML readers; a blank does their work.  Blanks that a
# typographer chose (no-break, ideographic) stay.
_BLANK = re.compile(r"[ \t\n\r\x0b\f\x1c-\x1f\x85\u2028\u2029]+")

#: What of ASCII ``str.split`` parts words at; to take it away beforehand is quicker.
_BLANKS = b"\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "

# HTML, section 15.3: elements that begin and end a line, so that the words before and after them do not touch.
_BLOCK = re.compile(
    r"<(?=/?(?:address|article|aside|blockquote|br|center|dd|div|dl|dt|figcaption|figure|footer|form|h[1-6]|header|hr|li"
    r"|main|nav|ol|option|p|pre|section|summary|table|td|th|tr|ul)\b)",
    re.IGNORECASE,
)
# An HTML parser's work grows with the square of nested or crowded tags: 160 kB took 4 s.
_MOST_TAGS = 2_000
_MOST_MARKUP = 50_000
_TAG = re.compile(
    r"<(?:!--.*?(?:-->|\Z)|(script|style)\b.*?(?:</\1[^>]*+(?:>|\Z)|\Z)|[A-Za-z/!?][^>]*+(?:>|\Z))",
    re.DOTALL | re.IGNORECASE,
)

# RFC 5646, section 2.1, as far as RFC 4287's schema looks at it.
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")

_NO_LETTERS = re.compile("[^a-z0-9]+")
_HYPHENS = re.compile("-{2,}")
# Letters and marks that show nothing (Unicode's Default_Ignorable_Code_Point): as a name they are empty.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")

#: Names that Windows keeps for devices; no file or folder may be called so.
_RESERVED = frozenset({"con", "prn", "aux", "nul"} | {f"{name}{n}" for name in ("com", "lpt") for n in range(10)})

_JSON = json.JSONEncoder(ensure_ascii=False).encode
# YAML 1.2, section 5.1: what is not printable must be escaped; line separators too, for YAML 1.1 readers.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufff0-\uffff]")

_OPENERS = {"\u202a": "\u202c", "\u202b": "\u202c", "\u202d": "\u202c", "\u202e": "\u202c"}
_ISOLATES = {"\u2066", "\u2067", "\u2068"}


def legal(value: str) -> str:
    """Return ``value`` without the characters that XML 1.0 forbids or discourages; CR LF becomes LF."""
    if value.isprintable() or _LEGAL.fullmatch(value):
        return value
    return _ILLEGAL.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(value: str) -> str:
    """Return ``value`` legal, on one line, with single blanks, and its bidirectional controls closed."""
    if value.isprintable() and "  " not in value:  # then it has neither other blanks nor controls
        return value.strip()
    return _close_bidi(_BLANK.sub(" ", legal(value)).strip())


def plain(markup: str) -> str:
    """Return the text of HTML ``markup`` on one line: tags gone, entities resolved once."""
    if "<" not in markup and "&" not in markup:
        return one_line(markup)
    if len(markup) > _MOST_MARKUP or markup.count("<") > _MOST_TAGS:
        return one_line(html.unescape(_TAG.sub(" ", markup)))
    import nh3  # when there is markup to read: most runs find nothing new

    return one_line(html.unescape(nh3.clean(_BLOCK.sub(" <", legal(markup)), tags=set())))


def excerpt(markup: str, length: int) -> str:
    """Return at most ``length`` characters of the text of ``markup``, cut between words where there are any.

    What closes bidirectional controls that the cut left open comes on top.
    """
    return cut(plain(markup), length)


def cut(words: str, length: int) -> str:
    """Return at most ``length`` characters of plain ``words``; see ``excerpt``."""
    if len(words) <= length:
        return words
    beginning = words[: length - 1]
    head, blank, _ = beginning.rpartition(" ")
    return _close_bidi((head if blank and len(head) > length // 2 else beginning).rstrip() + "…")


def language_tag(value: str | None) -> str | None:
    """Return ``value`` when it is a language tag (``zh_CN`` becomes ``zh-CN``), else None."""
    if not value:
        return None
    dashed = value.strip().replace("_", "-")
    return dashed if _LANGUAGE.fullmatch(dashed) else None


def slug(name: str, *, limit: int = 120) -> str:
    """Return ``name`` in lower case, runs of other characters than letters and digits as one hyphen.

    Letters and digits of any script count, with the marks that belong to them; the result is NFC, at most
    ``limit`` bytes of UTF-8, and a safe name on Linux, macOS and Windows.  It is empty when ``name`` has
    neither letter nor digit.
    """
    short = truncated(_hyphenated(name.lower()).strip("-"), limit).strip("-")
    if short in _RESERVED:
        return f"{short}-" if len(short) < limit else short[:-1]
    return short


def _hyphenated(lowered: str) -> str:
    if lowered.isascii():
        return _NO_LETTERS.sub("-", lowered)
    kept: list[str] = []
    for character in unicodedata.normalize("NFC", _INVISIBLE.sub("", lowered)):
        category = unicodedata.category(character)
        belongs = category[0] == "M" and kept and kept[-1] != "-"
        kept.append(character if category[0] == "L" or category == "Nd" or belongs else "-")
    return _HYPHENS.sub("-", "".join(kept))


def without_blanks(value: str) -> str:
    """Return ``value`` without white space: the words of ``str.split``, put together."""
    raw = value.encode("utf-8", "surrogatepass").translate(None, _BLANKS)
    return "".join(raw.decode("utf-8", "surrogatepass").split())


def truncated(value: str, limit: int) -> str:
    """Return the longest beginning of ``value`` that takes at most ``limit`` bytes of UTF-8."""
    if len(value) <= limit and value.isascii():
        return value
    return value.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")


def quoted(value: str) -> str:
    """Return ``value`` in double quotes, as JSON and every reader of YAML take it."""
    made = _JSON(value)
    return made if made.isascii() and "\x7f" not in made else _UNPRINTABLE.sub(_escaped, made)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def digest(*parts: str | None) -> str:
    """Return 32 hexadecimal digits that stand for ``parts`` in their order; None and "" differ."""
    return blake2b(b"".join(map(_framed, parts)), digest_size=16).hexdigest()


def _framed(part: str | None) -> bytes:
    raw = b"\xff" if part is None else part.encode("utf-8", "surrogatepass")
    return len(raw).to_bytes(8, "big") + raw


def digest_bytes(body: bytes) -> str:
    """Return 32 hexadecimal digits that stand for ``body``."""
    return blake2b(body, digest_size=16).hexdigest()


def chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Return ``values`` in parts of at most ``size``."""
    return (values[start : start + size] for start in range(0, len(values), size))


def _close_bidi(value: str) -> str:
    # UAX 9: an embedding or isolate that is left open turns round what follows it on somebody's page.
    if value.isascii():
        return value
    pending: list[str] = []
    for character in value:
        if character in _OPENERS:
            pending.append("\u202c")
        elif character in _ISOLATES:
            pending.append("\u2069")
        elif pending and character == pending[-1]:
            pending.pop()
    return value + "".join(reversed(pending))


def span(value: timedelta) -> str:
    """Return a span of time in one unit, rounded down: "36 h", "2 d"; one that is negative is "0 s"."""
    seconds = max(0, int(value.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size or (seconds >= size and unit != "d"):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def counted(number: int, one: str) -> str:
    """Return ``number`` with what it counts, "1 entry" or "2 entries"; ``one`` is the word for one."""
    if number == 1:
        return f"1 {one}"
    return f"{number} {one[:-1]}ies" if one.endswith("y") else f"{number} {one}s"
