"""Commands around feeds.yaml: check, add, import, export, schema."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import structs

from aggregator import text, urls
from aggregator.cli import common
from aggregator.cli.common import Config, Json
from aggregator.errors import ConfigError, FetchError

if TYPE_CHECKING:
    from aggregator.config import Settings
    from aggregator.config.opml import Listed
    from aggregator.models import Source, Subscription
    from aggregator.pipeline.discover import Found

_NO_FEEDS = "there are no feeds; the next run removes everything that is published"


def check(
    context: typer.Context,
    fetch: Annotated[bool, typer.Option("--fetch", help="Also try each source once, without storing.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Validate feeds.yaml: each mistake as FILE:LINE:COLUMN, what is wrong, and what would be right.

    Example: aggregator check --fetch
    """
    path = common.config_path(context, config)
    try:
        settings = common.settings(context, config)
    except ConfigError as exc:
        if json:
            common.print_json({"file": str(path), "sources": None, "mistakes": _mistakes(path, exc), "warnings": []})
        raise
    warnings = [] if settings.sources else [_NO_FEEDS]
    if not fetch:
        if json:
            sources = len(settings.sources)
            common.print_json({"file": str(path), "sources": sources, "mistakes": [], "warnings": warnings})
        else:
            typer.echo(f"{path}: {text.counted(len(settings.sources), 'source')}, no mistakes")
            for warning in warnings:
                typer.echo(f"{path}: {warning}", err=True)
        return
    from aggregator.app import looking
    from aggregator.cli import show
    from aggregator.pipeline import discover

    with looking(settings, common.clock()) as means:
        tries = discover.try_all(means, settings.sources, settings.fetch)
    if json:
        common.print_json([show.try_json(each) for each in tries])
    else:
        show.tries(tries)
    for warning in warnings:
        typer.echo(f"{path}: {warning}", err=True)
    if any(each.error for each in tries):
        raise typer.Exit(1)


def _mistakes(path: Path, exc: ConfigError) -> list[dict[str, Any]]:
    if not exc.mistakes:
        return [{"file": str(path), "line": None, "column": None, "message": str(exc)}]
    return [structs.asdict(mistake) for mistake in exc.mistakes]


def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="A page or a feed.")],
    category: Annotated[
        str | None, typer.Option("-k", "--category", metavar="CATEGORY", help="A category path: Tech/Python.")
    ] = None,
    only_list: Annotated[bool, typer.Option("--list", help="Only list the feeds that are found.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Find the feed behind URL and append it to feeds.yaml, keeping comments and order.

    Where there are several it asks which one; without a terminal to ask on it takes the first, and names the others.

    Example: aggregator add https://blog.python.org/ -k Tech/Python
    """
    from aggregator.app import looking
    from aggregator.cli import show
    from aggregator.config.edit import append_feed
    from aggregator.models import Source
    from aggregator.pipeline import discover

    path = common.config_path(context, config)
    settings = common.settings(context, config)
    url = common.address(url)
    with looking(settings, common.clock()) as means:
        found = discover.find(means, Source(id=url, url=url))
    if not found:
        raise FetchError(f"{urls.public(url)} is no feed, and the page links to none; give the feed's own address")
    known = _addresses(settings.sources)
    fresh = [each for each in found if each.url not in known]
    if not fresh and not only_list:
        raise ConfigError(_all_known(found))
    chosen = None if only_list else _chosen(fresh, ask=not json)
    if chosen:
        common.save(path, append_feed(common.read_text(path), chosen.url, category=category))
    if json:
        common.print_json([show.found_json(each, added=each is chosen, known=each.url in known) for each in found])
        return
    for each in found:
        said = "known" if each.url in known else "added" if each is chosen else "found"
        typer.echo(f"{said} {_told(each)}{', in feeds.yaml already' if said == 'known' else ''}")
    if chosen and len(fresh) > 1:
        typer.echo("to add another one: aggregator add, with its address")


def _addresses(sources: Sequence[Source]) -> set[str]:
    """Return the addresses that stand for ``sources``: an export shows them as readers may ask for them."""
    written = {url for source in sources for url in (source.url, source.public_url) if url}
    return written.union(*({urls.absolute(url) or url, urls.public(url)} for url in written))


def _all_known(found: Sequence[Found]) -> str:
    if len(found) == 1:
        return f"a feed with the address {urls.public(found[0].url)} is in feeds.yaml already"
    return f"all feeds that were found are in feeds.yaml already: {', '.join(urls.public(each.url) for each in found)}"


def _told(found: Found) -> str:
    title = found.feed.info.title or "without a title"
    return f"{urls.public(found.url)} ({title}, {text.counted(len(found.feed.entries), 'entry')})"


def _chosen(found: Sequence[Found], *, ask: bool) -> Found:
    """Return the one that the user chooses where there is one to ask, else the first."""
    if len(found) == 1 or not ask or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return found[0]
    for number, each in enumerate(found, 1):
        typer.echo(f"{number}  {_told(each)}", err=True)
    number = 0
    while not 1 <= number <= len(found):
        number = typer.prompt("Which one", default=1, type=int, err=True)
    return found[number - 1]


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.opml", help="An OPML file of subscriptions.")],
    config: Config = None,
) -> None:
    """Append the subscriptions of an OPML file to feeds.yaml; those that stand there already are left out.

    Example: aggregator import subscriptions.opml
    """
    from aggregator.config.edit import add_slugs, append_feeds

    path = common.config_path(context, config)
    settings = common.settings(context, config)
    listed = _listed(file, settings)
    known = _addresses(settings.sources)
    fresh = [each for each in listed.feeds if each.feed not in known]
    if fresh:
        common.save(path, add_slugs(append_feeds(common.read_text(path), fresh), _slugs(listed, fresh)))
    for note in listed.notes:
        typer.echo(note, err=True)
    known_before = len(listed.feeds) - len(fresh)
    there = f"{known_before} {'was' if known_before == 1 else 'were'} there already"
    typer.echo(f"{text.counted(len(fresh), 'feed')} added to {path}, {there}")


def _listed(file: Path, settings: Settings) -> Listed:
    from aggregator.config.opml import read_opml

    try:
        return read_opml(file.read_bytes(), [source.category for source in settings.sources], settings.categories)
    except OSError as exc:
        raise ConfigError(f"{file} cannot be read: {exc.strerror}") from exc
    except ConfigError as exc:
        raise ConfigError(f"{file}: {exc}") from exc


def _slugs(listed: Listed, fresh: Sequence[Subscription]) -> dict[str, str]:
    names = {name for feed in fresh for name in feed.category}
    return {name: slug for name, slug in listed.slugs.items() if name in names}


def export(context: typer.Context, config: Config = None) -> None:
    """Print the subscriptions as OPML.

    Example: aggregator export > subscriptions.opml
    """
    from aggregator.app import opened

    with opened(common.settings(context, config), common.clock()) as app:
        typer.echo(app.opml().body, nl=False)


def schema() -> None:
    """Print the JSON Schema of feeds.yaml, for editors.

    Example: aggregator schema > feeds.schema.json
    """
    from aggregator.config import schema as made

    common.print_json(made())
