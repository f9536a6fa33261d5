"""The fast lane says of a document what feedparser says, or steps aside."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from random import Random
from time import process_time
from xml.sax.saxutils import escape

import pytest
from feedparser.html import _cp1252
from feedparser.mixin import _FeedParserMixin
from feedparser.sanitizer import _HTMLSanitizer
from hypothesis import given, settings
from hypothesis import strategies as st
from lane_cases import HANDED_OVER, HEARD, document
from properties import ANY, steady

from aggregator.parse import lane, reader
from aggregator.parse.lane import heeded, machine, names, words
from benchmarks.differential import Tally, made
from benchmarks.grammar import Grammar

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus" / "feeds"


def _compared(bodies: Iterable[bytes]) -> tuple[Tally, list[str]]:
    tally = Tally()
    return tally, [line for body in bodies for line in tally.add(body)]


@pytest.mark.parametrize(("part", "piece"), HEARD)
def test_documented_elements_are_heard_alike(part: str, piece: str) -> None:
    """Every element that feedparser documents, in usual and in odd ways: the same feed, and no stepping aside."""
    tally, differences = _compared([document(part, piece).encode()])
    assert not differences
    assert not tally.handed_over


@pytest.mark.parametrize(("part", "piece"), HANDED_OVER)
def test_what_is_not_certain_is_left_to_feedparser(part: str, piece: str) -> None:
    """Markup without escapes, base64, foreign elements with familiar ones inside, old dialects, floods."""
    assert lane.hear(document(part, piece), "https://example.org/") is None


def test_a_base_of_another_scheme_is_left_to_feedparser() -> None:
    """An address that is not of the web is joined otherwise."""
    assert lane.hear(document("item", "<link>x</link>"), "ftp://example.org/feed") is None


@settings(steady, max_examples=80)
@given(random=st.randoms(use_true_random=False), oddness=st.sampled_from((0.0, 0.02, 0.1)))
def test_feeds_made_of_anything_are_heard_alike(random: Random, oddness: float) -> None:
    """Whatever stands where, however odd: no field differs."""
    _, differences = _compared([Grammar(random, oddness).document().encode("utf-8", "replace")])
    assert not differences


def test_many_feeds_made_at_random_are_heard_alike() -> None:
    """A fixed set, half of which the lane takes."""
    tally, differences = _compared(made(400, seed=7))
    assert not differences
    assert tally.handed_over < tally.documents * 0.6


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the captured feeds are not beside the repository")
def test_captured_feeds_are_heard_alike_and_nearly_all_by_the_lane() -> None:
    """Feeds in the wild: the same fields; fewer than one in twenty are handed over."""
    paths = sorted(CORPUS.glob("*.xml"), key=lambda path: path.stat().st_size)
    tally, differences = _compared(path.read_bytes() for path in paths[:75])
    assert not differences
    assert tally.handed_over < tally.documents / 20


def test_what_the_lane_knows_of_feedparser_is_still_so() -> None:
    """Handlers, namespaces, elements of HTML and characters of windows-1252 are those of the installed version."""
    handlers = {name.split("_", 2)[2] for name in dir(reader._StrictReader) if re.match("_(start|end)_", name)}
    assert handlers == heeded.HANDLED
    assert {space.lower(): prefix for space, prefix in _FeedParserMixin.namespaces.items()} == names.PREFIXES
    assert _HTMLSanitizer.acceptable_elements == words.ELEMENTS
    assert _cp1252 == words.CP1252


@steady
@given(st.text(alphabet="<>/&;# abrdivpm\n", max_size=40))
def test_html_is_told_from_plain_text_as_feedparser_does(text: str) -> None:
    """Tags, entities and what only looks like them."""
    assert words.looks_like_html(text) == reader._StrictReader.looks_like_html(text)


def test_well_formed_feeds_need_no_feedparser() -> None:
    """Neither the usual dialects nor the usual dates import it: that takes a tenth of a second."""
    program = (
        "import sys; from aggregator.parse import parse; "
        f"parse({document('item', HEARD[11][1]).encode()!r}, '', 'https://example.org/'); "
        "sys.exit('feedparser' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


@steady
@given(st.text("a1._-+@[]() <?subject=Z", max_size=30))
def test_authors_are_taken_apart_as_feedparser_does(said: str) -> None:
    """Names, addresses and brackets in any order."""
    _, differences = _compared([document("item", f"<author>{escape(said)}</author>").encode()])
    assert not differences


def test_an_author_of_a_million_letters_takes_no_time() -> None:
    """What looks like the beginning of an address is looked at once."""
    start = process_time()
    assert lane.hear(document("item", f"<author>{'a' * 1_000_000} @</author>"), "https://example.org/")
    assert process_time() - start < 5


@pytest.mark.parametrize("piece", ["<title>One</title>", "<title>One", "<unheard-of-and-odd><title>One</title>"])
def test_nothing_of_a_document_waits_for_the_search_for_garbage(piece: str) -> None:
    """Once a document is heard, or the lane stepped aside, its memory is free at once: ten thousand need no more."""
    lane.hear(document("item", piece), "https://example.org/feed")
    gc.collect()
    gc.disable()
    try:
        lane.hear(document("item", piece), "https://example.org/feed")
        left = [each for each in gc.get_objects() if isinstance(each, machine.Machine)]
    finally:
        gc.enable()
    assert not left


@steady
@given(
    ANY
    | st.text("aé“€\x80\x81\x99\xa0\xc3\xa9\xe2\ud800", max_size=12)
    | ANY.map(lambda x: x.encode("utf-8", "replace").decode("iso-8859-1"))
)
def test_text_that_was_encoded_twice_is_mended(value: str) -> None:
    """Looking for what such text has in common spares others the trial, and changes nothing."""
    expected = value
    with suppress(UnicodeError):
        expected = value.encode("iso-8859-1").decode("utf-8")
    assert words.mended(value) == expected.translate(words.CP1252)
