"""The whole job over a folder of captured feeds: counts, and the cost of three runs.

    python -m benchmarks.corpus [FOLDER]

serves FOLDER (default: ../shared/corpus/feeds) on loopback and runs `aggregator run` on it as a process of its own: at
first, when every server answers 304, and when every body comes again unchanged.  It prints wall time, CPU time and peak
memory of each run, with how many entries feedparser sees, the archive holds and a new subscriber of atom.xml finds;
and of each kind of output how many documents and entries there are, and how many faults the rules of feed validators
find in them.
"""

from __future__ import annotations

import io
import json
import sqlite3
import sys
import tempfile
from pathlib import Path

import feedparser
from msgspec import Struct

from benchmarks import meter, origin
from benchmarks.meter import Cost

TESTS = Path(__file__).parent.parent / "tests"
DEFAULT = Path(__file__).parent.parent.parent / "shared" / "corpus" / "feeds"


def configure(folder: Path, addresses: list[str]) -> None:
    """Write a feeds.yaml over ``addresses`` into ``folder``; its outputs are those of the default settings."""
    lines = [
        "site: {title: Corpus, url: https://planet.example.org/}",
        "output: {path: public, posts: posts}",
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


def run(folder: Path, *arguments: str) -> Cost:
    """Run ``aggregator`` with ``arguments`` in ``folder``."""
    return meter.measured([sys.executable, "-m", "aggregator", *arguments, "--json"], cwd=folder)


class Row(Struct):
    """The documents of one kind: how many, what is in them, and what is wrong with them."""

    documents: int = 0
    entries: int = 0
    faults: int = 0
    characters: int = 0
    twice: int = 0


def counted(folder: Path) -> tuple[dict[str, Row], int]:
    """Return a row for each kind of output below ``folder``, and how many entries a subscriber of the site finds."""
    sys.path.insert(0, str(TESTS))
    import outputs

    published = outputs.Outputs(folder)
    rows: dict[str, Row] = {}
    for path, body in published.documents.items():
        row = rows.setdefault("archive" if path.endswith(".atom") else path.rpartition("/")[2], Row())
        found = published.faults_of(path, body)
        row.documents += 1
        row.entries += outputs.entries(body)
        row.faults += len(found)
        row.characters += sum("BadCharacters" in fault for fault in found)
        row.twice += sum("DuplicateEntries" in fault for fault in found)
    return rows, published.whole("")


def main(folder: Path) -> None:
    """Print the table."""
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    seen = sum(map(entries_seen, files.values()))
    with tempfile.TemporaryDirectory() as name, origin.serving(Path(name) / "origin") as server:
        here = Path(name)
        configure(here, [server.put(name, body) for name, body in files.items()])
        runs = {"first": run(here, "run"), "again, 304": run(here, "run", "--force")}
        # Without validators every body comes again: that nothing changed is told by its entries.
        with sqlite3.connect(here / "aggregator.db") as database:
            database.execute("UPDATE source SET etag = NULL, last_modified = NULL, body = NULL")
        database.close()
        runs["again, 200"] = run(here, "run", "--force")
        archived = len(list((here / "posts").rglob("*.md")))
        rows, whole = counted(here / "public")
        changed = json.loads(run(here, "publish").output)
    print(f"{len(files)} feeds; entries: {seen} seen by feedparser, {archived} archived, {whole} from atom.xml onwards")
    print(f"{'output':<14}{'documents':>10}{'entries':>9}{'faults':>8}{'bad characters':>16}{'ids twice':>11}")
    for kind, row in rows.items():
        print(f"{kind:<14}{row.documents:>10}{row.entries:>9}{row.faults:>8}{row.characters:>16}{row.twice:>11}")
    print(f"built again from the database: {len(changed['written'])} files differ, {len(changed['removed'])} go")
    print(f"{'run':<12}{'wall s':>8}{'cpu s':>8}{'peak MB':>9}{'written':>9}  stages")
    for label, cost in runs.items():
        said = json.loads(cost.output)
        stages = ", ".join(f"{stage} {spent:.2f}" for stage, spent in said["seconds"].items())
        written = said["files"]["written"]
        print(f"{label:<12}{cost.wall:>8.2f}{cost.cpu:>8.2f}{cost.peak:>9.0f}{written:>9}  {stages}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT)
