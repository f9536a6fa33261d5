"""Kinds of values in feeds.yaml: how each is read, and what the JSON Schema says of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from aggregator.categories import MOST_LEVELS
from aggregator.config import values

_MOST = 1_000_000  # entries or posts; SQLite and PostgreSQL take larger limits, nobody needs them

# YAML reads `title: 2024` as a number and `title: yes` as a truth; here they are words.
_WORDS: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_TITLE = {**_WORDS, "pattern": r"\S"}
_DURATION = {"type": "string", "pattern": f"^(?!$){values.DURATION_PATTERN}$"}
_SLUG = {"type": ["string", "number"], "pattern": r"^[^\s./\\A-Z_-]+(-[^\s./\\A-Z_-]+)*-?$"}
_ID = {"type": ["string", "number"], "pattern": r"^[^\x00-,/:-@\[-`{-\x7f\s.-][^\x00-,/:-@\[-^`{-\x7f\s]*$"}
# A variable of the environment may stand for a whole address.
_FEED_ADDRESS = r"^([hH][tT][tT][pP][sS]?|[rR][sS][sS][hH][uU][bB]|[fF][iI][lL][eE])://\S+$|\$\{"
_CATEGORY = {
    "anyOf": [
        {"type": ["string", "number"], "pattern": f"^[^/]+(/[^/]+){{0,{MOST_LEVELS - 1}}}$"},
        {"type": "array", "items": _WORDS, "maxItems": MOST_LEVELS},
    ]
}

Title = Annotated[str, AfterValidator(values.title), WithJsonSchema(_TITLE)]
Age = Annotated[timedelta, BeforeValidator(values.duration), WithJsonSchema({"anyOf": [{"const": 0}, _DURATION]})]
Interval = Annotated[timedelta, BeforeValidator(values.duration_between("1m", "90d")), WithJsonSchema(_DURATION)]
Timeout = Annotated[timedelta, BeforeValidator(values.duration_between("1s", "10m")), WithJsonSchema(_DURATION)]
Size = Annotated[
    int,
    BeforeValidator(values.size_between("1kB", "1GB")),
    WithJsonSchema({"type": "string", "pattern": f"^{values.SIZE_PATTERN}$"}),
]
Folder = Annotated[Path, BeforeValidator(lambda value: values.folder(value) if isinstance(value, str) else value)]
WebAddress = Annotated[
    str,
    AfterValidator(values.web_address),
    WithJsonSchema({"type": "string", "pattern": r"^[hH][tT][tT][pP][sS]?://[^\s?#@/]+(/[^\s?#]*)?$"}),
]
FeedAddress = Annotated[
    str, WithJsonSchema({"type": "string", "pattern": _FEED_ADDRESS, "examples": ["https://example.org/feed.xml"]})
]
Category = Annotated[tuple[str, ...], BeforeValidator(values.category), WithJsonSchema(_CATEGORY)]
Slug = Annotated[str, AfterValidator(values.slug), WithJsonSchema(_SLUG)]
SourceId = Annotated[str, AfterValidator(values.source_id), WithJsonSchema(_ID)]
Language = Annotated[
    str,
    AfterValidator(values.language),
    WithJsonSchema({"type": "string", "pattern": f"^{values.LANGUAGE_PATTERN}$"}),
]
Expression = Annotated[str, AfterValidator(values.expression), WithJsonSchema(_WORDS)]
DomainName = Annotated[str, AfterValidator(values.domain)]
HeaderName = Annotated[str, AfterValidator(values.header_name)]
HeaderValue = Annotated[str, WithJsonSchema(_WORDS)]
Count = Annotated[int, Field(ge=0, le=_MOST)]
Format = Literal["atom", "rss", "json", "html"]
