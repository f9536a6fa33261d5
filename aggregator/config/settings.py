"""The settings as the program uses them: checked, merged, filled in, with absolute paths."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from msgspec import Struct

from aggregator import text, urls
from aggregator.categories import Names, folder_of, heads, title_of
from aggregator.config.model import (
    CategorySettings,
    FetchSettings,
    OutputSettings,
    RetentionSettings,
    SiteSettings,
    StoriesSettings,
)
from aggregator.models import Level, OutputFeed, Site, Source

_PLAIN = CategorySettings()


class Settings(Struct, frozen=True, kw_only=True):
    """What feeds.yaml says, ready for use.

    ``file`` is the path that it was read from.  ``output`` has absolute paths.  ``sources`` are in the order of
    the file, disabled ones among them.  ``database_url`` is for SQLAlchemy.  Passwords and tokens are in
    ``sources`` and ``database_url`` alone, which no ``repr`` shows.
    """

    file: Path
    site: SiteSettings
    output: OutputSettings
    fetch: FetchSettings
    stories: StoriesSettings
    retention: RetentionSettings
    categories: Mapping[str, CategorySettings]
    sources: tuple[Source, ...]
    database_url: str
    _levels: Mapping[Names, tuple[Level, ...]]

    def __repr__(self) -> str:
        return f"Settings(file={self.file!r})"

    @property
    def site_model(self) -> Site:
        """What renderers are told of the site; its address ends with a slash."""
        site = self.site
        return Site(title=site.title, url=f"{site.url.rstrip('/')}/", author=site.author, language=site.language)

    def levels(self, category: Names) -> tuple[Level, ...]:
        """Return the levels of a category path, outermost first; also of one that no source has any more."""
        known = self._levels.get(category)
        return levels(category, self.categories) if known is None else known

    def folder(self, category: Names) -> str:
        """Return the folder of a category path; see ``categories.folder_of``."""
        return folder_of(level.slug for level in self.levels(category))

    def category(self, written: str) -> Names | None:
        """Return the category path that ``written`` is: its names with slashes between them, or its folder."""
        folder = written.strip("/")
        name = trimmed(folder)
        by_name = (path for path in self._levels if trimmed("/".join(path)) == name)
        by_folder = (path for path, made in self._levels.items() if "/".join(each.slug for each in made) == folder)
        return next(chain(by_name, by_folder), None)

    def category_names(self) -> list[str]:
        """Return all categories, as ``category`` takes them."""
        return ["/".join(path) for path in self._levels]

    def slugs(self, category: Names) -> tuple[str, ...]:
        """Return the slug of each level of a category path, outermost first; "" where there can be none."""
        return tuple(slug_of(head, self.categories) for head in heads(category))

    def output_feeds(self, authority: str) -> tuple[OutputFeed, ...]:
        """Return the feeds to publish: the whole site, then every level of every category path as they appear.

        ``authority`` names us in their ids (RFC 4151).
        """
        return tuple(self._output_feed(path, authority) for path in ((), *self._levels))

    def publishing_digest(self) -> str:
        """Return 32 hexadecimal digits that change whenever the outputs would look different."""
        site = self.site.model_dump_json(exclude={"subscribers"})
        parts: list[str | None] = [
            self.site_model.url,
            site,
            self.output.model_dump_json(),
            self.stories.model_dump_json(),
        ]
        parts += chain.from_iterable((name, each.model_dump_json()) for name, each in sorted(self.categories.items()))
        for source in self.sources:
            feed = source.public_url or urls.public(source.url)
            parts += (source.id, source.title, feed, str(len(source.category)), *source.category)
        return text.digest(*parts)

    def _output_feed(self, path: Names, authority: str) -> OutputFeed:
        own = settings_of(path, self.categories)
        return OutputFeed(
            id=f"tag:{authority},2026:{urls.path(self.folder(path)) or 'site'}",
            title=own.title or title_of(self.site.title, path),
            levels=self.levels(path),
            limit=self.output.entries if own.entries is None else own.entries,
        )


def trimmed(name: str) -> str:
    """Return a category path with slashes between its names, and no needless blanks in them."""
    return "/".join(text.one_line(part) for part in name.split("/"))


def settings_of(path: Names, categories: Mapping[str, CategorySettings]) -> CategorySettings:
    """Return what ``categories`` says of a level: under its whole path, else under its name."""
    if not path:
        return _PLAIN
    return categories.get("/".join(path)) or categories.get(path[-1]) or _PLAIN


def levels(path: Names, categories: Mapping[str, CategorySettings]) -> tuple[Level, ...]:
    """Return the levels of ``path``, with the slugs that ``categories`` gives, else those of their names.

    A name without letter or digit, which only an older feeds.yaml can have brought into the archive, has a
    digest for a slug.
    """
    return tuple(
        Level(name=head[-1], slug=slug_of(head, categories) or text.digest(head[-1])[:12]) for head in heads(path)
    )


def slug_of(path: Names, categories: Mapping[str, CategorySettings]) -> str:
    """Return the slug of the last level of ``path``, "" when its name has none and ``categories`` gives none."""
    return settings_of(path, categories).slug or text.slug(path[-1])
