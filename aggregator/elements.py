"""The elements of clean HTML: which may stay, and how their tags and texts are read and written.

Reading is only for markup that nh3 wrote: there every attribute has a value in double quotes, every element is
closed and no ``<`` stands for itself, so that patterns see exactly what an HTML parser would.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

_PLAIN = (
    "abbr address article aside b bdi bdo big br caption center cite code dd details dfn div dl dt em figcaption "
    "figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i kbd li main mark nav ol p picture pre rp rt ruby s samp "
    "section small span strike strong sub summary sup table tbody tfoot thead time tr tt u ul var wbr"
)
_CELL = frozenset({"colspan", "rowspan", "headers"})
_MEDIA = frozenset({"src", "width", "height", "controls"})

#: Attributes that every element may have.
GLOBAL = frozenset({"dir", "lang", "title"})

#: The allow-list, written up for users in docs/html.md: each element with the attributes of its own.
ELEMENTS: Mapping[str, frozenset[str]] = dict.fromkeys(_PLAIN.split(), frozenset[str]()) | {
    "a": frozenset({"href", "hreflang"}),
    "audio": _MEDIA - {"width", "height"},
    "blockquote": frozenset({"cite"}),
    "code": frozenset({"class"}),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "del": frozenset({"cite", "datetime"}),
    "details": frozenset({"open"}),
    "img": frozenset(
        {"src", "srcset", "sizes", "alt", "width", "height", "longdesc", "loading", "referrerpolicy"},
    ),
    "ins": frozenset({"cite", "datetime"}),
    "li": frozenset({"value"}),
    "ol": frozenset({"start", "reversed", "type"}),
    "pre": frozenset({"class"}),
    "q": frozenset({"cite"}),
    "source": frozenset({"src", "srcset", "sizes", "type", "media", "width", "height"}),
    "td": _CELL,
    "th": _CELL | {"scope", "abbr"},
    "time": frozenset({"datetime"}),
    "track": frozenset({"src", "kind", "srclang", "label", "default"}),
    "video": _MEDIA | {"poster"},
}

#: Elements that vanish with all that is in them; of every other element that is not allowed, the text stays.
DROPPED = frozenset({"script", "style", "template", "button", "select", "option", "optgroup", "datalist", "textarea"})

#: Elements without an end tag (HTML, section 13.1.2).
VOID = frozenset({"br", "col", "hr", "img", "source", "track", "wbr"})

_BLOCK_NAMES = (
    "address article aside blockquote center dd details div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "header hr li main nav ol p pre section table td th tr ul"
)
#: Elements that part the words around them.
BLOCKS = frozenset(_BLOCK_NAMES.split())

#: A pattern for one attribute as nh3 writes it; older versions leave ``<`` and ``>`` in values as they are.
ATTRIBUTE = r'(?: [^\s=>]+="[^"]*+")'
_ATTRIBUTE = re.compile(r' ([^\s=>]+)="([^"]*+)"')
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


def attributes(written: str) -> dict[str, str]:
    """Return the attributes in ``written``, the part of a start tag after its name, with their plain values."""
    return {name: plain(value) for name, value in _ATTRIBUTE.findall(written)}


def start_tag(name: str, values: Mapping[str, str]) -> str:
    """Return the start tag as nh3 writes it."""
    return tag_of_written(name, {key: escaped(value, quote=True) for key, value in values.items()})


def written_attributes(written: str) -> dict[str, str]:
    """Return the attributes in ``written``, see ``attributes``, with their values as ``escaped`` writes them."""
    if "<" in written or ">" in written or "\xa0" in written:
        return {name: escaped(value, quote=True) for name, value in attributes(written).items()}
    return dict(_ATTRIBUTE.findall(written))


def tag_of_written(name: str, values: Mapping[str, str]) -> str:
    """Return the start tag with ``values``, which are written already."""
    written = [f' {key}="{value}"' for key, value in values.items()]
    return f"<{name}{''.join(written)}>"


def plain(written: str) -> str:
    """Return the plain value of an attribute that is ``written``."""
    return html.unescape(written) if "&" in written else written


def escaped(value: str, *, quote: bool = False) -> str:
    """Return ``value`` as text, or with ``quote`` as an attribute's value, the way nh3 writes it."""
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\xa0", "&nbsp;")
    return value.replace('"', "&quot;") if quote else value


def paragraphs(value: str) -> list[str]:
    """Return the parts of plain text between blank lines."""
    parts = (part.strip() for part in _BLANK_LINES.split(value))
    return [part for part in parts if part]
