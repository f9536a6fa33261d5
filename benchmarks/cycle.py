"""The whole job at the size of a planet: what a cycle costs, by stage, and beside other programs.

    python -m benchmarks.cycle [--peers] [--runs 3] [--growth POSTS ...] [FEEDS ...]

makes FEEDS feeds (default: 200 and 1000; the same ones each time), serves them on loopback from a process of its own,
and runs `aggregator run` cold (nothing was seen before), warm (every answer is 304) and with one feed in twenty
changed, once with the default outputs and once with posts and the Atom feeds of the newest entries alone, which is as
much as other programs' figures count for the whole job.  Each figure is the median of the runs.  `--peers` pulls the
same feeds with other programs within each run, and sets the figures against the targets; `--growth` also runs warm and
changed cycles of the first FEEDS feeds over archives of POSTS posts.  The tables are printed, and kept in
benchmarks/results/ with the machine they come from.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from aggregator import config
from aggregator.store import Store
from benchmarks import meter, origin, peers, planet, report
from benchmarks.meter import Cost
from benchmarks.origin import Origin
from benchmarks.report import OURS, US, US_ATOM, Row
from benchmarks.store import Archive

#: One feed in so many changes.
_CHANGING = 20
#: What is written beside the posts: the default, and for less the Atom feeds of the newest entries.
_OUTPUTS = {US: "", US_ATOM: ", formats: [atom], archive: 0"}
_SUFFIXES = {"application/rss+xml": "rss", "application/atom+xml": "atom", "application/rdf+xml": "rdf"}


class Planet:
    """So many feeds on a server, and the cycles over them."""

    def __init__(self, server: Origin, feeds: int) -> None:
        self.feeds = feeds
        self._server = server
        self._edition = 0
        self._cycles = 0
        self.addresses = [self._put(number) for number in range(feeds)]

    def change(self, edition: int) -> None:
        """Bring out an ``edition`` of one feed in twenty; 0 is what they were at first."""
        if edition != self._edition:
            self._edition = edition
            for number in range(0, self.feeds, _CHANGING):
                # Kinds repeat every twenty: each of them is to change somewhere.
                self._put(min(number + number // _CHANGING % _CHANGING, self.feeds - 1))

    def configure(self, folder: Path, program: str = US) -> None:
        """Write feeds.yaml into ``folder``, which is made, with the outputs of ``program``, one of ours."""
        folder.mkdir()
        lines = [
            "site: {title: Benchmark, url: https://planet.example.org/}",
            f"output: {{path: public, posts: posts{_OUTPUTS[program]}}}",
            "fetch: {allow_private: true, per_host: 16}",
            "feeds:",
            *(f"  - {{url: '{url}', category: {planet.category(n)}}}" for n, url in enumerate(self.addresses)),
        ]
        (folder / "feeds.yaml").write_text("\n".join(lines) + "\n", "utf-8")

    def run(self, folder: Path) -> Cost:
        """Run a cycle over all feeds, so long after the one before that the stories of a new edition are written."""
        self._cycles += 1
        at = (planet.NOW + self._cycles * planet.PACE).isoformat()
        cost = meter.measured([sys.executable, "-m", "aggregator", "run", "--force", "--json", "--at", at], cwd=folder)
        failures = json.loads(cost.output)["failures"]
        if failures:
            raise SystemExit(f"sources failed: {failures[:3]}")
        return cost

    def _put(self, number: int) -> str:
        media_type, body = planet.document(number, self.feeds, edition=self._edition)
        suffix = _SUFFIXES.get(media_type.partition(";")[0], "json")
        return self._server.put(f"{self.feeds}-{number}.{suffix}", body)


def cycles(world: Planet, programs: Sequence[peers.Peer], folder: Path) -> Iterator[Row]:
    """Run cold, warm and changed cycles of all programs in ``folder``, which is empty."""
    world.change(0)
    for program in OURS:
        world.configure(folder / program, program)
    for peer in programs:
        (folder / peer.name).mkdir()
        peer.prepare(folder / peer.name, world.addresses)
    for cycle in report.CYCLES:
        world.change(1 if cycle == report.CHANGED else 0)
        for program in OURS:
            yield Row(program, world.feeds, None, cycle, world.run(folder / program))
        for peer in programs:
            yield Row(peer.name, world.feeds, None, cycle, peer.update(folder / peer.name))


def growth(world: Planet, sizes: Iterable[int], runs: int, folder: Path) -> Iterator[Row]:
    """Run warm and changed cycles in ``folder``, which is made, over archives of ``sizes`` posts."""
    world.change(0)
    world.configure(folder)
    world.run(folder)
    settings = config.load(folder / "feeds.yaml", {})
    filled = Archive(Store.open(settings.database_url), settings.sources)
    edition = 0
    for posts in sorted(sizes):
        filled.fill(posts)
        filled.store.close()  # another process uses it now; it opens again by itself
        world.run(folder)  # the filling forgot the validators
        for _ in range(runs):
            edition += 1
            yield Row(US, world.feeds, posts, report.WARM, world.run(folder))
            world.change(edition)
            yield Row(US, world.feeds, posts, report.CHANGED, world.run(folder))


def main(wanted: argparse.Namespace) -> None:
    """Run all, print the tables and keep them."""
    programs = peers.installed() if wanted.peers else []
    rows: list[Row] = []

    def note(found: Iterator[Row]) -> None:
        for row in found:
            rows.append(row)
            print(row, file=sys.stderr)

    with tempfile.TemporaryDirectory() as name, origin.serving(Path(name) / "origin") as server:
        for feeds in wanted.feeds:
            world = Planet(server, feeds)
            for run in range(wanted.runs):
                # All folders stay until the end: for minutes after many files went, ext4 is slow to make new ones.
                folder = Path(name) / f"{feeds}-{run}"
                folder.mkdir()
                note(cycles(world, programs, folder))
        if wanted.growth:
            note(growth(Planet(server, wanted.feeds[0]), wanted.growth, wanted.runs, Path(name) / "growth"))
    print(report.kept(rows, wanted.runs, server.server))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("feeds", nargs="*", type=int, default=[200, 1000], metavar="FEEDS")
    parser.add_argument("--peers", action="store_true", help="pull with other programs, too")
    parser.add_argument("--runs", type=int, default=3, help="how often all of it is run (default: 3)")
    parser.add_argument("--growth", nargs="+", type=int, default=[], metavar="POSTS", help="sizes of archives")
    return parser.parse_args()


if __name__ == "__main__":
    main(_arguments())
