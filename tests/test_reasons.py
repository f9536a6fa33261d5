"""The codes of decisions: they stay what they are, and each can be told to people."""

from __future__ import annotations

import re

from aggregator.reasons import SENTENCES, Reason


def test_every_code_has_a_sentence() -> None:
    """A code is a short word for scripts; its sentence is whole and says it to people."""
    assert set(SENTENCES) == set(Reason)
    for code, sentence in SENTENCES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
        assert len(code) <= 32
        assert sentence.endswith(".")
