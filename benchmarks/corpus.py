"""The whole job over a folder of captured feeds: counts, and the cost of three runs.

    python -m benchmarks.corpus [FOLDER]

serves FOLDER (default: ../shared/corpus/feeds) on loopback and runs `aggregator run` on it as a process of its own: at
first, when every server answers 304, and when every body comes again unchanged.  It prints wall time, CPU time and peak
memory of each run, with how many entries feedparser sees, the archive holds and atom.xml names.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import perf_counter
from typing import Any

import feedparser

DEFAULT = Path(__file__).parent.parent.parent / "shared" / "corpus" / "feeds"


class Handler(BaseHTTPRequestHandler):
    """Answers with a file and its ETag, or with 304."""

    protocol_version = "HTTP/1.1"

    def __init__(self, files: dict[str, bytes], *rest: Any) -> None:
        self.files = files
        super().__init__(*rest)

    def do_GET(self) -> None:
        body = self.files[self.path]
        etag = f'"{sha256(body).hexdigest()[:16]}"'
        same = self.headers.get("If-None-Match") == etag
        self.send_response(304 if same else 200)
        self.send_header("ETag", etag)
        if not same:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not same:
            self.wfile.write(body)

    def log_message(self, format: str, *rest: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[str]:
    """Serve ``files`` (path → body) on loopback and yield the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, files))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds of wall and CPU, megabytes at its peak, and what it printed."""

    wall: float
    cpu: float
    peak: float
    said: dict[str, Any]


def measured(*arguments: str, cwd: Path) -> Cost:
    """Run ``aggregator`` with ``arguments`` in ``cwd``."""
    start = perf_counter()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen([sys.executable, "-m", "aggregator", *arguments], cwd=cwd, stdout=out)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = perf_counter() - start
        if child.returncode:
            raise SystemExit(f"aggregator {' '.join(arguments)} left with {child.returncode}")
        out.seek(0)
        said = json.load(out)
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said)


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


def main(folder: Path) -> None:
    """Print the table."""
    files = {f"/{path.name}": path.read_bytes() for path in sorted(folder.iterdir())}
    seen = sum(map(entries_seen, files.values()))
    with serving(files) as origin, tempfile.TemporaryDirectory() as name:
        here = Path(name)
        configure(here, [origin + path for path in files])
        runs = {
            "first": measured("run", "--json", cwd=here),
            "again, 304": measured("run", "--force", "--json", cwd=here),
        }
        # Without validators every body comes again: that nothing changed is told by its entries.
        subprocess.run(
            [sys.executable, "-c", _FORGET.format(path=str(here / "aggregator.db"))], check=True, capture_output=True
        )
        runs["again, 200"] = measured("run", "--force", "--json", cwd=here)
        archived = len(list((here / "posts").rglob("*.md")))
        published = len(feedparser.parse(io.BytesIO((here / "public" / "atom.xml").read_bytes())).entries)
    print(f"{len(files)} feeds; entries: {seen} seen by feedparser, {archived} archived, {published} in atom.xml")
    print(f"{'run':<12}{'wall s':>8}{'cpu s':>8}{'peak MB':>9}{'written':>9}  stages")
    for label, cost in runs.items():
        stages = ", ".join(f"{stage} {spent:.2f}" for stage, spent in cost.said["seconds"].items())
        written = cost.said["files"]["written"]
        print(f"{label:<12}{cost.wall:>8.2f}{cost.cpu:>8.2f}{cost.peak:>9.0f}{written:>9}  {stages}")


_FORGET = """
import sqlite3
with sqlite3.connect({path!r}) as database:
    database.execute("UPDATE source SET etag = NULL, last_modified = NULL, body = NULL")
"""

if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT)
