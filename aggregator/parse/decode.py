"""Bytes → characters: the encoding that a document is in, whatever it says of itself."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# XML 1.0, appendix F.1: without a mark the first character tells, which is "<" or, in JSON, "{", behind blanks at most.
_WIDE = (
    (re.compile(rb"(?:\x00\x00\x00[\t\n\r ])*+\x00\x00\x00[<{]"), "utf-32-be"),
    (re.compile(rb"(?:[\t\n\r ]\x00\x00\x00)*+[<{]\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"(?:\x00[\t\n\r ])*+\x00[<{]"), "utf-16-be"),
    (re.compile(rb"(?:[\t\n\r ]\x00)*+[<{]\x00"), "utf-16-le"),
)
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']\s*([\w.:-]{1,40})\s*[\"']", re.ASCII)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)

# How those that Python does know are written otherwise: ``x-gbk``, ``windows-949``, ``iso88591``.
_SPELLINGS = ((re.compile("^x-"), ""), (re.compile("^windows-"), "cp"), (re.compile(r"^iso8859(?=\d)"), "iso8859-"))

#: The encodings of the WHATWG's Encoding standard, by Python's name for them; those that are read as a larger one stand
#: with that one.  Others are refused: utf-7 hides markup, and some of Python's codecs are no encodings at all.
_CODECS = {name: name for name in ("utf-8", "cp866", "koi8-r", "koi8-u", "mac-cyrillic", "euc_jp", "iso2022_jp")}
_CODECS |= {name: name for name in (f"iso8859-{part}" for part in range(2, 17) if part not in (9, 11, 12))}
_CODECS |= {name: name for name in (f"cp{page}" for page in (874, *range(1250, 1259)))}
_CODECS |= {"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874"}
_CODECS |= {"gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "gb18030": "gb18030", "mac-roman": "mac-roman"}
_CODECS |= {"big5": "big5hkscs", "cp950": "big5hkscs", "big5hkscs": "big5hkscs", "shift_jis": "cp932", "cp932": "cp932"}
_CODECS |= {"euc_kr": "cp949", "cp949": "cp949"}
#: Labels of that standard (section 4.2) that Python does not know.
_ALIASES = {
    label: codec
    for codec, labels in {
        "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8",
        "iso8859-6": "csiso88596e csiso88596i iso-8859-6-e iso-8859-6-i",
        "iso8859-7": "sun_eu_greek",
        "iso8859-8": "csiso88598e csiso88598i iso-8859-8-e iso-8859-8-i logical visual",
        "iso8859-15": "csisolatin9",
        "koi8-r": "koi koi8",
        "koi8-u": "koi8-ru",
        "mac-roman": "csmacintosh mac",
        "cp874": "dos-874",
        "mac-cyrillic": "x-mac-ukrainian",
        "gb18030": "csgb2312 gb_2312 gb_2312-80",
        "big5hkscs": "cn-big5 x-x-big5",
        "euc_jp": "cseucpkdfmtjapanese",
        "cp932": "windows-31j",
        "cp949": "cseuckr csksc56011987 iso-ir-149 ks_c_5601-1989 ksc_5601",
    }.items()
    for label in labels.split()
}
#: These write everything in bytes of 7 bits, so that they look like ASCII.
_SHIFTING = frozenset({"iso2022_jp"})
#: What servers say when nobody told them.
_DEFAULTS = frozenset({"utf-8", "cp1252"})


def decoded(body: bytes, content_type: str) -> tuple[str, str | None]:
    """Return ``body`` as characters, and a warning when it is not in the encoding that it claims; never raises.

    A byte order mark counts first (RFC 7303, section 3); then bytes that are valid UTF-8 are taken for it, as no other
    text is by chance; then the charset of ``content_type`` and the XML declaration count, in that order unless the
    charset is a server's default.  Single bytes that fit nowhere come out as U+FFFD.
    """
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace"), None
    for start, codec in _WIDE:
        if start.match(body):
            return body.decode(codec, "replace"), None
    labels = _labels(body, content_type)
    claims = sorted(filter(None, map(_codec, labels)), key=_DEFAULTS.__contains__)
    if body.isascii() and claims and claims[0] in _SHIFTING:
        return body.decode(claims[0], "replace"), None
    try:
        found, characters = "utf-8", body.decode()
    except UnicodeDecodeError:
        found = _found(body, claims)
        characters = body.decode(found, "replace")
    said = (claims or labels or [found])[0]
    wrong = found != said and not body.isascii()
    return characters, f"says that it is in {said}, but is in {found}" if wrong else None


def _found(body: bytes, claims: list[str]) -> str:
    sound = (codec for codec in claims if _fits(body, codec))
    damaged = (codec for codec in (*claims, "utf-8") if _nearly_fits(body, codec))
    return next(sound, None) or next(damaged, None) or ("gb18030" if _fits(body, "gb2312") else "cp1252")


def _labels(body: bytes, content_type: str) -> list[str]:
    charset = _CHARSET.search(content_type)
    declared = _DECLARED.match(body)
    return [*([charset[1]] if charset else []), *([declared[1].decode()] if declared else [])]


def _codec(label: str) -> str | None:
    name = label.lower()
    if name in _ALIASES:
        return _ALIASES[name]
    for spelling, meant in _SPELLINGS:
        name = spelling.sub(meant, name)
    try:
        return _CODECS.get(codecs.lookup(name).name)
    except LookupError:
        return None


def _fits(body: bytes, codec: str) -> bool:
    try:
        body.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _nearly_fits(body: bytes, codec: str) -> bool:
    # Descriptions that were cut within a character spoil a byte here and there.  Bytes that make characters of UTF-8
    # do not stand together by chance; those of the others may.
    text = body.decode(codec, "replace")
    broken = text.count("\ufffd")
    whole = len(text) - len(text.encode("ascii", "ignore")) - broken
    return broken * (1 if codec == "utf-8" else 5) <= whole
