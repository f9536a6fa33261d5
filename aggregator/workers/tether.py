"""What ties a process to the one that started it."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading


def tie(channel: socket.socket) -> None:
    """End this process as soon as nobody holds the other end of ``channel`` any more, also in the middle of its work.

    Whoever held it may have been killed: what this process keeps, a lock or a core, is free for others then.  Until
    then SIGINT and SIGTERM end nothing: a Ctrl-C goes to all processes of a terminal, and whoever started this one
    decides what it means.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_outlive, args=(channel.fileno(),), daemon=True).start()


def _outlive(channel: int) -> None:
    watch = select.poll()
    watch.register(channel, 0)  # that the other end is gone is told unasked
    watch.poll()
    os._exit(1)
