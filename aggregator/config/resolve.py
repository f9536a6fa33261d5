"""feeds.yaml as it is written → settings: defaults merged, ``${NAME}`` filled in, ids made, paths absolute.

What only shows when everything is looked at together is found here: addresses and ids that stand twice,
categories that would share a folder, variables that are not set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field
from msgspec.structs import replace

from aggregator import domains, text, urls
from aggregator.categories import Names, heads
from aggregator.config import database, values
from aggregator.config.model import (
    CategorySettings,
    FeedDefaults,
    FeedSettings,
    FeedsFile,
    FetchSettings,
    OutputSettings,
)
from aggregator.config.nodes import Way
from aggregator.config.sentences import Problem
from aggregator.config.settings import Settings, levels, settings_of, slug_of, trimmed
from aggregator.errors import OutputError
from aggregator.models import Admission, Level, Likeness, Source

_ID_BYTES = 60
_DIGEST = 8


class Context(Struct, frozen=True, kw_only=True):
    """Which file it is, what it may read from the environment, and where its parts are.

    ``line`` tells the line of a path; ``problems`` takes what is found.
    """

    file: Path
    environ: Mapping[str, str]
    line: Callable[[Way], int]
    problems: list[Problem] = field(default_factory=list)

    def report(self, path: Way, message: str) -> None:
        """Note a mistake at ``path``."""
        self.problems.append(Problem(path, message))

    def filled(self, value: str, path: Way) -> str | None:
        """Return ``value`` with its variables, None (and a mistake) when one is not there."""
        try:
            return values.filled(value, self.environ)
        except ValueError as exc:
            self.report(path, f"{path[-1]}: {exc}")
            return None


class _Line(Struct, frozen=True):
    """A feed as it is written, and what comes of it; ``index`` is its place in the list of the file."""

    index: int
    feed: FeedSettings
    source: Source
    identity: tuple[str, str]

    def path(self, key: str) -> Way:
        """Return where ``key`` stands: with the feed, or in the defaults that it was taken from."""
        own = key in self.feed.model_fields_set or key not in FeedDefaults.model_fields
        return ("feeds", self.index, key) if own else ("defaults", key)


def resolve(written: FeedsFile, indexes: Sequence[int], context: Context) -> Settings:
    """Return the settings; when ``context`` has problems afterwards, they are of no use.

    ``indexes`` are the places of ``written.feeds`` in the file: those that are wrong in themselves are missing.
    """
    folder = context.file.absolute().parent
    categories = {trimmed(name): each for name, each in written.categories.items()}
    _check_intervals(written.fetch, context)
    lines = [_line(index, feed, written, context) for index, feed in zip(indexes, written.feeds, strict=True)]
    _check_addresses(lines, context)
    lines = _named(lines)
    _check_ids(lines, context)
    _check_folders(lines, categories, context)
    alike = {category: _alike(category, categories) for category in {line.source.category for line in lines}}
    sources = tuple([_compared(line.source, alike[line.source.category]) for line in lines])
    return Settings(
        file=context.file,
        site=written.site,
        output=_output(written.output, folder, context),
        fetch=_fetch(written.fetch, folder),
        stories=written.stories,
        retention=written.retention,
        categories=categories,
        sources=sources,
        database_url=_database(written.database, folder, context),
        _levels=_all_levels(sources, categories),
    )


def _alike(category: Names, categories: Mapping[str, CategorySettings]) -> Likeness | None:
    # The innermost level that says how much alike words must be is that within which they are compared.
    asked = ((level, settings_of(level, categories).alike) for level in reversed(heads(category)))
    return next((Likeness(level=level, least=least) for level, least in asked if least is not None), None)


def _compared(source: Source, alike: Likeness | None) -> Source:
    return source if alike is None else replace(source, alike=alike)


def _check_intervals(fetch: FetchSettings, context: Context) -> None:
    if fetch.max_interval < fetch.min_interval:
        context.report(("fetch", "max_interval"), "max_interval: must not be shorter than min_interval")


def _line(index: int, feed: FeedSettings, written: FeedsFile, context: Context) -> _Line:
    own, defaults = feed.model_fields_set, written.defaults
    merged = {name: getattr(feed if name in own else defaults, name) for name in FeedDefaults.model_fields}
    merged["headers"] = _headers(index, feed, defaults, context)
    if "interval" not in own | defaults.model_fields_set:
        merged |= {"interval": written.fetch.min_interval, "longest": written.fetch.max_interval}
    merged["admission"] = _admission(feed, defaults)
    url = _address(feed.url, ("feeds", index, "url"), context)
    if url.lower().startswith("file:") and written.fetch.files is None:
        context.report(("feeds", index, "url"), "url: no file is read unless 'files' under 'fetch' names its folder")
    merged["public_url"] = _public_url(url, written.fetch)
    place = f"{context.file.name}:{context.line(('feeds', index, 'url'))}"
    return _Line(index, feed, Source(id=feed.id or made_id(url), url=url, place=place, **merged), _identity(url))


def _public_url(url: str, fetch: FetchSettings) -> str | None:
    """Return the address of an ``rsshub:`` route for readers; None for others, and at an instance of one's own."""
    if not url.lower().startswith("rsshub:") or domains.Domains().of(urls.host(fetch.rsshub)) is None:
        return None
    from aggregator.fetch import address  # loads what talks to the network, and most have no such source

    return urls.absolute(urls.public(address(url, fetch.rsshub)))


def _headers(index: int, feed: FeedSettings, defaults: FeedDefaults, context: Context) -> dict[str, str]:
    if not feed.headers and not defaults.headers:
        return {}  # as nearly all
    own = {name.lower() for name in feed.headers}
    common = {name: value for name, value in defaults.headers.items() if name.lower() not in own}
    return {name: _header(value, ("defaults", "headers", name), context) for name, value in common.items()} | {
        name: _header(value, ("feeds", index, "headers", name), context) for name, value in feed.headers.items()
    }


def _admission(feed: FeedSettings, defaults: FeedDefaults) -> Admission:
    written = (defaults.admission, feed.admission)
    return Admission(**{name: getattr(each, name) for each in written for name in each.model_fields_set})


def _address(written: str, path: Way, context: Context) -> str:
    filled = context.filled(written.strip(), path)
    if filled is None:
        return written
    try:
        return values.feed_address(filled)
    except ValueError as exc:
        context.report(path, f"url: {exc}")
        return written


def _header(written: str, path: Way, context: Context) -> str:
    filled = context.filled(written, path)
    try:
        return values.header_value(filled or "")
    except ValueError as exc:
        context.report(path, f"{path[-1]}: {exc}")
        return ""


def _check_addresses(lines: Sequence[_Line], context: Context) -> None:
    first: dict[tuple[str, str], _Line] = {}
    for line in lines:
        known = first.setdefault(line.identity, line)
        if known is not line:
            number = context.line(known.path("url"))
            context.report(line.path("url"), f"url: this feed stands in line {number} already; keep one of the two")


def _identity(url: str) -> tuple[str, str]:
    # The same address for another user is another feed.
    try:
        user = urlsplit(url).netloc.rpartition("@")[0] if "@" in url else ""
        return user, (urls.absolute(url) or url).partition("#")[0]
    except ValueError:
        return "", url


def _named(lines: Sequence[_Line]) -> list[_Line]:
    # Where addresses come out alike, each of them gets a digest: an id must never pass from one source to
    # another, to which all that the first one brought would then be credited.
    often = Counter(line.source.id for line in lines if not line.feed.id)
    return [line if line.feed.id or often[line.source.id] == 1 else _told_apart(line) for line in lines]


def _told_apart(line: _Line) -> _Line:
    return replace(line, source=replace(line.source, id=_with_digest(line.source.id, line.source.url)))


def made_id(url: str) -> str:
    """Return the id of a source that has none of its own: its address as a slug of at most 60 bytes.

    Scheme, ``www.``, credentials and secret parameters are not in it.  One that had to be cut has a digest.
    """
    readable = unquote(urls.public(url)).partition("://")[2].removeprefix("www.")
    name = text.slug(readable, limit=len(readable.encode()) + 1)
    return name if name and len(name.encode()) <= _ID_BYTES else _with_digest(name, url)


def _with_digest(name: str, url: str) -> str:
    short = text.truncated(name, _ID_BYTES - _DIGEST - 1).strip("-") or "feed"
    return f"{short}-{text.digest(urls.public(url))[:_DIGEST]}"


def _check_ids(lines: Sequence[_Line], context: Context) -> None:
    first: dict[str, _Line] = {}
    for line in lines:
        known = first.setdefault(line.source.id, line)
        if known is line or (known.identity == line.identity and not line.feed.id):
            continue  # the first, or one whose address was found twice before
        number = context.line(known.path("id" if known.feed.id else "url"))
        message = f"id: {line.source.id!r} is the id of the feed in line {number}; give this feed one of its own"
        context.report(line.path("id" if line.feed.id else "url"), message)


def _check_folders(lines: Sequence[_Line], categories: Mapping[str, CategorySettings], context: Context) -> None:
    owners: dict[str, tuple[Names, Way]] = {}
    seen: set[Names] = set()
    for line in lines:
        category, where = line.source.category, line.path("category")
        if category not in seen:
            seen.add(category)
            message = _folder_mistake(category, where, categories, owners, context)
            if message:
                context.report(where, f"category: {message}")


def _folder_mistake(
    category: Names,
    where: Way,
    categories: Mapping[str, CategorySettings],
    owners: dict[str, tuple[Names, Way]],
    context: Context,
) -> str | None:
    folder = ""
    for path in heads(category):
        slug = slug_of(path, categories)
        if not slug:
            return f"{path[-1]!r} has neither letter nor digit for a folder's name; give it a slug under 'categories'"
        folder += f"{slug}/"
        # Where letter case does not count, these are one folder as well.
        owner, place = owners.setdefault(folder.casefold(), (path, where))
        if owner != path:
            both = f"{'/'.join(path)!r} and {'/'.join(owner)!r} (line {context.line(place)})"
            return f"{both} get the same folder {folder}; spell them alike, or give one a slug under 'categories'"
    return None


def _all_levels(
    sources: Sequence[Source], categories: Mapping[str, CategorySettings]
) -> dict[Names, tuple[Level, ...]]:
    paths = dict.fromkeys(source.category for source in sources)
    found = dict.fromkeys(head for path in paths for head in heads(path))
    return {head: levels(head, categories) for head in found}


def _fetch(written: FetchSettings, folder: Path) -> FetchSettings:
    return written.model_copy(update={"files": folder / written.files}) if written.files else written


def _output(written: OutputSettings, folder: Path, context: Context) -> OutputSettings:
    path = folder / written.path
    posts = folder / written.posts if "posts" in written.model_fields_set else path / "posts"
    templates = folder / written.templates if written.templates else None
    if templates:
        _try_out(templates, context)
    return written.model_copy(update={"path": path, "posts": posts, "templates": templates})


def _try_out(templates: Path, context: Context) -> None:
    from aggregator.publish import trial  # most have no templates of their own

    if not templates.is_dir():
        context.report(("output", "templates"), f"templates: {templates} is no folder; make it, or leave the key out")
        return
    try:
        trial.render(templates)
    except OutputError as exc:
        context.report(("output", "templates"), f"templates: {exc}")


def _database(written: str, folder: Path, context: Context) -> str:
    try:
        return database.database_url(database.filled(written, context.environ), folder)
    except ValueError as exc:
        context.report(("database",), f"database: {exc}")
        return ""
