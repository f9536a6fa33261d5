"""A page for people: no scripts, nothing loaded from elsewhere but the posts' pictures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aggregator import PROJECT_URL, __version__, urls
from aggregator.frontmatter import rfc3339
from aggregator.models import Attribution, Document, OutputFeed, Post, Publication
from aggregator.publish import addresses, facts, safe
from aggregator.publish.addresses import HTML, OPML

if TYPE_CHECKING:
    from jinja2 import Template

#: Languages written from right to left, of those that have news (ISO 639-1 and -3).
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})


@safe.tolerant
def render(publication: Publication, feed: OutputFeed, posts: Sequence[Post]) -> Iterator[Document]:
    """Yield ``index.html`` of ``feed``, its posts in the order of ``posts``."""
    language = safe.language(publication.site.language) or "en"
    direction = _direction(language)
    style = _style()
    pages = {each.category: _link(feed, each) for each in publication.feeds}
    page = _template().render(
        site=publication.site,
        feed=feed,
        language=language,
        direction=direction,
        address=addresses.address(publication.site, feed, HTML),
        style=style,
        style_hash=b64encode(sha256(style.encode()).digest()).decode(),
        trail=[_link(feed, each) for each in publication.feeds if _is_above(each, feed)],
        below=[_link(feed, each) for each in publication.feeds if each.levels and each.levels[:-1] == feed.levels],
        kinds=[kind for kind in addresses.made(publication) if kind is not HTML],
        opml=_root(feed) + OPML.file,
        updated=_time(rfc3339(facts.updated(publication, posts))),
        posts=[_post(pages, feed, direction, post) for post in posts],
        generator={"name": "aggregator", "version": __version__, "url": PROJECT_URL},
    )
    yield Document(path=feed.folder + HTML.file, body=page.encode())


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # 38 ms, and most runs publish nothing

    environment = Environment(
        loader=PackageLoader("aggregator.publish"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("index.html.j2")


@cache
def _style() -> str:
    return Path(__file__).with_name("templates").joinpath("style.css").read_text("utf-8")


def _direction(language: str | None, default: str = "ltr") -> str:
    if language is None:
        return default
    return "rtl" if language.split("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def _is_above(other: OutputFeed, feed: OutputFeed) -> bool:
    return len(other.levels) < len(feed.levels) and feed.levels[: len(other.levels)] == other.levels


def _root(feed: OutputFeed) -> str:
    # Relative, so that pages work from a disk and under another address just as well.
    return "../" * len(feed.levels)


def _link(here: OutputFeed, feed: OutputFeed) -> dict[str, str]:
    name = feed.levels[-1].name if feed.levels else feed.title
    return {"name": name, "href": _root(here) + urls.path(feed.folder) + HTML.file}


def _post(
    pages: Mapping[tuple[str, ...], dict[str, str]], here: OutputFeed, direction: str, post: Post
) -> dict[str, Any]:
    copy, category = post.copy, post.category
    language = safe.language(copy.language)
    deeper = (category[:depth] for depth in range(len(here.levels) + 1, len(category) + 1))
    return {
        "title": facts.title(post),
        "href": safe.web(copy.link),
        "language": language,
        "direction": _direction(language, direction),
        "source": _home(post.source),
        "via": post.via and _home(post.via),
        "authors": [person.name for person in facts.named(copy.authors)],
        "time": _time(rfc3339(post.published)),
        "image": safe.web(copy.image),
        "excerpt": facts.lead(copy),
        "also_in": [{"name": source.title, "href": facts.place(source)} for source in post.also_in],
        "categories": [pages.get(path, {"name": path[-1], "href": ""}) for path in deeper],
    }


def _home(source: Attribution) -> dict[str, str | None]:
    return {"name": source.title, "href": safe.web(source.url) or safe.web(source.feed)}


def _time(stamp: str) -> dict[str, str]:
    # ISO 8601 reads the same in every language.
    return {"stamp": stamp, "words": f"{stamp[:10]} {stamp[11:16]}"}
