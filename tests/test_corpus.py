"""The main job over feeds captured in the wild."""

from __future__ import annotations

from pathlib import Path

import pytest
from origin import Origin
from outputs import Outputs
from planet import Planet

from benchmarks.corpus import DEFAULT as CORPUS
from benchmarks.corpus import entries_seen

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the captured feeds are not beside the repository"),
]


def test_every_entry_is_archived_and_published_with_its_source(tmp_path: Path, origin: Origin) -> None:
    """All feeds in one run: each entry is a post and stands in the feeds and their archives, valid; then no churn."""
    planet = Planet(tmp_path)
    seen = 0
    for path in sorted(CORPUS.iterdir()):
        body = path.read_bytes()
        seen += entries_seen(body)
        origin.put(f"/{path.name}", body)
    feeds = [f"{{url: '{origin.url(f'/{path.name}')}', category: C}}" for path in sorted(CORPUS.iterdir())]
    planet.configure(feeds)
    summary = planet.run()
    repeated = 2  # stand in one document twice, word for word
    assert summary["sources"]["ok"] == len(feeds)
    assert summary["entries"] == seen
    assert summary["posts"]["new"] + summary["posts"]["duplicate"] == seen - repeated
    assert len(list((tmp_path / "posts").rglob("*.md"))) == summary["posts"]["new"]
    before = planet.snapshot()
    outputs = Outputs(tmp_path / "public")
    assert outputs.faults() == []
    assert outputs.whole("") == summary["posts"]["new"]
    assert planet.run(at="2026-11-25T08:00:00Z")["files"] == {"written": 0, "removed": 0}
    assert planet.snapshot() == before
