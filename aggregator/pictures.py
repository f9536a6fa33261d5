"""Pictures in articles: srcset, those that a script would load later, that only count readers, that are characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import islice

from aggregator.elements import ATTRIBUTE, attributes

#: Where the scripts that load pictures late keep the real address, the most telling name first.
LAZY_SOURCES = (
    *("data-src", "data-lazy-src", "data-original", "data-original-src", "data-orig-src"),
    *("data-actualsrc", "data-real-src", "data-lazyload", "data-lazy", "data-echo"),
)
LAZY_SETS = ("data-srcset", "data-lazy-srcset", "data-original-set")
#: What scripts show until the real picture comes.
_PLACEHOLDER = re.compile(
    r"about:blank|(?:.*[/_.-])?(?:blank|spacer|place-?holder|loading|loader|lazy|transparent|pixel|gr[ae]y|1x1|dot)[\w-]*"
    r"\.(?:gif|png|svg|jpe?g|webp)(?:[?#].*)?|",
    re.IGNORECASE | re.DOTALL,
)
_TRACKER_SIZE = re.compile(r"\s*[01](?:\.0*)?\s*(?:px)?\s*", re.IGNORECASE)
_SIZE = re.compile(r"\s*(\d{1,9})(?:\.\d*)?\s*(?:px)?\s*", re.IGNORECASE)
#: Smileys and buttons are smaller: blog software shows its emoji pictures at 36 pixels at most.
_SMALLEST = 48

#: What says nothing of an article, though it may be its only picture: who wrote it, and formulas.
_ASIDE = re.compile(
    r"https?://(?:[\w-]+\.)*(?:gravatar\.com/|avatars\d*\.githubusercontent\.com/|(?:wp|wordpress)\.com/latex\.php|codecogs\.com/)",
    re.ASCII,
)
#: As high as a line of text: WordPress and Weibo write characters so.
LINE_HIGH = re.compile(r"height(?<![\w-]height)\s*+:\s*+(?:0?\.\d+|1(?:\.\d+)?)em\b", re.ASCII)

#: HTML, "parsing a srcset attribute": an address ends at white space or at commas before that; the descriptors
#: after it end at a comma outside of parentheses.
_CANDIDATE = re.compile(r"[\t\n\f\r ,]*+([^\t\n\f\r ]++)(?:(?<=,)|((?:[^,(]++|\([^)]*+\)?)*+))")
#: More is no choice of pictures, but 300,000 addresses to be resolved (3 s).
_MOST_CANDIDATES = 200
_DESCRIPTORS = re.compile(r"(?:\d+w(?: \d+h)?|\d+h \d+w|(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?x)?", re.ASCII)

#: A picture of cleaned HTML, and its attributes.
IMG = re.compile(rf"<img({ATTRIBUTE}*+)>")
_NOSCRIPT = re.compile(
    rf"(?:<img(?P<before>{ATTRIBUTE}*+)>(?P<ends>(?:\s|</[a-z]+>)*+))?"
    r"<x-noscript>(?P<inner>.*?)</x-noscript>"
    rf"(?:(?P<blank>\s*+)<img(?P<after>{ATTRIBUTE}*+)>)?",
    re.DOTALL,
)


def srcset(value: str, absolute: Callable[[str], str | None]) -> str:
    """Return the srcset ``value`` with each address made absolute; "" when no candidate is left.

    Candidates go that have no address then, or a descriptor that is none (browsers ignore these).
    """
    kept = []
    for candidate in islice(_CANDIDATE.finditer(value), _MOST_CANDIDATES):
        address, descriptors = candidate.groups("")
        resolved, descriptors = absolute(address.rstrip(",")), " ".join(descriptors.split())
        if resolved and _DESCRIPTORS.fullmatch(descriptors):
            # A comma at its end would end the candidate.
            resolved = f"{resolved[:-1]}%2C" if resolved.endswith(",") else resolved
            kept.append(f"{resolved} {descriptors}".rstrip())
    return ", ".join(kept)


def real_source(values: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes of a picture, player or frame with the addresses that a script would have put in."""
    kept = {name: value for name, value in values.items() if not name.startswith("data-")}
    for name, late in (("src", _late(values, LAZY_SOURCES)), ("srcset", _late(values, LAZY_SETS))):
        shown = kept.get(name, "").strip()
        if late and (_PLACEHOLDER.fullmatch(shown) or "lazy" in kept.get("class", "")):
            kept[name] = late
    return kept


def _late(values: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((values[name] for name in names if values.get(name)), None)


def is_tracker(values: Mapping[str, str]) -> bool:
    """Tell whether an img with these attributes counts readers: both sides are 0 or 1 pixel, or its name says so."""
    width, height = values.get("width", ""), values.get("height", "")
    if _TRACKER_SIZE.fullmatch(width) and _TRACKER_SIZE.fullmatch(height):
        return True
    path = values.get("src", "").partition("?")[0]
    return "/tracking/" in path and path.endswith(("pixel.gif", "pixel.png"))  # NPR's says no size


def character(values: Mapping[str, str]) -> str:
    """Return the text of an img that stands for a character of it, else ""."""
    return values.get("alt", "").strip() if LINE_HIGH.search(values.get("style", "")) else ""


def is_aside(address: str) -> bool:
    """Tell whether the picture at ``address`` cannot stand for its article: a portrait, a formula, a site's icon."""
    name = address.partition("?")[0].rpartition("/")[2]
    return name.startswith("favicon") or _ASIDE.match(address) is not None


def is_small(values: Mapping[str, str]) -> bool:
    """Tell whether a picture with these attributes is too small to stand for its article, as far as they say."""
    sizes = [_SIZE.fullmatch(values.get(side, "")) for side in ("width", "height")]
    return any(size and int(size[1]) < _SMALLEST for size in sizes)


def without_noscript(written: str) -> str:
    """Return ``written`` with its ``x-noscript`` elements opened, and each picture in them once.

    A picture inside goes when the same address stands outside too, or when a script would load the one beside it;
    a picture beside it goes when it has no address at all.
    """
    around = _NOSCRIPT.sub(r"<img\g<before>><img\g<after>>", written)
    known = {values[name] for values in map(attributes, IMG.findall(around)) for name in values if "src" in name}
    return _NOSCRIPT.sub(lambda found: _opened(found, known), written)


def _opened(found: re.Match[str], known: set[str]) -> str:
    before, after = (attributes(found[img] or "") for img in ("before", "after"))
    late = _late(before, LAZY_SOURCES) or _late(after, LAZY_SOURCES)

    def kept(img: re.Match[str]) -> str:
        values = attributes(img[1])
        return "" if late or is_tracker(values) or values.get("src") in known else img[0]

    inner = IMG.sub(kept, found["inner"])
    replaces = IMG.search(inner) is not None
    return (
        _beside(found["before"], before, replaces)
        + (found["ends"] or "")
        + inner
        + (found["blank"] or "")
        + _beside(found["after"], after, replaces)
    )


def _beside(img: str | None, values: Mapping[str, str], replaced: bool) -> str:
    if img is None or (replaced and not any("src" in name for name in values)):
        return ""
    return f"<img{img}>"
