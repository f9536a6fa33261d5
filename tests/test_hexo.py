"""Front-matter posts as Hexo reads them: the static site generator that they are made for.

The newest Hexo is asked, and the last one that runs on older Node.js; they differ in what reads YAML and Markdown.
Their packages are fetched when they are needed for the first time, and kept beside their lists.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import npm
import pytest
from awkward import BODIES, TITLES, mixtures
from lxml import html
from msgspec import Struct
from msgspec.structs import replace
from posts import bare_post, chinese_post, full_post

from aggregator import frontmatter, sanitise
from aggregator.models import Post, Tag

HEXO = Path(__file__).parent / "hexo"

# One worker builds the sites, once.
pytestmark = [
    pytest.mark.xdist_group("hexo"),
    pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed"),
]

#: A post of ours cannot show that its templates would have run; this file of the same site does.
CONTROL = """---
title: control
date: Tue, 05 Mar 2024 08:30:00 GMT
id: control
---

*Six* times seven is {{ 6 * 7 }}
"""


def with_title(number: int, title: str) -> Post:
    post = bare_post()
    return replace(post, id=f"title-{number}", name=f"title-{number}", copy=replace(post.copy, title=title))


def with_body(name: str, content: str) -> Post:
    post = bare_post()
    return replace(
        post,
        id=f"body-{name}",
        name=f"body-{name.replace(' ', '-')}",
        copy=replace(post.copy, title=name, content=content),
    )


def awkwardly_filed() -> Post:
    post = bare_post()
    tags = tuple(Tag(term=term) for term in ("C#", "C++", "a: b", "1.0", "{{ 6 * 7 }}", "标签"))
    category = ("新媒体", 'It\'s "quoted": #1 {{ 6 * 7 }}', "2024")
    return replace(post, id="filed", name="filed", category=category, copy=replace(post.copy, tags=tags))


WHOLE = {
    "full": replace(full_post(), category=("新媒体", "趣头条", "分类")),
    "claimed": chinese_post(),
    "bare": bare_post(),
    "filed": awkwardly_filed(),
}
TITLED = [with_title(number, title) for number, title in enumerate(TITLES)]
BODIED = {name: with_body(name, content) for name, content in BODIES.items()}
MIXED = [
    with_body(f"mixture {number}", sanitise.clean(content, "https://example.org/"))
    for number, content in enumerate(mixtures(300))
]
POSTS = [*WHOLE.values(), *TITLED, *BODIED.values(), *MIXED]


class Built(Struct, frozen=True, kw_only=True):
    """The site as Hexo built it: what it knew of each post, by the post's id, and its pages."""

    facts: Mapping[str, Mapping[str, Any]]
    pages: Path

    def fact(self, name: str, posts: Sequence[Post]) -> dict[str, Any]:
        return {post.id: self.facts[post.id][name] for post in posts}

    def article(self, post_id: str) -> html.HtmlElement:
        page = self.pages / self.facts[post_id]["path"] / "index.html"
        (main,) = html.document_fromstring(page.read_text("utf-8")).iter("main")
        return main


@pytest.fixture(scope="session", params=["hexo-7", "hexo-8"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A site of all the posts, built on a machine whose clock is not at UTC."""
    packages = HEXO / request.param
    npm.install(packages)
    site = tmp_path_factory.mktemp(request.param) / "site"
    shutil.copytree(HEXO / "site", site)
    shutil.copy(packages / "package.json", site)
    (site / "node_modules").symlink_to(packages / "node_modules")
    for path, text in _files():
        file = site / "source" / "_posts" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    said = _generate(site)
    assert not re.search(r"^\s*(?:FATAL|ERROR|WARN)", said, re.MULTILINE), said
    facts = json.loads((site / "public" / "facts.json").read_text("utf-8"))
    return Built(facts={fact["id"]: fact for fact in facts}, pages=site / "public")


def _generate(site: Path) -> str:
    done = subprocess.run(
        ["node", "node_modules/hexo/bin/hexo", "generate"],
        cwd=site,
        env={**os.environ, "TZ": "Asia/Shanghai", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def _files() -> Iterator[tuple[str, str]]:
    yield "control.md", CONTROL
    for post in POSTS:
        yield f"news/{post.name}.md", frontmatter.render(post)


def without_link_targets(element: html.HtmlElement) -> list[tuple[object, ...]]:
    # Hexo lets links to other sites open in a window of their own.
    return [
        (each.tag, each.text, each.tail, {name: value for name, value in each.items() if name not in ("target", "rel")})
        for each in element.iter()
    ]


def moment(post_time: datetime) -> str:
    return post_time.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_templates_and_markdown_are_at_work(built: Built) -> None:
    """The site is one where a body that is not made safe is executed."""
    assert built.facts["control"]["content"].strip() == "<p><em>Six</em> times seven is 42</p>"


def test_every_post_is_there(built: Built) -> None:
    """Each file became one post with a page of its own."""
    assert set(built.facts) == {"control", *(post.id for post in POSTS)}
    assert len({fact["path"] for fact in built.facts.values()}) == len(POSTS) + 1


def test_titles_arrive_as_they_are(built: Built) -> None:
    """Whatever a title holds, the site generator has the same string."""
    assert built.fact("title", POSTS) == {post.id: post.copy.title for post in POSTS}


def test_no_title_brings_fields_along(built: Built) -> None:
    """Posts that differ in their titles alone have the same fields."""
    keys = {post_id: set(keys) - {"prev", "next"} for post_id, keys in built.fact("keys", TITLED).items()}
    assert keys == dict.fromkeys(keys, keys["title-0"])


def test_titles_are_shown(built: Built) -> None:
    """A page shows the title of its post as text."""
    title = TITLES[0]
    page = html.document_fromstring((built.pages / built.facts["title-0"]["path"] / "index.html").read_text("utf-8"))
    assert page.findtext(".//title") == title


@pytest.mark.parametrize("name", WHOLE)
def test_categories_are_nested(built: Built, name: str) -> None:
    """The category path is a path: each level is inside the one before."""
    path = WHOLE[name].category
    assert built.facts[WHOLE[name].id]["categories"] == [list(pair) for pair in zip(path, (None, *path), strict=False)]


@pytest.mark.parametrize("name", WHOLE)
def test_fields_arrive(built: Built, name: str) -> None:
    """The fields of the model and those of the attribution have the values of the post."""
    post = WHOLE[name]
    fact = built.facts[post.id]
    picture = frontmatter.picture(post)
    assert (fact["headimg"], fact["thumbnail"]) == (picture, picture)
    assert fact["author"] == frontmatter.author(post)
    assert fact["comments"] is False
    assert fact.get("link") == post.copy.link
    assert fact["tags"] == [tag.label or tag.term for tag in post.copy.tags]
    assert [also["link"] for also in fact.get("also_in", [])] == [also.link for also in post.also_in]
    assert fact.get("via", {}).get("feed") == (post.via and post.via.feed)


def test_dates_are_the_same_moments(built: Built) -> None:
    """Date and update are the post's, whatever the time zone of the machine that builds the site."""
    assert built.fact("date", POSTS) == {post.id: moment(post.published) for post in POSTS}
    assert built.facts[WHOLE["full"].id]["updated"] == moment(WHOLE["full"].updated)


@pytest.mark.parametrize("name", BODIED)
def test_bodies_arrive_as_they_are(built: Built, name: str) -> None:
    """Neither template engine nor Markdown nor highlighter changes a character of a body."""
    post = BODIED[name]
    assert built.facts[post.id]["content"].strip() == frontmatter.body(post)
    assert not built.facts[post.id]["excerpt"]


def test_mixtures_arrive_as_they_are(built: Built) -> None:
    """The same holds for whatever can be put together from what means something to any of them."""
    assert {post_id: content.strip() for post_id, content in built.fact("content", MIXED).items()} == {
        post.id: frontmatter.body(post) for post in MIXED
    }


@pytest.mark.parametrize("name", [name for name in BODIED if name != "carriage returns"])
def test_pages_show_what_the_source_wrote(built: Built, name: str) -> None:
    """A browser finds on the page the elements and the text of the original HTML, braces and blank lines included."""
    post = BODIED[name]
    original = html.document_fromstring(
        f"<main><div>   \n{post.copy.content}  \n</div>\n</main>".replace("<!--", "&lt;!--")
    )
    (expected,) = original.iter("main")
    shown = built.article(post.id)
    assert without_link_targets(shown[0]) == without_link_targets(expected[0])


def test_code_is_shown_and_not_run(built: Built) -> None:
    """A sample of template code is on the page letter for letter."""
    assert (
        built.article("body-code").text_content().strip()
        == "const a = {{ b }}; {% raw %}{{ 7 * 7 }}{% endraw %} {# gone? #}"
    )
