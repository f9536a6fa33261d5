"""The web server: uvicorn in a thread of its own, on a socket that was opened before anything was touched."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from aggregator.errors import ListenError
from aggregator.service.log import Log

#: Connections at once; each takes a file descriptor, of which a process has 1024 by default.
_CONNECTIONS = 500
#: Seconds that an idle connection is kept.
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
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            limit_concurrency=_CONNECTIONS,
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


class _Server(uvicorn.Server):
    """Says when it answers requests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = Event()

    async def startup(self, *args: Any, **kwargs: Any) -> None:
        await super().startup(*args, **kwargs)
        self.answering.set()
