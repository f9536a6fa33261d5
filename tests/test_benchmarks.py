"""The benchmarks' own parts: feeds that are the same each time, and a server that is fit to measure against."""

from __future__ import annotations

import gzip
import shutil
import statistics
import sys
from pathlib import Path

import psutil
import pytest
import requests

from aggregator import parse
from benchmarks import meter, origin, planet, report
from benchmarks.meter import Cost
from benchmarks.report import Row


def test_feeds_are_the_same_each_time_and_of_the_promised_kinds_and_sizes() -> None:
    """Twenty feeds have the mix of dialects, 20 to 40 entries each, and a median of 80 to 100 kB."""
    made = [planet.document(number, 20) for number in range(20)]
    assert made == [planet.document(number, 20) for number in range(20)]
    feeds = [parse.parse(body, kind, "https://example.org/") for kind, body in made]
    formats = [feed.format for feed in feeds]
    assert [formats.count(name) for name in ("rss20", "atom10", "rss10", "json1")] == [12, 6, 1, 1]
    assert all(20 <= len(feed.entries) <= 40 and not feed.warnings for feed in feeds)
    assert 80_000 <= statistics.median(len(body) for _, body in made) <= 100_000


def test_a_changed_feed_has_a_new_story_and_an_edited_one() -> None:
    """One entry comes, one goes, one has other words; the rest stays."""
    kind, before = planet.document(0, 20)
    _, after = planet.document(0, 20, edition=1)
    old, new = (parse.parse(body, kind, "https://example.org/").entries for body in (before, after))
    assert [entry.guid for entry in new[1:]] == [entry.guid for entry in old[:-1]]
    assert new[0].guid not in [entry.guid for entry in old]
    assert [number for number, entry in enumerate(new[1:]) if entry != old[number]] == [1]


@pytest.mark.parametrize("server", ["nginx", "benchmarks.origin"])
def test_the_server_answers_conditional_requests_and_compresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    """A document comes compressed, 304 where it is known, and anew when it was put again."""
    if server == "nginx" and not shutil.which("nginx", path="/usr/sbin:/usr/bin"):
        pytest.skip("nginx is not installed")
    if server != "nginx":
        monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    with origin.serving(tmp_path / "origin") as made:
        assert made.server == server
        url = made.put("1.rss", b"first")
        first = requests.get(url, timeout=60)
        assert (first.content, first.headers["Content-Encoding"]) == (b"first", "gzip")
        assert first.headers["Content-Type"] == "application/rss+xml"
        known = {"If-None-Match": first.headers["ETag"], "If-Modified-Since": first.headers["Last-Modified"]}
        assert requests.get(url, headers=known, timeout=60).status_code == 304
        plain = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=60)
        assert (plain.content, plain.headers.get("Content-Encoding")) == (b"first", None)
        made.put("1.rss", b"later")
        assert requests.get(url, headers=known, timeout=60).content == b"later"
    assert gzip.decompress((tmp_path / "origin" / "documents" / "1.rss.gz").read_bytes()) == b"later"


def test_the_memory_of_children_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that starts another which takes 60 MB has a peak of more than that; a failure is told."""
    look, seen = meter._memory, tmp_path / "seen"

    def seen_to_be_large(process: psutil.Process) -> int:
        size = look(process)
        if size > 60 * 2**20:
            seen.touch()
        return size

    monkeypatch.setattr(meter, "_memory", seen_to_be_large)
    child = (
        "import os, time\nheld = bytes(range(256)) * 260_000\n"
        f"for _ in range(3000):\n    time.sleep(0.02)\n    if os.path.exists({str(seen)!r}):\n        break"
    )
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print('done')"
    cost = meter.measured([sys.executable, "-c", parent], cwd=tmp_path)
    assert cost.peak > 60
    assert cost.output == "done\n"
    with pytest.raises(SystemExit, match="left with 3"):
        meter.measured([sys.executable, "-c", "raise SystemExit(3)"], cwd=tmp_path)


def test_the_report_sets_medians_against_the_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ratio is that of the medians of wall time, and the verdict follows."""
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    ours, theirs = (1.0, 9.0, 2.0), (30.0, 15.0, 17.0)
    rows = [Row(report.US, 1000, None, "cold", Cost(wall, 1, 150, '{"seconds": {"parse": 1}}')) for wall in ours]
    rows += [Row("reader", 1000, None, "cold", Cost(wall, 1, 50, "")) for wall in theirs]
    text = report.kept(rows, 3, "nginx")
    assert f"| {report.US}: 1000 feeds, cold: times as fast as reader | 8 | 8.50 | yes |" in text
    assert "| 1000 feeds: MB at the peak | 200 | 150.00 | yes |" in text
    assert {path.suffix for path in tmp_path.iterdir()} == {".md", ".json"}
