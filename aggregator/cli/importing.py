"""The command that reads posts back: import-posts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aggregator import text
from aggregator.cli import common
from aggregator.cli.common import Config, Json


def import_posts(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of front-matter posts.")],
    json: Json = False,
    config: Config = None,
) -> None:
    """Read front-matter posts back into the database, and publish them; those that it has already stay as they are.

    Sources that feeds.yaml lacks are appended to it, not enabled. Files that are no posts are listed, and left out.

    Example: aggregator import-posts backup/posts
    """
    from aggregator.app import opened, survey_posts
    from aggregator.cli import stories
    from aggregator.config.edit import append_feeds

    now = common.clock()
    path = common.config_path(context, config)
    settings = common.settings(context, config)
    survey = survey_posts(settings, folder)
    lines = survey.lines
    if lines:
        settings = common.save(path, append_feeds(common.read_text(path), lines))
    with opened(settings, now) as app:
        found, changes = app.import_posts(survey, now, common.holder("import-posts"))
    if json:
        common.print_json(
            {
                "new": found.new,
                "known": found.known,
                "kept_out": found.kept_out,
                "unread": [{"file": name, "reason": reason} for name, reason in found.unread],
                "feeds": [line.feed for line in lines],
                "written": changes.written,
                "removed": changes.removed,
            }
        )
        return
    for name, reason in found.unread:
        typer.echo(f"left out {name}: {reason}")
    for line in lines:
        typer.echo(f"added to {path}, not enabled: {line.feed}")
    told = f"{text.counted(found.new, 'post')} new, {found.known} known already, {found.kept_out} retracted before"
    typer.echo(f"{told}, {text.counted(len(found.unread), 'file')} left out; {stories.files(changes)}")
