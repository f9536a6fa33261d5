"""Commands that stay: serve, schedule."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import common
from aggregator.cli.common import Config

if TYPE_CHECKING:
    from aggregator.service import Service
    from aggregator.service.log import Log


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where the web server listens.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Its port; 0 takes any that is free.")
    ] = 8080,
    config: Config = None,
) -> None:
    """The service: scheduler, web server and the watch on feeds.yaml, until SIGTERM.

    Example: aggregator serve --port 8000
    """
    from aggregator.service import log as logs
    from aggregator.web import site
    from aggregator.web.server import WebServer, listening

    log = logs.opened()
    with listening(host, port) as listener, logs.libraries_through(log):
        service = _service(context, config, "serve", log)
        code = service.run(WebServer(site(service), listener, log))
    raise typer.Exit(code)


def schedule(context: typer.Context, config: Config = None) -> None:
    """The same service without the web server.

    Example: aggregator schedule
    """
    from aggregator.service import log as logs

    log = logs.opened()
    with logs.libraries_through(log):
        code = _service(context, config, "schedule", log).run()
    raise typer.Exit(code)


def _service(context: typer.Context, config: str | None, command: str, log: Log) -> Service:
    from aggregator.service import Service
    from aggregator.service.configuration import File
    from aggregator.service.notify import Notifier

    return Service(
        File(common.config_path(context, config), os.environ),
        clock=common.clock,
        holder=common.holder(command),
        notifier=Notifier(os.environ, log),
        log=log,
    )
