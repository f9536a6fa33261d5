"""Whole scenarios (``scenarios/*.yaml``): feeds over several pulls, and what is published after each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from scenario import Stage, scenarios

_ALL = scenarios()


@pytest.mark.parametrize("scenario", [each for _, each in _ALL], ids=[name for name, _ in _ALL])
def test_scenario(scenario: dict[str, Any], empty_archive: Path, tmp_path: Path) -> None:
    """After each pull the outputs are those that the scenario tells."""
    stage = Stage.build(tmp_path, empty_archive, scenario["texts"])
    feeds, settings = scenario["feeds"], scenario.get("settings", {})
    before: dict[str, bytes] = {}
    decided = 0
    for pull in scenario["pulls"]:
        feeds = {name: each for name, each in {**feeds, **pull.get("feeds", {})}.items() if each is not None}
        stage.play(feeds, settings, pull)
        outputs, codes = stage.outputs(), stage.decided()
        if pull.get("same"):
            assert outputs == before
        if "then" in pull:
            entries = stage.entries(pull.get("feed", "atom.xml"))
            assert len(entries) == len(pull["then"]), entries
            for entry, told in zip(entries, pull["then"], strict=True):
                _assert_tells(entry, told)
        if "decided" in pull:
            assert sorted(codes[decided:]) == sorted(pull["decided"])
        before, decided = outputs, len(codes)


def _assert_tells(entry: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    for key, value in told.items():
        if key in ("says", "body"):
            assert value in entry["body"]
        elif key == "not":
            assert value not in entry["body"]
        elif key in ("published", "updated"):
            assert entry[key].startswith(value), (key, entry)
        else:
            assert entry[key] == value, (key, entry)


def test_every_scenario_is_named_once() -> None:
    """Names are what a failing scenario is found by."""
    names = [name for name, _ in _ALL]
    assert len(names) == len(set(names))
