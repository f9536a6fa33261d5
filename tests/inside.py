"""The program at work inside the test's own process, at times that the test gives: many cycles cost little."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct
from planet import NOW

from aggregator.app import App, opened
from aggregator.config import load
from aggregator.fetch import Request, Response
from aggregator.pipeline import cycle
from aggregator.pipeline.confined import Confined
from aggregator.pipeline.crew import Crew
from aggregator.pipeline.cycle import Orders, Summary

START = datetime.fromisoformat(NOW)


class Inside(Struct):
    """The program over ``folder``'s feeds.yaml; each cycle is an hour after the one before."""

    folder: Path
    now: datetime = START

    @contextmanager
    def app(self) -> Iterator[App]:
        """Open the program with the settings as they are now."""
        with opened(load(self.folder / "feeds.yaml", {}), self.now) as app:
            yield app

    def cycle(self) -> Summary:
        """Pull every source and publish what changed."""
        self.now += timedelta(hours=1)
        with self.app() as app:
            return app.cycle(Orders(now=self.now, force=True), "test")

    def files(self, pattern: str = "**/*") -> dict[str, bytes]:
        """Return the outputs whose paths fit ``pattern``, by path."""
        root = self.folder / "public"
        return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.glob(pattern)) if path.is_file()}


def pulled(app: App, said: Mapping[str, bytes], now: datetime) -> Summary:
    """Run one cycle of ``app`` in which the sources say what is given, in that order: all but the network is real."""

    def fetch_all(requests: Iterable[Request]) -> Iterator[tuple[Request, Response]]:
        asked = {request.source_id: request for request in requests}
        for name, document in said.items():
            yield asked[name], _answer(asked[name].url, document)

    return cycle.cycle(
        app.store,
        app.settings.sources,
        fetch_all,
        Orders(now=now, force=True, only=frozenset(said)),
        address=lambda url: url,
        confined=Confined(),
        crew=Crew(app.store, app.target()),
        settings_digest=app._digest(),
        authority=app.authority,
        primary=app.settings.stories.primary,
    )


def _answer(url: str, document: bytes) -> Response:
    return Response(
        status=200,
        url=url,
        body=document,
        content_type="application/xml",
        etag=None,
        last_modified=None,
        moved_to=None,
        max_age=None,
    )
