"""An editor's desk: a planet whose feeds say what a test gives them, with all but the network real."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from inside import pulled
from msgspec import Struct
from planet import Item, Planet, rss
from stored import NOW

from aggregator import config
from aggregator.app import App, opened
from aggregator.pipeline.cycle import Summary

HOUR = timedelta(hours=1)


def item(name: str, site: str = "a.example", **more: Any) -> Item:
    """Return an entry called ``name`` whose link and words are its own."""
    words = " ".join(f"{name}{number}" for number in range(60))
    given = {
        "title": name,
        "guid": f"urn:ex:{site}:{name}",
        "link": f"https://{site}/{name}",
        "body": f"<p>{words}</p>",
    }
    return Item(**{**given, **more})


class Desk(Struct):
    """A planet in ``folder``; ``feeds`` are the keys of each source in feeds.yaml, by its id."""

    folder: Path
    feeds: dict[str, str]
    more: str = ""
    style: str = "hexo"
    now: datetime = NOW

    @classmethod
    def build(cls, folder: Path, archive: Path, sources: str = "abc") -> Desk:
        """Make a planet in ``folder`` with a copy of the empty ``archive``."""
        shutil.copy(archive, folder / "aggregator.db")
        return cls(folder, feeds=dict.fromkeys(sources, ""))

    def pull(self, after: timedelta = HOUR, /, **said: list[Item] | str) -> Summary:
        """Let time pass, then run a cycle in which the sources say what is given; the others are not asked."""
        self.now += after
        documents = {name: each if isinstance(each, str) else rss(*each, title=name) for name, each in said.items()}
        with self.app() as app:
            return pulled(app, {name: each.encode() for name, each in documents.items()}, self.now)

    @contextmanager
    def app(self) -> Iterator[App]:
        """Open the program as a command does."""
        feeds = [f"{{url: 'https://{name}.example/feed', id: {name}{more}}}" for name, more in self.feeds.items()]
        path = self.planet.configure(
            feeds, more=f"output: {{path: public, posts: posts, formats: [atom], style: {self.style}}}\n{self.more}"
        )
        with opened(config.load(path, {}), self.now) as app:
            yield app

    @property
    def planet(self) -> Planet:
        return Planet(self.folder)

    def titles(self, path: str = "atom.xml") -> list[str]:
        """Return the titles that a feed publishes, in their order."""
        return [entry.title for entry in self.planet.entries(path)]
