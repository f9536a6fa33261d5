"""Clean HTML: what an article needs, and nothing that runs, follows its reader, or reaches out of its place.

docs/html.md tells users what stays, what changes and what goes.  The parsing is nh3's (the HTML standard's parser,
in Rust); what nh3 wrote is then finished tag by tag.  Most articles take one call.
"""

from __future__ import annotations

import re
from functools import partial
from urllib.parse import quote

import nh3

from aggregator import embeds, formulas, hostile, listings, pictures, prose, text, urls
from aggregator.elements import (
    ATTRIBUTE,
    DROPPED,
    ELEMENTS,
    GLOBAL,
    attributes,
    escaped,
    paragraphs,
    plain,
    start_tag,
    tag_of_written,
    written_attributes,
)

_SCHEMES = {"http", "https", "mailto"}
_ATTRIBUTES = {"*": set(GLOBAL)} | {name: set(own) for name, own in ELEMENTS.items() if own}
_CLEANER = nh3.Cleaner(
    tags=set(ELEMENTS),
    attributes=_ATTRIBUTES,
    clean_content_tags=set(DROPPED),
    url_schemes=_SCHEMES,
    link_rel=None,
)

_FRAMES = {"iframe", "embed", "object", "param"}
_LATE_NAMES = {*pictures.LAZY_SOURCES, *pictures.LAZY_SETS}
_LATE = {*_LATE_NAMES, "class"}
#: Keeps what becomes something else for as long as that takes.
_KEEPER = nh3.Cleaner(
    tags={*ELEMENTS, *_FRAMES, "input", "x-noscript", "x-math", "x-annotation"},
    attributes=_ATTRIBUTES
    | {name: {*ELEMENTS[name], *_LATE} for name in ("source", "video", "audio")}
    | {"img": {*ELEMENTS["img"], *_LATE, "style"}}
    | {
        "td": {*ELEMENTS["td"], "class", "style"},
        "iframe": {"src", *_LATE},
        "embed": {"src"},
        "object": {"data"},
        "param": {"name", "value"},
    }
    | {"x-annotation": {"encoding"}, "span": {"aria-hidden", "class", "style"}, "input": {"type", "checked"}},
    clean_content_tags=set(DROPPED),
    url_schemes=_SCHEMES,
    link_rel=None,
)
_LATE_NAME = re.compile(rf"data-(?:{'|'.join(sorted(name.removeprefix('data-') for name in _LATE_NAMES))})[\s=]")
_LATE_TAG = re.compile(rf"<(audio|img|source|video)({ATTRIBUTE}*+)>")

_NAME = re.compile(r"<([a-zA-Z][^\t\n\f\r />]*+)")
_TAG = re.compile(r"<(/?)([a-zA-Z][^\t\n\f\r />]*+)")
#: Elements besides the allowed ones that a parser has rules for (HTML, section 13.2.6).
_PARSER_NAMES = (
    "applet area base basefont bgsound body dir embed fieldset font form frame frameset head html iframe image input "
    "keygen link listing marquee menu meta nobr object param plaintext rb rtc search title xmp"
)
_PARSED = DROPPED | set(_PARSER_NAMES.split())
_KNOWN = _PARSED | ELEMENTS.keys()
#: Other elements get names that mean nothing to nh3, which drops the text of those of SVG and MathML, wherever they
#: stand, and takes the markup in the first three of these for text.
_RENAMED = {"noscript": "x-noscript", "noembed": "x-noscript", "noframes": "x-noscript"}
_CHANGED = {*_FRAMES, *_RENAMED, "math", "input"}
#: What themes and frameworks call text that is there for screen readers alone.
_SPOKEN = ("sr-only", "screen-reader-text", "visually-hidden", "visuallyhidden")
_SPOKEN_SPAN = rf'<span(?=[^>]* class="(?:[^"]*\s)?(?:{"|".join(_SPOKEN)})[\s"]){ATTRIBUTE}*+>[^<]*+</span>'
#: Where there are no words beside them, they may stand for an icon that is lost.
_SPOKEN_BESIDE = re.compile(rf"(?<=[^<>\s]){_SPOKEN_SPAN}|(?<=[^<>\s] ){_SPOKEN_SPAN}|{_SPOKEN_SPAN}(?=\s?[^<>\s])")
_INPUT = re.compile(rf"<input({ATTRIBUTE}*+)>")

_TEXT_ONLY = {"iframe", "noembed", "noframes", "noscript", "script", "style", "textarea", "title", "xmp"}
#: In XHTML this is the whole element; a parser of HTML would take the rest of the article for its contents.
_ENDED = re.compile(rf"<({'|'.join(sorted(_TEXT_ONLY))})((?:\s[^<>]*[\"'\s])?)/>", re.IGNORECASE)

#: A parser makes of most markup what it would make of it again.  Not so of tables and ruby, nor where nh3 takes away
#: one of the others: they let stand in them what cannot stand there without them (<p><button><p>).
_TABLES = {"caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
_UNSETTLED = _TABLES | {"ruby", "rp", "rt"} | _PARSED - {"font", "link", "meta", "script", "style"}
#: Nor of headings in headings, nor, nine levels down, of links in links.
_IN_ITSELF = re.compile(r"<(a|h)[1-6]?[ >][^<]*+(?:<(?!/?\1[1-6]?[ >])[^<]*+)*+<\1[1-6]?[ >]")
_MOST_PASSES = 6

_FINISHED_TAG = re.compile(
    rf"<(?:(audio|img|source|track|video)({ATTRIBUTE}*+)|(a|blockquote|code|del|ins|pre|q)({ATTRIBUTE}++))>"
)
_ADDRESSES = ("href", "src", "poster", "cite", "longdesc")
#: Stratechery has one for those who pay, whose address a script puts in.
_EMPTY_PLAYER = re.compile(r'<(audio|video)(?: (?!src=)[^\s=>]+="[^"]*+")*+>\s*+</\1>')
_EMPTY_TAG = rf"</?(?:b|em|i|picture|small|span|strong){ATTRIBUTE}*+>"
_NOTHING = rf"((?:\s|&nbsp;|{_EMPTY_TAG})*+)"
#: The marks that sites set behind a heading, for whoever wants to link to it.
_SILENT_LINK = re.compile(rf"<a({ATTRIBUTE}*+)>{_NOTHING}([#§¶⚓🔗\uf0c1]?)\ufe0f?{_NOTHING}</a>")
#: RFC 6068, section 2, and what is quoted already.
_MAIL_SAFE = "!$%&'()*+,/:;=?@-._~"
_LANGUAGE = re.compile(r"(?:language|lang)-[\w+#.-]+")
_FIRST_LINE = re.compile(rf"(<pre{ATTRIBUTE}*+>)\n")
#: nh3 drops a byte order mark at the start.
_AROUND = " \t\n\f\ufeff"

#: An address ends at white space, at what RFC 3986 forbids, and at East Asian text, which needs no blank before it.
_ADDRESS = (  # 5 ms to compile, and plain text is rare
    r"https?://[^\s<>\"`{}|\\^\u2018-\u201f\u2026\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]+"
)
_PUNCTUATION = ".,;:!?'*_"


def clean(markup: str, base: str | None) -> str:
    """Return the HTML ``markup`` as a clean fragment that needs no other document; never raises.

    Relative addresses are resolved against ``base``, and go where that gives no address.  Cleaning the result
    again changes nothing.
    """
    cleaned, settled = _pass(markup, base)
    for _ in range(_MOST_PASSES):
        if settled:
            return cleaned
        again, settled = _pass(cleaned, base)
        settled = settled or again == cleaned
        cleaned = again
    return cleaned if settled else _words(cleaned, base)


def from_text(value: str) -> str:
    """Return plain text as HTML: paragraphs at blank lines, ``<br>`` at line ends, http(s) addresses as links.

    What stands between fences, as in Markdown, is code.
    """
    found = prose.parts(text.legal(value))
    return "".join(_written(words) if language is None else prose.code(language, words) for language, words in found)


def first_image(markup: str) -> str | None:
    """Return the address of the first picture in clean HTML that can stand for its article.

    A picture whose width or height says that it is a smiley, a button or a tracker cannot, nor can a portrait, a
    formula or an icon.
    """
    if "<img" not in markup:
        return None
    pictured = (attributes(img[1]) for img in pictures.IMG.finditer(markup))
    shown = (values["src"] for values in pictured if "src" in values and not pictures.is_small(values))
    return next((src for src in shown if not pictures.is_aside(src)), None)


def _pass(markup: str, base: str | None) -> tuple[str, bool]:
    # Returns the markup cleaned once, and whether it is known that a second time would change nothing.
    markup = text.legal(markup)
    if hostile.is_bomb(markup):
        return _words(markup, base), True
    markup = hostile.defused(markup)
    names = set(_NAME.findall(markup))
    names = names if names <= _KNOWN else {name.lower() for name in names}
    prepared = _prepared(markup, names, base)
    written = "" if hostile.is_bomb(prepared) else _CLEANER.clean(prepared)
    if hostile.is_bomb(prepared) or hostile.is_bomb(written) or hostile.is_deep(written):
        return _words(markup, base), True
    # A character reference may have been to a character that is not legal.
    cleaned = _finished(text.legal(written) if "&#" in markup else written, base, with_pre="pre" in names)
    is_settled = names.isdisjoint(_UNSETTLED) and not _IN_ITSELF.search(cleaned)
    return cleaned, is_settled and hostile.defused(cleaned) is cleaned


def _words(markup: str, base: str | None) -> str:
    return _finished(text.legal(_CLEANER.clean(hostile.words(markup))), base, with_pre=False)


def _prepared(markup: str, names: set[str], base: str | None) -> str:
    if names & _TEXT_ONLY and "/>" in markup:
        markup = _ENDED.sub(r"<\1\2></\1>", markup)
    if "script" in names and "math/tex" in markup:
        markup = formulas.from_scripts(markup)
    if not names <= _KNOWN:
        markup = _TAG.sub(_renamed, markup)
    is_spoken = "span" in names and any(name in markup for name in _SPOKEN)
    is_numbered = listings.is_numbered(markup)
    is_meant = is_spoken or is_numbered or _has_late(markup) or _has_characters(markup, names)
    if names.isdisjoint(_CHANGED) and not is_meant:
        return markup
    kept = _KEEPER.clean(markup)
    kept = _SPOKEN_BESIDE.sub("", kept) if is_spoken else kept
    kept = listings.without_numbers(kept) if is_numbered else kept
    kept = embeds.as_links(pictures.without_noscript(kept), base)
    kept = _LATE_TAG.sub(_as_loaded, kept)
    return _with_first_lines(_INPUT.sub(_box, formulas.as_code(kept)))


def _has_late(markup: str) -> bool:
    return "data-" in markup and _LATE_NAME.search(markup) is not None


def _has_characters(markup: str, names: set[str]) -> bool:
    return "img" in names and pictures.LINE_HIGH.search(markup) is not None


def _as_loaded(tag: re.Match[str]) -> str:
    values = attributes(tag[2])
    character = pictures.character(values) if tag[1] == "img" else ""
    return escaped(character) or start_tag(tag[1], pictures.real_source(values))


def _box(tag: re.Match[str]) -> str:
    values = attributes(tag[1])
    if values.get("type", "").lower() != "checkbox":
        return ""
    return "☑" if "checked" in values else "☐"


def _renamed(tag: re.Match[str]) -> str:
    name = tag[2].lower()
    return tag[0] if name in _KNOWN else f"<{tag[1]}{_RENAMED.get(name, 'x-' + name)}"


def _finished(written: str, base: str | None, *, with_pre: bool) -> str:
    finished = _FINISHED_TAG.sub(partial(_finished_tag, base=base), written)
    if "<blockquote" in finished:
        finished = embeds.with_words(finished)
    finished = _SILENT_LINK.sub(_silent_link, _EMPTY_PLAYER.sub("", finished))
    return (_with_first_lines(finished) if with_pre else finished).strip(_AROUND)


def _with_first_lines(written: str) -> str:
    # A parser drops a line end that stands first in a pre; nh3 writes such a one without the one more that is due.
    return _FIRST_LINE.sub(r"\1\n\n", written)


def _finished_tag(tag: re.Match[str], base: str | None) -> str:
    name, values = (tag[1], written_attributes(tag[2])) if tag[1] else (tag[3], written_attributes(tag[4]))
    for attribute in _ADDRESSES:
        if attribute in values:
            _set(values, attribute, _address(plain(values[attribute]), base, mail=attribute == "href"))
    if "srcset" in values:
        _set(values, "srcset", pictures.srcset(plain(values["srcset"]), partial(urls.absolute, base=base)))
    if "class" in values:
        _set(values, "class", " ".join(filter(_LANGUAGE.fullmatch, plain(values["class"]).split())))
    if name == "img":
        return _img(values)
    if name in ("source", "track") and not values.keys() & {"src", "srcset"}:
        return ""
    return tag_of_written(name, values | {"controls": ""} if name in ("audio", "video") else values)


def _silent_link(link: re.Match[str]) -> str:
    # Screen readers, and programs that number the links of an article, name each of them.
    written, before, mark, after = link.groups()
    values = written_attributes(written)
    leads_away = "#" not in values.get("href", "#")
    if leads_away and mark:
        return link[0]
    words = plain(values.get("title", "")).strip() if leads_away else ""
    return f"<a{written}>{escaped(words)}</a>" if words else re.sub(_EMPTY_TAG, "", before + after)


def _set(values: dict[str, str], attribute: str, value: str | None) -> None:
    if value:
        values[attribute] = escaped(value, quote=True)
    else:
        del values[attribute]


def _address(value: str, base: str | None, *, mail: bool) -> str | None:
    stripped = value.strip()
    if mail and stripped[:7].lower() == "mailto:":
        return "mailto:" + quote(stripped[7:], safe=_MAIL_SAFE, errors="replace")
    return urls.absolute(value, base)


def _img(values: dict[str, str]) -> str:
    if pictures.is_tracker({name: plain(values[name]) for name in ("width", "height", "src") if name in values}):
        return ""
    if "srcset" in values:
        values.setdefault("src", values["srcset"].split()[0].rstrip(","))
    if "src" not in values:
        return escaped(plain(values.get("alt", "")))
    return tag_of_written("img", values | {"loading": "lazy", "referrerpolicy": "no-referrer"})


def _written(words: str) -> str:
    lines = (paragraph.splitlines() for paragraph in paragraphs(words))
    return "".join(f"<p>{'<br>'.join(map(_linked, paragraph))}</p>" for paragraph in lines)


def _linked(line: str) -> str:
    parts, end = [], 0
    for found in re.finditer(_ADDRESS, line, re.IGNORECASE):
        address = _without_punctuation(found[0])
        href = urls.absolute(address)
        if href:
            parts += [escaped(line[end : found.start()]), start_tag("a", {"href": href}), escaped(address), "</a>"]
            end = found.start() + len(address)
    return "".join(parts) + escaped(line[end:])


def _without_punctuation(address: str) -> str:
    # A bracket at the end belongs to the address when the address opened it.
    end = len(address)
    unopened = {closing: address.count(closing) - address.count(opening) for opening, closing in ("()", "[]")}
    while end and (address[end - 1] in _PUNCTUATION or unopened.get(address[end - 1], 0) > 0):
        end -= 1
        if address[end] in unopened:
            unopened[address[end]] -= 1
    return address[:end]
