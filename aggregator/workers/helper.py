"""A process that does what this one would do itself, to use another core.

Both trust each other: values of any kind go back and forth as pickles, and no limits hold.
"""

from __future__ import annotations

import gc
import os
import pickle
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Generic, TypeVar, TypeVarTuple

from aggregator.errors import AggregatorError
from aggregator.workers import tether

S = TypeVar("S")
A = TypeVar("A")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")

#: A helper looks for modules where this process does; without ``-P`` it would look in the working folder first.
_START = "import sys; sys.path[:] = sys.argv[1:]; from aggregator.workers import helper; helper.serve()"
#: New values after which a helper looks for circles of them: it makes many that last as long as a share of the work.
_YOUNG = 200_000
#: Calls that a helper has at a time: it does one while the next one is made ready.
_AHEAD = 2
#: Seconds that a helper may take for what it was asked last, and for dying.
_LAST, _GLANCE = 30.0, 1.0


class HelperDiedError(Exception):
    """A helper came to its end in the middle of its work, in a way that the message tells."""


class Helper(Generic[S]):
    """A process that begins with ``make(*arguments)`` and calls functions with what that returns.

    Functions are those of a module.  It ends with this process, also when that is killed.
    """

    def __init__(self, make: Callable[[*Ts], S], *arguments: *Ts) -> None:
        """Start the process, and wait for nothing; raises OSError."""
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-c", _START, *sys.path], stdin=theirs.fileno(), stdout=subprocess.DEVNULL
            )
        self._answers = self._socket.makefile("rb")
        self._is_ready = False
        self._send((make, arguments))

    def answers(self, function: Callable[[S, A], R], asked: Iterable[A]) -> Iterator[R]:
        """Yield ``function(made, each)`` for each of ``asked``, in order; the next ones are taken ahead.

        Raises what ``make`` or the function raises, where it is an error of ours, else RuntimeError with its
        traceback; and HelperDiedError.  The helper is of no use then.
        """
        under_way = 0
        for each in asked:
            self._send((function, (each,)))
            under_way += 1
            if under_way == _AHEAD:
                yield self._received()
                under_way -= 1
        for _ in range(under_way):
            yield self._received()

    def close(self) -> None:
        """End the process as soon as it is done with what it does."""
        with self._socket, self._answers:
            try:
                self._socket.shutdown(socket.SHUT_WR)
                self._process.wait(_LAST)
            except (OSError, subprocess.TimeoutExpired):
                self._process.kill()
                self._process.wait()

    def _send(self, call: tuple[Callable[..., Any], tuple[Any, ...]]) -> None:
        try:
            self._socket.sendall(pickle.dumps(call))
        except OSError as error:
            raise self._died() from error

    def _received(self) -> Any:
        if not self._is_ready:
            self._is_ready = True
            self._received()
        try:
            value, error = pickle.load(self._answers)  # noqa: S301 - from a process that is ours and reads our database
        except (OSError, EOFError, pickle.UnpicklingError) as failure:
            raise self._died() from failure
        if error is not None:
            raise error
        return value

    def _died(self) -> HelperDiedError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GLANCE)
        self._process.kill()
        code = self._process.wait()
        return HelperDiedError(f"signal {-code}" if code < 0 else f"status {code}")


def serve() -> None:
    """Take calls from standard input, a socket, and answer there, until the other end is closed."""
    gc.set_threshold(_YOUNG)
    with suppress(ConnectionError), socket.socket(fileno=0) as channel, channel.makefile("rb") as calls:
        tether.tie(channel)
        make, arguments = pickle.load(calls)  # noqa: S301 - from the process that started this one
        made, error = _done(make, arguments)
        channel.sendall(pickle.dumps((None, error)))
        while calls.peek(1):
            function, arguments = pickle.load(calls)  # noqa: S301 - see above
            channel.sendall(pickle.dumps(_done(function, (made, *arguments))))
    os._exit(0)  # Python would take apart all that was made, which the system takes back at once


def _done(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    try:
        return function(*arguments), None
    except AggregatorError as error:
        return None, error
    except Exception:  # noqa: BLE001 - raised again, in words, where the call came from
        return None, RuntimeError(traceback.format_exc())
