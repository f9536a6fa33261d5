"""A feed reader that polls every output over HTTP while sources change, and what it makes of them."""

from __future__ import annotations

import io
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import feedparser
from inside import START
from origin import Origin, Reply
from planet import Item, Planet, rss
from serving import ask

from aggregator.config import load
from aggregator.pipeline.cycle import Orders, Summary
from aggregator.pipeline.target import Changes
from aggregator.service import Service
from aggregator.service import log as logs
from aggregator.service.configuration import File
from aggregator.service.notify import Notifier
from aggregator.web import site
from aggregator.web.server import WebServer, listening

FEEDS = [
    f"{folder}{name}" for folder in ("", "news/", "news/sea/", "tech/") for name in ("atom.xml", "rss.xml", "feed.json")
]
PAGES = ["", "news/", "opml.xml"]


class Served:
    """The program with its web server in this process; the test runs its cycles, each an hour after the last."""

    def __init__(self, folder: Path) -> None:
        self.now: datetime = START
        self._folder = folder
        log = logs.opened(io.BytesIO())
        self._service = Service(
            File(folder / "feeds.yaml", {}),
            clock=lambda: self.now,
            holder="test",
            notifier=Notifier({}, log),
            log=log,
        )
        self._log = log
        self.address = ("", 0)

    @contextmanager
    def running(self) -> Iterator[None]:
        with listening("127.0.0.1", 0) as listener:
            server = WebServer(site(self._service), listener, self._log)
            server.start(lambda: None)
            self.address = listener.getsockname()[:2]
            try:
                yield
            finally:
                server.stop()

    def cycle(self) -> Summary:
        self.now += timedelta(hours=1)
        return self._service.app.cycle(Orders(now=self.now, force=True), "test")

    def preview(self) -> Changes:
        """Return what publishing everything anew would change."""
        return self._service.app.preview("test")

    def take_settings(self) -> None:
        """Do what the service does when feeds.yaml changed."""
        current = self._service._current  # the thread that would call it does not run
        current.offer(load(self._folder / "feeds.yaml", {}))
        assert current.renew(self.now)


class Reader:
    """Remembers validators and ids by address, as feed readers do."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._validators: dict[str, dict[str, str]] = {}
        self.told: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._ids: defaultdict[str, set[str]] = defaultdict(set)

    def poll(self, path: str) -> int:
        """Ask for ``path``, note what is new to us there, and return the status."""
        answer = ask(self._address, f"/{path}", **self._validators.get(path, {}))
        if answer.status == 200:
            self._validators[path] = {
                "If_None_Match": answer.headers["etag"],
                "If_Modified_Since": answer.headers["last-modified"],
            }
            if path in FEEDS:
                self._note(path, _entries(answer.body))
        return answer.status

    def _note(self, path: str, entries: list[tuple[str, str]]) -> None:
        assert len({identity for identity, _ in entries}) == len(entries)
        for identity, title in entries:
            if identity not in self._ids[path]:
                self._ids[path].add(identity)
                self.told[path][title.partition(",")[0]] += 1


def _entries(body: bytes) -> list[tuple[str, str]]:
    if body.startswith(b"{"):
        return [(item["id"], item["title"]) for item in json.loads(body)["items"]]
    parsed = feedparser.parse(io.BytesIO(body))
    assert not parsed.bozo
    return [(entry.id, entry.title) for entry in parsed.entries]


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what a file is replaced with when it is written, by its path."""
    found = ((path, path.stat()) for path in folder.rglob("*"))
    return {path.relative_to(folder).as_posix(): (each.st_ino, each.st_mtime_ns) for path, each in found}


class Publisher:
    """A source that publishes, edits, renumbers, drops entries and fails, as chance has it."""

    def __init__(self, origin: Origin, name: str, chance: random.Random) -> None:
        self.name = name
        self.stories: list[str] = []
        self._origin = origin
        self._chance = chance
        self._edits: Counter[str] = Counter()
        self._numbering = 0

    def move(self, now: datetime) -> str:
        """Do something; return what."""
        deed = self._chance.choice(("publish", "publish", "edit", "renumber", "fail", "again"))
        if deed == "publish":
            self.stories += [f"{self.name} {len(self.stories) + n}" for n in range(self._chance.randint(1, 3))]
        elif deed == "edit" and self.stories:
            self._edits[self.stories[-1]] += 1
        elif deed == "renumber":
            self._numbering += 1
        if deed == "fail":
            self._origin.handle(f"/{self.name}.xml", lambda seen: Reply(status=503))
        else:
            self._origin.put(f"/{self.name}.xml", rss(*self._items(now), title=self.name))
        return deed

    def _items(self, now: datetime) -> Iterator[Item]:
        # What is older leaves the feed; what is published is a day older than it is found.
        for story in self.stories[-8:]:
            edits = self._edits[story]
            number = int(story.split()[1])
            yield Item(
                title=f"{story}, edited {edits} times" if edits else story,
                link=f"https://{self.name}.example.org/{number}",
                guid=f"{self._numbering}-{number}"
                if self._numbering % 2
                else f"https://{self.name}.example.org/{number}",
                date=format_datetime(START + timedelta(minutes=number), usegmt=True),
                body=f"<p>All that {story} has to tell, and words of its own {edits}.</p>",
            )


def test_a_reader_gets_each_entry_once_and_nothing_for_nothing(tmp_path: Path, origin: Origin) -> None:
    """Over fifty polls of every output no entry is missed, none comes twice, and what did not change is a 304."""
    chance = random.Random(5005)
    categories = {"a": "News", "b": "News/Sea", "c": "Tech"}
    publishers = [Publisher(origin, name, chance) for name in categories]
    Planet(tmp_path).configure(
        [f"{{url: '{origin.url(f'/{name}.xml')}', id: {name}, category: {path}}}" for name, path in categories.items()],
        more="output: {path: public, posts: posts, archive: 10}",
    )
    served = Served(tmp_path)
    quiet = 0
    with served.running():
        reader = Reader(served.address)
        for publisher in publishers:
            publisher.move(served.now)
        for _ in range(50):
            for publisher in chance.sample(publishers, chance.choice((0, 0, 1, 2))):
                publisher.move(served.now)
            before = _files(tmp_path / "public")
            served.cycle()
            written = {path for path, file in _files(tmp_path / "public").items() if file != before.get(path)}
            statuses = {path: reader.poll(path) for path in (*FEEDS, *PAGES)}
            changed = {path for path, status in statuses.items() if status == 200}
            assert {*statuses.values()} <= {200, 304}
            assert {path if path in FEEDS or path == "opml.xml" else f"{path}index.html" for path in changed} == {
                path for path in written if path in FEEDS or path in ("opml.xml", "index.html", "news/index.html")
            }
            quiet += not changed
            assert served.preview() == Changes()
    assert quiet > 10
    stories = {publisher.name: publisher.stories for publisher in publishers}
    expected = {"": [*stories["a"], *stories["b"], *stories["c"]], "news/": [*stories["a"], *stories["b"]]}
    expected |= {"news/sea/": stories["b"], "tech/": stories["c"]}
    assert len(expected[""]) > 25
    for path in FEEDS:
        folder = path.rpartition("/")[0]
        assert reader.told[path] == Counter(expected[f"{folder}/" if folder else ""]), path


def test_what_was_removed_is_gone(tmp_path: Path, origin: Origin) -> None:
    """Feeds, pages, archive documents and posts that left answer 410, until they are there again; others 404."""
    origin.put("/a.xml", rss(*(Item(title=f"Entry {n}", guid=f"{n}") for n in range(5))))
    origin.put("/b.xml", rss(Item(title="Other", guid="o")))
    planet = Planet(tmp_path)
    feeds = [f"{{url: '{origin.url('/a.xml')}', category: Old}}", f"{{url: '{origin.url('/b.xml')}', category: New}}"]
    output = "output: {path: public, posts: public/posts, entries: 2, archive: 2}"
    planet.configure(feeds, more=output)
    served = Served(tmp_path)
    with served.running():
        served.cycle()
        post = next((tmp_path / "public/posts/old").iterdir()).name
        paths = ("/old/atom.xml", "/old/", "/old", "/old/archive/1.atom", "/archive/3.atom", f"/posts/old/{post}")
        assert [ask(served.address, path).status for path in paths] == [200, 200, 301, 200, 200, 200]
        planet.configure(feeds[1:], more=output)
        served.take_settings()
        served.cycle()
        assert [ask(served.address, path).status for path in paths] == [410] * len(paths)
        assert b"<h1>Gone</h1>" in ask(served.address, "/old/").body
        assert [ask(served.address, path).status for path in ("/older/atom.xml", "/old/x.xml", "/new/")] == [
            404,
            404,
            200,
        ]
        planet.configure(feeds, more=output)
        served.take_settings()
        served.cycle()
        assert [ask(served.address, path).status for path in paths] == [200, 200, 301, 200, 200, 200]
