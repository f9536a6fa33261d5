"""Formulas in articles: MathML and the scripts of MathJax become their TeX source, which every reader can show."""

from __future__ import annotations

import re

from aggregator.elements import ATTRIBUTE, escaped

#: What is in a script is no markup; kramdown hides it from XML.
_SCRIPT = re.compile(
    r"<script\b(?=[^<>]*\btype\s*+=\s*+[\"']?math/tex\b)[^>]*+>\s*+(?:%\s*+<!\[CDATA\[)?(.*?)(?:%\s*+\]\]>\s*+)?"
    r"(?:</script\s*+>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_FORMULA = re.compile(r"<x-math(?: [^>]*+)?>.*?</x-math>", re.DOTALL)
_TEX = re.compile(r'<x-annotation encoding="(?:application/x-)?(?:la)?tex">([^<]*+)</x-annotation>', re.IGNORECASE)
#: KaTeX draws each formula once more beside its MathML, of spans that mean nothing without its style sheet.
_DRAWN = re.compile(rf'(</x-math>\s*+</span>\s*+)<span(?=[^>]* aria-hidden="true"){ATTRIBUTE}*+>')
_SPAN = re.compile(r"<(/?)span[ >]")


def from_scripts(markup: str) -> str:
    """Return ``markup`` with the formulas of MathJax as code; other scripts stay."""
    return _SCRIPT.sub(lambda found: f"<code>{escaped(found[1].strip())}</code>", markup)


def as_code(written: str) -> str:
    """Return ``written``, markup from nh3, with the TeX source of each ``x-math`` that has it, and without drawings."""
    return _FORMULA.sub(_formula, _without_drawings(written))


def _formula(found: re.Match[str]) -> str:
    tex = _TEX.search(found[0])
    return f"<code>{tex[1].strip()}</code>" if tex else found[0]


def _without_drawings(written: str) -> str:
    parts, start = [], 0
    while drawn := _DRAWN.search(written, start):
        parts.append(written[start : drawn.end(1)])
        start = _end_of_span(written, drawn.end())
    return "".join(parts) + written[start:]


def _end_of_span(written: str, start: int) -> int:
    depth = 1
    for tag in _SPAN.finditer(written, start):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return tag.end()
    return len(written)
