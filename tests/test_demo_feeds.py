"""The feeds that `aggregator demo` serves: that they are what the demonstration says they are."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser
import pytest
from ruamel.yaml import YAML

from aggregator import demo, urls
from aggregator.errors import OutputError

DEMO = Path(__file__).parent.parent / "aggregator" / "demo"
FEEDS = DEMO / "feeds"
ORIGIN = "http://127.0.0.1:8000"

#: Each feed with its version as feedparser names it, and its number of entries.
XML = {
    "python-notes.rss.xml": ("rss20", 5),
    "mirror.rss.xml": ("rss20", 2),
    "planet-rdf.rdf": ("rss10", 4),
    "garden.atom.xml": ("atom10", 4),
    "harbour.atom.xml": ("atom10", 2),
    "xinmeiti.rss.xml": ("rss20", 4),
}
BROKEN = "broken.xml"
JSON = "city.json"


def parsed(name: str) -> Any:
    """Return what feedparser makes of the feed when the demo's server sends it."""
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": f"{ORIGIN}/{name}"}
    body = io.BytesIO((FEEDS / name).read_bytes())
    return feedparser.parse(body, response_headers=headers)


@pytest.mark.parametrize(("name", "expected"), XML.items())
def test_a_feed_is_well_formed_and_complete(name: str, expected: tuple[str, int]) -> None:
    """Each feed is of its format, with all its entries; each of these has a title, a link and a date of autumn 2026."""
    feed = parsed(name)
    assert not feed.bozo
    assert (feed.version, len(feed.entries)) == expected
    for entry in feed.entries:
        assert entry.title
        assert urls.page(entry.link)
        assert (2026, 9) <= (entry.get("published_parsed") or entry.updated_parsed)[:2] <= (2026, 11)


def test_the_json_feed_is_complete() -> None:
    """The JSON Feed has four items with ids, dates and bodies, two of them with attachments."""
    feed = json.loads((FEEDS / JSON).read_text(encoding="utf-8"))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    items = feed["items"]
    assert len({item["id"] for item in items}) == len(items) == 4
    assert all("2026-09" <= item["date_published"][:7] <= "2026-11" and item["content_html"] for item in items)
    assert sum(1 for item in items if item.get("attachments")) == 2


def test_the_broken_feed_is_none() -> None:
    """Of the maintenance page nothing can be saved."""
    feed = parsed(BROKEN)
    assert (feed.version, feed.entries) == ("", [])


def test_two_feeds_carry_one_story() -> None:
    """The shared story has the same address but for tracking parameters, and a guid of its own in either feed."""
    first = {urls.canonical(entry.link): entry for entry in parsed("python-notes.rss.xml").entries}
    second = {urls.canonical(entry.link): entry for entry in parsed("mirror.rss.xml").entries}
    (shared,) = first.keys() & second.keys()
    assert first[shared].link != second[shared].link
    assert first[shared].id != second[shared].id


def test_pictures_are_small_and_on_the_server_of_the_demo() -> None:
    """Each picture in a feed is a small file that the demo's own server has, so that no page shows a broken one."""
    shown = set()
    for name in XML:
        for entry in parsed(name).entries:
            for content in entry.get("content", [{"value": entry.get("summary", ""), "base": ""}]):
                sources = re.findall(r'<img [^>]*src="([^"]+)"', content["value"])
                shown |= {urljoin(content["base"], source) for source in sources}
    shown |= {
        urljoin(ORIGIN, item["image"])
        for item in json.loads((FEEDS / JSON).read_text("utf-8"))["items"]
        if "image" in item
    }
    files = {f"{ORIGIN}/pictures/{path.name}" for path in (FEEDS / "pictures").iterdir()}
    assert len(shown) == 4
    assert shown == files
    assert all(path.stat().st_size < 2048 for path in (FEEDS / "pictures").iterdir())


def test_every_address_is_one_of_the_reserved_names() -> None:
    """Whoever follows a link of the demonstration disturbs nobody (RFC 2606)."""
    known = {"www.w3.org", "purl.org", "jsonfeed.org"}  # these name formats
    hosts = {
        urlsplit(address).hostname
        for path in FEEDS.rglob("*.*")
        for address in re.findall(r"https?://[^\s\"'<>\]]+", path.read_text(encoding="utf-8"))
    }
    assert {host for host in hosts - known if not re.search(r"(^|\.)example\.(org|com|net)$", str(host))} == set()


def test_the_configuration_names_every_feed_once() -> None:
    """With the server's address in place, feeds.yaml is YAML and subscribes to all that the folder holds."""
    template = (DEMO / "feeds.yaml").read_text(encoding="utf-8")
    config = YAML(typ="safe").load(template.replace("{origin}", ORIGIN))
    assert config["site"]["title"] == "Planet Example"
    names = [feed["url"].removeprefix(f"{ORIGIN}/") for feed in config["feeds"]]
    assert sorted(names) == sorted([*XML, JSON, BROKEN])
    assert sorted(names) == sorted(path.name for path in FEEDS.iterdir() if path.is_file())


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """A file in the place of the folder is an error of the outputs, with what to do."""
    (tmp_path / "out").write_text("a file")
    with pytest.raises(
        OutputError, match=r"out/feeds\.yaml cannot be written: .+, or name another folder with --output"
    ):
        demo.feeds(tmp_path / "out", {}).__enter__()


@pytest.mark.parametrize("name", ["feeds.yaml", "aggregator.db"])
def test_what_somebody_else_keeps_in_the_folder_is_left_alone(tmp_path: Path, name: str) -> None:
    """A feeds.yaml that no demo wrote, or a database without one, is refused before anything is touched."""
    (tmp_path / name).write_text("somebody's")
    with pytest.raises(OutputError, match=f"{name} .+ name another folder with --output"):
        demo.feeds(tmp_path, {}).__enter__()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "somebody's")]


def test_a_demo_may_follow_another_at_any_port_unless_its_configuration_was_edited(tmp_path: Path) -> None:
    """The feeds.yaml of a demo is exchanged where only its port differs; one with a feed of the user's own stays."""
    config = tmp_path / "feeds.yaml"
    with demo.feeds(tmp_path, {}) as first, demo.feeds(tmp_path, {}) as second:
        assert first.sources[0].url != second.sources[0].url
        assert second.sources[0].url in config.read_text("utf-8")
    edited = f"{config.read_text('utf-8')}  - url: https://blog.example.org/feed\n"
    config.write_text(edited, "utf-8")
    with pytest.raises(OutputError, match=r"feeds\.yaml was not made by this program"):
        demo.feeds(tmp_path, {}).__enter__()
    assert config.read_text("utf-8") == edited
