"""Posts → documents: every format that is published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from aggregator.models import Document, OutputFeed, Post, Publication
from aggregator.publish import atom, html, jsonfeed, rss
from aggregator.publish.addresses import KINDS


class Format(Struct, frozen=True):
    """The file that a format makes in each feed's folder, its media type, and how it is rendered.

    ``entries`` takes the publication and posts, and returns what stands of each in every document: the same whatever
    feed it stands in.  ``document`` takes the publication, a feed and its entries, newest first and already limited.
    The same input gives the same bytes.  ``bodies`` takes a document and returns what stands of each entry in it by the
    entry's id; None where that cannot be told apart.
    """

    file: str
    media_type: str
    entries: Callable[[Publication, Sequence[Post]], Sequence[Any]]
    document: Callable[[Publication, OutputFeed, Sequence[Any]], Document]
    bodies: Callable[[bytes], Mapping[str, bytes]] | None

    def render(self, publication: Publication, feed: OutputFeed, posts: Sequence[Post]) -> Document:
        """Return the document of ``feed`` with ``posts``."""
        return self.document(publication, feed, self.entries(publication, posts))


#: What ``output.formats`` of feeds.yaml may name.
FORMATS: Mapping[str, Format] = {
    name: Format(KINDS[name].file, KINDS[name].media_type, made.entries, made.document, bodies)
    for name, made, bodies in (
        ("atom", atom, atom.bodies),
        ("rss", rss, rss.bodies),
        ("json", jsonfeed, jsonfeed.bodies),
        ("html", html, None),
    )
}
