"""The web server's pages: the outputs, feeds on demand, the sources' health, and what monitoring asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import unquote, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.errors import DatabaseError
from aggregator.publish import theme
from aggregator.service import Service
from aggregator.service.metrics import CONTENT_TYPE
from aggregator.times import rfc822
from aggregator.web import feeds, sources
from aggregator.web.files import Files
from aggregator.web.turns import Turns

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
#: Seconds that a search gets, as long as the proxy of deploy/nginx.conf waits for it.
_SEARCH_PATIENCE = 30.0
#: Short questions of one kind at once, and the seconds that the database gets to answer each.
_LOOKS = 2
_PATIENCE = 5.0

_Handler = Callable[[Request], Awaitable[Response]]


def site(service: Service) -> ASGIApp:
    """Return the web application around ``service``."""
    turns = Turns(_SEARCHES, _SEARCH_PATIENCE)
    files = Files(
        lambda: service.app.settings,
        service.clock,
        _removed(service),
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
        file = None if request.scope["query_string"] else files.found(request)
        return file or handler(request)

    return answer


def _removed(service: Service) -> Callable[[Sequence[str]], Awaitable[bool]]:
    turns = Turns(_LOOKS, _PATIENCE)

    async def answer(paths: Sequence[str]) -> bool:
        try:
            return await turns.ask(lambda: any(map(service.app.was_removed, paths)))
        except (DatabaseError, TimeoutError):
            return False

    return answer


def _in_turn(turns: Turns, handler: Callable[[Request], Response]) -> _Handler:
    async def answer(request: Request) -> Response:
        try:
            return await turns.ask(lambda: handler(request))
        except (DatabaseError, TimeoutError):
            # Why stands in the log, and at /healthz.
            headers = {"Retry-After": "60", **_NEVER_STORED}
            return PlainTextResponse("The database cannot be read at the moment.\n", 503, headers)

    return answer


def _health(service: Service) -> _Handler:
    turns = Turns(_LOOKS, _PATIENCE)

    async def answer(request: Request) -> Response:
        try:
            trouble = await turns.ask(service.trouble)
        except TimeoutError:
            trouble = f"the database did not answer within {turns.patience:g} s"
        return PlainTextResponse(f"{trouble or 'ok'}\n", 503 if trouble else 200, _NEVER_STORED)

    return answer


def _metrics(service: Service) -> _Handler:
    turns = Turns(_LOOKS, _PATIENCE)

    async def answer(request: Request) -> Response:
        try:
            states = await turns.ask(service.standings)
        except (DatabaseError, TimeoutError):
            states = None
        service.metrics.sources(states)
        body = service.metrics.exposition()
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
                date = rfc822(self._service.clock())
                message["headers"] = [*message["headers"], *_HEADERS, (b"date", date.encode())]
            await send(message)

        await self._inner(scope, receive, counted)
