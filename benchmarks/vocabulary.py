"""What feeds made at random are made of: names, namespaces, attributes and things to say, usual ones and odd ones."""

from __future__ import annotations

from collections.abc import Sequence

SPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "wfw": "http://wellformedweb.org/CommentAPI/",
    "georss": "http://www.georss.org/georss",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "thr": "http://purl.org/syndication/thread/1.0",
    "creativeCommons": "http://backend.userland.com/creativeCommonsRssModule",
    "cc": "http://web.resource.org/cc/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "podcast": "https://podcastindex.org/namespace/1.0",
    "admin": "http://webns.net/mvcb/",
}
#: Declarations that are met, and mean something else than they seem to.
ODD_SPACES = {
    "atom": "http://www.w3.org/2005/Atom/",
    "media": "http://search.yahoo.com/mrss",
    "itunes": "http://www.itunes.com/DTDs/Podcast-1.0.dtd",
    "dc": "http://purl.org/dc/terms/",
    "content": "urn:unknown",
    "x": "http://purl.org/dc/elements/1.1/",
}

_TEXT_NAMES = """
title description dc:title dc:description copyright rights subtitle dc:rights tagline itunes:subtitle
"""
_FEED_NAMES = """
link language pubDate lastBuildDate dc:date managingEditor webMaster generator docs cloud ttl image textInput
skipHours skipDays category itunes:author itunes:owner itunes:image itunes:category itunes:summary
itunes:keywords sy:updatePeriod sy:updateFrequency atom:link atom:id atom:updated dc:language dc:creator author
contributor dc:publisher dc:contributor id updated published icon logo media:thumbnail feedburner:info
admin:generatorAgent itunes:explicit podcast:locked
"""
_ENTRY_NAMES = """
link guid id pubDate dc:date published updated author dc:creator itunes:author contributor dc:contributor
category dc:subject itunes:category media:category itunes:keywords media:keywords comments enclosure source
summary content content:encoded itunes:summary itunes:image itunes:duration media:content media:group
media:thumbnail media:title media:description media:credit slash:comments wfw:commentRss feedburner:origLink
georss:point thr:total thr:in-reply-to creativeCommons:license cc:license dcterms:modified dcterms:created
dcterms:issued language image atom:link atom:summary atom:content atom:published podcast:transcript created
expirationDate itunes:owner
"""
_MEDIA_NAMES = """
media:content media:thumbnail media:title media:description media:credit media:keywords media:category
media:rating media:player media:text media:community
"""
_SOURCE_NAMES = """
title link id updated author rights subtitle category icon generator published contributor
"""
_TEXTS, _MEDIA, _SOURCE = _TEXT_NAMES.split(), _MEDIA_NAMES.split(), _SOURCE_NAMES.split()
FEED, ENTRY = _FEED_NAMES.split() + _TEXTS, _ENTRY_NAMES.split() + _TEXTS
ANY = sorted({*FEED, *ENTRY, *_MEDIA, *_SOURCE, "body", "xhtml:body", "item", "channel", "name", "url", "width"})

SAID = (
    "",
    " ",
    "plain words",
    "two\nlines",
    "a & b",
    "a < b",
    "<p>para</p>",
    "<b>bold</b> &amp; more",
    "&eacute;t&eacute;",
    "AT&T",
    "<unknown>x</unknown>",
    "a &lt;b&gt; c",
    "中文 标题",
    "naïve café",
    "cafÃ©",
    "\x93quoted\x94 €",
    "emoji 🎉",
    "<div>one</div>",
    "<p>x<p>y",
    "]]&gt;",
    "1 < 2 > 0",
    "  padded\t",
    "<a href='/x'>rel</a>",
    "&#8217;",
    "\u2028",
    "\xa0",
)
_ADDRESSES = (
    *("https://example.org/a", "http://example.org", "/relative", "relative", "//example.net/x", "?q=1", "#frag", ""),
    *("https://example.org/a?b=1&c=2", "https://example.org/?a;b", "http:///example.org/", "HTTP://EXAMPLE.ORG/A"),
    *("javascript:alert(1)", "mailto:a@example.org", "urn:uuid:1", "tag:example.org,2026:1", "not an address", "12345"),
    *("https://bücher.example/ü", "https://example.org/a b", "https://[::1/", "https://example.org/x;y", "data:,x"),
    *("https://user:pw@example.org/", "https://example.org:443/#", "https://example.org/%zz"),
)
_DATES = (
    *("Thu, 19 Nov 2026 14:57:00 +0000", "2026-11-19T14:57:00Z", "19 Nov 26 14:57 EST", "2026-11-19", "yesterday", ""),
    *("Sat, 31 Feb 2026 10:00:00 GMT", "Thu, 19 Nov 2026 02:57:00 PM", "2026-11-19 14:57", "Nov 19, 2026", "20261119"),
    "Thu, 19 Nov 2026 24:00:00 GMT",
    "19 Nov 2026 23:59:60 UTC",
    "Thu, 19 Nov 2026 10:00 +0530",
    "1 Jan 0000 00:00 Z",
)
_PEOPLE = (
    *("Ann Author", "ann@example.org", "ann@example.org (Ann)", "Ann <ann@example.org>", "(ann@example.org)", ""),
    *("a@b.co and c@d.co", "mailto:ann@example.org?subject=x", "安 作者", "AnnÃ©", "()", "<>"),
)
_NUMBERS = ("0", "1", "24", "60", "-1", "x", "", "1.5", "99999999999", "Monday", "saturday", "hourly", "Weekly")
_TYPES = ("text", "html", "xhtml", "text/html", "text/plain", "HTML", "text/x")
_ODD_TYPES = ("image/png", "application/xml", "audio/mpeg", " html")
_ADDRESS_NAMES = frozenset(
    {"link", "guid", "id", "comments", "origLink", "url", "uri", "icon", "logo", "docs", "license"}
)
_DATE_NAMES = frozenset({"pubDate", "lastBuildDate", "date", "published", "updated", "modified", "created", "issued"})
_PEOPLE_NAMES = frozenset({"author", "creator", "managingEditor", "webMaster", "name", "email", "publisher"})
_NUMBER_NAMES = frozenset({"ttl", "hour", "day", "updatePeriod", "updateFrequency", "width", "height", "total"})

ATTRIBUTES: dict[str, Sequence[str]] = {
    "href": _ADDRESSES,
    "url": _ADDRESSES,
    "uri": _ADDRESSES,
    "src": _ADDRESSES,
    "rel": ("alternate", "self", "enclosure", "related", "Self", "http://www.iana.org/assignments/relation/via", ""),
    "type": _TYPES * 4 + _ODD_TYPES,
    "title": SAID,
    "length": _NUMBERS,
    "fileSize": _NUMBERS,
    "hreflang": ("en", "zh_CN", "?"),
    "medium": ("image", "audio"),
    "isPermaLink": ("true", "false", "True", ""),
    "term": SAID,
    "scheme": _ADDRESSES,
    "domain": _ADDRESSES,
    "label": SAID,
    "text": SAID,
    "mode": ("escaped", "base64", "xml"),
    "xml:lang": ("en", "de_DE", "", "x y"),
    "xml:base": _ADDRESSES,
    "rdf:resource": _ADDRESSES,
    "thr:count": _NUMBERS,
    "lang": ("fr",),
    "version": ("1.0",),
}
USUAL: dict[str, Sequence[str]] = {
    "link": ("href", "rel", "type", "hreflang", "title", "length"),
    "enclosure": ("url", "type", "length"),
    "content": ("type", "url", "medium", "fileSize", "src", "xml:lang"),
    "thumbnail": ("url",),
    "guid": ("isPermaLink",),
    "category": ("term", "scheme", "domain", "label", "text"),
    "source": ("url",),
    "image": ("href", "url"),
    "title": ("type", "xml:lang"),
    "summary": ("type",),
    "rights": ("type",),
    "license": ("rdf:resource",),
}

HOLDS: dict[str, Sequence[str]] = {
    "author": ("name", "email", "uri", "url"),
    "contributor": ("name", "uri", "email"),
    "itunes:owner": ("itunes:name", "itunes:email"),
    "source": _SOURCE,
    "image": ("url", "title", "link", "width", "description"),
    "textInput": ("title", "name", "link", "description"),
    "skipHours": ("hour",),
    "skipDays": ("day",),
    "media:group": _MEDIA,
    "media:content": _MEDIA,
    "itunes:category": ("itunes:category",),
}


def choices(local: str) -> Sequence[str]:
    """Return what an element may say, by its local name."""
    for names, said in (
        (_ADDRESS_NAMES, _ADDRESSES),
        (_DATE_NAMES, _DATES),
        (_PEOPLE_NAMES, _PEOPLE),
        (_NUMBER_NAMES, _NUMBERS),
    ):
        if local in names:
            return said
    return SAID
