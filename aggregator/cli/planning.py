"""The command that tells what would change, before anything is written: plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from aggregator import text
from aggregator.cli import common
from aggregator.cli.common import Config, Json

if TYPE_CHECKING:
    from aggregator.pipeline.plan import FeedPlan, Line, Plan

#: Titles shown of each kind in a feed.
_SHOWN = 10


def plan(context: typer.Context, json: Json = False, config: Config = None) -> None:
    """Tell what would appear in each feed and vanish from it, by feeds.yaml as it is now; nothing is written.

    Example: aggregator plan
    """
    from aggregator.app import existing

    with existing(common.settings(context, config), common.clock()) as app:
        found = app.plan()
    if json:
        common.print_json(_json(found))
    else:
        _print(found)


def _print(found: Plan) -> None:
    from aggregator.cli.show import plain

    out = common.console()
    for word, names in (("not pulled yet", found.added), ("to leave", found.removed)):
        if names:
            out.print(f"sources {word}: {', '.join(map(plain, names))}")
    changed = [each for each in found.feeds if each.changes]
    for feed in changed:
        out.print(f"[bold]{plain(feed.path)}[/bold]: {_sum(feed)}")
        for sign, lines in (("+", feed.appear), ("-", feed.vanish)):
            _print_lines(sign, lines)
    if not changed:
        out.print("no feed would change")


def _print_lines(sign: str, lines: Sequence[Line]) -> None:
    from aggregator.cli.show import plain

    out = common.console()
    for line in lines[:_SHOWN]:
        out.print(f"  {sign} {plain(line.title)}")
    if len(lines) > _SHOWN:
        out.print(f"  {sign} … and {len(lines) - _SHOWN} more; --json shows all")


def _sum(feed: FeedPlan) -> str:
    if feed.after is None:
        return f"the feed would vanish, with its {text.counted(feed.before or 0, 'entry')}"
    if feed.before is None:
        return f"a new feed, with {text.counted(feed.after, 'entry')}"
    counts = ((len(feed.appear), "appear"), (len(feed.vanish), "vanish"), (len(feed.older), "make room"))
    told = ", ".join(f"{count} {word}" for count, word in counts if count)
    return f"{text.counted(feed.before, 'entry')}, then {feed.after}: {told}"


def _json(found: Plan) -> dict[str, Any]:
    return {
        "sources": {"added": list(found.added), "removed": list(found.removed)},
        "feeds": [_feed_json(feed) for feed in found.feeds if feed.changes],
    }


def _feed_json(feed: FeedPlan) -> dict[str, Any]:
    groups = (("appear", feed.appear), ("vanish", feed.vanish), ("make_room", feed.older))
    return {
        "feed": feed.path,
        "title": feed.title or None,
        "entries_before": feed.before,
        "entries_after": feed.after,
        **{name: [{"id": line.id, "title": line.title} for line in lines] for name, lines in groups},
    }
