"""What may be asked: schemes, hosts, ports and addresses.  Rules only; nothing here touches the network."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

from aggregator import urls
from aggregator.errors import ForbiddenError

IPAddress = IPv4Address | IPv6Address

#: Ports of services that act on what they take for a line of theirs: the bad ports of the WHATWG's Fetch
#: standard (section 2.9, port blocking), and databases and queues that lie open inside networks.
_PORT_LIST = """
    0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123
    135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 995
    1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080
    1433 1521 3306 5432 5672 6379 9042 11211 27017
"""
_PORTS = frozenset(map(int, _PORT_LIST.split()))
_NETLOC = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]+))?")

#: Not even ``allow_private`` opens these: nobody's feed is there.  Clouds hand out credentials at the last five.
_NEVER = {
    ip_network(network): words
    for network, words in {
        "0.0.0.0/8": "an unspecified address",
        "::/128": "an unspecified address",
        "224.0.0.0/4": "a multicast address",
        "ff00::/8": "a multicast address",
        "240.0.0.0/4": "a reserved address",
        "169.254.0.0/16": "a link-local address",
        "fe80::/10": "a link-local address",
        "100.100.100.200/32": "a cloud's metadata service",
        "168.63.129.16/32": "a cloud's metadata service",
        "192.0.0.192/32": "a cloud's metadata service",
        "fd00:ec2::254/128": "a cloud's metadata service",
        "fd20:ce::254/128": "a cloud's metadata service",
    }.items()
}
#: What ``is_global`` of some Python versions takes for public (RFC 6890; IANA's special-purpose registries).
_PRIVATE = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
#: The only IPv6 addresses that are public (RFC 4291, section 2.4; IANA's IPv6 address space).
_UNICAST = IPv6Network("2000::/3")

_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
_OWN = (IPv6Address("::"), IPv6Address("::1"))


def permit(url: str) -> str:
    """Return ``url`` as it will be asked for: absolute, normalised, without user name, password and fragment.

    Raises ForbiddenError for schemes other than http and https, for what is no address, and for ports where
    services other than the web's listen.
    """
    permitted = urls.absolute(url)
    if permitted is None:
        raise ForbiddenError(f"{_shown(url)} is not an http or https address")
    found = _NETLOC.fullmatch(netloc(permitted))
    if found is None:
        raise ForbiddenError(f"{_shown(url)} has no valid host name")
    if found[1] and int(found[1]) in _PORTS:
        raise ForbiddenError(f"port {found[1]} of {urls.host(permitted)} belongs to another service than the web")
    return permitted.partition("#")[0]


def netloc(permitted: str) -> str:
    """Return the host, and its port where that is not the scheme's, of an address that is permitted."""
    return permitted.split("/", 3)[2]


def _shown(url: str) -> str:
    scheme = url.partition(":")[0].strip().lower()
    if scheme not in ("http", "https") and urls.has_scheme(url):
        return f"a {scheme[:20]}: address"
    return urls.public(url)[:200] or "the address"


def allowed(address: IPAddress, *, allow_private: bool = False) -> bool:
    """Tell whether a connection to ``address`` may be made."""
    return objection(address, allow_private=allow_private) is None


@lru_cache(maxsize=1024)  # many hosts share the addresses of a few
def objection(address: IPAddress, *, allow_private: bool = False) -> str | None:
    """Return what ``address`` is when no connection to it may be made ("a loopback address"), else None.

    An address that carries others within (IPv4-mapped and -compatible, 6to4, NAT64, Teredo) is judged by
    each of them, since that is where its packets may end.
    """
    for inner in _unwrapped(address):
        for network, words in _NEVER.items():
            if inner in network:
                return words
        if not allow_private and not _public(inner):
            return "a loopback address" if inner.is_loopback else "a private address"
    return None


def _unwrapped(address: IPAddress) -> tuple[IPAddress, ...]:
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address.sixtofour:
        return (address.sixtofour,)
    if address.teredo:
        return address.teredo
    if address in _NAT64 or (address in _COMPATIBLE and address not in _OWN):
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return (address,)


def _public(address: IPAddress) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _PRIVATE)
