"""Who a story is credited to, and the visible line above one of several sources.

Readers of feeds hide what only ``source`` says.
"""

from __future__ import annotations

import html
from collections.abc import Iterable

from msgspec.structs import replace

from aggregator import urls
from aggregator.models import Attribution, Copy, FeedInfo, Person, Post

#: What stands between names, by language; a comma elsewhere.
_BETWEEN = {"zh": "、", "ja": "、"}


def sources(copy: Copy, title: str | None) -> tuple[Attribution, Attribution | None]:
    """Return the source that ``copy`` is credited to, and the one that it was pulled from, where it names another.

    ``title`` is what feeds.yaml calls the one that it was pulled from.
    """
    pulled = carrier(copy.source_id, title, copy.via or copy.feed, copy.link, copy.authors)
    if copy.via is None:
        return pulled, None
    claim = copy.feed
    named = claim.title or claim.link or claim.url or "Unknown source"
    return replace(pulled, title=named, url=claim.link, feed=claim.url), pulled


def carrier(
    source_id: str, title: str | None, feed: FeedInfo, link: str | None, authors: Iterable[Person]
) -> Attribution:
    """Return the source that carries a story at ``link``, called as feeds.yaml does, else as its ``feed`` does."""
    return Attribution(
        source_id=source_id,
        title=title or feed.title or source_id,
        url=feed.link,
        feed=feed.url,
        link=link,
        author=", ".join(person.name for person in authors) or None,
    )


def shown(post: Post, template: str | None, language: str | None) -> Post:
    """Return ``post`` with a line on its sources above its body, where several carried it and ``template`` gives one.

    ``{first}`` in it is the source that the post is credited to, ``{also}`` the others, with links; ``language`` tells
    what stands between their names.
    """
    if not template or not post.also_in:
        return post
    between = _BETWEEN.get((language or "").partition("-")[0].lower(), ", ")
    names = {"first": _linked([post.source], between), "also": _linked(post.also_in, between)}
    line = html.escape(template, quote=False)
    for name, value in names.items():
        line = line.replace(f"{{{name}}}", value)
    copy = post.copy
    above = f"<p>{line}</p>\n{copy.content or copy.summary}"
    is_brief = bool(copy.summary and not copy.content)
    return replace(post, copy=replace(copy, summary=above) if is_brief else replace(copy, content=above))


def _linked(sources: Iterable[Attribution], between: str) -> str:
    return between.join(dict.fromkeys(map(_link, sources)))


def _link(source: Attribution) -> str:
    name = html.escape(source.title, quote=False)
    href = urls.absolute(source.link) or urls.absolute(source.url) or urls.absolute(source.feed)
    return f'<a href="{html.escape(href)}">{name}</a>' if href else name
