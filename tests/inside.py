"""The program at work inside the test's own process, at times that the test gives: many cycles cost little."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct
from planet import NOW

from aggregator.app import App, opened
from aggregator.config import load
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
