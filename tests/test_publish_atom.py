"""Atom: what validators and readers find in it."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import feedparser
import pytest
import validity
from golden import FOLDER, documents
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace
from posts import (
    ANY_POST,
    ANY_PUBLICATION,
    CREATED,
    NEW_MEDIA,
    POSTS,
    PUBLICATION,
    QUTOUTIAO,
    SITE,
    UPDATED,
    WHOLE,
    bare,
    bare_post,
    chinese_post,
    full,
    full_copy,
    full_feed,
    full_post,
    moment,
    output_feed,
)

from aggregator.models import Attribution, FeedInfo, Link, OutputFeed, Person, Post, Publication, Tag
from aggregator.publish.formats import FORMATS

NAMES = {"a": "http://www.w3.org/2005/Atom", "media": "http://search.yahoo.com/mrss/"}
#: Faults of HTML, of titles and names, and of the order of posts.
_WORDS = re.compile(
    r"HTML: name| in (?:content|summary) in |a line break in|left open in|entries are not in order|BadCharacters"
)
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def render(
    posts: Sequence[Post] = POSTS, publication: Publication = PUBLICATION, feed: OutputFeed = WHOLE
) -> etree._Element:
    document = FORMATS["atom"].render(publication, feed, posts)
    return etree.fromstring(document.body)


def entry(post: Post) -> etree._Element:
    (only,) = found(render([post]), "a:entry")
    return cast("etree._Element", only)


def found(element: etree._Element, path: str) -> Any:
    return element.xpath(path, namespaces=NAMES)


def text(element: etree._Element, path: str) -> str:
    (only,) = found(element, path)
    return only.text or ""


def links(element: etree._Element, rel: str) -> list[dict[str, str]]:
    return [dict(link.attrib) for link in found(element, f"a:link[@rel='{rel}']")]


def assert_valid(root: etree._Element) -> None:
    """Check ``root`` by all rules but those for words, which are clean when they come to a renderer, and for order."""
    faults = validity.atom(etree.tostring(root))
    assert [fault for fault in faults if not _WORDS.search(fault)] == []


@pytest.mark.parametrize("path", ["atom.xml", "archive/2.atom"])
def test_it_is_the_golden_file(path: str) -> None:
    """A small site gives the very bytes that were looked at and found right, and the same entries in its archive."""
    assert documents()[path].body == (FOLDER / path).read_bytes()


@pytest.mark.parametrize("posts", [POSTS, [full_post()], [bare_post()], []], ids=["all", "full", "bare", "none"])
def test_no_validator_objects(posts: Sequence[Post]) -> None:
    """Full, bare and empty feeds keep the schema of RFC 4287 and every rule of the validators."""
    document = FORMATS["atom"].render(PUBLICATION, WHOLE, posts)
    assert validity.atom(document.body, f"{SITE.url}atom.xml") == []


def test_a_reader_finds_everything_again() -> None:
    """Feedparser reads ids, titles, dates, authors, links, enclosures and sources back as they were."""
    document = FORMATS["atom"].render(PUBLICATION, WHOLE, POSTS)
    parsed = feedparser.parse(io.BytesIO(document.body))
    assert not parsed.bozo
    assert parsed.feed.title == SITE.title
    assert [each.id for each in parsed.entries] == [post.id for post in POSTS]
    assert [each.title for each in parsed.entries] == [post.copy.title for post in POSTS]
    published = [moment(each.published_parsed) for each in parsed.entries]
    assert published == [post.published for post in POSTS]
    first = parsed.entries[0]
    assert moment(first.updated_parsed) == UPDATED.replace(microsecond=0)
    assert [person.name for person in first.authors] == ["Ada Byron", "Bo"]
    assert first.link == full_copy().link
    assert first.content[0].value == full_copy().content
    assert [(each.href, each.type) for each in first.enclosures] == [
        ("https://cdn.example.com/1.mp3", "audio/mpeg"),
        ("https://cdn.example.com/1.mp4", "video/mp4"),
    ]
    assert first.media_thumbnail == [{"url": "https://cdn.example.com/1.jpg"}]
    assert (first.source.id, first.source.title) == ("https://news.example.com/feed-id", "Example News")
    assert [(each.term, each.label) for each in first.tags] == [("News", "News"), ("sea", "At sea"), ("port", "port")]


def test_the_feed_says_who_and_where_it_is() -> None:
    """Id, title, author, language and generator stand there; own addresses are percent-encoded."""
    root = render([], feed=output_feed(NEW_MEDIA, QUTOUTIAO))
    assert text(root, "a:title") == "趣头条"
    assert text(root, "a:author/a:name") == "The editors"
    assert root.get(LANG) == "en"
    assert text(root, "a:generator") == "aggregator"
    (own,) = links(root, "self")
    base = "https://planet.example.org/new-media/%E8%B6%A3%E5%A4%B4%E6%9D%A1/"
    assert own == {"href": f"{base}atom.xml", "rel": "self", "type": "application/atom+xml"}
    assert links(root, "alternate") == [{"href": base, "rel": "alternate", "type": "text/html"}]


def test_without_pages_the_alternate_is_the_site() -> None:
    """Where no pages are made, a feed's alternate is the site's address."""
    publication = replace(PUBLICATION, formats=("atom",))
    root = render([], publication, output_feed(NEW_MEDIA))
    assert links(root, "alternate") == [{"href": SITE.url, "rel": "alternate", "type": "text/html"}]


def test_a_site_without_author_signs_with_its_title() -> None:
    """Every feed has an author, and says that its language is not known when nobody told."""
    publication = replace(PUBLICATION, site=replace(SITE, author=None, language=None))
    root = render([], publication)
    assert text(root, "a:author/a:name") == SITE.title
    assert root.get(LANG) == "und"


def test_the_feed_is_as_new_as_its_newest_entry() -> None:
    """The feed's time is the latest ``updated`` of its entries, the first of them or not."""
    assert text(render(POSTS[::-1]), "a:updated") == "2024-03-06T09:00:05+00:00"


def test_an_empty_feed_is_as_new_as_the_publication() -> None:
    """A feed without entries says when it was set up, not when it was rendered."""
    root = render([])
    assert text(root, "a:updated") == CREATED.isoformat()
    assert_valid(root)


def test_entries_keep_their_order() -> None:
    """Entries come in the order in which they were given: newest first."""
    ids = [each.text for each in found(render(), "a:entry/a:id")]
    assert ids == [post.id for post in POSTS]


def test_the_same_input_gives_the_same_bytes() -> None:
    """Nothing of the clock or of an earlier rendering gets into the bytes."""
    first, second = (FORMATS["atom"].render(PUBLICATION, WHOLE, POSTS).body for _ in range(2))
    assert first == second


def test_the_source_stands_last_and_says_all_it_gave() -> None:
    """``source`` ends the entry, with the editor's name for it and all that the feed said of itself."""
    made = entry(full_post())
    source = made[-1]
    assert source.tag == f"{{{NAMES['a']}}}source"
    assert text(source, "a:id") == "https://news.example.com/feed-id"
    assert text(source, "a:title") == "Example News"
    assert text(source, "a:updated") == "2024-03-06T10:00:00Z"
    assert links(source, "self") == [{"rel": "self", "href": "https://news.example.com/feed.xml"}]
    assert links(source, "alternate") == [{"rel": "alternate", "href": "https://news.example.com/"}]
    assert text(source, "a:author/a:email") == "desk@news.example.com"
    assert text(source, "a:rights") == "© 2024 Example News"


def test_a_source_without_id_is_known_by_its_address() -> None:
    """The feed's address serves as the source's id where it has none, and a tag of ours where there is neither."""
    feed = replace(full_feed(), id=None)
    assert text(entry(full(feed=feed)), "a:source/a:id") == feed.url
    minted = text(entry(bare_post()), "a:source/a:id")
    assert minted.startswith("tag:planet.example.org,2026:source:")
    other = replace(bare_post(), source=replace(bare_post().source, source_id="other"))
    assert text(entry(other), "a:source/a:id") != minted


def test_a_source_keeps_the_id_that_was_made_for_it_wherever_the_site_moves() -> None:
    """A new ``site.url``, or a database made anew in another year, is no reason for another one."""
    moved = replace(PUBLICATION, site=replace(SITE, url="https://new.example.net/"), created=CREATED.replace(year=2031))
    before, after = (text(render([bare_post()], each), "a:entry/a:source/a:id") for each in (PUBLICATION, moved))
    assert before == after


@pytest.mark.parametrize("year", [1, 1969, 2100, 9999])
def test_a_source_with_an_impossible_time_takes_the_entrys(year: int) -> None:
    """A feed that says that it is of the year 1 or 9999 is not believed."""
    feed = replace(full_feed(), updated=datetime(year, 6, 1, tzinfo=UTC))
    assert text(entry(full(feed=feed)), "a:source/a:updated") == "2024-03-06T09:00:05Z"


def test_a_claimed_source_is_named_as_it_names_itself_and_via_tells_where_it_came_from() -> None:
    """The editor's name belongs to the feed that was pulled, which ``via`` links to."""
    made = entry(chinese_post())
    assert text(made, "a:source/a:title") == "株洲日报"
    assert links(made, "via") == [
        {"href": "https://rsshub.example/qutoutiao/category/1", "rel": "via", "title": "趣头条"}
    ]


def test_each_other_carrier_is_a_related_link() -> None:
    """Every source that carried the story has a ``related`` link with its title, and none twice."""
    post = chinese_post()
    same = replace(post, also_in=(*post.also_in, post.also_in[0]))
    related = links(entry(same), "related")
    assert [(link["href"], link["title"]) for link in related] == [
        ("https://evening.example.cn/1", "晚报 & more"),
        ("https://copycat.example.com/q", "Copycat"),
    ]


def test_a_carrier_without_entry_is_linked_by_its_site() -> None:
    """A carrier whose entry has no address is linked by its site, one without any address not at all."""
    site = Attribution(source_id="s", title="S", url="https://s.example/", feed=None, link=None, author=None)
    nowhere = Attribution(source_id="n", title="N", url=None, feed=None, link=None, author=None)
    post = replace(bare_post(), also_in=(site, nowhere))
    assert links(entry(post), "related") == [{"href": "https://s.example/", "rel": "related", "title": "S"}]


def test_links_keep_all_that_they_say() -> None:
    """Each link keeps rel, type, length, language and title."""
    made = entry(full_post())
    assert links(made, "enclosure")[0] == {
        "href": "https://cdn.example.com/1.mp3",
        "rel": "enclosure",
        "type": "audio/mpeg",
        "title": "Audio",
        "length": "1234",
    }
    assert len(links(made, "replies")) == len(links(made, "license")) == 1


def test_only_one_page_is_the_alternate() -> None:
    """Other pages of the entry are related, so that no reader takes a translation for the original."""
    made = entry(full_post())
    assert [link["href"] for link in links(made, "alternate")] == ["https://news.example.com/2024/harbour?ref=a&b=c"]
    assert [(link["href"], link["hreflang"], link.get("title")) for link in links(made, "related")] == [
        ("https://news.example.com/2024/hafen", "de", "Auf Deutsch"),
        ("https://news.example.com/2024/hafen-2", "de", None),
    ]


def test_no_two_alternates_are_of_one_kind() -> None:
    """Alternates that are no pages stay, the first of each type and language."""
    given = [
        Link(href=f"https://e.example/{name}", type=kind, hreflang=language)
        for name, kind, language in (
            ("1", "application/json", None),
            ("2", "application/json", None),
            ("3", "application/json", "de"),
        )
    ]
    made = links(entry(full(links=tuple(given))), "alternate")
    assert [link["href"] for link in made[1:]] == ["https://e.example/1", "https://e.example/3"]


def test_links_that_no_reader_should_follow_are_left_out() -> None:
    """Addresses of other schemes vanish, and claims that are no media type, language or e-mail address with them."""
    post = full(
        link="javascript:alert(1)",
        links=(
            Link(href="data:text/html,x", rel="related"),
            Link(href="https://e.example/a b", type="?", hreflang="?"),
        ),
        authors=(Person(name="Eve", uri="javascript:alert(1)", email="none"),),
        image="file:///etc/passwd",
        language="?",
    )
    made = entry(post)
    hrefs = [link.get("href") for link in found(made, "a:link")]
    assert hrefs == ["https://e.example/a%20b"]
    assert dict(found(made, "a:link")[0].attrib) == {"href": "https://e.example/a%20b", "rel": "alternate"}
    assert [child.tag for child in found(made, "a:author")[0]] == [f"{{{NAMES['a']}}}name"]
    assert not found(made, "media:thumbnail")
    assert made.get(LANG) is None
    assert b"javascript" not in etree.tostring(made)


def test_categories_are_the_levels_then_the_entrys_own() -> None:
    """A level's scheme is the site's, a tag's its own or its source's; no category comes twice."""
    post = replace(full(tags=(Tag(term="sea"), Tag(term="sea"), Tag(term=""))), category=("新媒体", "Sea"))
    categories = [dict(each.attrib) for each in found(entry(post), "a:category")]
    ours = f"{SITE.url}categories/"
    assert categories == [
        {"term": "新媒体", "scheme": ours, "label": "新媒体"},
        {"term": "Sea", "scheme": ours, "label": "Sea"},
        {"term": "sea", "scheme": "https://news.example.com/", "label": "sea"},
    ]
    nowhere = replace(bare(tags=(Tag(term="sea"),)), category=())
    (alone,) = found(entry(nowhere), "a:category")
    assert dict(alone.attrib) == {"term": "sea", "scheme": f"{SITE.url}tags/", "label": "sea"}


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        ({}, ["Ada Byron", "Bo"]),
        ({"authors": ()}, ["Newsroom"]),
        ({"authors": (), "feed": FeedInfo()}, ["Example News"]),
        ({"authors": (Person(name=" "),), "feed": FeedInfo()}, ["Example News"]),
    ],
    ids=["own", "the feed's", "the source", "nameless"],
)
def test_every_entry_has_an_author(copy: dict[str, Any], expected: list[str]) -> None:
    """The entry's authors sign, else the feed's, else the source."""
    assert [each.text for each in found(entry(full(**copy)), "a:author/a:name")] == expected


@pytest.mark.parametrize(
    ("copy", "content", "summary"),
    [
        ({"content": "<p>c</p>", "summary": "<p>s</p>"}, "<p>c</p>", "<p>s</p>"),
        ({"content": "<p>c</p>", "summary": "<p>c</p>"}, "<p>c</p>", None),
        ({"content": "<p>c</p>"}, "<p>c</p>", None),
        ({"summary": "<p>s</p>"}, "<p>s</p>", None),
        ({"summary": "<p>s</p>", "link": "https://e.example/1"}, None, "<p>s</p>"),
        ({"link": "https://e.example/1"}, "", None),
        ({}, "", None),
    ],
    ids=["both", "equal", "content", "summary, no link", "summary, link", "link", "nothing"],
)
def test_content_and_summary(copy: dict[str, Any], content: str | None, summary: str | None) -> None:
    """A summary stands beside another content, or alone where a link leads to the rest; something always stands."""
    made = entry(bare(**copy))
    assert [each.text or "" for each in found(made, "a:content[@type='html']")] == (
        [] if content is None else [content]
    )
    assert [each.text for each in found(made, "a:summary[@type='html']")] == ([] if summary is None else [summary])
    assert_valid(render([bare(**copy)]))


def test_content_has_the_entrys_address_as_its_base_and_the_entry_its_language() -> None:
    """References in the content are relative to the article, whatever a reader does with feeds."""
    made = entry(chinese_post())
    (content,) = found(made, "a:content")
    assert content.base == "https://html2.example.cn/detail/1.html"
    assert made.get(LANG) == "zh-CN"


@pytest.mark.parametrize("title", ["The <b> tag", "Why </script> ends it", "AT&amp;T", "<!-- x -->", "&#60;"])
def test_a_title_that_looks_like_markup_says_that_it_is_escaped(title: str) -> None:
    """No reader, however simple, takes a title about markup for markup; a careful one shows it unchanged."""
    (made,) = found(entry(full(title=title)), "a:title")
    assert made.get("type") == "html"
    shown = etree.fromstring(f"<p>{made.text}</p>")
    assert shown.text == title
    assert len(shown) == 0


@pytest.mark.parametrize("title", ["Tom & Jerry", "1 < 2", "a <3 b", "R&D; more", "“quoted” 'twice'"])
def test_other_titles_are_text(title: str) -> None:
    """A title is plain text when nothing in it can be taken for markup."""
    (made,) = found(entry(full(title=title)), "a:title")
    assert (made.get("type"), made.text) == (("html", "R&amp;D; more") if ";" in title else (None, title))


def test_a_character_that_xml_forbids_is_left_out() -> None:
    """A control character in one entry costs that character, not the feed."""
    root = render([full(title="A\x0bB\ud800C", content="<p>\x00x</p>"), bare_post()])
    assert [each.text for each in found(root, "a:entry/a:title")] == ["ABC", "A title"]
    assert text(root, "a:entry[1]/a:content") == "<p>x</p>"


def test_times_are_told_to_the_second_in_utc() -> None:
    """Fractions of a second are cut; another zone becomes UTC."""
    moment = datetime(2024, 3, 6, 11, 0, 5, 250_000, tzinfo=UTC)
    assert text(entry(full(updated=moment)), "a:updated") == "2024-03-06T11:00:05+00:00"


def test_prefixes_are_declared_once() -> None:
    """The prefix of Media RSS is declared on the root alone, however many pictures there are."""
    document = FORMATS["atom"].render(PUBLICATION, WHOLE, [full_post()] * 3)
    assert document.body.count(b"xmlns:media=") == 1
    assert document.body.count(b"<media:thumbnail ") == 3


def test_large_feeds_take_their_time_in_proportion() -> None:
    """Ten times the entries give ten times the bytes: nothing is repeated for each."""
    posts = [replace(bare(updated=CREATED + timedelta(hours=n)), id=f"urn:uuid:{n}") for n in range(100)]
    few, many = (len(FORMATS["atom"].render(PUBLICATION, WHOLE, posts[:n]).body) for n in (10, 100))
    assert many < 10 * few


@settings(max_examples=100)
@given(ANY_PUBLICATION, st.lists(ANY_POST, max_size=2))
def test_no_text_in_any_field_breaks_the_feed(publication: Publication, posts: list[Post]) -> None:
    """Whatever sources say, the feed is well-formed and valid and has all its entries."""
    root = render(posts, publication)
    assert [each.text for each in found(root, "a:entry/a:id")] == [post.id for post in posts]
    assert_valid(root)
    for link in found(root, "//a:link"):
        assert link.get("href").startswith(("http://", "https://"))
