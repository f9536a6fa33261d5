"""A web server on loopback, as a process of its own: nginx where it is installed, else one of ours.

Both answer with ETag and Last-Modified, with 304 where nothing changed, and compressed to whom that suits; documents
are compressed once, not for each request.

    python -m benchmarks.origin FOLDER PORT

is the server of ours.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

_TYPES = {".rss": "application/rss+xml", ".atom": "application/atom+xml", ".rdf": "application/rdf+xml"}
_TYPES |= {".json": "application/feed+json", ".xml": "application/xml"}
#: The time of every document, in seconds of the epoch; a document that is put again is a minute younger.
_MODIFIED = 1_760_000_000

_NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  types {{ {types} }}
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 100000;
  gzip_static on;
  server {{ listen 127.0.0.1:{port} reuseport; root {documents}; }}
}}
"""


class Origin:
    """A server and the folder that it serves; ``address`` is without a slash at its end."""

    def __init__(self, address: str, documents: Path, server: str) -> None:
        self.address = address
        self.server = server
        self._documents = documents

    def put(self, name: str, body: bytes) -> str:
        """Serve ``body`` as ``name`` from now on and return its address."""
        path = self._documents / name
        modified = path.stat().st_mtime + 60 if path.exists() else _MODIFIED
        for each, content in ((path, body), (path.with_name(f"{name}.gz"), gzip.compress(body, 1, mtime=0))):
            fresh = each.with_name(f"{each.name}.new")
            fresh.write_bytes(content)
            os.utime(fresh, (modified, modified))
            fresh.replace(each)
        return f"{self.address}/{name}"


@contextmanager
def serving(folder: Path) -> Iterator[Origin]:
    """Serve from ``folder``, which is made and filled, until the block ends."""
    documents = folder / "documents"
    documents.mkdir(parents=True)
    with _held_port() as port, _started(folder, documents, port) as name:
        yield Origin(f"http://127.0.0.1:{port}", documents, name)


@contextmanager
def _started(folder: Path, documents: Path, port: int) -> Iterator[str]:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx:
        types = " ".join(f"{kind} {suffix[1:]};" for suffix, kind in _TYPES.items())
        configuration = folder / "nginx.conf"
        configuration.write_text(_NGINX.format(folder=folder, documents=documents, port=port, types=types), "utf-8")
        command = [nginx, "-e", str(folder / "error.log"), "-c", str(configuration)]
    else:
        command = [sys.executable, "-m", "benchmarks.origin", str(documents), str(port)]
    server = subprocess.Popen(command, cwd=Path(__file__).parent.parent, stderr=subprocess.DEVNULL)
    try:
        _await(port, server)
        yield "nginx" if nginx else "benchmarks.origin"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def _held_port() -> Iterator[int]:
    """Yield a port that nobody gets before the block ends but who asks for it by name, to share it."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


def _await(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.02)
    raise SystemExit("the server on loopback did not start")


class _Connection(asyncio.Protocol):
    """One client: requests in, answers out, one after the other."""

    def __init__(self, documents: Path) -> None:
        self._documents = documents
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while b"\r\n\r\n" in self._heard:
            head, _, self._heard = self._heard.partition(b"\r\n\r\n")
            request, *lines = head.decode("latin-1").split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            self._transport.write(_answer(self._documents, request.split()[1], fields))


def _answer(documents: Path, path: str, fields: Mapping[str, str]) -> bytes:
    packed = "gzip" in fields.get("accept-encoding", "")
    file = documents / (path.lstrip("/") + (".gz" if packed else ""))
    if not file.is_file():
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    facts = file.stat()
    etag, modified = f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"', formatdate(facts.st_mtime, usegmt=True)
    validators = f"ETag: {etag}\r\nLast-Modified: {modified}\r\n"
    # RFC 9110, section 13.1.3: If-Modified-Since counts where there is no If-None-Match.
    asked = fields.get("if-none-match", fields.get("if-modified-since"))
    if asked is not None and asked.removeprefix("W/") in (etag, modified):
        return f"HTTP/1.1 304 Not Modified\r\n{validators}\r\n".encode()
    body = file.read_bytes()
    kind = _TYPES.get(Path(path).suffix, "application/octet-stream")
    encoding = "Content-Encoding: gzip\r\n" if packed else ""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{encoding}{validators}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(documents: Path, port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(documents), "127.0.0.1", port, reuse_port=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
