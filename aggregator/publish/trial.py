"""Pages made on trial, with every part that a page can have: what is wrong with a template shows before it is used."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from aggregator.errors import OutputError
from aggregator.models import (
    Archive,
    Attribution,
    Copy,
    FeedInfo,
    Level,
    OutputFeed,
    Person,
    Post,
    Publication,
    Site,
    Subscription,
)
from aggregator.publish import html, theme

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_ADDRESS = "https://site.invalid/"
_CATEGORY = ("Trial",)
_LEVELS = (Level(name="Trial", slug="trial"),)


def render(templates: Path) -> None:
    """Render pages with ``templates``, full and empty ones; raises OutputError, which names file and line.

    So does a file that is none of ours and that no template includes: its name is misspelt.
    """
    whole = OutputFeed(id="tag:site.invalid,2026:site", title="Trial", levels=(), limit=1)
    category = OutputFeed(id="tag:site.invalid,2026:trial", title="Trial", levels=_LEVELS, limit=1, older_page=1)
    publication = Publication(
        site=Site(title="Trial", url=_ADDRESS, author="Trial", language="en"),
        formats=("atom", "rss", "json", "html"),
        feeds=(whole, category),
        authority="site.invalid",
        created=_NOW,
        templates=templates,
    )
    for feed in (whole, category):
        for posts in ([_post()], []):
            html.document(publication, feed, html.entries(publication, posts))
            place = Archive(number=2, previous=1, following=3)
            html.archive(publication, feed, place, html.listed(publication, posts))
    for subscriptions in ([_subscription(newest=_NOW, gone=True), _subscription(enabled=False)], []):
        html.sources(publication, subscriptions)
    for name in theme.unused(templates):
        known = ", ".join(sorted(theme.NAMES))
        raise OutputError(f"{templates / name}: no page is made of it; the names of templates are {known}")


def _subscription(*, newest: datetime | None = None, gone: bool = False, enabled: bool = True) -> Subscription:
    return Subscription(
        title="Trial", feed=_ADDRESS, url=_ADDRESS, category=_CATEGORY, newest=newest, gone=gone, enabled=enabled
    )


def _post() -> Post:
    source = Attribution(source_id="trial", title="Trial", url=_ADDRESS, feed=_ADDRESS, link=_ADDRESS, author="Trial")
    copy = Copy(
        source_id="trial",
        key="trial",
        guid=None,
        link=_ADDRESS,
        title="Trial",
        content="<p>Trial</p>",
        summary="",
        published=_NOW,
        updated=_NOW,
        first_seen=_NOW,
        feed=FeedInfo(),
        authors=(Person(name="Trial"),),
        image=_ADDRESS,
        language="ar",
    )
    return Post(
        id="tag:site.invalid,2026:post",
        name="trial",
        copy=copy,
        category=_CATEGORY,
        source=source,
        also_in=(source,),
        via=source,
    )
