"""What `aggregator demo` works on: feeds of our own, a configuration for them, and a server on loopback."""

from __future__ import annotations

import os
import re
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
from aggregator.models import Document
from aggregator.publish.files import OutputFolder

_TYPES = {".rdf": "application/rdf+xml", ".json": "application/feed+json", ".svg": "image/svg+xml"}
#: Tried first, so that a second demo finds the feeds where the first one did, and nothing new in them.
_PORT = 8973
_ORIGIN = "http://127.0.0.1:"
_ELSEWHERE = "name another folder with --output"


@contextmanager
def feeds(output: Path, environ: Mapping[str, str]) -> Iterator[Settings]:
    """Serve the demo's feeds for the block, and yield settings that pull them into ``output``.

    The settings are written to ``output`` as a feeds.yaml.  Raises OutputError, also where somebody else's stands.
    """
    with as_file(files(__package__) / "feeds") as folder, serving(folder, _PORT) as origin:
        template = (files(__package__) / "feeds.yaml").read_text("utf-8")
        yield load(_written(output, template, origin), environ)


def _written(output: Path, template: str, origin: str) -> Path:
    config, database = output / "feeds.yaml", output / "aggregator.db"
    # The demo would take what another configuration brought into it for sources that left, and remove their outputs.
    if os.access(database, os.F_OK) and not os.access(config, os.F_OK):
        raise OutputError(f"{database} is no demo's: no feeds.yaml is beside it; {_ELSEWHERE}")
    document = Document(path=config.name, body=template.replace("{origin}", origin).encode())
    try:
        OutputFolder(output).write(document, ours=partial(_is_ours, template))
    except OutputError as exc:
        raise OutputError(f"{exc}, or {_ELSEWHERE}") from exc
    return config


def _is_ours(template: str, found: bytes) -> bool:
    """Tell whether ``found`` is what a demo wrote, at whatever port, and nobody edited."""
    anywhere = re.escape(_ORIGIN).encode() + rb"\d+"
    return re.fullmatch(anywhere.join(map(re.escape, template.encode().split(b"{origin}"))), found) is not None


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve ``folder`` on loopback for the block, at ``port`` if that is free, and yield the address."""
    server = _server(partial(_Handler, directory=str(folder)), port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"{_ORIGIN}{server.server_port}"
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
