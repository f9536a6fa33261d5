"""The pages: what people and browsers find in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser

import pytest
from golden import FOLDER, documents
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.etree import _Element
from lxml.html import fromstring
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
    SUBSCRIPTIONS,
    WHOLE,
    bare,
    bare_post,
    chinese_post,
    full_copy,
    full_post,
    output_feed,
)

from aggregator.models import Archive, Level, OutputFeed, Person, Post, Publication
from aggregator.publish import html, theme
from aggregator.publish.formats import FORMATS

#: Every element that the template writes; any other came in from outside.
_TAGS = "html head meta title link style body a header nav ol li div h1 ul main article p b bdi span time h2 img footer"
OURS = frozenset((*_TAGS.split(), "script"))


class Page(HTMLParser):
    """A page taken apart: its start tags with their attributes, and its text by element."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._last = ""
        self.feed(body.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._last = tag
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._last = ""

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._last, data.strip()))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def hrefs(self) -> dict[str, str | None]:
        """Return the text of each link with its address."""
        texts = (text for tag, text in self.texts if tag == "a")
        return dict(zip(texts, (link["href"] for link in self.all("a")), strict=True))

    @property
    def words(self) -> str:
        return " ".join(text for tag, text in self.texts if tag not in ("style", "script"))


def render(posts: Sequence[Post] = POSTS, publication: Publication = PUBLICATION, feed: OutputFeed = WHOLE) -> Page:
    document = FORMATS["html"].render(publication, feed, posts)
    return Page(document.body)


def css() -> str:
    document = FORMATS["html"].render(PUBLICATION, WHOLE, ())
    return document.body.decode().partition("<style>")[2].partition("</style>")[0]


def test_it_is_the_golden_file() -> None:
    """A small site gives the very bytes that were looked at and found right."""
    assert documents()["index.html"].body == (FOLDER / "index.html").read_bytes()


def test_a_post_links_to_its_original_and_names_who_carried_it() -> None:
    """Title, source, the other carriers and the feed that it came through are links; the address is the original's."""
    hrefs = render([chinese_post()]).hrefs()
    assert hrefs["解决小区改造三大难题，株洲摸索出了成功经验"] == "https://html2.example.cn/detail/1.html"
    assert hrefs["株洲日报"] == "https://zhuzhou.example.cn/"
    assert hrefs["晚报 & more"] == "https://evening.example.cn/1"
    assert hrefs["Copycat"] == "https://copycat.example.com/q"


def test_a_post_shows_its_authors_time_picture_and_beginning() -> None:
    """The picture is loaded late and without a referrer; the time is there for machines too."""
    page = render([full_post()])
    assert ("bdi", "Ada Byron, Bo") in page.texts
    assert ("p", "The harbour is open again.") in page.texts
    assert page.all("time")[0] == {"datetime": "2024-03-05T08:30:00Z"}
    (image,) = page.all("img")
    assert image["src"] == "https://cdn.example.com/1.jpg"
    assert (image["alt"], image["loading"], image["referrerpolicy"]) == ("", "lazy", "no-referrer")


def test_a_name_stands_once_where_the_source_is_called_by_it() -> None:
    """As channels and blogs of one person are; other authors of the post are named."""
    post = full_post()
    people = (Person(name=post.source.title), Person(name="Bo"))
    for authors, said in ((people, [("bdi", "Bo")]), (people[:1], [])):
        page = render([replace(post, copy=replace(post.copy, authors=authors))])
        assert [text for text in page.texts if text[0] == "bdi"] == said


def test_a_bare_post_is_a_title() -> None:
    """A post without link, text or picture shows its title and its source, and no empty links."""
    page = render([bare_post()])
    assert ("h2", "A title") in page.texts
    assert "Bare source" in page.words
    assert not page.all("img")
    assert all(link["href"] for link in page.all("a"))


def test_categories_lead_up_and_down() -> None:
    """A page links to the levels above it and to those right below, with addresses that work from a disk."""
    top = render([]).hrefs()
    assert top["News"] == "news/index.html"
    assert top["新媒体"] == "new-media/index.html"
    assert "趣头条" not in top
    middle = render([], feed=output_feed(NEW_MEDIA)).hrefs()
    assert middle["Planet Example"] == "../index.html"
    assert middle["趣头条"] == "../new-media/%E8%B6%A3%E5%A4%B4%E6%9D%A1/index.html"
    bottom = render([], feed=output_feed(NEW_MEDIA, QUTOUTIAO)).hrefs()
    assert bottom["新媒体"] == "../../new-media/index.html"
    assert bottom["Sources"] == "../../sources.html"


def test_a_posts_categories_are_those_below_the_page() -> None:
    """What all posts of a page have in common is not said at each of them."""
    post = replace(chinese_post(), via=None)
    assert render([post]).hrefs()["趣头条"] == "new-media/%E8%B6%A3%E5%A4%B4%E6%9D%A1/index.html"
    leaf = render([post], feed=output_feed(NEW_MEDIA, QUTOUTIAO))
    assert [tag for tag, text in leaf.texts if text == "趣头条"] == ["h1"]


def test_a_category_without_a_page_is_named_without_a_link() -> None:
    """A post whose category is not published as such still says what it is."""
    page = render([replace(bare_post(), category=("Elsewhere",))])
    assert ("bdi", "Elsewhere") in page.texts


def test_feeds_can_be_discovered_and_seen() -> None:
    """The head names each feed with its type for readers, the page for people."""
    page = render()
    alternates = [(link["type"], link["href"]) for link in page.all("link") if link["rel"] == "alternate"]
    assert alternates == [
        ("application/atom+xml", "atom.xml"),
        ("application/rss+xml", "rss.xml"),
        ("application/feed+json", "feed.json"),
    ]
    assert {"Atom", "RSS", "JSON Feed"} <= page.hrefs().keys()
    few = render([], replace(PUBLICATION, formats=("atom", "html")))
    assert [link["href"] for link in few.all("link") if link["rel"] == "alternate"] == ["atom.xml"]


def test_an_empty_feed_says_so() -> None:
    """A page without posts tells why, and what will come."""
    assert "Nothing here yet" in render([]).words
    assert "Nothing here yet" not in render().words


def test_nothing_is_loaded_but_pictures() -> None:
    """The policy allows pictures and the page's own style and script, and there is nothing else to load."""
    page = render()
    (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    style, script = (theme.hash_of(words) for words in (css(), theme.script()))
    assert policy == (
        f"default-src 'none'; img-src http: https:; style-src '{style}'; script-src '{script}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert {tag for tag, _ in page.tags} <= OURS
    assert page.all("script") == [{}]
    assert {link["rel"] for link in page.all("link")} == {"canonical", "alternate"}
    assert "url(" not in css()
    assert "@import" not in css()


def test_the_style_is_small() -> None:
    """All of the style takes less than 6 kB."""
    assert len(css().encode()) < 6000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back"),
    [("ink", "paper"), ("soft", "paper"), ("accent", "paper"), ("ink", "chip"), ("paper", "ink")],
)
def test_words_can_be_read(scheme: str, front: str, back: str) -> None:
    """Words stand out from what is behind them as WCAG 2.2 asks at level AA: 4.5 to 1."""
    blocks = re.findall(r"--paper.*?\}", css(), re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#\w{6})", blocks[scheme == "dark"]))
    lighter, darker = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2, "relative luminance")."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_keyboards_and_screen_readers_are_served() -> None:
    """There is a way past the header, a visible focus, one first heading, and a name for each navigation."""
    page = render(feed=output_feed(NEW_MEDIA))
    assert page.all("a")[0] == {"class": "skip", "href": "#posts"}
    assert page.all("main")[0]["id"] == "posts"
    assert len(page.all("h1")) == 1
    assert all(nav["aria-label"] for nav in page.all("nav"))
    assert ":focus-visible" in css()


@pytest.mark.parametrize(
    ("language", "direction"), [("en", "ltr"), ("zh-CN", "ltr"), ("ar", "rtl"), ("he-IL", "rtl"), (None, "ltr")]
)
def test_the_page_runs_as_its_language_does(language: str | None, direction: str) -> None:
    """The site's language sets the page's direction; without one it is English."""
    publication = replace(PUBLICATION, site=replace(SITE, language=language))
    assert render([], publication).all("html") == [{"lang": language or "en", "dir": direction}]


@pytest.mark.parametrize(("language", "direction"), [("zh-CN", "ltr"), ("ar", "rtl")])
def test_english_words_on_a_page_of_another_language_say_so(language: str, direction: str) -> None:
    """Each word and label of ours stands in an element that is English; names are in the site's language."""
    place = Level(name="趣", slug="1")
    site = replace(SITE, title="新", language=language)
    whole, below = (
        replace(output_feed(), title="新", older_page=1),
        replace(output_feed(place), title="趣", older_page=1),
    )
    publication = replace(PUBLICATION, site=site, feeds=(whole, below))
    source = replace(bare_post().source, title="源")
    post = replace(bare(title="题"), category=(), source=source, via=source, also_in=(source, source))
    archive = Archive(number=2, previous=1, following=3)
    told = [
        replace(SUBSCRIPTIONS[0], title="源", category=("趣",)),
        replace(SUBSCRIPTIONS[1], title="源", newest=CREATED),
    ]
    made = [
        *(
            html.document(publication, feed, html.entries(publication, posts))
            for feed in (whole, below)
            for posts in ([post], [])
        ),
        *(html.archive(publication, below, archive, html.listed(publication, posts)) for posts in ([post], [])),
        html.sources(publication, told),
        html.sources(publication, []),
    ]
    for document in made:
        page = fromstring(document.body)
        for element in page.iter("*"):
            words = [element.text, element.get("aria-label"), *(child.tail for child in element)]
            english = re.search("[A-Za-z]", " ".join(filter(None, words)))
            if english and element.tag not in ("title", "style", "script", "time"):
                assert nearest(element, "lang") == "en", english.string
        for item in page.iterfind(".//nav//li"):
            if item.findtext("a") in ("新", "趣"):
                assert (nearest(item, "lang"), nearest(item, "dir")) == (language, direction)


def nearest(element: _Element, attribute: str) -> str:
    """Return the attribute of ``element``, or of what it stands in."""
    return next(value for each in (element, *element.iterancestors()) if (value := each.get(attribute)))


def test_a_post_runs_as_its_own_language_does() -> None:
    """An Arabic post on an English page runs from right to left, and says its language."""
    page = render([bare(title="إعادة افتتاح الميناء", language="ar"), full_post()])
    arabic, english = page.all("article")
    assert arabic == {"dir": "rtl"}
    assert english == {}
    assert [title["lang"] for title in page.all("h2")] == ["ar", "en-GB"]
    assert all(title["dir"] == "auto" for title in page.all("h2"))


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "</title>", "<!-- x"]
)
def test_words_stay_words(words: str) -> None:
    """Markup and template code in titles, names and categories is shown, and does nothing."""
    source = replace(full_post().source, title=words)
    copy = replace(full_copy(), title=words, summary="", content=f"<p>{escape(words)}</p>")
    post = replace(full_post(), copy=copy, source=source, category=(words,), also_in=(source,))
    site = replace(SITE, title=words)
    page = render([post], replace(PUBLICATION, site=site), replace(WHOLE, title=words))
    # The page's title twice, the source, the post's title, its beginning, its category, the other source.
    assert [tag for tag, text in page.texts if text == words] == ["title", "h1", "a", "a", "p", "bdi", "a"]
    assert {tag for tag, _ in page.tags} <= OURS


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", " JaVaScRiPt:alert(1)", "//evil", "x"])
def test_addresses_of_other_schemes_are_no_links(address: str) -> None:
    """Only http(s) addresses get into a link or a picture."""
    source = replace(full_post().source, url=address, feed=address, link=address)
    copy = replace(full_copy(), link=address, image=address)
    page = render([replace(full_post(), copy=copy, source=source, also_in=(source,), via=source)])
    assert not page.all("img")
    assert address.strip() not in {link["href"] for link in page.all("a")}


@settings(max_examples=100)
@given(ANY_PUBLICATION, st.lists(ANY_POST, max_size=2))
def test_no_text_in_any_field_breaks_the_page(publication: Publication, posts: list[Post]) -> None:
    """Whatever sources say, nothing but our own elements and harmless addresses is in the page."""
    page = render(posts, publication)
    assert len(page.all("article")) == len(posts)
    assert {tag for tag, _ in page.tags} <= OURS
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
    for link in page.all("a"):
        assert re.match(r"https?://|#posts$|(?:\.\./)*[\w%./-]+\.(?:html|xml|json)$", link["href"] or "")
    for image in page.all("img"):
        assert (image["src"] or "").startswith(("http://", "https://"))
