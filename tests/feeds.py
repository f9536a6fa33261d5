"""Golden pairs: feeds as they are served, and beside each what is made of it.

To see what a feed yields, put it into the folder and write its pair; ``SERVED`` says how it is served where that is
not plain UTF-8.  Without names all pairs are written again, after a change that is meant:

    python tests/feeds.py NAME… && git diff tests/data/feeds
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from aggregator import parse
from aggregator.errors import ParseError
from aggregator.models import Copy, Feed, Source
from aggregator.normalise import normalise
from aggregator.recognise import entries

FOLDER = Path(__file__).parent / "data" / "feeds"
EXPECTED = ".expected.json"

URL = "https://site.example.org/blog/feed"
SOURCE = Source(id="site", url=URL)
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class Served(Struct, frozen=True, kw_only=True):
    """How a feed goes over the wire: kept in UTF-8, so that it can be read and compared, it is sent in ``encoding``."""

    encoding: str = "utf-8"
    content_type: str = ""


SERVED = {
    "rss-0.91.xml": Served(encoding="iso-8859-1"),
    "encoding-big5.xml": Served(encoding="big5"),
    "encoding-euc-kr.xml": Served(encoding="cp949"),
    "encoding-gb18030.xml": Served(encoding="gb18030"),
    "encoding-gb2312-is-gb18030.xml": Served(encoding="gb18030"),
    "encoding-iso-8859-1.xml": Served(encoding="cp1252"),
    "encoding-server-says-gbk.xml": Served(encoding="gb18030", content_type="text/xml; charset=GBK"),
    "encoding-shift_jis.xml": Served(encoding="cp932", content_type="text/xml; charset=utf-8"),
    "encoding-undeclared.xml": Served(encoding="gb18030"),
    "encoding-utf-16-called-utf-8.xml": Served(encoding="utf-16"),
    "encoding-utf-16-unmarked.xml": Served(encoding="utf-16-be"),
    "encoding-utf-16.xml": Served(encoding="utf-16"),
    "encoding-windows-1251.xml": Served(encoding="cp1251", content_type="text/xml"),
    "encoding-wrong-charset.xml": Served(encoding="cp1251", content_type="text/xml; charset=windows-1251"),
    "encoding-wrong-declaration.xml": Served(encoding="utf-8", content_type="text/xml; charset=ISO-8859-1"),
}


def names() -> list[str]:
    """Return the names of all feeds."""
    return sorted(path.name for path in FOLDER.iterdir() if not path.name.endswith(EXPECTED))


def body(name: str) -> bytes:
    """Return the feed as it is sent."""
    return (FOLDER / name).read_text("utf-8").encode(SERVED.get(name, Served()).encoding)


def copies(name: str) -> list[Copy]:
    """Return what the entries of a feed become when they are seen for the first time; raise ParseError."""
    return _made(parse.parse(body(name), SERVED.get(name, Served()).content_type, URL))[0]


def pair(name: str) -> Path:
    """Return the file that says what is expected of a feed."""
    return FOLDER / f"{name}{EXPECTED}"


def yields(name: str) -> str:
    """Return what is made of a feed as a pair says it: parts that are empty, or the same for all, are left out."""
    return json.dumps(_outcome(name), ensure_ascii=False, indent=2) + "\n"


def _outcome(name: str) -> dict[str, Any]:
    try:
        feed = parse.parse(body(name), SERVED.get(name, Served()).content_type, URL)
    except ParseError as exc:
        return {"error": str(exc)}
    made, left_out = _made(feed)
    own = (made[0].via or made[0].feed) if made else feed.info
    said = {"format": feed.format, "feed": own, "hints": feed.hints, "warnings": [*feed.warnings, *left_out]}
    return {**_plain(said), "entries": [_shown(copy) for copy in made]}


def _made(feed: Feed) -> tuple[list[Copy], tuple[str, ...]]:
    found, left_out = entries.candidates(feed.entries)
    return [normalise(each.entry, feed.info, SOURCE, key=each.key, now=NOW, known=None) for each in found], left_out


def _shown(copy: Copy) -> Any:
    usual = {"source_id", "key", "first_seen", "via"}
    usual |= set() if copy.via else {"feed"}
    usual |= {"updated"} if copy.updated == copy.published else set()
    return _plain({name: said for name, said in asdict(copy).items() if name not in usual})


def _plain(value: Any) -> Any:
    if isinstance(value, Struct):
        value = asdict(value)
    if isinstance(value, dict):
        return {name: plain for name, part in value.items() if (plain := _plain(part)) not in (None, "", [], {})}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, datetime):
        return "first sight" if value == NOW else value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, timedelta) else value


if __name__ == "__main__":
    for each in sys.argv[1:] or names():
        pair(each).write_text(yields(each), "utf-8")
