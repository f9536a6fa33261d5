"""What tests of properties share: strings of every kind, and settings that make each run the same."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

steady = settings(max_examples=100)
#: For a property that is tried under many parameters, or costs much.
brief = settings(steady, max_examples=15)

#: Everything a string can hold, lone surrogates too.
ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
