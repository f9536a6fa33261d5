"""Posts → documents: every format that is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aggregator.publish import atom, html, jsonfeed, rss
from aggregator.publish.addresses import KINDS
from aggregator.publish.safe import Render


@dataclass(frozen=True, slots=True)
class Format:
    """The file that a format makes in each feed's folder, its media type, and how it is rendered.

    ``render`` takes the publication, the feed and its posts, newest first and already limited, and yields
    documents; the same input gives the same bytes.
    """

    file: str
    media_type: str
    render: Render


def _format(name: str, render: Render) -> Format:
    return Format(KINDS[name].file, KINDS[name].media_type, render)


#: What ``output.formats`` of feeds.yaml may name.
FORMATS: Mapping[str, Format] = {
    "atom": _format("atom", atom.render),
    "rss": _format("rss", rss.render),
    "json": _format("json", jsonfeed.render),
    "html": _format("html", html.render),
}
