"""Requests at once to a domain: one limit for all processes that share a database."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from origin import Cue, Origin, Reply, Seen, raw
from serving import Running, until

from aggregator import app, config, network
from aggregator.errors import PostponedError
from aggregator.fetch import Request, Slots, slots
from aggregator.store import Store
from aggregator.store.schema import slot
from aggregator.store.slots import Desk

SECOND = timedelta(seconds=1)
FEED = b"<rss version='2.0'><channel><title>t</title><item><title>i</title><guid>g</guid></item></channel></rss>"


@contextmanager
def asking(desk: Desk) -> Iterator[Slots]:
    """Open the slots of one process."""
    made = Slots(desk.limit, patience=60 * SECOND, desk=desk)
    try:
        yield made
    finally:
        made.close()


def tickets(store: Store) -> list[tuple[str, str]]:
    with store.reading() as transaction:
        return [(row.domain, row.holder) for row in transaction.execute(sa.select(slot).order_by(slot.c.pk))]


def test_the_first_tickets_of_a_domain_may_ask(store: Store) -> None:
    """Whoever draws later waits until one is given back, whoever holds it; other domains do not matter."""
    run, other = (Desk(store, name, 2, 60 * SECOND) for name in ("run", "other"))
    assert [each.granted for each in run.exchange((), ["a", "a", "b"])] == [True] * 3
    assert not run.others()
    (waiting,) = other.exchange((), ["a"])
    assert not waiting.granted
    assert run.others()
    first, second, last = run.exchange([1, 2, 3], ())
    assert [each.wanted for each in (first, second, last)] == [True, True, False]
    assert [each.granted for each in run.exchange([2, 3], ["a"])] == [True, True, False]
    assert [each.granted for each in other.exchange([waiting.number], ())] == [True]
    assert run.exchange((), ()) == []
    assert tickets(store) == [("a", "other")]


def test_what_a_killed_process_holds_ends_by_itself(store: Store) -> None:
    """A ticket that nobody renews counts until its end and no longer, also when the clock was set back since."""
    dead, other = Desk(store, "dead", 1, timedelta(0)), Desk(store, "other", 1, 60 * SECOND)
    (gone,) = dead.exchange((), ["a"])
    assert other.exchange((), ["a"])[0].granted
    assert not dead.exchange([gone.number], ())
    Desk(store, "future", 1, timedelta(days=1)).exchange((), ["b"])
    assert [each.granted for each in other.exchange((), ["b"])] == [True]


def test_a_cycle_takes_over_what_a_killed_one_held(store: Store) -> None:
    """Who has the name of a holder that died starts with an empty hand, at once."""
    Desk(store, "cycle", 1, 60 * SECOND).exchange((), ["a", "b"])
    assert [each.granted for each in Desk(store, "cycle", 1, 60 * SECOND).exchange((), ["a"])] == [True]
    assert tickets(store) == [("a", "cycle")]


@pytest.mark.parametrize("limit", [1, 2])
def test_processes_share_a_limit_and_take_turns(store: Store, limit: int) -> None:
    """Never more than the limit are under way, all come to their end, and who has much to ask keeps nobody waiting."""
    lock, now, most, finished = threading.Lock(), 0, 0, []

    def ask(by: Slots, who: str) -> None:
        nonlocal now, most
        taken = by.take("a")
        assert taken is not None
        with taken:
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.05)
            with lock:
                now -= 1
                finished.append(who)

    with (
        asking(Desk(store, "run", limit, 60 * SECOND)) as run,
        asking(Desk(store, "other", limit, 60 * SECOND)) as other,
    ):
        with run.expecting(["a"] * 20), ThreadPoolExecutor(8) as threads:
            done = [threads.submit(ask, run, "run") for _ in range(20)]
            until(lambda: "run" in finished, "the run never asked")
            done += [threads.submit(ask, other, "other") for _ in range(2)]
            for each in done:
                each.result()
        assert most == limit
        assert len(finished) == 22
    assert tickets(store) == []


def test_nobody_waits_for_slots_that_are_kept_for_later(store: Store) -> None:
    """Tickets drawn ahead go to who waits for them, as soon as their holder looks, which it does while it asks."""
    with (
        asking(Desk(store, "run", 1, 60 * SECOND)) as run,
        asking(Desk(store, "other", 1, 60 * SECOND)) as other,
        run.expecting(["a", *["b"] * 600]),
        ThreadPoolExecutor(1) as threads,
    ):
        wanted = threads.submit(other.take, "a")
        for _ in range(600):
            taken = run.take("b")
            assert taken is not None
            with taken:
                time.sleep(0.05)
            if wanted.done():
                break
        assert wanted.done()
        found = wanted.result()
        assert found is not None
        with found:
            assert run.take("a", 0.3) is None


def test_nothing_is_asked_on_tickets_that_may_have_run_out(store: Store) -> None:
    """A process that was held up for long finds out who took its place before it asks."""
    clock = [0.0]
    held_up = Slots(1, patience=SECOND, desk=Desk(store, "run", 1, timedelta(0)), stopwatch=lambda: clock[0])
    with asking(Desk(store, "other", 1, 60 * SECOND)) as other, held_up.expecting(["a"]):
        taken = other.take("a")
        assert taken is not None
        with taken:
            clock[0] = slots.TRUSTED.total_seconds()
            assert held_up.take("a", 0) is None


FEEDS = """
site: {{title: T, url: 'https://planet.example.net/'}}
fetch: {{allow_private: true, per_host: 1, timeout: {timeout}}}
feeds:
"""


def configure(folder: Path, origin: Origin, feeds: int, timeout: str = "20s") -> None:
    lines = (f"  - {{url: '{origin.url(f'/{number}')}'}}\n" for number in range(feeds))
    (folder / "feeds.yaml").write_text(FEEDS.format(timeout=timeout) + "".join(lines), "utf-8")
    Store.open(f"sqlite:///{folder / 'aggregator.db'}").close()


def slowly(seen: Seen) -> Reply:
    time.sleep(0.1)
    return Reply(body=FEED, headers={"Content-Type": "application/rss+xml"})


def test_commands_beside_a_run_keep_to_its_limit(tmp_path: Path, origin: Origin) -> None:
    """preview, add and check --fetch wait for their turn with a run, whatever --at says, and it waits for them."""
    for name in (*map(str, range(10)), "new"):
        origin.handle(f"/{name}", slowly)
    configure(tmp_path, origin, 10)
    commands = [
        ["run", "--strict", "--at", "2030-01-01T00:00:00Z"],
        ["preview", origin.url("/1")],
        ["check", "--fetch"],
        ["add", origin.url("/new")],
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "aggregator", *command],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for command in commands
    ]
    said = [process.communicate(timeout=200)[0].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, said
    assert (len(origin.requests), origin.most_at_once) == (22, 1)


def test_a_kill_leaves_little_in_the_way(tmp_path: Path, origin: Origin) -> None:
    """A run after one that was killed asks at once; what a killed preview holds ends half a minute after 'timeout'."""
    configure(tmp_path, origin, 1)
    store = Store.open(f"sqlite:///{tmp_path / 'aggregator.db'}")
    for command in (["preview", origin.url("/0")], ["run", "--force"]):
        origin.handle("/0", raw(Cue.STALL))
        before = origin.hits("/0")
        with Running(tmp_path, *command) as killed:
            until(lambda before=before: origin.hits("/0") > before, "nothing was asked")  # type: ignore[misc]
        assert [domain for domain, _ in tickets(store)] == ["127.0.0.1"]
        with store.writing() as transaction:
            until_then = transaction.scalars(sa.select(slot.c.until)).one()
            assert until_then - datetime.now(UTC) < slots.TRUSTED + 20 * SECOND
            if command[0] == "preview":
                transaction.execute(slot.update().values(until=datetime.now(UTC)))  # the time has passed
        origin.handle("/0", slowly)
        begun = time.monotonic()
        assert Running(tmp_path, "run", "--force", "--strict").process.wait(60) == 0
        assert time.monotonic() - begun < 40  # the ticket would last for 50 s
        assert killed.process.returncode == -signal.SIGKILL
        assert tickets(store) == []
    store.close()


def test_who_waits_in_vain_is_told_so(tmp_path: Path, origin: Origin) -> None:
    """A domain that others ask all the time postpones a source of a run, and says what is the matter."""
    configure(tmp_path, origin, 1, "1s")
    settings = config.load(tmp_path / "feeds.yaml", {})
    now = datetime.now(UTC)
    with app.opened(settings, now) as program, asking(Desk(program.store, "other", 1, 60 * SECOND)) as other:
        taken = other.take("127.0.0.1")
        assert taken is not None
        hasty = network.opened(settings, program.store, now=now, patience=SECOND, holder="hasty")
        with taken, hasty as (client, _), pytest.raises(PostponedError, match="as much at once as 'per_host'"):
            client.fetch(Request(source_id="s", url=origin.url("/0")), now=now)
