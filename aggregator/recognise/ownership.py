"""Whose page it is: what keeps a stranger from passing for the source that a page belongs to.

The address that the editor subscribed to tells whose site a source is.  What a feed says of itself counts only where
that address is a proxy's, which serves the feeds of others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

from aggregator import urls
from aggregator.records import Line

#: Hosts that serve the feeds of other sites.
_PROXIES = frozenset({"feeds.feedburner.com", "feeds2.feedburner.com", "feedproxy.google.com", "feedpress.me"})
#: Domains of many owners beyond those of the public suffix list: hosts below are their owners', the bare one nobody's.
_SHARED = frozenset(
    {"medium.com", "substack.com", "tumblr.com", "livejournal.com", "wordpress.com", "blogspot.com", "github.com"}
    | {
        "youtube.com",
        "reddit.com",
        "google.com",
        "feedburner.com",
        "facebook.com",
        "twitter.com",
        "x.com",
        "weebly.com",
    }
)

# An address that shows its host without being taken apart, which takes long: nearly all do.
_PLAIN = re.compile(r"https?://([a-z0-9.-]+)(?=[/?#]|\Z)")

#: How surely a page is a source's: not at all, by what its feed says, by its address.
STRANGER, CLAIMANT, OWNER = range(3)


class Owners:
    """Tells whose page an address is.  ``lines`` are all sources by id."""

    def __init__(self, lines: Mapping[str, Line]) -> None:
        self._sites = {name: (_site(line.feed), OWNER) for name, line in lines.items() if not _is_proxy(line.feed)}
        self._sites |= {
            name: (_site(line.link or ""), CLAIMANT) for name, line in lines.items() if _is_proxy(line.feed)
        }
        self._owned = {found for found, _ in self._sites.values() if found}

    def hold(self, source_id: str, url: str | None) -> int:
        """Return how surely the page at ``url`` is the source's own: STRANGER, CLAIMANT or OWNER."""
        own, surely = self._sites.get(source_id, ("", STRANGER))
        return surely if url and own and own == _site(url) else STRANGER

    def is_anothers(self, source_id: str, iri: str) -> bool:
        """Tell whether an id belongs to the site of another source: by its host, or the authority of its tag."""
        found = _site(f"https://{_authority(iri)}/") if iri[:4].lower() == "tag:" else _site(iri)
        return found in self._owned and found != self._sites.get(source_id, ("", STRANGER))[0]


def _authority(tag: str) -> str:
    # RFC 4151: tag:authority,date:specific; the authority may be an address of e-mail.
    return tag[4:].partition(",")[0].rpartition("@")[2]


def _is_proxy(feed: str) -> bool:
    return not feed.startswith(("http://", "https://")) or urls.host(feed) in _PROXIES


@cache
def _of_host(host: str) -> str:
    found = urls.site(f"https://{host}/") if host else ""
    if found in _SHARED:
        bare = host.removeprefix("www.")
        return "" if bare == found else bare
    return found


def _site(url: str) -> str:
    if plain := _PLAIN.match(url):
        return _of_host(plain[1])
    try:
        return _of_host(urlsplit(url).hostname or "") if "://" in url else ""
    except ValueError:
        return ""
