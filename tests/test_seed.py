"""From an RSSHub feed to front-matter posts: the job that everything began with, stage by stage."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml.html import fragment_fromstring
from msgspec import Struct
from ruamel.yaml import YAML

from aggregator import frontmatter
from aggregator.models import Attribution, Feed, Post, Source
from aggregator.normalise import normalise
from aggregator.parse import parse
from aggregator.recognise import entries, minting
from aggregator.recognise.ownership import Owners
from aggregator.recognise.rules import Rules
from aggregator.records import Candidate, Unbound

OURS = Path(__file__).parent / "data" / "rsshub.xml"
SEED = Path(__file__).parents[2] / "shared" / "seed"
NOW = datetime(2024, 3, 5, 3, 0, tzinfo=UTC)
MODEL = ("title", "categories", "headimg", "author", "comments", "date", "thumbnail")

needs_seed = pytest.mark.skipif(not SEED.is_dir(), reason="the seed is not kept beside the repository")


class File(Struct, frozen=True, kw_only=True):
    """A front-matter post as a reader has it."""

    fields: dict[str, Any]
    body: str

    @property
    def words(self) -> str:
        return str(fragment_fromstring(self.body).text_content()).strip()


def taken_apart(text: str) -> File:
    """Return what a lenient reader finds in ``text``: the seed's own post begins with an empty line."""
    front, body = text.strip().removeprefix("---\n").split("\n---\n")
    return File(fields=YAML(typ="safe").load(front), body=body.strip())


def pulled(path: Path, source: Source) -> list[Post]:
    """Return the posts that the first pull of the feed in ``path`` makes."""
    feed = parse(path.read_bytes(), "application/xml; charset=utf-8", source.url)
    candidates, warnings = entries.candidates(feed.entries)
    assert (feed.warnings, warnings) == ((), ())
    return [_post(candidate, feed, source) for candidate in candidates]


def _post(candidate: Candidate, feed: Feed, source: Source) -> Post:
    copy = normalise(candidate.entry, feed.info, source, key=candidate.key, now=NOW, known=None)
    unbound = Unbound(
        pk=1,
        source_id=source.id,
        key=copy.key,
        guid=copy.guid,
        page=candidate.page,
        title=copy.title,
        published=copy.published,
        first_seen=copy.first_seen,
    )
    rules = Rules(authority="planet.example.org", owners=Owners({}))
    minted = minting.mint(unbound, frozenset(), rules)
    credit = Attribution(
        source_id=source.id,
        title=source.title or copy.feed.title or source.id,
        url=copy.feed.link,
        feed=copy.feed.url,
        link=copy.link,
        author=", ".join(person.name for person in copy.authors) or None,
    )
    return Post(id=minted.id, name=minted.name, copy=copy, category=source.category, source=credit)


def files(path: Path, source: Source) -> list[File]:
    return [taken_apart(frontmatter.render(post)) for post in pulled(path, source)]


@pytest.fixture(scope="module")
def seed() -> list[File]:
    """The posts of the seed's feed, as the site that published them had it configured."""
    source = Source(
        id="qutoutiao",
        url="http://rsshub.example/qutoutiao/category/1",
        category=("新媒体", "趣头条", "分类"),
        title="趣头条",
    )
    return files(SEED / "source.xml", source)


@pytest.fixture(scope="module")
def ours() -> list[File]:
    """The posts of a feed like the seed's."""
    source = Source(
        id="riverside",
        url="http://rsshub.example/riverside/livelihood",
        category=("报纸", "江边日报", "民生"),
        title="江边日报",
    )
    return files(OURS, source)


def with_number(fields: dict[str, Any], number: str) -> dict[str, Any]:
    """Return the model's fields, with ``number`` in the address of a placeholder."""
    return {
        name: re.sub(r"(?<=picsum\.photos/400/300\?random=)\d+$", number, value) if isinstance(value, str) else value
        for name, value in fields.items()
        if name in MODEL
    }


@needs_seed
def test_the_seeds_post_is_made_from_its_source(seed: list[File]) -> None:
    """The feed's first entry becomes the real post: the same seven fields, in their order, and the same HTML."""
    real = taken_apart((SEED / "post.md").read_text("utf-8"))
    assert with_number(seed[0].fields, "N") == with_number(real.fields, "N")
    assert list(seed[0].fields)[: len(MODEL)] == list(real.fields) == list(MODEL)
    assert seed[0].words == real.words
    assert seed[0].body.replace("&nbsp;", "\xa0") == real.body


@needs_seed
def test_the_seeds_templates_are_shown(seed: list[File]) -> None:
    """The second entry keeps its title, its picture and its code; no brace stands in its body."""
    post = seed[1]
    assert post.fields["title"] == "带图的条目：{{ page.title }} 与 {% raw %} 不得被模板引擎解释"
    assert post.fields["headimg"] == post.fields["thumbnail"] == "https://static.example.org/cover.png"
    assert "<pre><code>const a = &#123;&#123; b &#125;&#125;;</code></pre>" in post.body
    assert re.search(r'<img [^>]*referrerpolicy="no-referrer"', post.body)
    assert not re.search(r"[{}]", post.body)


@needs_seed
def test_the_seeds_quotes_survive(seed: list[File]) -> None:
    """The third entry's title reads back; what is relative in its body is absolute."""
    post = seed[2]
    assert post.fields["title"] == """It's "quoted": a title with ' and " and: colons [1/2] #hash"""
    assert 'href="http://html2.qktoutiao.com/relative/link"' in post.body
    assert post.fields["headimg"] == "http://cdn.example.org/i.jpg"


def test_an_entry_becomes_its_post(ours: list[File]) -> None:
    """An entry of an RSSHub feed has the fields of the model, and says where it comes from."""
    fields = ours[0].fields
    assert list(fields) == [*MODEL, "link", "id", "tags", "source"]
    assert with_number(fields, "N") == {
        "title": "老桥重开：“三步走”让两岸居民少绕五公里",
        "categories": ["报纸", "江边日报", "民生"],
        "headimg": "https://picsum.photos/400/300?random=N",
        "author": "江边日报",
        "comments": False,
        "date": "Tue, 05 Mar 2024 02:37:40 GMT",
        "thumbnail": "https://picsum.photos/400/300?random=N",
    }
    assert fields["headimg"] == fields["thumbnail"]
    assert fields["link"] == "http://www.riverside.example/detail/1001.html?from=feed&utm_source=rss"
    assert fields["id"].startswith("tag:planet.example.org,")
    assert fields["source"] == {
        "title": "江边日报",
        "url": "http://www.riverside.example/news",
        "feed": "http://rsshub.example/riverside/livelihood",
    }


def test_a_body_is_the_entrys_html(ours: list[File]) -> None:
    """A body that holds nothing dangerous is the source's HTML to the letter, in one block."""
    assert ours[0].body == (
        "<div>   \n<p> 封闭两年的老桥昨天重新通车。</p>"
        "<p> “以前上班要绕五公里，现在走路十分钟。”家住东岸的李阿姨说。</p>"
        "<p> 全长 320 米，投资 2,800 万元。</p><p>【来源：江边日报】</p>  \n</div>"
    )


def test_templates_are_shown(ours: list[File]) -> None:
    """Braces stay as they are in a title, and become references in a body, where a blank line is one, too."""
    post = ours[1]
    assert post.fields["title"] == "模板教程：{{ site.title }} 与 {% for %} 怎么用"
    assert post.fields["headimg"] == post.fields["thumbnail"] == "https://static.riverside.example/cover.png"
    assert post.body.endswith(
        "<pre><code>&#123;% for post in posts %&#125;\n  &#123;&#123; post.title &#125;&#125;&#10;\n"
        "&#123;% endfor %&#125;</code></pre>  \n</div>"
    )
    assert post.words.endswith("{% for post in posts %}\n  {{ post.title }}\n\n{% endfor %}")
    assert re.search(r'<img [^>]*referrerpolicy="no-referrer"', post.body)


def test_quotes_survive(ours: list[File]) -> None:
    """A title with both kinds of quote and a colon reads back; author, tags and addresses are the entry's own."""
    post = ours[2]
    assert post.fields["title"] == """Mayor: "It's done" [1/2] - 'finally' & #open"""
    assert post.fields["author"] == post.fields["source"]["author"] == "王小明"
    assert post.fields["tags"] == ["民生", "R&D"]
    assert post.fields["date"] == "Mon, 04 Mar 2024 15:59:59 GMT"
    assert post.fields["headimg"] == "http://cdn.riverside.example/i.jpg"
    assert 'href="http://www.riverside.example/map"' in post.body


def test_a_date_that_is_none_is_the_first_sight(ours: list[File]) -> None:
    """An entry without a believable date is dated by the pull that found it."""
    assert ours[3].fields["date"] == "Tue, 05 Mar 2024 03:00:00 GMT"


def test_a_second_pull_changes_nothing() -> None:
    """The same feed makes the same bytes again, placeholder's number included."""
    source = Source(id="riverside", url="http://rsshub.example/riverside/livelihood", category=("报纸",))
    first, second = ([frontmatter.render(post) for post in pulled(OURS, source)] for _ in range(2))
    assert first == second
