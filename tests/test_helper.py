"""A helper: a process that does what this one would do itself, and ends with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from aggregator.errors import DatabaseError, OutputError
from aggregator.workers.helper import Helper, HelperDiedError


def start(number: int) -> list[int]:
    if number < 0:
        raise DatabaseError("no number")
    return [number]


def add(made: list[int], number: int) -> tuple[int, int]:
    made.append(number)
    return sum(made), os.getpid()


def fail(made: list[int], number: int) -> None:
    raise OutputError(f"{made} and {number}: no room")


def stumble(made: list[int], number: int) -> float:
    return number / 0


def die(made: list[int], number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def helper() -> Iterator[Helper[list[int]]]:
    made = Helper(start, 100)
    yield made
    made.close()


def test_answers_come_in_order_from_another_process(helper: Helper[list[int]]) -> None:
    """What a helper begins with stays from call to call, also between two rounds of calls."""
    first = list(helper.answers(add, range(5)))
    second = list(helper.answers(add, iter([1])))
    assert [value for value, _ in (*first, *second)] == [100, 101, 103, 106, 110, 111]
    assert {pid for _, pid in (*first, *second)}.isdisjoint({os.getpid()})


def test_its_errors_are_raised_here(helper: Helper[list[int]]) -> None:
    """An error of ours comes as it is."""
    with pytest.raises(OutputError, match=r"^\[100\] and 1: no room$"):
        list(helper.answers(fail, [1, 2, 3]))


def test_a_bug_comes_with_its_place(helper: Helper[list[int]]) -> None:
    """Any other exception is told with its traceback."""
    with pytest.raises(RuntimeError, match=r"in stumble(.|\n)*ZeroDivisionError"):
        list(helper.answers(stumble, [1]))


def test_what_it_cannot_begin_with_is_told_with_the_first_answer() -> None:
    """What is raised at the start is raised where an answer is awaited."""
    helper = Helper(start, -1)
    with pytest.raises(DatabaseError, match="no number"):
        list(helper.answers(add, [1]))
    helper.close()


def test_its_death_is_told(helper: Helper[list[int]]) -> None:
    """A helper that is killed in the middle of its work answers no more, and that is said."""
    with pytest.raises(HelperDiedError, match="signal 9"):
        list(helper.answers(die, [1, 2, 3]))


_STARTER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from test_helper import add, start
from aggregator.workers.helper import Helper
helper = Helper(start, 1)
print(*(pid for _, pid in helper.answers(add, [1])), flush=True)
time.sleep(200)
"""


def test_it_ends_with_the_process_that_started_it() -> None:
    """Nobody writes any more when the one who holds the lock is killed."""
    command = [sys.executable, "-c", _STARTER, str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout
        helper = psutil.Process(int(starter.stdout.readline()))
        starter.kill()
    helper.wait(60)


def test_closing_waits_for_what_is_under_way() -> None:
    """A helper that is closed has ended, and is done with what it was asked last."""
    helper = Helper(start, 1)
    answers = helper.answers(add, range(2))
    next(answers)
    helper.close()
    assert helper._process.returncode == 0  # it was not killed
