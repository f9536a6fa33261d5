"""Work in processes of their own: what comes back, and what a process that goes wrong costs."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from aggregator.errors import BugError, ParseError, StoppedError
from aggregator.models import Link
from aggregator.workers import Limits, Pool, job

LIMITS = Limits(cpu=5, wall=60, memory=512 * 2**20)
SHORT = Limits(cpu=1, wall=200, memory=512 * 2**20)
JOB = pickle.dumps(job.Job(os.getpid, (), LIMITS))


def answer(number: int) -> Link:
    return Link(href=f"http://{number}.example.org/", length=number)


def measure(words: str) -> Link:
    return answer(len(words))


def refuse() -> Link:
    raise ParseError("the answer is no feed")


def fail() -> Link:
    return Link(href=str(1 // 0))


def spin() -> Link:
    while True:
        pass


def devour() -> Link:
    return Link(href=str(len([bytes(2**20) for _ in range(2**20)])))


def hang() -> Link:
    time.sleep(200)
    return answer(0)


def die() -> Link:
    os.kill(os.getpid(), signal.SIGKILL)
    return answer(0)


def linger() -> Link:
    os.close(0)  # as at the end of a process, which the machine may put off after its channel is closed
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGXCPU)
    return answer(0)


def smuggle() -> Link:
    os.write(0, job.LENGTH.pack(3) + b"\x00\xa1x")  # as a process that was taken over might
    return hang()


def whoami() -> Link:
    return answer(os.getpid())


def deafness() -> Link:
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return answer(resource.getrlimit(resource.RLIMIT_CORE)[0])


@pytest.fixture
def childless() -> Iterator[None]:
    """The test leaves no process behind."""
    before = set(psutil.Process().children())
    yield
    assert set(psutil.Process().children()) <= before


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(1, __name__) as made:
        yield made


def test_an_answer_is_what_the_function_returned(pool: Pool) -> None:
    """Arguments go in and values come out as they are, and one process does one job after the other."""
    assert pool.call(LIMITS, answer, 7) == answer(7)
    assert pool.call(LIMITS, whoami) == pool.call(LIMITS, whoami) != whoami()


def test_errors_come_back_as_what_they_are(pool: Pool) -> None:
    """A refusal is a refusal, a bug is told by its name; the process goes on after both."""
    before = pool.call(LIMITS, whoami)
    with pytest.raises(ParseError, match=r"^the answer is no feed$"):
        pool.call(LIMITS, refuse)
    with pytest.raises(BugError, match=r"^ZeroDivisionError: .* \(\w+\.py:\d+\)$"):
        pool.call(LIMITS, fail)
    assert pool.call(LIMITS, whoami) == before


@pytest.mark.parametrize(
    ("limits", "function", "words"),
    [
        (SHORT, spin, "takes more than 1 s to read"),
        (LIMITS, devour, "takes more than 537 MB of memory"),
        (Limits(wall=0.3), hang, r"takes more than 0.3 s to read"),
        (LIMITS, die, r"died \(signal 9\)"),
        (LIMITS, linger, "takes more than 5 s to read"),
        (LIMITS, smuggle, "answered with what is no feed"),
    ],
)
def test_what_goes_too_far_costs_its_own_process(pool: Pool, limits: Limits, function: object, words: str) -> None:
    """Time, memory, death and answers that are none are errors of the one job; the next one finds a new process."""
    before = pool.call(LIMITS, whoami)
    with pytest.raises(ParseError, match=words):
        pool.call(limits, function)  # type: ignore[arg-type]
    assert pool.call(LIMITS, whoami) != before


def test_a_process_that_died_between_two_jobs_is_replaced(pool: Pool) -> None:
    """Whoever kills an idle worker harms no job."""
    victim = psutil.Process(pool.call(LIMITS, whoami).length)
    victim.kill()
    victim.wait(60)
    assert pool.call(LIMITS, answer, 3) == answer(3)


def test_signals_are_for_the_pool_to_answer(pool: Pool) -> None:
    """A worker ignores what a terminal sends to all processes, and leaves no core behind."""
    assert pool.call(LIMITS, deafness) == answer(0)


@pytest.mark.usefixtures("childless")
def test_jobs_side_by_side() -> None:
    """As many processes work as there are workers, never more; threads wait for one that is free."""
    with Pool(2, __name__) as pool, ThreadPoolExecutor(6) as threads:
        done = list(threads.map(lambda _: pool.call(LIMITS, whoami).length, range(30)))
        assert len(set(done)) <= 2


@pytest.mark.parametrize("function", [spin, die, smuggle, devour])
def test_a_job_is_not_lost_with_the_process_that_ended_before_its_turn(function: Callable[[], Link]) -> None:
    """What was given to a worker ahead is done by the next one, and small and large jobs keep their answers apart."""
    with Pool(1, __name__) as pool, ThreadPoolExecutor(4) as threads:
        pool.call(LIMITS, whoami)
        bad = threads.submit(pool.call, SHORT, function)
        others = [threads.submit(pool.call, LIMITS, answer, number) for number in range(20)]
        large = [threads.submit(pool.call, LIMITS, measure, "x" * number) for number in (10**6, 10**3, 10**6 + 1)]
        assert [each.result().length for each in others] == list(range(20))
        assert [each.result().length for each in large] == [10**6, 10**3, 10**6 + 1]
        with pytest.raises(ParseError):
            bad.result()


def test_no_process_starts_before_there_is_work() -> None:
    """A pool that is not used costs nothing."""
    before = psutil.Process().children()
    with Pool(4, __name__):
        assert psutil.Process().children() == before


@pytest.mark.usefixtures("childless")
def test_a_stop_breaks_off_what_is_under_way() -> None:
    """Once the program is to stop, the call that waits ends within a second, and so does its process."""
    stop = threading.Event()
    timer = threading.Timer(0.3, stop.set)
    timer.start()
    began = time.monotonic()
    with Pool(1, __name__, stop=stop) as pool, pytest.raises(StoppedError):
        pool.call(LIMITS, hang)
    assert time.monotonic() - began < 30  # less than two where the machine is not busy; the call would take a minute


@pytest.mark.usefixtures("childless")
def test_a_stop_starts_no_process_for_what_waits() -> None:
    """Jobs that were given ahead, or wait for a place, end with the one that is under way."""
    stop = threading.Event()
    with Pool(1, __name__, stop=stop) as pool, ThreadPoolExecutor(4) as threads:
        first = pool.call(LIMITS, whoami).length
        jobs = [threads.submit(pool.call, LIMITS, hang) for _ in range(4)]
        while not any(seat.jobs == 2 for seat in pool._seats):
            time.sleep(0.01)
        stop.set()
        for each in jobs:
            with pytest.raises(StoppedError):
                each.result()
        (seat,) = pool._seats
        assert seat._worker is not None
        assert seat._worker._process.pid == first


@pytest.mark.usefixtures("childless")
def test_a_pool_may_be_closed_over_calls() -> None:
    """Processes end, whatever they were at, and those who wait for them are told."""
    with Pool(2, __name__) as pool, ThreadPoolExecutor(3) as threads:
        jobs = [threads.submit(pool.call, Limits(wall=2), hang) for _ in range(3)]
        while sum(seat.jobs for seat in pool._seats) < len(jobs):
            time.sleep(0.01)
        pool.close()
        for each in jobs:
            with pytest.raises(ParseError):
                each.result()


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b"\x09",
        bytes([job.Result.VALUE]),
        bytes([job.Result.VALUE]) + pickle.dumps(os.system),
        bytes([job.Result.VALUE]) + b"\x81\xa4href\x01",
        bytes([job.Result.VALUE]) + b"\x81\xa4href\xa1\xff",
        bytes([job.Result.REFUSED]) + b"\xff",
    ],
    ids=["nothing", "no result", "no value", "a pickle", "another type", "no text", "no words"],
)
def test_an_answer_is_of_the_type_that_was_asked_for(received: bytes) -> None:
    """Whatever a worker that was taken over sends, only values of the type that its function names come out of it."""
    with pytest.raises(ValueError, match=r"."):
        job.unpacked(received, answer)


def test_a_worker_does_not_outlive_its_pool() -> None:
    """When the process of the pool is killed in the middle of a job, the worker ends soon after it."""
    script = "from aggregator.workers import Limits, Pool; import time; Pool(1, 'time').call(Limits(), time.sleep, 200)"
    with subprocess.Popen([sys.executable, "-c", script]) as owner:
        children: list[psutil.Process] = []
        while not children:
            time.sleep(0.05)
            children = psutil.Process(owner.pid).children()
        owner.kill()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive


@pytest.mark.parametrize(
    ("start", "sent"),
    [
        ("child.serve('')", job.LENGTH.pack(len(JOB)) + JOB),
        ("helper.serve()", pickle.dumps((os.getpid, ()))),
    ],
    ids=["a worker", "a helper"],
)
def test_whoever_finds_nobody_to_answer_ends_without_a_word(start: str, sent: bytes) -> None:
    """When the process that asked was killed, those that worked for it write no tracebacks after it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(sent)
        ours.shutdown(socket.SHUT_RD)
        command = [sys.executable, "-c", f"from aggregator.workers import child, helper; {start}"]
        ended = subprocess.run(command, stdin=theirs.fileno(), stderr=subprocess.PIPE, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_closed_pool_works_again() -> None:
    """Closing a pool ends its processes; a later call starts a new one."""
    with Pool(1, __name__) as pool:
        first = pool.call(LIMITS, whoami)
        pool.close()
        assert not psutil.pid_exists(first.length or 0)
        assert pool.call(LIMITS, whoami) != first
