"""Values that renderers are given: a full one and a bare one of each kind, and the small site of the golden files."""

from __future__ import annotations

from calendar import timegm
from datetime import UTC, datetime
from time import struct_time
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from aggregator.models import (
    Attribution,
    Copy,
    FeedInfo,
    Level,
    Link,
    OutputFeed,
    Person,
    Post,
    Publication,
    Site,
    Subscription,
    Tag,
)

CREATED = datetime(2024, 1, 1, tzinfo=UTC)
PUBLISHED = datetime(2024, 3, 5, 8, 30, tzinfo=UTC)
UPDATED = datetime(2024, 3, 6, 9, 0, 5, 250_000, tzinfo=UTC)

SITE = Site(title="Planet Example", url="https://planet.example.org/", author="The editors", language="en")
NEWS = Level(name="News", slug="news")
NEW_MEDIA = Level(name="新媒体", slug="new-media")
QUTOUTIAO = Level(name="趣头条", slug="趣头条")


def output_feed(*levels: Level, limit: int = 50) -> OutputFeed:
    """Return the feed of a category path; without levels, that of the whole site."""
    slugs = "/".join(level.slug for level in levels)
    title = levels[-1].name if levels else SITE.title
    return OutputFeed(id=f"tag:planet.example.org,2024:feed:{slugs}", title=title, levels=levels, limit=limit)


WHOLE = output_feed()
PUBLICATION = Publication(
    site=SITE,
    formats=("atom", "rss", "json", "html"),
    feeds=(WHOLE, output_feed(NEWS), output_feed(NEW_MEDIA), output_feed(NEW_MEDIA, QUTOUTIAO)),
    authority="planet.example.org",
    created=CREATED,
)


def full_feed() -> FeedInfo:
    """Return a feed that says all it can of itself."""
    return FeedInfo(
        id="https://news.example.com/feed-id",
        title="Example News: all of it",
        url="https://news.example.com/feed.xml",
        link="https://news.example.com/",
        updated=datetime(2024, 3, 6, 10, 0, tzinfo=UTC),
        authors=(Person(name="Newsroom", uri="https://news.example.com/about", email="desk@news.example.com"),),
        rights="© 2024 Example News",
        language="en-GB",
    )


def full_copy() -> Copy:
    """Return a copy that has a value in every field but ``via``."""
    return Copy(
        source_id="news",
        key="n-1",
        guid="https://news.example.com/id/1",
        link="https://news.example.com/2024/harbour?ref=a&b=c",
        title="Harbour & bridge: “reopened”",
        content='<p>The harbour <a href="https://news.example.com/map">reopened</a>.</p>\n<p>Ships &amp; all.</p>',
        summary="<p>The harbour is <b>open</b> again.</p>",
        published=PUBLISHED,
        updated=UPDATED,
        first_seen=PUBLISHED,
        feed=full_feed(),
        links=(
            Link(href="https://cdn.example.com/1.mp3", rel="enclosure", type="audio/mpeg", length=1234, title="Audio"),
            Link(href="https://cdn.example.com/1.mp4", rel="enclosure", type="video/mp4"),
            Link(href="https://news.example.com/2024/hafen", type="text/html", hreflang="de", title="Auf Deutsch"),
            Link(href="https://news.example.com/2024/hafen-2", type="text/html", hreflang="de"),
            Link(href="https://news.example.com/2024/harbour#comments", rel="replies", type="text/html"),
            Link(href="https://creativecommons.org/licenses/by/4.0/", rel="license"),
        ),
        authors=(Person(name="Ada Byron", uri="https://ada.example.com/", email="ada@example.com"), Person(name="Bo")),
        contributors=(Person(name="Cy"),),
        tags=(Tag(term="sea", label="At sea"), Tag(term="port", scheme="https://news.example.com/topics")),
        image="https://cdn.example.com/1.jpg",
        rights="© 2024 Ada Byron",
        language="en-GB",
    )


def full_post() -> Post:
    """Return a post whose source gave all that a source can give."""
    return Post(
        id="https://news.example.com/id/1",
        name="harbour-bridge-reopened",
        copy=full_copy(),
        category=("News",),
        source=Attribution(
            source_id="news",
            title="Example News",
            url="https://news.example.com/",
            feed="https://news.example.com/feed.xml",
            link="https://news.example.com/2024/harbour?ref=a&b=c",
            author="Ada Byron",
        ),
    )


def bare_copy() -> Copy:
    """Return a copy of an entry that has a title and nothing else."""
    return Copy(
        source_id="bare",
        key="b-1",
        guid=None,
        link=None,
        title="A title",
        content="",
        summary="",
        published=CREATED,
        updated=CREATED,
        first_seen=CREATED,
        feed=FeedInfo(),
    )


def bare_post() -> Post:
    """Return a post that is as empty as a post can be."""
    source = Attribution(source_id="bare", title="Bare source", url=None, feed=None, link=None, author=None)
    return Post(
        id="tag:planet.example.org,2024:post:bare", name="a-title", copy=bare_copy(), category=("News",), source=source
    )


def full(**changes: Any) -> Post:
    """Return ``full_post`` with ``changes`` in its copy."""
    return replace(full_post(), copy=replace(full_copy(), **changes))


def bare(**changes: Any) -> Post:
    """Return ``bare_post`` with ``changes`` in its copy."""
    return replace(bare_post(), copy=replace(bare_copy(), **changes))


def moment(parsed: struct_time) -> datetime:
    """Return a time as feedparser gives it, in UTC."""
    return datetime.fromtimestamp(timegm(parsed), UTC)


def chinese_post() -> Post:
    """Return a post that claims a source of its own, and that two other sources carried."""
    moment = datetime(2024, 3, 4, 2, 37, 40, tzinfo=UTC)
    copy = Copy(
        source_id="qutoutiao",
        key="q-1",
        guid="q-1",
        link="https://html2.example.cn/detail/1.html",
        title="解决小区改造三大难题，株洲摸索出了成功经验",
        content="<p>拥有舒适、便捷、优美的小区生活环境，是每个居民的向往。</p>",
        summary="",
        published=moment,
        updated=moment,
        first_seen=moment,
        feed=FeedInfo(title="株洲日报", url="https://zhuzhou.example.cn/rss", link="https://zhuzhou.example.cn/"),
        via=FeedInfo(title="趣头条 - 分类", url="https://rsshub.example/qutoutiao/category/1"),
        language="zh_CN",
    )
    link = copy.link
    return Post(
        id="tag:planet.example.org,2024:post:q-1",
        name="解决小区改造三大难题",
        copy=copy,
        category=("新媒体", "趣头条"),
        source=_carrier("qutoutiao", "株洲日报", "https://zhuzhou.example.cn/", link),
        also_in=(
            _carrier("evening", "晚报 & more", "https://evening.example.cn/", "https://evening.example.cn/1"),
            _carrier("copycat", "Copycat", "https://copycat.example.com/", "https://copycat.example.com/q"),
        ),
        via=Attribution(
            source_id="qutoutiao",
            title="趣头条",
            url="https://qutoutiao.example.cn/",
            feed="https://rsshub.example/qutoutiao/category/1",
            link=link,
            author=None,
        ),
    )


def _carrier(source_id: str, title: str, url: str, link: str | None) -> Attribution:
    return Attribution(source_id=source_id, title=title, url=url, feed=f"{url}rss", link=link, author=None)


#: Newest first, as renderers are given them.
POSTS = (full_post(), chinese_post(), bare_post())

SUBSCRIPTIONS = (
    Subscription(
        title="Example News",
        feed="https://news.example.com/feed.xml?a=1&b=2",
        url="https://news.example.com/",
        category=("News",),
    ),
    Subscription(
        title="趣头条", feed="https://rsshub.example/qutoutiao/category/1", url=None, category=("新媒体", "趣头条")
    ),
    Subscription(title="More “news”", feed="https://more.example.com/atom", url=None, category=("News",)),
    Subscription(title="Loose", feed="https://loose.example.com/rss", url="https://loose.example.com/", category=()),
)

_NASTY = (
    "",
    " ",
    "\x00\x0b\x85\ufffe\ud800\U0001ffff",
    "\u202eabc\u2028",
    "</script><script>alert(1)</script>",
    "]]>&lt;!--",
    "'\"><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "https://example.com/a b?<c>&d='e'",
    "http://[::1",
)


def _anything() -> tuple[st.SearchStrategy[Publication], st.SearchStrategy[Post]]:
    words = st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(_NASTY)
    maybe = st.none() | words
    # A post's own times were believed once; a feed may say anything of itself.
    times = st.datetimes(datetime(1970, 1, 2), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # bounds
    wild = st.datetimes(timezones=st.just(UTC))
    people = st.lists(st.builds(Person, name=words, uri=maybe, email=maybe), max_size=2).map(tuple)
    feeds = st.builds(
        FeedInfo,
        id=maybe,
        title=maybe,
        url=maybe,
        link=maybe,
        updated=st.none() | wild,
        authors=people,
        rights=maybe,
        language=maybe,
    )
    lengths = st.none() | st.integers(0, 2**48)
    links = st.builds(Link, href=words, rel=words, type=maybe, title=maybe, hreflang=maybe, length=lengths)
    known = st.sampled_from(("alternate", "enclosure", "related", "replies"))
    usual = st.builds(Link, href=st.just("https://example.com/"), rel=known, type=maybe, title=maybe, hreflang=maybe)
    copies = st.builds(
        Copy,
        source_id=words,
        key=words,
        guid=maybe,
        link=maybe | st.just("https://example.com/story"),
        title=words,
        content=words,
        summary=words,
        published=times,
        updated=times,
        first_seen=times,
        feed=feeds,
        via=st.none() | feeds,
        links=st.lists(links | usual, max_size=3).map(tuple),
        authors=people,
        contributors=people,
        tags=st.lists(st.builds(Tag, term=words, scheme=maybe, label=maybe), max_size=2).map(tuple),
        image=maybe,
        rights=maybe,
        language=maybe,
    )
    sources = st.builds(Attribution, source_id=words, title=words, url=maybe, feed=maybe, link=maybe, author=maybe)
    posts = st.builds(
        Post,
        id=st.uuids().map(lambda unique: f"urn:uuid:{unique}"),
        name=words,
        copy=copies,
        category=st.lists(words, max_size=3).map(tuple),
        source=sources,
        also_in=st.lists(sources, max_size=2).map(tuple),
        via=st.none() | sources,
    )
    sites = st.builds(Site, title=words, url=st.just(SITE.url), author=maybe, language=maybe)
    names = st.lists(st.sampled_from(PUBLICATION.formats), unique=True).map(tuple)
    ours = {name: st.just(getattr(PUBLICATION, name)) for name in ("feeds", "authority", "created")}
    publications = st.builds(Publication, site=sites, formats=names, **ours)
    return publications, posts


#: Values with any text in every field; only ids, which are ours, are what they ought to be.
ANY_PUBLICATION, ANY_POST = _anything()
