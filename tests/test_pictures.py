"""Pictures: srcset, pictures that scripts load late, trackers, and pictures said twice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import urls
from aggregator.pictures import LAZY_SETS, LAZY_SOURCES, is_tracker, srcset
from aggregator.sanitise import clean

BASE = "https://blog.example.org/"
CLOUD = "https://res.example.com/w_100,h_200,c_fill/x.jpg"


def _absolute(address: str) -> str | None:
    return urls.absolute(address, BASE)


def _img(*addresses: str, alt: str = "") -> str:
    named = f' alt="{alt}"' if alt else ""
    return "".join(
        f'<img src="{BASE}{address}"{named} loading="lazy" referrerpolicy="no-referrer">' for address in addresses
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a.jpg", f"{BASE}a.jpg"),
        ("a.jpg 1x,b.jpg 2x", f"{BASE}a.jpg 1x, {BASE}b.jpg 2x"),
        ("a.jpg, b.jpg 2x", f"{BASE}a.jpg, {BASE}b.jpg 2x"),
        (" ,\n a.jpg \t 100w ,, b.jpg 1.5x , ", f"{BASE}a.jpg 100w, {BASE}b.jpg 1.5x"),
        (f"{CLOUD} 1x, {CLOUD} 2x", f"{CLOUD} 1x, {CLOUD} 2x"),
        (f"{CLOUD} 100w,{CLOUD} 200w 50h", f"{CLOUD} 100w, {CLOUD} 200w 50h"),
        ("a.jpg,b.jpg", f"{BASE}a.jpg,b.jpg"),
        ("a,# 1x, b 2x", f"{BASE}a%2C 1x, {BASE}b 2x"),
        ("data:image/png;base64,iVBOR/w0KGgo= 1x, b.jpg 2x", f"{BASE}b.jpg 2x"),
        ("javascript:alert(1), b.jpg 2x", f"{BASE}b.jpg 2x"),
        ("a.jpg 1y, b.jpg -1x, c.jpg (1x, d.jpg 2x), e.jpg 3x", f"{BASE}e.jpg 3x"),
        (" , ", ""),
        ("", ""),
    ],
)
def test_srcset_is_read_as_browsers_do(value: str, expected: str) -> None:
    """Commas in addresses part nothing, and no candidate that a browser would take is lost."""
    assert srcset(value, _absolute) == expected


@settings(max_examples=300)
@given(st.text(alphabet="ab,/#:?( )1xw.\t%", max_size=40))
def test_srcset_is_a_fixed_point(value: str) -> None:
    """What was written is read as the same candidates again."""
    written = srcset(value, _absolute)
    assert srcset(written, _absolute) == written


@pytest.mark.parametrize("attribute", LAZY_SOURCES)
def test_late_pictures_are_put_in(attribute: str) -> None:
    """Each place where scripts keep the address of a picture is known."""
    assert clean(f'<img {attribute}="/real.jpg">', BASE) == _img("real.jpg")


@pytest.mark.parametrize("attribute", LAZY_SETS)
def test_late_candidates_are_put_in(attribute: str) -> None:
    """Each place where scripts keep candidates is known; the first serves readers that know no srcset."""
    cleaned = clean(f'<img {attribute}="/a.jpg 1x, /b.jpg 2x">', BASE)
    assert f'srcset="{BASE}a.jpg 1x, {BASE}b.jpg 2x" src="{BASE}a.jpg"' in cleaned


@pytest.mark.parametrize(
    "src",
    [
        "",
        "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP",
        "about:blank",
        "/img/placeholder.png",
        "blank.gif?v=2",
        "https://x.example/a/lazy_load.svg",
        "/1x1.gif",
    ],
)
def test_a_placeholder_gives_way(src: str) -> None:
    """What only fills the place is replaced by the real address."""
    assert clean(f'<img src="{src}" data-src="/real.jpg" alt="a">', BASE).count("real.jpg") == 1


def test_a_real_picture_stays() -> None:
    """A picture that is shown at once keeps its address, unless its class says that it is loaded late."""
    assert clean('<img src="/shown.jpg" data-src="/large.jpg">', BASE) == _img("shown.jpg")
    assert clean('<img src="/blur.jpg" data-src="/large.jpg" class="a lazyload">', BASE) == _img("large.jpg")


def test_candidates_of_a_late_picture_element_are_put_in() -> None:
    """The sources of a picture element are loaded late, too."""
    markup = '<picture><source data-srcset="/a.webp"><img data-src="/a.jpg"></picture>'
    assert clean(markup, BASE) == f'<picture><source srcset="{BASE}a.webp">{_img("a.jpg")}</picture>'


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<img src="data:x" data-src="/a.jpg"><noscript><img src="/a.jpg"></noscript>', _img("a.jpg")),
        ('<img src="data:x" data-src="/s.jpg"> <noscript><img src="/a.jpg"></noscript>', _img("s.jpg")),
        ('<noscript><img src="/a.jpg"></noscript><img class="lazy" data-src="/a.jpg">', _img("a.jpg")),
        ('<img src="data:x" alt="z"><noscript><img src="/a.jpg" alt="z"></noscript>', _img("a.jpg", alt="z")),
        ('<a><img data-src="/a.jpg"></a><p>x</p><noscript><img src="/a.jpg"></noscript>', None),
        ('<a href="/a.jpg"><img alt=""><noscript><img src="/a.jpg"></noscript></a>', None),
        ('<img src="/b.jpg"><noscript><img src="/a.jpg"></noscript>', _img("b.jpg", "a.jpg")),
        ('<img src="/a.jpg"><noscript><img src="/t" width=1 height=1>b</noscript>', _img("a.jpg") + "b"),
        ("<noscript>a</noscript><noscript><p>b</p></noscript>", "a<p>b</p>"),
        ("<noscript><img src=/a.jpg>", _img("a.jpg")),
    ],
)
def test_a_picture_in_noscript_stays_once(markup: str, expected: str | None) -> None:
    """A picture that is there for browsers with scripts and for those without is kept once, never twice, never not."""
    cleaned = clean(markup, BASE)
    assert cleaned.strip() == expected if expected else cleaned.count('src="https://blog.example.org/a.jpg"') == 1


@pytest.mark.parametrize(
    "style", ["height: 1em; max-height: 1em;", "width:1em;height:1.2em", "a:b; height :.9em", "height:0.75em"]
)
def test_a_picture_as_high_as_its_line_is_a_character(style: str) -> None:
    """Emoji of WordPress and of Weibo stand in the text as what they mean, in the size of the text."""
    img = f'<img src="https://s.w.org/images/core/emoji/72x72/1f642.png" alt="🙂 <3" style="{style}" />'
    assert clean(f"<p>Hello {img} there</p>", BASE) == "<p>Hello 🙂 &lt;3 there</p>"


@pytest.mark.parametrize(
    "markup", ['style="line-height: 1em" alt="a"', 'style="height: 10em" alt="a"', 'style="height:1em"']
)
def test_other_pictures_stay(markup: str) -> None:
    """What is higher, or says no text, is a picture."""
    assert clean(f'<img src="/a.png" {markup}>', BASE).startswith("<img ")


def test_a_tracker_is_told_by_its_name() -> None:
    """Where it says no size."""
    assert clean('<img src="https://media.example.org/images/tracking/rss-pixel.png?story=1" />', None) == ""
    assert clean('<img src="/google-pixel.png" alt="a">', BASE) == _img("google-pixel.png", alt="a")


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        ("1", "1", True),
        ("0", "1px", True),
        (" 1.0 ", "0", True),
        ("1", "2", False),
        ("1", "", False),
        ("10", "1", False),
    ],
)
def test_only_what_cannot_be_seen_is_a_tracker(width: str, height: str, expected: bool) -> None:
    """A tracker is at most one pixel wide and one pixel high, and says both."""
    assert is_tracker({"width": width, "height": height}) is expected
