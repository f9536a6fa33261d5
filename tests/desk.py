"""An editor's desk: a planet whose feeds say what a test gives them, with all but the network real."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct
from planet import Item, Planet, rss
from stored import NOW

from aggregator import config
from aggregator.app import App, opened
from aggregator.fetch import Request, Response
from aggregator.pipeline import cycle
from aggregator.pipeline.confined import Confined
from aggregator.pipeline.crew import Crew

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

    def pull(self, after: timedelta = HOUR, /, **said: list[Item] | str) -> cycle.Summary:
        """Let time pass, then run a cycle in which the sources say what is given; the others are not asked."""
        self.now += after
        documents = {name: each if isinstance(each, str) else rss(*each, title=name) for name, each in said.items()}

        def fetch_all(requests: Iterable[Request]) -> Iterator[tuple[Request, Response]]:
            for request in requests:
                yield request, _answer(request.url, documents[request.source_id])

        with self.app() as app:
            return cycle.cycle(
                app.store,
                app.settings.sources,
                fetch_all,
                cycle.Orders(now=self.now, force=True, only=frozenset(said)),
                address=lambda url: url,
                confined=Confined(),
                crew=Crew(app.store, app.target()),
                settings_digest=app._digest(),
                authority=app.authority,
                primary=app.settings.stories.primary,
            )

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


def _answer(url: str, document: str) -> Response:
    return Response(
        status=200,
        url=url,
        body=document.encode(),
        content_type="application/xml",
        etag=None,
        last_modified=None,
        moved_to=None,
        max_age=None,
    )
