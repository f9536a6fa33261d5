"""The pool: so many workers at most, started when there is work, replaced when one came to its end."""

from __future__ import annotations

import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import LifoQueue
from types import TracebackType
from typing import Any, Self, TypeVar, TypeVarTuple

from aggregator.errors import ParseError, StoppedError
from aggregator.workers import job
from aggregator.workers.job import Answer, Job, Limits, Result

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: Seconds between two looks at whether the pool was closed.
_GLANCE = 0.1
#: Seconds that a process may take to end once its socket is closed: before that nothing tells why.
_DYING = 5.0
_PIECE = 1 << 20
#: Bytes that an answer other than a value may have.
_SLACK = 10_000
#: A worker looks for modules where this process does; without ``-P`` it would look in the working folder first.
_START = "import sys; sys.path[:] = sys.argv[2:]; from aggregator.workers import child; child.serve(sys.argv[1])"


class Pool:
    """At most ``workers`` processes that work side by side, each on one job; for many threads at once.

    ``modules`` are what a worker imports at its start.  Once ``stop`` is set no work is begun or awaited.  A context
    manager.
    """

    def __init__(self, workers: int, *modules: str, stop: threading.Event | None = None) -> None:
        self._modules = modules
        self._stop = stop or threading.Event()
        # The one that worked last is the first to work again, so that no more of them start than are needed.
        self._idle: LifoQueue[_Worker | None] = LifoQueue()
        for _ in range(workers):
            self._idle.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def call(self, limits: Limits, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Return ``function(*arguments)``, called in a worker as soon as one is free.

        ``function`` is one of a module, annotated with what it returns: values that msgspec knows.  Raises ParseError
        when it does, when it takes more than ``limits`` and when its process dies; StoppedError once the pool is
        stopped; RuntimeError for any other exception.
        """
        worker = self._idle.get()
        try:
            if worker is None or not worker.is_alive():
                worker = self._replaced(worker)
            answer = worker.done(Job(function, arguments, limits), self._stop)
        except BaseException:
            if worker is not None:
                worker.end()
            worker = None
            raise
        finally:
            self._idle.put(worker)
        value: T = _value(answer)
        return value

    def close(self) -> None:
        """End all workers; for the time when no call is under way.  Later work starts new ones."""
        resting = [self._idle.get() for _ in range(self._idle.qsize())]
        for worker in resting:
            if worker is not None:
                worker.end()
            self._idle.put(None)

    def _replaced(self, worker: _Worker | None) -> _Worker:
        if worker is not None:
            worker.end()
        return _Worker(self._modules)


class _Worker:
    """A process, and the socket to it."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-c", _START, ",".join(modules), *sys.path],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
            )
        except OSError as error:
            ours.close()
            raise ParseError(f"no process to read the document in could be started: {error.strerror}") from error
        finally:
            theirs.close()
        self._socket = ours

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._socket.close()

    def done(self, work: Job, stop: threading.Event) -> Answer:
        """Return the answer to ``work``; when this raises, the worker is of no more use."""
        deadline = time.monotonic() + work.limits.wall
        try:
            packed = pickle.dumps(work, pickle.HIGHEST_PROTOCOL)
            self._socket.settimeout(work.limits.wall)
            self._socket.sendall(job.LENGTH.pack(len(packed)))
            self._socket.sendall(packed)
            (length,) = job.LENGTH.unpack(self._received(job.LENGTH.size, deadline, stop))
            if length > work.limits.answer + _SLACK:
                raise _too_large(work.limits)
            answer = job.unpacked(self._received(length, deadline, stop), work.function)
        except TimeoutError as error:
            raise _too_long(work.limits.wall) from error
        except (OSError, EOFError) as error:
            raise self._died(work.limits) from error
        except ValueError as error:
            raise ParseError("the process that read the document answered with what is no feed") from error
        if answer.result is Result.NO_MEMORY:
            raise ParseError(f"the document takes more than {work.limits.memory / 1e6:.0f} MB of memory to read")
        if answer.result is Result.TOO_LARGE:
            raise _too_large(work.limits)
        return answer

    def _received(self, length: int, deadline: float, stop: threading.Event) -> bytes:
        received = bytearray()
        self._socket.settimeout(_GLANCE)
        while len(received) < length:
            if stop.is_set():
                raise StoppedError
            try:
                piece = self._socket.recv(min(length - len(received), _PIECE))
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise
                continue
            if not piece:
                raise EOFError
            received += piece
        return bytes(received)

    def _died(self, limits: Limits) -> ParseError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_DYING)
        code = self._process.returncode
        if code == -signal.SIGXCPU:
            return _too_long(limits.cpu)
        what = f"signal {-code}" if code is not None and code < 0 else f"status {code}"
        return ParseError(f"the process that read the document died ({what})")


def _too_large(limits: Limits) -> ParseError:
    return ParseError(f"what the document says is larger than {limits.answer / 1e6:.0f} MB, far more than itself")


def _too_long(seconds: float) -> ParseError:
    return ParseError(f"the document takes more than {seconds:g} s to read")


def _value(answer: Answer) -> Any:
    if answer.result is Result.REFUSED:
        raise ParseError(answer.value)
    if answer.result is Result.BUG:
        raise RuntimeError(answer.value)
    return answer.value
