"""The settings as the program uses them: sources, output feeds and paths, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from aggregator import text, urls
from aggregator.config import model
from aggregator.config.reader import Finding, Reading
from aggregator.models import Level, OutputFeed, Site, Source

_ID_LENGTH = 60
_Names = tuple[str, ...]


@dataclass(frozen=True)
class Output:
    """``output`` of feeds.yaml, its paths absolute."""

    path: Path
    posts: Path
    formats: tuple[str, ...]
    entries: int
    comments: bool


class Settings:
    """feeds.yaml, checked.  ``file`` is its path; relative paths in it start at its folder."""

    def __init__(self, document: model.Document, file: Path) -> None:
        self._document = document
        self.file = file
        self.fetch = document.fetch
        self.retention = document.retention

    @cached_property
    def site_model(self) -> Site:
        """What the outputs say of the site."""
        site = self._document.site
        return Site(title=site.title, url=site.url, author=site.author, language=site.language)

    @cached_property
    def output(self) -> Output:
        """What is made, and where it goes."""
        output, folder = self._document.output, self.file.absolute().parent
        formats = tuple(dict.fromkeys(output.formats))
        return Output(folder / output.path, folder / output.posts, formats, output.entries, output.comments)

    @cached_property
    def database_url(self) -> str:
        """The database's address; a relative path of SQLite starts at the folder of feeds.yaml."""
        written = self._document.database
        scheme, _, rest = written.partition(":///")
        if scheme.startswith("sqlite"):
            return f"{scheme}:///{self.file.absolute().parent / rest}"
        return written.replace("postgresql://", "postgresql+psycopg://", 1)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The sources in the order of the file, defaults filled in; disabled ones are among them."""
        defaults = self._document.defaults
        return tuple(
            _source(feed, defaults, name) for feed, name in zip(self._document.feeds, self._ids(), strict=True)
        )

    def levels(self, category: _Names) -> tuple[Level, ...]:
        """Return the levels of a category path with their slugs."""
        paths = (category[: depth + 1] for depth in range(len(category)))
        return tuple(Level(name=path[-1], slug=self.slug(path)) for path in paths)

    def slug(self, path: _Names) -> str:
        """Return the slug of the last level of ``path``: the one that ``categories`` gives, else its name's."""
        return self.of_category(path).slug or text.slug(path[-1])

    def of_category(self, path: _Names) -> model.CategorySettings:
        """Return what ``categories`` says of ``path``: under the whole path, else under the last name."""
        known = self._document.categories
        return known.get("/".join(path)) or known.get(path[-1]) or model.CategorySettings()

    @cached_property
    def paths(self) -> tuple[_Names, ...]:
        """Every level of every category path, in the order of first appearance."""
        found = (source.category[: depth + 1] for source in self.sources for depth in range(len(source.category)))
        return tuple(dict.fromkeys(found))

    def output_feeds(self, authority: str) -> tuple[OutputFeed, ...]:
        """Return the feeds to publish, the whole site's first; ``authority`` names us in their ids."""
        return tuple(self._output_feed(path, authority) for path in ((), *self.paths))

    def publishing_digest(self) -> str:
        """Return a digest of all settings that change what the outputs say."""
        output = self._document.output
        shown = (
            repr(self.site_model),
            repr((self.output.formats, output.entries, output.comments, str(self.output.path), str(self.output.posts))),
            repr(sorted((name, repr(category)) for name, category in self._document.categories.items())),
            repr([(each.id, each.category, each.title, urls.public(each.url)) for each in self.sources]),
        )
        return text.digest(*shown)

    def _output_feed(self, path: _Names, authority: str) -> OutputFeed:
        levels = self.levels(path)
        folder = "/".join(level.slug for level in levels)
        known = self.of_category(path) if path else model.CategorySettings()
        site = self._document.site.title
        return OutputFeed(
            id=f"tag:{authority},2026:feed:{quote(folder)}",
            title=known.title or (f"{site} · {' / '.join(path)}" if path else site),
            levels=levels,
            limit=self._document.output.entries if known.entries is None else known.entries,
        )

    def _ids(self) -> list[str]:
        # An id is made from the address alone; where two come out alike, a digest tells them apart.
        made = [feed.id or _made_id(feed.url) for feed in self._document.feeds]
        return [
            name if feed.id or made.count(name) == 1 else f"{name}-{text.digest(urls.public(feed.url))[:8]}"
            for feed, name in zip(self._document.feeds, made, strict=True)
        ]


def conflicts(settings: Settings, document: model.Document, reading: Reading) -> list[Finding]:
    """Return the mistakes that no part shows alone: names and addresses that are taken, folders that collide."""
    return [*_taken(settings, document, reading), *_folders(settings, document, reading), *_database(document, reading)]


def _taken(settings: Settings, document: model.Document, reading: Reading) -> list[Finding]:
    found: list[Finding] = []
    seen: dict[tuple[str, str], int] = {}
    for index, (feed, source) in enumerate(zip(document.feeds, settings.sources, strict=True)):
        for kind, value in (("url", feed.url), ("id", source.id)):
            first = seen.setdefault((kind, value), index)
            place = reading.places.get(("feeds", index, kind)) or reading.places[("feeds", index)]
            if first != index and not (kind == "id" and seen.get(("url", feed.url)) != index):
                line = reading.places[("feeds", first)][0]
                said = "this feed" if kind == "url" else f"the id {value!r}"
                found.append(Finding(place, f"{said} stands in line {line} already; leave one of them out"))
    return found


def _folders(settings: Settings, document: model.Document, reading: Reading) -> list[Finding]:
    found: list[Finding] = []
    owners: dict[str, tuple[_Names, int]] = {}
    for index, feed in enumerate(document.feeds):
        category = settings.sources[index].category
        at = ("feeds", index, "category") if "category" in feed.model_fields_set else ("defaults", "category")
        place = reading.places.get(at, reading.places[("feeds", index)])
        for depth in range(1, len(category) + 1):
            path = category[:depth]
            slugs = [level.slug for level in settings.levels(path)]
            if not slugs[-1]:
                said = f"{path[-1]!r} has neither letter nor digit; give it a slug under 'categories'"
                found.append(Finding(place, said))
                break
            owner, first = owners.setdefault("/".join(slugs).casefold(), (path, index))
            if owner != path:
                line = reading.places[("feeds", first)][0]
                said = f"{'/'.join(path)!r} gets the folder of {'/'.join(owner)!r} (line {line})"
                found.append(Finding(place, f"{said}; spell them alike, or give one a slug under 'categories'"))
                break
    return found


def _database(document: model.Document, reading: Reading) -> list[Finding]:
    place = reading.places.get(("database",), (1, 1))
    scheme = document.database.partition(":")[0].partition("+")[0]
    if scheme not in ("sqlite", "postgresql") or "://" not in document.database:
        return [Finding(place, "'database' is no URL of SQLite or PostgreSQL; write sqlite:///aggregator.db")]
    if scheme == "sqlite" and document.database.rpartition("/")[2] in ("", ":memory:"):
        return [Finding(place, "a database in memory forgets what it has seen; write sqlite:///aggregator.db")]
    return []


def _source(feed: model.FeedSettings, defaults: model.DefaultSettings, name: str) -> Source:
    own = feed.model_fields_set

    def pick(key: str) -> object:
        return getattr(feed if key in own else defaults, key)

    headers = {**defaults.headers, **feed.headers}
    return Source(
        id=name,
        url=feed.url,
        headers=headers,
        **{key: pick(key) for key in ("category", "title", "interval", "keep", "include", "exclude", "enabled")},  # type: ignore[arg-type]
    )


def _made_id(url: str) -> str:
    shown = urls.public(url) or url
    _, _, rest = shown.partition("://")
    return text.slug(rest.removeprefix("www."), limit=_ID_LENGTH).strip("-") or text.digest(url)[:12]
