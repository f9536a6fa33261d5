"""Feeds on demand: ``/feed.atom``, ``/feed.rss`` and ``/feed.json``, rendered from the archive when asked for."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from urllib.parse import parse_qsl

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from aggregator import text, urls
from aggregator.app import App
from aggregator.models import OutputFeed
from aggregator.publish.addresses import KINDS
from aggregator.publish.formats import FORMATS
from aggregator.service import Service
from aggregator.store.searching import Query
from aggregator.web.answers import Version, answer

#: The formats by the address that asks for them.
PATHS = {f"/feed.{kind.demand}": name for name, kind in KINDS.items() if kind.demand}

_MOST_ENTRIES = 200
_MOST_WORDS = 10
#: Posts that may hold the words: a second's work where all of them hold them in their markup alone.
_MOST_LOOKED_THROUGH = 20_000
_LONGEST = 200
_NAMES = ("category", "source", "tag", "q", "limit")


class _Refused(Exception):  # noqa: N818 - an answer, not a failure of ours
    """The request asks for what there is not; ``status`` and the message are the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def handler(name: str, service: Service) -> Callable[[Request], Response]:
    """Return what answers requests for feeds in the format ``name``; it raises DatabaseError."""

    def respond(request: Request) -> Response:
        app = service.app
        try:
            query_string = request.scope["query_string"].decode("ascii")
            feed, query = _feed(app, _parameters(query_string))
        except _Refused as exc:
            return PlainTextResponse(f"{exc}\n", exc.status, {"Cache-Control": "no-cache"})
        posts = app.posts(query, feed.limit)
        document = FORMATS[name].render(app.publication(), replace(feed, query=urls.quoted(query_string)), posts)
        media_type = FORMATS[name].media_type + ("" if name == "json" else "; charset=utf-8")
        version = Version(digest=text.digest_bytes(document.body), size=len(document.body), media_type=media_type)
        return answer(request.headers, version, BytesIO(document.body))

    return respond


def _parameters(query_string: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query_string, keep_blank_values=True, errors="strict", max_num_fields=len(_NAMES))
    except ValueError as exc:
        raise _Refused(400, "The parameters cannot be read: give each once, in UTF-8, percent-encoded.") from exc
    asked = dict(pairs)
    for name, value in pairs:
        if name not in _NAMES:
            raise _Refused(400, f"There is no parameter {name[:40]!r}; possible are {', '.join(_NAMES)}.")
        if not value.strip() or len(value) > _LONGEST or text.legal(value) != value:
            raise _Refused(400, f"{name!r} needs a value of 1 to {_LONGEST} characters.")
    if len(asked) != len(pairs):
        raise _Refused(400, "Give each parameter once.")
    return asked


def _feed(app: App, asked: dict[str, str]) -> tuple[OutputFeed, Query]:
    """Return the feed that ``asked`` describes, and the query for its posts; raises _Refused."""
    base = _base(app, asked.get("category"))
    words = tuple(asked.get("q", "").split())
    if len(words) > _MOST_WORDS:
        raise _Refused(400, f"'q' takes up to {_MOST_WORDS} words.")
    query = Query(
        category=base.category,
        source_id=_source(app, asked.get("source")),
        tag=asked.get("tag"),
        words=words,
        most=_MOST_LOOKED_THROUGH,
    )
    limit = _limit(asked.get("limit"), base.limit)
    narrowed = [f"{name}: {asked[name]}" for name in ("source", "tag", "q") if name in asked]
    title = " · ".join((base.title, *narrowed))
    identity = base.id if not narrowed else f"{base.id}:{text.digest(*narrowed)}"
    return replace(base, id=identity, title=title, limit=limit), query


def _base(app: App, category: str | None) -> OutputFeed:
    feeds = app.publication().feeds
    if category is None:
        return feeds[0]
    path = app.settings.category(category)
    if path is None:
        raise _Refused(404, "There is no such category; give its path as feeds.yaml or the address of its page has it.")
    return next(feed for feed in feeds if feed.category == path)


def _source(app: App, name: str | None) -> str | None:
    if name is not None and all(source.id != name for source in app.settings.sources):
        raise _Refused(404, "There is no such source; /sources lists them with their ids.")
    return name


def _limit(written: str | None, default: int) -> int:
    if written is None:
        return min(default or _MOST_ENTRIES, _MOST_ENTRIES)
    if not written.isascii() or not written.isdigit() or not int(written):
        raise _Refused(400, f"'limit' is a number from 1 to {_MOST_ENTRIES}.")
    return min(int(written), _MOST_ENTRIES)
