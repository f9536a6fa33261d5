"""What the guard of ``fetch`` lets through: schemes, ports, and addresses under every spelling."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from fetching import AGENT, account, ask, client, names
from hypothesis import given
from hypothesis import strategies as st
from origin import Origin

from aggregator.errors import FetchError, ForbiddenError
from aggregator.fetch import Client, Limits, address, guard
from aggregator.fetch.dial import Address
from aggregator.fetch.guard import allowed, permit
from aggregator.fetch.transports import TRANSPORTS

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "2606:2800:220:1::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:7f00:1::f5ff:fffe",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "224.0.0.1",
    "239.255.255.250",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1",
    "::ffff:0.0.0.0",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses(text: str) -> None:
    """Public addresses are allowed, also inside an address that carries them."""
    assert allowed(ip_address(text))


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses(text: str) -> None:
    """Addresses of no public use are refused, unless the editor allows them."""
    assert not allowed(ip_address(text))
    assert allowed(ip_address(text), allow_private=True)


@pytest.mark.parametrize("text", NEVER)
def test_addresses_that_are_never_allowed(text: str) -> None:
    """Where no feed can be, and where clouds hand out credentials, nothing is ever asked."""
    assert not allowed(ip_address(text))
    assert not allowed(ip_address(text), allow_private=True)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_carriers_are_judged_by_what_they_carry(inner: IPv4Address) -> None:
    """An IPv4 address is judged alike in itself, mapped into IPv6, and behind NAT64 or 6to4."""
    number = int(inner)
    carriers = [0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80]
    for private in (False, True):
        judged = {allowed(IPv6Address(carrier), allow_private=private) for carrier in carriers}
        assert judged == {allowed(inner, allow_private=private)}


SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7F.0.0.1",
    "0x7f.1",
    "0177.0.0.1",
    "0177.1",
    "017700000001",
    "00000177.0.0.1",
    "127.0.0.1.",
    "127.1.",
    "127.0.0.1:80",
    "127.0.0.1:8080",
    "127.255.255.254",
    "127.127.127.127",
    "0",
    "0.0.0.0",
    "0x0",
    "00",
    "0.0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
    "127\u30020\u30020\u30021",
    "127\uff0e0\uff0e0\uff0e1",
    "127\uff610\uff610\uff611",
    "\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54",
    "%31%32%37.0.0.1",
    "127.0.0.%31",
    "l\u00f6calhost@127.0.0.1",
    "example.com@127.0.0.1",
    "example.com:80@127.1",
    "a:b@c:d@127.0.0.1",
    "example.com\\@127.0.0.1",
    "example.com%00@127.0.0.1",
    "127.0.0.1\\.example.com",
    "127.0.0.1\t",
    "12\n7.0.0.1",
    "127.0.0.1#@example.com",
    "127.0.0.1?@example.com",
    "[::1]",
    "[::1]:8080",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1%25lo]",
    "[::1%25lo]",
    "[v1.127]",
    "127.0.0.1%00.example.com",
    "127.0.0.1 .example.com",
]


@pytest.fixture
def no_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Record, instead of making them, the connections that are asked for."""
    made: list[object] = []

    class Recording(socket.socket):
        def connect(self, target: object, /) -> None:
            made.append(target)
            raise ConnectionRefusedError

    monkeypatch.setattr(socket, "socket", Recording)
    yield made
    monkeypatch.undo()


@pytest.mark.parametrize("host", SPELLINGS)
def test_loopback_in_every_spelling(no_connections: list[object], host: str) -> None:
    """However loopback is written, no connection is made."""
    with client(private=False) as made, pytest.raises(FetchError) as caught:
        ask(made, f"http://{host}/feed")
    assert isinstance(caught.value, ForbiddenError) or "cannot find" in str(caught.value)
    assert no_connections == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.0.0.1", r"feed\.example \(10\.0\.0\.1\) is a private address.*'allow_private: true' in feeds.yaml"),
        ("100.64.0.1", "is a private address"),
        ("127.0.0.1", "is a loopback address"),
        ("64:ff9b::7f00:1", "is a loopback address"),
        ("169.254.169.254", "is a link-local address, where no source may be$"),
        ("224.0.0.1", "is a multicast address"),
        ("0.0.0.0", "is an unspecified address"),
    ],
)
def test_names_of_forbidden_addresses(no_connections: list[object], text: str, words: str) -> None:
    """A name is judged by the address behind it, before a connection is made; the message names the rule."""
    found = names(feed_example=[(text, 80)])
    with client(private=False, resolver=found) as made, pytest.raises(ForbiddenError, match=words):
        ask(made, "http://feed.example/")
    assert no_connections == []


@pytest.mark.parametrize("order", [1, -1])
def test_one_forbidden_answer_forbids_all(no_connections: list[object], order: int) -> None:
    """A name with a public and a private address is refused, whichever comes first."""
    found = names(feed_example=[("93.184.216.34", 80), ("127.0.0.1", 80)][::order])
    with client(private=False, resolver=found) as made, pytest.raises(ForbiddenError):
        ask(made, "http://feed.example/")
    assert no_connections == []


def test_a_name_is_looked_up_once(no_connections: list[object]) -> None:
    """The address that was checked is the one that is connected to, though the next answer is another."""
    answers: list[list[Address]] = [[("93.184.216.34", 80)], [("127.0.0.1", 80)]]
    with (
        client(private=False, resolver=lambda host, port: answers.pop(0)) as made,
        pytest.raises(FetchError, match="cannot connect to"),
    ):
        ask(made, "http://feed.example/")
    assert no_connections == [("93.184.216.34", 80)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/", "http://[fe80::1]/", "http://0:1234/", "//224.0.0.1/", "http://bad.example/"]
)
def test_redirects_are_judged_too(origin: Origin, status: int, target: str) -> None:
    """A redirect to a forbidden address is refused, and the message says who redirected."""
    origin.put("/old", "", status=status, headers={"Location": target})
    found = names(feed_example=origin.port, bad_example=[("169.254.169.254", 80)])
    with (
        client(resolver=found) as made,
        pytest.raises(ForbiddenError, match=r"^redirected by feed\.example: .* where no source may be$"),
    ):
        ask(made, "http://feed.example/old")


def test_allowing_private_addresses(origin: Origin) -> None:
    """With ``allow_private`` a source on loopback is fetched, without it the same is refused."""
    origin.put("/feed", "<rss/>")
    with client(private=False) as made, pytest.raises(ForbiddenError, match="is a loopback address"):
        ask(made, origin.url("/feed"))
    with client(private=True) as made:
        assert ask(made, origin.url("/feed")).body == b"<rss/>"
    assert len(origin.requests) == 1


def test_a_private_instance_of_rsshub(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The instance that feeds.yaml names may be private, for its own routes alone: nobody else leads there."""
    origin.put("/route", "<rss/>")
    origin.put("/moved", "", status=302, headers={"Location": "/route"})
    real = guard.objection
    public = {"127.0.0.2"}  # plays an address of the outside
    monkeypatch.setattr(guard, "objection", lambda ip, **how: None if str(ip) in public else real(ip, **how))
    limits = Limits(instance=origin.url("/"))
    with Origin(bind="127.0.0.2") as other, Client(limits, user_agent=AGENT, account=account()) as made:
        other.put("/", "", status=302, headers={"Location": origin.url("/route")})
        assert ask(made, origin.url("/route")).body == b"<rss/>"
        assert ask(made, origin.url("/moved")).body == b"<rss/>"
        with pytest.raises(ForbiddenError, match=r"^redirected by 127\.0\.0\.2.* to the RSSHub instance"):
            ask(made, other.url("/"))
        with pytest.raises(ForbiddenError, match="is a loopback address"):
            ask(made, f"http://127.0.0.1:{other.port}/")
    assert [seen.path for seen in origin.requests] == ["/route", "/moved", "/route"]


@pytest.mark.parametrize("port", [0, 22, 25, 53, 110, 143, 465, 587, 993, 3306, 5432, 6000, 6379, 6667, 10080, 11211])
def test_ports_of_other_services(port: int) -> None:
    """Ports where other services than the web's listen are refused, whatever the host."""
    with pytest.raises(ForbiddenError, match=f"port {port} of example.org"):
        permit(f"http://example.org:{port}/")


@pytest.mark.parametrize("port", [80, 443, 591, 1024, 3000, 8000, 8080, 8443, 65535])
def test_ports_of_the_web(port: int) -> None:
    """Every other port may be a web server's."""
    assert permit(f"http://example.org:{port}/").startswith("http://example.org")


@pytest.mark.parametrize("url", ["", "x", "//h/", "file:///etc/passwd", "ftp://h/", "gopher://h/", "data:,x", "feed:x"])
def test_other_schemes(url: str) -> None:
    """Only http and https addresses may be asked."""
    with pytest.raises(ForbiddenError, match="is not an http or https address"):
        permit(url)


@given(st.text())
def test_whatever_is_permitted_stays_so(text: str) -> None:
    """Any text is refused, or made an address that comes out of the guard unchanged."""
    for url in (text, f"http://{text}", f"https://example.org/{text}"):
        try:
            permitted = permit(url)
        except ForbiddenError:
            continue
        assert permit(permitted) == permitted
        assert permitted.isascii()
        assert "@" not in permitted.split("/")[2]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/feed", "https://example.org/feed"),
        ("HTTP://example.org/feed", "HTTP://example.org/feed"),
        ("rsshub://qutoutiao/category/1", "https://rsshub.app/qutoutiao/category/1"),
        ("RSSHub://a/b?limit=5", "https://rsshub.app/a/b?limit=5"),
        ("rsshub:/a", "https://rsshub.app/a"),
    ],
)
def test_transports(url: str, expected: str) -> None:
    """Addresses of the web stay as they are; those of RSSHub become their instance's."""
    assert address(url, "https://rsshub.app") == address(url, "https://rsshub.app/") == expected


@pytest.mark.parametrize("url", ["ftp://h/", "gopher://h/", "data:,x", "feed:x", "example.org/feed", ""])
def test_unknown_transports(url: str) -> None:
    """An address of any other scheme is refused with the list of those that are known."""
    with pytest.raises(ForbiddenError, match="http:, https:, rsshub:") as caught:
        address(url, "https://rsshub.app")
    assert all(f"{scheme}:" in str(caught.value) for scheme in TRANSPORTS)
