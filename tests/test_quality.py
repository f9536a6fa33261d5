"""The source itself: its style, its types, and the order of its layers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


def _run(*command: str) -> None:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "command",
    [("ruff", "check"), ("ruff", "format", "--check"), ("lint-imports", "--no-cache"), ("mypy",)],
    ids=["ruff", "format", "layers", "types"],
)
def test_the_source_is_clean(command: tuple[str, ...]) -> None:
    """Style, layers and types hold in the whole repository."""
    _run(*command)


def test_no_file_of_the_program_is_a_drawer() -> None:
    """No module is so long that there must be a second room in it."""
    long = {path.name: lines for path in ROOT.glob("aggregator/**/*.py") if (lines := _lines(path)) > 400}
    assert not long


def test_nothing_is_left_open() -> None:
    """The source holds no note of unfinished work."""
    left = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in ROOT.glob("aggregator/**/*.py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b", line)
    ]
    assert not left


def _lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())
