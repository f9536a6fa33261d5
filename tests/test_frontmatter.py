"""Front-matter posts: what YAML readers and browsers find in them.

To write the golden files again after a change that is meant, and then to read the difference:

    python tests/test_frontmatter.py && git diff tests/data/frontmatter
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from awkward import BODIES, TITLES, mixtures
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from posts import ANY_POST, UPDATED, bare, bare_post, chinese_post, full_post
from ruamel.yaml import YAML

from aggregator import frontmatter, text
from aggregator.models import Attribution, FeedInfo, Person, Post, Tag

FOLDER = Path(__file__).parent / "data" / "frontmatter"
MODEL = ["title", "categories", "headimg", "author", "comments", "date", "thumbnail"]
ATTRIBUTION = ["link", "id", "updated", "tags", "source", "also_in", "via"]
#: All that a file can hold: half a surrogate pair is no character.
TEXT = st.text(st.characters(codec="utf-8")) | st.sampled_from(TITLES)

Read = Callable[[str], Mapping[str, Any]]


def everything() -> Post:
    """Return a post that gives every field a value."""
    others = chinese_post()
    category = ("新媒体", "趣头条", "分类")
    return replace(full_post(), category=category, also_in=others.also_in, via=others.via)


GOLDEN = {"full": everything(), "bare": bare_post()}


def parts(post: Post) -> tuple[str, str]:
    """Return the front matter and the body of the post's file, taken apart as a strict reader does."""
    first, *lines = frontmatter.render(post).split("\n")
    assert first == "---"
    end = lines.index("---")
    assert lines[end + 1] == ""
    return "\n".join(lines[:end]) + "\n", "\n".join(lines[end + 2 :])


def with_ruamel(pure: bool, text: str) -> Mapping[str, Any]:
    read: dict[str, Any] = YAML(typ="safe", pure=pure).load(io.StringIO(text))
    return read


def with_pyyaml(loader: str, text: str) -> Mapping[str, Any]:
    yaml: Any = pytest.importorskip("yaml", reason="PyYAML is not installed")
    if not hasattr(yaml, loader):
        pytest.skip("PyYAML is installed without libyaml")
    read: dict[str, Any] = yaml.load(text, getattr(yaml, loader))
    return read


@pytest.fixture(
    params=[
        partial(with_ruamel, True),
        partial(with_ruamel, False),
        partial(with_pyyaml, "SafeLoader"),
        partial(with_pyyaml, "CSafeLoader"),
    ],
    ids=["YAML 1.2", "YAML 1.2 in C", "YAML 1.1", "YAML 1.1 in C"],
    scope="module",
)
def read(request: pytest.FixtureRequest) -> Read:
    """A reader of YAML that takes nothing but plain values; duplicate keys are errors to the first two."""
    chosen: Read = request.param
    return chosen


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_files(name: str) -> None:
    """A post becomes its file, byte for byte."""
    assert frontmatter.render(GOLDEN[name]).encode() == (FOLDER / f"{name}.md").read_bytes()


def test_fields_stand_in_the_order_of_the_model(read: Read) -> None:
    """The seven fields of the model come first, then those of the attribution."""
    assert list(read(parts(everything())[0])) == MODEL + ATTRIBUTION


def test_fields_without_a_value_are_left_out(read: Read) -> None:
    """A bare post has the seven fields, its id, its tags and its source."""
    assert list(read(parts(bare_post())[0])) == [*MODEL, "id", "tags", "source"]


def test_values_read_back(read: Read) -> None:
    """Each field has the post's value, in the type that readers expect."""
    post = everything()
    assert read(parts(post)[0]) == {
        "title": "Harbour & bridge: “reopened”",
        "categories": ["新媒体", "趣头条", "分类"],
        "headimg": "https://cdn.example.com/1.jpg",
        "author": "Ada Byron, Bo",
        "comments": False,
        "date": "Tue, 05 Mar 2024 08:30:00 GMT",
        "thumbnail": "https://cdn.example.com/1.jpg",
        "link": "https://news.example.com/2024/harbour?ref=a&b=c",
        "id": "https://news.example.com/id/1",
        "updated": "2024-03-06T09:00:05Z",
        "tags": ["At sea", "port"],
        "source": {
            "title": "Example News",
            "url": "https://news.example.com/",
            "feed": "https://news.example.com/feed.xml",
            "author": "Ada Byron",
        },
        "also_in": [credit(also) for also in post.also_in],
        "via": {
            "title": "趣头条",
            "url": "https://qutoutiao.example.cn/",
            "feed": "https://rsshub.example/qutoutiao/category/1",
        },
    }


def credit(also: Attribution) -> dict[str, str | None]:
    return {"title": also.title, "url": also.url, "feed": also.feed, "link": also.link}


@given(title=TEXT, author=TEXT.filter(bool), category=st.lists(TEXT, max_size=4), tag=TEXT.filter(bool))
def test_any_text_reads_back(read: Read, title: str, author: str, category: list[str], tag: str) -> None:
    """Whatever text a title, author, category or tag is, it reads back as it was, and brings no field along."""
    post = bare(title=title, authors=(Person(name=author),), tags=(Tag(term=tag),))
    front = parts(replace(post, category=tuple(category)))[0]
    fields = read(front)
    assert list(fields) == [*MODEL, "id", "tags", "source"]
    assert (fields["title"], fields["author"]) == (title, author)
    assert (fields["categories"], fields["tags"]) == (category, [tag])


@pytest.mark.parametrize("title", TITLES, ids=range(len(TITLES)))
def test_titles_stand_on_one_line(title: str) -> None:
    """No line break of any standard, and no byte order mark, stands in the front matter as it is."""
    lines = parts(bare(title=title))[0].removesuffix("\n")
    assert lines.splitlines() == lines.split("\n")
    assert "\ufeff" not in lines
    assert YAML(typ="safe").load(lines)["title"] == title


@given(value=TEXT.filter(bool))
def test_any_attribution_reads_back(read: Read, value: str) -> None:
    """Whatever a source says of itself, it reads back as it was, and stays where it belongs."""
    source = Attribution(source_id="any", title=value, url=value, feed=value, link=value, author=value)
    post = replace(bare(link=value, image=value), source=source, also_in=(source, source), via=source)
    fields = read(parts(replace(post, id=value))[0])
    credited = dict.fromkeys(("title", "url", "feed", "author"), value)
    assert (fields["headimg"], fields["thumbnail"], fields["link"], fields["id"]) == (value,) * 4
    assert (fields["source"], fields["via"]) == (credited, credited)
    assert fields["also_in"] == [credited | {"link": value}] * 2


def test_long_values_read_back(read: Read) -> None:
    """No reader's limit on keys or lines is met by a value of any length."""
    long = "a: 长 " * 20_000
    source = replace(bare_post().source, title=long)
    post = replace(bare(title=long, tags=(Tag(term=long),)), category=(long,), source=source)
    fields = read(parts(post)[0])
    assert [fields["title"], *fields["categories"], *fields["tags"], fields["source"]["title"]] == [long] * 4


@settings(max_examples=40)
@given(post=ANY_POST)
def test_any_post_can_be_written(read: Read, post: Post) -> None:
    """Whatever a post holds, its file is UTF-8 and valid YAML with known fields only."""
    front, _ = parts(post)
    assert front.encode()
    assert [name for name in MODEL + ATTRIBUTION if name in read(front)] == list(read(front))


def test_half_a_surrogate_pair_becomes_a_question_mark(read: Read) -> None:
    """What is no character cannot be written, and does not keep the rest from being written."""
    post = bare(title="a\ud83d\ude00b", content="<p>c\udfffd</p>")
    assert read(parts(post)[0])["title"] == "a??b"
    assert "<p>c?d</p>" in frontmatter.render(post).encode().decode()


@pytest.mark.parametrize("content", [*BODIES.values(), *mixtures(50)], ids=[*BODIES, *range(50)])
def test_bodies_hold_nothing_for_others(content: str) -> None:
    """A body has no brace, tab, blank line, fence or comment, and a browser finds in it what it found before."""
    assert_harmless(content)


@given(content=st.text() | st.text("{}%#`~<!-\r\n\t \ufffca"))
def test_no_body_holds_anything_for_others(content: str) -> None:
    """The same holds for any text."""
    assert_harmless(content)


def assert_harmless(content: str) -> None:
    body = parts(bare(content=content))[1]
    written = content.encode("utf-8", "replace").decode()
    assert html.unescape(body) == html.unescape(f"<div>   \n{written}  \n</div>\n")
    assert not re.search(r"[{}\r\t\ufffc]|\n *\n|```|~~~|<!--", body)


def test_braces_are_written_as_the_model_has_them() -> None:
    """Braces are references by number in base ten."""
    assert "<p>&#123;&#123; a &#125;&#125;</p>" in frontmatter.body(bare(content="<p>{{ a }}</p>"))


def test_code_keeps_its_lines() -> None:
    """A blank line in code is still one to a browser."""
    assert "<pre>a&#10;&#10;  &#10;\nb</pre>" in frontmatter.body(bare(content="<pre>a\n\n  \n\nb</pre>"))


def test_the_summary_stands_in_for_a_missing_body() -> None:
    """An entry that gave a summary alone has it as its body."""
    assert frontmatter.body(bare(summary="<p>short</p>")) == "<div>   \n<p>short</p>  \n</div>"


def test_titles_stay_out_of_the_body() -> None:
    """The body is the entry's HTML alone, whatever the other fields hold."""
    bodies = {parts(bare(title=title, content="<p>a</p>"))[1] for title in TITLES}
    assert bodies == {"<div>   \n<p>a</p>  \n</div>\n"}


@pytest.mark.parametrize("comments", [True, False])
def test_comments_are_what_the_site_wants(read: Read, comments: bool) -> None:
    """The constant is a truth value to every reader."""
    front = frontmatter.render(bare_post(), comments=comments).split("---\n")[1]
    assert read(front)["comments"] is comments


def test_dates_are_in_gmt() -> None:
    """A date of any zone, with any fraction of a second, is written as RFC 822 has it, in GMT."""
    moment = datetime(2021, 11, 23, 10, 37, 40, 999_999, tzinfo=timezone(timedelta(hours=8)))
    front = parts(bare(published=moment, updated=moment))[0]
    assert "\ndate: Tue, 23 Nov 2021 02:37:40 GMT\n" in front


@given(moment=st.datetimes(datetime(1970, 1, 2), timezones=st.timezones()))  # noqa: DTZ001  # a bound
def test_dates_read_back(moment: datetime) -> None:
    """Any date reads back to the same second."""
    written = re.search(r"^date: (.*)$", parts(bare(published=moment, updated=moment))[0], re.MULTILINE)
    assert written
    assert parsedate_to_datetime(written[1]) == moment.astimezone(UTC).replace(microsecond=0)


def test_an_update_within_the_second_is_none() -> None:
    """What would be written as the same moment as the date is not written."""
    moment = UPDATED.replace(microsecond=0)
    post = bare(published=moment, updated=moment + timedelta(microseconds=999_999))
    assert "updated" not in parts(post)[0]
    assert "updated" in parts(bare(published=moment, updated=moment + timedelta(seconds=1)))[0]


def test_a_tag_is_named_once() -> None:
    """Tags are named by their labels where they have one, each name once."""
    post = bare(tags=(Tag(term="a", label="A"), Tag(term="b"), Tag(term="A"), Tag(term="b", scheme="urn:x")))
    assert 'tags:\n  - "A"\n  - "b"\n' in parts(post)[0]


def test_authors_are_the_next_best_known() -> None:
    """The author is the entry's, else the feed's, else the source itself."""
    people = (Person(name="Ada"), Person(name="Bo"))
    assert frontmatter.author(bare(authors=people, feed=FeedInfo(authors=(Person(name="Desk"),)))) == "Ada, Bo"
    assert frontmatter.author(bare(feed=FeedInfo(authors=(Person(name="Desk"),)))) == "Desk"
    assert frontmatter.author(bare_post()) == "Bare source"


@pytest.mark.parametrize("style", frontmatter.STYLES)
def test_a_file_tells_the_id_of_its_post(style: str) -> None:
    """Also where an editor gave it other line ends; no line of a body or of another kind of file is taken for it."""
    post = bare(content="<pre>a\nid: 7\n</pre>")
    file = frontmatter.render(post, style=frontmatter.STYLES[style]).encode()
    written = text.quoted(post.id).encode()
    crlf = b"\xef\xbb\xbf" + file.replace(b"\n", b"\r\n")
    assert [frontmatter.id_in(each) for each in (file, crlf)] == [written, written]
    assert frontmatter.id_in(file.replace(b"\nid: ", b"\nguid: ", 1)) is None
    assert frontmatter.id_in(b"<feed>\nid: 7\n</feed>\n") is None


def test_placeholders_follow_from_the_id() -> None:
    """A post without a picture has the same placeholder at every run, and others have others."""
    posts = [replace(bare_post(), id=f"urn:x:{number}") for number in range(50)]
    pictures = [frontmatter.picture(post) for post in posts]
    assert pictures == [frontmatter.picture(post) for post in posts]
    assert all(re.fullmatch(r"https://picsum\.photos/400/300\?random=\d{1,4}", picture) for picture in pictures)
    assert len(set(pictures)) > 45


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each, golden in GOLDEN.items():
        (FOLDER / f"{each}.md").write_bytes(frontmatter.render(golden).encode())
