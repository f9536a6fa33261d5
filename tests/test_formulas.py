"""Formulas: what programs write into articles for their own scripts and style sheets is shown once, as its source."""

from __future__ import annotations

from time import process_time

import pytest

from aggregator.sanitise import clean

_MATHML = (
    '<span class="katex-mathml"><math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><mi>e</mi></mrow>'
    '<annotation encoding="application/x-tex">e^x</annotation></semantics></math></span>'
)
_DRAWN = (
    '<span class="katex-html" aria-hidden="true"><span class="base"><span class="strut" style="height:1em"></span>'
    '<span class="mord">e<span class="msupsub">x</span></span></span></span>'
)


def test_what_katex_draws_beside_its_mathml_goes() -> None:
    """A formula stands once; what comes after it stays."""
    markup = f'<p>a <span class="katex">{_MATHML}{_DRAWN}</span> and <span>b</span></p>'
    assert clean(markup * 2, None) == "<p>a <span><span><code>e^x</code></span></span> and <span>b</span></p>" * 2


def test_what_is_hidden_elsewhere_stays() -> None:
    """Only beside a formula is it known what it repeats."""
    assert clean('<p>a <span aria-hidden="true">b</span></p>', None) == "<p>a <span>b</span></p>"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<p>a <script type="math/tex">x < y^2</script> b</p>', "<p>a <code>x &lt; y^2</code> b</p>"),
        ("<SCRIPT TYPE='math/tex; mode=display'>\nx\n</SCRIPT>", "<code>x</code>"),
        ("<script async type=math/tex>% <![CDATA[\na &< b %]]></script>", "<code>a &amp;&lt; b</code>"),
        (
            '<script type="math/tex"><img src=x onerror=alert(1)></script>',
            "<code>&lt;img src=x onerror=alert(1)&gt;</code>",
        ),
        ('<script>x</script><script src="math/tex">y</script>', ""),
        ('<script type="text/javascript">"math/tex"</script>a', "a"),
    ],
)
def test_formulas_in_scripts_are_kept(markup: str, expected: str) -> None:
    """MathJax finds its formulas in scripts of a type of its own; all other scripts go."""
    cleaned = clean(markup, None)
    assert cleaned == expected
    assert clean(cleaned, None) == cleaned


@pytest.mark.parametrize(
    "bomb",
    [
        '<script type="math/tex">' * 25_000,
        "<script type " * 25_000 + "math/tex",
        '<math></math></span><span aria-hidden="true">' * 10_000,
    ],
)
def test_formulas_that_do_not_end_take_no_time(bomb: str) -> None:
    """Whatever is left open."""
    start = process_time()
    clean(bomb, None)
    assert process_time() - start < 5
