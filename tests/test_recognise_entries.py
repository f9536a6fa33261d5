"""Which entries of a document the archive knows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from properties import steady

from aggregator import text, urls
from aggregator.models import Entry, Link, Text
from aggregator.recognise.entries import candidates, match
from aggregator.records import Candidate, Known

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PAGE = "https://site.example.org/1"

#: Documents of a few entries that agree in guid, link or words in every way that can be.
_FEW = st.sampled_from
_ENTRIES = st.builds(
    lambda guid, link, title, body: entry(guid, link, title, body=body),
    _FEW((None, "1", "2", "3")),
    _FEW((None, PAGE, "https://site.example.org/2?utm_source=x", "https://site.example.org/2", "https://example.org/")),
    _FEW((None, "A", "B")),
    _FEW((None, "Words", "Others")),
)
_DOCUMENTS = st.lists(_ENTRIES, max_size=8)


def entry(guid: str | None, link: str | None = None, title: str | None = None, *, body: str | None = None) -> Entry:
    """Return an entry as a feed might say it."""
    return Entry(
        guid=guid,
        link=link,
        title=Text(value=title) if title else None,
        content=Text(value=body, html=True) if body else None,
    )


def archived(found: Sequence[Candidate]) -> dict[str, Known]:
    """Return what the archive knows once it has stored ``found``, numbered from 1: copies by their aliases."""
    return {alias.value: _known(pk, each) for pk, each in enumerate(found, 1) for alias in each.aliases}


def _known(pk: int, candidate: Candidate) -> Known:
    said = candidate.entry
    return Known(
        pk=pk,
        key=candidate.key,
        fingerprint="f",
        words="w",
        title=said.title.value if said.title else "",
        guid=said.guid,
        published=NOW,
        updated=NOW,
        first_seen=NOW,
    )


def recognised(before: Sequence[Entry], after: Sequence[Entry]) -> list[int | None]:
    """Return for each entry of ``after`` the number, from 1, of the entry of ``before`` that it is taken for."""
    matches = match(candidates(after)[0], archived(candidates(before)[0]))
    return [each.known.pk if each.known else None for each in matches]


def test_an_entry_is_recognised_by_guid_and_by_link() -> None:
    """Either may change, not both; an entry with neither in common is a new one."""
    before = [entry("1", PAGE, "A")]
    assert recognised(before, [entry("1", PAGE, "B")]) == [1]
    assert recognised(before, [entry("1", "https://moved.example.org/a", "B")]) == [1]
    assert recognised(before, [entry("other", PAGE, "A")]) == [1]
    assert recognised(before, [entry(None, PAGE, "B")]) == [1]
    assert recognised(before, [entry("other", "https://moved.example.org/a", "A")]) == [None]


def test_another_entry_under_a_known_link_is_new() -> None:
    """A column whose issues share one page: a new guid and a new title are a new entry, not an edit of the last one."""
    assert recognised([entry("1", PAGE, "Issue 1")], [entry("2", PAGE, "Issue 2")]) == [None]


def test_an_entry_without_guid_and_link_is_recognised_by_its_words() -> None:
    """Words, date and media count; an edit of them is a new entry, for nothing else tells who it is."""
    before = [entry(None, None, "A", body="<p>Words</p>")]
    assert recognised(before, before) == [1]
    assert recognised(before, [replace(before[0], updated=NOW)]) == [1]
    assert recognised(before, [entry(None, None, "A", body="<p>Other words</p>")]) == [None]
    assert recognised(before, [replace(before[0], published=NOW)]) == [None]
    episode = Link(href="https://cdn.example.org/1.mp3", rel="enclosure")
    assert recognised(before, [replace(before[0], links=(episode,))]) == [None]


def test_the_same_guid_on_every_entry_tells_none_apart() -> None:
    """Then the links do; a guid that was shared yesterday does not make today's entry that of yesterday."""
    before = [entry("all", f"https://site.example.org/{n}", f"T{n}") for n in range(3)]
    assert recognised(before, before) == [1, 2, 3]
    assert recognised(before, list(reversed(before))) == [3, 2, 1]
    assert recognised(before, [before[1]]) == [2]
    assert recognised(before, [entry("all", "https://site.example.org/9", "T9")]) == [None]


def test_a_guid_that_was_shared_does_not_bring_back_what_was_pruned() -> None:
    """Nobody knows the guid of what was pruned any more: page and date tell it from its twin, which was seen alone."""
    twins = [replace(entry("all", f"https://site.example.org/{n}", f"T{n}"), published=NOW) for n in (1, 2)]
    one, two = (candidates([each])[0] for each in twins)
    known = archived(candidates(twins)[0])
    known |= {each.value: known[one[0].aliases[1].value] for each in one[0].aliases}
    known = {name: replace(copy, guid=None, pruned=True) if copy.pk == 2 else copy for name, copy in known.items()}
    assert [each.known.pk for found in (one, two) for each in match(found, known) if each.known] == [1, 2]


def test_swapped_links_leave_entries_who_they_are() -> None:
    """A guid is a stronger claim than a link, wherever in the document it stands."""
    one, two = entry("1", "https://site.example.org/a", "A"), entry("2", "https://site.example.org/b", "B")
    swapped = [replace(one, link=two.link), replace(two, link=one.link)]
    assert recognised([one, two], swapped) == [1, 2]
    assert recognised([one, two], swapped[::-1]) == [2, 1]


def test_no_copy_is_taken_twice() -> None:
    """Of two entries that claim one copy the one with the stronger claim has it."""
    before = [entry("1", PAGE, "A")]
    assert recognised(before, [entry(None, PAGE, "A"), entry("1", "https://site.example.org/2", "A")]) == [None, 1]


def test_what_says_nothing_is_left_out_and_told() -> None:
    """Empty entries, and those that stand in the document twice word for word, come with a warning each."""
    twice = entry(None, None, "A")
    found, warnings = candidates([Entry(), twice, twice, Entry(published=NOW)])
    assert [each.entry for each in found] == [twice]
    assert warnings == (
        "2 entries say nothing and were left out",
        "1 entries stand in the document twice and were taken once",
    )


def test_a_page_that_several_entries_link_to_stands_for_none() -> None:
    """It takes a page of one's own for two sources' copies to be one story; a bare site is none."""
    found, _ = candidates([entry("1", PAGE), entry("2", PAGE + "?utm_source=rss"), entry("3", "https://example.org/")])
    assert [each.page for each in found] == [None, None, None]
    ((alone,), _) = candidates([entry("1", "https://www.site.example.org/1#top")])
    assert alone.page == text.digest(urls.canonical(PAGE))


@steady
@given(_DOCUMENTS)
def test_a_document_is_recognised_whole(document: list[Entry]) -> None:
    """The same document again, in any order of its entries, brings nothing new and mixes nothing up."""
    found, _ = candidates(document)
    assert len({alias.value for each in found for alias in each.aliases}) == sum(len(each.aliases) for each in found)
    known = archived(found)
    for again in (document, document[::-1]):
        for each in match(candidates(again)[0], known):
            assert each.known is not None
            assert each.known.key == each.candidate.key


@steady
@given(_DOCUMENTS, _DOCUMENTS)
def test_no_two_entries_are_one_copy(before: list[Entry], after: list[Entry]) -> None:
    """Whatever a source does to its entries, each copy has at most one new version, and every entry a place."""
    found, _ = candidates(after)
    matches = match(found, archived(candidates(before)[0]))
    assert [each.candidate for each in matches] == list(found)
    taken = [each.known.pk for each in matches if each.known]
    assert len(taken) == len(set(taken))
