"""What feedparser calls elements and attributes: a prefix of its own for each namespace, whatever the document's is."""

from __future__ import annotations

from aggregator.parse.lane.aside import Aside

#: feedparser's prefixes, by namespace in lower case; "" stands for RSS and Atom themselves.
PREFIXES = {
    "": "",
    "http://backend.userland.com/rss": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://example.com/newformat#": "",
    "http://example.com/necho": "",
    "http://purl.org/echo/": "",
    "uri/of/echo/namespace#": "",
    "http://purl.org/pie/": "",
    "http://purl.org/atom/ns#": "",
    "http://www.w3.org/2005/atom": "",
    "http://purl.org/rss/1.0/modules/rss091#": "",
    "http://webns.net/mvcb/": "admin",
    "http://purl.org/rss/1.0/modules/aggregation/": "ag",
    "http://purl.org/rss/1.0/modules/annotate/": "annotate",
    "http://media.tangent.org/rss/1.0/": "audio",
    "http://backend.userland.com/blogchannelmodule": "blogChannel",
    "http://creativecommons.org/ns#license": "cc",
    "http://web.resource.org/cc/": "cc",
    "http://cyber.law.harvard.edu/rss/creativecommonsrssmodule.html": "creativeCommons",
    "http://backend.userland.com/creativecommonsrssmodule": "creativeCommons",
    "http://purl.org/rss/1.0/modules/company": "co",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://my.theinfo.org/changed/1.0/rss/": "cp",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://purl.org/rss/1.0/modules/email/": "email",
    "http://purl.org/rss/1.0/modules/event/": "ev",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://freshmeat.net/rss/fm/": "fm",
    "http://xmlns.com/foaf/0.1/": "foaf",
    "http://www.w3.org/2003/01/geo/wgs84_pos#": "geo",
    "http://www.georss.org/georss": "georss",
    "http://www.opengis.net/gml": "gml",
    "http://postneo.com/icbm/": "icbm",
    "http://purl.org/rss/1.0/modules/image/": "image",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://example.com/dtds/podcast-1.0.dtd": "itunes",
    "http://purl.org/rss/1.0/modules/link/": "l",
    "http://search.yahoo.com/mrss": "media",
    "http://search.yahoo.com/mrss/": "media",
    "http://madskills.com/public/xml/rss/module/pingback/": "pingback",
    "http://prismstandard.org/namespaces/1.2/basic/": "prism",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://www.w3.org/2000/01/rdf-schema#": "rdfs",
    "http://purl.org/rss/1.0/modules/reference/": "ref",
    "http://purl.org/rss/1.0/modules/richequiv/": "reqv",
    "http://purl.org/rss/1.0/modules/search/": "search",
    "http://purl.org/rss/1.0/modules/slash/": "slash",
    "http://schemas.xmlsoap.org/soap/envelope/": "soap",
    "http://purl.org/rss/1.0/modules/servicestatus/": "ss",
    "http://hacks.benhammersley.com/rss/streaming/": "str",
    "http://purl.org/rss/1.0/modules/subscription/": "sub",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://schemas.pocketsoap.com/rss/mydescmodule/": "szf",
    "http://purl.org/rss/1.0/modules/taxonomy/": "taxo",
    "http://purl.org/rss/1.0/modules/threading/": "thr",
    "http://purl.org/rss/1.0/modules/textinput/": "ti",
    "http://madskills.com/public/xml/rss/module/trackback/": "trackback",
    "http://wellformedweb.org/commentapi/": "wfw",
    "http://purl.org/rss/1.0/modules/wiki/": "wiki",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://www.w3.org/1999/xlink": "xlink",
    "http://www.w3.org/xml/1998/namespace": "xml",
    "http://podlove.org/simple-chapters": "psc",
}
_STANDARD = {prefix.lower() for prefix in PREFIXES.values()}
#: A feed declares a dozen; looking for one of so many takes time that grows with the square of the document.
_MOST_SPACES = 200
_USERLAND = "backend.userland.com/rss"
#: What a namespace, wherever it is declared first, says of the dialect.
_VERSIONS = {"http://purl.org/rss/1.0/": "rss10", "http://www.w3.org/2005/atom": "atom10"}
_NETSCAPE = "http://my.netscape.com/rdf/simple/0.9/"


class _Attributes(dict[str, str]):
    def __missing__(self, name: str) -> str:
        space, _, local = name.rpartition(" ")
        prefix = PREFIXES.get(space.lower()) if space else None
        called = self[name] = f"{prefix}:{local}".lower() if prefix else local.lower()
        return called


class Names:
    """The names of one document.

    ``version`` is the dialect, as far as the namespaces tell it; ``attributes`` has what each is called, as expat says
    it.
    """

    def __init__(self) -> None:
        self.version = ""
        self.known: dict[str, str] = {}
        self._declared: dict[str, str] = {}
        self._used: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self.attributes = _Attributes()

    def declare(self, prefix: str | None, space: str | None) -> None:
        """Take note of a declaration, in the order in which they stand in the document."""
        if not space:
            return
        lower = space.lower()
        if not self.version:
            netscape = prefix is None and lower == _NETSCAPE
            self.version = "rss090" if netscape else _VERSIONS.get(lower, "")
        mapped = "" if _USERLAND in lower else PREFIXES.get(lower)
        if prefix:
            self._demand_plain(prefix.lower(), lower, mapped)
        self._used[(prefix or "") if mapped is None else mapped] = space
        if len(self._used) > _MOST_SPACES:
            raise Aside

    def _demand_plain(self, prefix: str, space: str, mapped: str | None) -> None:
        # feedparser looks its own prefixes up once more among the document's, as if those were the same for good.
        if self._declared.setdefault(prefix, space) != space:
            raise Aside
        if mapped is not None and prefix in _STANDARD and prefix != mapped.lower():
            raise Aside

    def element(self, name: str) -> str:
        """Return what the handlers of ``name``, as expat says it, are called after."""
        called = self.known.get(name)
        if called is None:
            called = self.known[name] = self.tag(name).replace(":", "_", 1)
        return called

    def tag(self, name: str) -> str:
        """Return ``name`` as it is written in content."""
        tag = self._tags.get(name)
        if tag is None:
            space, _, local = name.rpartition(" ")
            prefix = self._prefix(space)
            tag = self._tags[name] = f"{prefix}:{local}".lower() if prefix else local.lower()
        return tag

    def _prefix(self, space: str) -> str:
        if _USERLAND in space.lower():
            return ""
        known = PREFIXES.get(space.lower())
        if known is None and space:
            known = next((prefix for prefix, used in self._used.items() if prefix and used == space), None)
        return known or ""
