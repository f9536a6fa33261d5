"""Searching the archive: by category, source, time, tag and words."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from stored import DAY, NOW, copy, fill, source, stories, sync, titles

from aggregator.models import Tag
from aggregator.store import Store, archive, searching


def search(store: Store, **query: object) -> list[str]:
    with store.reading() as transaction:
        return titles(store, searching.search(transaction, searching.Query(**query), 0))  # type: ignore[arg-type]


def categorised(store: Store, *categories: tuple[str, ...]) -> None:
    """Store one post for each category, called as its path is."""
    names = {f"s{number}": category for number, category in enumerate(categories)}
    fill(store, *(copy(name, "/".join(category), published=NOW - DAY) for name, category in names.items()))
    sync(store, *(source(name, *category) for name, category in names.items()))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (("a",), {"a", "a/b"}),
        (("a", "b"), {"a/b"}),
        (("ab",), {"ab"}),
        (("A",), {"A"}),
        (("a,b",), {"a,b"}),
        (('a"',), {'a"', 'a"/b'}),
        (("100%",), {"100%"}),
        (("新媒体",), {"新媒体", "新媒体/趣头条"}),
        (("新媒体", "趣头条"), {"新媒体/趣头条"}),
        (("新",), set()),
        (("%",), set()),
        (("_",), set()),
        (("\\",), set()),
        (("",), set()),
    ],
)
def test_a_category_holds_what_is_below_it_and_nothing_else(
    store: Store, wanted: tuple[str, ...], found: set[str]
) -> None:
    """A path finds its own sources and those of its sub-categories, level by level and letter by letter."""
    paths = (("a",), ("a", "b"), ("ab",), ("A",), ("a,b",), ('a"',), ('a"', "b"), ("100%",), ("1000",), ())
    categorised(store, *paths, ("新媒体",), ("新媒体", "趣头条"))
    assert set(search(store, category=wanted)) == found


def test_search_is_newest_first_and_limited(store: Store) -> None:
    """What is found comes newest first, at most as many as are wanted, 0 being all."""
    fill(store, *stories("a", 4))
    with store.reading() as transaction:
        assert titles(store, searching.search(transaction, searching.Query(), 2)) == ["a0", "a1"]
    assert search(store) == ["a0", "a1", "a2", "a3"]


def test_search_since_a_time(store: Store) -> None:
    """Posts of that very second still count."""
    fill(store, *stories("a", 3))
    assert search(store, since=NOW - DAY) == ["a0", "a1"]
    assert search(store, since=NOW + DAY) == []


def test_search_within_a_source(store: Store) -> None:
    """A source's posts are those that it carried, also where another source was first; not once it is unlisted."""
    page = "https://story.example.org/1"
    fill(store, copy("a", "shared", link=page), copy("b", "shared", link=page), copy("a", "alone"))
    assert search(store, source_id="b") == ["shared"]
    sync(store, source("a"))
    assert search(store, source_id="b") == []


TEXTS = {
    "percent": ("100% sure", ""),
    "underscore": ("snake_case", ""),
    "backslash": ("C:\\temp", ""),
    "slash": ("either/or", ""),
    "quote": ('it\'s "quoted"', ""),
    "chinese": ("标题", "<p>新媒体改造的消息</p>"),
    "markup": ("", "<p>AT&amp;T buys &lt;tags&gt;</p>"),
    "case": ("MiXeD", "<p>lower WORDS</p>"),
}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("100%",), {"percent"}),
        (("%",), {"percent"}),
        (("_",), {"underscore"}),
        (("\\",), {"backslash"}),
        (("/or",), {"slash"}),
        (("'",), {"quote"}),
        (('"quoted"',), {"quote"}),
        (("改造",), {"chinese"}),
        (("标题", "消息"), {"chinese"}),
        (("标题", "mixed"), set()),
        (("at&t",), {"markup"}),
        (("<tags>",), {"markup"}),
        (("mixed", "LOWER"), {"case"}),
        (("nowhere",), set()),
        (("'; DROP TABLE post; --",), set()),
        (("nul \x00", "\ud800"), set()),
    ],
)
def test_words_are_looked_for_as_they_are(store: Store, words: tuple[str, ...], found: set[str]) -> None:
    """All words must occur in title or body, in any case, and none of their characters means anything else."""
    named = {replace(copy("a", name), title=title, content=content): name for name, (title, content) in TEXTS.items()}
    fill(store, *named)
    with store.reading() as transaction:
        pks = searching.search(transaction, searching.Query(words=words), 0)
        assert {named[post.copy] for _, post in archive.posts(transaction, pks)} == found


@pytest.mark.parametrize("word", ["lazy", "href", "img", "blog.example", "nofollow", "amp", "lt", "p", "<p>"])
def test_markup_is_no_word(store: Store, word: str) -> None:
    """Only what a reader of the post sees is found: no tag, no address, and no name of a character."""
    body = (
        '<p>1 &lt; 2 &amp; 3: <a href="https://blog.example.org/1" rel="nofollow">it</a> <img alt="" loading="lazy"/>'
    )
    fill(store, replace(copy("a", "it"), title="It", content=body))
    assert search(store, words=(word,)) == []
    assert search(store, words=("2 & 3", "1 <", "it")) == ["It"]


def test_as_many_are_found_as_are_wanted_however_many_hold_the_word_in_their_markup(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking goes on, in the order of time, until the limit or the end of the archive is reached."""
    monkeypatch.setattr(searching, "_AT_A_TIME", 2)
    bodies = ["<p><em>none</em></p>", "<p><em>none</em></p>", "<p>them</p>"] * 4
    fill(store, *(replace(each, content=body) for each, body in zip(stories("a", 12), bodies, strict=True)))
    with store.reading() as transaction:
        for limit, found in ((0, ["a2", "a5", "a8", "a11"]), (1, ["a2"]), (3, ["a2", "a5", "a8"])):
            pks = searching.search(transaction, searching.Query(words=("em",)), limit)
            assert titles(store, pks) == found
        assert titles(store, searching.search(transaction, searching.Query(words=("em>",)), 0)) == []


def test_posts_of_one_time_are_all_found(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one part of the archive ends and the next begins between posts of one second, none is lost."""
    monkeypatch.setattr(searching, "_AT_A_TIME", 2)
    fill(store, *(copy("a", f"a{number}") for number in range(7)))
    assert sorted(search(store, words=("words",))) == [f"a{number}" for number in range(7)]


@pytest.mark.parametrize("word", ["ünï", "ÜNÏ", "Ünï", "привет", "Привет", "ПРИВЕТ", "ПРИВЕТ, МИР"])
def test_case_does_not_count_in_any_script(store: Store, word: str) -> None:
    """Letters beyond ASCII are found in either case, in titles and in bodies, whatever the database knows of them."""
    fill(store, replace(copy("a", "1"), title="Ünï", content="<p>Привет, Мир</p>"))
    fill(store, replace(copy("a", "2"), title="Привет, Мир", content="<p>ÜNÏ</p>"))
    assert set(search(store, words=(word,))) == {"Ünï", "Привет, Мир"}


def test_search_by_tag(store: Store) -> None:
    """A tag is found by its whole term or label in any case, and by nothing else that a copy says."""
    tags = (Tag(term="t1", label='Größe "1"'), Tag(term="news", scheme="https://site.example.org/tags"))
    fill(store, replace(copy("a", "1"), tags=tags))
    for name in ("news", "NEWS", "t1", 'Größe "1"', 'GRÖßE "1"'):
        assert search(store, tag=name) == ["1"], name
    for other in (
        "new",
        "ews",
        "%",
        "n_ws",
        "enclosure",
        "Grace",
        "zh",
        "term",
        "label",
        "1",
        'news"',
        "alan@example.org",
    ):
        assert search(store, tag=other) == [], other


@pytest.mark.parametrize(("most", "found"), [(2, []), (3, ["a3"]), (0, ["a3"])])
def test_no_more_than_so_many_posts_are_looked_through(
    store: Store, monkeypatch: pytest.MonkeyPatch, most: int, found: list[str]
) -> None:
    """The newest ones of those that may say the words: a word of markup would have all of them read."""
    monkeypatch.setattr(searching, "_AT_A_TIME", 1)
    *newer, oldest = stories("a", 4)
    fill(store, *(replace(each, content="<p lang='en'>Words.</p>") for each in newer[1:]), newer[0])
    fill(store, replace(oldest, content="<p>The lang of it.</p>"))
    assert search(store, words=("lang",), most=most) == found
