"""Posts read back: written out again nothing is lost, and pulls recognise what was imported."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from awkward import BODIES, TITLES
from desk import Desk, item
from hypothesis import given
from msgspec import Struct
from msgspec.structs import asdict, replace
from origin import Origin
from planet import Item, Planet, rss
from posts import ANY_POST, full_post
from properties import steady
from typer.testing import CliRunner

from aggregator import frontmatter, postfile, sanitise, text, urls
from aggregator.app import opened, survey_posts
from aggregator.cli import common, program
from aggregator.config import load
from aggregator.errors import ConfigError
from aggregator.models import Post, Source
from aggregator.pipeline.cycle import Orders, Summary
from aggregator.recognise import importing
from aggregator.records import Known

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SAMPLE = Path(__file__).parent.parent.parent / "shared" / "seed" / "post.md"
STYLES = ("hexo", "hugo", "jekyll")

#: As a template pastes it together: an empty line first, a picture by chance, a date that is none.
FOREIGN = """
---
title: '{title}'
categories:{blank}
 - 新媒体
 - 趣头条
headimg: 'https://picsum.photos/400/300?random=4359'
author: 趣头条
comments: false
date: {date}
thumbnail: 'https://picsum.photos/400/300?random=4359'
---

<div>{blank}{blank}{blank}
<p>if (a) &#123; b(); &#125;</p><script>alert(1)</script><p><img src="/a.png"></p>{blank}{blank}
</div>
            """

CLAIMING = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Digest</title><id>urn:x:digest</id>
<updated>2026-11-23T08:00:00Z</updated><link href="https://digest.example.org/"/>
<entry><title>Claimed: "a" &amp; 'b'</title><id>urn:x:claimed</id><updated>2026-11-22T08:00:00Z</updated>
<published>2026-11-21T08:00:00Z</published><link href="https://origin.example.net/1"/>
<author><name>Ada, Countess</name></author>
<author><name>Bo</name></author><category term="t" label="Label"/>
<content type="html">&lt;p&gt;{{ x }}&lt;/p&gt;</content>
<source><title>Origin</title><id>urn:x:o</id><updated>2026-11-22T08:00:00Z</updated>
<link href="https://origin.example.net/"/>
<link rel="self" href="https://origin.example.net/feed"/></source></entry></feed>"""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line's clock, standing still."""
    monkeypatch.setattr(common, "clock", lambda: NOW)


def serve(origin: Origin) -> list[str]:
    """Serve feeds of every kind, and return their lines in feeds.yaml."""
    shared = "https://a.example.org/shared"
    body = "<pre>\n\nif {a}\n\n\n\tb</pre><p><img src='https://a.example.org/1.png'> `x` ~~~ &lt;!-- more --&gt;</p>"
    origin.put(
        "/a.xml",
        rss(
            Item(title="Shared: 'it' \"is\"", guid=shared, link=shared, body=body),
            Item(title="Without a link", guid="2", body=None, more="<category>x: y</category><category>z</category>"),
            Item(title="😀", guid="3", link="https://a.example.org/3", date=None),
            title="A",
            more="<managingEditor>desk@a.example.org (Desk)</managingEditor>",
        ),
    )
    origin.put(
        "/b.xml",
        rss(
            Item(title="Shared", guid="b-1", link=shared, date="Sun, 22 Nov 2026 08:00:00 GMT", body="<p>B's</p>"),
            Item(title="Only B", guid="b-2", link="https://b.example.org/2"),
            title="B",
        ),
    )
    origin.put("/c.xml", rss(Item(title="Shared, too", link=shared, body=None), title="C"))
    origin.put("/d.xml", CLAIMING)
    return [
        f"{{url: '{origin.url('/a.xml')}', category: Tech/Python}}",
        f"{{url: '{origin.url('/b.xml')}', category: [News, 'a/b'], title: B for readers}}",
        f"{{url: '{origin.url('/c.xml')}'}}",
        f"{{url: '{origin.url('/d.xml')}', category: News}}",
    ]


def cycle(planet: Planet, now: datetime = NOW) -> Summary:
    """Run a cycle over all sources."""
    with opened(load(planet.folder / "feeds.yaml", {}), now) as app:
        return app.cycle(Orders(now=now, force=True), "test")


def imported(planet: Planet, folder: Path) -> dict[str, Any]:
    """Import the posts in ``folder`` and return what the command tells."""
    done = CliRunner().invoke(
        program(),
        ["-c", str(planet.folder / "feeds.yaml"), "import-posts", str(folder), "--json"],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.output)
    return told


def files(folder: Path) -> dict[str, bytes]:
    """Return every file in ``folder``."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def wipe(planet: Planet) -> None:
    """Lose the database and the feeds."""
    for path in planet.folder.glob("aggregator.db*"):
        path.unlink()
    shutil.rmtree(planet.folder / "public")


def foreign(folder: Path, name: str = "一 篇", *, title: str = "一篇", date: str = "Invalid Date") -> Path:
    """Write a post as other programs do."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.md"
    path.write_text(FOREIGN.format(title=title, date=date, blank=" "), "utf-8")
    return path


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("style", STYLES)
def test_a_lost_database_comes_back_from_the_posts(tmp_path: Path, origin: Origin, style: str) -> None:
    """Where the posts stand they are written again byte for byte, and the next pulls bring nothing new."""
    planet = Planet(tmp_path)
    credit = "stories: {credit: 'First on {first}; also on {also}'}"
    planet.configure(serve(origin), more=f"output: {{path: public, posts: posts, style: {style}}}\n{credit}")
    cycle(planet)
    before = files(tmp_path / "posts")
    assert len(before) == 5
    wipe(planet)
    told = imported(planet, tmp_path / "posts")
    assert (told["new"], told["known"], told["unread"], told["feeds"]) == (5, 0, [], [])
    assert files(tmp_path / "posts") == before
    again = cycle(planet, NOW + timedelta(hours=1))
    assert (again.new, again.duplicate, again.held) == (0, 0, 0)
    assert files(tmp_path / "posts").keys() == before.keys()
    assert imported(planet, tmp_path / "posts")["known"] == 5


def test_what_moved_since_its_post_was_written_is_known_by_words_and_date(tmp_path: Path, empty_archive: Path) -> None:
    """At the first pull after the import, as at any other: under its old id and file, with the new address."""
    desk = Desk.build(tmp_path, empty_archive, "a")
    desk.pull(a=[item("one"), item("two")])
    wipe(desk.planet)
    shutil.copy(empty_archive, tmp_path / "aggregator.db")
    before = files(tmp_path / "posts")
    with desk.app() as app:
        app.import_posts(survey_posts(app.settings, tmp_path / "posts"), desk.now, "test")
    moved = item("one", guid="urn:ex:new", link="https://a.example/new")
    assert desk.pull(a=[moved, item("two")]).new == 0
    assert files(tmp_path / "posts").keys() == before.keys()
    told = {post["id"]: post for post in desk.planet.posts()}
    assert told["urn:ex:a.example:one"]["link"] == "https://a.example/new"
    assert all("<p>" in entry.summary for entry in desk.planet.entries())


@pytest.mark.usefixtures("clock")
def test_posts_bring_their_sources_along(tmp_path: Path, origin: Origin) -> None:
    """Lines that are not enabled come into feeds.yaml; the same files are written, and pulls recognise them."""
    planet, other = Planet(tmp_path / "one"), Planet(tmp_path / "other")
    for each in (planet, other):
        each.folder.mkdir()
    planet.configure(serve(origin))
    cycle(planet)
    config = other.configure([], more="# Mine.")
    told = imported(other, planet.folder / "posts")
    assert (told["new"], told["unread"], len(told["feeds"])) == (5, [], 4)
    assert files(other.folder / "posts") == files(planet.folder / "posts")
    written = config.read_text("utf-8")
    assert "# Mine." in written
    assert [each.enabled for each in load(config, {}).sources] == [False] * 4
    state = files(other.folder / "public"), config.read_text("utf-8")
    again = imported(other, planet.folder / "posts")
    assert (again["new"], again["known"], again["feeds"], again["written"], again["removed"]) == (0, 5, [], [], [])
    assert (files(other.folder / "public"), config.read_text("utf-8")) == state
    config.write_text(written.replace("enabled: false", "enabled: true"), "utf-8")
    pulled = cycle(other, NOW + timedelta(hours=1))
    assert (pulled.new, pulled.duplicate, pulled.ok) == (0, 0, 4)


@pytest.mark.usefixtures("clock")
def test_posts_of_other_programs_are_read(tmp_path: Path) -> None:
    """Empty first line, pictures by chance, no dates: a line for their category, a safe body, a valid file."""
    planet, folder = Planet(tmp_path), tmp_path / "old"
    planet.configure([])
    foreign(folder, "dated", title="有日期", date="Tue, 23 Nov 2021 02:37:40 GMT")
    foreign(folder, "undated")
    assert imported(planet, folder)["feeds"] == ["https://imported.invalid/新媒体/趣头条"]
    undated, dated = sorted(planet.posts(), key=lambda post: str(post["title"]))
    assert (undated["title"], dated["title"]) == ("一篇", "有日期")
    assert (undated["date"], dated["date"]) == ("Tue, 24 Nov 2026 08:00:00 GMT", "Tue, 23 Nov 2021 02:37:40 GMT")
    assert undated["categories"] == ["新媒体", "趣头条"]
    assert undated["author"] == "趣头条"
    assert undated["source"] == {"title": "趣头条"}
    assert undated["headimg"].startswith("https://picsum.photos/")
    bodies = [body.partition(b"---\n\n")[2] for body in files(tmp_path / "posts").values()]
    assert bodies == [b"<div>   \n<p>if (a) &#123; b(); &#125;</p><p></p>  \n</div>\n"] * 2
    assert "imported.invalid" not in (tmp_path / "public" / "opml.xml").read_text("utf-8")
    before = files(tmp_path / "posts")
    again = imported(planet, folder)
    assert (again["new"], again["known"], again["feeds"], again["written"]) == (0, 2, [], [])
    wipe(planet)
    assert imported(planet, tmp_path / "posts")["new"] == 2
    assert files(tmp_path / "posts") == before


@pytest.mark.usefixtures("clock")
def test_the_sample_of_the_model_is_read(tmp_path: Path) -> None:
    """The real post that the model was taken from keeps its title, its date, its categories and its words."""
    if not SAMPLE.exists():
        pytest.skip("the sample is not beside the repository")
    planet = Planet(tmp_path)
    planet.configure([])
    shutil.copy(SAMPLE, tmp_path / "sample.md")
    (tmp_path / "old").mkdir()
    (tmp_path / "sample.md").rename(tmp_path / "old" / "sample.md")
    assert imported(planet, tmp_path / "old")["new"] == 1
    (post,) = planet.posts()
    assert post["title"] == "解决小区改造三大难题株洲摸索出了成功经验"
    assert post["date"] == "Tue, 23 Nov 2021 02:37:40 GMT"
    assert post["categories"] == ["新媒体", "趣头条", "分类"]
    (body,) = files(tmp_path / "posts").values()
    written = text.plain(SAMPLE.read_text("utf-8").split("---\n")[2])
    assert text.plain(body.decode().split("---\n")[2]) == written


@pytest.mark.usefixtures("clock")
def test_a_file_found_among_the_posts_is_replaced(tmp_path: Path) -> None:
    """A post of another program that lies where posts are written gets a name of ours, and leaves no second file."""
    planet = Planet(tmp_path)
    planet.configure([])
    old = foreign(tmp_path / "posts" / "新媒体" / "趣头条")
    note = tmp_path / "posts" / "note.md"
    note.write_text("no post\n")
    told = imported(planet, tmp_path / "posts")
    assert told["unread"] == [{"file": "note.md", "reason": "it has no front matter: '---' must be the first line"}]
    assert told["removed"] == ["posts: 新媒体/趣头条/一 篇.md"]
    assert not old.exists()
    assert note.read_text() == "no post\n"
    assert len(files(tmp_path / "posts")) == 2


@pytest.mark.usefixtures("clock")
def test_what_cannot_be_read_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    """Each file that is no post has its reason; nothing outside of the folder is read."""
    planet, folder = Planet(tmp_path), tmp_path / "old"
    config = planet.configure([])
    foreign(folder, "good")
    outside = foreign(tmp_path / "outside")
    (folder / "link.md").symlink_to(outside)
    (folder / "linked").symlink_to(outside.parent)
    (folder / ".hidden.md").write_text("not looked at")
    (folder / "latin.md").write_bytes(b"---\ntitle: \xe9\n---\n")
    (folder / "open.md").write_text("---\ntitle: x\n")
    (folder / "bare.md").write_text("---\nlayout: page\n---\n")
    (folder / "pasted.md").write_text("---\ntitle: 'it's'\n---\n")
    (folder / "deep.md").write_text(f"---\ntitle: {'[' * 5_000}\n---\n")
    (folder / "dashes.md").write_text(f"---\ntitle:\n{'- ' * 5_000}\n---\n")
    (folder / "nameless.md").write_text("---\ntitle: x\ncategories: ['!']\n---\n")
    (folder / "levels.md").write_text(f"---\ntitle: x\ncategories: {list('abcdefghi')}\n---\n")
    with (folder / "large.md").open("wb") as file:
        file.truncate(17_000_000)
    told = imported(planet, folder)
    reasons = {each["file"]: each["reason"] for each in told["unread"]}
    assert told["new"] == 1
    assert reasons.pop("pasted.md").startswith("its front matter is no YAML in line 2: ")
    assert reasons == {
        "bare.md": "it is no post: its front matter has neither title nor date",
        "deep.md": "its front matter is nested too deep",
        "dashes.md": "its front matter is nested too deep",
        "large.md": "it is larger than 16 MB",
        "latin.md": "it is not UTF-8",
        "levels.md": "its category has more than 8 levels",
        "link.md": "it is a symbolic link, which is not followed",
        "nameless.md": "its category '!' has neither letter nor digit for the name of a folder",
        "open.md": "its front matter does not end: a second line '---' is missing",
    }
    done = CliRunner().invoke(program(), ["-c", str(config), "import-posts", str(folder)], catch_exceptions=False)
    assert "left out latin.md: it is not UTF-8" in done.output
    assert "0 posts new, 1 known already, 0 retracted before, 10 files left out; 0 files written" in done.output
    with pytest.raises(ConfigError, match="missing cannot be read"):
        imported(planet, tmp_path / "missing")


@pytest.mark.usefixtures("clock")
def test_what_was_taken_out_stays_away(tmp_path: Path, origin: Origin) -> None:
    """Neither a retracted post comes back, nor its story under another id."""
    planet = Planet(tmp_path)
    config = planet.configure(serve(origin))
    cycle(planet)
    backup = tmp_path / "backup"
    shutil.copytree(tmp_path / "posts", backup)
    (shared,) = backup.rglob("shared-*.md")
    with opened(load(config, {}), NOW) as app:
        app.retract("https://a.example.org/shared", None, NOW, "test")
    copied = re.sub("^id: .*", 'id: "urn:uuid:another"', shared.read_text("utf-8"), flags=re.MULTILINE)
    copied = copied.replace(origin.url(), "https://elsewhere.example.org/")
    shared.with_name("another.md").write_text(copied, "utf-8")
    before = files(tmp_path / "posts")
    told = imported(planet, backup)
    assert (told["new"], told["known"], told["kept_out"]) == (0, 5, 1)
    assert files(tmp_path / "posts") == before


@pytest.mark.usefixtures("clock")
def test_categories_decide_where_sources_do_not(tmp_path: Path) -> None:
    """One feed in two categories, one file twice, and two spellings of a folder: each post once, in one tree."""
    planet, folder = Planet(tmp_path), tmp_path / "old"
    planet.configure(["{url: 'https://mine.example.org/feed', category: Tech}"])
    folder.mkdir()
    source = 'source: {title: S, feed: "https://s.example.org/feed"}'
    for number, category in enumerate(("tech", "Tech/One", "Tech/Two"), 1):
        said = f"title: Post {number}\ncategories: {category.split('/')}\nid: urn:uuid:{number}\n{source}"
        (folder / f"{number}.md").write_text(f"---\n{said}\n---\n\n<p>Words</p>\n")
        (folder / f"{number}-again.md").write_text(f"---\n{said}\n---\n\n<p>Words</p>\n")
    told = imported(planet, folder)
    assert (told["new"], told["known"]) == (3, 3)
    paths = [post["categories"] for post in sorted(planet.posts(), key=lambda post: str(post["title"]))]
    assert paths == [["Tech"], ["Tech", "One"], ["Tech", "Two"]]
    assert {str(post["source"]) for post in planet.posts()} == {"{'title': 'S', 'feed': 'https://s.example.org/feed'}"}
    assert [line for line in told["feeds"] if "invalid" not in line] == ["https://s.example.org/feed"]


def told_by(post: Post) -> Any:
    """Return all that the file of ``post`` tells, as the archive would have it."""

    def carrier(each: Any, link: str | None) -> Any:
        clean = {name: urls.absolute(getattr(each, name)) for name in ("url", "feed")}
        named = {"title": text.one_line(each.title), "author": text.one_line(each.author or "") or None}
        return replace(each, source_id="", link=link, **clean, **named)

    tags = (text.one_line(tag.label or tag.term) for tag in post.copy.tags)
    return (
        text.one_line(post.copy.title),
        tuple(filter(None, map(text.one_line, post.category))),
        post.published.replace(microsecond=0),
        urls.absolute(post.copy.link),
        tuple(dict.fromkeys(filter(None, tags))),
        carrier(post.source, None),
        tuple(carrier(each, urls.absolute(each.link)) for each in post.also_in),
        carrier(post.via, None) if post.via else None,
    )


@given(ANY_POST)
@steady
def test_whatever_a_post_says_is_read_back(post: Post) -> None:
    """In every style a file tells what its post said, as far as it may be published at all."""
    written = replace(post, id=f"urn:uuid:{text.digest(post.id)}")
    legal = frontmatter.render(written).encode("utf-8", "replace").decode()
    for style in frontmatter.STYLES.values():
        read = postfile.read(frontmatter.render(written, style=style))
        carriers = (read.source, read.also_in, read.via)
        said = (read.title, read.categories, read.date, read.link, read.tags, *carriers)
        assert said == told_by(_as_written(written)), legal
        assert read.id == written.id
        assert read.updated in (None, written.updated.replace(microsecond=0))


def _as_written(value: Any) -> Any:
    # Half a surrogate pair, which no file can hold, becomes a question mark.
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, tuple):
        return tuple(map(_as_written, value))
    if isinstance(value, Struct):
        return replace(value, **{name: _as_written(said) for name, said in asdict(value).items()})
    return value


@pytest.mark.parametrize("body", [*BODIES.values(), *(f"<p title='{title}'>{title}</p>" for title in TITLES[:4])])
def test_clean_bodies_come_back(body: str) -> None:
    """What the sanitiser left is what it leaves of the file's body."""
    clean = sanitise.clean(body, None)
    copy = replace(full_post().copy, content=clean, summary="")
    for style in frontmatter.STYLES.values():
        read = postfile.read(frontmatter.render(replace(full_post(), copy=copy), style=style))
        assert sanitise.clean(read.body, None) == clean


@pytest.mark.usefixtures("clock")
def test_sources_that_are_not_on_the_web_are_found_by_the_ids(tmp_path: Path) -> None:
    """Posts of a file go to the source that their ids name; an id of ours that is taken is not given twice."""
    planet = Planet(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xml").write_text(rss(Item(title="One", guid="1"), Item(title="Two", guid="2")))
    line, more = f"{{url: 'file://{tmp_path}/in/a.xml', id: here}}", f"fetch: {{files: '{tmp_path}/in'}}"
    planet.configure([line], more=more)
    cycle(planet)
    before = files(tmp_path / "posts")
    wipe(planet)
    imported(planet, tmp_path / "posts")
    assert cycle(planet, NOW + timedelta(hours=1)).new == 0
    assert files(tmp_path / "posts") == before
    wipe(planet)
    planet.configure([], more=more)
    imported(planet, tmp_path / "posts")
    written = (tmp_path / "feeds.yaml").read_text("utf-8")
    (tmp_path / "feeds.yaml").write_text(f"{written}  - {line}\n", "utf-8")
    assert cycle(planet, NOW + timedelta(hours=1)).new == 2
    ids = {post["id"] for post in planet.posts()}
    assert len(ids) == 4
    assert len([each for each in ids if each.endswith(":2")]) == 2


def test_what_was_turned_away_is_known_by_its_page() -> None:
    """An entry that was rejected stays away under another id; one that lives is the same when date or title is."""
    file = frontmatter.render(replace(full_post(), id="urn:uuid:another"))
    source = Source(id="news", url="https://news.example.com/feed.xml", category=("News",))
    ((_, write),) = importing.made(postfile.read(file), [source], lambda carrier: True, now=NOW)
    (page,) = (name.value for name in write.aliases if name.kind == "link")
    known = Known(
        pk=1,
        key="other",
        fingerprint="",
        words="",
        title="Another title",
        guid=None,
        published=NOW,
        updated=NOW,
        first_seen=NOW,
    )
    rejected = replace(known, pruned=True, verdict="rejected")
    assert importing.is_known(write, {page: rejected})
    assert not importing.is_known(write, {page: known})
    assert importing.is_known(write, {page: replace(known, title=full_post().copy.title)})
    assert not importing.is_known(write, {write.aliases[0].value: replace(known, pruned=True)})
