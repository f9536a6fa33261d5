"""OPML: the sources, as other programs import them."""

from __future__ import annotations

from datetime import UTC, datetime

import listparser
from golden import FOLDER, documents
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from posts import CREATED, SITE, SUBSCRIPTIONS

from aggregator.models import Subscription
from aggregator.publish import opml


def test_it_is_the_golden_file() -> None:
    """A small site gives the very bytes that were looked at and found right."""
    assert documents()["opml.xml"].body == (FOLDER / "opml.xml").read_bytes()


def test_another_program_imports_all_sources_with_their_categories() -> None:
    """Listparser finds each source's address and title, and its category path."""
    document = opml.render(SITE, SUBSCRIPTIONS, CREATED)
    assert document.path == "opml.xml"
    parsed = listparser.parse(document.body)
    assert not parsed.bozo
    assert parsed.meta.title == SITE.title
    assert parsed.meta.created_parsed == datetime(2024, 1, 1, tzinfo=UTC)
    found = {feed.url: (feed.title, feed.categories) for feed in parsed.feeds}
    assert found == {each.feed: (each.title, [list(each.category)] if each.category else []) for each in SUBSCRIPTIONS}


def test_a_category_is_one_outline_however_its_sources_are_mixed() -> None:
    """Sources of one category stand together, where the first of them stood."""
    root = etree.fromstring(opml.render(SITE, SUBSCRIPTIONS, CREATED).body)
    assert root.xpath("body/outline/@text") == ["News", "新媒体", "Loose"]
    assert root.xpath("body/outline[@text='News']/outline/@text") == ["Example News", "More “news”"]
    assert root.xpath("//outline[@type='rss']/@htmlUrl") == ["https://news.example.com/", "https://loose.example.com/"]


def test_no_sources_make_an_empty_list() -> None:
    """A site without sources has an OPML file all the same."""
    root = etree.fromstring(opml.render(SITE, (), CREATED).body)
    assert root.xpath("count(body/outline)") == 0


_WORDS = st.text(st.characters(exclude_categories=()), max_size=20)


@settings(max_examples=100)
@given(
    st.lists(
        st.builds(
            Subscription,
            title=_WORDS,
            feed=_WORDS,
            url=st.none() | _WORDS,
            category=st.lists(_WORDS, max_size=3).map(tuple),
        ),
        max_size=4,
    )
)
def test_no_text_in_any_field_breaks_the_list(subscriptions: list[Subscription]) -> None:
    """Whatever sources and categories are called, every source is in a well-formed file."""
    root = etree.fromstring(opml.render(SITE, subscriptions, CREATED).body)
    assert root.xpath("count(//outline[@type='rss'])") == len(subscriptions)
