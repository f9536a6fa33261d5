"""Words without their dress."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import ANY, steady

from aggregator import text, wording

ENGLISH = "<p>The keeper counted ships, first with chalk &amp; then with knots in a rope.</p>"


@pytest.mark.parametrize(
    "dressed",
    [
        "<div>the KEEPER counted <b>ships</b> first with chalk &amp; then with knots in a rope</div>",
        "<p>The keeper counted ships — first with chalk</p><p>&amp; then with knots in a rope!</p>",
        "<p>Ｔｈｅ keeper counted ships, first with chalk & then with knots in a rope.</p>",
        ENGLISH + "<p>The post Ships appeared first on The Harbour.</p>",
        ENGLISH + '<p><a href="https://x.example/" title="a > b">Continue reading</a></p>',
    ],
)
def test_dress_does_not_count(dressed: str) -> None:
    """Markup, case, width, punctuation, and what feeds add at the end are not words."""
    assert wording.body(dressed).digest == wording.body(ENGLISH).digest


def test_words_count() -> None:
    """One word more, or another number, makes another text."""
    digests = {wording.body(ENGLISH.replace("rope", word)).digest for word in ("rope", "red rope", "rope 2", "rope 3")}
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("markup", "length"),
    [
        ("<p>one two three</p>", 3),
        ("电车又重新驶过了广场", 5),
        ("四日四晩のあいだ火のそばにいる", 8),
        ("Python 3.14 发布了", 5),
        ("", 0),
    ],
)
def test_length_is_in_words(markup: str, length: int) -> None:
    """Two characters of a script without blanks are about a word."""
    assert wording.body(markup).length == length


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A bridge is closed", "A Bridge Is Closed!", True),
        ("A bridge is closed", "A bridge is closed | The Valley Times", True),
        ("A bridge is closed", "Valley Times: A bridge is closed", True),
        ("电车重新开行", "电车重新开行 - 晚报", True),
        ("Release 1.1", "Release 1.10", False),
        ("Open thread", "Open thread 42", False),
        ("News", "News of the week", False),
        ("Part one of the tale", "Part two of the tale", False),
    ],
)
def test_titles_may_name_their_site(one: str, other: str, same: bool) -> None:
    """A title with a site's name before or behind it is the same; another number is another title."""
    assert wording.same_title(wording.title(one), wording.title(other)) is same
    assert wording.same_title(wording.title(other), wording.title(one)) is same


@steady
@given(ANY | st.text("<>\"'& a電", max_size=40))
def test_any_markup_has_words(markup: str) -> None:
    """Whatever comes in, nothing is raised, and the words of the words are the same."""
    found = wording.words(wording.of_markup(markup))
    assert wording.words(" ".join(found)) == found
    assert wording.body(markup).length >= 0


ENDINGS = st.lists(
    st.sampled_from(
        [
            "The post ",
            "THE POST ",
            "x",
            " appeared first on ",
            " first appeared on ",
            "Continue readıng",
            "READ MORE",
            " ",
            "Read the full ſtory",
            "Read the full article",
            "[…]",
            "[...]",
            "阅读全文",
            "続きを読む",
            "\n",
            "İ",
            "nue read",
            "more",
        ]
    ),
    max_size=8,
).map("".join)


@steady
@given(ENDINGS)
def test_what_feeds_add_is_looked_for_wherever_it_may_be(value: str) -> None:
    """The short way past texts that end otherwise loses nothing."""
    end = value.strip()
    assert wording.of_markup(value) == wording._READ_ON.sub("", wording._FOOTER.sub("", end))


@steady
@given(st.text(st.characters(max_codepoint=127), max_size=40) | st.text("aÉ电。’—_\u0301\xad \u3000") | ANY)
def test_usual_words_are_found_as_all_words_are(value: str) -> None:
    """Letters and digits in runs, whatever parts them."""
    assert wording.words(value) == wording._WORD.findall(wording.plain(value))


@pytest.mark.parametrize("code", range(0x2000, 0x2040))
def test_general_punctuation_parts_words(code: int) -> None:
    """Blanks, dashes, quotes, and what shows nothing: no letter or digit becomes of any of them."""
    assert wording.words(f"a{chr(code)}b") == ["a", "b"]


@steady
@given(st.text("aZ7É电ー’“—_ …\u2000\u200b\u2017\u203f\u2040\u0301\xad\ud800") | ANY)
def test_usual_bodies_are_counted_as_all_are(value: str) -> None:
    """Words are put together and counted, whether they had to be taken apart for that or not."""
    markup = html.escape(value)
    found = wording._WORD.findall(wording.plain(wording.of_markup(markup)))
    length = sum(1 if word.isascii() else (wording._unspaced(word) + 1) // 2 or 1 for word in found)
    assert wording.body(markup) == wording.Body(text.digest("".join(found)), length)
