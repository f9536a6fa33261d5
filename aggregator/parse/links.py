"""The feeds that a web page links to (autodiscovery)."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin

from aggregator import urls
from aggregator.models import Link

#: Media types of feeds; text/xml and application/xml are met, too, but say little.
_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/json", "application/rdf+xml"}
    | {"text/xml", "application/xml"}
)
#: A page's head is at its beginning; what is behind this many characters is not looked at.
_HEAD = 200_000


def feed_links(page: str, url: str) -> tuple[Link, ...]:
    """Return the ``link rel=alternate`` elements of ``page`` that name feeds, in their order, each once.

    ``url`` is the page's address; ``base href`` counts.  Feeds of comments come last.
    """
    reader = _LinkReader(url)
    reader.feed(page[:_HEAD])
    reader.close()
    found = {link.href: link for link in reversed(reader.found)}
    ordered = [found.pop(link.href) for link in reader.found if link.href in found]
    return tuple(sorted(ordered, key=_is_comments))


def _is_comments(link: Link) -> bool:
    return "comment" in f"{link.title or ''} {link.href}".lower()


class _LinkReader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self._base = url
        self.found: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "base" and values.get("href"):
            self._base = urljoin(self._base, values["href"])
        if tag == "link":
            self._link(values)

    def _link(self, values: dict[str, str]) -> None:
        kind = values.get("type", "").partition(";")[0].strip().lower()
        href = urls.absolute(values.get("href"), self._base)
        rels = values.get("rel", "").lower().split()
        if href and "alternate" in rels and "stylesheet" not in rels and kind in _FEED_TYPES:
            self.found.append(Link(href=href, type=kind, title=values.get("title") or None))
