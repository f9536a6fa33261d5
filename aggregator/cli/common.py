"""What every command needs: the configuration, the clock, the lock's holder, and how errors look."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct

from aggregator import urls
from aggregator.errors import AggregatorError, ConfigError, ForbiddenError

if TYPE_CHECKING:
    from rich.console import Console

    from aggregator.config import Settings

CONFIG_ENV = "AGGREGATOR_CONFIG"
DEFAULT_CONFIG = "feeds.yaml"
#: The years of a run's clock: from it, intervals and terms are counted in both directions.
_YEARS = range(1970, 9000)

Config = Annotated[
    str | None, typer.Option("-c", "--config", metavar="FILE", help="The configuration.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


class Shared(Struct, frozen=True):
    """What stands before the command's name."""

    config: str


def config_path(context: typer.Context, config: str | None) -> Path:
    """Return the configuration's path: the command's own option, else the program's."""
    shared: Shared = context.obj
    return Path(config or shared.config)


def settings(context: typer.Context, config: str | None) -> Settings:
    """Return the settings; raises ConfigError."""
    from aggregator.config import load

    return load(config_path(context, config), os.environ)


def optional_settings(context: typer.Context, config: str | None) -> Settings:
    """Return the settings where there are any; else, where no file was named, the defaults."""
    from aggregator.config import parse

    path = config_path(context, config)
    if path.exists() or path != Path(DEFAULT_CONFIG):
        return settings(context, config)
    return parse("site: {title: Preview, url: https://preview.invalid/}\nfeeds: []\n", path, os.environ)


def clock() -> datetime:
    """Return the time, to the second: the one place of the command line that reads it."""
    return datetime.now(UTC).replace(microsecond=0)


def moment(value: str | None) -> datetime:
    """Return the time that ``--at`` names, else the clock's; raises ConfigError for what is no RFC 3339 time."""
    if value is None:
        return clock()
    try:
        # RFC 3339, section 5.6: T and Z may be small letters.
        given = datetime.fromisoformat(value.upper())
    except ValueError as exc:
        raise ConfigError(f"{value!r} is no time; write it as 2026-11-24T07:00:00Z") from exc
    if given.tzinfo is None:
        raise ConfigError(f"{value!r} names no zone; write it as {given.isoformat()}Z for UTC")
    if given.year not in _YEARS:
        raise ConfigError(f"{value!r} is too far off; the years are {_YEARS[0]} to {_YEARS[-1]}")
    return given.astimezone(UTC).replace(microsecond=0)


def holder(command: str) -> str:
    """Return how this process is named to others that wait for the lock."""
    return f"aggregator {command}, pid {os.getpid()} on {socket.gethostname()}"


def chosen(names: Sequence[str], known: Sequence[str]) -> frozenset[str] | None:
    """Return ``names`` as a set, None for all; raises ConfigError for one that is not ``known``."""
    for name in names:
        if name not in known:
            raise ConfigError(f"no source is called {_shown(name)}; {nearest(name, known)}")
    return frozenset(names) or None


def nearest(name: str, known: Sequence[str]) -> str:
    """Return what to do where ``name`` is not ``known``: to look at the nearest that is, or at the list."""
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else "'aggregator sources' lists them"


def address(url: str) -> str:
    """Return the address that ``url`` stands for; raises ConfigError when it is none that a source can have."""
    from aggregator import fetch

    meant = urls.without_feed_scheme(url.strip())
    try:
        fetch.address(meant, rsshub="")
    except ForbiddenError as exc:
        whole = urls.absolute(f"https://{meant}") if "@" not in meant and "://" not in meant else None
        hint = f"write it with its scheme: {urls.public(whole)}" if whole and "." in urls.host(whole) else str(exc)
        raise ConfigError(f"{_shown(url)} is no address of a feed or a page; {hint}") from exc
    return meant


def _shown(url: str) -> str:
    # What cannot be taken apart may be a secret all over.
    return repr(urls.public(url)) if urls.public(url) else "what was given"


def complain(exc: AggregatorError) -> None:
    """Tell ``exc`` on standard error: each mistake of a configuration on a line of its own."""
    lines = [str(mistake) for mistake in exc.mistakes] if isinstance(exc, ConfigError) and exc.mistakes else []
    for line in lines or [f"aggregator: {exc}"]:
        print(line, file=sys.stderr)  # noqa: T201


def console(*, errors: bool = False) -> Console:
    """Return a console on standard output, or on standard error."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise  # what is handled where this is called; to rich it is a failure

    return Plain(stderr=errors, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print ``value`` as JSON."""
    import json

    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def read_text(path: Path) -> str:
    """Return the text of feeds.yaml, its line ends as they are."""
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def save(path: Path, edited: str) -> Settings:
    """Exchange the text of feeds.yaml for ``edited`` in one step, and return its settings.

    Raises ConfigError, and leaves the file as it is, when ``edited`` has mistakes or the disk says no.
    """
    from aggregator.config import parse

    try:
        made = parse(edited, path, os.environ)
    except ConfigError as exc:
        # Their lines are those of a text that nobody can look at.
        told = "; ".join(mistake.message for mistake in exc.mistakes)
        raise ConfigError(f"{path} stays as it is: {told or exc}") from exc
    _replace_text(path, edited)
    return made


def _replace_text(path: Path, text: str) -> None:
    target = path.resolve()  # of a symbolic link: what it stands for may be on another file system
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        part.chmod(target.stat().st_mode)
        part.replace(target)
    except OSError as exc:
        part.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written: {exc.strerror}") from exc


@contextmanager
def stoppable() -> Iterator[StopFlag]:
    """Catch SIGTERM, SIGINT and SIGHUP for the block: the work at hand is finished, then the program leaves."""
    flag = StopFlag()
    before = {number: signal.signal(number, flag.set) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if flag.number is not None:
        # The shell's convention for a command that a signal ended.
        raise SystemExit(128 + flag.number)


class StopFlag:
    """Remembers which signal came, and tells whoever listens."""

    def __init__(self) -> None:
        import threading

        self.event = threading.Event()
        self.number: int | None = None

    def set(self, number: int, frame: FrameType | None) -> None:
        """Note the signal ``number``."""
        self.number = number
        self.event.set()
