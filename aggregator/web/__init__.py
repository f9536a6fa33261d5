"""The web server's pages: the outputs, feeds on demand, the sources' health, and what monitoring asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.app import App
from aggregator.errors import DatabaseError
from aggregator.publish import theme
from aggregator.service import Service
from aggregator.service.metrics import CONTENT_TYPE
from aggregator.service.standing import standings
from aggregator.web import feeds, sources
from aggregator.web.files import Files

#: Posts carry pictures and sound of any origin, and never a script; pages have the one that shows times.
POLICY = (
    "default-src 'none'; img-src * data:; media-src *; style-src 'self' 'unsafe-inline'; "
    f"script-src '{theme.hash_of(theme.script())}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", POLICY.encode()),
)
_NEVER_STORED = {"Cache-Control": "no-store"}
#: Requests that search the archive at once; others wait for their turn, and every file is served meanwhile.
_SEARCHES = 4
#: Seconds that the database gets to answer the question whether it is there.
_HEALTH_PATIENCE = 5.0

_Handler = Callable[[Request], Awaitable[Response]]


def site(service: Service) -> ASGIApp:
    """Return the web application around ``service``."""
    turns = asyncio.Semaphore(_SEARCHES)
    files = Files(
        lambda: service.app.settings.output.path,
        service.clock,
        lambda: service.app.settings.output.templates,
        lambda path: _was_removed(service.app, path),
    )
    routes = {
        **{
            path: _in_turn(turns, _file_first(files, feeds.handler(name, service)))
            for path, name in feeds.PATHS.items()
        },
        "/sources": _in_turn(turns, sources.handler(service)),
        "/healthz": _health(service),
        "/metrics": _metrics(service),
    }
    listed = [Route(path, handler, methods=["GET"]) for path, handler in routes.items()]
    return _Counted(
        Starlette(routes=[*listed, Route("/{path:path}", files.answer, methods=["GET"])]), service, {*routes}
    )


def _file_first(files: Files, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
    # The whole site's JSON Feed stands where feeds on demand are asked for.
    def answer(request: Request) -> Response:
        file = None if request.scope["query_string"] else files.answer(request)
        return handler(request) if file is None or file.status_code in (404, 410) else file

    return answer


def _was_removed(app: App, path: str) -> bool:
    try:
        return app.was_removed(path)
    except DatabaseError:
        return False


def _in_turn(turns: asyncio.Semaphore, handler: Callable[[Request], Response]) -> _Handler:
    async def answer(request: Request) -> Response:
        async with turns:
            try:
                return await run_in_threadpool(handler, request)
            except DatabaseError:
                # Why stands in the log, and at /healthz.
                headers = {"Retry-After": "60", **_NEVER_STORED}
                return PlainTextResponse("The database cannot be read at the moment.\n", 503, headers)

    return answer


def _health(service: Service) -> _Handler:
    async def answer(request: Request) -> Response:
        asked = asyncio.ensure_future(run_in_threadpool(service.trouble))
        done, _ = await asyncio.wait({asked}, timeout=_HEALTH_PATIENCE)
        trouble = asked.result() if done else f"the database did not answer within {_HEALTH_PATIENCE:g} s"
        return PlainTextResponse(f"{trouble or 'ok'}\n", 503 if trouble else 200, _NEVER_STORED)

    return answer


def _metrics(service: Service) -> _Handler:
    def expose() -> bytes:
        try:
            service.metrics.sources(standings(service.app))
        except DatabaseError:
            service.metrics.sources(None)
        return service.metrics.exposition()

    async def answer(request: Request) -> Response:
        body = await run_in_threadpool(expose)
        return Response(body, headers={"Content-Type": CONTENT_TYPE, **_NEVER_STORED})

    return answer


class _Counted:
    """Counts each request by route and status, and adds the headers that every answer has."""

    def __init__(self, inner: ASGIApp, service: Service, routes: set[str]) -> None:
        self._inner = inner
        self._service = service
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith("/"):
            # RFC 9112, section 3.2.2: a client may name the whole address.
            path = urlsplit(scope["raw_path"].decode("ascii")).path or "/"
            scope = {**scope, "raw_path": path.encode(), "path": unquote(path)}
        route = scope["path"] if scope["path"] in self._routes else "files"

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._service.metrics.request(route, message["status"])
                # Uvicorn's own date is up to a second old: a file's time must not come after it.
                date = format_datetime(self._service.clock(), usegmt=True)
                message["headers"] = [*message["headers"], *_HEADERS, (b"date", date.encode())]
            await send(message)

        await self._inner(scope, receive, counted)
