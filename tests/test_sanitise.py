"""Clean HTML: what stays, what changes, what goes; and that nothing hostile comes through."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from time import process_time
from urllib.parse import urlsplit

import lxml.html
import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import elements, embeds
from aggregator.elements import DROPPED, ELEMENTS, GLOBAL
from aggregator.sanitise import clean, first_image, from_text

BASE = "https://blog.example.org/2024/post.html"
DOCS = Path(__file__).parent.parent / "docs" / "html.md"
PICTURE = 'loading="lazy" referrerpolicy="no-referrer">'

#: (what, markup, expected)
GOLDEN = [
    ("nothing", "", ""),
    ("white space", " \n\t", ""),
    ("plain words", "a < b & c", "a &lt; b &amp; c"),
    ("a byte order mark", "\ufeff\ufeffx", "x"),
    ("emphasis and unclosed markup", "<p>a <b>b<p>c", "<p>a <b>b</b></p><p><b>c</b></p>"),
    ("stray ends", "</div></p>x</b>", "<p></p>x"),
    ("an unknown element", "<blink>a <o:p>b</o:p></blink> <symbol>c</symbol>", "a b c"),
    ("code that looks like markup", "<p>Vec<u8> of <String></p>", "<p>Vec of </p>"),
    (
        "an attribute that is not allowed",
        '<p id="x" style="color:red" onclick="x()" title="t">a</p>',
        '<p title="t">a</p>',
    ),
    ("language and direction", '<p lang="fa" dir="rtl">a</p>', '<p lang="fa" dir="rtl">a</p>'),
    ("a list of definitions", "<dl><dt>a<dd>b</dl>", "<dl><dt>a</dt><dd>b</dd></dl>"),
    (
        "a table",
        "<table border=1><caption>c</caption><colgroup><col span=2></colgroup>"
        "<tr><th scope=col id=x>a<td colspan=2 headers=x>b</table>",
        '<table><caption>c</caption><colgroup><col span="2"></colgroup><tbody><tr><th scope="col">a</th>'
        '<td colspan="2" headers="x">b</td></tr></tbody></table>',
    ),
    ("ruby", "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>"),
    ("details", "<details open><summary>a</summary>b</details>", '<details open=""><summary>a</summary>b</details>'),
    (
        "the class of code",
        '<pre class="x language-c++ y"><code class="lang-c hl">i',
        '<pre class="language-c++"><code class="lang-c">i</code></pre>',
    ),
    ("a class that only holds one", '<code class="no-language-c">i</code>', "<code>i</code>"),
    ("any other class", '<p class="language-c">a</p>', "<p>a</p>"),
    ("line ends at the start of code", "<pre>\n\n  x\n</pre>", "<pre>\n\n  x\n</pre>"),
    ("a comment", "a<!-- b -->c<!--[if IE]>d<![endif]-->e", "ace"),
    ("an unclosed comment", "<p>a</p><!-- b", "<p>a</p>"),
    ("a form", "<form><label>Name</label><input value=x><button>Go</button><textarea>t</textarea></form>", "Name"),
    (
        "a list of tasks",
        '<ul><li><input type="checkbox" checked> done</li><li><input type=CHECKBOX> not</li></ul><input name=a>',
        "<ul><li>☑ done</li><li>☐ not</li></ul>",
    ),
    ("a script", "a<script>b</script><style>c</style><template><p>d</p></template>e", "ae"),
    ("an XHTML script", '<script src="x.js"/>a', "a"),
    ("characters that are not legal", "a\x00b\x1bc\ufffed\ud800e&#x1b;f&#xFFFE;g&#x85;h", "abcdefg…h"),
    ("a line end as a reference", "a&#13;b", "a\nb"),
    ("a relative link", '<a href="../x y?q=ä#z">a</a>', '<a href="https://blog.example.org/x%20y?q=%C3%A4#z">a</a>'),
    ("a fragment", '<a href="#n">a</a>', f'<a href="{BASE}#n">a</a>'),
    ("a link without scheme", '<a href="//EXAMPLE.com:443/">a</a>', '<a href="https://example.com/">a</a>'),
    ("a link with a password", '<a href="https://u:p@example.com/">a</a>', '<a href="https://example.com/">a</a>'),
    ("a link elsewhere", '<a href="ftp://x/">a</a> <a href="file:///etc/passwd">b</a>', "<a>a</a> <a>b</a>"),
    ("an e-mail link", '<a href=" MailTo:a@b.c?subject=a b">a</a>', '<a href="mailto:a@b.c?subject=a%20b">a</a>'),
    ("an e-mail picture", '<img src="mailto:a@b.c" alt="x">', "x"),
    (
        "a base element",
        '<base href="https://evil.example/"><a href="x">a</a>',
        '<a href="https://blog.example.org/2024/x">a</a>',
    ),
    (
        "a citation",
        '<q cite="/a">x</q><del cite="javascript:x" datetime="2024">y</del>',
        '<q cite="https://blog.example.org/a">x</q><del datetime="2024">y</del>',
    ),
    (
        "a video",
        '<video src="v.mp4" poster="/p.jpg" autoplay loop>no</video>',
        '<video src="https://blog.example.org/2024/v.mp4" poster="https://blog.example.org/p.jpg" controls="">'
        "no</video>",
    ),
    (
        "sound",
        "<audio><source src=/a.ogg type=audio/ogg><source src=data:x></audio>",
        '<audio controls=""><source src="https://blog.example.org/a.ogg" type="audio/ogg"></audio>',
    ),
    (
        "a picture",
        '<img src=/a.jpg alt="&quot;a&quot;" width=400 class=x loading=eager>',
        f'<img src="https://blog.example.org/a.jpg" alt="&quot;a&quot;" width="400" {PICTURE}',
    ),
    ("a picture in the markup itself", '<img src="data:image/gif;base64,R0lGOD" alt="1 < 2">', "1 &lt; 2"),
    ("a tracker", '<p>a<img src="https://t.example/" width="1" height="1px">b</p>', "<p>ab</p>"),
    (
        "a thin picture",
        "<img src=/a.gif width=1 height=200>",
        f'<img src="https://blog.example.org/a.gif" width="1" height="200" {PICTURE}',
    ),
    (
        "a formula with its source",
        '<math><semantics><mi>x</mi><annotation encoding="application/x-tex">x &lt; 2</annotation></semantics></math>',
        "<code>x &lt; 2</code>",
    ),
    ("a formula without", "<p><math><mi>x</mi><mo>+</mo><mtext>y</mtext></math></p>", "<p>x+y</p>"),
    ("a drawing", "<svg><style>a{}</style><title>t</title><g><text>x</text></g><path d='M0'/></svg>y", "txy"),
    (
        "a frame in a paragraph",
        '<p>see<iframe src="//player.vimeo.com/video/12"></iframe>now</p>',
        '<p>see <a href="https://vimeo.com/12">Video on Vimeo</a> now</p>',
    ),
    (
        "a frame alone",
        '<div><iframe data-src="https://youtu.be/abcdefghijk" src="about:blank">x</iframe></div>',
        '<div><p><a href="https://www.youtube.com/watch?v=abcdefghijk">Video on YouTube</a></p></div>',
    ),
    (
        "a frame of nobody known",
        '<iframe src="/w.html?a=1&amp;b"></iframe>',
        '<p><a href="https://blog.example.org/w.html?a=1&amp;b">https://blog.example.org/w.html?a=1&amp;b</a></p>',
    ),
    ("a frame without address", '<iframe srcdoc="<p>x"></iframe><iframe src="javascript:x"></iframe>a', "a"),
    (
        "an XHTML frame",
        '<iframe src="https://e.example/"/><p>a</p>',
        '<p><a href="https://e.example/">https://e.example/</a></p><p>a</p>',
    ),
    (
        "a plug-in, said three times",
        '<object data="https://www.youtube.com/v/abcdefghijk"><param name="movie" value="https://www.youtube.com/v/abcdefghijk">'
        '<embed src="https://www.youtube.com/v/abcdefghijk">Sorry</object>',
        '<p><a href="https://www.youtube.com/watch?v=abcdefghijk">Video on YouTube</a></p>Sorry',
    ),
    ("words for browsers without scripts", "<noscript><p>a</p></noscript>", "<p>a</p>"),
    ("a paragraph that only a button holds apart", "<p>a<object><p>b</p></object>c</p>", "<p>a</p><p>b</p>c<p></p>"),
    (
        "links in links",
        "<a href=/1>1<table><a href=/2>2",
        '<a href="https://blog.example.org/1">1</a><a href="https://blog.example.org/2">2</a><table></table>',
    ),
    ("headings in headings", "<h2><font>a<h3>b</h3>", "<h2>a</h2><h3>b</h3>"),
]

#: Markup made to run something, or to get out of its place.
PAYLOADS = [
    # handlers
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<body onload=alert(1)>a",
    "<p onclick=alert(1)>a",
    "<details open ontoggle=alert(1)>a",
    "<video onloadstart=alert(1) src=a>",
    "<a href=/x onfocus=alert(1) autofocus tabindex=1>a",
    "<img src=x\x00 onerror\n=\nalert(1)>",
    '<img src="x"onerror="alert(1)">',
    "<img/src=x/onerror=alert(1)//",
    '<img alt="`" src=x onerror=alert(1)`>',
    "<marquee onstart=alert(1)>a</marquee>",
    "<p oNcLiCk=alert(1) style=animation-name:x onanimationend=alert(1)>a",
    # javascript: and its family
    '<a href="javascript:alert(1)">a</a>',
    '<a href="JaVaScRiPt:alert(1)">a</a>',
    '<a href="&#106;avascript&colon;alert(1)">a</a>',
    '<a href="&#x6A&#x61vascript:alert(1)">a</a>',
    '<a href="java\tscript:alert(1)">a</a>',
    '<a href="java&Tab;scr&NewLine;ipt:alert(1)">a</a>',
    '<a href=" \x01\x0b javascript:alert(1)">a</a>',
    '<a href="&#1;javascript:alert(1)">a</a>',
    '<a href="\u00a0javascript:alert(1)">a</a>',
    '<a href="javascript&#58;//example.org/%0Aalert(1)">a</a>',
    '<a href="vbscript:x">a</a><a href="livescript:x">b</a>',
    '<a href="data:text/html,<script>alert(1)</script>">a</a>',
    '<a href="blob:https://x/1">a</a><a href="filesystem:http://x/t/a">b</a>',
    '<a href="view-source:javascript:x">a</a><a href="feed:javascript:x">b</a>',
    '<a href="//\\example.org">a</a><a href="http://a\\@b/">b</a>',
    '<a href="mailto:x@y&quot;onclick=alert(1)">a</a>',
    '<img src="javascript:alert(1)"><img src="data:image/svg+xml,<svg onload=alert(1)>">',
    '<img longdesc="javascript:alert(1)" src=a lowsrc=javascript:x dynsrc=javascript:x>',
    '<video poster="javascript:alert(1)" src="data:video/mp4,x"><source src=javascript:x><track src=javascript:x>',
    '<blockquote cite="javascript:alert(1)">a</blockquote>',
    '<img srcset="javascript:alert(1) 1x, data:image/png;base64,x 2x, /a.png 3x">',
    '<picture><source srcset="javascript:x"><img src=/a></picture>',
    "<img srcset='x\" onerror=alert(1) \" 1x'>",
    '<form action="javascript:x"><button formaction="javascript:alert(1)">a</button></form>',
    "<input type=image src=javascript:x formaction=javascript:x>",
    "<isindex action=javascript:x type=image><keygen autofocus onfocus=x>",
    '<a ping="https://evil/" target="_top" download rel=opener href=/x>a</a>',
    # elements that run, load or take over
    "<script>alert(1)</script>",
    "<script src=//evil.example></script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<<script>alert(1)//<</script>",
    "<script/x>alert(1)</script/x>",
    "<SCRIPT\x0c>alert(1)</SCRIPT\x0c>",
    '<script type="text/x"><!--</script><img src=x onerror=alert(1)>-->',
    "<style>@import'javascript:x';</style><p style=background:url(javascript:x)>a",
    "<link rel=stylesheet href=javascript:x><link rel=import href=//evil>",
    '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
    '<base href="javascript:/a/-alert(1)///"><a href=x>a</a>',
    "<object data=javascript:x></object><embed src=javascript:x><applet code=x>a</applet>",
    '<object data="data:text/html,<script>x</script>"><param name=movie value=javascript:x></object>',
    "<iframe src=javascript:x></iframe><iframe srcdoc='<script>x</script>'></iframe><frameset onload=x><frame src=x>",
    '<iframe src="https://www.youtube.com/embed/abcdefghijk&quot;onload=alert(1)&gt;"></iframe>',
    '<iframe src="//e.example/?<script>alert(1)</script>"></iframe>',
    "<iframe></iframe/x><iframe><img src=x onerror=alert(1)></iframe>",
    "<template><script>alert(1)</script></template><slot onslotchange=x>a</slot>",
    "<dialog open onclose=x>a</dialog><portal src=javascript:x></portal><fencedframe src=//x></fencedframe>",
    "<xml id=x><a xlink:href=javascript:x>a</a></xml><?xml-stylesheet href='javascript:x'?>",
    '<!DOCTYPE x [<!ENTITY y "<script>">]><p>&y;',
    "<input type=hidden popover onbeforetoggle=x><button popovertarget=x>a</button>",
    # foreign worlds and parsers that disagree
    "<svg><script>alert(1)</script><a xlink:href=javascript:alert(1)><text>a</text></a></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1) /><set attributeName=onload to=alert(1)>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'/><image href=x onerror=alert(1)></svg>",
    "<svg><foreignObject><iframe src=javascript:x></iframe><p onclick=x>a</foreignObject></svg>",
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<math><mtext><mglyph><style><img src=x onerror=alert(1)></style></mglyph></mtext></math>",
    "<math><annotation-xml encoding=text/html><script>alert(1)</script><p onclick=x>a",
    '<math><annotation encoding="application/x-tex">&lt;img src=x onerror=alert(1)&gt;</annotation></math>',
    "<math href=javascript:x xlink:href=javascript:x><mi href=javascript:x>a",
    "<math><malignmark></math><img src=x onerror=alert(1)>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<noembed><img title="</noembed><img src=x onerror=alert(1)>"></noembed>',
    '<noframes><a title="</noframes><svg onload=x>">',
    "<x-noscript><img src=a onerror=x></x-noscript><x-math><p onclick=x></x-math>",
    '<textarea><p title="</textarea><img src=x onerror=alert(1)>">',
    '<title><a title="</title><img src=x onerror=alert(1)>"></title>',
    '<xmp><p title="</xmp><svg/onload=alert(1)>"></xmp><listing>&lt;img onerror=alert(1)&gt;</listing>',
    "<plaintext><img src=x onerror=alert(1)>",
    '<select><template><style><!--</style><a rel="--></style></template></select><img id=x src onerror=alert(1)>">',
    "<![CDATA[<img src=x onerror=alert(1)>]]><svg><![CDATA[><img src=x onerror=alert(1)>]]>",
    "<!--><img src=x onerror=alert(1)>--><!---><svg onload=x>-->",
    "<!-- --!><img src=x onerror=alert(1)>--><!--<!--><p onclick=x>-->",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]--><comment><img src='</comment><svg onload=x>'>",
    "</><img src=x onerror=alert(1)></ onclick=x><//img onload=x><%25 onclick=x><!x onclick=x>",
    "&lt;script&gt;alert(1)&lt;/script&gt;&amp;lt;img onerror=x&amp;gt;",
    '<p title="&quot;&gt;&lt;img src=x onerror=alert(1)&gt;" lang=\'"><svg onload=x>\'>a',
    '<img alt="<script>alert(1)</script>" src="data:x"><img alt="&lt;svg onload=x&gt;">',
    '<img data-src="javascript:alert(1)" src="data:x"><img data-srcset="javascript:x 1x" class=lazy src=/a>',
    '<img data-src="x&quot; onerror=&quot;alert(1)" data-x"onerror="x">',
    '<a href="https://x/"><a href="javascript:x"><table><a href="javascript:y">z',
    "<b <script>alert(1)</script>0",
    "<p id=x name=y class=z is=w contenteditable draggable=true itemprop=x data-x=y aria-label=z role=button>a",
    '<code class="language-x onload=alert(1) language-&quot;&gt;&lt;svg">a</code>',
]


class _Lexer(HTMLParser):
    """Collects all that is no plain element or text, and every start tag, with the standard library's own lexer."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.others: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_decl(self, decl: str) -> None:
        self.others.append(decl)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


def _found(cleaned: str) -> list[tuple[str, dict[str, str]]]:
    # What two parsers see that are neither nh3's nor ours.
    lexer = _Lexer()
    lexer.feed(cleaned)
    lexer.close()
    assert not lexer.others
    tree = lxml.html.fragment_fromstring(cleaned, create_parent="div")
    elements = [(str(element.tag), dict(element.attrib)) for element in tree.iterdescendants()]
    return elements + [(tag, {name: value or "" for name, value in values}) for tag, values in lexer.tags]


def _assert_clean(cleaned: str) -> None:
    for name, attributes in _found(cleaned):
        assert name in ELEMENTS
        assert attributes.keys() <= GLOBAL | ELEMENTS[name]
        for attribute in attributes.keys() & {"href", "src", "poster", "cite", "longdesc"}:
            _assert_address(attributes[attribute], mail=attribute == "href")
        for part in attributes.get("srcset", "").replace(", ", " ").split():
            if not re.fullmatch(r"[\d.]+[wxh]", part):
                _assert_address(part, mail=False)
        for token in attributes.get("class", "").split():
            assert token.startswith(("language-", "lang-"))
        if name == "img":
            assert attributes["loading"] == "lazy"
            assert attributes["referrerpolicy"] == "no-referrer"
            assert attributes["src"]


def _assert_address(address: str, *, mail: bool) -> None:
    split = urlsplit(address)
    assert split.scheme in ("http", "https") or (mail and split.scheme == "mailto")
    assert split.scheme == "mailto" or (split.hostname and split.username is None)
    assert not re.search(r"[\s\"<>\\\x00-\x20]", address)


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<h2>A<a href="#a"></a></h2>', "<h2>A</h2>"),
        ('<h2>A <a class="x" href="#a" title="Permalink"><span>#</span></a></h2>', "<h2>A </h2>"),
        ('<h2><a name="a"><i class="icon"></i></a>A <a href="/b#a">🔗\ufe0f</a></h2>', "<h2>A </h2>"),
        ('<pre><a href="#1"></a>\na<a id="2">\n</a>b</pre>', "<pre>\n\na\nb</pre>"),
        ('a<a href="https://e.example/"> <b></b>\n</a>b', "a \nb"),
        (
            '<a href="https://e.example/" title="A &lt; b"><svg/></a>',
            '<a href="https://e.example/" title="A &lt; b">A &lt; b</a>',
        ),
        ('<a href="https://e.example/">#</a>', '<a href="https://e.example/">#</a>'),
        ('<a href="#1">1</a>', f'<a href="{BASE}#1">1</a>'),
        ('<a href="#a">#a</a>', f'<a href="{BASE}#a">#a</a>'),
        ('<a href="#1">↩\ufe0e</a>', f'<a href="{BASE}#1">↩\ufe0e</a>'),
        ('<a href="#1"><img src="/1"></a>', f'<a href="{BASE}#1"><img src="https://blog.example.org/1" {PICTURE}</a>'),
    ],
)
def test_links_that_show_nothing_go(markup: str, expected: str) -> None:
    """So do the marks behind headings that lead to these; a link to elsewhere is called by its title."""
    cleaned = clean(markup, BASE)
    assert cleaned == expected
    assert clean(cleaned, None) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('a<audio controls disabled class="x"> </audio>b', "ab"),
        ('<video poster="/a.png"></video>', ""),
        ('<a href="/a"><video></video></a>', ""),
        ("<audio src=/a></audio>", '<audio src="https://blog.example.org/a" controls=""></audio>'),
        (
            "<video><source src=/a></video>",
            '<video controls=""><source src="https://blog.example.org/a"></video>',
        ),
    ],
)
def test_players_without_anything_to_play_go(markup: str, expected: str) -> None:
    """Their addresses are known to a script alone."""
    assert clean(markup, BASE) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (
            '<p>10<span class="sr-only x-spoken"> minutes</span> <span aria-hidden="true">minutes</span></p>',
            "<p>10 <span>minutes</span></p>",
        ),
        ('<a href="/b">B <span class="x visually-hidden">(opens a tab)</span></a>', f'<a href="{BASE[:24]}/b">B </a>'),
        ("<span class='screen-reader-text'>Note </span>1", "1"),
        ('<a href="/b"><svg/><span class="sr-only">B</span></a>', f'<a href="{BASE[:24]}/b"><span>B</span></a>'),
        ('<td>a</td><i class="tick"></i><span class="sr-only">Yes</span>', "a<i></i><span>Yes</span>"),
        (
            'a<span class="sr-only-focusable">b</span><span title="sr-only">c</span>',
            'a<span>b</span><span title="sr-only">c</span>',
        ),
    ],
)
def test_words_for_screen_readers_alone_go(markup: str, expected: str) -> None:
    """Everybody would see them twice; where no word stands beside them, they say what an icon showed."""
    assert clean(markup, BASE) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (  # Chroma, with classes and with styles
            '<pre class="chroma"><code class="language-go"><span class="x"><span class="ln">1</span><span class="y">a\n'
            '</span></span><span style="margin:0;-webkit-user-select:none;user-select: none"> 2\n</span>b</code></pre>',
            '<pre><code class="language-go"><span><span>a\n</span></span>b</code></pre>',
        ),
        (  # Chroma's table
            '<table class="lntable"><tr><td class="lntd"><pre class="chroma"><code><span class="lnt">1\n</span>'
            '<span class="lnt">2\n</span></code></pre></td><td class="lntd"><pre><code>a\nb</code></pre></table>',
            "<table><tbody><tr><td><pre><code>a\nb</code></pre></td></tr></tbody></table>",
        ),
        (  # Rouge, Hexo
            '<table><tr><td class="rouge-gutter gl"><pre class="lineno">1\n2\n</pre></td><td><pre>1\n</pre></td></tr>'
            '<tr><td class="gutter"><pre><span class="line">1</span><br></pre></td><td>a</td></tr></table>',
            "<table><tbody><tr><td><pre>1\n</pre></td></tr><tr><td>a</td></tr></tbody></table>",
        ),
        (  # Pygments; words, and what is no number of a line
            '<pre><span class="linenos"> 1</span>a <span class="mi">2</span><span class="ln">x</span></pre>',
            "<pre>a <span>2</span><span>x</span></pre>",
        ),
    ],
)
def test_listings_lose_the_numbers_of_their_lines(markup: str, expected: str) -> None:
    """Without a style sheet these stand in the code, and are copied with it."""
    assert clean(markup, BASE) == expected


@pytest.mark.parametrize(("what", "markup", "expected"), GOLDEN, ids=[what for what, _, _ in GOLDEN])
def test_markup_becomes_what_docs_say(what: str, markup: str, expected: str) -> None:
    """Each kind of markup becomes exactly what is expected of it, and stays so."""
    assert clean(markup, BASE) == expected
    assert clean(expected, None) == expected
    _assert_clean(expected)


@pytest.mark.parametrize("base", [BASE, None, "javascript:alert(1)//", "http://[x"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_hostile_comes_through(payload: str, base: str | None) -> None:
    """Whatever the markup tries, two other parsers find only what the allow-list has."""
    for markup in (payload, f"<p>a{payload}b</p>", f"<table><tr><td>{payload}"):
        cleaned = clean(markup, base)
        _assert_clean(cleaned)
        assert clean(cleaned, base) == cleaned


def test_there_are_payloads_of_every_family() -> None:
    """The table of payloads is no stub."""
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 60


_SPECIAL = "iframe object embed param noscript noembed title xmp form input font svg math mi mtext annotation " + (
    "annotation-xml mglyph malignmark foreignObject desc text x-noscript unknown"
)
_NAMES = sorted(ELEMENTS.keys() | DROPPED | set(_SPECIAL.split()))
_VALUES = (
    'src=a.jpg href="/x y" srcset="a.jpg|1x,|b,c|2x" srcset="a,#|1x,|b" data-src=r.jpg data-srcset="x,|y|2x" width=1 '
    "height=1 alt=&lt;x> title=&quot;&nbsp;' class=lazy|language-c onclick=x() style=height:1em href=javascript:x "
    "lang=en src=//youtube.com/embed/abcdefghijk data=//e.org/q cite=http://[x poster=http://h:99999/ "
    "href=HTTP://ÄÖ.de:80/ü?q# href=http:x encoding=application/x-tex name=movie open "
    "type=math/tex aria-hidden=true style=color:red "
    "type=checkbox checked"
)
_TEXTS = [
    *"x \n'\"<\x00\ufeff\u00a0\ud800\u2028",
    *("y z", "&amp;", "&lt;b&gt;", "&#0;", "&#x1b;", "&#13;", "&#xFFFE;", "\r\n"),
    *("<!--", "-->", "<![CDATA[", "]]>", "</", "<!", "<?", "http://x.example/"),
]
_START = st.builds(
    lambda name, values, end: f"<{name} {' '.join(values)}{end}",
    st.sampled_from(_NAMES),
    st.lists(st.sampled_from([value.replace("|", " ") for value in _VALUES.split(" ")]), max_size=3),
    st.sampled_from([">", ">", ">", "/>", '"/>', ""]),
)
_END = st.sampled_from(_NAMES).map(lambda name: f"</{name}>")
_SOUP = st.lists(st.one_of(_START, _START, _END, st.sampled_from(_TEXTS), st.text(max_size=4)), max_size=25).map(
    "".join
)


@settings(max_examples=400)
@given(_SOUP, st.sampled_from([BASE, None]))
def test_cleaning_is_done_once_and_for_all(markup: str, base: str | None) -> None:
    """Any string gives clean HTML, which cleaning leaves as it is, whatever it is resolved against."""
    cleaned = clean(markup, base)
    _assert_clean(cleaned)
    assert clean(cleaned, base) == cleaned
    assert clean(cleaned, None) == cleaned


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(["title", "lang", "dir"]), st.text("ab&;lt<>\"'\xa0 ")), max_size=3))
def test_what_is_written_is_read_and_written_again_as_it_was(values: list[tuple[str, str]]) -> None:
    """Attributes that nothing changes, as nh3 writes them and as its older versions did, need not be taken apart."""
    given_ = "".join(f" {name}='{value.replace(chr(39), '&#39;')}'" for name, value in values)
    written = nh3.clean(f"<p{given_}>", attributes={"p": {"title", "lang", "dir"}}).removesuffix("</p>")[2:-1]
    for each in (written, written.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\xa0")):
        again = elements.start_tag("p", elements.attributes(each))
        assert elements.tag_of_written("p", elements.written_attributes(each)) == again == f"<p{written}>"


@settings(max_examples=200)
@given(st.data())
def test_no_word_is_lost(data: st.DataObject) -> None:
    """Every word that stands between tags, of elements known and unknown, is still there."""
    names = st.sampled_from(sorted(set(_NAMES) - DROPPED - {"iframe", "title", "xmp"}))
    tags = st.one_of(names.map(lambda name: f"<{name}>"), names.map(lambda name: f"</{name}>"))
    pieces = data.draw(st.lists(tags, max_size=20))
    cleaned = clean("".join(f"{piece}w{number}w" for number, piece in enumerate(pieces)), BASE)
    assert [word for number in range(len(pieces)) if (word := f"w{number}w") not in cleaned] == []


@settings(max_examples=200)
@given(st.text())
def test_any_text_becomes_clean_html(value: str) -> None:
    """What is made of plain text is clean HTML, and all its words are in it."""
    made = from_text(value)
    assert clean(made, None) == made
    _assert_clean(made)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ""),
        (" \n\n ", ""),
        ("a < b\nc & d\n\n \n\ne", "<p>a &lt; b<br>c &amp; d</p><p>e</p>"),
        ("a\r\nb\rc\x00", "<p>a<br>b<br>c</p>"),
        ("(http://x.example/a_(b)).", '<p>(<a href="http://x.example/a_(b)">http://x.example/a_(b)</a>).</p>'),
        ("见https://x.example/路径，然后", '<p>见<a href="https://x.example/">https://x.example/</a>路径，然后</p>'),
        (
            "https://x.example/ä?a=1&b",
            '<p><a href="https://x.example/%C3%A4?a=1&amp;b">https://x.example/ä?a=1&amp;b</a></p>',
        ),
        ("javascript:x http:// https://[x", "<p>javascript:x http:// https://[x</p>"),
    ],
)
def test_plain_text_becomes_paragraphs(value: str, expected: str) -> None:
    """Blank lines part paragraphs, line ends break lines, addresses become links, and all else is escaped."""
    assert from_text(value) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>a</p>", None),
        ("<img src=/a?b&amp;c>", "https://blog.example.org/a?b&c"),
        ("<img src=/s.png width=20 height=20><img src=/a.png width=600>", "https://blog.example.org/a.png"),
        ("<img src=/s.png width=16px>", None),
        ("<img src=/s.png height=1>", None),
        ("<img src=/a.png width=100% height=auto>", "https://blog.example.org/a.png"),
        (f"<img src=/a.png width={'9' * 5000}>", "https://blog.example.org/a.png"),
        ("<picture><source srcset=/b.webp><img srcset='/c.png 2x'></picture>", "https://blog.example.org/c.png"),
        ("<img src=data:x alt=a><video poster=/p.png>", None),
        ("<img src=https://0.gravatar.com/avatar/a?s=96><img src=/a.png>", "https://blog.example.org/a.png"),
        ("<img src=/favicon.ico><img src=https://s0.wp.com/latex.php?latex=x>", None),
        ("<img src=/tracking/npr-rss-pixel.png?story=1>", None),
    ],
)
def test_the_first_image_is_a_real_one(markup: str, expected: str | None) -> None:
    """The first picture counts that is no tracker, smiley, portrait, icon or formula."""
    assert first_image(clean(markup, BASE)) == expected


@pytest.mark.parametrize("depth", [201, 400])
def test_deep_nesting_is_reduced_to_its_text(depth: int) -> None:
    """Nothing comes out that nests deeper than readers can follow; the text does."""
    assert clean("<div>" * 200 + "a", None).count("<div>") == 200
    assert clean("<div>" * depth + "a<p>b &amp; c" + "</div>" * depth, None) == "<p>a</p><p>b &amp; c</p>"


_REOPENED = "<p>" + "".join(f"<b x={n}>" for n in range(14_000)) + "</p>" + "<p>x" * 14_000
_FORMATS = ["b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u", "nobr"]
HOSTILE = {
    "tags in tags": "<b <b" * 180_000,
    "nested div": "<div>" * 400_000,
    "nested b": "<b>" * 400_000,
    "nested a": "<a>" * 400_000,
    "nested table": "<table>" * 400_000,
    "nested lists, below the limit": "<li><dd>" * 14_999,
    "open links": "<a href=" * 125_000,
    "attributes": f"<a {' '.join(f'x{n}=1' for n in range(40_000))}>a",
    "attributes with tag ends": "<a " + " ".join(f'x{n}=">"' for n in range(60_000)) + ">a",
    "attributes where a script seems to be": f"<svg><style><a {' '.join(f'x{n}' for n in range(150_000))}>",
    "emphasis that each paragraph opens again": _REOPENED,
    "equal emphasis": "<p>" + "".join(f"<{name}>" * 3 for name in _FORMATS) + "</p>" + "<p>x" * 29_000,
    "candidates": f"<img srcset='{'a, ' * 300_000}'>",
    "parentheses": f"<img srcset='a {'(' * 400_000}'>",
    "blanks": f"<a href='x{' ' * 900_000}'>" + "\n \n" * 300_000,
    "noscript": "<noscript><img src=a></noscript>" * 9_000,
    "frames": "<iframe src=//a/>" * 25_000,
    "references": "&amp;" * 300_000,
    "links without words": "<a> &nbsp;" * 14_000 + "<a>" + "\n&nbsp;" * 40_000 + "x",
    "words for screen readers": f"a<span class='{'sr-only x ' * 200_000}'" + "><span class='sr-onl sr-only'>a" * 14_000,
    "numbers of lines": "<pre><td class='lineno 'style='user-select: user-select:'>1" * 9_000
    + "<td class=ln>"
    + "1 <br>" * 20_000,
    "frames with a link": "<a href=//a/></a><iframe src=//a/>" * 9_000,
}


@pytest.mark.parametrize("markup", HOSTILE.values(), ids=HOSTILE)
def test_hostile_markup_takes_bounded_time(markup: str) -> None:
    """What takes an HTML parser minutes or gigabytes is done in seconds."""
    started = process_time()
    cleaned = clean(markup, BASE)
    assert process_time() - started < 15  # measured: up to 1.6 s
    assert len(cleaned) < 4 * len(markup) + 100_000


def test_large_articles_keep_their_markup() -> None:
    """An article with more tags, links and code than any that was met comes through whole."""
    part = '<h2>a</h2><p>b <a href="https://x.example/">c</a> <code class="language-c">d</code></p>'
    article = part * 2_500
    assert clean(article, None) == article


def test_the_result_is_the_same_in_every_process() -> None:
    """Cleaning depends on nothing that differs between processes."""
    script = "import sys; from aggregator.sanitise import clean; sys.stdout.write(clean(sys.argv[1], None))"
    markup = (
        "<video src=http://x/ width=1 height=2 title=a lang=b dir=ltr><img src=http://x/ alt=a width=9 title=b>" * 3
    )
    done = [
        subprocess.run(
            [sys.executable, "-c", script, markup],
            capture_output=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=DOCS.parent.parent,
        ).stdout
        for seed in ("1", "2")
    ]
    assert done[0] == done[1] == clean(markup, None).encode()


def test_the_documented_allow_list_is_the_real_one() -> None:
    """docs/html.md names every allowed element with its attributes, and no other."""
    rows = re.findall(r"^\|(.*`<.*)\|(.*)\|$", DOCS.read_text("utf-8"), re.MULTILINE)
    documented = {
        element: frozenset(re.findall(r"`(\w+)`", attributes))
        for elements, attributes in rows
        for element in re.findall(r"`<(\w+)>`", elements)
    }
    assert documented == dict(ELEMENTS)


def test_docs_name_what_is_dropped_and_which_frames_are_known() -> None:
    """docs/html.md names the elements that vanish with their contents, and the sites whose frames are known."""
    page = DOCS.read_text("utf-8")
    dropped = page.partition("## What goes")[2].partition("## What changes")[0].split("and comments")[0]
    assert set(re.findall(r"`<(\w+)>`", dropped)) == DROPPED
    assert [name for name in embeds.PLAYERS if name not in page] == []
    assert all(f"`{name}`" in page for name in GLOBAL)
