"""Edits of feeds.yaml: feeds appended, addresses exchanged, and not another byte changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from aggregator.config import parse
from aggregator.config.edit import add_slugs, append_feed, append_feeds
from aggregator.errors import ConfigError
from aggregator.models import Subscription

NEW = "https://new.example.org/feed?a=1"
EXAMPLE = Path(__file__).parent.parent / "feeds.yaml"

#: Texts before and after NEW came in as Tech/Web, "New".
BLOCK = "{dash}- url: https://new.example.org/feed?a=1\n{dash}  category: Tech/Web\n{dash}  title: New\n"
TWO = BLOCK.format(dash="  ")
FLOW = '{"url": "https://new.example.org/feed?a=1", "category": "Tech/Web", "title": "New"}'

APPENDED = {
    "an empty file": ("", f"feeds:\n{TWO}"),
    "comments only": ("# mine", f"# mine\nfeeds:\n{TWO}"),
    "no feeds": ("site:\n  title: T\n\n# end\n", f"site:\n  title: T\n\n# end\nfeeds:\n{TWO}"),
    "no feeds, indented": (" site: {}\n", f" site: {{}}\n feeds:\n{BLOCK.format(dash='   ')}"),
    "no feeds, an end mark": ("site: {}\n...\n", f"site: {{}}\nfeeds:\n{TWO}...\n"),
    "feeds without a value": ("feeds:\n\nsite: {}\n", f"feeds:\n{TWO}\nsite: {{}}\n"),
    "feeds commented out": ("feeds: # here\n  # - url: x\n", f"feeds: # here\n{TWO}  # - url: x\n"),
    "null": ("feeds: ~\nsite: {}\n", f"feeds:\n{TWO}site: {{}}\n"),
    "an empty list": ("feeds: []\nsite: {}", f"feeds:\n{TWO}site: {{}}"),
    "an empty list with a comment": ("feeds: [] # none\n", f"feeds:  # none\n{TWO}"),
    "a list": ("feeds:\n  - url: x # one\n\n# end\n", f"feeds:\n  - url: x # one\n{TWO}\n# end\n"),
    "no newline at the end": ("feeds:\n  - url: x", f"feeds:\n  - url: x\n{TWO}"),
    "a list at the margin": ("feeds:\n- url: x\nsite: {}\n", f"feeds:\n- url: x\n{BLOCK.format(dash='')}site: {{}}\n"),
    "wide gaps": (
        "feeds:\n -   url: x\n     keep: 1\n",
        "feeds:\n -   url: x\n     keep: 1\n"
        " -   url: https://new.example.org/feed?a=1\n     category: Tech/Web\n     title: New\n",
    ),
    "a comment of the last feed": (
        "feeds:\n  - url: x\n    # keep: 1\n  # - url: y\n",
        f"feeds:\n  - url: x\n    # keep: 1\n{TWO}  # - url: y\n",
    ),
    "a text block at the end": (
        "feeds:\n  - title: |\n      T\n    url: x\n",
        f"feeds:\n  - title: |\n      T\n    url: x\n{TWO}",
    ),
    "a text block as the last value": (
        "feeds:\n  - url: x\n    title: |\n      T\n# end\n",
        f"feeds:\n  - url: x\n    title: |\n      T\n{TWO}# end\n",
    ),
    "nested values at the end": (
        "feeds:\n  - url: x\n    headers:\n      A: b\n    category:\n      - Tech\n      - Web\n\nsite: {}\n",
        f"feeds:\n  - url: x\n    headers:\n      A: b\n    category:\n      - Tech\n      - Web\n{TWO}\nsite: {{}}\n",
    ),
    "an alias at the end": (
        "h: &h\n  A: b\nfeeds:\n  - url: x\n    headers: *h\nsite: {}\n",
        f"h: &h\n  A: b\nfeeds:\n  - url: x\n    headers: *h\n{TWO}site: {{}}\n",
    ),
    "a key without a value at the end": ("feeds:\n  - url: x\n    title:\n", f"feeds:\n  - url: x\n    title:\n{TWO}"),
    "feeds in braces": ("feeds:\n  - {url: x}\n", f"feeds:\n  - {{url: x}}\n{TWO}"),
    "a list in brackets": ("feeds: [{url: x}, {url: y},] # z\n", f"feeds: [{{url: x}}, {{url: y}}, {FLOW},] # z\n"),
    "brackets over lines": (
        "feeds: [\n  {url: x}, # one\n  {url: y} # two\n]\n",
        f"feeds: [\n  {{url: x}}, # one\n  {{url: y}}, {FLOW} # two\n]\n",
    ),
    "JSON": ('{"site": {}, "feeds": []}', f'{{"site": {{}}, "feeds": [{FLOW}]}}'),
    "JSON without feeds": ('{"site": {}}\n', f'{{"site": {{}}, "feeds": [{FLOW}]}}\n'),
    "an empty mapping": ("{}\n", f'{{"feeds": [{FLOW}]}}\n'),
    "a byte order mark": ("\ufefffeeds:\n  - url: x\n", f"\ufefffeeds:\n  - url: x\n{TWO}"),
    "Windows": ("feeds:\r\n  - url: x\r\nsite: {}\r\n", f"feeds:\n  - url: x\n{TWO}site: {{}}\n".replace("\n", "\r\n")),
}


@pytest.mark.parametrize(("before", "after"), APPENDED.values(), ids=APPENDED)
def test_a_feed_is_appended(before: str, after: str) -> None:
    """The feed stands at the end of the list, indented as the others; every other byte is as it was."""
    new = Subscription(title="New", feed=NEW, url=None, category=("Tech", "Web"))
    assert append_feeds(before, [new]) == after


def read(text: str) -> list[dict[str, object]]:
    """Return the feeds in ``text`` as another reader of YAML sees them."""
    feeds: list[dict[str, object]] = YAML(typ="safe", pure=True).load(text)["feeds"]
    return feeds


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


#: Those to which text is only added.
added = st.sampled_from([before for before, _ in APPENDED.values() if not re.search(r"^feeds: (\[\]|~)", before)])


@given(words, words, added)
def test_any_text_is_written_so_that_it_is_read_again(url: str, title: str, before: str) -> None:
    """Addresses and titles of any characters come back exactly, for every reader, in every kind of file."""
    url = f"https://example.org/{url.replace('${', '')}"
    appended = append_feeds(before, [Subscription(title=title, feed=url, url=None, category=())])
    assert read(appended)[-1] == {"url": url, **({"title": title} if title.strip() else {})}
    same = next((n for n, (old, new) in enumerate(zip(before, appended, strict=False)) if old != new), len(before))
    assert appended.endswith(before[same:])


names = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8)


@given(st.lists(names, min_size=1, max_size=8))
def test_any_category_is_read_as_it_was(path: list[str]) -> None:
    """A path whose names hold slashes is written as a list, any other as one text; both mean the same."""
    slugs = {name: {"slug": f"s-{n}"} for n, name in enumerate(dict.fromkeys(path))}
    before = json.dumps(
        {"site": {"title": "T", "url": "https://example.org/"}, "categories": slugs}, ensure_ascii=False
    )
    after = append_feeds(before, [Subscription(title="", feed=NEW, url=None, category=tuple(path))])
    (source,) = parse(after, Path("feeds.yaml"), {}).sources
    assert source.category == tuple(path)


SLUGS = {
    "none": ("feeds: []\n", 'feeds: []\ncategories:\n  "C#": {slug: c-2}\n'),
    "without a value": ("categories:\nfeeds: []\n", 'categories:\n  "C#": {slug: c-2}\nfeeds: []\n'),
    "block": (
        "categories:\n    a: {slug: b} # x\n    c:\n      slug: d\nfeeds: []\n",
        'categories:\n    a: {slug: b} # x\n    c:\n      slug: d\n    "C#": {slug: c-2}\nfeeds: []\n',
    ),
    "braces": (
        "categories: {a: {slug: b}} # x\n",
        'categories: {a: {slug: b}, "C#": {"slug": "c-2"}} # x\n',
    ),
    "JSON": ('{"feeds": []}', '{"feeds": [], "categories": {"C#": {"slug": "c-2"}}}'),
}


@pytest.mark.parametrize(("before", "after"), SLUGS.values(), ids=SLUGS)
def test_a_slug_is_added(before: str, after: str) -> None:
    """What a category's name does not say stands below `categories`, and every other byte is as it was."""
    assert add_slugs(before, {"C#": "c-2"}) == after


def test_what_is_plain_stays_plain() -> None:
    """Quotes stand only where they are needed: words of YAML, numbers, marks, and blanks around."""
    titles = [
        "Planet Python",
        "新媒体",
        "C++ (news)",
        "null",
        "2024",
        "1.5",
        "a: b",
        "- a",
        "#1",
        "'a'",
        'a "b"',
        " a",
        "a #b",
    ]
    text = append_feeds(
        "",
        [Subscription(title=each, feed=f"https://x.org/{n}", url=None, category=()) for n, each in enumerate(titles)],
    )
    written = [line.strip().removeprefix("title: ") for line in text.splitlines() if "title: " in line]
    assert written[:3] == titles[:3]
    assert all(line.startswith('"') for line in written[3:])
    assert [feed["title"] for feed in read(text)] == titles


def test_many_feeds_are_appended_at_once() -> None:
    """An import keeps the order of the list, and the example stays a configuration without mistakes."""
    feeds = [
        Subscription(
            title=f"Feed {n}", feed=f"https://{n}.example.org/", url=None, category=("Imported", f"TCP/IP {n % 3}")
        )
        for n in range(500)
    ]
    before = EXAMPLE.read_text("utf-8")
    after = append_feeds(before, feeds)
    old, new = (parse(text, EXAMPLE, {}).sources for text in (before, after))
    assert new[: len(old)] == old
    assert [source.url for source in new[len(old) :]] == [feed.feed for feed in feeds]
    assert append_feeds(before, []) == before


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (
            "feeds:\n  - url: https://new.example.org/feed?a=1\n",
            "https://new.example.org/feed.a=1 is in feeds.yaml already",
        ),
        ("feeds: [\n", r"^feeds\.yaml:2:1: a value is missing here"),
        ("feeds: {}\n", "under 'feeds' a list"),
        ("- url: x\n", "must hold keys with values"),
        ("feeds: *x\n", r"^feeds\.yaml:1:8: '\*x' names nothing"),
        ("a: &a\n  - url: x\nfeeds: *a\n", "make the change by hand"),
        ("feeds:\n  - url: x\n    title: |+\n      a", "make the change by hand"),
    ],
)
def test_what_cannot_be_edited_is_left_alone(before: str, told: str) -> None:
    """A feed that is there, a file that is wrong, and constructions that an edit would break are errors."""
    with pytest.raises(ConfigError, match=told):
        append_feed(before, NEW, category=None)


def test_an_import_lists_no_feed_twice() -> None:
    """Two equal addresses in what is to be appended are an error, too; a fragment makes no other feed of one."""
    twice = [Subscription(title="", feed=NEW + fragment, url=None, category=()) for fragment in ("", "#new")]
    with pytest.raises(ConfigError, match="already"):
        append_feed(f"feeds:\n  - url: {NEW}#old\n", NEW, category=None)
    with pytest.raises(ConfigError, match="already"):
        append_feeds("", twice)


def test_an_address_from_outside_reads_no_variable() -> None:
    """An address that a page or an OPML file brought cannot make the program send its environment away."""
    with pytest.raises(ConfigError, match="reads a variable"):
        append_feed("", "https://evil.example/?${AWS_SECRET_ACCESS_KEY}", category=None)


def test_a_category_that_is_none() -> None:
    """A category path is checked before it is written."""
    with pytest.raises(ConfigError, match="a name in this category is empty"):
        append_feed("", NEW, category="Tech//Web")
