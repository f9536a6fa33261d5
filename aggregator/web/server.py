"""The web server: uvicorn in a thread of its own, on a socket that was opened before anything was touched."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from aggregator.errors import ListenError
from aggregator.service.log import Log

#: Connections at once.  Each takes up to two file descriptors, its own and that of the file it reads, of which a
#: process has 1024 by default; pulling takes up to 256 (fetch.concurrency).
_CONNECTIONS = 300
#: Connections that are taken from the system in one go, before any of them can be refused.
_BURST = 64
#: Seconds that a request may take to come in, from when the connection was made or the last one was answered.
_IDLE = 15
#: Seconds that answers under way get when the server stops, and what it needs besides.
_GRACE, _MARGIN = 2, 1.5
_START = 10.0
#: Bytes of a request's head; browsers send 2 kB.
_HEAD = 16_384


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Open a socket that listens at ``host`` and ``port`` (0: any that is free); raises ListenError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, dualstack_ipv6=host == "::")
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise ListenError(f"cannot listen at {host} port {port}: {reason}; choose another with --host, --port") from exc
    with listener:
        yield listener


class WebServer:
    """Serves ``site`` on ``listener`` between ``start`` and ``stop``."""

    def __init__(self, site: ASGIApp, listener: socket.socket, log: Log) -> None:
        self._listener = listener
        self._log = log
        self._stopping = Event()
        config = uvicorn.Config(
            site,
            loop="asyncio",
            http=_Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            backlog=_BURST,
            timeout_keep_alive=_IDLE,
            timeout_graceful_shutdown=_GRACE,
            h11_max_incomplete_event_size=_HEAD,
        )
        self._server = _Server(config)
        self._thread: Thread | None = None

    def start(self, ended: Callable[[], None]) -> None:
        """Return when requests are answered; ``ended`` is called if that should ever end by itself."""
        self._thread = Thread(target=self._run, args=(ended,), name="web", daemon=True)
        self._thread.start()
        self._server.answering.wait(_START)
        host, port = self._listener.getsockname()[:2]
        self._log.info(f"serving http://{f'[{host}]' if ':' in host else host}:{port}/")

    def stop(self) -> None:
        """Finish what is under way, as far as it takes no longer than a moment, and stop."""
        self._stopping.set()
        # What is cut off is no error.
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_GRACE + _MARGIN)

    def _run(self, ended: Callable[[], None]) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except Exception:  # noqa: BLE001 - whatever ends the thread, the service must hear of it
            self._log.error("the web server failed", exc_info=True)
        if not self._stopping.is_set():
            ended()


class _Connection(H11Protocol):
    """A connection that is closed when there are too many, or when no request comes in for too long.

    Uvicorn itself refuses requests, not connections, and waits for ever for the first request, or for the rest of one.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > _CONNECTIONS:
            transport.abort()
        self._expect()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect()

    def _expect(self) -> None:
        self._due = self.loop.time() + _IDLE
        self._wait()

    def _wait(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_at(self._due, self.timeout_keep_alive_handler)


class _Server(uvicorn.Server):
    """Says when it answers requests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = Event()

    async def startup(self, *args: Any, **kwargs: Any) -> None:
        await super().startup(*args, **kwargs)
        self.answering.set()
