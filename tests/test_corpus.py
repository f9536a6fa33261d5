"""The main job over feeds captured in the wild."""

from __future__ import annotations

import io
import json
from pathlib import Path

import feedparser
import pytest
from lxml import etree
from origin import Origin
from planet import Planet

SHARED = Path(__file__).parent.parent.parent / "shared"
CORPUS = SHARED / "corpus" / "feeds"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the captured feeds are not beside the repository"),
]


def _entries(body: bytes) -> int:
    if body.lstrip().startswith(b"{"):
        return len(json.loads(body)["items"])
    return len(feedparser.parse(io.BytesIO(body)).entries)


def test_every_entry_is_archived_and_published_with_its_source(tmp_path: Path, origin: Origin) -> None:
    """All feeds in one run: a post for each entry, all in atom.xml, valid, each with its source; then no churn."""
    planet = Planet(tmp_path)
    seen = 0
    for path in sorted(CORPUS.iterdir()):
        body = path.read_bytes()
        seen += _entries(body)
        origin.put(f"/{path.name}", body)
    feeds = [f"{{url: '{origin.url(f'/{path.name}')}', category: C}}" for path in sorted(CORPUS.iterdir())]
    planet.configure(feeds, more="output: {path: public, posts: posts, entries: 0, formats: [atom]}")
    summary = planet.run()
    repeated = 2  # stand in one document twice, word for word
    assert summary["sources"]["ok"] == len(feeds)
    assert summary["entries"] == seen
    assert summary["posts"]["new"] + summary["posts"]["duplicate"] == seen - repeated
    assert len(list((tmp_path / "posts").rglob("*.md"))) == summary["posts"]["new"]
    _check(tmp_path / "public" / "atom.xml", summary["posts"]["new"])
    before = planet.snapshot()
    assert planet.run(at="2026-11-25T08:00:00Z")["files"] == {"written": 0, "removed": 0}
    assert planet.snapshot() == before


def _check(path: Path, posts: int) -> None:
    document = etree.parse(path)
    schema = etree.RelaxNG(etree.parse(SHARED / "conformance" / "atom-rfc4287.rng"))
    assert schema.validate(document), schema.error_log
    atom = {"a": "http://www.w3.org/2005/Atom"}
    ids = [element.text for element in document.iterfind("a:entry/a:id", atom)]
    published = [element.text or "" for element in document.iterfind("a:entry/a:published", atom)]
    assert len(ids) == len(set(ids)) == posts
    assert published == sorted(published, reverse=True)
    assert len(document.findall("a:entry/a:source/a:id", atom)) == posts
