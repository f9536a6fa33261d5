"""Post → the text of a front-matter post, as a static site generator takes it: Hexo, Hugo or Jekyll.

Every value is written as a JSON string: YAML 1.2 reads those back unchanged whatever they hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from aggregator import text
from aggregator.models import Attribution, Post
from aggregator.text import quoted
from aggregator.times import rfc822, rfc3339

# What would not reach the reader as it stands.  Every branch begins with a character of its own: that is what
# makes the search fast.
# - Hexo hands every post to Nunjucks: an article's own braces must not be read as template tags.
# - Hexo puts U+FFFC into the marks that stand for what it set aside, and stops at a mark that it did not set.
# - Hexo cuts fenced code out of the text before any HTML is looked at, and the text at a comment "more".
# - Markdown of Hexo 7 (marked 4) makes four blanks of a tab at the beginning of a line, in <pre> too.
# - A blank line would end the HTML block (CommonMark 0.31, section 4.6) and hand the rest to Markdown; a
#   reference to the line break means the same to a browser, in <pre> too.
_MEANT_FOR_OTHERS = re.compile(r"\{|\}|\ufffc|```+|~~~+|<(?=!--)|\r|\t|\n(?= *\n)")
# Other programs may have put a byte order mark or a blank line before it, and other line ends.
_ID = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*---\r?\n(?:(?!---\s).*\n)*?id: (.+?)\r?\n")
_DAY = re.compile(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}-")
_PLACEHOLDER = "https://picsum.photos/400/300?random={number}"
_PLACEHOLDERS = 10_000


class Style(Struct, frozen=True, kw_only=True):
    """What a static site generator asks of a post's file.

    ``suffix`` ends its name; with ``dated``, the day comes first.  ``date`` writes the moment of publication,
    ``updated`` names the field of the last change.
    """

    suffix: str
    dated: bool
    date: Callable[[datetime], str]
    updated: str


def render(post: Post, *, comments: bool = False, style: Style | None = None) -> str:
    """Return the file's text: the seven fields of the model, those of the attribution, and the body.

    ``style`` is Hexo's unless another is given.  Half a surrogate pair, which no UTF-8 file can hold, becomes a
    question mark.
    """
    file = "\n".join(["---", *_fields(post, comments, style or STYLES["hexo"]), "---", "", body(post), ""])
    return file.encode("utf-8", "replace").decode()


def file_name(name: str, published: datetime, style: Style) -> str:
    """Return the name of the file of the post called ``name``."""
    day = f"{published.astimezone(UTC):%Y-%m-%d}-" if style.dated else ""
    return f"{day}{name}{style.suffix}"


def names_in(file: str) -> tuple[str, ...]:
    """Return what the post may be called whose file is named ``file``, in any style."""
    stem = file
    for suffix in {style.suffix for style in STYLES.values()}:
        stem = stem.removesuffix(suffix)
    return tuple(dict.fromkeys((stem, _DAY.sub("", stem))))


def id_in(file: bytes) -> bytes | None:
    """Return the id in the front matter of ``file``, as ``text.quoted`` wrote it; None where there is none."""
    found = _ID.match(file)
    return found and found[1]


def body(post: Post) -> str:
    """Return the post's HTML so that neither a template engine nor Markdown finds anything to do in it."""
    block = f"<div>   \n{post.copy.content or post.copy.summary}  \n</div>"
    return _MEANT_FOR_OTHERS.sub(_references, block)


def _references(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(character)};" for character in found[0])


def picture(post: Post) -> str:
    """Return the address of the post's picture; for one that has none, a placeholder that follows from its id."""
    if post.copy.image:
        return post.copy.image
    return _PLACEHOLDER.format(number=int(text.digest(post.id)[:8], 16) % _PLACEHOLDERS)


def author(post: Post) -> str:
    """Return who wrote it: the entry's authors, else the feed's, else the source's title."""
    people = post.copy.authors or post.copy.feed.authors
    return ", ".join(person.name for person in people) or post.source.title


def _fields(post: Post, comments: bool, style: Style) -> Iterator[str]:
    headimg = quoted(picture(post))
    yield f"title: {quoted(post.copy.title)}"
    yield from _list("categories", post.category)
    yield f"headimg: {headimg}"
    yield f"author: {quoted(author(post))}"
    yield f"comments: {'true' if comments else 'false'}"
    yield f"date: {style.date(post.published)}"
    yield f"thumbnail: {headimg}"
    if post.copy.link:
        yield f"link: {quoted(post.copy.link)}"
    yield f"id: {quoted(post.id)}"
    updated = rfc3339(post.updated)
    if post.updated != post.published and updated != rfc3339(post.published):
        # Quoted: Hexo takes the clock of an unquoted time for its machine's local time.
        yield f"{style.updated}: {quoted(updated)}"
    yield from _list("tags", tuple(dict.fromkeys(tag.label or tag.term for tag in post.copy.tags)))
    yield "source:"
    yield from (f"  {line}" for line in _attribution(post.source))
    if post.also_in:
        yield "also_in:"
    for also in post.also_in:
        first, *rest = (*_attribution(also), *_link(also))
        yield f"  - {first}"
        yield from (f"    {line}" for line in rest)
    if post.via:
        yield "via:"
        yield from (f"  {line}" for line in _attribution(post.via))


def _list(name: str, values: tuple[str, ...]) -> Iterator[str]:
    yield f"{name}:" if values else f"{name}: []"
    yield from (f"  - {quoted(value)}" for value in values)


def _attribution(source: Attribution) -> Iterator[str]:
    yield f"title: {quoted(source.title)}"
    for name, value in (("url", source.url), ("feed", source.feed), ("author", source.author)):
        if value:
            yield f"{name}: {quoted(value)}"


def _link(source: Attribution) -> Iterator[str]:
    if source.link:
        yield f"link: {quoted(source.link)}"


def _jekyll(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} +0000"


#: What ``output.style`` of feeds.yaml may name.  A body in a file of HTML is left alone by Hugo, whose Markdown takes
#: no HTML unless it is told to, and by Jekyll but for Liquid.
STYLES: Mapping[str, Style] = {
    "hexo": Style(suffix=".md", dated=False, date=rfc822, updated="updated"),
    "hugo": Style(suffix=".html", dated=False, date=rfc3339, updated="lastmod"),
    "jekyll": Style(suffix=".html", dated=True, date=_jekyll, updated="last_modified_at"),
}
