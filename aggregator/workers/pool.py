"""The pool: so many workers at most, started when there is work, replaced when one came to its end."""

from __future__ import annotations

import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self, TypeVar, TypeVarTuple

from aggregator.errors import BugError, ParseError, StoppedError
from aggregator.workers import job
from aggregator.workers.job import Answer, Job, Limits, Result

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: Seconds between two looks at whether the pool was stopped.
_GLANCE = 0.1
#: Seconds that a process may take to end once its socket is closed: before that nothing tells why.
_DYING = 5.0
_PIECE = 1 << 20
#: Jobs that a worker has at once: it goes on with the next one while what it answered is looked at.
_AHEAD = 2
#: Bytes that an answer other than a value may have.
_SLACK = 10_000
#: A worker looks for modules where this process does; without ``-P`` it would look in the working folder first.
_START = "import sys; sys.path[:] = sys.argv[2:]; from aggregator.workers import child; child.serve(sys.argv[1])"


class Pool:
    """At most ``workers`` processes that work side by side; for many threads at once.

    Each is given one job and, while it is at it, the next one, which waits for it.  ``modules`` are what a worker
    imports at its start.  Once ``stop`` is set no work is begun or awaited.  A context manager.
    """

    def __init__(self, workers: int, *modules: str, stop: threading.Event | None = None) -> None:
        self._stop = stop or threading.Event()
        self._seats = [_Seat(modules) for _ in range(workers)]
        self._free = threading.Condition()
        #: How many jobs may be given at once.
        self.places = workers * _AHEAD

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def call(self, limits: Limits, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Return ``function(*arguments)``, called in a worker as soon as it is this job's turn.

        ``function`` is one of a module, annotated with what it returns: values that msgspec knows.  Raises ParseError
        when it does, when it takes more than ``limits`` and when its process dies; StoppedError once the pool is
        stopped; BugError for any other exception.
        """
        with self._seat() as seat:
            value: T = _value(seat.done(Job(function, arguments, limits), self._stop))
            return value

    def close(self) -> None:
        """End all workers, and what is under way in them; later work starts new ones."""
        for seat in self._seats:
            seat.end()

    @contextmanager
    def _seat(self) -> Iterator[_Seat]:
        with self._free:
            self._free.wait_for(lambda: self._freest.jobs < _AHEAD)
            seat = self._freest
            seat.jobs += 1
        try:
            yield seat
        finally:
            with self._free:
                seat.jobs -= 1
                self._free.notify()

    @property
    def _freest(self) -> _Seat:
        # Of those that are as free rather one that worked before: no more of them start than are needed.
        return min(self._seats, key=lambda each: (each.jobs, each.is_empty))


class _Seat:
    """Where a worker is, or is started when there is work; ``jobs`` are so many as it was given."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        self.jobs = 0
        self._modules = modules
        self._worker: _Worker | None = None
        self._changing = threading.Lock()

    @property
    def is_empty(self) -> bool:
        return self._worker is None

    def done(self, work: Job, stop: threading.Event) -> Answer:
        """Return the answer to ``work`` of the first worker that does not end before its turn comes."""
        while not stop.is_set():
            try:
                return self._started().done(work, stop)
            except _PassedOverError:
                continue
        raise StoppedError

    def end(self) -> None:
        with self._changing:
            self._end()

    def _started(self) -> _Worker:
        with self._changing:
            if self._worker is None or not self._worker.is_alive():
                self._end()
                self._worker = _Worker(self._modules)
            return self._worker

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.end()
        self._worker = None


class _PassedOverError(Exception):
    """A worker ended over the job before this one."""


class _Worker:
    """A process, and the socket to it.  Whoever has the turn awaits an answer, one more waits with its job sent."""

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
        ours.settimeout(_GLANCE)
        self._socket = ours
        self._waiting = threading.Lock()
        self._turn = threading.Lock()
        self._is_over = False

    def is_alive(self) -> bool:
        return not self._is_over and self._process.poll() is None

    def end(self) -> None:
        self._give_up()
        self._process.wait()
        with self._waiting, self._turn:
            self._socket.close()

    def done(self, work: Job, stop: threading.Event) -> Answer:
        """Return the answer to ``work``; when this raises while ``work`` is under way, the worker is of no more use."""
        packed = pickle.dumps(work, pickle.HIGHEST_PROTOCOL)
        with self._waiting:
            failure = self._sent(job.LENGTH.pack(len(packed)), work.limits, stop)
            failure = failure or self._sent(packed, work.limits, stop)
            self._turn.acquire()
        try:
            return self._answer(work, failure, stop)
        except BaseException:
            self._give_up()
            raise
        finally:
            self._turn.release()

    def _give_up(self) -> None:
        self._is_over = True
        self._process.kill()

    def _sent(self, said: bytes, limits: Limits, stop: threading.Event) -> Exception | None:
        """Send what is ``said``; return what was in the way, which may be what becomes of the job before."""
        rest = memoryview(said)
        deadline = None
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except TimeoutError as error:
                if stop.is_set():
                    return StoppedError()
                if deadline is None and not self._turn.locked():
                    deadline = time.monotonic() + limits.wall
                if deadline is not None and time.monotonic() > deadline:
                    return error
            except OSError as error:
                return error
        return None

    def _answer(self, work: Job, failure: Exception | None, stop: threading.Event) -> Answer:
        if self._is_over:
            raise _PassedOverError
        deadline = time.monotonic() + work.limits.wall
        try:
            if failure:
                raise failure
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
        raise BugError(answer.value)
    return answer.value
