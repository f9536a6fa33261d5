"""Which entries of a pull are taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from properties import steady
from stored import NOW, source

from aggregator.filters import taken
from aggregator.models import Entry, FilterField, Person, Tag, Text

FULL = Entry(
    title=Text(value="Big &amp; <b>bold</b>", html=True),
    summary=Text(value="In short"),
    content=Text(value="<p>At\nlength</p>", html=True),
    link="https://site.example.org/1",
    authors=(Person(name="Ada"), Person(name="Bo")),
    tags=(Tag(term="sea", label="At sea"), Tag(term="port")),
)


@pytest.mark.parametrize(
    ("field", "pattern"),
    [
        ("title", "^Big & bold$"),
        ("content", "^At length$"),
        ("content", "short"),
        ("link", r"^https://site\.example\.org/"),
        ("author", "^Bo$"),
        ("tag", "^At sea$"),
        ("tag", "^port$"),
    ],
)
def test_a_field_matches_by_what_a_reader_sees(field: FilterField, pattern: str) -> None:
    """Titles and contents by their text on one line, any author, any tag by its term or its label."""
    rule: Mapping[FilterField, str] = {field: pattern}
    assert taken([FULL], replace(source("a"), include=rule)) == (FULL,)
    assert taken([FULL], replace(source("a"), exclude=rule)) == ()
    assert taken([Entry(guid="1")], replace(source("a"), include=rule)) == ()
    assert taken([Entry(guid="1")], replace(source("a"), exclude=rule)) == (Entry(guid="1"),)


def test_all_of_include_and_none_of_exclude() -> None:
    """Every field of ``include`` must match; one of ``exclude`` is enough to leave an entry out."""
    assert taken([FULL], replace(source("a"), include={"title": "Big", "author": "Cy"})) == ()
    assert taken([FULL], replace(source("a"), include={"title": "Big"}, exclude={"author": "Cy", "tag": "sea"})) == ()


@steady
@given(st.lists(st.none() | st.integers(0, 3)), st.integers(0, 5))
def test_the_newest_are_kept(ages: list[int | None], keep: int) -> None:
    """``keep`` takes the newest in the document's order; the first of equal dates; without a date counts as oldest."""
    entries = [
        Entry(guid=str(n), published=None if age is None else NOW - timedelta(days=age)) for n, age in enumerate(ages)
    ]
    kept = taken(entries, replace(source("a"), keep=keep))
    assert list(kept) == [entry for entry in entries if entry in kept]
    assert len(kept) == (min(keep, len(entries)) if keep else len(entries))
    left = [entry for entry in entries if entry not in kept]
    if kept and left:
        assert min(map(_rank, kept)) > max(map(_rank, left))


def _rank(entry: Entry) -> tuple[float, int]:
    return (entry.published.timestamp() if entry.published else 0.0, -int(entry.guid or 0))
