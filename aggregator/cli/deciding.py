"""Commands of the editor's decisions: held, release, reject."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator import text
from aggregator.cli import common
from aggregator.cli.common import Config, Json

if TYPE_CHECKING:
    from aggregator.app import App
    from aggregator.pipeline.target import Changes

Held = Annotated[
    list[str],
    typer.Argument(metavar="WHAT", help="Numbers, guids or addresses of entries, ids of sources, or 'all'."),
]


def held(context: typer.Context, json: Json = False, config: Config = None) -> None:
    """List the entries that are held: why, since when, and what to do.

    Example: aggregator held
    """
    from aggregator.app import opened
    from aggregator.cli import stories

    with opened(common.settings(context, config), common.clock()) as app:
        found = app.held()
    if json:
        common.print_json([stories.held_json(each) for each in found])
    else:
        stories.held(found)


def release(context: typer.Context, what: Held, json: Json = False, config: Config = None) -> None:
    """Let held entries in, and publish them; entries that were only archived, or rejected, too.

    Example: aggregator release e12 e13
    """
    from aggregator.app import App

    _decide(context, config, "release", "let in", what, App.release, json=json)


def reject(context: typer.Context, what: Held, json: Json = False, config: Config = None) -> None:
    """Turn held entries away: they stay known, and never come back.

    Example: aggregator reject spammer
    """
    from aggregator.app import App

    _decide(context, config, "reject", "turned away", what, App.reject, json=json)


def _decide(
    context: typer.Context,
    config: str | None,
    command: str,
    done: str,
    what: Sequence[str],
    decide: Callable[[App, Sequence[str], datetime, str], tuple[int, Changes]],
    *,
    json: bool,
) -> None:
    from aggregator.app import opened
    from aggregator.cli import stories

    now = common.clock()
    with opened(common.settings(context, config), now) as app:
        number, changes = decide(app, what, now, common.holder(command))
    stories.done(f"{text.counted(number, 'entry')} {done}", changes, json=json, entries=number)
