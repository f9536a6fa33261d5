"""Characters that may be published, plain text, slugs, digests."""

from __future__ import annotations

import re
import unicodedata
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import ANY, steady

from aggregator import text

LIMITS = st.integers(min_value=1, max_value=130)

# XML 1.0, section 2.2, without the characters that it discourages.
_LEGAL = re.compile(r"[\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010fffd]*")


@steady
@given(ANY)
def test_legal_leaves_only_characters_of_xml(value: str) -> None:
    """No control, surrogate or noncharacter is left, and a second time changes nothing."""
    cleaned = text.legal(value)
    assert _LEGAL.fullmatch(cleaned)
    assert not any(ord(character) & 0xFFFE == 0xFFFE for character in cleaned)
    assert text.legal(cleaned) == cleaned


def test_legal_keeps_what_is_legal() -> None:
    """Line ends become line feeds; tabs, letters of all scripts and signs beyond the basic plane stay."""
    assert text.legal("a\r\nb\rc\td 新 é 😀 \ue000") == "a\nb\nc\td 新 é 😀 \ue000"
    assert text.legal("\x00a\x0bb\x7fc\x9fd\ud800e\ufffef\U0001ffffg") == "abcdefg"


@steady
@given(ANY | st.text(" ab\u00a0\u3000\u200b\u202e\t新", max_size=12))
def test_what_can_be_printed_is_put_on_one_line_as_everything_is(value: str) -> None:
    """The short way for the usual text leads where the long one does."""
    assert text.one_line(value) == text._close_bidi(text._BLANK.sub(" ", text.legal(value)).strip())


@steady
@given(ANY | st.sampled_from([chr(code) for code in range(0x3001) if chr(code).isspace()]).map("a{}b".format))
def test_blanks_of_every_script_are_taken_away(value: str) -> None:
    """What words are parted at."""
    assert text.without_blanks(value) == "".join(value.split())


@steady
@given(ANY, LIMITS)
def test_the_beginning_is_as_long_as_fits(value: str, limit: int) -> None:
    """Whole characters, as many as there is room for."""
    beginning = text.truncated(value, limit).encode()
    assert value.encode("utf-8", "replace").startswith(beginning)
    assert len(beginning) <= limit < len(beginning) + 4 or beginning == value.encode("utf-8", "replace")


@steady
@given(ANY)
def test_one_line_is_one_line(value: str) -> None:
    """The result has no line break of any kind, no blanks around or in a row, and is stable."""
    line = text.one_line(value)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert "  " not in line
    assert text.one_line(line) == line


def test_blanks_that_a_typographer_chose_stay() -> None:
    """No-break and ideographic spaces within a title are its author's; around it they are nothing."""
    assert text.one_line("\u3000Prix\u00a0: 3\u202f€\u3000全角 \n x\u00a0") == "Prix\u00a0: 3\u202f€\u3000全角 x"


@pytest.mark.parametrize(
    ("open_", "closed"),
    [
        ("\u202eabc", "\u202eabc\u202c"),
        ("\u2067a\u202ab", "\u2067a\u202ab\u202c\u2069"),
        ("\u202aa\u202cb", "\u202aa\u202cb"),
        ("\u2066a\u2069", "\u2066a\u2069"),
    ],
)
def test_bidirectional_controls_are_closed(open_: str, closed: str) -> None:
    """An embedding, override or isolate ends with the title that opened it."""
    assert text.one_line(open_) == closed


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&amp;T"),
        ("&lt;b&gt; is bold", "<b> is bold"),
        ("a &lt; b &amp;&amp; c", "a < b && c"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("<em>Very</em> good", "Very good"),
        ("Hello<br>World", "Hello World"),
        ("<p>one</p><p>two</p><ul><li>three<li>four</ul>", "one two three four"),
        ("in<b>side</b>", "inside"),
        ("a<script>alert(1)</script>b<style>p{}</style>c<!-- d -->e", "abce"),
        ('<a title="a > b">c</a>', "c"),
        ("caf&eacute; &#x4f60;&#22909;", "café 你好"),
        ("nul &#0; and &#xD800; and \x00", "nul \ufffd and \ufffd and"),
    ],
)
def test_plain_is_the_text_of_markup(markup: str, words: str) -> None:
    """Tags go, entities are resolved once, and words of different blocks do not touch."""
    assert text.plain(markup) == words


@pytest.mark.parametrize(
    "bomb",
    [
        "<li><dd>" * 100_000,
        "<a " + "b=1 " * 200_000 + ">",
        "<" * 500_000,
        "<!--" * 100_000,
        "<script>" * 50_000,
        "<script></script" * 50_000,
        '<a b="' * 100_000,
        "&" * 500_000,
        "&#" * 250_000,
        "<b>x</b>" * 50_000,
    ],
    ids=lambda bomb: bomb[:8],
)
def test_plain_takes_no_longer_for_hostile_markup(bomb: str) -> None:
    """Nested, crowded, open and broken tags take time in proportion to their length."""
    start = process_time()
    text.plain(bomb)
    assert process_time() - start < 1.5


def test_long_markup_is_read_like_short() -> None:
    """What is too large for the HTML parser gives the same words."""
    part = "<p title='x'>a &amp; <b>b</b></p><!-- c --><script>d()</script><br/>"
    assert text.plain(part * 2_000) == " ".join(["a & b"] * 2_000)


@steady
@given(ANY, st.integers(min_value=2, max_value=40))
def test_an_excerpt_is_no_longer_than_asked(markup: str, length: int) -> None:
    """An excerpt has at most the given number of characters, besides what closes bidirectional controls."""
    assert len(text.excerpt(markup, length).rstrip("\u202c\u2069")) <= length


def test_an_excerpt_ends_between_words() -> None:
    """It is cut at a blank where one is near, else within the word, and says so."""
    assert text.excerpt("<p>one two three</p>", 20) == "one two three"
    assert text.excerpt("<p>one two three</p>", 12) == "one two…"
    assert text.excerpt("这是没有空格的一句话", 6) == "这是没有空…"
    assert text.excerpt("\u202eabc def", 6) == "\u202eabc…\u202c"


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("en", "en"),
        ("zh_CN", "zh-CN"),
        (" zh-Hans-CN ", "zh-Hans-CN"),
        ("x-klingon", "x-klingon"),
        ("english language", None),
        ("中文", None),
        ("en\x00", None),
        ("-", None),
        ("abcdefghi", None),
        ("", None),
        (None, None),
    ],
)
def test_language_tags(given_: str | None, expected: str | None) -> None:
    """A language tag comes out with hyphens; what is none does not come out."""
    assert text.language_tag(given_) == expected


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("New Media", "new-media"),
        ("新媒体/趣头条", "新媒体-趣头条"),
        ("  --a__b..c--  ", "a-b-c"),
        ("Cafe\u0301", "café"),
        ("हिन्दी", "हिन्दी"),
        ("../../etc/passwd", "etc-passwd"),
        (".htaccess", "htaccess"),
        ("con", "con-"),
        ("LPT1", "lpt1-"),
        ("COM¹", "com"),
        ("a\u200db", "a-b"),
        ("❤️", ""),
        ("\u0301", ""),
        ("\u3164\u115f", ""),
        ("😀", ""),
        ("", ""),
    ],
)
def test_slugs(name: str, slug: str) -> None:
    """Letters and digits of any script stay, with their marks; everything else is one hyphen."""
    assert text.slug(name) == slug


_WINDOWS = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)[0-9])(?:\..*)?", re.IGNORECASE)


@steady
@given(ANY | st.sampled_from(["con", "nul", "com1", "LPT9"]), LIMITS)
def test_a_slug_is_a_safe_file_name(name: str, limit: int) -> None:
    """It fits the limit, is NFC, holds nothing that a system forbids, is no device, and is its own slug."""
    slug = text.slug(name, limit=limit)
    assert len(slug.encode()) <= limit
    assert slug == unicodedata.normalize("NFC", slug)
    assert all(c == "-" or unicodedata.category(c)[0] in "LM" or unicodedata.category(c) == "Nd" for c in slug)
    assert not _WINDOWS.fullmatch(slug)
    assert text.slug(slug, limit=limit) == slug


@steady
@given(ANY, st.integers(min_value=0, max_value=30))
def test_truncated_cuts_between_characters(value: str, limit: int) -> None:
    """The result is a beginning of the value in at most so many bytes."""
    sound = value.encode("utf-8", "replace").decode()
    cut = text.truncated(value, limit)
    assert sound.startswith(cut)
    assert len(cut.encode()) <= limit < len(sound[: len(cut) + 1].encode()) or cut == sound


PARTS = st.lists(st.none() | ANY, max_size=4)


@steady
@given(PARTS, PARTS)
def test_digests_are_equal_only_for_equal_parts(some: list[str | None], others: list[str | None]) -> None:
    """Order, borders, None and "" count."""
    assert (text.digest(*some) == text.digest(*others)) == (some == others)


def test_digests_keep_borders_and_none_apart() -> None:
    """The pairs that a careless digest would not tell apart."""
    parts = [("a", "b"), ("ab",), ("", "ab"), (None, "ab"), ("ab", None), ("ab", ""), ()]
    assert len({text.digest(*each) for each in parts}) == len(parts)


def test_chunks_hold_every_value_once() -> None:
    """A sequence comes in parts of the size asked for, the last one shorter."""
    assert [list(chunk) for chunk in text.chunks(range(5), 2)] == [[0, 1], [2, 3], [4]]
    assert list(text.chunks([], 2)) == []


@pytest.mark.parametrize(
    ("number", "one", "told"),
    [(0, "entry", "0 entries"), (1, "entry", "1 entry"), (1, "post", "1 post"), (2, "post", "2 posts")],
)
def test_what_is_counted_has_its_plural(number: int, one: str, told: str) -> None:
    """One of a kind is told as one."""
    assert text.counted(number, one) == told
