"""Text that is called HTML, as it comes out of an entry."""

from __future__ import annotations

from time import process_time

import pytest
from msgspec.structs import replace
from test_normalise import ENTRY, made

from aggregator.models import Text


def _shown(said: str, *, html: bool = True) -> str:
    return made(replace(ENTRY, content=Text(value=said, html=html))).content


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "One &amp; two\r\nlines\r\n \r\nhttps://e.example/a",
            '<p>One &amp; two<br>lines</p><p><a href="https://e.example/a">https://e.example/a</a></p>',
        ),
        ("# Title\n\na < b &lt;i&gt;", "<p># Title</p><p>a &lt; b &lt;i&gt;</p>"),
        (
            "A Vec<u8> and\n\nMap<String, Link>, `<p>`",
            "<p>A Vec&lt;u8&gt; and</p><p>Map&lt;String, Link&gt;, `&lt;p&gt;`</p>",
        ),
        ("One\ntwo", "One\ntwo"),
    ],
)
def test_plain_text_that_is_called_html_keeps_its_paragraphs(said: str, shown: str) -> None:
    """Where it has no tag and is parted by blank lines; all else is HTML, in which line ends are blanks."""
    assert _shown(said) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("One\nline <b>a</b>\n\ntwo <i>b\n\nc</i>", "<p>One\nline <b>a</b></p><p>two <i>b\n\nc</i></p>"),
        ("A Vec<u8>\n\n<cite>a</cite> `<p>`", "<p>A Vec&lt;u8&gt;</p><p><cite>a</cite> `&lt;p&gt;`</p>"),
        ("a<br>\n\nb\n\n</i>c", "<p>a<br>\n\nb</p><p>c</p>"),
        ("One<br>\n\ntwo", "One<br>\n\ntwo"),
        ("<a title='t'>\n\none\n\n</a>", '<a title="t">\n\none\n\n</a>'),
        ("<p>One</p>\n\ntwo\n\nthree", "<p>One</p>\n\ntwo\n\nthree"),
        ("One<!-- more -->\n\ntwo", "<p>One</p><p>two</p>"),
    ],
)
def test_blank_lines_part_html_whose_tags_do_not(said: str, shown: str) -> None:
    """Some write their text with a link or a word in italics, and leave the paragraphs to their site."""
    assert _shown(said) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("For $k<n$ and\na Vec<u8> &amp; b>a", "For $k&lt;n$ and\na Vec&lt;u8&gt; &amp; b&gt;a"),
        ("a </T> <String", "a &lt;/T&gt; &lt;String"),
        ("<o:p>a</o:p> <amp-b>c</amp-b><?php d ?><!-- e -->", "a c"),
        ("<canvas>a</canvas>", "a"),
    ],
)
def test_what_is_no_tag_of_html_is_words(said: str, shown: str) -> None:
    """Where no other tag says that it is HTML: arXiv's abstracts lost what stood behind an inequality."""
    assert _shown(said) == shown


@pytest.mark.parametrize("html", [True, False])
@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "So:\n```rust\nfn a() {\n\n    b::<u8>()\n}\n```\nand",
            '<p>So:</p><pre><code class="language-rust">fn a() {\n\n    b::&lt;u8&gt;()\n}</code></pre><p>and</p>',
        ),
        ("- a\n  ````\n  <p>```</p>\n    x\n  ````", "<p>- a</p><pre><code>&lt;p&gt;```&lt;/p&gt;\n  x</code></pre>"),
        ("a\n\n```\nb", "<p>a</p><p>```<br>b</p>"),
    ],
)
def test_code_between_fences_keeps_its_lines(said: str, shown: str, html: bool) -> None:
    """Feeds made of Markdown carry it so, whether they call it text or HTML."""
    assert _shown(said, html=html) == shown


def test_fences_in_prose_with_tags_hold_code_too() -> None:
    """What is between them is no markup."""
    assert (
        _shown("a<br>b\n```html\n<div>\n```\n")
        == '<p>a<br>b</p><pre><code class="language-html">&lt;div&gt;</code></pre>'
    )


@pytest.mark.parametrize("piece", ["```a\n", "\n", "\n \n<b", "`a", "<a>\n\n", "<br>\n", "a\n\n", "`\n\n<"])
def test_reading_text_takes_time_by_its_length(piece: str) -> None:
    """However it is made."""
    said = "a\n\nb" + piece * (300_000 // len(piece))
    begun = process_time()
    _shown(said)
    assert process_time() - begun < 5
