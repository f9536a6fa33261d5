"""The tables of ``benchmarks.cycle``: costs, stages, ratios against the targets, and the machine they come from."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil
from msgspec import Struct

from benchmarks.meter import Cost

US = "aggregator"
#: Ours, made to write what the figures of other programs count as the whole job: posts, and Atom feeds of the newest.
US_ATOM = "aggregator, atom alone"
OURS = (US, US_ATOM)
COLD, WARM, CHANGED = "cold", "warm", "5 % changed"
CYCLES = (COLD, WARM, CHANGED)

RESULTS = Path(__file__).parent / "results"

#: (program, cycle): at least so many times as fast as it.
_FASTER = {
    ("reader", COLD): 8.0,
    ("newsboat", COLD): 3.0,
    ("sfeed", COLD): 2.0,
    ("reader", WARM): 6.0,
    ("reader", CHANGED): 5.0,
}
#: Megabytes of all processes together, at 1000 feeds.
_MEMORY = 200.0
#: A cycle over the largest archive costs at most so many times what it costs over the smallest.
_GROWTH = 1.2


class Row(Struct, frozen=True):
    """What one cycle of one program cost; ``archive`` is the number of posts where that was set."""

    program: str
    feeds: int
    archive: int | None
    cycle: str
    cost: Cost

    @property
    def stages(self) -> dict[str, float]:
        """The seconds of wall time of each stage, of our own cycles only."""
        return dict(json.loads(self.cost.output)["seconds"]) if self.program in OURS else {}

    def __str__(self) -> str:
        archive = f" over {self.archive} posts" if self.archive else ""
        what = f"{self.program}, {self.feeds} feeds{archive}, {self.cycle}"
        return f"{what}: {self.cost.wall:.2f} s, CPU {self.cost.cpu:.2f} s, {self.cost.peak:.0f} MB"


class Median(Struct, frozen=True):
    """The medians of the rows of one cycle."""

    program: str
    feeds: int
    archive: int | None
    cycle: str
    runs: int
    wall: float
    cpu: float
    peak: float
    stages: dict[str, float]


def medians(rows: Sequence[Row]) -> list[Median]:
    """Return the medians of ``rows``, in the order in which each kind of them first came."""
    kinds: dict[tuple[str, int, int | None, str], list[Row]] = {}
    for row in rows:
        kinds.setdefault((row.program, row.feeds, row.archive, row.cycle), []).append(row)
    return [_median(same) for same in kinds.values()]


def _median(same: list[Row]) -> Median:
    first = same[0]
    spent = [row.stages for row in same]
    names = dict.fromkeys(name for stages in spent for name in stages)
    return Median(
        first.program,
        first.feeds,
        first.archive,
        first.cycle,
        len(same),
        median(row.cost.wall for row in same),
        median(row.cost.cpu for row in same),
        median(row.cost.peak for row in same),
        {name: median(stages.get(name, 0.0) for stages in spent) for name in names},
    )


def kept(rows: Sequence[Row], runs: int, server: str) -> str:
    """Return the report on ``rows`` in Markdown, and keep it and its figures in ``RESULTS``."""
    found = medians(rows)
    about = {**machine(), "origin": server, "runs": str(runs)}
    parts = [
        "\n".join(f"- {name}: {value}" for name, value in about.items()),
        _table("cycle", ("wall s", "cpu s", "peak MB"), ((_name(each), _costs(each)) for each in found)),
        _stages([each for each in found if each.stages]),
        _targets(found),
    ]
    text = "\n\n".join(filter(None, parts)) + "\n"
    RESULTS.mkdir(exist_ok=True)
    stem = f"cycle-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    (RESULTS / f"{stem}.md").write_text(f"# What a cycle costs\n\n{text}", "utf-8")
    figures = [{name: getattr(each, name) for name in Median.__struct_fields__} for each in found]
    (RESULTS / f"{stem}.json").write_text(json.dumps({"machine": about, "medians": figures}, indent=1) + "\n", "utf-8")
    return f"{text}\nkept as {RESULTS / stem}.md and .json"


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "processor": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "load before": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _name(each: Median) -> str:
    archive = f", {each.archive} posts" if each.archive else ""
    return f"{each.program}: {each.feeds} feeds{archive}, {each.cycle}"


def _costs(each: Median) -> list[str]:
    return [f"{each.wall:.2f}", f"{each.cpu:.2f}", f"{each.peak:.0f}"]


def _stages(ours: Sequence[Median]) -> str:
    names = list(dict.fromkeys(name for each in ours for name in each.stages))
    rows = ((_name(each), [f"{each.stages.get(name, 0.0):.2f}" for name in names]) for each in ours)
    return _table("seconds of wall time of", names, rows) if names else ""


def _table(first: str, columns: Sequence[str], rows: Iterator[tuple[str, list[str]]]) -> str:
    lines = [f"| {first} | {' | '.join(columns)} |", f"| --- |{' ---: |' * len(columns)}"]
    lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in rows]
    return "\n".join(lines)


def _targets(found: Sequence[Median]) -> str:
    rows = [*_ratios(found), *_memories(found), *_growths(found)]
    return _table("target", ("wanted", "is", "reached"), iter(rows)) if rows else ""


def _ratios(found: Sequence[Median]) -> Iterator[tuple[str, list[str]]]:
    walls = {(each.program, each.feeds, each.cycle): each.wall for each in found if each.archive is None}
    for (program, feeds, cycle), wall in walls.items():
        for ours in OURS:
            if program not in OURS and (ours, feeds, cycle) in walls:
                yield _verdict(
                    f"{ours}: {feeds} feeds, {cycle}: times as fast as {program}",
                    _FASTER.get((program, cycle)),
                    wall / walls[ours, feeds, cycle],
                    lambda wanted, is_: is_ >= wanted,
                )


def _memories(found: Sequence[Median]) -> Iterator[tuple[str, list[str]]]:
    peaks: dict[int, float] = {}
    for each in found:
        if each.program == US and each.archive is None:
            peaks[each.feeds] = max(peaks.get(each.feeds, 0.0), each.peak)
    for feeds, peak in peaks.items():
        yield _verdict(f"{feeds} feeds: MB at the peak", _MEMORY, peak, lambda wanted, is_: is_ < wanted)


def _growths(found: Sequence[Median]) -> Iterator[tuple[str, list[str]]]:
    for cycle in CYCLES:
        grown = [each for each in found if each.archive is not None and each.cycle == cycle]
        for each in grown[1:]:
            for what, ratio in (("wall", each.wall / grown[0].wall), ("CPU", each.cpu / grown[0].cpu)):
                name = f"{cycle}, {each.archive} posts: times the {what} time of {grown[0].archive}"
                yield _verdict(name, _GROWTH, ratio, lambda wanted, is_: is_ <= wanted)


def _verdict(
    name: str, wanted: float | None, is_: float, holds: Callable[[float, float], bool]
) -> tuple[str, list[str]]:
    if wanted is None:
        return name, ["", f"{is_:.2f}", ""]
    return name, [f"{wanted:g}", f"{is_:.2f}", "yes" if holds(wanted, is_) else "no"]
