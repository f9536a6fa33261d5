"""Publishers' judgement: the whole score, over simulated days, with the real program."""

from __future__ import annotations

from pathlib import Path

import manners


def test_the_score_of_manners_is_full(tmp_path: Path) -> None:
    """Every point that publishers judge feed readers by is reached; `python tests/manners.py` prints the table."""
    verdicts = manners.score(tmp_path)
    assert not [line for line in manners.lines(verdicts) if "  NO  " in line]
    assert len({point.id[0:3] for point, _ in verdicts}) >= 56
