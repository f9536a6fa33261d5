"""The last check before a value leaves: what a format's rules forbid is left out, and kills no feed.

Values were cleaned when they came in; a claim of a source (a language, a media type) was only kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import asdict, replace

from aggregator import text, urls
from aggregator.models import Post, Publication

T = TypeVar("T")

#: How many entries stand in memory as a tree at once.
_PART = 100

# What is an address as it stands: no user name, nothing that must be quoted, and a host that has a name or a number.
_WEB = re.compile(
    r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?"
    r"(?:[/?#](?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*+)?"
)
# RFC 5646, section 2.1; one letter alone is no language.
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*|[ix](?:-[A-Za-z0-9]{1,8})+")
# RFC 6838, section 4.2, with parameters.
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+( *;[ -~]*)?", re.ASCII)
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")


def web(url: str | None) -> str | None:
    """Return ``url`` when it is an http(s) address, quoted where that was forgotten, else None."""
    return url if url and _WEB.fullmatch(url) else urls.absolute(url)


def language(tag: str | None) -> str | None:
    """Return ``tag`` when it is a language tag (``zh_CN`` becomes ``zh-CN``), else None."""
    dashed = (tag or "").strip().replace("_", "-")
    return dashed if _LANGUAGE.fullmatch(dashed) else None


def media_type(value: str | None) -> str | None:
    """Return ``value`` when it is a media type, else None."""
    stripped = (value or "").strip()
    return stripped if _MEDIA_TYPE.fullmatch(stripped) else None


def email(value: str | None) -> str | None:
    """Return ``value`` when it is an address of e-mail, else None."""
    stripped = (value or "").strip()
    return stripped if _EMAIL.fullmatch(stripped) else None


def scrubbed(value: T) -> T:
    """Return ``value``, a string or whatever holds strings, without the characters that may not be published."""
    return _scrubbed(value)  # type: ignore[no-any-return]  # every kind of value comes back as its own kind


def retried(make: Callable[..., T], *values: Any) -> T:
    """Return what ``make`` makes of ``values``; of the scrubbed ones when that raises ValueError.

    lxml and the UTF-8 codec raise it for characters that no document can hold.  Looking at every value beforehand would
    take longer than rendering does.
    """
    try:
        return make(*values)
    except ValueError:
        return make(*map(scrubbed, values))


def each(
    make: Callable[[Publication, Sequence[Post]], list[T]], publication: Publication, posts: Sequence[Post]
) -> list[T]:
    """Return what ``make`` makes of each of ``posts``: of the scrubbed post when that raises ValueError.

    What is made of a post never depends on those beside it.
    """
    made: list[T] = []
    for part in text.chunks(posts, _PART):
        try:
            made += make(publication, part)
        except ValueError:
            made += [one for post in part for one in retried(make, publication, [post])]
    return made


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return text.legal(value)
    if isinstance(value, tuple):
        parts = map(_scrubbed, value)
        return type(value)._make(parts) if hasattr(value, "_make") else tuple(parts)
    if isinstance(value, list):
        return type(value)(map(_scrubbed, value))
    if isinstance(value, dict):
        return type(value)((name, _scrubbed(said)) for name, said in value.items())
    if isinstance(value, Struct):
        return replace(value, **{name: _scrubbed(said) for name, said in asdict(value).items()})
    return value
