"""Whose server a host is: its registrable domain, by the public suffix list and what is known beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from ipaddress import ip_address
from threading import Lock
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

#: Whether all sub-domains of a domain are ``one``, or ``each`` is another's.
Share = Literal["one", "each"]

#: Where the list keeps sub-domains apart, as their owners differ, but one company answers, and limits, for all.
_SHARED: dict[str, Share] = {"blogspot.com": "one", "wordpress.com": "one"}
#: Names of one's own network (RFC 6761, 6762, 8375; ICANN's reservation of .internal).
_OWN = ("localhost", "local", "internal", "home.arpa")
#: Threads that look at their first host together would each load the list.
_LOADING = Lock()


class Domains:
    """Tells the domain of a host; ``shares`` are the editor's exceptions from the public suffix list."""

    def __init__(self, shares: Mapping[str, Share] | None = None) -> None:
        self._shares = {**_SHARED, **(shares or {})}
        self._known: dict[str, str | None] = {}

    def of(self, host: str) -> str | None:
        """Return the registrable domain of ``host``, None for a machine of one's own: a private address or name."""
        if host not in self._known:
            self._known[host] = self._found(host.lower().rstrip("."))
        return self._known[host]

    def _found(self, host: str) -> str | None:
        try:
            return host if ip_address(host.strip("[]")).is_global else None
        except ValueError:
            pass
        labels = host.split(".")
        for depth in range(len(labels)):
            share = self._shares.get(".".join(labels[depth:]))
            if share:
                return ".".join(labels[depth if share == "one" else max(depth - 1, 0) :])
        if len(labels) == 1 or any(host == own or host.endswith(f".{own}") for own in _OWN):
            return None
        return registrable(host)


@lru_cache(maxsize=4096)  # the addresses in a document are of a few hosts
def registrable(host: str) -> str:
    """Return the name that the owner of ``host``, a name in lower case, registered (``example.co.uk``)."""
    if host.count(".") < 2:
        return host  # whether or not it is a public suffix itself
    with _LOADING:
        suffixes = _list(with_punycode="xn--" in host)
    return suffixes.privatesuffix(host) or host


@cache
def _list(*, with_punycode: bool) -> PublicSuffixList:
    # Loading the list takes 12 ms, and its names in Punycode another 24: only who has to look must wait for it.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_encoded_idn=with_punycode)
