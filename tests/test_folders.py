"""The folders of the outputs: what is somebody's own there stays, also when a run is told so and the next one comes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from origin import Origin
from planet import Item, Planet, rss

MINE = "mine"


@pytest.fixture
def planet(tmp_path: Path, origin: Origin) -> Planet:
    folder = tmp_path / "planet"
    folder.mkdir()
    origin.put("/a.xml", rss(Item(guid="1"), Item(guid="2", title="Another")))
    return Planet(folder)


def configure(planet: Planet, origin: Origin, feeds: str = "public", posts: str = "posts", category: str = "X") -> None:
    planet.configure(
        [f"{{url: '{origin.url('/a.xml')}', category: {category}}}"], more=f"output: {{path: {feeds}, posts: {posts}}}"
    )


def put(path: Path, words: str = MINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words)
    return path


def written(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["index.html", "atom.xml", "opml.xml", "sources.html", "x/index.html"])
def test_a_file_of_somebodys_is_refused_at_every_run(planet: Planet, origin: Origin, name: str) -> None:
    """Also at the second one, for which the first one has noted what it was to write."""
    mine = put(planet.folder / "public" / name)
    configure(planet, origin)
    for command in (["run", "--force"], ["run", "--force"], ["publish"], ["run"]):
        done = planet.command(*command)
        assert done.returncode == 3
        assert f"{mine} was not made by this program" in done.stderr
        assert mine.read_text() == MINE
    mine.unlink()
    planet.run()
    assert mine.is_file()


def test_a_feed_of_somebodys_is_refused_whatever_lines_it_has_in_common(planet: Planet, origin: Origin) -> None:
    """An article on YAML may have a line that looks like the id of a post."""
    origin.put("/a.xml", rss(Item(guid="1", body="<pre>name: seven\nid: 7\n</pre>")))
    configure(planet, origin)
    mine = put(planet.folder / "public/atom.xml", "<feed>\nid: 7\n</feed>")
    assert planet.command("run", "--force").returncode == 3
    assert mine.read_text().startswith("<feed>")


def test_a_file_of_somebodys_stays_where_a_post_is_to_stand(planet: Planet, origin: Origin) -> None:
    """At every run, and when the post goes."""
    configure(planet, origin)
    planet.run()
    (post, _) = sorted((planet.folder / "posts").rglob("*.md"))
    shutil.rmtree(planet.folder)
    planet.folder.mkdir()
    configure(planet, origin)
    mine = put(post)
    for _ in range(2):
        assert planet.command("run", "--force").returncode == 3
        assert mine.read_text() == MINE
    planet.configure([])
    planet.command("run")
    assert mine.read_text() == MINE


def test_another_folder_that_is_named_is_somebodys_until_it_is_written_to(planet: Planet, origin: Origin) -> None:
    """Files that stand there are neither overwritten nor removed; what was written before stays, and is told of."""
    configure(planet, origin, category="Old")
    planet.run()
    before = written(planet.folder / "public")
    mine = put(planet.folder / "site/old/index.html")
    configure(planet, origin, feeds="site", category="New")
    assert planet.run(at="2026-11-24T09:00:00Z")["left"] == [str(planet.folder / "public")]
    assert mine.read_text() == MINE
    assert written(planet.folder / "public") == before
    assert (planet.folder / "site/new/atom.xml").is_file()
    stranger = put(planet.folder / "www/index.html")
    configure(planet, origin, feeds="www", posts="www/posts", category="New")
    assert planet.command("run", "--force").returncode == 3
    assert planet.command("run", "--force").returncode == 3
    assert stranger.read_text() == MINE
    stranger.unlink()
    assert f"{planet.folder / 'site'} as it stands" in planet.command("publish", COLUMNS="300").stdout
    assert planet.run(at="2026-11-24T11:00:00Z")["left"] == []


def test_a_file_that_was_noted_and_never_written_is_somebodys(planet: Planet, origin: Origin) -> None:
    """A run that ended at one that was in the way had noted the others, too."""
    configure(planet, origin)
    first = put(planet.folder / "public/atom.xml")
    assert planet.command("run", "--force").returncode == 3
    first.unlink()
    shutil.rmtree(planet.folder / "public")
    mine = [put(planet.folder / "public" / name) for name in ("rss.xml", "opml.xml", "x/feed.json", "x/index.html")]
    for _ in range(2):
        assert planet.command("run", "--force").returncode == 3
        assert [path.read_text() for path in mine] == [MINE] * len(mine)


def test_what_was_pruned_leaves_a_folder_that_was_moved(planet: Planet, origin: Origin) -> None:
    """Also when pruning is the first that is done after the move."""
    configure(planet, origin)
    planet.run()
    (planet.folder / "posts").rename(planet.folder / "notes")
    planet.configure(
        [f"{{url: '{origin.url('/a.xml')}', category: X}}"],
        more="output: {path: public, posts: notes}\nretention: {max_posts: 1}",
    )
    assert planet.command("prune").returncode == 0
    assert len(written(planet.folder / "notes")) == 1


def test_folders_that_were_moved_are_gone_on_with(planet: Planet, origin: Origin) -> None:
    """What stands there as it was written counts as ours, and what is needed no more is removed."""
    configure(planet, origin, category="Old")
    planet.run()
    expected = {name: written(planet.folder / name) for name in ("public", "posts")}
    (planet.folder / "public").rename(planet.folder / "www")
    (planet.folder / "posts").rename(planet.folder / "notes")
    configure(planet, origin, "www", "notes", category="Old")
    summary = planet.run(at="2026-11-24T09:00:00Z")
    assert summary["left"] == []
    assert {"public": written(planet.folder / "www"), "posts": written(planet.folder / "notes")} == expected
    configure(planet, origin, "www", "notes", category="New")
    planet.run(at="2026-11-24T10:00:00Z")
    assert not (planet.folder / "www/old").exists()
    assert not (planet.folder / "notes/old").exists()


@pytest.mark.parametrize(("lost", "news"), [(["public"], 0), (["posts"], 1), (["public", "posts"], 0)])
def test_a_folder_that_is_gone_is_written_again(planet: Planet, origin: Origin, lost: list[str], news: int) -> None:
    """Whole, whether there are news or none, as if it had never been away."""
    items = [Item(guid=str(number), title=f"Number {number}") for number in range(3)]
    origin.put("/a.xml", rss(*items))
    origin.put("/b.xml", "no feed")
    planet.configure([f"{{url: '{origin.url(path)}', category: X}}" for path in ("/a.xml", "/b.xml")])
    for hour in range(8, 12):
        planet.run(at=f"2026-11-24T{hour:02}:00:00Z")
    before = planet.outputs()
    for name in lost:
        shutil.rmtree(planet.folder / name)
    origin.put("/a.xml", rss(*items, *(Item(guid=f"new {number}") for number in range(news))))
    planet.run(at="2026-11-25T08:00:00Z")
    after = planet.outputs()
    assert before.keys() <= after.keys()
    assert news or before == after
