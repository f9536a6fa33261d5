"""Bombs: what is one, and what is left of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.hostile import defused, is_bomb, is_deep, words

_PADDING = "x" * 200_001


def test_too_many_tags_are_a_bomb() -> None:
    """The number of tags is limited, start and end tags alike."""
    assert not is_bomb("<p></p>" * 15_000)
    assert is_bomb("<p></p>" * 15_001)


@pytest.mark.parametrize(
    "attributes",
    [
        " ".join(f"x{n}" for n in range(1001)),
        "/".join(f"x{n}" for n in range(1001)),
        "".join(f"x{n}='>'" for n in range(1001)),
        "\n".join(f'x{n} = ">"' for n in range(1001)),
        " ".join(f"x{n}=<a" for n in range(1001)),
    ],
)
@pytest.mark.parametrize("around", ["{}", "<!-- {}", "<p title='{}", '<style><a b="</style>{}', "<svg><style>{}"])
def test_a_tag_with_too_many_attributes_is_a_bomb(attributes: str, around: str) -> None:
    """Attributes are counted however they are written, and wherever the tag seems to stand."""
    assert is_bomb(around.format(f"<a {attributes}>") + _PADDING)


def test_long_articles_are_no_bomb() -> None:
    """Neither long text nor a picture in the markup nor many small tags are taken for a tag with many attributes."""
    assert not is_bomb("<p>" + "word = 'a' " * 100_000)
    assert not is_bomb(f'<img src="data:image/png;base64,{"iVBOR/w0K " * 100_000}">')
    assert not is_bomb('<a title="a > b" href=x>a</a> ' * 10_000)


def test_tags_in_tags_in_tags_are_a_bomb() -> None:
    """Tags that would have to be read over and over are not read."""
    assert is_bomb("<a/b=" * 29_000 + _PADDING)


def test_emphasis_is_defused_only_where_it_multiplies() -> None:
    """Attributes of emphasis go when many different ones meet many tags, and only then."""
    many = "".join(f"<b x={n}>" for n in range(500))
    assert defused(many) == many
    assert defused(many + "<p>x" * 1000) == "<b>" * 500 + "<p>x" * 1000
    alike = '<code class="language-c">i</code>' * 5000
    assert defused(alike) == alike
    hidden = "".join(f'<B\ty="<b>">{n}' for n in range(2000))
    assert defused(hidden) == hidden
    different = "".join(f'<B\ty=">{n}">' for n in range(2000))
    assert "y=" not in defused(different)


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<div>" * 200 + "</div>" * 200, False),
        ("<div>" * 201 + "</div>" * 201, True),
        ("<p><br><img><hr></p>" * 1000, False),
        ("<li></li>" * 1000 + "<b>" * 201 + "</b>" * 201, True),
    ],
)
def test_depth_is_that_of_open_elements(markup: str, expected: bool) -> None:
    """Depth counts elements in elements, not elements."""
    assert is_deep(markup) is expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("", ""),
        ("a &lt; b &amp; c", "<p>a &lt; b &amp; c</p>"),
        ("<p>a<p>b <b>c</b>d<br>e", "<p>a</p><p>b cd</p><p>e</p>"),
        ("a<script>b<i>c</script>d", "<p>ad</p>"),
        ("a<STYLE x>b</style >c<textarea>d", "<p>ac</p>"),
        ("a<!-- b<i>c -->d<!-- e", "<p>ad</p>"),
        ("<!doctype html>a<?b?>c</>d", "<p>acd</p>"),
        ("a < b <3 <b unclosed", "<p>a &lt; b &lt;3</p>"),
        ('<a title="a">b</a>', "<p>b</p>"),
    ],
)
def test_words_are_what_is_no_tag(markup: str, expected: str) -> None:
    """Text between tags stays, in paragraphs where there were blocks; scripts, comments and tags go."""
    assert words(markup) == expected


@settings(max_examples=200)
@given(st.text(alphabet="<>/!-ab c&;\"'\n"))
def test_words_of_words_are_the_same(markup: str) -> None:
    """Reducing to text twice is reducing once, for any string."""
    assert words(words(markup)) == words(markup)
