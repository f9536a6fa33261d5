"""Telling systemd how the service is (sd_notify(3)): a datagram to the socket that it names."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from time import monotonic_ns

from aggregator import text
from aggregator.service.log import Log


class Notifier:
    """Tells systemd; without systemd it does nothing.

    ``interval`` is how often ``alive`` is to be called, in seconds: half of what systemd waits for it
    (sd_watchdog_enabled(3)).  It is None where nobody waits.
    """

    def __init__(self, environ: Mapping[str, str], log: Log) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # unix(7): an address that begins with a zero byte is abstract, which systemd writes as "@".
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._log = log
        self.interval = _half(environ) if address else None

    def ready(self, status: str) -> None:
        self._send("READY=1", f"STATUS={text.one_line(status)}")

    def status(self, status: str) -> None:
        self._send(f"STATUS={text.one_line(status)}")

    def reloading(self) -> None:
        self._send("RELOADING=1", f"MONOTONIC_USEC={monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def alive(self) -> None:
        if self.interval is not None:
            self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as connection:
                connection.sendto("\n".join(lines).encode(), self._address)
        except OSError as exc:
            # Not being heard is no reason to stop working; systemd draws its own conclusions.
            self._log.warning("systemd cannot be told", message=lines[0], reason=exc.strerror or str(exc))


def _half(environ: Mapping[str, str]) -> float | None:
    micros = environ.get("WATCHDOG_USEC", "")
    meant = environ.get("WATCHDOG_PID") in (None, "", str(os.getpid()))
    return int(micros) / 2_000_000 if meant and micros.isdigit() and int(micros) > 0 else None
