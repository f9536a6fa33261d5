"""A planet of feeds that is the same wherever and whenever it is made.

Of twenty feeds twelve are RSS 2.0 (blogs, full articles in one element, podcasts), six Atom, one RSS 1.0 and one JSON
Feed; each has 20 to 40 entries of about three kilobytes, one feed in five is Chinese, and one entry in twenty is the
story of another feed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from html import escape
from random import Random

from msgspec import Struct
from msgspec.structs import replace

#: The newest story of every feed is a little older than this.
NOW = datetime(2026, 11, 20, tzinfo=UTC)
#: So often a feed has a new story.
PACE = timedelta(hours=7)

_ENGLISH_WORDS = """
the a of and to in on with for from by at as is was are that which when where because although however network
kernel release version library feature change maintainer patch review memory process thread signal packet buffer
garden river mountain city window morning evening winter harvest market library museum letter story history reader
writer editor question answer reason result measure figure table chapter paragraph sentence language translation
quick slow careful quiet bright narrow open closed early late useful simple difficult common rare modern ancient
writes reads builds breaks repairs explains describes compares publishes collects remembers forgets discovers
"""
_CHINESE_WORDS = """
今天 我们 发布 新版本 内核 社区 维护者 认为 这个 改动 可以 提高 性能 并且 减少 内存 占用 读者 来信 城市 早晨
山谷 河流 图书馆 历史 语言 翻译 问题 答案 原因 结果 测量 表格 章节 简单 困难 常见 少见 现代 古代 写作 阅读 建造
"""
_ENGLISH, _CHINESE = _ENGLISH_WORDS.split(), _CHINESE_WORDS.split()
_BLOCKS = (
    '<p>{one} <a href="https://{host}/{word}?utm_source=feed&amp;id=7" title="{word}">{word}</a>, {two}</p>',
    "<p>{one}</p>\n<p>{two} <em>{word}</em> {one}</p>",
    "<h2>{word}</h2>\n<p>{one} — {two}</p>",
    '<p class="wp-block-paragraph" style="text-align:left">{one} <strong>{word}</strong> &amp; {two}</p>',
    '<figure class="wp-block-image"><img src="/images/{word}.jpg" alt="{one}" width="1024" height="683" loading="lazy"'
    ' srcset="/images/{word}-300.jpg 300w, /images/{word}.jpg 1024w" /><figcaption>{word}</figcaption></figure>',
    "<ul>\n<li>{one}</li>\n<li>{two}</li>\n<li><code>{word}()</code></li>\n</ul>",
    "<blockquote><p>“{one}”<br />{two}</p></blockquote>",
    "<pre><code>if {word} &lt; 3:\n    print(&quot;{word}&quot;)\n</code></pre>\n<p>{one}</p>",
)


class Story(Struct, frozen=True, kw_only=True):
    """An article: ``body`` is well-formed XHTML, ``feed`` the number of the feed that it was written for."""

    feed: int
    title: str
    link: str
    lead: str
    body: str
    author: str
    tags: tuple[str, ...]
    at: datetime


def document(number: int, feeds: int, *, edition: int = 0) -> tuple[str, bytes]:
    """Return the media type and the body of feed ``number`` of a planet of ``feeds``.

    With each ``edition`` it has one story more, one less at its end, and one more whose words are others.
    """
    random = Random(f"feed {number}")
    told = range(random.randrange(20, 41))
    stories = [_shared(random, number, feeds, each) for each in told]
    stories = [
        replace(each, body=f"{each.body}\n<p>Update: {each.lead}</p>") if 1 <= place <= edition else each
        for place, each in enumerate(stories)
    ]
    stories = [*(story(number, place) for place in range(-edition, 0)), *stories[: len(stories) - edition]]
    media_type, write = _KINDS[number % len(_KINDS)]
    return media_type, write(number, stories).encode()


def category(number: int) -> str:
    """Return where feed ``number`` stands in feeds.yaml: thirty categories below six."""
    return f"Part {number % 6}/Section {number % 30}"


@cache
def _pool(language: str) -> tuple[str, ...]:
    # Sentences are drawn from a pool: making each of them anew would take longer than what is measured.
    random = Random(language)
    words, glue = (_CHINESE, "") if language == "zh" else (_ENGLISH, " ")
    made = (glue.join(random.choices(words, k=random.randrange(8, 24))) for _ in range(2000))
    return tuple(f"{each}。" if language == "zh" else f"{each.capitalize()}." for each in made)


def story(number: int, place: int) -> Story:
    """Return the story at ``place`` of feed ``number``, 0 being the newest and -1 one newer still."""
    random = Random(f"story {number} {place}")
    pool, words = _pool(_language(number)), _CHINESE if _language(number) == "zh" else _ENGLISH
    host = _host(number)
    blocks = random.choices(_BLOCKS, k=random.randrange(3, 13 if _language(number) == "en" else 17))
    body = "\n".join(
        block.format(one=random.choice(pool), two=random.choice(pool), word=random.choice(words), host=host)
        for block in blocks
    )
    return Story(
        feed=number,
        title=random.choice(pool)[:60].rstrip(".。"),
        link=f"https://{host}/2026/{number}-{place + 1}-{random.choice(_ENGLISH)}",
        lead=random.choice(pool),
        body=body,
        author=f"{random.choice(_ENGLISH).capitalize()} {random.choice(_ENGLISH).capitalize()}",
        tags=tuple(random.sample(words, random.randrange(0, 5))),
        at=NOW - (place + 1) * PACE - timedelta(minutes=random.randrange(400)),
    )


def _shared(random: Random, number: int, feeds: int, place: int) -> Story:
    if random.random() >= 0.05 or feeds < 2:
        return story(number, place)
    other = (number + random.randrange(1, feeds)) % feeds
    return story(other, place)


def _language(number: int) -> str:
    return "zh" if number % 5 == 3 else "en"


def _host(number: int) -> str:
    return f"site{number}.example.org"


def _title(number: int) -> str:
    return f"站点 {number}" if _language(number) == "zh" else f"Site {number}: notes & news"


def _rss(number: int, stories: Sequence[Story]) -> str:
    make_item = (_blog_item, _blog_item, _full_item, _podcast_item)[number % 4]
    items = "\n".join(make_item(each) for each in stories)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:wfw="http://wellformedweb.org/CommentAPI/" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:atom="http://www.w3.org/2005/Atom" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"
  xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
  xmlns:media="http://search.yahoo.com/mrss/">
<channel>
<title>{escape(_title(number))}</title>
<atom:link href="https://{_host(number)}/feed/" rel="self" type="application/rss+xml" />
<link>https://{_host(number)}/</link>
<description>About {number}</description>
<lastBuildDate>{format_datetime(stories[0].at)}</lastBuildDate>
<language>{"zh-CN" if _language(number) == "zh" else "en-US"}</language>
<sy:updatePeriod>hourly</sy:updatePeriod>
<sy:updateFrequency>1</sy:updateFrequency>
<generator>https://wordpress.org/?v=6.4</generator>
<image><url>https://{_host(number)}/icon.png</url><title>{escape(_title(number))}</title>
<link>https://{_host(number)}/</link><width>32</width><height>32</height></image>
{items}
</channel>
</rss>
"""


def _blog_item(told: Story) -> str:
    return f"""<item>
<title>{escape(told.title)}</title>
<link>{told.link}</link>
<comments>{told.link}#comments</comments>
<dc:creator><![CDATA[{told.author}]]></dc:creator>
<pubDate>{format_datetime(told.at)}</pubDate>
{"".join(f"<category><![CDATA[{tag}]]></category>" for tag in told.tags)}
<guid isPermaLink="false">{told.link}?p={told.feed}</guid>
<description><![CDATA[<p>{told.lead} [&#8230;]</p>]]></description>
<content:encoded><![CDATA[{told.body}]]></content:encoded>
<wfw:commentRss>{told.link}/feed/</wfw:commentRss>
<slash:comments>{len(told.tags)}</slash:comments>
</item>"""


def _full_item(told: Story) -> str:
    return f"""<item>
<title>{escape(told.title)}</title>
<link>{told.link}</link>
<guid>{told.link}</guid>
<pubDate>{format_datetime(told.at)}</pubDate>
<author>mail@{_host(told.feed)} ({told.author})</author>
<description>{escape(told.body)}</description>
<media:thumbnail url="https://{_host(told.feed)}/images/thumb.jpg" width="72" height="72" />
</item>"""


def _podcast_item(told: Story) -> str:
    return f"""<item>
<title>{escape(told.title)}</title>
<link>{told.link}</link>
<guid isPermaLink="false">{told.link}</guid>
<pubDate>{format_datetime(told.at)}</pubDate>
<description><![CDATA[{told.body}]]></description>
<enclosure url="{told.link}.mp3" length="{len(told.body) * 9000}" type="audio/mpeg" />
<itunes:author>{told.author}</itunes:author>
<itunes:subtitle>{told.lead}</itunes:subtitle>
<itunes:duration>00:{len(told.tags) + 10}:00</itunes:duration>
<itunes:explicit>no</itunes:explicit>
<itunes:image href="https://{_host(told.feed)}/cover.jpg" />
</item>"""


def _atom(number: int, stories: Sequence[Story]) -> str:
    entries = "\n".join(_atom_entry(each, markup=number % 4 == 0) for each in stories)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{_language(number)}">
<title>{escape(_title(number))}</title>
<subtitle>About {number}</subtitle>
<link href="https://{_host(number)}/atom.xml" rel="self"/>
<link href="https://{_host(number)}/"/>
<updated>{stories[0].at.isoformat()}</updated>
<id>https://{_host(number)}/</id>
<author><name>Site {number}</name><uri>https://{_host(number)}/about</uri></author>
<generator uri="https://gohugo.io/" version="0.1">Hugo</generator>
{entries}
</feed>
"""


def _atom_entry(told: Story, *, markup: bool) -> str:
    content = (
        f'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{told.body}</div></content>'
        if markup
        else f'<content type="html">{escape(told.body)}</content>'
    )
    return f"""<entry>
<title type="html">{escape(escape(told.title))}</title>
<link href="{told.link}" rel="alternate" type="text/html"/>
<id>tag:{_host(told.feed)},2026:{told.link}</id>
<published>{told.at.isoformat()}</published>
<updated>{(told.at + timedelta(minutes=5)).isoformat()}</updated>
<author><name>{told.author}</name></author>
{"".join(f'<category term="{tag}"/>' for tag in told.tags)}
<summary>{escape(told.lead)}</summary>
{content}
</entry>"""


def _rdf(number: int, stories: Sequence[Story]) -> str:
    listed = "".join(f'<rdf:li rdf:resource="{each.link}"/>' for each in stories)
    items = "\n".join(
        f"""<item rdf:about="{each.link}">
<title>{escape(each.title)}</title>
<link>{each.link}</link>
<description>{escape(each.lead)}</description>
<content:encoded><![CDATA[{each.body}]]></content:encoded>
<dc:date>{each.at.isoformat()}</dc:date>
<dc:creator>{each.author}</dc:creator>
{"".join(f"<dc:subject>{tag}</dc:subject>" for tag in each.tags)}
</item>"""
        for each in stories
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
  xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel rdf:about="https://{_host(number)}/index.rdf">
<title>{escape(_title(number))}</title>
<link>https://{_host(number)}/</link>
<description>About {number}</description>
<dc:language>{_language(number)}</dc:language>
<items><rdf:Seq>{listed}</rdf:Seq></items>
</channel>
{items}
</rdf:RDF>
"""


def _json(number: int, stories: Sequence[Story]) -> str:
    written = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _title(number),
        "home_page_url": f"https://{_host(number)}/",
        "feed_url": f"https://{_host(number)}/feed.json",
        "language": _language(number),
        "items": [
            {
                "id": each.link,
                "url": each.link,
                "title": each.title,
                "content_html": each.body,
                "summary": each.lead,
                "date_published": each.at.isoformat(),
                "authors": [{"name": each.author}],
                "tags": each.tags,
            }
            for each in stories
        ],
    }
    return json.dumps(written, ensure_ascii=False, indent=1)


_RSS = ("application/rss+xml; charset=UTF-8", _rss)
_ATOM = ("application/atom+xml; charset=utf-8", _atom)
_KINDS: tuple[tuple[str, Callable[[int, Sequence[Story]], str]], ...] = (
    *(_RSS, _RSS, _ATOM, _RSS, _RSS, _RSS, _ATOM, _RSS, _RSS, ("application/rdf+xml", _rdf)),
    *(_ATOM, _RSS, _RSS, _ATOM, _RSS, _RSS, _ATOM, _RSS, _ATOM, ("application/feed+json", _json)),
)
