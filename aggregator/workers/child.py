"""A worker: takes jobs from its standard input, a socket, and answers there, until the pool is gone."""

from __future__ import annotations

import gc
import pickle
import resource
import socket
from contextlib import suppress
from importlib import import_module
from io import BufferedIOBase

from aggregator.errors import ParseError, bug
from aggregator.workers import tether
from aggregator.workers.job import LENGTH, Answer, Job, Limits, Result, packed

#: New values after which a worker looks for circles of them, which parsers leave behind: after 700, as Python does, it
#: finds next to none and takes 3 % of its time.
_YOUNG = 10_000


def serve(modules: str) -> None:
    """Import ``modules``, names with commas between them, then do one job after the other, until the pool is gone."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # to die of a limit is nothing to look into
    with suppress(ConnectionError), socket.socket(fileno=0) as channel, channel.makefile("rb") as jobs:
        tether.tie(channel)
        for module in filter(None, modules.split(",")):
            import_module(module)
        gc.freeze()  # what is imported stays
        gc.set_threshold(_YOUNG)
        while (job := _next(jobs)) is not None:
            done, leave = _done(job)
            channel.sendall(LENGTH.pack(len(done)) + done)
            if leave:
                return


def _next(jobs: BufferedIOBase) -> Job | None:
    length = jobs.read(LENGTH.size)
    if len(length) < LENGTH.size:
        return None
    job: Job = pickle.loads(jobs.read(*LENGTH.unpack(length)))  # noqa: S301 - from the pool, which trusts itself
    return job


def _done(job: Job) -> tuple[bytes, bool]:
    """Return the packed answer to ``job``, and whether this process should end."""
    try:
        _limit(job.limits)
        done = _answer(job)
    except MemoryError:
        _limit_memory(resource.RLIM_INFINITY)
        return packed(Answer(Result.NO_MEMORY, None)), True
    if len(done) > job.limits.answer:
        return packed(Answer(Result.TOO_LARGE, None)), True
    return done, False


def _answer(job: Job) -> bytes:
    try:
        return packed(Answer(Result.VALUE, job.function(*job.arguments)))
    except MemoryError:
        raise
    except ParseError as error:
        return packed(Answer(Result.REFUSED, error))
    except Exception as error:  # noqa: BLE001 - raised again, in words, where the job came from
        return packed(Answer(Result.BUG, bug(error)))


def _limit(limits: Limits) -> None:
    # The limit counts whole seconds from the start of the process; its signal ends the process, whatever that does.
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (_least(spent + limits.cpu, most), most))
    _limit_memory(limits.memory)


def _limit_memory(wanted: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_least(wanted, most), most))


def _least(wanted: int, most: int) -> int:
    return most if wanted == resource.RLIM_INFINITY else wanted if most == resource.RLIM_INFINITY else min(wanted, most)
