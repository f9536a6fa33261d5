"""The service: ticks, reloading, signals, and what it says to people and to systemd."""

from __future__ import annotations

import fcntl
import io
import logging
import os
import re
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import apscheduler.schedulers.base
import pytest
from msgspec import Struct
from origin import Cue, Origin, raw
from planet import Item, Planet, rss
from serving import Running, ask, until

from aggregator.errors import LockedError, OutputError
from aggregator.pipeline.cycle import Orders, Summary
from aggregator.pipeline.update import Outcome
from aggregator.service import log as logs
from aggregator.service import ticker as ticking
from aggregator.service.configuration import Current
from aggregator.service.cycles import Cycles
from aggregator.service.metrics import Metrics
from aggregator.service.notify import Notifier
from aggregator.service.pulse import Pulse
from aggregator.service.ticker import Ticker

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def titles(planet: Planet) -> set[str]:
    return {str(entry.title) for entry in planet.entries()}


# processes


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_pulls_at_once_and_leaves_with_0(planet: Planet, origin: Origin, number: signal.Signals) -> None:
    """The first tick comes with the start; one line tells of the cycle; both signals end the service well."""
    origin.put("/a.xml", rss(Item(title="One", guid="1")))
    planet.configure([f"{{url: '{origin.url('/a.xml')}', id: a}}"])
    with Running(planet.folder, "schedule") as service:
        service.said(r"event=cycle pulled=1 ok=1 not_modified=0 failed=0 new=1 ")
        assert service.stopped(number) == 0
        events = [line.partition("event=")[2].split()[0] for line in service.log.splitlines()]
        assert sorted(events) == ["cycle", "started", "stopping"]
    assert titles(planet) == {"One"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_cycle_that_is_broken_off_loses_nothing(planet: Planet, origin: Origin, number: signal.Signals) -> None:
    """Ended in the middle of a slow pull: what came is stored, the next start publishes it and pulls the rest."""
    origin.put("/fast.xml", rss(Item(title="Fast", guid="1")))
    origin.handle("/slow.xml", raw(b"HTTP/1.1 200 OK\r\n", Cue.STALL))
    feeds = [f"{{url: '{origin.url(f'/{name}.xml')}', id: {name}}}" for name in ("fast", "slow")]
    planet.configure(feeds, more="fetch: {allow_private: true, timeout: 200s}")
    with Running(planet.folder, "schedule") as service:
        until(lambda: origin.hits("/slow.xml") == 1 and stored(planet) == 1, "the fast source was not stored")
        assert service.stopped(number) == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    with sqlite3.connect(planet.folder / "aggregator.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    origin.put("/slow.xml", rss(Item(title="Slow", guid="1")))
    with Running(planet.folder, "schedule") as service:
        service.said("event=cycle pulled=1 ok=1 .* new=[12] ")
        assert service.stopped() == 0
    assert titles(planet) == {"Fast", "Slow"}
    assert (origin.hits("/fast.xml"), origin.hits("/slow.xml")) == (1, 2)


def test_a_cycle_that_cannot_end_early_is_cut_off(planet: Planet) -> None:
    """Another program holds the database for half a minute: the service leaves in its time all the same."""
    planet.configure([])
    planet.run()
    database = sqlite3.connect(planet.folder / "aggregator.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    try:
        lock = planet.folder / "aggregator.db.lock"
        lock.unlink()
        with Running(planet.folder, "schedule") as service:
            until(lock.exists, "no cycle began")
            assert service.stopped() == 0
            assert "cut off" in service.log
    finally:
        database.close()


def test_another_run_is_left_alone(planet: Planet) -> None:
    """While it holds the lock the service waits, and says whom for; then it goes to work."""
    planet.configure([])
    with (planet.folder / "aggregator.db.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("somebody else\n")
        lock.flush()
        with Running(planet.folder, "schedule") as service:
            service.said('level=info event="another run holds the lock.*" holder="somebody else"')
            fcntl.flock(lock, fcntl.LOCK_UN)
            service.send(signal.SIGHUP)
            service.said("event=cycle .* written=")
            assert service.stopped() == 0


def stored(planet: Planet) -> int:
    path = planet.folder / "aggregator.db"
    if not path.exists() or not path.stat().st_size:
        return 0
    database = sqlite3.connect(path)
    try:
        return int(database.execute("SELECT count(*) FROM copy").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # its tables are being made
    finally:
        database.close()


def test_a_mistake_keeps_the_last_good_configuration(planet: Planet, origin: Origin) -> None:
    """Each mistake is told with its place and nothing stops; a good file, put in place by renaming, is taken."""
    for name in ("a", "b"):
        origin.put(f"/{name}.xml", rss(Item(title=name, guid="1")))
    good = [f"{{url: '{origin.url('/a.xml')}', id: a}}"]
    path = planet.configure(good)
    with Running(planet.folder, "serve", "--port", "0") as service:
        service.said("event=cycle pulled=1 ")
        before = path.read_text("utf-8")
        path.write_text(f"{before}feds: []\n", "utf-8")
        place = rf"feeds\.yaml:{len(before.splitlines()) + 1}:1"
        service.said(f"the last good configuration stays\" mistake=\"{place}: unknown key 'feds'; did you mean 'feeds'")
        assert ask(service.address, "/healthz").status == 200
        assert b"A feed" in ask(service.address, "/sources").body
        path.unlink()
        service.said("no such file")
        planet.configure([*good, f"{{url: '{origin.url('/b.xml')}', id: b}}"], name="new.yaml").rename(path)
        service.said('event="configuration taken" sources=2')
        service.said("event=cycle pulled=1 ok=1", times=2)
        assert service.stopped() == 0
    assert titles(planet) == {"a", "b"}


def test_a_file_that_lost_its_feeds_takes_nothing_away(planet: Planet, origin: Origin) -> None:
    """Half of a file that is being saved changes nothing; started again, the service does as the file says."""
    origin.put("/a.xml", rss(Item(title="One", guid="1")))
    path = planet.configure([f"{{url: '{origin.url('/a.xml')}', id: a}}"])
    whole = path.read_text("utf-8")
    with Running(planet.folder, "schedule") as service:
        service.said("event=cycle pulled=1 ")
        path.write_text(whole.partition("feeds:")[0], "utf-8")
        service.said('the last good configuration stays" mistake="there are no feeds any more')
        path.write_text(f"{whole}# saved\n", "utf-8")
        service.said('event="configuration taken" sources=1')
        planet.configure([])
        service.said("there are no feeds any more", times=2)
        assert service.stopped() == 0
    assert titles(planet) == {"One"}
    with Running(planet.folder, "schedule") as service:
        until(lambda: not planet.entries(), "the outputs stayed")
        assert service.stopped() == 0


def test_a_hangup_reads_the_configuration_again(planet: Planet) -> None:
    """SIGHUP takes feeds.yaml anew, changed or not, and does not end the service."""
    planet.configure([])
    with Running(planet.folder, "schedule") as service:
        service.said("event=cycle")
        service.send(signal.SIGHUP)
        service.said('"configuration taken" sources=0')
        assert service.stopped() == 0


def test_another_database_is_taken_once_it_can_be_opened(planet: Planet, origin: Origin) -> None:
    """While the new database cannot be opened the old settings work on; then the new ones are taken."""
    origin.put("/a.xml", rss(Item(title="One", guid="1")))
    feeds = [f"{{url: '{origin.url('/a.xml')}', id: a}}"]
    planet.configure(feeds)
    with Running(planet.folder, "schedule") as service:
        service.said("event=cycle pulled=1 ")
        planet.configure(feeds, more="database: sqlite:///other/new.db")
        service.said('the last good one stays" reason=.*new.db: the folder .* does not exist')
        (planet.folder / "other").mkdir()
        service.send(signal.SIGHUP)
        service.said('"configuration taken"')
        service.said("event=cycle pulled=1 ", times=2)
        assert service.stopped() == 0
    assert (planet.folder / "other/new.db").exists()


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ("feds: []", 2, r"feeds\.yaml:\d+:1: unknown key"),
        ("database: sqlite:///none/a.db", 3, "does not exist"),
    ],
)
def test_a_start_that_cannot_work_says_why(planet: Planet, more: str, code: int, said: str) -> None:
    """A wrong configuration and a database that cannot be opened end the service at its start."""
    planet.configure([], more=more)
    done = planet.command("serve", "--port", "0")
    assert done.returncode == code
    assert re.search(said, done.stderr)
    assert "Traceback" not in done.stderr


def test_a_port_in_use_ends_the_start_before_anything_is_touched(planet: Planet) -> None:
    """The address is named, and no database was made."""
    planet.configure([])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = planet.command("serve", "--port", str(port))
    assert done.returncode == 3
    assert f"cannot listen at 127.0.0.1 port {port}: Address already in use" in done.stderr
    assert not (planet.folder / "aggregator.db").exists()


def test_a_service_that_was_stopped_for_a_while_goes_on(planet: Planet) -> None:
    """After SIGSTOP and SIGCONT it is healthy and obeys."""
    planet.configure([])
    with Running(planet.folder, "serve", "--port", "0") as service:
        address = service.address
        service.send(signal.SIGSTOP)
        time.sleep(0.5)
        service.send(signal.SIGCONT)
        assert ask(address, "/healthz").body == b"ok\n"
        assert service.stopped() == 0


# systemd


def received(listener: socket.socket) -> dict[str, str]:
    return dict(line.split("=", 1) for line in listener.recv(4096).decode().split("\n"))


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told(planet: Planet, abstract: bool) -> None:
    """Ready, reloading, alive and stopping arrive in their order at the socket that systemd names."""
    planet.configure([])
    name = f"@aggregator-test-{os.getpid()}" if abstract else str(planet.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name[1:] if abstract else name)
        listener.settimeout(60)
        with Running(planet.folder, "schedule", NOTIFY_SOCKET=name, WATCHDOG_USEC="400000") as service:
            assert "READY" in received(listener)
            heard: set[str] = set()
            while heard < {"STATUS", "WATCHDOG"}:
                heard.update(received(listener))
            assert heard == {"STATUS", "WATCHDOG"}
            service.send(signal.SIGHUP)
            until(lambda: received(listener).get("RELOADING") == "1", "RELOADING did not come")
            until(lambda: received(listener).get("READY") == "1", "READY did not come again")
            service.send(signal.SIGTERM)
            until(lambda: received(listener).get("STOPPING") == "1", "STOPPING did not come")
            assert service.process.wait(60) == 0


def test_reloading_tells_the_monotonic_time() -> None:
    """It asks for the time of the reload in microseconds, so that it can tell an old message."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        name = f"@aggregator-clock-{os.getpid()}"
        listener.bind("\0" + name[1:])
        Notifier({"NOTIFY_SOCKET": name}, logs.opened(io.BytesIO())).reloading()
        told = int(received(listener)["MONOTONIC_USEC"])
    assert 0 <= time.monotonic_ns() // 1000 - told < 60_000_000


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "120000000"}, 60.0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())}, 1.0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}, None),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "2000000"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_twice_in_its_time(environ: dict[str, str], interval: float | None) -> None:
    """Only where systemd waits for this very process."""
    assert Notifier(environ, logs.opened(io.BytesIO())).interval == interval


def test_a_systemd_that_does_not_listen_stops_nothing(tmp_path: Path) -> None:
    """The message is lost, and the log says so."""
    stream = io.BytesIO()
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}, logs.opened(stream)).ready("up")
    assert "systemd cannot be told" in stream.getvalue().decode()


# ticks


class Shifted(datetime):
    """A clock that somebody sets."""

    by = timedelta()

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + cls.by


@pytest.mark.parametrize("days", [-3652, -0.5, 0.5, 20_454])
def test_ticks_go_on_when_the_clock_is_set(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    """Ten years back, or from 1970 to now: the next tick comes soon, and it is one."""
    every, more = 0.1, 8
    monkeypatch.setattr(Shifted, "by", timedelta(days=-20_454))
    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Shifted)
    monkeypatch.setattr(ticking, "datetime", Shifted)
    ticks: list[float] = []
    ticker = Ticker(lambda: ticks.append(time.monotonic()), timedelta(seconds=every))
    ticker.start()
    try:
        until(lambda: len(ticks) >= 2, "no ticks")
        begun, count = time.monotonic(), len(ticks)
        monkeypatch.setattr(Shifted, "by", timedelta(days=days - 20_454))

        def gone_on() -> bool:
            ticker.keep_time()
            return len(ticks) >= count + more

        until(gone_on, "the ticks stopped")
    finally:
        assert ticker.stop(60)
    # One may be under way when the clock is set, one due, and setting it brings one more; the others keep apart.
    assert ticks[count + more - 1] - begun > (more - 4) * every


def test_no_two_ticks_at_once() -> None:
    """A tick that takes longer than the time to the next one is not joined by it."""
    at_once, most, ticks = 0, 0, 0

    def work() -> None:
        nonlocal at_once, most, ticks
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.15)
        at_once -= 1
        ticks += 1

    ticker = Ticker(work, timedelta(seconds=0.05))
    ticker.start()
    until(lambda: ticks >= 3, "no ticks")
    ticker.soon()
    assert ticker.stop(60)
    assert most == 1


def test_a_tick_asked_for_during_another_follows_it() -> None:
    """A change of feeds.yaml in the middle of a cycle does not wait for the next quarter of a minute."""
    ticks = [Event(), Event()]
    release = Event()
    waiting = iter(ticks)

    def work() -> None:
        next(waiting).set()
        assert release.wait(60)

    ticker = Ticker(work, timedelta(hours=1))
    ticker.start()
    assert ticks[0].wait(60)
    ticker.soon()
    release.set()
    assert ticks[1].wait(60)
    assert ticker.stop(60)


def test_a_tick_asked_for_when_another_has_just_ended_is_not_lost() -> None:
    """Also in the moment in which APScheduler, which tells of its end in its log, believes it to be at work."""
    ticks: list[Event] = [Event(), Event()]
    waiting = iter(ticks)
    ticker = Ticker(lambda: next(waiting).set(), timedelta(hours=1))

    def told(record: logging.LogRecord) -> bool:
        if "executed successfully" in record.msg and not ticks[1].is_set():
            ticker.soon()
            ticks[1].wait(0.5)
        return True

    executor = logging.getLogger("apscheduler.executors.default")
    executor.addFilter(told)
    executor.setLevel(logging.INFO)
    try:
        ticker.start()
        assert ticks[1].wait(60)
    finally:
        executor.setLevel(logging.NOTSET)
        executor.removeFilter(told)
        assert ticker.stop(60)


def test_a_tick_that_does_not_end_is_not_waited_for() -> None:
    """Stopping tells, in its time, that the tick goes on."""
    release, begun, ended = Event(), Event(), Event()

    def work() -> None:
        begun.set()
        release.wait(60)
        ended.set()

    ticker = Ticker(work)
    ticker.start()
    assert begun.wait(60)
    assert not ticker.stop(0.05)
    release.set()
    assert ended.wait(60)


def test_the_pulse_tells_what_takes_too_long() -> None:
    """Each part of a tick, and the time between two ticks, has its own patience."""
    seconds = 0.0
    pulse = Pulse(lambda: seconds)
    parts: list[tuple[Callable[[], None], float]] = [
        (pulse.resting, 300),
        (lambda: pulse.pulling(timedelta(seconds=20)), 620),
        (pulse.working, 3600),
    ]
    for begin, patience in parts:
        begin()
        seconds += patience
        assert pulse.trouble() is None
        seconds += 1
        assert "the scheduler is stuck" in str(pulse.trouble())


# cycles


def summary(*failures: Outcome, ok: int = 0) -> Summary:
    return Summary(
        at=NOW,
        ok=ok,
        not_modified=0,
        failures=failures,
        postponed=(),
        warnings=(),
        entries=0,
        new=0,
        updated=0,
        duplicate=0,
        held=0,
        archived=0,
        written=0,
        removed=0,
        left=(),
        seconds={"fetch": 0.5},
    )


def failed(name: str, error: str) -> Outcome:
    return Outcome(source_id=name, result="failed", error=error)


class Scripted(Struct):
    """Stands in for the program: each cycle does the next thing of ``script``."""

    script: list[Summary | Exception]
    settings = SimpleNamespace(fetch=SimpleNamespace(timeout=timedelta(seconds=20)))

    @property
    def app(self) -> Scripted:
        return self

    def renew(self, now: datetime) -> bool:
        return False

    def cycle(self, orders: Orders, holder: str) -> Summary:
        done = self.script.pop(0)
        if isinstance(done, Exception):
            raise done
        orders.begun(done.pulled)
        for number in range(done.ok):
            orders.done(Outcome(source_id=f"s{number}", result="ok"))
        for outcome in done.failures:
            orders.done(outcome)
        return done


def told(*script: Summary | Exception) -> list[str]:
    """Return the log of one cycle for each thing of ``script``, without times."""
    stream = io.BytesIO()
    cycles = Cycles(
        cast("Current", Scripted([*script])),
        clock=lambda: NOW,
        holder="test",
        stop=Event(),
        pulse=Pulse(),
        metrics=Metrics(),
        log=logs.opened(stream),
        report=lambda words: None,
    )
    for _ in script:
        cycles()
    return [line.split(" ", 1)[1] for line in stream.getvalue().decode().splitlines()]


def test_nothing_due_is_nothing_to_say() -> None:
    """A tick that pulled nothing leaves no line."""
    assert told(summary(), summary()) == []


def test_a_failure_is_told_when_it_is_news() -> None:
    """The same failure again is no news; another reason is, and so is a failure after a success."""
    first, other = failed("s0", "timed out"), failed("s0", "gone mad")
    lines = told(summary(first), summary(first), summary(other), summary(ok=1), summary(other))
    reasons = [line.partition("reason=")[2] for line in lines if "source failed" in line]
    assert reasons == ['"timed out"', '"gone mad"', '"gone mad"']


def test_a_network_that_is_down_is_no_flood() -> None:
    """Of a thousand failures twenty are told, and how many more there are; an hour later none."""
    failures = [failed(f"s{number}", "no route to host") for number in range(1000)]
    lines = told(summary(*failures), summary(*failures))
    assert sum("source failed" in line for line in lines) == 20
    assert [line for line in lines if "more=980" in line]
    assert sum("event=cycle " in line for line in lines) == 2


@pytest.mark.parametrize(
    ("error", "level"),
    [(LockedError("somebody"), "info"), (OutputError("disk full; make room"), "error"), (KeyError("x"), "error")],
)
def test_a_trouble_is_told_once_and_when_it_is_over(error: Exception, level: str) -> None:
    """Whatever goes wrong in a tick, the next one tries again; only the first of a row is told."""
    lines = told(error, error, summary(), error)
    assert [line.split()[0] for line in lines] == [f"level={level}", "level=info", f"level={level}"]
    assert "cycles work again" in lines[1]


def test_an_unexpected_error_is_one_line_with_its_traceback() -> None:
    """The traceback does not break the rule of one line an event."""
    (line,) = told(KeyError("what\nnever happens"))
    assert "Traceback (most recent call last)" in line
    assert r"\n" in line


# the log


def test_an_event_is_one_line_whatever_is_in_it() -> None:
    """Line breaks, escape sequences and separators of other scripts are written as what they are."""
    stream = io.BytesIO()
    logs.opened(stream).info("event", value='a\nlevel=error\r\x1b[31m\u2028\u202e="x" 新')
    (line,) = stream.getvalue().decode().splitlines()
    assert line.endswith(r'event=event value="a\nlevel=error\r\x1b[31m\u2028\u202e=\"x\" 新"')


def test_a_log_that_is_full_stops_nothing() -> None:
    """A line that cannot be written is lost."""
    with Path("/dev/full").open("wb", buffering=0) as full:
        logs.opened(full).info("event")
        with pytest.raises(OSError, match="No space"):
            full.write(b"x")
