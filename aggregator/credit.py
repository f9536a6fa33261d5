"""The visible line above a story of several sources: readers of feeds hide what only ``source`` says."""

from __future__ import annotations

import html
from collections.abc import Iterable

from msgspec.structs import replace

from aggregator import urls
from aggregator.models import Attribution, Post

#: What stands between names, by language; a comma elsewhere.
_BETWEEN = {"zh": "、", "ja": "、"}


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
