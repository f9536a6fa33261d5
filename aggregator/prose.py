"""Text that its feed calls HTML: escaped twice, or parted by blank lines alone and with fenced code, as in Markdown.

Bluesky, and sites whose feeds carry the Markdown that their pages are made of, send such.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from aggregator.elements import BLOCKS, DROPPED, ELEMENTS, VOID, escaped, start_tag

_MARKUP = re.compile(r"<[A-Za-z/!?]")
_ELEMENT = re.compile(r"\s*+<(?:p|div|h[1-6]|ul|ol|blockquote|figure|img|section|article|table|pre)\b", re.IGNORECASE)
#: Blanks before the first element, at most.
_AHEAD = 200
_PARTED = re.compile(r"\n[^\S\n]*+\n")
#: CommonMark, section 4.5; those of tildes are more often ornaments.
_FENCE = re.compile(r"([^\S\n]*+)(`{3,})[^\S\n]*+([\w+#.-]*+)[^`]*+")
_CODE = re.compile(r"`[^`\n]++`")
_BLOCKS = BLOCKS | {"body", "html", "tbody", "thead"}
_OTHER_NAMES = (
    "acronym applet area base blink canvas data dialog embed fieldset font form frame iframe input label legend link "
    "map marquee math menu meta meter nobr noscript object output progress search slot svg title"
)
#: What most articles have; in code it says nothing.
_BLOCK = re.compile(rf"<(?:{'|'.join(sorted(_BLOCKS))})[\s/>]")
_HTML = _BLOCKS | ELEMENTS.keys() | DROPPED | set(_OTHER_NAMES.split())
#: Types and components of programs have names in large and small letters.
_TAG = re.compile(r"<(?:[!?]|/?([a-z][a-z0-9]*+(?:[:-][\w:-]++)?|[A-Z][A-Z0-9]*+)(?=[\s/>]))")
_MARK = re.compile(rf"{_CODE.pattern}|<")
_STEP = re.compile(
    r"(?P<broken><br\s*+/?>[^\S\n]*+)?\n[^\S\n]*+\n\s*+|<(?P<end>/?)(?P<name>[A-Za-z]++[1-6]?)(?:[^<>/]|/(?!>))*+>"
)


def once_escaped(markup: str) -> str:
    """Return ``markup`` as it was meant: no article shows the source of HTML from its first character to its last."""
    if "&lt;" in markup[:_AHEAD] and not _MARKUP.search(markup):
        meant = html.unescape(markup)
        return meant if _ELEMENT.match(meant) and meant.rstrip().endswith(">") else markup
    return markup


def is_plain(markup: str) -> bool:
    """Tell whether ``markup`` is text without a tag of HTML outside of code."""
    return not _has_blocks(markup) and _is_parted(markup) and not _names(markup)


def with_paragraphs(markup: str) -> str:
    """Return ``markup`` with the paragraphs and the code that its author meant, when no tag of its parts lines.

    Where it has no tag of HTML at all, what looks like one is words: "for $k<n$", "a Vec<u8>".
    """
    if _has_blocks(markup):
        return markup
    names = _names(markup)
    if not names:
        return _MARK.sub(_shown, markup)
    if not _is_parted(markup) or not names.isdisjoint(_BLOCKS):
        return markup
    made = list(_made(markup))
    return "".join(made) if len(made) > 1 else markup


def parts(value: str) -> Iterator[tuple[str | None, str]]:
    """Return the parts of ``value`` in their order, code with the name of its language ("" for none), else None."""
    words: list[str] = []
    within: list[str] = []
    opening: re.Match[str] | None = None
    for line in value.split("\n"):
        if opening is None:
            opening = _FENCE.fullmatch(line)
            (words if opening is None else within).append(line)
        elif set(line.strip()) == {"`"} and len(line.strip()) >= len(opening[2]):
            yield None, "\n".join(words)
            yield opening[3], "\n".join(each.removeprefix(opening[1]) for each in within[1:])
            words, within, opening = [], [], None
        else:
            within.append(line)
    yield None, "\n".join(words + within)


def code(language: str, words: str) -> str:
    """Return ``words`` as a block of code in HTML."""
    classes = {"class": f"language-{language}"} if language else {}
    return f"<pre>{start_tag('code', classes)}{escaped(words)}</code></pre>"


def _has_blocks(markup: str) -> bool:
    return "`" not in markup and _BLOCK.search(markup) is not None


def _is_parted(markup: str) -> bool:
    return "```" in markup or _PARTED.search(markup) is not None


def _names(markup: str) -> set[str]:
    outside = "".join(words for language, words in parts(markup) if language is None) if "```" in markup else markup
    named = _TAG.findall(_CODE.sub("", outside))
    return {name.lower() for name in named if _means_html(name)}


def _means_html(name: str) -> bool:
    # Of other worlds than HTML are <o:p> and <amp-img>; comments have no name.
    return not name or name.lower() in _HTML or not name.isalnum()


def _made(markup: str) -> Iterator[str]:
    for language, words in parts(markup):
        if language is not None:
            yield code(language, words)
        else:
            yield from (f"<p>{each}</p>" for each in _paragraphs(_MARK.sub(_shown, words)) if each.strip())


def _shown(mark: re.Match[str]) -> str:
    tag = _TAG.match(mark.string, mark.start())
    if mark[0] == "<" and tag and _means_html(tag[1] or ""):
        return "<"
    return mark[0].replace("<", "&lt;")


def _paragraphs(words: str) -> Iterator[str]:
    depth = start = 0
    for step in _STEP.finditer(words):
        name = (step["name"] or "").lower()
        if name:
            depth = max(0, depth + (0 if name in VOID or name not in _HTML else -1 if step["end"] else 1))
        elif depth == 0 and not step["broken"]:
            yield words[start : step.start()]
            start = step.end()
    yield words[start:]
