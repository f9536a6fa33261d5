"""Publishing on every core: the same bytes and the same guarantees, by however many processes."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from inside import Inside
from origin import Origin
from planet import Item, Planet, rss

from aggregator.app import App
from aggregator.errors import OutputError
from aggregator.pipeline import crew as crews
from aggregator.pipeline import cycle
from aggregator.pipeline.crew import Crew, Publishing
from aggregator.pipeline.cycle import Orders
from aggregator.pipeline.publish import Posts, _noted, write_share
from aggregator.pipeline.station import Done, Station
from aggregator.pipeline.target import Changes
from aggregator.stopwatch import Stopwatch
from aggregator.store import archive
from aggregator.workers.helper import Helper

POSTS = 30
#: For tests that look at a planet made ``anew``, whose database is a file each time.
once = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def item(number: int, feed: str) -> Item:
    return Item(
        title=f"Entry {number} of {feed}",
        guid=f"{feed}-{number}",
        link=f"https://{feed}.example.org/{number}",
        date=f"Mon, 23 Nov 2026 08:{number:02}:00 GMT",
        body=f"<p>Words of {feed}, {number} of them, and <b>more</b>.</p>",
    )


@pytest.fixture
def app(tmp_path: Path, origin: Origin, database: str) -> Iterator[App]:
    """A planet of three feeds in two categories, all of which was published once, by this process."""
    lines = []
    for name, category in (("a", "News/Local"), ("b", "News/World"), ("c", "Notes")):
        origin.put(f"/{name}.xml", rss(*(item(number, name) for number in range(POSTS // 3)), title=name))
        lines.append(f"{{url: '{origin.url(f'/{name}.xml')}', id: {name}, category: {category}}}")
    output = "output: {path: public, posts: posts, entries: 5, archive: 4}"
    Planet(tmp_path).configure(lines, more=f"{output}\ndatabase: '{database}'")
    inside = Inside(tmp_path)
    inside.cycle()
    with inside.app() as opened:
        yield opened


def outputs(app: App) -> dict[str, bytes]:
    """Return all outputs by path."""
    return Planet(app.settings.file.parent).outputs()


def cleared(app: App) -> dict[str, bytes]:
    """Take all outputs away and return them."""
    found = outputs(app)
    for top in (app.settings.output.path, app.settings.output.posts):
        shutil.rmtree(top)
    return found


def publish(app: App, crew: Crew, stop: Event | None = None) -> Changes:
    """Publish all with ``crew``."""
    changes = Changes()
    run = Publishing(crew=crew, sources=app.settings.sources, changes=changes, stop=stop or Event(), watch=Stopwatch())
    cycle.publish_changes(app.store, run, settings_digest="another", full=True)
    return changes


def anew(app: App) -> Inside:
    """Return a planet of the same feeds, with a folder and a database of its own, in which no cycle was run yet."""
    folder = app.settings.file.parent / "again"
    folder.mkdir()
    settings = app.settings.file.read_text("utf-8").replace(app.settings.database_url, "sqlite:///aggregator.db")
    (folder / "feeds.yaml").write_text(settings, "utf-8")
    return Inside(folder)


def crew_of(app: App, most: int, *, worth: int = 1) -> Crew:
    return Crew(app.store, app.target(), most, worth=worth)


@pytest.mark.parametrize("most", [2, 4])
def test_any_number_of_processes_write_the_same(app: App, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes, and the order in which changes are told, do not depend on who wrote a file."""
    helpers: list[Helper[Station]] = []

    def started(make: Any, *arguments: Any) -> Helper[Station]:
        helpers.append(Helper(make, *arguments))
        return helpers[-1]

    monkeypatch.setattr(crews, "Helper", started)
    monkeypatch.setattr("aggregator.pipeline.publish._BATCH", 2)
    monkeypatch.setattr("aggregator.pipeline.history._SHARE", 2)
    before = cleared(app)
    with crew_of(app, 1) as alone:
        told = publish(app, alone)
    assert cleared(app) == before
    with crew_of(app, most) as crew:
        changes = publish(app, crew)
        assert [each._process.poll() for each in helpers] == [0] * (most - 1)  # dismissed, and not killed
    assert outputs(app) == before
    assert (changes.written, changes.removed) == (told.written, told.removed)
    assert len([path for path in changes.written if path.startswith("posts:")]) == POSTS
    assert len([path for path in changes.written if path.startswith("archives:")]) > POSTS / 2


@once
@pytest.mark.parametrize("most", [1, 3])
def test_posts_are_written_while_the_next_ones_are_bound(app: App, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first cycle of many small batches writes what one of a single batch does, each file once."""
    monkeypatch.setattr("aggregator.pipeline.deciding._BATCH", 4)
    monkeypatch.setattr("aggregator.pipeline.publish._BATCH", 3)
    monkeypatch.setattr("aggregator.pipeline.crew._MOST_READY", 2)
    monkeypatch.setattr(App, "_crew", lambda self: crew_of(self, most))
    inside = anew(app)
    summary = inside.cycle()
    with inside.app() as other:
        assert outputs(other) == outputs(app)
        assert other.preview("test") == Changes()
    assert (summary.new, summary.duplicate, summary.written) == (POSTS, 0, len(outputs(app)))


@once
@pytest.mark.parametrize("most", [1, 2])
def test_what_cannot_be_written_is_bound_all_the_same(app: App, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no post can be written all stories are decided, and the next run writes them."""
    monkeypatch.setattr("aggregator.pipeline.deciding._BATCH", 4)
    monkeypatch.setattr(App, "_crew", lambda self: crew_of(self, most))
    inside = anew(app)
    posts = inside.folder / "posts"
    posts.write_text("a file where a folder is needed", "utf-8")
    with pytest.raises(OutputError, match="a file stands where a folder is needed"):
        inside.cycle()
    posts.unlink()
    with inside.app() as other:
        with other.store.reading() as transaction:
            assert len(archive.dirty(transaction)) == POSTS
        publish(other, crew_of(other, 1))
        assert outputs(other) == outputs(app)


@once
def test_a_stop_ends_binding_and_the_next_run_goes_on(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not bound yet waits, and comes to the same."""
    monkeypatch.setattr("aggregator.pipeline.deciding._BATCH", 4)
    inside, stop = anew(app), Event()
    inside.now += timedelta(hours=1)
    monkeypatch.setattr("aggregator.pipeline.publish._noted", partial(_stopping, stop, _noted))
    with inside.app() as other:
        assert 0 < other.cycle(Orders(now=inside.now, stop=stop), "test").new < POSTS / 2
    monkeypatch.setattr("aggregator.pipeline.publish._noted", _noted)
    with inside.app() as other:
        assert other.cycle(Orders(now=inside.now), "test").new > POSTS / 2
        assert outputs(other) == outputs(app)


def _stopping(stop: Event, work: Callable[..., Any], *arguments: Any) -> Any:
    stop.set()
    return work(*arguments)


def test_a_stop_leaves_what_is_ready(app: App) -> None:
    """What waits for the processes beside this one is not begun any more, and nothing more is thought of."""
    stop, done, ready = Event(), list[Done](), list[int]()

    def shares() -> Iterator[Posts]:
        for number in range(100):
            ready.append(number)
            if number == 50:
                stop.set()
            yield Posts({}, frozenset())

    with crew_of(app, 2) as crew:
        crew.expect(POSTS)
        crew.spread(write_share, shares(), done.append, stop, Stopwatch())
    assert len(ready) == 51
    assert len(done) <= 3  # those that the other process was given


def test_few_posts_are_published_by_this_process_alone(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started where that takes longer than it saves."""
    monkeypatch.setattr(crews, "Helper", None)
    before = cleared(app)
    with crew_of(app, 4, worth=POSTS + 1) as crew:
        publish(app, crew)
    assert outputs(app) == before


def test_a_process_that_dies_ends_publishing_and_loses_nothing(app: App) -> None:
    """It is said, all posts wait still, and the next run publishes them."""
    with app.store.writing() as transaction:
        pks = archive.everything(transaction)
        transaction.exec_driver_sql("UPDATE post SET dirty = true")
    before = cleared(app)
    with crew_of(app, 2) as crew:
        crew.expect(POSTS)
        os.kill(crew._helpers[0]._process.pid, signal.SIGKILL)
        with pytest.raises(OutputError, match=r"a process that publishes died \(signal 9\)"):
            publish(app, crew)
    with app.store.reading() as transaction:
        assert archive.dirty(transaction) == pks
    with crew_of(app, 2) as crew:
        publish(app, crew)
    assert outputs(app) == before


@pytest.mark.parametrize("where", ["posts", "public/archive"])
def test_a_disk_that_says_no_is_told_of(app: App, where: str) -> None:
    """Whichever process a file cannot be written by, the error is the same, and the next run writes it."""
    before = cleared(app)
    blocked = app.settings.file.parent / where
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("a file where a folder is needed", "utf-8")
    with crew_of(app, 2) as crew, pytest.raises(OutputError, match="a file stands where a folder is needed"):
        publish(app, crew)
    blocked.unlink()
    with crew_of(app, 2) as crew:
        publish(app, crew)
    assert outputs(app) == before


def test_files_of_every_process_survive_a_power_cut(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folders of feeds and archive documents are synced, whoever wrote into them."""
    monkeypatch.setattr("aggregator.pipeline.history._SHARE", 1)
    synced: list[str] = []
    monkeypatch.setattr("aggregator.publish.files._sync_folder", synced.append)
    cleared(app)
    with crew_of(app, 3) as crew:
        publish(app, crew)
    assert set(synced) == {str(path.parent) for path in app.settings.output.path.rglob("*") if path.is_file()}


def test_what_is_stopped_is_finished_by_the_next_run(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a run is told to stop no share is begun, and the next run writes what is missing."""
    monkeypatch.setattr("aggregator.pipeline.publish._BATCH", 2)
    before = cleared(app)
    stop = Event()
    stop.set()
    with crew_of(app, 2) as crew:
        publish(app, crew, stop)
        assert set(outputs(app)) == {"public/health.xml"}
    with crew_of(app, 2) as crew:
        publish(app, crew)
    assert outputs(app) == before
