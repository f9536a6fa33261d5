"""Words without their dress: what two texts have in common whatever their markup, case, width and punctuation.

Works for scripts with blanks between words and for those without (Unicode's East Asian scripts, Thai, Khmer …).
"""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import datetime

from msgspec import Struct

from aggregator import text

#: So many words tell a story apart from any other; fewer may be a phrase that many use.
ENOUGH = 32

_TAG = re.compile(r"<(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+>")
_WORD = re.compile(r"[^\W_]+")
#: The same, which is quicker: a table for the bytes of UTF-8 that are ASCII, and what else most often parts words.
_ONLY_WORDS = bytes(ord(" ") if code < 0x80 and not chr(code).isalnum() else code for code in range(0x100))
_PARTING = "‘’“”–—、。"
#: In text that is ASCII but for general punctuation (U+2000 to U+203F, which begin so in UTF-8), words need not be
#: taken apart to be put together, nor to be counted: one begins where a letter or digit comes behind something else.
_PUNCTUATION = b"\xe2\x80"
_ASCII = bytes(range(0x80))
_NO_WORD = bytes(code for code in range(0x100) if code >= 0x80 or not chr(code).isalnum())
_LOWER = bytes(range(0x100)).lower()
_SHAPE = bytes(ord(" ") if code in _NO_WORD else ord("a") for code in range(0x100))
#: Scripts whose words stand without blanks; two characters are about a word there.  Compiling takes 2 ms each, which
#: only those wait for who ask.
_UNSPACED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_UNSPACED_RUN = f"{_UNSPACED}+"
_TOKEN = f"{_UNSPACED}|(?:(?!{_UNSPACED})[^\\W_])+"
# What WordPress adds to each entry of a feed: it names the site, and so differs where the words are the same.
_FOOTER = re.compile(r"\bThe post .{1,300}? (?:appeared first on|first appeared on) .{1,150}\Z", re.DOTALL)
_READ_ON = re.compile(
    r"(?:\bContinue reading\b.{0,300}|\bRead (?:more|the full (?:story|article))\b.{0,100}"
    r"|\[(?:…|\.\.\.)\]|阅读全文|続きを読む)\s*\Z",
    re.DOTALL | re.IGNORECASE,
)
#: In one of these, in lower case, every match of the two patterns above begins or lies, or it ends in one of those.
_POST = b"the post "
_READ = (b"nue read", b"read more", b"read the full")
_ENDINGS = ("[…]", "[...]", "阅读全文", "続きを読む")
#: Feeds add no more than this many characters at the end of an entry.
_END = 600
#: Beyond so many characters two texts that were the same so far are one story, whatever follows.
_LONG = 12_000
#: A title that another one begins or ends with is the same one with the site's name, from so many words on …
_FEWEST_WORDS = 3
#: … or so many characters of a script without blanks.
_FEWEST_CHARACTERS = 6


class Body(Struct, frozen=True):
    """The words of a body: a digest of them all, and how many there are."""

    digest: str
    length: int


def plain(value: str) -> str:
    """Return ``value`` in one form, width and case (Unicode NFKC and case folding)."""
    return unicodedata.normalize("NFKC", value).casefold()


def words(value: str) -> list[str]:
    """Return the runs of letters and digits in plain text ``value``, in one form; what is between them is gone."""
    said = plain(value)
    parted = said.encode("utf-8", "surrogatepass").translate(_ONLY_WORDS).decode("utf-8", "surrogatepass")
    if not said.isascii():
        for mark in _PARTING:
            parted = parted.replace(mark, " ")
    found = parted.split()
    return found if not found or "".join(found).isalnum() else _WORD.findall(said)


def tokens(value: str) -> list[str]:
    """Return the words of plain text ``value``, each character one in scripts without blanks between words."""
    return re.findall(_TOKEN, plain(value))


def shown(markup: str) -> str:
    """Return the text of sanitised HTML ``markup``, a blank for each tag."""
    return html.unescape(_TAG.sub(" ", markup))


def of_markup(markup: str) -> str:
    """Return the text of sanitised HTML ``markup``, without what feeds add at its end."""
    said = shown(markup).strip()
    end = said[-_END:]
    return said[:-_END] + _READ_ON.sub("", _FOOTER.sub("", end)) if _may_have_more(end) else said


def _may_have_more(end: str) -> bool:
    lower = end.encode("utf-8", "surrogatepass").lower()
    return end.endswith(_ENDINGS) or _POST in lower or (b"read" in lower and any(hint in lower for hint in _READ))


def body(markup: str) -> Body:
    """Return what stands for the words of sanitised HTML ``markup``; blanks between them do not count."""
    said = of_markup(markup)[:_LONG]
    raw = said.encode("utf-8", "surrogatepass")
    others = raw.translate(None, _ASCII)
    if 3 * others.count(_PUNCTUATION) == len(others):
        shape = b" " + raw.translate(_SHAPE)
        return Body(text.digest(raw.translate(_LOWER, _NO_WORD).decode()), shape.count(b" a"))
    found = words(said)
    return Body(text.digest("".join(found)), _length(found))


def title(value: str) -> tuple[str, ...]:
    """Return the words of a title, to be compared."""
    return tuple(words(value))


def dated_title(value: str, date: datetime) -> str:
    """Return a digest of the words of a title and of a time, to the second."""
    return text.digest("dated title", "".join(title(value)), str(int(date.timestamp())))


def same_title(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether two titles are the same, or one is the other with a site's name before or behind it."""
    short, long = sorted((one, other), key=len)
    if "".join(short) == "".join(long):
        return True
    enough = len(short) >= _FEWEST_WORDS or sum(map(_unspaced, short)) >= _FEWEST_CHARACTERS
    return enough and (long[: len(short)] == short or long[-len(short) :] == short)


def _length(found: list[str]) -> int:
    others = [word for word in found if not word.isascii()]
    if not others:
        return len(found)
    rests = re.sub(_UNSPACED_RUN, "", "\n".join(others)).split("\n")
    weights = ((len(word) - len(rest) + 1) // 2 or 1 for word, rest in zip(others, rests, strict=True))
    return len(found) - len(others) + sum(weights)


def _unspaced(word: str) -> int:
    return len(word) - len(re.sub(_UNSPACED_RUN, "", word))
