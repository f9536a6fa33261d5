"""The settings as feeds.yaml spells them: one field a key, each with its bounds and what it is for."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from aggregator import urls
from aggregator.models import FilterField

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = r"0|([1-9][0-9]{0,5}[smhdw])+"
_SIZES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = r"([0-9]{1,12})\s*(B|kB|MB|GB|KiB|MiB|GiB)"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: Headers that belong to the connection, not to the source.
_OWN_HEADERS = frozenset({"host", "content-length", "connection", "transfer-encoding"})


def duration(value: object) -> timedelta:
    """Return ``20s``, ``15m``, ``1h30m``, ``2d``, ``1w`` or ``0`` as a timedelta; raises ValueError."""
    if isinstance(value, timedelta):
        return value
    written = str(value).strip()
    if not re.fullmatch(_DURATION, written):
        hint = f"; {written}s?" if written.isdigit() else ""
        raise ValueError(f"{written!r} is no duration; write a number and a unit, such as 20s, 15m, 1h, 2d or 1w{hint}")
    parts = re.findall(r"([0-9]+)([smhdw])", written)
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))


def size(value: object) -> int:
    """Return ``10MB``, ``512kB`` or ``1MiB`` in bytes; raises ValueError."""
    if isinstance(value, int):
        return value
    found = re.fullmatch(_SIZE, str(value).strip(), re.IGNORECASE)
    if found is None:
        raise ValueError(f"{value!r} is no size; write a number and a unit, such as 512kB or 10MB")
    return int(found[1]) * _SIZES[found[2].lower()]


def path(value: object) -> tuple[str, ...]:
    """Return a category path, ``a/b`` or a list of names, outermost first; raises ValueError."""
    if value is None:
        return ()
    names = [str(name).strip() for name in (value if isinstance(value, list | tuple) else str(value).split("/"))]
    if not names or not all(names):
        raise ValueError("a name in this category is empty; write names with a slash between them: Tech/Python")
    if len(names) > _DEEPEST:
        raise ValueError(f"this category has {len(names)} levels; at most {_DEEPEST} are possible")
    return tuple(names)


_DEEPEST = 8


def _within(least: timedelta, most: timedelta, said: str) -> BeforeValidator:
    def check(value: object) -> timedelta:
        found = duration(value)
        if not least <= found <= most:
            raise ValueError(f"{value!r} is out of bounds; {said}")
        return found

    return BeforeValidator(check)


def _bytes(value: object) -> int:
    found = size(value)
    if not 1_000 <= found <= 10**9:
        raise ValueError(f"{value!r} is out of bounds; between 1kB and 1GB is possible")
    return found


def _site_url(value: object) -> str:
    found = urls.absolute(str(value))
    if found is None or "?" in found or "#" in found:
        raise ValueError(f"{value!r} is no address of a site; write it as https://planet.example.org/")
    return found if found.endswith("/") else f"{found}/"


def _feed_url(value: object) -> str:
    written = str(value).strip()
    if written.startswith("rsshub://") and len(written) > len("rsshub://"):
        return written
    if urls.absolute(written) is None or any(c.isspace() for c in written):
        shown = urls.public(written) if "://" in written else written
        raise ValueError(f"{shown!r} is no address of a feed; it starts with https://, http:// or rsshub://")
    return written


def _instance(value: object) -> str:
    if urls.absolute(str(value)) is None:
        raise ValueError(f"{value!r} is no address of an RSSHub instance; write it as https://rsshub.app")
    return str(value)


def _slug(value: object) -> str:
    from aggregator import text

    written = str(value)
    if not written or text.slug(written) != written:
        suggestion = text.slug(written)
        hint = f"; {suggestion!r} is" if suggestion else ""
        raise ValueError(f"{written!r} cannot be a folder's name: lower-case letters, digits and single hyphens{hint}")
    return written


def _identifier(value: object) -> str:
    written = str(value)
    if not re.fullmatch(r"[^\s/\\]{1,100}", written):
        raise ValueError(f"{written!r} cannot be an id; use up to 100 letters, digits and hyphens, without blanks")
    return written


def _language(value: object) -> str:
    if not re.fullmatch(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", str(value)):
        raise ValueError(f"{value!r} is no language tag; write it as en, zh-CN or pt-BR")
    return str(value)


def _pattern(value: object) -> str:
    try:
        re.compile(str(value))
    except re.error as exc:
        raise ValueError(f"{value!r} is no regular expression: {exc}") from exc
    return str(value)


def _headers(value: object) -> object:
    if isinstance(value, dict):
        for name, content in value.items():
            if not _TOKEN.fullmatch(str(name)) or str(name).lower() in _OWN_HEADERS:
                raise ValueError(f"{name!r} cannot be set as a header")
            if any(ord(c) < 32 or ord(c) > 255 for c in str(content or "")):
                raise ValueError(f"the value of header {name!r} holds characters that no header may hold")
    return value


def _formats(value: object) -> object:
    names = list(value) if isinstance(value, list | tuple) else value
    return names if not isinstance(names, list) or "atom" in names else ["atom", *names]


def _no_null(value: object) -> object:
    return {} if value is None else value


def _schema(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "integer"], "pattern": f"^({pattern})$", "examples": list(examples)})


_AS_TEXT = PlainSerializer(lambda span: f"{int(span.total_seconds())}s" if span else "0", when_used="json")
Duration = Annotated[timedelta, BeforeValidator(duration), _AS_TEXT, _schema(_DURATION, "20s", "15m", "1h", "2d")]
Interval = Annotated[
    timedelta,
    _within(timedelta(minutes=1), timedelta(days=90), "between 1m and 90d is possible"),
    _AS_TEXT,
    _schema(_DURATION, "15m", "1h", "1d"),
]
Timeout = Annotated[
    timedelta,
    _within(timedelta(seconds=1), timedelta(minutes=10), "between 1s and 10m is possible"),
    _AS_TEXT,
    _schema(_DURATION, "20s", "1m"),
]
Size = Annotated[int, BeforeValidator(_bytes), _schema(_SIZE, "10MB", "512kB")]
Category = Annotated[
    tuple[str, ...],
    BeforeValidator(path),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
Word = Annotated[str, BeforeValidator(lambda value: value if value is None else str(value))]
Slug = Annotated[str, BeforeValidator(_slug)]
Patterns = dict[FilterField, Annotated[str, BeforeValidator(_pattern)]]


class Part(BaseModel):
    """What every part of feeds.yaml has in common: no unknown keys, and no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SiteSettings(Part):
    """What the outputs say of the place they are published at."""

    title: Word = Field(min_length=1, description="The name of the site, and of its main feed.")
    url: Annotated[str, BeforeValidator(_site_url)] = Field(description="Where the outputs will be served.")
    author: Word | None = Field(None, description="Who edits the site.")
    language: Annotated[str, BeforeValidator(_language)] | None = Field(None, description="The language of the site.")


class OutputSettings(Part):
    """What is made, and where it goes; relative paths start at the folder of feeds.yaml."""

    path: Word = Field("public", min_length=1, description="The folder of feeds and pages.")
    posts: Word = Field("public/posts", min_length=1, description="The folder of front-matter posts.")
    formats: Annotated[tuple[Literal["atom", "rss", "json", "html"], ...], BeforeValidator(_formats)] = Field(
        ("atom", "rss", "json", "html"), description="The formats of every feed; atom is always made."
    )
    entries: int = Field(50, ge=0, le=1_000_000, description="Entries in each category's feed; 0 means all.")
    comments: bool = Field(False, description="The constant `comments` of front-matter posts.")


class FetchSettings(Part):
    """How sources are asked."""

    concurrency: int = Field(32, ge=1, le=256, description="Requests at once.")
    per_host: int = Field(2, ge=1, le=16, description="Requests at once to one host.")
    timeout: Timeout = Field(timedelta(seconds=20), description="For a whole request, redirects and body included.")
    max_size: Size = Field(10_000_000, description="The largest document, as it travels and as it is decoded.")
    allow_private: bool = Field(False, description="Whether private and loopback addresses may be fetched.")
    rsshub: Annotated[str, BeforeValidator(_instance)] = Field(
        "https://rsshub.app", description="The instance behind rsshub:// addresses."
    )


class RetentionSettings(Part):
    """What `aggregator prune` keeps."""

    max_age: Duration = Field(timedelta(0), description="Posts older than this are pruned; 0 keeps all.")
    max_posts: int = Field(0, ge=0, description="The newest posts of each source that are kept; 0 keeps all.")


class CategorySettings(Part):
    """What a category's name does not say."""

    slug: Slug | None = Field(None, description="Its folder in the outputs.")
    title: Word | None = Field(None, description="The title of its feed.")
    entries: int | None = Field(None, ge=0, le=1_000_000, description="Entries in its feed; 0 means all.")


class DefaultSettings(Part):
    """Every key of a feed that may have a default for all."""

    category: Category = Field((), description="A path, outermost first: Tech/Python, or a list of names.")
    title: Word | None = Field(None, description="Overrides the feed's own title.")
    interval: Interval = Field(timedelta(hours=1), description="The time between two pulls, at least.")
    keep: int = Field(0, ge=0, description="Entries taken per pull, newest first; 0 takes all.")
    include: Annotated[Patterns, BeforeValidator(_no_null)] = Field(
        default_factory=dict, description="Only entries whose field matches the expression are taken."
    )
    exclude: Annotated[Patterns, BeforeValidator(_no_null)] = Field(
        default_factory=dict, description="Entries whose field matches the expression are not taken."
    )
    headers: Annotated[dict[str, Word], BeforeValidator(_headers), BeforeValidator(_no_null)] = Field(
        default_factory=dict, repr=False, description="Sent with every request; ${NAME} comes from the environment."
    )
    enabled: bool = Field(True, description="Whether the source is pulled.")


class FeedSettings(DefaultSettings):
    """A source."""

    url: Annotated[str, BeforeValidator(_feed_url)] = Field(repr=False, description="http(s):// or rsshub://")
    id: Annotated[str, BeforeValidator(_identifier)] | None = Field(
        None, description="A stable name for commands; else made from the address."
    )


class Document(Part):
    """The whole of feeds.yaml."""

    site: SiteSettings
    database: Word = Field("sqlite:///aggregator.db", description="Any SQLAlchemy URL of SQLite or PostgreSQL.")
    output: Annotated[OutputSettings, BeforeValidator(_no_null)] = OutputSettings()
    fetch: Annotated[FetchSettings, BeforeValidator(_no_null)] = FetchSettings()
    retention: Annotated[RetentionSettings, BeforeValidator(_no_null)] = RetentionSettings()
    defaults: Annotated[DefaultSettings, BeforeValidator(_no_null)] = DefaultSettings()
    categories: Annotated[dict[str, CategorySettings], BeforeValidator(_no_null)] = Field(default_factory=dict)
    feeds: Annotated[tuple[FeedSettings, ...], BeforeValidator(lambda value: value or ())] = ()


def keys(part: type[BaseModel]) -> dict[str, Any]:
    """Return the fields of a part by name."""
    return dict(part.model_fields)
