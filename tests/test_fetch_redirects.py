"""fetch.Client along redirects: where it goes, what it says there, and what it reports of the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fetching import NOW, ask, client, names, request
from origin import Origin, raw

from aggregator.errors import FetchError, ForbiddenError, HttpStatusError
from aggregator.fetch import Client
from aggregator.fetch.route import keeps_secrets


@pytest.fixture
def loopback() -> Iterator[Client]:
    with client() as made:
        yield made


@pytest.fixture
def other() -> Iterator[Origin]:
    """Another host."""
    with Origin(bind="127.0.0.2") as server:
        yield server


def lead(origin: Origin, *way: tuple[str, int, str]) -> None:
    """Have each (path, status, target) of ``way`` answered with a redirect."""
    for path, status, target in way:
        origin.put(path, "moved", status=status, headers={"Location": target})


@pytest.mark.parametrize(("status", "permanent"), [(301, True), (302, False), (303, False), (307, False), (308, True)])
def test_every_redirect_is_followed(origin: Origin, loopback: Client, status: int, permanent: bool) -> None:
    """Each kind of redirect is followed by a GET; only the permanent ones say that the feed has moved."""
    lead(origin, ("/old", status, "/feed"))
    origin.put("/feed", "<rss/>")
    answer = ask(loopback, origin.url("/old"))
    assert (answer.body, answer.url) == (b"<rss/>", origin.url("/feed"))
    assert answer.moved_to == (origin.url("/feed") if permanent else None)
    assert [seen.method for seen in origin.requests] == ["GET", "GET"]


@pytest.mark.parametrize(
    ("statuses", "moved_to"), [((301, 308), "/2"), ((301, 302, 301), "/1"), ((302, 301), None), ((308, 307), "/1")]
)
def test_moved_as_far_as_permanent(
    origin: Origin, loopback: Client, statuses: tuple[int, ...], moved_to: str | None
) -> None:
    """A feed has moved to where the permanent redirects at the start of the chain end."""
    lead(origin, *((f"/{number}", status, f"/{number + 1}") for number, status in enumerate(statuses)))
    origin.put(f"/{len(statuses)}", "<rss/>")
    answer = ask(loopback, origin.url("/0"))
    assert answer.moved_to == (origin.url(moved_to) if moved_to else None)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("feed", "/a/feed"),
        ("../feed", "/feed"),
        ("?page=2", "/a/old?page=2"),
        ("feed#top", "/a/feed"),
        (" /b c ", "/b%20c"),
        ("/caf\xc3\xa9", "/caf%C3%A9"),
        ("/caf\xe9", "/caf%C3%A9"),
        ("/\\evil.example/", "/%5Cevil.example/"),
    ],
)
def test_relative_locations(origin: Origin, loopback: Client, location: str, path: str) -> None:
    """A target is resolved against the address that named it, and made an address that can be asked."""
    lead(origin, ("/a/old", 302, location))
    with pytest.raises(FetchError):  # a query at the same path leads in a circle, the others to nothing
        ask(loopback, origin.url("/a/old"))
    assert origin.requests[1].path == path


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("file:///etc/passwd", "a file: address is not an http"),
        ("ftp://127.0.0.1/feed", "a ftp: address is not an http"),
        ("gopher://127.0.0.1/", "a gopher: address"),
        ("data:text/xml,<rss/>", "a data: address"),
        ("feed:http://127.0.0.1/", "a feed: address"),
        ("http://127.0.0.1:6379/", "port 6379 of 127.0.0.1"),
        ("//127.0.0.1:22/", "port 22 of 127.0.0.1"),
        ("http://127.0.0.1:99999/", "is not an http"),
        ("http://example.com\\@127.0.0.1/", "is not an http"),
        ("http://[fe80::1%25lo]/", "is not an http|no valid host"),
        ("", "does not say where to"),
        ("  ", "does not say where to"),
    ],
)
def test_targets_that_may_not_be_asked(origin: Origin, loopback: Client, location: str, words: str) -> None:
    """A redirect to something else than a web server is refused, and the message says by which rule."""
    lead(origin, ("/old", 302, location))
    with pytest.raises(FetchError, match=words):
        ask(loopback, origin.url("/old"))
    assert len(origin.requests) == 1


def test_of_two_targets_the_first_counts(origin: Origin, loopback: Client) -> None:
    """A redirect that names two is followed to the first of them."""
    origin.handle("/old", raw(b"HTTP/1.1 302 Found\r\nLocation: /feed\r\nLocation: /other\r\n\r\n"))
    origin.put("/feed", "<rss/>")
    assert ask(loopback, origin.url("/old")).url == origin.url("/feed")


def test_circles(origin: Origin, loopback: Client) -> None:
    """Redirects that come back to an address that was asked already are an error at once."""
    lead(origin, ("/a", 301, "/b"), ("/b", 302, "/a#again"), ("/self", 302, "/self"))
    for path in ("/a", "/self"):
        with pytest.raises(FetchError, match="redirects in a circle"):
            ask(loopback, origin.url(path))
    assert len(origin.requests) == 3


def test_five_redirects_are_enough(origin: Origin, loopback: Client) -> None:
    """Five redirects are followed, a sixth is not."""
    lead(origin, *((f"/{number}", 302, f"/{number + 1}") for number in range(6)))
    origin.put("/6", "<rss/>")
    assert ask(loopback, origin.url("/1")).body == b"<rss/>"
    with pytest.raises(ForbiddenError, match="after 5 redirects"):
        ask(loopback, origin.url("/0"))


def test_refusals_along_the_way_are_of_the_last_address(origin: Origin, other: Origin, loopback: Client) -> None:
    """An error names the host that made it, not the one that led there."""
    lead(origin, ("/old", 302, other.url("/nothing")))
    with pytest.raises(HttpStatusError, match=r"127\.0\.0\.2:\d+ answered 404") as caught:
        ask(loopback, origin.url("/old"))
    assert caught.value.redirected
    with pytest.raises(HttpStatusError) as caught:
        ask(loopback, other.url("/nothing"))
    assert not caught.value.redirected


def test_validators_stay_with_their_address(origin: Origin, loopback: Client) -> None:
    """Validators go to the address that gave them, and to no other on the way."""
    lead(origin, ("/old", 302, "/feed"))
    origin.put("/feed", "<rss/>")
    first = ask(loopback, origin.url("/old"))
    ask(loopback, origin.url("/old"), etag=first.etag, last_modified=first.last_modified)
    assert [seen.headers["If-None-Match"] for seen in origin.requests] == [None, None, first.etag, None]
    again = ask(loopback, origin.url("/old"), etag=first.etag, known=first.url)
    assert [seen.headers["If-None-Match"] for seen in origin.requests[4:]] == [None, first.etag]
    assert again.status == 304


def test_secrets_stay_at_their_origin(origin: Origin, other: Origin, loopback: Client) -> None:
    """The source's headers and password follow redirects within the origin, and never leave it or come back."""
    lead(origin, ("/start", 302, "/same"), ("/same", 302, other.url("/away")))
    lead(other, ("/away", 302, "/further"), ("/further", 302, origin.url("/back")))
    origin.put("/back", "<rss/>")
    url = origin.url("/start").replace("//", "//user:SECRET@")
    loopback.fetch(request(url, {"X-Key": "SECRET"}), now=NOW)
    sent = {seen.path: "Authorization" in seen.headers and "X-Key" in seen.headers for seen in origin.requests}
    assert sent == {"/start": True, "/same": True, "/back": False}
    assert [seen.path for seen in other.requests] == ["/away", "/further"]
    assert not any("Authorization" in seen.headers or "X-Key" in seen.headers for seen in other.requests)


def test_passwords_in_a_target_are_dropped(origin: Origin, loopback: Client) -> None:
    """A user name and password that a redirect names are not sent."""
    lead(origin, ("/old", 302, origin.url("/feed").replace("//", "//user:pw@")))
    origin.put("/feed", "<rss/>")
    assert "@" not in ask(loopback, origin.url("/old")).url
    assert "Authorization" not in origin.requests[1].headers


def test_another_port_is_another_origin(origin: Origin) -> None:
    """The same host at another port does not see the source's headers."""
    with Origin() as neighbour, client() as made:
        lead(origin, ("/old", 302, neighbour.url("/feed")))
        neighbour.put("/feed", "<rss/>")
        made.fetch(request(origin.url("/old"), {"X-Key": "SECRET"}), now=NOW)
        assert "X-Key" not in neighbour.requests[0].headers


@pytest.mark.parametrize(
    ("url", "target", "kept"),
    [
        ("https://h/a", "https://h/b", True),
        ("http://h:8080/a", "http://h:8080/b", True),
        ("http://h/a", "https://h/b", True),
        ("https://h/a", "http://h/b", False),
        ("http://h:8080/a", "https://h:8080/b", False),
        ("http://h/a", "https://h:8443/b", False),
        ("https://h/a", "https://h:444/b", False),
        ("https://h/a", "https://www.h/b", False),
    ],
)
def test_origins(url: str, target: str, kept: bool) -> None:
    """An origin is scheme, host and port; only the step up from http to https at the default ports stays in it."""
    assert keeps_secrets(url, target) is kept


def test_moving_never_takes_secrets_along(origin: Origin, other: Origin, loopback: Client) -> None:
    """A move that would lose a password, or show headers to another origin, is followed but not reported."""
    lead(origin, ("/near", 301, "/feed"), ("/far", 301, other.url("/feed")))
    for server in (origin, other):
        server.put("/feed", "<rss/>")
    near, far = origin.url("/near"), origin.url("/far")
    assert loopback.fetch(request(near, {"X-Key": "SECRET"}), now=NOW).moved_to == origin.url("/feed")
    assert loopback.fetch(request(far, {"X-Key": "SECRET"}), now=NOW).moved_to is None
    assert ask(loopback, near.replace("//", "//user:pw@")).moved_to is None
    assert ask(loopback, far).moved_to == other.url("/feed")


def test_names_are_looked_up_for_every_hop(origin: Origin) -> None:
    """Each host of the chain is looked up by its name and asked by it."""
    lead(origin, ("/old", 302, "http://b.example/feed"))
    origin.put("/feed", "<rss/>")
    with client(resolver=names(a_example=origin.port, b_example=origin.port)) as made:
        assert ask(made, "http://A.Example./old").url == "http://b.example/feed"
    assert [seen.headers["Host"] for seen in origin.requests] == ["a.example", "b.example"]
