"""What single values of feeds.yaml may say: durations, sizes, category paths, addresses, names.

Every function takes a value as it was written and returns what it means.  It raises ValueError with a sentence
that says what is wrong and what would be right; what may hold a secret is not repeated in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from aggregator import text, urls
from aggregator.categories import MOST_LEVELS

_Measure = TypeVar("_Measure", timedelta, int)

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
#: Longest units first, each once: 1d12h, 1h30m, 20s.
DURATION_PATTERN = "".join(f"(?:([0-9]{{1,6}}){unit})?" for unit in _UNITS)
_DURATION = re.compile(DURATION_PATTERN)

_SCALES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
SIZE_PATTERN = "([0-9]{1,12}) ?([kKmMgG][iI]?[bB]|[bB])"
_SIZE = re.compile(SIZE_PATTERN)

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{")
_ID = re.compile(r"[^\W_][\w.-]*")
_LONGEST_ID = 120
# BCP 47 as people write it: a language, then scripts, regions and variants.
LANGUAGE_PATTERN = "[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"
_LANGUAGE = re.compile(LANGUAGE_PATTERN)
#: A domain as hosts' names are written in requests; one of another script in its ASCII form (RFC 5890).
_DOMAIN = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)+")
# RFC 9110, sections 5.6.2 and 5.5.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNFIT = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
#: Headers that say how a message is sent: the program writes them.
_RESERVED = frozenset({"host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade"})


def shown(value: object) -> str:
    """Return ``value`` as a message repeats it: short, on one line, in quotes."""
    if isinstance(value, str):
        line = text.one_line(value)
        return f"'{line if len(line) <= 60 else line[:59] + '…'}'"
    return {list: "a list", dict: "a mapping", type(None): "nothing"}.get(type(value), "this")


def duration(value: object) -> timedelta:
    """Return ``20s``, ``15m``, ``1h30m``, ``2d``, ``1w`` or ``0`` as a timedelta."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if found:
        return timedelta(seconds=sum(int(n or 0) * s for n, s in zip(found.groups(), _UNITS.values(), strict=True)))
    if value == "0":
        return timedelta()
    if isinstance(value, str) and value.isdecimal():
        raise ValueError(
            f"{shown(value)} has no unit; write {value}s (seconds), {value}m (minutes) or {value}h (hours)"
        )
    raise ValueError(f"{shown(value)} is no duration; write whole numbers with w, d, h, m or s: 20s, 15m, 1h30m, 2d")


def duration_between(least: str, most: str) -> Callable[[object], timedelta]:
    """Return a function that takes durations from ``least`` to ``most``, these two included."""
    return _between(duration, least, most, ("short", "long"))


def size_between(least: str, most: str) -> Callable[[object], int]:
    """Return a function that takes sizes from ``least`` to ``most``, such as ``512kB`` and ``10MiB``: in bytes."""
    return _between(_size, least, most, ("small", "large"))


def _between(
    read: Callable[[object], _Measure], least: str, most: str, sides: tuple[str, str]
) -> Callable[[object], _Measure]:
    lowest, highest = read(least), read(most)

    def check(value: object) -> _Measure:
        found = read(value)
        if not lowest <= found <= highest:
            raise ValueError(
                f"{shown(value)} is too {sides[found > highest]}; anything from {least} to {most} is possible"
            )
        return found

    return check


def _size(value: object) -> int:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found:
        return int(found[1]) * _SCALES[found[2].lower()]
    if isinstance(value, str) and value.isdecimal():
        raise ValueError(f"{shown(value)} has no unit; write {value}kB or {value}MB")
    raise ValueError(f"{shown(value)} is no size; write a whole number with kB, MB, GB, KiB or MiB: 512kB, 10MB")


def category(value: object) -> tuple[str, ...]:
    """Return the names of a category path, outermost first: a text split at ``/``, or a list of names.

    An empty list is no category; names in a list may hold a slash.
    """
    if isinstance(value, str):
        parts: Sequence[str | None] = value.split("/")
    elif isinstance(value, Sequence) and all(isinstance(part, str | None) for part in value):
        parts = value
    else:
        raise ValueError(f"{shown(value)} is no category; write names with slashes, Tech/Python, or a list of names")
    names = tuple([text.one_line(part or "") for part in parts])
    if not all(names):
        raise ValueError("a name in this category is empty; write one slash between two names: Tech/Python")
    if len(names) > MOST_LEVELS:
        raise ValueError(f"this category has {len(names)} levels; at most {MOST_LEVELS} are possible")
    return names


def title(value: str) -> str:
    """Return a name that people read, on one line."""
    line = text.one_line(value)
    if not line:
        raise ValueError("this is empty; write a name, or leave the key out")
    return line


def slug(value: str) -> str:
    """Return ``value`` when it is the name of a folder of the outputs as ``text.slug`` makes them."""
    made = text.slug(value)
    if made != value or not made:
        hint = f"; {made} would do" if made else ""
        raise ValueError(f"{shown(value)} is no slug: lower-case letters and digits, single hyphens between them{hint}")
    return value


def source_id(value: str) -> str:
    """Return ``value`` when it can name a source on a command line and in an address."""
    if not _ID.fullmatch(value) or len(value.encode()) > _LONGEST_ID:
        raise ValueError(
            f"{shown(value)} is no id; write letters and digits, with hyphens, dots and underscores between, "
            f"at most {_LONGEST_ID} bytes"
        )
    return value


def credit(value: str) -> str:
    """Return a line that names the sources of a story."""
    line = text.one_line(value)
    if "{first}" not in line and "{also}" not in line:
        raise ValueError(f"{shown(value)} names no source; write {{first}} and {{also}} where their names are to stand")
    return line


def language(value: str) -> str:
    """Return ``value`` when it looks like a language tag (BCP 47)."""
    if not _LANGUAGE.fullmatch(value):
        raise ValueError(f"{shown(value)} is no language tag; write en, zh-CN or pt-BR")
    return value


def folder(value: str) -> str:
    """Return ``value`` when it can be the path of a folder."""
    if not value.strip() or "\0" in value:
        raise ValueError("this is no folder; write its path, absolute or from the folder of this file")
    if value.startswith("~"):
        raise ValueError("'~' stands for nothing here; write the whole path, or one from the folder of this file")
    return value


def web_address(value: str) -> str:
    """Return ``value``, an http or https address without password, query and fragment, ready to be joined to."""
    found = urls.absolute(value)
    if found is None or any(character.isspace() for character in value):
        raise ValueError("this is no web address; write it whole: https://example.org/")
    split = urlsplit(value)
    if split.username is not None or split.query or split.fragment:
        raise ValueError("this address must end with its path: no user name, no '?', no '#'")
    return found


def feed_address(value: str) -> str:
    """Return ``value`` when it can be fetched: http, https, ``rsshub://`` with a route, ``file://`` with a path.

    Nothing of ``value`` is in a message: passwords and tokens stand in addresses.
    """
    scheme, colon, rest = value.partition("://")
    if not colon:
        raise ValueError("this is no address; write it with its scheme: https://example.org/feed.xml")
    if scheme.lower() not in ("http", "https", "rsshub", "file"):
        raise ValueError("addresses with this scheme are not fetched; write https://, http://, rsshub:// or file://")
    if " " in value or not value.isprintable():
        raise ValueError("an address cannot hold blanks; write %20")
    if scheme.lower() == "file" and not rest.startswith("/"):
        raise ValueError("the path of a file begins with a slash: file:///srv/feeds/feed.xml")
    if not rest.strip("/") or (scheme.lower() in ("http", "https") and urls.absolute(value) is None):
        raise ValueError("this address cannot be right: look at the host and the port; https://example.org/feed.xml")
    return value


def expression(value: str) -> str:
    """Return ``value`` when it is a regular expression."""
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as exc:
        raise ValueError(
            f"{shown(value)} is no regular expression: {exc}; put a backslash before a literal ( ) [ * + ?"
        ) from exc
    return value


def domain(value: str) -> str:
    """Return ``value`` in lower case when it is the name of a domain."""
    name = value.strip().lower().rstrip(".")
    if not _DOMAIN.fullmatch(name):
        raise ValueError(f"{shown(value)} is no domain; write it as example.org")
    return name


def header_name(value: str) -> str:
    """Return ``value`` when it names a header that a source may have."""
    if not _TOKEN.fullmatch(value):
        raise ValueError(f"{shown(value)} is no header's name; write letters, digits and hyphens: X-Api-Key")
    if value.lower() in _RESERVED:
        raise ValueError(f"the header {value!r} is written by the program; leave it out")
    return value


def header_value(value: str) -> str:
    """Return ``value`` without blanks around it when a header can carry it; nothing of it is in a message."""
    stripped = value.strip(" \t")
    if _UNFIT.search(stripped):
        raise ValueError("a header's value cannot hold line breaks, controls or letters beyond Latin-1")
    return stripped


def filled(value: str, environ: Mapping[str, str], written: Callable[[str], str] = str) -> str:
    """Return ``value`` with each ``${NAME}`` replaced by the variable, as ``written`` returns it.

    The messages name the variable, never its value.
    """

    def variable(found: re.Match[str]) -> str:
        if found[1] is None:
            raise ValueError("'${' begins the name of a variable; write ${NAME} with letters, digits and underscores")
        if found[1] not in environ:
            raise ValueError(f"the environment has no variable {found[1]!r}; set it where the program runs")
        if not environ[found[1]].strip():
            raise ValueError(f"the variable {found[1]!r} of the environment is empty; set it where the program runs")
        return written(environ[found[1]])

    return _VARIABLE.sub(variable, value) if "${" in value else value
