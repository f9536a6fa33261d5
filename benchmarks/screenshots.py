"""The pictures of the documentation: pages that `aggregator demo` leaves, as Chromium shows them.

    python -m benchmarks.screenshots [FOLDER]

writes them into FOLDER (default: docs/pictures).  The feeds are those in the package, the clock is fixed and the zone
is UTC, so that pictures change only when pages do, or the browser's fonts.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from msgspec import Struct

from aggregator import demo
from aggregator.app import opened
from aggregator.pipeline.cycle import Orders
from benchmarks.browser import Browser, View, browser

DEFAULT = Path(__file__).parent.parent / "docs" / "pictures"
_NOW = datetime(2026, 11, 12, 12, 0, tzinfo=UTC)
_DESKTOP, _PHONE = View(width=1100, height=800), View(width=390, height=760, scale=2)


class Picture(Struct, frozen=True):
    """What a picture shows, and how much of it."""

    name: str
    page: str
    view: View
    height: int


PICTURES = (
    Picture("page", "index.html", _DESKTOP, 1000),
    Picture("dark", "tech/index.html", View(width=1100, height=800, dark=True), 800),
    Picture("phone", "index.html", _PHONE, 844),
    Picture("phone-dark", "life/index.html", View(width=390, height=760, scale=2, dark=True), 844),
    Picture("chinese", "new-media/index.html", _DESKTOP, 800),
    Picture("right-to-left", "life/sea/index.html", _DESKTOP, 620),
    Picture("sources", "sources.html", _DESKTOP, 800),
)


def main() -> None:
    """Run the demo, and take the pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as output, demo.feeds(Path(output), {}) as settings:
        with opened(settings, _NOW) as app:
            app.cycle(Orders(now=_NOW, force=True, stop=Event()), "screenshots")
        with demo.serving(settings.output.path) as address, browser() as chromium:
            for each in PICTURES:
                (folder / f"{each.name}.png").write_bytes(_taken(chromium, address, each))
                print(folder / f"{each.name}.png")


def _taken(chromium: Browser, address: str, picture: Picture) -> bytes:
    chromium.open(f"{address}/{picture.page}", picture.view)
    loaded = "Promise.all([...document.images].map(i => { i.loading = 'eager'; return i.decode().catch(() => 0) }))"
    chromium.ask(f"{loaded}.then(() => 0)")
    return chromium.picture(height=picture.height)


if __name__ == "__main__":
    main()
