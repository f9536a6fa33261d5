"""Commands that look into a decision, and correct it: explain, split, merge, retract."""

from __future__ import annotations

from typing import Annotated

import typer

from aggregator import text
from aggregator.cli import common
from aggregator.cli.common import Config, Json

Post = Annotated[
    str, typer.Argument(metavar="POST", help="The id of a post, its file, or the address, guid or number of an entry.")
]
What = Annotated[
    str, typer.Argument(metavar="WHAT", help="The id of a post, its file, or the address, guid or number of an entry.")
]


def explain(context: typer.Context, what: What, json: Json = False, config: Config = None) -> None:
    """Tell the whole story of an entry: seen where and when, under which names, and what was decided, and why.

    Example: aggregator explain https://example.org/2026/story
    """
    from aggregator.app import opened
    from aggregator.cli import stories

    with opened(common.settings(context, config), common.clock()) as app:
        found = app.explain(what)
    if json:
        common.print_json([stories.story_json(each) for each in found])
    else:
        stories.tell(found)


def split(
    context: typer.Context,
    post: Post,
    who: Annotated[
        str, typer.Argument(metavar="ENTRY", help="The source, or the number, guid or address, to take out.")
    ],
    json: Json = False,
    config: Config = None,
) -> None:
    """Take an entry out of a post that it does not belong to; it becomes a post of its own, for ever.

    Example: aggregator split https://example.org/2026/story lwn
    """
    from aggregator.app import opened
    from aggregator.cli import stories

    now = common.clock()
    with opened(common.settings(context, config), now) as app:
        ids, changes = app.split(post, who, now, common.holder("split"))
    stories.done(f"became {', '.join(ids)}", changes, json=json, posts=ids)


def merge(
    context: typer.Context,
    post: Post,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The post to join to it, named in the same ways.")],
    json: Json = False,
    config: Config = None,
) -> None:
    """Join two posts that tell one story: the first one's id stays, the other's is given up for ever.

    Example: aggregator merge https://example.org/2026/story https://mirror.example.com/story
    """
    from aggregator.app import opened
    from aggregator.cli import stories

    now = common.clock()
    with opened(common.settings(context, config), now) as app:
        changes = app.merge(post, other, now, common.holder("merge"))
    stories.done("joined", changes, json=json)


def retract(
    context: typer.Context,
    what: What,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why, for readers: it is published.")] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Take an entry out of every output and keep it from coming back, as its author wishes; it cannot be undone.

    Example: aggregator retract https://example.org/2026/story --reason "The author asked for it."
    """
    from aggregator.app import opened
    from aggregator.cli import stories

    now = common.clock()
    with opened(common.settings(context, config), now) as app:
        entries, changes = app.retract(what, reason, now, common.holder("retract"))
    stories.done(f"{text.counted(entries, 'entry')} retracted", changes, json=json, entries=entries)
