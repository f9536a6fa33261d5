"""Front-matter posts as Hugo and Jekyll read them: real builds, where the generators are installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from awkward import BODIES, TITLES
from lxml import html
from msgspec import Struct
from msgspec.structs import replace
from posts import bare_post, chinese_post, full_post

from aggregator import frontmatter
from aggregator.models import Post, Tag

# One worker builds each site, once.
pytestmark = pytest.mark.xdist_group("generators")

SITES = Path(__file__).parent / "generators"
COMMANDS = {
    "hugo": ["hugo", "--quiet", "--destination", "public"],
    "jekyll": ["jekyll", "build", "--quiet", "--destination", "public"],
}
FOLDERS = {"hugo": "content/posts", "jekyll": "_posts"}


def made(name: str, **changes: Any) -> Post:
    post = bare_post()
    return replace(post, id=name, name=name, copy=replace(post.copy, **changes))


def filed() -> Post:
    post = made("filed", tags=tuple(Tag(term=term) for term in ("C#", "a: b", "1.0", "{{ 6 * 7 }}", "标签")))
    return replace(post, category=("新媒体", 'It\'s "quoted": #1 {{ 6 * 7 }}', "2024"))


WHOLE = [full_post(), replace(chinese_post(), name="claimed"), bare_post(), filed()]
TITLED = [made(f"title-{number}", title=title) for number, title in enumerate(TITLES)]
BODIED = [made(f"body-{number}", content=content) for number, content in enumerate(BODIES.values())]
SHORTCODES = [
    made("shortcode", content='<p>{{< youtube 1 >}} {{% ref "x" %}} {{</* x */>}}</p>'),
    made("more", content="<p>before</p><!--more--><p>after</p>"),
]
POSTS = [*WHOLE, *TITLED, *BODIED, *SHORTCODES]


class Built(Struct, frozen=True):
    """A site as its generator built it: what it knew of each post, by the name of its file."""

    style: frontmatter.Style
    facts: Mapping[str, Mapping[str, Any]]

    def fact(self, post: Post) -> Mapping[str, Any]:
        return self.facts[frontmatter.file_name(post.name, post.published, self.style)]


@pytest.fixture(scope="module", params=list(COMMANDS))
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A site of all the posts, built on a machine whose clock is not at UTC."""
    name = request.param
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    site = tmp_path_factory.mktemp(name) / "site"
    shutil.copytree(SITES / name, site)
    style = frontmatter.STYLES[name]
    for post in POSTS:
        file = site / FOLDERS[name] / "news" / frontmatter.file_name(post.name, post.published, style)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(frontmatter.render(post, style=style).encode())
    done = subprocess.run(
        COMMANDS[name],
        cwd=site,
        env={**os.environ, "TZ": "Asia/Shanghai", "HOME": str(site)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    pages = [json.loads(page.read_text("utf-8")) for page in (site / "public").rglob("*.html")]
    facts = {Path(page["path"]).name: page for page in pages}
    assert len(facts) == len(pages)
    return Built(style, facts)


def test_every_post_is_there(built: Built) -> None:
    """Each file became one page."""
    assert set(built.facts) == {frontmatter.file_name(post.name, post.published, built.style) for post in POSTS}


def test_titles_arrive_as_they_are(built: Built) -> None:
    """Whatever a title holds, the generator has the same string; none brings fields along."""
    assert {post.id: built.fact(post)["title"] for post in POSTS} == {post.id: post.copy.title for post in POSTS}


def test_bodies_arrive_as_they_are(built: Built) -> None:
    """No template language, shortcode or Markdown finds anything to do in an article."""
    for post in POSTS:
        (shown,) = html.fragments_fromstring(built.fact(post)["content"].strip())
        (wanted,) = html.fragments_fromstring(frontmatter.body(post))
        assert html.tostring(shown) == html.tostring(wanted), post.id


def test_fields_arrive(built: Built) -> None:
    """Dates, categories, tags, and the fields of the attribution have the values of the post."""
    for post in WHOLE:
        fact = built.fact(post)
        assert datetime.fromisoformat(fact["date"]).astimezone(UTC) == post.published.replace(microsecond=0)
        assert fact["categories"] == list(post.category)
        assert fact["tags"] == [tag.label or tag.term for tag in post.copy.tags]
        assert (fact["headimg"], fact["author"]) == (frontmatter.picture(post), frontmatter.author(post))
        assert fact["link"] == post.copy.link
        assert fact["source"]["title"] == post.source.title
        assert [each["link"] for each in fact["also_in"] or []] == [each.link for each in post.also_in]
    assert built.fact(full_post())["updated"] == "2024-03-06T09:00:05Z"
