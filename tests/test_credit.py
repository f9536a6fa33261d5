"""The visible line above a story of several sources."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from posts import bare_post, chinese_post

from aggregator import credit
from aggregator.models import Attribution

LINE = "First on {first}; also on {also}"


def attribution(title: str, link: str | None) -> Attribution:
    """Return a carrier."""
    return Attribution(source_id=title, title=title, url=None, feed=None, link=link, author=None)


def test_a_story_of_several_sources_names_them_above_its_body() -> None:
    """With links where there are any; names are text, whatever is in them."""
    also = (attribution("B & <C>", "https://b.example/?a=1&b=2"), attribution("D", None))
    post = replace(bare_post(), source=attribution("A", "https://a.example/1"), also_in=also)
    post = replace(post, copy=replace(post.copy, content="<p>Words.</p>"))
    assert credit.shown(post, LINE, "en").copy.content == (
        '<p>First on <a href="https://a.example/1">A</a>; also on '
        '<a href="https://b.example/?a=1&amp;b=2">B &amp; &lt;C&gt;</a>, D</p>\n<p>Words.</p>'
    )


@pytest.mark.parametrize(("language", "between"), [("zh-CN", "、"), ("ja", "、"), ("de", ", "), (None, ", ")])
def test_names_are_told_apart_as_the_language_does(language: str | None, between: str) -> None:
    """By an enumeration comma in Chinese and Japanese, by a comma elsewhere."""
    post = replace(bare_post(), also_in=(attribution("B", None), attribution("C", None)))
    assert f"<p>B{between}C</p>" in credit.shown(post, "{also}", language).copy.content


def test_other_posts_stay_as_they_are() -> None:
    """Those of one source, and all where the editor asks for no line; a body that is a summary stays one."""
    post = chinese_post()
    assert credit.shown(post, None, "zh") is post
    alone = replace(post, also_in=())
    assert credit.shown(alone, LINE, "zh") is alone
    brief = replace(post, copy=replace(post.copy, content="", summary="<p>Brief.</p>"))
    shown = credit.shown(brief, LINE, "zh").copy
    assert (shown.content, shown.summary.endswith("<p>Brief.</p>")) == ("", True)
    assert "First on" in shown.summary
