"""Pages of older posts: every post is on one, and the ones that are full stay as they are."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from origin import Origin
from planet import Item, Planet, rss
from posts import ANY_POST, POSTS, PUBLICATION

from aggregator.models import Archive, Post
from aggregator.publish import html as pages

MORE = "output: {path: public, posts: posts, formats: [atom, html], entries: 2, archive: 3}"


@pytest.fixture
def planet(tmp_path: Path, origin: Origin) -> Planet:
    planet = Planet(tmp_path)
    planet.configure([f"{{url: '{origin.url('/a.xml')}', id: a, category: News/页}}"], more=MORE)
    return planet


def publish(planet: Planet, origin: Origin, *numbers: int) -> None:
    """Let the source carry the posts of these numbers, each a day younger than the one before, and run a cycle."""
    items = [Item(title=f"Post {each}", guid=str(each), date=f"{each:02d} Nov 2026 08:00:00 GMT") for each in numbers]
    origin.put("/a.xml", rss(*items))
    planet.run()


def walk(planet: Planet, start: str) -> list[tuple[str, list[str]]]:
    """Return path and titles of each page from ``start`` on, along the links to older posts."""
    found: list[tuple[str, list[str]]] = []
    path = start
    while path:
        page = html.fromstring((planet.folder / "public" / path).read_bytes())
        found.append((path, ["".join(map(str, title.itertext())) for title in page.iter("h2")]))
        older = [link.get("href") for link in page.iterfind(".//nav[@class='turn']/a[@rel='next']")]
        assert [link.get("href") for link in page.iterfind(".//link[@rel='next']")] == older
        for link in page.iter("a", "link"):
            target = urljoin(f"https://planet.example.org/{path}", link.get("href"))
            if target.startswith("https://planet.example.org/") and "#" not in target:
                file = target.removeprefix("https://planet.example.org/").replace("%E9%A1%B5", "页") or "index.html"
                file += "index.html" if file.endswith("/") else ""
                assert (planet.folder / "public" / file).is_file(), (path, target)
        path = urljoin(f"/{path}", older[0]).lstrip("/").replace("%E9%A1%B5", "页") if older else ""
    return found


def test_every_post_is_on_a_page(planet: Planet, origin: Origin) -> None:
    """From the newest page, links lead through all posts to the oldest; the site and its categories alike."""
    publish(planet, origin, *range(1, 9))
    for folder in ("", "news/", "news/页/"):
        pages = walk(planet, f"{folder}index.html")
        assert pages[0] == (f"{folder}index.html", ["Post 8", "Post 7"])
        assert pages[1] == (f"{folder}page/2.html", ["Post 6", "Post 5", "Post 4"])
        assert pages[2] == (f"{folder}page/1.html", ["Post 3", "Post 2", "Post 1"])


def test_full_pages_stay_as_they_are(planet: Planet, origin: Origin) -> None:
    """What comes later changes the newest of them, and at most the link of the one before."""
    publish(planet, origin, *range(1, 9))
    before = planet.snapshot()
    publish(planet, origin, *range(1, 13))
    after = planet.snapshot()
    assert after["public/page/1.html"] == before["public/page/1.html"]
    assert [titles for _, titles in walk(planet, "index.html")] == [
        ["Post 12", "Post 11"],
        ["Post 12", "Post 11", "Post 10"],
        ["Post 9", "Post 8", "Post 7"],
        ["Post 6", "Post 5", "Post 4"],
        ["Post 3", "Post 2", "Post 1"],
    ]
    planet.run()
    assert planet.snapshot() == after
    check = planet.command("publish", "--check", "--json").stdout
    assert check.split() == ["{", '"written":', "[],", '"removed":', "[]", "}"]


def test_an_edited_post_is_new_on_its_page_alone(planet: Planet, origin: Origin) -> None:
    """Of the older pages, the one that shows the post changes."""
    publish(planet, origin, *range(1, 9))
    before = planet.snapshot()
    edited = Item(title="Post 2, corrected", guid="2", date="02 Nov 2026 08:00:00 GMT", body="<p>Other words.</p>")
    origin.put("/a.xml", rss(edited))
    planet.run()
    pages = {path for path in before if "/page/" in path}
    assert {path for path in pages if planet.snapshot()[path] != before[path]} == {
        "public/page/1.html",
        "public/news/page/1.html",
        "public/news/页/page/1.html",
    }


def test_without_archive_documents_there_are_no_older_pages(planet: Planet, origin: Origin) -> None:
    """``output.archive: 0`` takes both away, and the newest page leads nowhere."""
    publish(planet, origin, *range(1, 9))
    planet.configure(
        [f"{{url: '{origin.url('/a.xml')}', id: a, category: News/页}}"], more=MORE.replace("archive: 3", "archive: 0")
    )
    planet.run()
    assert [path for path in planet.snapshot() if "/page/" in path] == []
    assert walk(planet, "index.html") == [("index.html", ["Post 8", "Post 7"])]


@given(st.lists(st.sampled_from(POSTS) | ANY_POST, min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_a_post_is_the_same_on_its_own_as_on_the_pages_of_all_levels(posts: list[Post]) -> None:
    """What was made of a post for one page changes no byte of the others that it stands on."""
    shared = pages.listed(PUBLICATION, posts)
    for number, feed in enumerate(PUBLICATION.feeds, 1):
        alone = pages.listed(PUBLICATION, posts)
        place = Archive(number=number, previous=9)
        assert pages.archive(PUBLICATION, feed, place, shared) == pages.archive(PUBLICATION, feed, place, alone)
