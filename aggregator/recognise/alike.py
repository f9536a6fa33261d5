"""Texts that are much alike: near-duplicates by MinHash, in categories that ask for it.

Two texts are alike as far as they have runs of words in common (Jaccard's index).  MinHash finds candidates without a
look at all others: texts that have a band in common probably are (Leskovec, Rajaraman, Ullman: Mining of Massive
Datasets, section 3.4); the bodies then tell how much.
"""

from __future__ import annotations

from aggregator import text, wording
from aggregator.models import Likeness

#: Words in a run: fewer are found in any two texts, more are broken by every edit.
_RUN = 3
#: Bands, and hashes in each: of texts that are 0.7 alike 92 % have one in common, of 0.3 hardly any.
_BANDS, _ROWS = 20, 6
_SEED = 1


def runs(markup: str) -> frozenset[str]:
    """Return the runs of words in sanitised HTML ``markup``; each character is one in scripts without blanks."""
    tokens = wording.tokens(wording.of_markup(markup))
    return frozenset(" ".join(tokens[start : start + _RUN]) for start in range(max(len(tokens) - _RUN + 1, 1)))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Return how much alike two texts are, by their ``runs``: from 0 to 1."""
    return len(one & other) / (len(one | other) or 1)


def bands(found: frozenset[str], asked: Likeness) -> tuple[str, ...]:
    """Return the digests that texts of a category have in common when they are much alike."""
    from rensa import RMinHash

    sketch = RMinHash(num_perm=_BANDS * _ROWS, seed=_SEED)
    sketch.update(sorted(found))
    hashes = sketch.digest()
    level = "/".join(asked.level)
    parts = (hashes[start : start + _ROWS] for start in range(0, len(hashes), _ROWS))
    return tuple(text.digest(level, str(number), *map(str, part)) for number, part in enumerate(parts))
