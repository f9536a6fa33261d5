"""The whole job over feeds of our own, served by a server of our own on loopback: ``aggregator demo``."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from aggregator.app import opened
from aggregator.cli import common, show
from aggregator.config import load
from aggregator.pipeline.cycle import Orders

_TYPES = {".rdf": "application/rdf+xml", ".json": "application/feed+json", ".svg": "image/svg+xml"}


def run(output: Path, *, serve: bool, stop: threading.Event, now: datetime) -> None:
    """Pull the demo's feeds into ``output`` and print what came of it; with ``serve``, go on until ``stop``.

    ``output`` gets a feeds.yaml, a database and the outputs; a second run finds nothing new.
    """
    with as_file(files(__package__) / "feeds") as feeds, _serving(feeds) as origin:
        output.mkdir(parents=True, exist_ok=True)
        config = output / "feeds.yaml"
        template = (files(__package__) / "feeds.yaml").read_text("utf-8")
        config.write_text(template.replace("{origin}", origin), "utf-8")
        settings = load(config, os.environ)
        with opened(settings, now) as app:
            with show.progress() as progress:
                orders = Orders(now=now, force=True, stop=stop, begun=progress.begin, done=progress.step)
                summary = app.cycle(orders, common.holder("demo"))
            show.summary(summary, settings)
        _tell(output, settings.output.path)
        if serve and not stop.is_set():
            with _serving(settings.output.path) as pages:
                common.console().print(f"serving {pages}/ until Ctrl-C")
                stop.wait()


def _tell(output: Path, public: Path) -> None:
    out = common.console()
    out.print("\nOpen these:")
    out.print(f"  {public / 'index.html'}  the page")
    out.print(f"  {public / 'atom.xml'}  everything, for a feed reader; one folder a category has its own")
    out.print(f"  {output / 'feeds.yaml'}  what made them")


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | _TYPES

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives it
        """Say nothing: the summary tells what was pulled."""


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
