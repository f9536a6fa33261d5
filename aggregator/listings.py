"""Listings of programs in articles: the numbers of their lines go, for without a style sheet they run into the code."""

from __future__ import annotations

import re

from aggregator.elements import ATTRIBUTE

#: What Chroma, Pygments, Rouge and Hexo call them; and Chroma, where it writes styles, keeps them from being selected.
_NAMES = r"(?:(?:code-|rouge-)?gutter|hljs-ln-numbers|line-?numbers?|linenos?|lnt?|lntd)"
_CALLED = rf'(?: class="(?:[^"]*\s)?{_NAMES}[\s"]| style="[^"]*\buser-select:\s*none\b)'
_NUMBER = re.compile(rf"<span(?=[^<>]*{_CALLED}){ATTRIBUTE}*+>\s*+\d++\s*+</span>")
_CELL = re.compile(
    rf"<td(?=[^<>]*{_CALLED}){ATTRIBUTE}*+>(?:[\s\d]++|</?(?:a|br|code|div|pre|span)\b{ATTRIBUTE}*+>)++</td>"
)
#: To begin with a word is what makes the search quick.
_NUMBERED = re.compile(rf"class\s{{0,9}}=\s{{0,9}}[\"']?(?:[^\"'<>]{{0,200}}\s)?{_NAMES}[\s\"'>]")


def is_numbered(markup: str) -> bool:
    """Tell whether ``markup`` may have listings whose lines are numbered."""
    return "<pre" in markup and ("user-select" in markup or _NUMBERED.search(markup) is not None)


def without_numbers(written: str) -> str:
    """Return ``written``, markup from nh3 with classes and styles, without the numbers of lines."""
    return _NUMBER.sub("", _CELL.sub("", written))
