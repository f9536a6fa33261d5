"""What `aggregator demo` works on: feeds of our own, a configuration for them, and a server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from aggregator.config import Settings, load
from aggregator.errors import OutputError

_TYPES = {".rdf": "application/rdf+xml", ".json": "application/feed+json", ".svg": "image/svg+xml"}
#: Tried first, so that a second demo finds the feeds where the first one did, and nothing new in them.
_PORT = 8973


@contextmanager
def feeds(output: Path, environ: Mapping[str, str]) -> Iterator[Settings]:
    """Serve the demo's feeds for the block, and yield settings that pull them into ``output``.

    The settings are written to ``output`` as a feeds.yaml.  Raises OutputError.
    """
    with as_file(files(__package__) / "feeds") as folder, serving(folder, _PORT) as origin:
        template = (files(__package__) / "feeds.yaml").read_text("utf-8")
        config = _written(output / "feeds.yaml", template.replace("{origin}", origin))
        yield load(config, environ)


def _written(config: Path, text: str) -> Path:
    try:
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(text, "utf-8")
    except OSError as exc:
        raise OutputError(f"{config} cannot be written: {exc.strerror}; name another folder with --output") from exc
    return config


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve ``folder`` on loopback for the block, at ``port`` if that is free, and yield the address."""
    server = _server(partial(_Handler, directory=str(folder)), port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | _TYPES

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives it
        """Say nothing: the summary tells what was pulled."""


def _server(handler: partial[_Handler], port: int) -> ThreadingHTTPServer:
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError:
        return ThreadingHTTPServer(("127.0.0.1", 0), handler)
