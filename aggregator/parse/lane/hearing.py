"""What the elements of a feed mean to feedparser, as far as that is simple; all else makes the lane step aside.

The methods keep feedparser's dictionaries, its keys and its order of events, and of its state what matters: which of
several titles counts, when a description is the content, whose name an address belongs to.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from aggregator import urls
from aggregator.parse.heard import UNSAID, Heard
from aggregator.parse.lane import people, words
from aggregator.parse.lane.aside import Aside
from aggregator.parse.lane.machine import Attributes, Table
from aggregator.parse.lane.texts import HTML_TYPES, SHORT_TYPES, Texts

_VERSIONS = {"0.91": "rss091u", "0.92": "rss092", "0.93": "rss093", "0.94": "rss094"}
ITUNES = "http://www.itunes.com/"
MEDIA_SCHEME = "http://search.yahoo.com/mrss/category_schema"


class Hearing(Texts):
    """Adds up what one document says."""

    def __init__(self, base: str, root: Table) -> None:
        super().__init__(base, root)
        self._entries: list[dict[str, Any]] = []
        self._permalink = False

    def heard(self) -> Heard:
        """Return what was said."""
        return Heard(feed=self._feed, entries=self._entries, version=self.names.version)

    def begin_rss(self, version: str) -> None:
        """Take note that it is RSS of a ``version``."""
        if not self.names.version.startswith("rss"):
            self.names.version = _VERSIONS.get(version) or ("rss20" if version.startswith("2.") else "rss")
        self.note_language()

    def note_language(self) -> None:
        """Take the language of the root for that of the feed."""
        if self.lang:
            self._feed["language"] = self.lang.replace("_", "-")

    def begin_entry(self, about: str | None) -> None:
        """Begin an entry; ``about`` is its id where RDF says so."""
        self._entry = self._context = {}
        self._entries.append(self._entry)
        if about:
            self._entry["id"] = about
        self._title_depth, self._title_kept = -1, 0
        self._permalink = False

    def end_entry(self, said: str) -> None:
        """Go back to the feed."""
        self._entry, self._context = None, self._feed
        self._has_content = False

    def begin_source(self, url: str | None) -> None:
        """Begin the source of an entry."""
        self._context = {} if url is None else {"href": url}
        self._title_depth = -1

    def end_source(self, said: str) -> None:
        """Go back to the entry."""
        source, title = self._context, words.mended(said)
        if self._entry is None:
            raise Aside
        if title:
            source["title"] = title
        self._entry["source"] = source
        self._context = self._entry

    def keep(self, key: str) -> None:
        """Gather a text and keep it as ``key``."""
        self._key = key
        self.text(self._end_kept)

    def _end_kept(self, said: str) -> None:
        self._context[self._key] = words.mended(said)

    def keep_address(self, key: str) -> None:
        """Gather an address and keep it as ``key``."""
        self._key = key
        self.text(self._end_address)

    def _end_address(self, said: str) -> None:
        self._context[self._key] = self._address(said)

    def _joined(self, reference: str) -> str:
        # RSS names no base but the site, and a feed may be served from elsewhere.
        unsaid = self._entry is not None and self.base.endswith(UNSAID) and self.names.version != "atom10"
        site = _site(self._feed.get("link")) if unsaid else None
        return (site and urls.absolute(reference, site)) or words.joined(self.base, reference)

    def _address(self, said: str) -> str:
        return words.mended(self._joined(said)) if said else said

    def list_up(self, key: str) -> None:
        """Gather a text and add it to those of the feed's ``key``."""
        self._key = key
        self.text(self._end_listed)

    def _end_listed(self, said: str) -> None:
        if said:
            self._feed.setdefault(self._key, []).append(words.mended(said))

    def identifier(self, *, permalink: bool) -> None:
        """Gather an id; a ``permalink`` is the address of an entry that has no other."""
        self._permalink = permalink
        self.text(self._end_identifier)

    def _end_identifier(self, said: str) -> None:
        context = self._context
        context["id"] = said = words.mapped(said)
        context.setdefault("guidislink", self._permalink and "link" not in context)
        if self._permalink:
            context.setdefault("link", said)

    def link(self, said: Attributes) -> None:
        """Keep a link: an address of its own, or its text's."""
        link: dict[str, Any] = {**said, "untyped": "type" not in said}
        link.setdefault("rel", "alternate")
        link.setdefault("type", "application/atom+xml" if link["rel"] == "self" else "text/html")
        _call_href(link)
        if "url" in link and self._context is not self._entry:
            raise Aside  # feedparser takes it for href when it copies a source
        self._links().append(link)
        if "href" not in link:
            self.text(self._end_link)
            return
        link["href"] = self._joined(link["href"])
        if link["rel"] == "alternate" and SHORT_TYPES.get(link["type"], link["type"]) in HTML_TYPES:
            self._context["link"] = link["href"]
        self.pass_over()

    def _end_link(self, said: str) -> None:
        address, entry = self._address(said), self._context is self._entry
        address = words.unquoted(address.replace("&amp;", "&") if entry else address)
        self._context["link"] = address
        if address or not entry:
            self._links()[-1]["href"] = address

    def _links(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._context.setdefault("links", [])
        return found

    def enclosure(self, said: Attributes) -> None:
        """Keep a file that belongs to an entry."""
        link = _call_href(self._resolved(said))
        link["rel"] = "enclosure"
        self._links().append(link)
        self.pass_over()

    def license(self, address: str | None) -> None:
        """Keep the address of a license."""
        self._links().append({"rel": "license", "href": address} if address else {"rel": "license"})

    def license_text(self) -> None:
        """Gather the address of a license."""
        self.text(lambda said: self.license(words.mended(said)))

    def media(self, key: str, said: Attributes) -> None:
        """Keep a file or a picture of an entry."""
        self._context.setdefault(key, []).append(self._resolved(said))

    def thumbnail(self, said: Attributes) -> None:
        """Keep a picture of an entry, which may name its address as its text."""
        self.media("media_thumbnail", said)
        self.text(self._end_thumbnail)

    def _end_thumbnail(self, said: str) -> None:
        if said:
            self._context["media_thumbnail"][-1].setdefault("url", self._address(said))

    def picture(self, said: Attributes) -> None:
        """Keep the picture that a podcast names."""
        named = self._resolved(said)
        if named.get("href") or named.get("url"):
            self._context["image"] = {"href": named.get("href") or named.get("url")}
        self.pass_over()

    def end_entry_image(self, said: str) -> None:
        """Keep the picture that an entry names by its address."""
        if said:
            self._context.setdefault("image", {"href": self._joined(said)})

    def _resolved(self, said: Attributes) -> Attributes:
        return {name: self._joined(each) if name in ("url", "href") else each for name, each in said.items()}

    def category(self, term: str | None, scheme: str | None, label: str | None) -> None:
        """Keep a category, whose term may be its text."""
        self._tag(term, scheme, label)
        self.text(self._end_category)

    def _end_category(self, said: str) -> None:
        if not said:
            return
        tags, term = self._context["tags"], words.mended(said)
        if tags and not tags[-1]["term"]:
            tags[-1]["term"] = term
        else:
            self._tag(term, None, None)

    def keywords(self, scheme: str | None) -> None:
        """Gather categories between commas."""
        self.text(lambda said: self._end_keywords(words.mended(said), scheme))

    def _end_keywords(self, said: str, scheme: str | None) -> None:
        for term in filter(None, map(str.strip, said.split(","))):
            self._tag(term, scheme, None)

    def _tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        tags = self._context.setdefault("tags", [])
        if term or scheme or label:
            tags.append({"term": term, "scheme": scheme, "label": label})

    def person(self, table: Table, key: str) -> None:
        """Begin somebody, "authors" or "contributors", whose name may be the text or stand in elements."""
        people.begin(self._context, key)
        self.hold(table, self._end_author if key == "authors" else None, says=key == "authors")

    def _end_author(self, said: str) -> None:
        self._context["author"] = words.mended(said)
        people.settle(self._context)

    def of_author(self, key: str) -> None:
        """Gather the name or the e-mail address of an author."""
        self.text(lambda said: people.told(self._context, key, said))

    def of_contributor(self, key: str) -> None:
        """Gather the name or the e-mail address of a contributor."""
        self.text(lambda said: self._told_of_contributor(key, said))

    def _told_of_contributor(self, key: str, said: str) -> None:
        self._context.setdefault("contributors", [{}])[-1][key] = said

    def named_contributor(self) -> None:
        """Gather the name of a contributor."""
        people.begin(self._context, "contributors")
        self.of_contributor("name")

    def home_of_author(self) -> None:
        """Gather the address of an author's page."""
        self.text(self._end_home_of_author)

    def _end_home_of_author(self, said: str) -> None:
        self._context["href"] = address = self._address(said)
        people.told(self._context, "href", address)

    def home_of_contributor(self) -> None:
        """Gather the address of a contributor's page."""
        self.text(self._end_home_of_contributor)

    def _end_home_of_contributor(self, said: str) -> None:
        self._context["href"] = address = self._address(said)
        self._told_of_contributor("href", address)


@lru_cache(maxsize=16)  # nearly always the same for all entries of a document
def _site(link: str | None) -> str | None:
    return urls.absolute(link)


def _call_href(link: dict[str, Any]) -> dict[str, Any]:
    href = link.get("url", link.get("uri"))
    if href:
        link.pop("url", None)
        link.pop("uri", None)
        link["href"] = href
    return link
