"""The main job from end to end: real commands, a real server, a real database, real files."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest
from origin import Cue, Origin, Reply, Seen, raw
from planet import Item, Planet, front_matter, rss
from serving import until


def test_a_run_publishes_posts_and_a_feed_for_every_level(planet: Planet, origin: Origin) -> None:
    """The first run leaves a post an entry, and the feeds of the site and of each level of the category."""
    origin.put("/a.xml", rss(Item(guid="1", link="https://site.example.org/1"), Item(title="二", guid="2")))
    planet.configure(
        [f"{{url: '{origin.url('/a.xml')}', category: 新媒体/趣头条}}"], more="categories: {新媒体: {slug: new-media}}"
    )
    summary = planet.run()
    assert summary["sources"] == {"pulled": 1, "ok": 1, "not_modified": 0, "failed": 0}
    assert summary["posts"] == {"new": 2, "updated": 0, "duplicate": 0}
    for folder in ("", "new-media/", "new-media/趣头条/"):
        assert len(planet.entries(f"{folder}atom.xml")) == 2
        for name in ("rss.xml", "feed.json", "index.html"):
            assert (planet.folder / "public" / folder / name).is_file()
    assert (planet.folder / "public/opml.xml").is_file()
    assert len(list((planet.folder / "posts/new-media/趣头条").glob("*.md"))) == 2


def test_a_run_without_news_touches_nothing(planet: Planet, origin: Origin) -> None:
    """Whether a server answers 304 or sends the same entries again: no byte and no time of change differ."""
    items = (Item(guid="1", date=None), Item(guid="2", title="Another"))
    origin.put("/a.xml", rss(*items))
    planet.configure([f"{{url: '{origin.url('/a.xml')}', category: X}}"])
    planet.run()
    before = planet.snapshot()
    assert planet.run(at="2026-11-24T12:00:00Z")["sources"]["not_modified"] == 1
    origin.put("/a.xml", rss(*reversed(items)), validators=False)
    again = planet.run(at="2026-11-25T12:00:00Z")
    assert again["sources"]["ok"] == 1
    assert again["files"] == {"written": 0, "removed": 0}
    assert planet.snapshot() == before


@pytest.mark.parametrize("look", ["sources", "export"])
def test_a_look_at_the_sources_in_the_middle_of_a_run_hides_no_new_rule_from_the_next_one(
    planet: Planet, origin: Origin, look: str
) -> None:
    """Whoever looks sees feeds.yaml as it is and stores none of it: the run would leave validators of the old rules."""
    line = f"url: '{origin.url('/a.xml')}', id: a"
    planet.configure([f"{{{line}}}"])

    def edited_meanwhile(seen: Seen) -> Reply:
        if len(origin.requests) == 1:
            planet.configure([f"{{{line}, category: Renamed, exclude: {{title: Advert}}}}"])
            assert "Renamed" in planet.command(look, COLUMNS="200").stdout
        validators = {"ETag": '"1"'}
        if seen.headers["If-None-Match"]:
            return Reply(status=304, headers=validators)
        both = rss(Item(title="Advert", guid="1"), Item(title="News", guid="2"))
        return Reply(body=both.encode(), headers=validators)

    origin.handle("/a.xml", edited_meanwhile)
    assert planet.run()["posts"]["new"] == 2
    assert planet.run()["sources"]["ok"] == 1


def test_a_run_with_nothing_due_says_so(planet: Planet, origin: Origin) -> None:
    """And how one sees when, or asks all the same."""
    origin.put("/a.xml", rss(Item(guid="1")))
    planet.configure([f"{{url: '{origin.url('/a.xml')}'}}"])
    assert "nothing is due" not in planet.command("run").stdout
    assert "nothing is due: 'aggregator sources' shows when" in planet.command("run", COLUMNS="200").stdout
    assert origin.hits("/a.xml") == 1


def test_an_entry_without_a_date_keeps_the_time_of_its_first_sight(planet: Planet, origin: Origin) -> None:
    """No date, an impossible one and one in the future become the first run's time, and stay so."""
    dates = (None, "Sat, 99 Foo 0000 99:99:99 GMT", "Fri, 01 Jan 2100 00:00:00 GMT")
    items = [Item(guid=str(number), date=date) for number, date in enumerate(dates)]
    origin.put("/a.xml", rss(*items))
    planet.configure([f"{{url: '{origin.url('/a.xml')}'}}"])
    planet.run(at="2026-11-24T08:00:00Z")
    origin.put("/a.xml", rss(*items, Item(guid="new")), validators=False)
    planet.run(at="2026-11-26T08:00:00Z")
    assert sorted(tuple(entry.published_parsed[:4]) for entry in planet.entries()) == [
        (2026, 11, 23, 8),
        *[(2026, 11, 24, 8)] * 3,
    ]


def test_an_edit_keeps_id_and_file_and_moves_updated(planet: Planet, origin: Origin) -> None:
    """A new title changes the post in place: same id, same file, same place in time, later updated."""
    origin.put("/a.xml", rss(Item(guid="urn:example:1", title="Before")))
    planet.configure([f"{{url: '{origin.url('/a.xml')}'}}"])
    planet.run()
    files = set(planet.snapshot())
    origin.put("/a.xml", rss(Item(guid="urn:example:1", title="After")))
    assert planet.run(at="2026-11-25T08:00:00Z")["posts"] == {"new": 0, "updated": 1, "duplicate": 0}
    assert set(planet.snapshot()) == files
    (entry,) = planet.entries()
    assert (entry.id, entry.title) == ("urn:example:1", "After")
    assert (entry.published_parsed[:3], entry.updated_parsed[:3]) == ((2026, 11, 23), (2026, 11, 25))


def test_a_story_of_two_sources_is_one_entry_that_names_both(planet: Planet, origin: Origin) -> None:
    """The same page under two guids is one post: the earlier source credited, the other in also_in and related."""
    page = "https://site.example.org/story"
    origin.put("/a.xml", rss(Item(guid="1", link=page), title="First"))
    origin.put("/b.xml", rss(Item(guid="x", link=f"{page}?utm_source=b", date=None), title="Second"))
    planet.configure([f"{{url: '{origin.url(f'/{name}.xml')}', category: {name.upper()}}}" for name in "ab"])
    assert planet.run()["posts"] == {"new": 1, "updated": 0, "duplicate": 1}
    for path in ("atom.xml", "a/atom.xml", "b/atom.xml"):
        (entry,) = planet.entries(path)
        assert entry.source.title == "First"
        assert [(link.href, link.title) for link in entry.links if link.rel == "related"] == [
            (f"{page}?utm_source=b", "Second")
        ]
    (post,) = planet.posts()
    assert post["source"]["title"] == "First"
    assert [also["title"] for also in post["also_in"]] == ["Second"]


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_the_same_guid_in_two_feeds_is_two_entries(planet: Planet, origin: Origin, order: str) -> None:
    """A feed that copies another's id changes no byte of the other's entry, whichever was pulled first."""
    origin.put("/a.xml", rss(Item(guid="urn:example:1", title="A's", link="https://a.example.org/1"), title="A"))
    origin.put("/b.xml", rss(Item(guid="urn:example:1", title="B's", link="https://b.example.org/1"), title="B"))
    planet.configure([f"{{url: '{origin.url(f'/{name}.xml')}', id: {name}}}" for name in "ab"])
    planet.run(order[0])
    (before,) = planet.posts()
    planet.run(order[1])
    assert before in planet.posts()
    assert {(entry.title, entry.source.title) for entry in planet.entries()} == {("A's", "A"), ("B's", "B")}
    assert len({entry.id for entry in planet.entries()}) == 2


def test_an_aggregators_entry_keeps_its_source_and_names_the_feed_it_came_from(planet: Planet, origin: Origin) -> None:
    """A claimed source is kept, and a via link tells which feed claimed it."""
    origin.put(
        "/planet.xml",
        """<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:example:planet</id><title>Another planet</title>
        <updated>2026-11-23T08:00:00Z</updated><entry><id>urn:example:1</id><title>T</title>
        <updated>2026-11-23T08:00:00Z</updated><link href="https://blog.example.org/1"/><content>Words</content>
        <source><id>urn:example:blog</id><title>The blog</title><updated>2026-11-23T07:00:00Z</updated>
        <link rel="self" href="https://blog.example.org/feed"/><rights>Mine</rights></source></entry></feed>""",
        content_type="application/atom+xml",
    )
    planet.configure([f"{{url: '{origin.url('/planet.xml')}'}}"])
    planet.run()
    (entry,) = planet.entries()
    assert (entry.source.id, entry.source.title, entry.source.rights) == ("urn:example:blog", "The blog", "Mine")
    assert [link.href for link in entry.links if link.rel == "via"] == [origin.url("/planet.xml")]
    (post,) = planet.posts()
    assert (post["source"]["title"], post["via"]["title"]) == ("The blog", "Another planet")


def test_a_failing_source_harms_no_other(planet: Planet, origin: Origin) -> None:
    """A failure is reported with its reason and no secret; the run is done, or fails when --strict asks for it."""
    origin.put("/good.xml", rss(Item(guid="1")))
    bad = origin.url("/bad.xml?token=SECRETTOKEN").replace("//", "//user:SECRETPW@")
    planet.configure([f"{{url: '{bad}', id: bad}}", f"{{url: '{origin.url('/good.xml')}', id: good}}"])
    done = planet.command("run", "--at", "2026-11-24T08:00:00Z")
    assert done.returncode == 0
    assert "bad" in done.stdout
    assert "404" in done.stdout
    assert len(planet.entries()) == 1
    assert planet.command("run", "--strict", "--force").returncode == 1
    everything = done.stdout + done.stderr + planet.command("sources").stdout
    everything += b"".join(planet.outputs().values()).decode()
    assert "SECRET" not in everything


def test_sources_that_are_not_due_are_not_asked(planet: Planet, origin: Origin) -> None:
    """Between two pulls lies the interval of feeds.yaml; --force does not wait."""
    origin.put("/a.xml", rss(Item(guid="1")))
    planet.configure([f"{{url: '{origin.url('/a.xml')}', interval: 2h}}"])
    planet.run(at="2026-11-24T08:00:00Z")
    for at, hits in (("2026-11-24T09:59:00Z", 1), ("2026-11-24T10:30:00Z", 2)):
        assert planet.command("run", "--at", at).returncode == 0
        assert origin.hits("/a.xml") == hits
    planet.run(at="2026-11-24T10:31:00Z")
    assert origin.hits("/a.xml") == 3


def test_a_clock_that_was_set_back_freezes_no_source(planet: Planet, origin: Origin) -> None:
    """What was pulled in the future is pulled again now, not in ten years."""
    origin.put("/a.xml", rss(Item(guid="1")))
    planet.configure([f"{{url: '{origin.url('/a.xml')}'}}"])
    planet.run(at="2036-11-24T08:00:00Z")
    assert planet.command("run", "--at", "2026-11-24T08:00:00Z").returncode == 0
    assert planet.command("run", "--at", "2026-11-24T08:30:00Z").returncode == 0
    assert origin.hits("/a.xml") == 2


def test_a_clock_that_was_set_right_asks_nobody_anew(planet: Planet, origin: Origin) -> None:
    """A clock that goes back by up to an hour, as at the start of machines that have none of their own, waits on."""
    origin.put("/a.xml", rss(Item(guid="1")))
    planet.configure([f"{{url: '{origin.url('/a.xml')}'}}"])
    planet.run(at="2026-11-24T08:00:00Z")
    for at in ("2026-11-24T07:59:58Z", "2026-11-24T07:00:00Z"):
        assert planet.command("run", "--at", at).returncode == 0
    assert origin.hits("/a.xml") == 1
    assert planet.command("run", "--at", "2026-11-24T06:59:00Z").returncode == 0
    assert origin.hits("/a.xml") == 2


def test_a_source_that_is_gone_is_not_asked_again(planet: Planet, origin: Origin) -> None:
    """After 410 Gone the source is left alone, and the list of sources says so."""
    origin.put("/a.xml", "", status=410)
    planet.configure([f"{{url: '{origin.url('/a.xml')}', id: a}}"])
    planet.run()
    planet.command("run", "--at", "2027-11-24T08:00:00Z")
    assert origin.hits("/a.xml") == 1
    (report,) = json.loads(planet.command("sources", "--json").stdout)
    assert (report["state"], report["next_pull"]) == ("gone", None)


def test_filters_and_keep_choose_what_is_taken(planet: Planet, origin: Origin) -> None:
    """include, exclude and keep of a feed decide which entries come in."""
    titles = ("改造一", "广告 改造", "改造二", "改造三", "其他")
    items = [Item(title=title, guid=title, date=f"Mon, 23 Nov 2026 0{n}:00:00 GMT") for n, title in enumerate(titles)]
    origin.put("/a.xml", rss(*items))
    options = "include: {title: 改造}, exclude: {title: 广告}, keep: 2"
    planet.configure([f"{{url: '{origin.url('/a.xml')}', {options}}}"])
    planet.run()
    assert [entry.title for entry in planet.entries()] == ["改造三", "改造二"]


def test_an_entry_that_leaves_its_feed_stays(planet: Planet, origin: Origin) -> None:
    """What was published stays published when its source lists it no more."""
    origin.put("/a.xml", rss(Item(guid="1", title="Old"), Item(guid="2", title="Kept")))
    planet.configure([f"{{url: '{origin.url('/a.xml')}'}}"])
    planet.run()
    origin.put("/a.xml", rss(Item(guid="2", title="Kept"), Item(guid="3", title="New")))
    planet.run()
    assert {entry.title for entry in planet.entries()} == {"Old", "Kept", "New"}


def test_a_post_whose_category_changed_moves(planet: Planet, origin: Origin) -> None:
    """A new category in feeds.yaml moves the posts and the feeds; nothing of ours is left behind."""
    origin.put("/a.xml", rss(Item(guid="1")))
    planet.configure([f"{{url: '{origin.url('/a.xml')}', category: Old/Sub, id: a}}"])
    planet.run()
    (before,) = planet.posts()
    planet.configure([f"{{url: '{origin.url('/a.xml')}', category: New, id: a}}"])
    planet.run()
    (after,) = planet.posts()
    assert (before["categories"], after["categories"]) == (["Old", "Sub"], ["New"])
    assert before["id"] == after["id"]
    assert {path.name for path in (planet.folder / "posts").iterdir()} == {"new"}
    assert not (planet.folder / "public/old").exists()


def test_files_of_others_are_never_touched(planet: Planet, origin: Origin) -> None:
    """Files that stood in the folders, or come there later, are neither changed nor removed."""
    origin.put("/a.xml", rss(Item(guid="1")))
    for name in ("posts/x/mine.md", "public/x/robots.txt"):
        (planet.folder / name).parent.mkdir(parents=True)
        (planet.folder / name).write_text("mine")
    planet.configure([f"{{url: '{origin.url('/a.xml')}', category: X}}"])
    planet.run()
    planet.configure([f"{{url: '{origin.url('/a.xml')}', category: Y}}"])
    planet.run()
    assert (planet.folder / "posts/x/mine.md").read_text() == "mine"
    assert {path.name for path in (planet.folder / "public/x").iterdir()} == {"robots.txt"}


def test_a_page_of_somebody_else_is_not_overwritten(planet: Planet, origin: Origin) -> None:
    """A file that we did not make stands where an output belongs: the run stops and says so."""
    origin.put("/a.xml", rss(Item(guid="1")))
    (planet.folder / "public").mkdir()
    (planet.folder / "public/index.html").write_text("<h1>My site</h1>")
    planet.configure([f"{{url: '{origin.url('/a.xml')}'}}"])
    done = planet.command("run")
    assert done.returncode == 3
    assert "index.html" in done.stderr
    assert (planet.folder / "public/index.html").read_text() == "<h1>My site</h1>"


def test_nothing_leaves_the_output_folder(planet: Planet, origin: Origin, tmp_path: Path) -> None:
    """Hostile names of categories and titles become plain names below the folders."""
    titles = ("../x", "/etc/passwd", "..", "con", "a\x00b", "x" * 5000, "长" * 500, "😀", ".hidden")
    origin.put("/a.xml", rss(*(Item(title=title.replace("\0", ""), guid=str(n)) for n, title in enumerate(titles))))
    planet.configure([f"{{url: '{origin.url('/a.xml')}', category: [../../etc, CON, .ssh]}}"])
    planet.run()
    files = [path for path in planet.folder.rglob("*") if path.suffix in (".md", ".xml")]
    assert len([path for path in files if path.suffix == ".md"]) == len(titles)
    for path in files:
        parts = path.relative_to(planet.folder).parts
        assert all(len(part.encode()) <= 255 and not part.startswith(".") and part != "con" for part in parts)
    assert [path.name for path in tmp_path.iterdir()] == [planet.folder.name]


def test_the_same_database_gives_the_same_bytes_elsewhere(planet: Planet, origin: Origin, tmp_path: Path) -> None:
    """`publish` in another folder, from a copy of the database, writes what the run wrote."""
    origin.put("/a.xml", rss(*(Item(guid=str(n), title=f"Title {n}", date=None) for n in range(5))))
    planet.configure([f"{{url: '{origin.url('/a.xml')}', category: A/B}}"])
    planet.run()
    other = Planet(tmp_path / "elsewhere")
    other.folder.mkdir()
    for name in ("feeds.yaml", "aggregator.db"):
        shutil.copy(planet.folder / name, other.folder / name)
    assert other.command("publish", "--check").stdout.count("would write") == len(planet.snapshot())
    assert other.command("publish").returncode == 0
    assert other.outputs() == planet.outputs()
    assert "every output is as it should be" in other.command("publish", "--check").stdout


def test_outputs_of_a_lost_database_are_taken_over(planet: Planet, origin: Origin) -> None:
    """A new database over old outputs makes the same ids again and replaces what it finds of its own kind."""
    items = [Item(guid=str(n), title=f"Title {n}") for n in range(3)]
    origin.put("/a.xml", rss(*items))
    planet.configure([f"{{url: '{origin.url('/a.xml')}', category: A}}"])
    planet.run()
    ids = {entry.id for entry in planet.entries()}
    for leftover in planet.folder.glob("aggregator.db*"):
        leftover.unlink()
    origin.put("/a.xml", rss(*items, Item(guid="new")))
    planet.run(at="2026-11-25T08:00:00Z")
    assert ids < {entry.id for entry in planet.entries()}


def test_a_source_that_leaves_feeds_yaml_leaves_the_outputs_and_may_come_back(planet: Planet, origin: Origin) -> None:
    """Unsubscribing takes a source's posts out; subscribing again brings them back, byte for byte."""
    origin.put("/a.xml", rss(Item(guid="1", title="A")))
    origin.put("/b.xml", rss(Item(guid="2", title="B")))
    both = [f"{{url: '{origin.url(f'/{name}.xml')}', id: {name}}}" for name in "ab"]
    planet.configure(both)
    planet.run()
    before = planet.outputs()
    planet.configure(both[:1])
    planet.run()
    assert [entry.title for entry in planet.entries()] == ["A"]
    assert len(planet.posts()) == 1
    planet.configure(both)
    planet.run(at="2026-11-30T08:00:00Z")
    assert planet.outputs() == before


def test_what_was_pruned_does_not_come_back(planet: Planet, origin: Origin) -> None:
    """Posts beyond the retention leave, and are no news when their feed still lists them."""
    items = [Item(guid=str(n), title=f"Title {n}", date=f"Mon, 2{n} Nov 2026 08:00:00 GMT") for n in range(4)]
    origin.put("/a.xml", rss(*items))
    planet.configure([f"{{url: '{origin.url('/a.xml')}', id: a}}"], more="retention: {max_posts: 2}")
    planet.run()
    assert json.loads(planet.command("prune", "--json").stdout)["pruned"] == 2
    assert [entry.title for entry in planet.entries()] == ["Title 3", "Title 2"]
    origin.put("/a.xml", rss(*items, Item(guid="5", title="Title 5", date="Tue, 24 Nov 2026 08:00:00 GMT")))
    assert planet.run()["posts"]["new"] == 1
    assert [entry.title for entry in planet.entries()] == ["Title 5", "Title 3", "Title 2"]


def test_a_second_run_leaves_and_says_who_is_at_work(planet: Planet, origin: Origin) -> None:
    """While a run is going another exits with 4; when the first is killed, nothing is left in the way."""
    origin.handle("/slow.xml", raw(Cue.STALL))
    planet.configure([f"{{url: '{origin.url('/slow.xml')}'}}"], more="fetch: {allow_private: true, timeout: 200s}")
    with planet.start("run") as first:
        until(lambda: origin.hits("/slow.xml") == 1, "the source was not asked")
        second = planet.command("run")
        assert second.returncode == 4
        assert f"pid {first.pid}" in second.stderr
        first.kill()
    origin.put("/slow.xml", rss(Item(guid="1")))
    assert planet.run()["posts"]["new"] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_soon_and_cleanly(planet: Planet, origin: Origin, number: signal.Signals) -> None:
    """What was pulled before the signal is kept; the rest comes with the next run."""
    origin.put("/a.xml", rss(Item(guid="1")))
    origin.handle("/slow.xml", raw(Cue.STALL))
    planet.configure(
        [f"{{url: '{origin.url(path)}'}}" for path in ("/a.xml", "/slow.xml")],
        more="fetch: {allow_private: true, timeout: 200s}",
    )
    with planet.start("run") as process:
        until(lambda: origin.hits("/slow.xml") == 1 and _stored(planet.folder) == 1, "the first was not stored")
        process.send_signal(number)
        process.wait(timeout=60)  # a second where the machine is not busy
    assert process.returncode == 128 + number
    origin.put("/slow.xml", rss(Item(guid="2")))
    planet.run()
    assert len(planet.entries()) == 2


def _stored(folder: Path) -> int:
    try:
        with sqlite3.connect(folder / "aggregator.db", timeout=1) as database:
            return int(database.execute("SELECT count(*) FROM copy").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # not made yet
    finally:
        database.close()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("database: sqlite:///nowhere/a.db", "nowhere"),
        ("output: {path: feeds.yaml, posts: posts}", "feeds.yaml"),
    ],
)
def test_what_cannot_be_written_is_told(planet: Planet, origin: Origin, more: str, said: str) -> None:
    """A database or an output folder that cannot be used ends the run with 3 and the reason."""
    origin.put("/a.xml", rss(Item(guid="1")))
    planet.configure([f"{{url: '{origin.url('/a.xml')}'}}"], more=more)
    done = planet.command("run")
    assert done.returncode == 3
    assert said in done.stderr


def test_a_wrong_configuration_touches_nothing(planet: Planet) -> None:
    """Mistakes are told with their places, and no database is made."""
    (planet.folder / "feeds.yaml").write_text("site: {title: T, url: 'https://e.org/'}\nfeeds:\n  - {urll: x}\n")
    done = planet.command("run")
    assert done.returncode == 2
    assert "feeds.yaml:3:" in done.stderr
    assert [path.name for path in planet.folder.iterdir()] == ["feeds.yaml"]


def test_the_file_of_a_post_is_readable_by_others(planet: Planet, origin: Origin) -> None:
    """Outputs follow the umask, so that a web server may read them."""
    origin.put("/a.xml", rss(Item(guid="1")))
    planet.configure([f"{{url: '{origin.url('/a.xml')}'}}"])
    planet.run()
    assert all((planet.folder / path).stat().st_mode & 0o044 for path in planet.snapshot())
    assert front_matter(next((planet.folder / "posts").glob("*.md")))["title"] == "A title"
