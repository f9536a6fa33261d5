"""The text of a front-matter post → what it says: the reading half of ``frontmatter``.

Posts that other programs wrote after the same model are read, too: an empty line may come first, values may be plain,
a date may be none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from aggregator import text, urls
from aggregator.models import Attribution

_FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)
#: Front matter is a head: what is longer is none.
_LONGEST_HEAD = 500_000
#: The reader in C ends the program when values are nested too deep.  Each level takes a bracket, or more indentation.
_MOST_LEVELS = 2_000
_INDENT = re.compile(r"^[ ?:-]*", re.MULTILINE)
#: The element around a body; where there is no body, the line break in it is a reference.
_WRAPPED = re.compile(r"<div>   (?:\n|&#10;)(?s:(.*))\n</div>")
#: The blanks of HTML; those of other scripts are part of the text.
_BLANKS = " \t\r\n\f"
_PLACEHOLDER = re.compile(r"https://picsum\.photos/[0-9]+/[0-9]+\?random=[0-9]*")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: How Jekyll's style writes a date; its files bear the day before their name.
_DATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} [+-][0-9]{4}")
_DAY = len("2024-03-05-")
_UPDATED = ("updated", "lastmod", "last_modified_at")


class PostFile(Struct, frozen=True, kw_only=True):
    """What the file of a post says.

    ``date`` and ``updated`` are None where there is none, ``dated`` is the date as it was written.  ``picture`` is None
    for a placeholder.  ``source`` is who said it, None where nobody is named; ``via`` the feed that it was pulled from,
    where that is another one.  ``body`` is HTML as it was written, without the element around it.
    """

    title: str
    categories: tuple[str, ...]
    picture: str | None
    author: str | None
    date: datetime | None
    dated: str
    updated: datetime | None
    link: str | None
    id: str | None
    tags: tuple[str, ...]
    source: Attribution | None
    also_in: tuple[Attribution, ...]
    via: Attribution | None
    body: str

    @property
    def pulled(self) -> Attribution | None:
        """The feed that it was pulled from."""
        return self.via or self.source


def read(file: str) -> PostFile:
    """Return what ``file``, the text of a post, says.

    References in the body stay: whoever parses it as HTML undoes them.  Raises ValueError with a sentence that tells
    what is wrong.
    """
    head, body = _parts(file.removeprefix("\ufeff"))
    said = _mapping(head)
    dated = _words(said.get("date"))
    picture = _address(said.get("headimg")) or _address(said.get("thumbnail"))
    given = _words(said.get("id"))
    updated = next((value for name in _UPDATED if (value := _words(said.get(name)))), "")
    return PostFile(
        title=_words(said.get("title")),
        categories=_path(said.get("categories")),
        picture=None if picture is None or _PLACEHOLDER.fullmatch(picture) else picture,
        author=_words(said.get("author")) or None,
        date=_moment(dated),
        dated=dated,
        updated=_moment(updated),
        link=_address(said.get("link")),
        id=given if urls.valid_id(given) else None,
        tags=tuple(dict.fromkeys(_list(said.get("tags")))),
        source=_attribution(said.get("source")),
        also_in=_attributions(said.get("also_in")),
        via=_attribution(said.get("via")),
        body=_unwrapped(body),
    )


def name(stem: str, post: PostFile) -> str | None:
    """Return the name of the post whose file is called ``stem``, when it is one that ``frontmatter`` gave."""
    if post.id is None:
        return None
    given = stem[_DAY:] if _DATED.fullmatch(post.dated) else stem
    return given if given.endswith(f"-{text.digest(post.id)[:10]}") and text.legal(given) == given else None


def _parts(file: str) -> tuple[str, str]:
    opening = _FENCE.search(file)
    if opening is None or file[: opening.start()].strip():
        raise ValueError("it has no front matter: '---' must be the first line")
    closing = _FENCE.search(file, opening.end(), opening.end() + _LONGEST_HEAD)
    if closing is None:
        raise ValueError("its front matter does not end: a second line '---' is missing")
    return file[opening.end() : closing.start()], file[closing.end() :]


def _mapping(head: str) -> Mapping[str, Any]:
    if head.count("[") + head.count("{") + max(map(len, _INDENT.findall(head))) > _MOST_LEVELS:
        raise ValueError("its front matter is nested too deep")
    # The base schema takes every plain value for a text: a title "no" is no truth, and "2024" no number.
    reader = YAML(typ="base")
    try:
        said = reader.load(head)
    except (YAMLError, RecursionError, ValueError, AttributeError) as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ValueError(f"its front matter is no YAML{where}: {_problem(exc)}") from exc
    if not isinstance(said, Mapping) or said.keys().isdisjoint(("title", "date")):
        raise ValueError("it is no post: its front matter has neither title nor date")
    return said


def _problem(exc: Exception) -> str:
    return text.one_line(str(getattr(exc, "problem", None) or type(exc).__name__))


def _unwrapped(body: str) -> str:
    stripped = body.replace("\r\n", "\n").strip(_BLANKS)
    wrapped = _WRAPPED.fullmatch(stripped)
    return wrapped[1].strip(_BLANKS) if wrapped else stripped


def _words(value: object) -> str:
    return text.one_line(value) if isinstance(value, str) else ""


def _address(value: object) -> str | None:
    return urls.absolute(value) if isinstance(value, str) else None


def _list(value: object) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [words for item in items if (words := _words(item))]


def _path(value: object) -> tuple[str, ...]:
    # Hexo takes several paths as a list of lists; a post has one.
    first = value[0] if isinstance(value, list) and value and isinstance(value[0], list) else value
    return tuple(_list(first))


def _attributions(value: object) -> tuple[Attribution, ...]:
    found = map(_attribution, value if isinstance(value, list) else [value])
    return tuple(each for each in found if each)


def _attribution(value: object) -> Attribution | None:
    if not isinstance(value, Mapping):
        return None
    return Attribution(
        source_id="",
        title=_words(value.get("title")),
        url=_address(value.get("url")),
        feed=_address(value.get("feed")),
        link=_address(value.get("link")),
        author=_words(value.get("author")) or None,
    )


def _moment(written: str) -> datetime | None:
    try:
        found = (
            datetime.fromisoformat(written.replace(" +", "+").replace(" -", "-"))
            if _ISO.match(written)
            else parsedate_to_datetime(written)
        )
        in_utc = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return in_utc.replace(microsecond=0)
