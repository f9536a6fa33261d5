"""What our documents are called, and where readers find them."""

from __future__ import annotations

from typing import NamedTuple

from aggregator import urls
from aggregator.models import OutputFeed, Publication, Site


class Kind(NamedTuple):
    """The name and media type of a document, what people call its format, and the ending of its feeds on demand."""

    file: str
    media_type: str
    label: str
    demand: str = ""


ATOM = Kind("atom.xml", "application/atom+xml", "Atom", "atom")
RSS = Kind("rss.xml", "application/rss+xml", "RSS", "rss")
JSON = Kind("feed.json", "application/feed+json", "JSON Feed", "json")
HTML = Kind("index.html", "text/html", "Web page")
OPML = Kind("opml.xml", "text/x-opml", "OPML")

#: What archive documents end with: web servers know it for Atom.
_ARCHIVE = "archive/{}.atom"
#: Pages of older posts; the folder of a category of this name has no such files.
_OLDER = "page/{}.html"

#: The kinds that documents of one feed point at each other with, by the name of their format.
KINDS = {"atom": ATOM, "rss": RSS, "json": JSON, "html": HTML}


def address(site: Site, feed: OutputFeed, kind: Kind) -> str:
    """Return where the document of ``kind`` of ``feed`` is served; a page answers for its folder."""
    if feed.query is not None and kind is not HTML:
        return f"{site.url}feed.{kind.demand}" + (f"?{feed.query}" if feed.query else "")
    return site.url + urls.path(feed.folder) + ("" if kind is HTML else kind.file)


def archive_path(feed: OutputFeed, number: int) -> str:
    """Return the path of an archive document of ``feed``."""
    return feed.folder + _ARCHIVE.format(number)


def page_path(feed: OutputFeed, number: int) -> str:
    """Return the path of the page that shows an archive document of ``feed``."""
    return feed.folder + _OLDER.format(number)


def archive(site: Site, feed: OutputFeed, number: int) -> str:
    """Return where an archive document of ``feed`` is served."""
    return site.url + urls.path(archive_path(feed, number))


def page(publication: Publication, feed: OutputFeed) -> str:
    """Return the address of the page that shows ``feed``: the site where no pages are made."""
    return address(publication.site, feed, HTML) if publication.has_pages else publication.site.url
