"""Texts that are much alike: near-duplicates by MinHash, in categories that ask for it.

Two texts are alike as far as they have runs of words in common (Jaccard's index).  MinHash finds candidates without a
look at all others: texts that have a band in common probably are (Leskovec, Rajaraman, Ullman: Mining of Massive
Datasets, section 3.4).  The texts themselves then tell how much they are alike, and whether they are one form that was
filled in twice: with other numbers, or under titles that name other subjects.
"""

from __future__ import annotations

from msgspec import Struct

from aggregator import text, wording
from aggregator.models import Likeness

#: Words in a run: fewer are found in any two texts, more are broken by every edit.
_RUN = 3
#: Bands, and hashes in each: of texts that are 0.7 alike 92 % have one in common, of 0.3 hardly any.
_BANDS, _ROWS = 20, 6
_SEED = 1


class Sketch(Struct, frozen=True):
    """A text to be compared: the words of its title and of its body, and the body's runs of words."""

    title: tuple[str, ...]
    words: frozenset[str]
    runs: frozenset[str]


def sketch(title: str, markup: str) -> Sketch:
    """Return what is compared of a title and a body in sanitised HTML; in scripts without blanks, characters."""
    tokens = wording.tokens(wording.of_markup(markup))
    starts = range(max(len(tokens) - _RUN + 1, 1))
    runs = frozenset(" ".join(tokens[start : start + _RUN]) for start in starts)
    return Sketch(tuple(wording.tokens(title)), frozenset(tokens), runs)


def is_one(one: Sketch, other: Sketch, least: float) -> bool:
    """Tell whether two texts are one story: alike by ``least`` of 1, and not one form filled in twice."""
    likeness = len(one.runs & other.runs) / (len(one.runs | other.runs) or 1)
    return likeness >= least and _same_numbers(one, other) and _same_subject(one, other)


def bands(found: Sketch, asked: Likeness) -> tuple[str, ...]:
    """Return the digests that texts of a category have in common when they are much alike."""
    from rensa import RMinHash

    hashed = RMinHash(num_perm=_BANDS * _ROWS, seed=_SEED)
    hashed.update(sorted(found.runs))
    hashes = hashed.digest()
    level = "/".join(asked.level)
    parts = (hashes[start : start + _ROWS] for start in range(0, len(hashes), _ROWS))
    return tuple(text.digest(level, str(number), *map(str, part)) for number, part in enumerate(parts))


def _same_numbers(one: Sketch, other: Sketch) -> bool:
    first, second = (
        {word for word in (*each.title, *each.words) if any(map(str.isdecimal, word))} for each in (one, other)
    )
    return first <= second or second <= first


def _same_subject(one: Sketch, other: Sketch) -> bool:
    if wording.same_title(one.title, other.title):
        return True
    # Other titles may be those of one story when the text is about what both say.
    first, second = set(one.title), set(other.title)
    both = one.words & other.words
    # A name that stands in one's title and text, and nowhere in the other's, is what that one is about.
    named = ((first - second) & (one.words - other.words)) | ((second - first) & (other.words - one.words))
    return not named and all(2 * len(title & both) >= len(title) for title in (first, second))
