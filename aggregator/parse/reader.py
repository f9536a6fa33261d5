"""XML → feedparser's dictionaries.  How feedparser hears a document is here, what it heard is read in ``xmlfeed``.

``feedparser.parse`` is not called: given a body, it opens a file or an address that the body spells; it finds the
encoding with whatever detector is installed; it takes time that grows with the square of an element's attributes and
an entry's categories; and it resolves ids, which RFC 4287 (section 4.2.6.1) compares character by character.  Its
handlers of elements, which know every dialect, are driven from here instead.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar
from xml.parsers import expat

from feedparser import FeedParserDict
from feedparser.api import LooseFeedParser, StrictFeedParser
from feedparser.mixin import _FeedParserMixin

from aggregator import urls
from aggregator.errors import ParseError
from aggregator.parse import deletions, heard, repair
from aggregator.parse.heard import BUFFER, DEEPEST, LONGEST_BASE, MOST_ATTRIBUTES, UNSAID, VOID, WITHOUT_END, Heard
from aggregator.parse.lane import people

_DEEPEST_LOOSE = 20_000
_TAG = re.compile(r"<(/?)([^\s>]+)")
_ENTRIES = frozenset({"item", "entry"})


def hear(document: str, base: str) -> Heard:
    """Return what ``document``, which has no DOCTYPE, says; ``base`` is the address that it came from.

    A document that is not well-formed is repaired, else read as well as can be.  Raises ParseError when it ends in the
    middle, is a web page, or is made to hurt.
    """
    base = heard.based(base)
    try:
        return _strict(document, base)
    except expat.ExpatError as exc:
        fault = str(exc)
    repair.demand_whole(document, fault)
    document = repair.repaired(document)
    try:
        return _strict(document, base, fault)
    except expat.ExpatError:
        return _loose(document, base, fault)


class _Image:
    """Takes the elements of an entry's image: its address is its text, or that of its ``url``.

    To feedparser the title of an image is the entry's.
    """

    def __init__(self) -> None:
        self._open: list[tuple[str, list[str]]] = []

    def start(self, tag: str) -> bool:
        """Tell whether the element that begins is an image, or in one."""
        if self._open or tag == "image":
            self._open.append((tag, []))
        return bool(self._open)

    def data(self, words: str) -> bool:
        """Tell whether ``words`` stand in an image."""
        if self._open:
            self._open[-1][1].append(words)
        return bool(self._open)

    def end(self) -> tuple[bool, str]:
        """Tell whether the element that ends is an image, or in one, and the address that it gives, if any."""
        if not self._open:
            return False, ""
        tag, words = self._open.pop()
        gives = (len(self._open), tag) in ((0, "image"), (1, "url"))
        return True, "".join(words).strip() if gives else ""


class _Handlers(_FeedParserMixin):  # type: ignore[misc]  # feedparser has no types
    """Corrections of feedparser's handlers, for both of its parsers."""

    resolve_relative_uris = False
    sanitize_html = False
    can_be_relative_uri = _FeedParserMixin.can_be_relative_uri - {"id"}
    namespaces = _FeedParserMixin.namespaces | {deletions.NAMESPACE: deletions.PREFIX}
    _matchnamespaces: ClassVar[dict[str, str]] = {}
    deepest = DEEPEST

    def __init__(self, *arguments: Any) -> None:
        self.deletions = deletions.Deletions()
        self.entry_image = _Image()
        super().__init__(*arguments)

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        if self.depth > self.deepest or len(attrs) > MOST_ATTRIBUTES:
            raise ParseError("the document is nested or crowded as no feed is; it was not read")
        if not self.inentry and self.deletions.start(self._known_by(tag), attrs):
            return
        if self.inentry and not self.insource and not self.incontent and self.entry_image.start(tag):
            return
        super().unknown_starttag(tag, attrs)
        if len(self.baseuri) > LONGEST_BASE:
            raise ParseError("the base of the document's addresses is longer than any address; it was not read")

    def unknown_endtag(self, tag: str) -> None:
        if self.deletions.end():
            return
        is_image, address = self.entry_image.end()
        if address:
            self.entries[-1].setdefault("image", FeedParserDict(href=self.resolve_uri(address)))
        if not is_image:
            super().unknown_endtag(tag)

    def handle_data(self, text: str, escape: int = 1) -> None:
        if not self.deletions.data(text) and not self.entry_image.data(text):
            super().handle_data(text if escape else self._written(text), escape)

    def _written(self, tag: str) -> str:
        # HTML reads </br> as another <br>; feedparser writes it for each <br/>.
        found = _TAG.match(tag)
        if found is None or found[2] not in WITHOUT_END:
            return tag
        return "" if found[1] else f"{tag[:-1]}/>"

    def _known_by(self, tag: str) -> str:
        prefix, colon, local = tag.partition(":")
        return f"{self.namespacemap.get(prefix, prefix)}:{local}" if colon else tag

    def pop(self, element: str, strip_whitespace: int = 1) -> Any:
        # feedparser mends text that was encoded twice; an id is compared character by character.
        self.encoding = None if element == "id" else "utf-8"
        return super().pop(element, strip_whitespace)

    @staticmethod
    def looks_like_html(s: str) -> bool:
        """Tell whether the title of a feed that does not say so is markup."""
        return bool(_FeedParserMixin.looks_like_html(s) or VOID.search(s))

    def resolve_uri(self, uri: str) -> str:
        """Return ``uri`` resolved: RSS names no base but the site, and a feed may be served from elsewhere."""
        unsaid = self.inentry and self.baseuri.endswith(UNSAID) and not self.version.startswith("atom")
        site = urls.absolute(dict.get(self.feeddata, "link")) if unsaid else None
        resolved: str = (site and urls.absolute(uri, site)) or super().resolve_uri(uri)
        return resolved

    def _save_author(self, key: str, value: str, prefix: str = "author") -> None:
        # feedparser takes a publisher, or itunes:owner, for the author, and the last author for the first one, too.
        if prefix == "author":
            self._get_context().setdefault("authors", [FeedParserDict()])[-1][key] = value

    def _sync_author_detail(self, key: str = "author") -> None:
        # feedparser knows no domains that end in more than four letters, and looks for addresses from each letter on.
        context = self._get_context()
        if key == "author" and dict.get(context, "authors"):
            people.settle(context)

    def _start_dc_date(self, attrs_d: dict[str, str]) -> None:
        # To feedparser this is the time of the last change, which dcterms:modified says.
        self._start_created(attrs_d)

    def _end_dc_date(self) -> None:
        self._end_created()

    def _start_id(self, attrs_d: dict[str, str]) -> None:
        # An Atom id is no link, however much it looks like one.
        self._start_guid({"ispermalink": "false"})

    def _start_guid(self, attrs_d: dict[str, str]) -> None:
        # To feedparser "True" means false.
        super()._start_guid({"ispermalink": "true" if heard.is_permalink(attrs_d) else "false"})

    def _start_link(self, attrs_d: dict[str, str]) -> None:
        # feedparser says text/html where nothing is said.
        super()._start_link({**attrs_d, "untyped": "type" not in attrs_d})

    def _start_enclosure(self, attrs_d: dict[str, str]) -> None:
        super()._start_enclosure(self._resolved(attrs_d))

    def _start_media_content(self, attrs_d: dict[str, str]) -> None:
        super()._start_media_content(self._resolved(attrs_d))

    def _start_media_thumbnail(self, attrs_d: dict[str, str]) -> None:
        super()._start_media_thumbnail(self._resolved(attrs_d))

    def _start_itunes_image(self, attrs_d: dict[str, str]) -> None:
        super()._start_itunes_image(self._resolved(attrs_d))

    def _resolved(self, attrs_d: dict[str, str]) -> dict[str, str]:
        # feedparser resolves the addresses of links, but not those of media.
        return {name: self.resolve_uri(said) if name in ("url", "href") else said for name, said in attrs_d.items()}

    def _start_media_description(self, attrs_d: dict[str, str]) -> None:
        # To feedparser the caption of a picture is the entry's content when it comes after a description.
        self.push_content("media_description", attrs_d, "text/plain", 1)

    def _end_media_description(self) -> None:
        self.pop_content("media_description")

    def _start_itunes_summary(self, attrs_d: dict[str, str]) -> None:
        self.push_content("itunes_summary", attrs_d, "text/plain", 1)

    def _end_itunes_summary(self) -> None:
        self.pop_content("itunes_summary")

    def _start_psc_chapters(self, attrs_d: dict[str, str]) -> None:
        # Nobody asks for chapters and places, and feedparser stumbles over such as are not complete.
        pass

    def _end_gml_pos(self) -> None:
        self.pop("pos")

    _end_gml_poslist = _end_gml_pos

    def _end_hour(self) -> None:
        self._listed("hours", self.pop("hour"))

    def _end_day(self) -> None:
        self._listed("days", self.pop("day"))

    def _listed(self, name: str, value: str | None) -> None:
        # feedparser keeps the last one only.
        if value and not self.inentry:
            self.feeddata.setdefault(name, []).append(value)

    def _add_tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        # feedparser looks through all tags for each one.
        tags = self._get_context().setdefault("tags", [])
        if term or scheme or label:
            tags.append(FeedParserDict(term=term, scheme=scheme, label=label))


class _StrictReader(_Handlers, StrictFeedParser):  # type: ignore[misc]  # as above
    def __init__(self, base: str) -> None:
        super().__init__(base, None, "utf-8")
        self._tags: dict[str, str] = {}

    def start(self, name: str, attributes: list[str]) -> None:
        pairs = {self._attribute(key): value for key, value in zip(attributes[::2], attributes[1::2], strict=True)}
        self.unknown_starttag(self._tag(name), list(pairs.items()))

    def end(self, name: str) -> None:
        self.unknown_endtag(self._tag(name))

    def _tag(self, name: str) -> str:
        if name not in self._tags:
            space, _, local = name.rpartition(" ")
            prefix = self._prefix(space)
            self._tags[name] = f"{prefix}:{local}".lower() if prefix else local.lower()
        return self._tags[name]

    def _prefix(self, space: str) -> str:
        if "backend.userland.com/rss" in space.lower():
            return ""
        known = self._matchnamespaces.get(space.lower())
        if known is None and space:
            known = next((prefix for prefix, uri in self.namespaces_in_use.items() if prefix and uri == space), None)
        return known or ""

    def _attribute(self, name: str) -> str:
        space, _, local = name.rpartition(" ")
        prefix = self._matchnamespaces.get(space.lower()) if space else None
        return f"{prefix}:{local}".lower() if prefix else local.lower()


class _LooseReader(_Handlers, LooseFeedParser):  # type: ignore[misc]  # as above
    deepest = _DEEPEST_LOOSE
    incontent = 0

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        self._close_content(tag)
        super().unknown_starttag(tag, attrs)

    def unknown_endtag(self, tag: str) -> None:
        self._close_content(tag)
        super().unknown_endtag(tag)

    def _written(self, tag: str) -> str:
        # HTML, section 13.2.6.4.7: a </br> that ends nothing is a break.
        said = self.elementstack[-1][2] if self.elementstack else []
        ends_one = bool(said) and isinstance(said[-1], str) and said[-1].startswith("<br")
        return "<br/>" if tag == "</br>" and not ends_one else super()._written(tag)

    def _close_content(self, tag: str) -> None:
        # A title that is not closed would take all entries after it for its markup; one closed twice counts below 0.
        if tag.rpartition(":")[2] in _ENTRIES:
            while self.incontent > 0:
                self.pop_content(self.elementstack[-1][0] if self.elementstack else "")
            self.incontent = 0


def _strict(document: str, base: str, fault: str | None = None) -> Heard:
    reader = _StrictReader(base)
    machine = expat.ParserCreate(namespace_separator=" ")
    machine.buffer_text = True
    machine.buffer_size = BUFFER
    machine.ordered_attributes = True
    machine.StartNamespaceDeclHandler = reader.startPrefixMapping
    machine.StartElementHandler = reader.start
    machine.EndElementHandler = reader.end
    machine.CharacterDataHandler = reader.handle_data
    machine.EntityDeclHandler = _refuse_entities
    machine.Parse(document, True)
    return _heard(reader, fault)


def _loose(document: str, base: str, fault: str) -> Heard:
    reader = _LooseReader(base, None, "utf-8", {})
    reader.feed(document)
    return _heard(reader, fault)


def _heard(reader: Any, fault: str | None) -> Heard:
    return Heard(
        feed=reader.feeddata,
        entries=reader.entries,
        version=reader.version,
        deleted=tuple(reader.deletions),
        fault=fault,
    )


def _refuse_entities(*declared: object) -> None:
    raise ParseError("the document defines entities of its own, which can be made to grow without end; it was not read")
