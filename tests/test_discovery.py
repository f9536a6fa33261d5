"""How the feed behind a page is found, and which of several is taken."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fetching import NOW, client
from origin import Origin, Reply
from planet import Item, Planet, rss
from ruamel.yaml import YAML

from aggregator.models import Source
from aggregator.parse.links import feed_links
from aggregator.pipeline import discover
from aggregator.pipeline.confined import Confined

URL = "https://example.org/blog/post"
ATOM, RSS = "application/atom+xml", "application/rss+xml"


@pytest.fixture
def means() -> Iterator[discover.Means]:
    with client() as made, Confined() as confined:
        yield discover.Means(
            client=made, confined=confined, address=lambda url: url, authority="planet.example.org", now=NOW
        )


def find(means: discover.Means, url: str) -> list[str]:
    return [found.url for found in discover.find(means, Source(id="s", url=url))]


def link(href: str, kind: str = RSS, rel: str = "alternate", more: str = "") -> str:
    return f'<link rel="{rel}" type="{kind}" href="{href}"{more}>'


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f'<feed>; rel="alternate"; type="{ATOM}"', ["https://example.org/blog/feed"]),
        (f"</feed>;rel=alternate;type={ATOM}", ["https://example.org/feed"]),
        (
            f'<a,b;c>; title="x, <y>; rel=z"; REL="home alternate"; Type="{RSS}; charset=utf-8"',
            ["https://example.org/blog/a,b;c"],
        ),
        (f'<a>; rel="preload", <b>; rel=alternate; type="{RSS}", <c>; rel=hub', ["https://example.org/blog/b"]),
        (f'<a>; rel="alternate"; type="{RSS}"; title="a \\"b\\""', ["https://example.org/blog/a"]),
        (f'<a>; crossorigin; rel=alternate; type="{RSS}"', ["https://example.org/blog/a"]),
        ('<a>; rel="alternate"; type="text/html"', []),
        ('<a>; rel="alternate"', []),
        (f'<file:///etc/passwd>; rel=alternate; type="{RSS}"', []),
        (f'<javascript:x>; rel=alternate; type="{RSS}"', []),
        ("<" * 50_000, []),
        ("<a>" + ";x" * 50_000, []),
        ('<a>; x="' + '\\"' * 50_000, []),
    ],
)
def test_link_headers(header: str, expected: list[str]) -> None:
    """Link headers name feeds by the rules of RFC 8288, resolved against the page."""
    assert [found.href for found in feed_links("", URL, header)] == expected


def test_the_order_of_links() -> None:
    """The header's come first, then the page's by <base>, comments last, each once, at most ten."""
    page = (
        '<base href="/b/">'
        + link("comments/feed")
        + link("one")
        + link("/h")
        + "".join(link(str(n)) for n in range(20))
    )
    found = [
        each.href.removeprefix("https://example.org/")
        for each in feed_links(page, URL, f"</h>; rel=alternate; type={RSS}")
    ]
    assert found == ["h", "b/one", *(f"b/{n}" for n in range(8))]
    few = [each.href for each in feed_links(link("/comments/feed") + link("/feed"), URL)]
    assert few == ["https://example.org/feed", "https://example.org/comments/feed"]


def test_vague_types_count_only_alone() -> None:
    """A link to some JSON or XML is tried only where the page names no feed by its own type."""
    vague = link("/api", "application/json") + link("/sitemap", "text/xml")
    assert [each.href for each in feed_links(vague + link("/feed", ATOM), URL)] == ["https://example.org/feed"]
    assert [each.href for each in feed_links(vague, URL)] == ["https://example.org/api", "https://example.org/sitemap"]


def test_a_feed_is_itself(means: discover.Means, origin: Origin) -> None:
    """An address that answers with a feed is asked once, and nothing else is."""
    origin.put("/feed", rss(Item(guid="1")))
    assert find(means, origin.url("/feed")) == [origin.url("/feed")]
    assert len(origin.requests) == 1


def test_dead_and_wrong_links_of_a_page_are_passed_over(means: discover.Means, origin: Origin) -> None:
    """Of what a page and its header name, those remain that answer with a feed."""
    origin.put("/good", rss(Item(guid="1")))
    origin.put("/page", "<p>", content_type="text/html")
    body = "".join(link(href) for href in ("/dead", "/page", "/good", "file:///etc/passwd", "http://169.254.169.254/"))
    headers = {"Content-Type": "text/html", "Link": f"</header>; rel=alternate; type={ATOM}"}
    origin.put("/header", rss(Item(guid="2")))
    origin.handle("/", lambda seen: Reply(body=body.encode(), headers=headers))
    assert find(means, origin.url("/")) == [origin.url("/header"), origin.url("/good")]


def test_common_places_are_the_last_resort(means: discover.Means, origin: Origin) -> None:
    """Beside the page first, then at the top of the site; the first that answers with a feed ends the search."""
    origin.put("/blog/", "<p>no links", content_type="text/html")
    origin.put("/atom.xml", rss(Item(guid="1")))
    assert find(means, origin.url("/blog/")) == [origin.url("/atom.xml")]
    origin.put("/blog/index.xml", rss(Item(guid="2")))
    assert find(means, origin.url("/blog/")) == [origin.url("/blog/index.xml")]
    assert len(origin.requests) < 20


def test_a_page_that_looks_like_mastodons(means: discover.Means, origin: Origin) -> None:
    """The feed of a person is beside the person's page, whatever the server's name."""
    origin.put("/@name", "<p>no links", content_type="text/html")
    origin.put("/@name.rss", rss(Item(guid="1")))
    assert find(means, origin.url("/@name")) == [origin.url("/@name.rss")]
    assert [seen.path for seen in origin.requests] == ["/@name", "/@name.rss"]


@pytest.fixture
def planet(tmp_path: Path, origin: Origin) -> Planet:
    made = Planet(tmp_path)
    made.configure([])
    origin.put("/one", rss(Item(guid="1"), title="One"))
    origin.put("/two", rss(Item(guid="1"), title="Two"))
    origin.put("/", link("one") + link("two"), content_type="text/html")
    return made


def _added(planet: Planet) -> list[str]:
    written = YAML(typ="safe").load((planet.folder / "feeds.yaml").read_text("utf-8"))
    return [feed["url"] for feed in written["feeds"] or []]


def test_without_a_terminal_the_first_is_added_and_the_others_named(planet: Planet, origin: Origin) -> None:
    """Scripts are not asked: --list changes nothing, and the first feed is the best."""
    listed = json.loads(planet.command("add", origin.url("/"), "--list", "--json").stdout)
    assert [(each["title"], each["added"]) for each in listed] == [("One", False), ("Two", False)]
    assert _added(planet) == []
    done = planet.command("add", origin.url("/"))
    assert f"added {origin.url('/one')} (One, 1 entry)\nfound {origin.url('/two')} (Two, 1 entry)" in done.stdout
    assert _added(planet) == [origin.url("/one")]


@pytest.mark.parametrize("command", ["add", "preview"])
@pytest.mark.parametrize(
    ("body", "told"),
    [
        (rss(Item(guid="1"))[:-40], "the document ends in the middle"),
        (rss(Item(guid="1")).encode("utf-16")[:-40], "the document ends in the middle"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1', "broken JSON, or ends in the middle"),
        ('<!DOCTYPE rss [<!ENTITY a "b">]>' + rss()[21:-20], "the document ends in the middle"),
    ],
)
def test_a_feed_that_cannot_be_read_is_told_as_such(
    planet: Planet, origin: Origin, command: str, body: str | bytes, told: str
) -> None:
    """What begins as a feed is one: the reason is what is wrong with it, and no feed is looked for behind it."""
    origin.put("/cut.xml", body, content_type="application/xml")
    done = planet.command(command, origin.url("/cut.xml"))
    assert done.returncode == 1
    assert f"{origin.url('/cut.xml')} is a feed that cannot be read: " in done.stderr
    assert told in done.stderr
    assert "asked for again" not in done.stderr
    assert origin.hits("/feed") == 0


def test_feeds_that_are_known_hide_no_others(planet: Planet, origin: Origin) -> None:
    """They are named as such, and the first new one is added; where all are known, nothing is."""
    planet.configure([f"{{url: '{origin.url('/one')}'}}"])
    listed = json.loads(planet.command("add", origin.url("/"), "--list", "--json").stdout)
    assert [(each["title"], each["known"]) for each in listed] == [("One", True), ("Two", False)]
    done = planet.command("add", origin.url("/"))
    assert (
        f"known {origin.url('/one')} (One, 1 entry), in feeds.yaml already\nadded {origin.url('/two')}" in done.stdout
    )
    assert _added(planet) == [origin.url("/one"), origin.url("/two")]
    again = planet.command("add", origin.url("/"))
    assert again.returncode == 2
    assert f"in feeds.yaml already: {origin.url('/one')}, {origin.url('/two')}" in again.stderr
    assert planet.command("add", origin.url("/"), "--list").returncode == 0


def test_on_a_terminal_the_user_chooses(planet: Planet, origin: Origin) -> None:
    """Several feeds are listed with numbers, and the one that is named is added."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "aggregator", "add", origin.url("/")]
    process = subprocess.Popen(command, cwd=planet.folder, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, b"3\n2\n")
    assert process.wait(60) == 0
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert "1  " in said
    assert "Which one" in said
    assert _added(planet) == [origin.url("/two")]


def test_a_preview_of_a_page_is_that_of_its_feed(planet: Planet, origin: Origin) -> None:
    """Posts name the feed that was found, and have the category of the source that it is already."""
    planet.configure([f"{{url: '{origin.url('/two')}', category: Tech/Web}}"])
    origin.put("/page", link("two"), content_type="text/html")
    (fresh,) = json.loads(planet.command("preview", origin.url("/"), "--json").stdout)
    assert (fresh["source"]["feed"], fresh["category"]) == (origin.url("/one"), [])
    (known,) = json.loads(planet.command("preview", origin.url("/page"), "--json").stdout)
    assert (known["source"]["feed"], known["category"]) == (origin.url("/two"), ["Tech", "Web"])
