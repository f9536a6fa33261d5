"""Commands that look, and change nothing that is published: preview, sources, posts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from aggregator import urls
from aggregator.cli import common
from aggregator.cli.common import Config, Json
from aggregator.errors import ConfigError, FetchError

if TYPE_CHECKING:
    from aggregator.config import Settings
    from aggregator.models import Source


def preview(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="A feed, a page that links to one, or a source's id.")],
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many posts to show.")] = 5,
    json: Json = False,
    config: Config = None,
) -> None:
    """Fetch one feed and print the posts that it would make; nothing is stored.

    Example: aggregator preview https://lwn.net/headlines/rss
    """
    from aggregator.app import looking
    from aggregator.cli import show
    from aggregator.pipeline import discover

    settings = common.optional_settings(context, config)
    known = _known(settings.sources)
    source = known.get(url) or _unknown(common.address(url))
    with looking(settings, common.clock()) as means:
        found = discover.find(means, source)
        if not found:
            shown = urls.public(source.url)
            raise FetchError(f"{shown} is no feed, and the page links to none; give the feed's own address")
        # What `add` would append; it may be a source already.
        feed = found[0].url
        source = known.get(feed) or (replace(source, url=feed) if source.id in known else _unknown(feed))
        posts = discover.posts(means, source, found[0].response)
    if json:
        common.print_json([show.post_json(post) for post in posts[:limit]])
    else:
        show.front_matter(posts[:limit], total=len(posts))


def _unknown(url: str) -> Source:
    from aggregator.config.resolve import made_id
    from aggregator.models import Source

    return Source(id=made_id(url), url=url)


def _known(sources: Sequence[Source]) -> dict[str, Source]:
    """Return ``sources`` by each name and address that stands for one."""
    addresses = {urls.absolute(each.url) or each.url: each for each in sources}
    return addresses | {each.url: each for each in sources} | {each.id: each for each in sources}


def sources(context: typer.Context, json: Json = False, config: Config = None) -> None:
    """List each source: state, last success, next pull, failures with the reason, entries, posts a week.

    Example: aggregator sources
    """
    from aggregator.app import opened
    from aggregator.cli import show

    now = common.clock()
    with opened(common.settings(context, config), now) as app:
        reports = app.sources(now)
    if json:
        common.print_json([show.source_json(report) for report in reports])
    else:
        show.sources(reports, now)


def posts(
    context: typer.Context,
    query: Annotated[list[str] | None, typer.Argument(metavar="WORDS", help="Words that a post must hold.")] = None,
    category: Annotated[
        str | None, typer.Option(metavar="CATEGORY", help="A category path, such as Tech/Python, or its folder.")
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="SOURCE", help="The id of a source.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Published since (date or RFC 3339).")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="How many, newest first; 0: all.")] = 20,
    json: Json = False,
    config: Config = None,
) -> None:
    """Search the archive.

    Example: aggregator posts --category Tech/Python --since 2026-11-01 asyncio
    """
    from aggregator.app import opened
    from aggregator.cli import show
    from aggregator.store.searching import Query

    settings = common.settings(context, config)
    if source is not None:
        common.chosen([source], [each.id for each in settings.sources])
    wanted = Query(
        source_id=source,
        category=_category(category, settings) if category else (),
        since=_since(since),
        words=tuple(query or ()),
    )
    with opened(settings, common.clock()) as app:
        found = app.posts(wanted, min(limit, sys.maxsize))  # no database counts further
    if json:
        common.print_json([show.post_json(post) for post in found])
    else:
        show.posts(found)


def _category(written: str, settings: Settings) -> tuple[str, ...]:
    found = settings.category(written)
    if found is None:
        near = common.nearest(written, settings.category_names())
        raise ConfigError(f"no category is called {written!r}; {near}")
    return found


def _since(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        return common.moment(f"{value}T00:00:00Z" if len(value) == len("2026-11-01") else value)
    except ConfigError as exc:
        raise ConfigError(f"{value!r} is no date; write 2026-11-01 or 2026-11-01T07:00:00Z") from exc
