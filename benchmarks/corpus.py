"""The whole job over a folder of captured feeds: counts, and the cost of three runs.

    python -m benchmarks.corpus [FOLDER]

serves FOLDER (default: ../shared/corpus/feeds) on loopback and runs `aggregator run` on it as a process of its own: at
first, when every server answers 304, and when every body comes again unchanged.  It prints wall time, CPU time and peak
memory of each run, with how many entries feedparser sees, the archive holds and atom.xml names.
"""

from __future__ import annotations

import io
import json
import sqlite3
import sys
import tempfile
from pathlib import Path

import feedparser

from benchmarks import meter, origin
from benchmarks.meter import Cost

DEFAULT = Path(__file__).parent.parent.parent / "shared" / "corpus" / "feeds"


def configure(folder: Path, addresses: list[str]) -> None:
    """Write a feeds.yaml over ``addresses`` into ``folder``; every output holds all entries."""
    lines = [
        "site: {title: Corpus, url: https://planet.example.org/}",
        "output: {path: public, posts: posts, entries: 0}",
        "fetch: {allow_private: true, per_host: 16}",
        "feeds:",
        *(f"  - {{url: '{url}', category: Corpus/Part {number % 7}}}" for number, url in enumerate(addresses)),
    ]
    (folder / "feeds.yaml").write_text("\n".join(lines) + "\n", "utf-8")


def entries_seen(body: bytes) -> int:
    """Return how many entries feedparser sees; of a JSON Feed, which it does not read, the number of items."""
    if body.lstrip().startswith(b"{"):
        return len(json.loads(body)["items"])
    return len(feedparser.parse(io.BytesIO(body)).entries)


def run(folder: Path, *options: str) -> Cost:
    """Run a cycle in ``folder``."""
    return meter.measured([sys.executable, "-m", "aggregator", "run", "--json", *options], cwd=folder)


def main(folder: Path) -> None:
    """Print the table."""
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    seen = sum(map(entries_seen, files.values()))
    with tempfile.TemporaryDirectory() as name, origin.serving(Path(name) / "origin") as server:
        here = Path(name)
        configure(here, [server.put(name, body) for name, body in files.items()])
        runs = {"first": run(here), "again, 304": run(here, "--force")}
        # Without validators every body comes again: that nothing changed is told by its entries.
        with sqlite3.connect(here / "aggregator.db") as database:
            database.execute("UPDATE source SET etag = NULL, last_modified = NULL, body = NULL")
        database.close()
        runs["again, 200"] = run(here, "--force")
        archived = len(list((here / "posts").rglob("*.md")))
        published = len(feedparser.parse(io.BytesIO((here / "public" / "atom.xml").read_bytes())).entries)
    print(f"{len(files)} feeds; entries: {seen} seen by feedparser, {archived} archived, {published} in atom.xml")
    print(f"{'run':<12}{'wall s':>8}{'cpu s':>8}{'peak MB':>9}{'written':>9}  stages")
    for label, cost in runs.items():
        said = json.loads(cost.output)
        stages = ", ".join(f"{stage} {spent:.2f}" for stage, spent in said["seconds"].items())
        written = said["files"]["written"]
        print(f"{label:<12}{cost.wall:>8.2f}{cost.cpu:>8.2f}{cost.peak:>9.0f}{written:>9}  {stages}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT)
