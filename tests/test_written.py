"""Documents that are written again take over what they said of posts that did not change, byte for byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from inside import Inside
from origin import Origin
from planet import Item, Planet, rss

from aggregator.models import Post, Publication
from aggregator.pipeline import cycle, shelf
from aggregator.pipeline.crew import Crew, Publishing
from aggregator.pipeline.target import Changes
from aggregator.stopwatch import Stopwatch

Render = Callable[[Publication, Sequence[Post]], Sequence[Any]]

POSTS = 12
OUTPUT = "output: {path: public, posts: posts, entries: 5, archive: 4}"


def item(number: int, words: str = "Words") -> Item:
    return Item(
        title=f"Entry <{number}> & more",
        guid=f"a&b<c>'\"é:{number}",
        link=f"https://site.example.org/{number}",
        date=f"Mon, 23 Nov 2026 08:{number:02}:00 GMT",
        body=f"<p>{words} of {number}, &amp;lt;entry&gt; <b>among</b> them.</p>",
    )


@pytest.fixture
def planet(tmp_path: Path, origin: Origin) -> Inside:
    """A planet of one feed, all of whose posts were published."""
    origin.put("/a.xml", rss(*map(item, range(POSTS))))
    Planet(tmp_path).configure([f"{{url: '{origin.url('/a.xml')}', id: a, category: News}}"], more=OUTPUT)
    inside = Inside(tmp_path)
    inside.cycle()
    return inside


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many posts were rendered from now on, by kind."""
    counts: Counter[str] = Counter()

    def counting(kind: str, render: Render) -> Render:
        def counted(publication: Publication, posts: Sequence[Post]) -> Sequence[Any]:
            counts[kind] += len(posts)
            return render(publication, posts)

        return counted

    monkeypatch.setattr(shelf, "_RENDER", {kind: counting(kind, render) for kind, render in shelf._RENDER.items()})
    return counts


def as_it_should_be(planet: Inside) -> bool:
    """Tell whether publishing everything anew would change nothing."""
    with planet.app() as app:
        return app.preview("test") == Changes()


def test_an_edit_renders_the_edited_post_alone(planet: Inside, origin: Origin, rendered: Counter[str]) -> None:
    """Of a feed and its archive document, all other entries are taken over, whatever their ids look like."""
    before = planet.files("**/*.atom") | planet.files("atom.xml")
    origin.put("/a.xml", rss(*(item(number, "Edited" if number == POSTS - 1 else "Words") for number in range(POSTS))))
    planet.cycle()
    assert (rendered["atom"], rendered["rss"], rendered["json"]) == (1, 1, 1)
    after = planet.files("**/*.atom") | planet.files("atom.xml")
    assert {path for path, body in after.items() if body != before[path]} == {
        "archive/3.atom",
        "atom.xml",
        "news/archive/3.atom",
    }
    assert as_it_should_be(planet)


def test_a_new_post_is_rendered_alone(planet: Inside, origin: Origin, rendered: Counter[str]) -> None:
    """What a new post joins, or drives out of the feeds, is not rendered again."""
    origin.put("/a.xml", rss(*map(item, range(POSTS + 1))))
    planet.cycle()
    assert (rendered["atom"], rendered["rss"], rendered["json"]) == (1, 1, 1)
    assert as_it_should_be(planet)


@pytest.mark.parametrize("path", ["atom.xml", "rss.xml", "feed.json", "archive/3.atom"])
def test_what_somebody_changed_is_not_taken_over(planet: Inside, origin: Origin, path: str) -> None:
    """A document that is not as it was written is made anew as a whole."""
    file = planet.folder / "public" / path
    file.write_bytes(file.read_bytes().replace(b"among", b"amidst"))
    origin.put("/a.xml", rss(*(item(number, "Edited" if number == POSTS - 1 else "Words") for number in range(POSTS))))
    planet.cycle()
    assert b"amidst" not in file.read_bytes()
    assert as_it_should_be(planet)


def test_what_is_gone_is_made_anew(planet: Inside, origin: Origin) -> None:
    """A document that somebody removed, or left half, is no hindrance."""
    (planet.folder / "public/atom.xml").unlink()
    (planet.folder / "public/archive/3.atom").write_bytes(b"")
    origin.put("/a.xml", rss(*map(item, range(POSTS + 1))))
    planet.cycle()
    assert as_it_should_be(planet)


def test_other_settings_take_nothing_over(planet: Inside, rendered: Counter[str]) -> None:
    """When entries may look different, each is rendered."""
    file = planet.folder / "feeds.yaml"
    file.write_text(file.read_text("utf-8").replace("category: News", "category: Other"), "utf-8")
    planet.cycle()
    assert rendered["atom"] == POSTS
    assert as_it_should_be(planet)


def test_settings_that_come_back_are_published_again(planet: Inside) -> None:
    """Others that were published in part, between, leave nothing behind."""

    def publish(settings: str, stop: Event) -> None:
        with planet.app() as app, Crew(app.store, app.target()) as crew:
            sources = app.settings.sources
            run = Publishing(crew=crew, sources=sources, changes=Changes(), stop=stop, watch=Stopwatch())
            cycle.publish_changes(app.store, run, settings_digest=settings)

    with planet.app() as app:
        ours = app._digest()
    stopped = Event()
    stopped.set()
    publish("others", stopped)
    (planet.folder / "public/atom.xml").write_bytes(b'<?xml version="1.0"?><!-- as others have it -->')
    publish(ours, Event())
    assert as_it_should_be(planet)
