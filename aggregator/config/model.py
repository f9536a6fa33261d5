"""feeds.yaml as it is written: one class a section, one field a key, with its meaning, bounds and default.

Values come in as the text of the file; ``${NAME}`` is still in them, and paths are as written.  ``resolve``
makes ``Settings`` of it.  The JSON Schema (``jsonschema.py``) and docs/configuration.md follow these fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from aggregator.config import values
from aggregator.config.kinds import (
    Age,
    Category,
    Count,
    DomainName,
    Expression,
    FeedAddress,
    Folder,
    Format,
    HeaderName,
    HeaderValue,
    Interval,
    Language,
    Size,
    Slug,
    SourceId,
    Timeout,
    Title,
    WebAddress,
)
from aggregator.domains import Share
from aggregator.models import PRIMARY_RULES, Admission, FilterField, PrimaryRule


def _once(rules: tuple[PrimaryRule, ...]) -> tuple[PrimaryRule, ...]:
    return tuple(dict.fromkeys(rules))


def _with_atom(formats: tuple[Format, ...]) -> tuple[Format, ...]:
    return tuple(dict.fromkeys(("atom", *formats)))


class Section(BaseModel):
    """What all sections have in common: no unknown keys; a key without a value is as good as none."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_empty(cls, written: Any) -> Any:
        if written is None:
            return {}
        if not isinstance(written, Mapping) or None not in written.values():
            return written
        known = cls.model_fields
        return {key: value for key, value in written.items() if value is not None or key not in known}


class SiteSettings(Section):
    """What every output says of the place it is published at."""

    title: Title = Field(description="The name of the whole.", examples=["Planet Example"])
    url: WebAddress = Field(description="Where the outputs will be served.", examples=["https://planet.example.org/"])
    author: Title | None = Field(
        None, description="Who puts it together: the author of every output.", examples=["Planet Example editors"]
    )
    language: Language | None = Field(
        None, description="The language of the outputs, a BCP 47 tag.", examples=["en", "zh-CN"]
    )
    subscribers: Count | None = Field(
        None,
        description="How many read the outputs, as publishers are told in the User-Agent; by default they are not.",
        examples=[250],
    )


class OutputSettings(Section):
    """What is published, and where to; relative paths start at the folder of feeds.yaml."""

    path: Folder = Field(Path("public"), description="The folder of feeds and pages.", examples=["/srv/www/planet"])
    posts: Folder = Field(
        Path("public/posts"),
        description="The folder of front-matter posts; by default 'posts' in output.path.",
        examples=["../blog/source/_posts"],
    )
    formats: Annotated[tuple[Format, ...], AfterValidator(_with_atom)] = Field(
        ("atom", "rss", "json", "html"),
        description="What is made of each feed; atom always is.",
        examples=[["atom", "html"]],
    )
    templates: Folder | None = Field(
        None,
        description="A folder of templates that stand in for those of the pages, file by file.",
        examples=["templates"],
    )
    entries: Count = Field(50, description="Entries in each feed, newest first; 0: all.", examples=[100])
    archive: int = Field(
        100,
        ge=0,
        le=1000,
        description="Entries in each archive document of the Atom feeds, 0 to 1000; 0: there are none.",
        examples=[500],
    )
    style: Literal["hexo", "hugo", "jekyll"] = Field(
        "hexo", description="The static site generator that takes the posts.", examples=["hugo"]
    )
    comments: bool = Field(False, description="The constant 'comments' of the posts' front matter.", examples=[True])
    tombstones: Age = Field(
        timedelta(days=30),
        description="How long the Atom feeds tell readers of entries that were taken out; 0: not at all.",
        examples=["90d"],
        json_schema_extra={"default": "30d"},
    )


class FetchSettings(Section):
    """How sources are asked."""

    concurrency: int = Field(32, ge=1, le=256, description="Requests at once.", examples=[16])
    per_host: int = Field(2, ge=1, le=16, description="Requests at once to one domain.", examples=[1])
    min_interval: Interval = Field(
        timedelta(hours=1),
        description="The shortest time between two pulls of a source without an interval of its own; 1m to 90d.",
        examples=["30m"],
        json_schema_extra={"default": "1h"},
    )
    max_interval: Interval = Field(
        timedelta(days=1),
        description="The longest time between two pulls of a source that seldom publishes; 1m to 90d.",
        examples=["6h", "1w"],
        json_schema_extra={"default": "1d"},
    )
    per_minute: int = Field(
        60, ge=0, le=10_000, description="Requests to one domain within a minute; 0: no limit.", examples=[20]
    )
    domains: dict[DomainName, Share] = Field(
        {},
        description=(
            "Whether all sub-domains of a domain share a budget (one) or have one each, "
            "where that is not as the public suffix list says."
        ),
        examples=[{"github.io": "one", "example.com": "each"}],
    )
    timeout: Timeout = Field(
        timedelta(seconds=20),
        description="The longest that one answer may take; 1s to 10m.",
        examples=["1m"],
        json_schema_extra={"default": "20s"},
    )
    max_size: Size = Field(
        10 * 10**6,
        description="The largest answer that is read; 1kB to 1GB.",
        examples=["50MB"],
        json_schema_extra={"default": "10MB"},
    )
    allow_private: bool = Field(
        False,
        description="Whether sources on private and loopback addresses may be asked.",
        examples=[True],
    )
    rsshub: WebAddress = Field(
        "https://rsshub.app/",
        description="The RSSHub instance behind rsshub:// addresses.",
        examples=["https://rsshub.example.org"],
    )
    files: Folder | None = Field(
        None,
        description="The folder below which file:// addresses may be read; without it none is.",
        examples=["/srv/feeds"],
    )


class RetentionSettings(Section):
    """What 'aggregator prune' removes from the archive."""

    max_age: Age = Field(
        timedelta(),
        description="Posts older than this go; 0: none.",
        examples=["365d"],
        json_schema_extra={"default": 0},
    )
    max_posts: Count = Field(0, description="Posts kept of each source, newest first; 0: all.", examples=[1000])


class StoriesSettings(Section):
    """How stories that several sources carry are told."""

    primary: Annotated[tuple[PrimaryRule, ...], AfterValidator(_once)] = Field(
        PRIMARY_RULES,
        description=(
            "Which source a story is credited to: the first of these that tells its copies apart decides. "
            "rank: the one with the best 'rank'; site: the one whose site the entry links to; "
            "earliest: the one that had it first; longest: the one with most words."
        ),
        examples=[["site", "longest"]],
    )
    credit: Annotated[str, AfterValidator(values.credit)] | None = Field(
        None,
        description=(
            "A visible line above the body of a story that several sources carried, in feeds and posts: "
            "{first} is the source that it is credited to, {also} the others."
        ),
        examples=["First on {first}; also on {also}"],
    )


class CategorySettings(Section):
    """What the name of a category does not say."""

    slug: Slug | None = Field(None, description="Its folder in the outputs.", examples=["new-media"])
    title: Title | None = Field(None, description="The title of its feed.", examples=["新媒体动态"])
    alike: float | None = Field(
        None,
        ge=0.5,
        le=1,
        description=(
            "How much alike the words of entries of its sources must be, from 0.5 to 1, to be one story, "
            "within three days; by default only the same words are."
        ),
        examples=[0.8],
    )
    entries: Count | None = Field(
        None,
        description="Entries in its feed, instead of output.entries; 0: all.",
        examples=[100],
    )


#: The bounds that hold where the editor gives none.
_BOUNDS = Admission()


class AdmissionSettings(Section):
    """Which new entries of a source are published at once; the others are held for the editor, or only archived."""

    history: Count = Field(
        _BOUNDS.history,
        description="Entries published of a source that is added later, newest first, the rest is archived; 0: all.",
        examples=[5],
    )
    burst: Count = Field(
        _BOUNDS.burst,
        description="New entries that a pull may always bring; beyond it 'rate' counts; 0: any number.",
        examples=[20],
    )
    rate: Count = Field(
        _BOUNDS.rate,
        description="Times its own rate that a source may exceed before its new entries are held; 0: any.",
        examples=[3],
    )
    future: Age = Field(
        _BOUNDS.future,
        description="Entries dated further ahead, up to a year, are held until then; 0: none.",
        examples=["7d"],
        json_schema_extra={"default": "1d"},
    )
    links: bool = Field(
        _BOUNDS.links,
        description="Whether entries are held when a feed suddenly links to a site where it never did.",
        examples=[False],
    )


#: One for all feeds: to make one takes as long as to read a feed.
_ADMISSION = AdmissionSettings()


class FeedDefaults(Section):
    """What feeds may have in common: every key of a feed but url and id."""

    # Pydantic copies a default for each feed, and slowly, where it can be changed; what a factory makes it does not.

    category: Category = Field(
        (),
        description="Its place: names with slashes between them, or a list of names; at most 8 levels.",
        examples=["Tech/Python", ["新媒体", "趣头条"]],
    )
    title: Title | None = Field(None, description="Shown instead of the feed's own title.", examples=["LWN"])
    interval: Interval = Field(
        timedelta(hours=1),
        description=(
            "The time between two pulls; 1m to 90d.  Where it is not given it is learnt: from fetch.min_interval for "
            "what publishes often to fetch.max_interval."
        ),
        examples=["15m", "1d12h"],
        json_schema_extra={"default": "1h"},
    )
    keep: Count = Field(0, description="Entries taken per pull, newest first; 0: all.", examples=[20])
    include: dict[FilterField, Expression] = Field(
        default_factory=dict,
        description="Only entries that match are taken: a regular expression for a field, all of them must match.",
        examples=[{"title": "(?i)python"}],
        json_schema_extra={"default": {}},
    )
    exclude: dict[FilterField, Expression] = Field(
        default_factory=dict,
        description="Entries that match one of these are left out.",
        examples=[{"tag": "^ad$"}],
        json_schema_extra={"default": {}},
    )
    headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict,
        description="Sent with each request; ${NAME} is read from the environment.",
        examples=[{"Authorization": "Bearer ${TOKEN}"}],
        json_schema_extra={"default": {}},
        repr=False,
    )
    admission: AdmissionSettings = Field(
        default_factory=lambda: _ADMISSION,
        description="Which of its new entries are published at once; merged key by key.",
    )
    rank: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Which source a story of several is credited to; 1 is the first, no rank the last.",
        examples=[1],
    )
    enabled: bool = Field(True, description="false: not pulled; what it brought stays.", examples=[False])


class FeedSettings(FeedDefaults):
    """One source."""

    url: FeedAddress = Field(
        description="The feed's address: https, http, rsshub or file; ${NAME} is read from the environment.",
        examples=["https://example.org/feed.xml", "rsshub://qutoutiao/category/1"],
        repr=False,
    )
    id: SourceId | None = Field(
        None, description="A stable name for commands; by default made from the URL.", examples=["lwn"]
    )


class FeedsFile(Section):
    """The whole of feeds.yaml."""

    site: SiteSettings = Field(description="What every output says of the place it is published at.")
    database: str = Field(
        "sqlite:///aggregator.db",
        description=(
            "An SQLAlchemy URL of SQLite (a relative path starts at this file's folder) or PostgreSQL; "
            "${NAME} is read from the environment."
        ),
        examples=["postgresql://aggregator:${DB_PASSWORD}@localhost/aggregator"],
        repr=False,
    )
    output: OutputSettings = Field(default_factory=OutputSettings, description="What is published, and where to.")
    fetch: FetchSettings = Field(default_factory=FetchSettings, description="How sources are asked.")
    stories: StoriesSettings = Field(
        default_factory=StoriesSettings, description="How stories that several sources carry are told."
    )
    retention: RetentionSettings = Field(
        default_factory=RetentionSettings, description="What 'aggregator prune' removes."
    )
    defaults: FeedDefaults = Field(
        default_factory=FeedDefaults,
        description="What feeds have in common: every key of a feed but url and id may stand here.",
    )
    categories: dict[str, CategorySettings] = Field(
        {},
        description="What a category's name does not say; a key is a name, or a path (新媒体/趣头条), which wins.",
    )
    feeds: tuple[FeedSettings, ...] = Field((), description="The sources.")
