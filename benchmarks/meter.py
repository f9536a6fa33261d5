"""What a command takes: wall time, CPU time, and memory of all of its processes together."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

import psutil
from msgspec import Struct

#: Seconds between two looks at the memory.
_GLANCE = 0.05


class Cost(Struct, frozen=True):
    """Seconds of wall and of CPU (children that were waited for included), megabytes at the peak, and the output."""

    wall: float
    cpu: float
    peak: float
    output: str


def measured(command: Sequence[str | Path], *, cwd: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run ``command`` in ``cwd`` and return what it took; leave the program when it fails.

    ``environment`` is added to ours.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = perf_counter()
        child = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=err, env=_environment(environment or {}))
        sampler = _Sampler(child.pid)
        sampler.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        sampler.join()
        out.seek(0)
        err.seek(0)
        if child.returncode:
            said = err.read().decode("utf-8", "replace")[-2000:]
            raise SystemExit(f"{' '.join(map(str, command))} left with {child.returncode}: {said}")
        return Cost(wall, usage.ru_utime + usage.ru_stime, sampler.peak / 2**20, out.read().decode("utf-8", "replace"))


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    # What is installed has its bytecode; a checkout would be compiled anew at each start where it may not be kept.
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**ours, **more}


class _Sampler(threading.Thread):
    """Adds up the memory of a process and all of its descendants, again and again, as long as it runs."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._over = threading.Event()
        self.peak = 0

    def run(self) -> None:
        try:
            root = psutil.Process(self._pid)
            while root.status() != psutil.STATUS_ZOMBIE and not self._over.wait(_GLANCE):
                self.peak = max(self.peak, sum(map(_memory, [root, *root.children(recursive=True)])))
        except psutil.NoSuchProcess:
            return

    def join(self, timeout: float | None = None) -> None:
        self._over.set()
        super().join(timeout)


def _memory(process: psutil.Process) -> int:
    # Pages that several processes share count once: each process is charged its part (proc(5), Pss).
    try:
        with Path(f"/proc/{process.pid}/smaps_rollup").open("rb") as lines:
            return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(b"Pss:"))
    except (OSError, StopIteration):
        return _resident(process)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
