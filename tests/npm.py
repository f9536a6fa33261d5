"""Packages of the npm registry that tests use, fetched when they are needed for the first time and kept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: What npm says when the machine is to blame, not the list of packages: no way to the registry, or an old Node.js.
_NO_NETWORK = re.compile(r"\b(?:ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|E(?:NET|HOST)UNREACH|ERR_SOCKET\w*|E[45]\d\d)\b")
_OLD_NODE = re.compile(r"\bEBADENGINE\b")


def install(packages: Path) -> None:
    """Fetch what the package-lock.json in ``packages`` lists; the test is skipped where that cannot be."""
    wanted = hashlib.sha256((packages / "package-lock.json").read_bytes()).hexdigest()
    stamp = packages / "node_modules" / ".installed"
    with _alone(packages):
        if not stamp.exists() or stamp.read_text("ascii") != wanted:
            _npm_ci(packages)
            stamp.write_text(wanted, "ascii")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _npm_ci(packages: Path) -> None:
    command = [
        *("npm", "ci", "--ignore-scripts", "--engine-strict", "--prefer-offline", "--no-audit", "--no-fund"),
        *("--fetch-retries=1", "--fetch-timeout=20000", "--loglevel=error"),
    ]
    try:
        done = subprocess.run(command, cwd=packages, capture_output=True, text=True, timeout=110, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not fetch the packages of {packages.name} within 110 seconds")
    if done.returncode and (found := _NO_NETWORK.search(done.stderr)):
        pytest.skip(f"npm cannot fetch the packages of {packages.name}: {found[0]}")
    if done.returncode and _OLD_NODE.search(done.stderr):
        pytest.skip(f"{packages.name} needs a newer Node.js than the one that is installed")
    assert done.returncode == 0, done.stderr
