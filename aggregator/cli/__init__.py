"""The command line: thin doors, one function a command."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from aggregator import __version__
from aggregator.cli import correcting, deciding, editing, importing, looking, planning, running, serving
from aggregator.cli.common import CONFIG_ENV, DEFAULT_CONFIG, Shared, complain
from aggregator.cli.usage import Command, Group
from aggregator.errors import AggregatorError, ConfigError, OutputError


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aggregator {__version__}")
        raise typer.Exit


def _options(
    context: typer.Context,
    config: Annotated[
        str, typer.Option("-c", "--config", metavar="FILE", envvar=CONFIG_ENV, help="The configuration.")
    ] = DEFAULT_CONFIG,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    context.obj = Shared(config=config)


_COMMANDS: dict[str, Callable[..., None]] = {
    "run": running.run,
    "serve": serving.serve,
    "schedule": serving.schedule,
    "check": editing.check,
    "add": editing.add,
    "preview": looking.preview,
    "sources": looking.sources,
    "posts": looking.posts,
    "held": deciding.held,
    "release": deciding.release,
    "reject": deciding.reject,
    "explain": correcting.explain,
    "split": correcting.split,
    "merge": correcting.merge,
    "retract": correcting.retract,
    "plan": planning.plan,
    "publish": running.publish,
    "import": editing.import_,
    "import-posts": importing.import_posts,
    "export": editing.export,
    "prune": running.prune,
    "demo": running.demo,
    "schema": editing.schema,
}


#: What says that standard output takes nothing more.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def program(names: Iterable[str] = _COMMANDS) -> typer.Typer:
    """Return the command line, with the commands called ``names``."""
    made = typer.Typer(
        name="aggregator",
        cls=Group,
        callback=_options,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
        help="Pulls RSS, Atom and JSON feeds, remembers what it has seen, and publishes one Atom feed per category.",
    )
    for name in names:
        made.command(name, cls=Command)(_COMMANDS[name])
    return made


def main() -> None:
    """Run the command line and leave with its exit code; an error is told on standard error."""
    # A command's options take a millisecond to make: where the first word names one, it is the only one.
    first = sys.argv[1:2]
    try:
        _demand_utf8()
        program(first if set(first) & _COMMANDS.keys() else _COMMANDS)()
    except AggregatorError as exc:
        complain(exc)
        sys.exit(exc.exit_code)
    except SystemExit as exc:
        # The reader of our output left (`| head -1`); the work itself is done.  To Typer that is a failure.
        left = exc.__context__
        sys.exit(0 if isinstance(left, BrokenPipeError) and _is_of_output(left) else exc.code)
    except OSError as exc:
        if exc.errno not in _FULL or not _is_of_output(exc):
            raise
        told = f"standard output cannot be written: {exc.strerror}; what there was to store is stored"
        complain(OutputError(told))
        sys.stdout = None  # else what is left in it would be tried once more
        sys.exit(OutputError.exit_code)


def _demand_utf8() -> None:
    """Refuse a locale in which the outputs could not have the names that links to them have."""
    encoding = sys.getfilesystemencoding()
    if encoding != "utf-8":
        raise ConfigError(f"names of files would be written as {encoding} here; set PYTHONUTF8=1")


def _is_of_output(error: OSError) -> bool:
    """Tell whether standard output takes nothing more for the reason that ``error`` gives."""
    try:
        os.write(sys.stdout.fileno(), b"\n")
    except (OSError, AttributeError) as exc:
        return isinstance(exc, OSError) and exc.errno == error.errno
    return False
