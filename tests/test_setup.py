"""Makefile and .ci/run: what they do on machines where something is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

needs_make = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")


def checkout(folder: Path) -> Path:
    """Return a folder with the files that the two set-up commands are made of."""
    (folder / ".ci").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", ".ci/run", ".ci/debian-packages.txt"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def finished(folder: Path, *command: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    # This suite may itself run below make, whose flags are not for the make that is tested.
    environment = {name: value for name, value in os.environ.items() if not re.match("MAKE|MFLAGS$|PYTHON$", name)}
    environment["PATH"] = path or environment["PATH"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


@needs_make
def test_make_says_what_there_is(tmp_path: Path) -> None:
    """Without a target nothing is done; every target is named."""
    done = finished(checkout(tmp_path / "checkout"), "make")
    targets = re.findall(r"^make (\w+)\t\w", done.stdout, re.MULTILINE)
    assert targets == ["help", "run", "test", "lint", "bench", "clean"]


@needs_make
@pytest.mark.parametrize(("target", "last"), [("run", ".venv/bin/aggregator demo"), ("test", ".venv/bin/pytest")])
def test_what_is_installed_is_not_installed_again(tmp_path: Path, target: str, last: str) -> None:
    """A fresh checkout installs; the next run goes straight to the work, until pyproject.toml changes."""
    folder = checkout(tmp_path / "checkout")
    assert "pip install" in finished(folder, "make", "-n", target).stdout
    script(folder / ".venv" / "bin" / "pip", "exit 0")
    for stamp in (".installed", ".installed-dev"):
        (folder / ".venv" / stamp).touch()
    assert finished(folder, "make", "-n", target).stdout.split("\n") == [last, ""]
    os.utime(folder / "pyproject.toml", (4e9, 4e9))
    assert "pip install" in finished(folder, "make", "-n", target).stdout


@needs_make
@pytest.mark.parametrize(
    ("python", "hint"),
    [("exit 1", "Python 3.11 or newer is needed"), ('[ "$1" = -c ]', "apt-get install python3-venv")],
    ids=["too old", "without ensurepip"],
)
def test_make_tells_what_to_install(tmp_path: Path, python: str, hint: str) -> None:
    """A Python that cannot make the environment is named with its remedy, and leaves no half of one behind."""
    folder = checkout(tmp_path / "checkout")
    done = finished(folder, "make", f"PYTHON={script(tmp_path / 'bin' / 'python', python)}", "run")
    assert done.returncode != 0
    assert hint in done.stderr
    assert not (folder / ".venv").exists()


def test_every_debian_package_has_its_reason() -> None:
    """The list is read by a script and by people."""
    lines = (ROOT / ".ci/debian-packages.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if not line.startswith("#")]
    assert [line for line in wanted if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+ +# \S.+", line)] == []
    assert {"make", "python3-venv"} <= {line.split()[0] for line in wanted}


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.parametrize("code", [0, 2])
def test_ci_goes_on_without_apt(tmp_path: Path, code: int) -> None:
    """Where packages cannot be installed this is said, the suite runs, and its verdict is the script's."""
    folder = checkout(tmp_path / "checkout")
    tools = tmp_path / "bin"
    script(tools / "make", f'echo "make $*"; exit {code}')
    for name in ("bash", "dirname"):
        (tools / name).symlink_to(shutil.which(name) or name)
    done = finished(folder, str(tools / "bash"), ".ci/run", path=str(tools))
    assert done.returncode == code
    first, second = done.stdout.splitlines()
    assert "no apt-get" in first
    assert second == "make test"
