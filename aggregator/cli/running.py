"""Commands that do the work: run, publish, prune, demo."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from aggregator import text
from aggregator.cli import common
from aggregator.cli.common import Config, Json

#: A run waits so long at most until a domain may be asked again; the service comes back sooner by itself.
_PATIENCE = timedelta(minutes=10)


def run(
    context: typer.Context,
    source: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Ids of the sources to pull; none: all.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Pull sources that are not due, too.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Leave with 1 when a source failed.")] = False,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="The clock of the run (RFC 3339), for tests and replays.")
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """One cycle: pull every source that is due, store, publish what changed, print a summary.

    Example: aggregator run --force lwn xkcd
    """
    now = common.moment(at)
    settings = common.settings(context, config)
    only = common.chosen(source or (), [each.id for each in settings.sources])
    for each in settings.sources:
        if each.id in (source or ()) and not each.enabled:
            typer.echo(f"aggregator: {each.id} is not pulled: 'enabled' is false in feeds.yaml", err=True)
    from aggregator.app import opened
    from aggregator.cli import show
    from aggregator.pipeline.cycle import Orders

    with common.stoppable() as stop, opened(settings, now) as app, show.progress() as progress:
        orders = Orders(
            now=now,
            only=only,
            force=force,
            patience=_PATIENCE,
            stop=stop.event,
            begun=progress.begin,
            done=progress.step,
        )
        summary = app.cycle(orders, common.holder("run"))
        progress.close()
        if json:
            common.print_json(show.summary_json(summary))
        else:
            show.summary(summary, settings)
    if strict and summary.failures:
        raise typer.Exit(1)


def publish(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Only say what would change.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Render every output again from the database; only what differs is written.

    Example: aggregator publish --check
    """
    from aggregator.app import opened
    from aggregator.cli import show

    holder = common.holder("publish")
    with opened(common.settings(context, config), common.clock()) as app:
        changes = app.preview(holder) if check else app.publish(holder)
    if json:
        common.print_json({"written": changes.written, "removed": changes.removed})
    else:
        show.changes(changes, would=check)


def prune(context: typer.Context, json: Json = False, config: Config = None) -> None:
    """Apply the retention rules of feeds.yaml, then publish what is left.

    Example: aggregator prune
    """
    from aggregator.app import opened
    from aggregator.cli import stories

    now = common.clock()
    settings = common.settings(context, config)
    with opened(settings, now) as app:
        pruned, changes = app.prune(now, common.holder("prune"))
    if json:
        common.print_json({"pruned": pruned, "written": changes.written, "removed": changes.removed})
        return
    if not settings.retention.max_age and not settings.retention.max_posts:
        typer.echo("'retention' in feeds.yaml keeps everything; nothing was pruned")
        return
    typer.echo(f"{text.counted(pruned, 'post')} pruned, {stories.files(changes)}")


def demo(
    output: Annotated[Path, typer.Option(metavar="DIR", help="Where the outputs go.")] = Path("demo-output"),
    serve: Annotated[bool, typer.Option("--serve", help="Go on serving the pages until Ctrl-C.")] = False,
) -> None:
    """Run the whole job over feeds shipped in the package, served by a server of its own on loopback.

    Example: aggregator demo --output /tmp/demo
    """
    from aggregator import demo as shipped
    from aggregator.app import opened
    from aggregator.cli import show
    from aggregator.pipeline.cycle import Orders

    now = common.clock()
    with common.stoppable() as stop, shipped.feeds(output, os.environ) as settings:
        with opened(settings, now) as app, show.progress() as progress:
            orders = Orders(now=now, force=True, stop=stop.event, begun=progress.begin, done=progress.step)
            summary = app.cycle(orders, common.holder("demo"))
        show.summary(summary, settings)
        show.what_to_open(settings)
        if serve and not stop.event.is_set():
            with shipped.serving(settings.output.path) as address:
                show.line(f"serving {address}/ until Ctrl-C")
                stop.event.wait()
