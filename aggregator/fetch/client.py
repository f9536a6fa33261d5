"""Asking for one document: conditional GET with manners, within limits, following redirects by hand."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from http import HTTPStatus
from socket import socket
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from urllib3 import HTTPHeaderDict, HTTPResponse

from aggregator import urls
from aggregator.cadence.budget import MINUTE
from aggregator.errors import DeadlineError, FetchError, ForbiddenError, HttpStatusError, PostponedError
from aggregator.fetch import body, codings, dial, failures, files, model, route, wire
from aggregator.fetch.account import Account
from aggregator.fetch.dial import Resolver, system_resolver
from aggregator.fetch.model import Limits, Request, Response
from aggregator.fetch.route import Route
from aggregator.fetch.slots import Slot, Slots
from aggregator.fetch.watchdog import End, Watch, Watchdog

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, text/html;q=0.5, */*;q=0.1"
)
#: The body of a redirect is read up to this size, so that its connection can be used again.
_SMALL = 16384
#: Seconds that a socket waits longer than its fetch may take: the watchdog, which says why, is to be the first.
_GRACE = 1.0
#: RFC 9110, sections 15 and 15.3.4: a proxy that changed something says 203, and an unknown status counts as 200.
_WHOLE = {HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION, *(set(range(200, 300)) - set(HTTPStatus))}
#: The manipulation of RFC 3229 that feeds know: only the entries that are new.
_DELTA = "feed"
#: RFC 9110, sections 5.1 and 5.5.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")


class Client:
    """Fetches documents, for many threads at once.

    It keeps a few connections open for the next request to their hosts, so make one for each run and close it
    then.  ``user_agent`` names the program, its version and where to read about it; ``account`` tells whether a
    domain may be asked, ``slots`` how many requests at once, where other processes count; ``resolver`` looks up host
    names.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        user_agent: str,
        account: Account,
        slots: Slots | None = None,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._limits = limits
        self._resolver = resolver
        self._manners = {"User-Agent": user_agent, "Accept": _ACCEPT, "Accept-Encoding": codings.ACCEPTED}
        self._watchdog = Watchdog(limits.timeout.total_seconds())
        self._account = account
        self._slots = slots or Slots(limits.per_host, patience=limits.timeout)
        self._instance = _endpoint(limits.instance)
        self._wire = wire.Wire(self._connected, self._attend, per_host=limits.per_host)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def fetch(self, request: Request, *, now: datetime) -> Response:
        """Return the answer to ``request``, asked at ``now``: a whole body, or "not modified".

        Raises FetchError or one of its kinds: ForbiddenError and PostponedError before anything is sent,
        TooLargeError, DeadlineError, HttpStatusError; no message holds a secret.
        """
        if files.is_file(request.url):
            return files.read(request, self._limits)
        way = route.start(request.url)
        self._watchdog.start()
        self._account.admit(way.host, wait=True)
        slot = self._slot(way)
        with self._watchdog.watch() as watch:
            while True:
                with slot, self._account.timed(way.host):
                    outcome = self._asked(request, way, watch, now)
                if isinstance(outcome, Response):
                    return outcome
                way = outcome
                watch.hold(None)
                self._account.admit(way.host, wait=False)
                slot = self._slot(way, watch.left())

    def expecting(self, requests: Iterable[Request]) -> AbstractContextManager[None]:
        """Get ready to ask for ``requests`` in the block: draw the tickets for all of them in one go."""
        with suppress(FetchError):  # each fetch tries again
            self._watchdog.start()
        return self._slots.expecting(self.lane(each.url) for each in requests if not files.is_file(each.url))

    def lane(self, url: str) -> str:
        """Return the name of those whose requests at once are counted together: the domain of ``url``, or its host."""
        return self._account.lane(urls.host(url))

    def abort(self) -> None:
        """End all fetches under way with a FetchError, and refuse new ones; for any thread to call."""
        self._account.stop()
        self._slots.stop()
        self._watchdog.abort()

    def close(self) -> None:
        """Close all connections and end the client's thread; raises what giving back the slots raises."""
        self._watchdog.close()
        self._wire.close()
        self._slots.close()

    def _slot(self, way: Route, patience: float | None = None) -> Slot:
        lane = self._account.lane(way.host)
        slot = self._slots.take(lane, patience)
        if slot is None:
            if self._slots.stopped:
                raise self._ended(End.STOPPED, way.where)
            raise PostponedError(
                f"{lane} is being asked as much at once as 'per_host' in feeds.yaml allows; try again in a minute",
                until=self._account.now() + MINUTE,
            )
        return slot

    def _asked(self, request: Request, way: Route, watch: Watch, now: datetime) -> Response | Route:
        """Ask one address; return the answer, or the way on when it redirects."""
        if not way.trusted and not self._limits.allow_private and _endpoint(way.url) == self._instance:
            raise ForbiddenError(
                f"redirected by {urls.host(way.behind[-1])} to the RSSHub instance, which is not theirs"
            )
        headers = self._headers(request, way)
        failure: FetchError | None = None
        try:
            with self._wire.answered(way.url, headers, watch.left() + _GRACE) as answer:
                outcome = self._judged(request, way, headers, answer, now)
        except ForbiddenError as error:
            failure = _redirected(way, error)
        except FetchError as error:
            failure = error
        except failures.FOREIGN as error:
            failure = failures.ours(error, way.where)
        # Raised out here: inside, the foreign error would follow as the context, with the address in its words.
        try:
            if watch.ended:
                raise self._ended(watch.ended, way.where) from failure
            if failure is not None:
                raise failure
        finally:
            del failure  # it holds this frame, and all that was read
        return outcome

    def _ended(self, end: End, where: str) -> FetchError:
        if end is End.STOPPED:
            return FetchError(f"asking {where} was broken off, since the program stops")
        seconds = self._limits.timeout.total_seconds()
        return DeadlineError(f"{where} did not answer in full within {seconds:g} s, 'timeout' in feeds.yaml")

    def _headers(self, request: Request, way: Route) -> MutableMapping[str, str]:
        headers: MutableMapping[str, str] = self._manners.copy()
        if way.trusted:
            if request.headers:
                headers = HTTPHeaderDict(headers)
            headers.update(_authorization(request.url))
            headers.update(_sendable(request.headers))
        if way.url == request.validators_url or (request.validators_url is None and not way.behind):
            headers.update(_validators(request))
        return headers

    def _judged(
        self, request: Request, way: Route, sent: Mapping[str, str], answer: HTTPResponse, now: datetime
    ) -> Response | Route:
        where, status = way.where, answer.status
        if status < HTTPStatus.BAD_REQUEST:
            self._account.answered(way.host)
        if status in _WHOLE or (status == HTTPStatus.IM_USED and _is_delta(sent, answer.headers)):
            return _response(request, way, answer, now, body.read(answer, self._limits.max_size, where))
        if status in route.REDIRECTS:
            _finish(answer)
            return route.onward(way, status, answer.headers.get("Location"))
        if status == HTTPStatus.NOT_MODIFIED and ("If-None-Match" in sent or "If-Modified-Since" in sent):
            _finish(answer)
            return _response(request, way, answer, now, b"")
        wish = answer.headers.get("Retry-After")
        # The account's time goes on while a run waits for its turns: a pause that was over by ``now`` begins here.
        self._account.refused(way.host, status, model.retry_after(wish, self._account.now()))
        raise _refusal(way, status, model.retry_after(wish, now))

    def _connected(self, host: str, port: int) -> socket:
        watch, private = self._watchdog.current(), self._limits.allow_private or (host, port) == self._instance
        return dial.connected(host, port, watch, resolver=self._resolver, allow_private=private)

    def _attend(self, sock: socket) -> None:
        self._watchdog.current().hold(lambda: dial.shut_down(sock))


def _endpoint(url: str) -> tuple[str, int]:
    split = urlsplit(url)
    return (split.hostname or "").rstrip("."), split.port or (443 if split.scheme == "https" else 80)


def _redirected(way: Route, error: ForbiddenError) -> ForbiddenError:
    return ForbiddenError(f"redirected by {urls.host(way.behind[-1])}: {error}") if way.behind else error


def _finish(answer: HTTPResponse) -> None:
    length = answer.length_remaining
    if length and length <= _SMALL:
        answer.drain_conn()


def _response(request: Request, way: Route, answer: HTTPResponse, now: datetime, content: bytes) -> Response:
    unchanged = answer.status == HTTPStatus.NOT_MODIFIED
    headers = answer.headers
    return Response(
        status=answer.status,
        url=way.url,
        body=content,
        content_type=headers.get("Content-Type", ""),
        etag=model.validator(headers.get("ETag")) or (request.etag if unchanged else None),
        last_modified=model.validator(headers.get("Last-Modified")) or (request.last_modified if unchanged else None),
        moved_to=_moved_to(request, way),
        max_age=model.max_age(headers, now),
        link=headers.get("Link", ""),
    )


def _moved_to(request: Request, way: Route) -> str | None:
    if way.moved_to is None or _authorization(request.url):
        return None
    safe = not request.headers or route.keeps_secrets(route.start(request.url).url, way.moved_to)
    return way.moved_to if safe else None


def _refusal(way: Route, status: int, retry_after: datetime | None) -> FetchError:
    where = way.where
    if status in (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT):
        return FetchError(f"the answer of {where} is empty ({status})")
    if status == HTTPStatus.NOT_MODIFIED:
        words = "304 Not Modified, though it was not asked for changes"
    else:
        words = f"{status} {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else str(status)
    return HttpStatusError(
        f"{where} answered {words}", status=status, retry_after=retry_after, redirected=bool(way.behind)
    )


def _authorization(url: str) -> dict[str, str]:
    if "@" not in url:
        return {}
    split = urlsplit(url)
    if not split.username and not split.password:
        return {}
    pair = f"{unquote(split.username or '')}:{unquote(split.password or '')}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}  # RFC 7617


def _sendable(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise FetchError(f"header {name!a} of this source cannot be sent; see its 'headers' in feeds.yaml")
    return headers


def _validators(request: Request) -> dict[str, str]:
    # RFC 3229, section 10.5.3: with the ETag a server knows what we have, and may send the entries since.
    wish = _DELTA if request.etag else None
    echoed = {"If-None-Match": request.etag, "If-Modified-Since": request.last_modified, "A-IM": wish}
    return {name: value for name, value in echoed.items() if value}


def _is_delta(sent: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    # RFC 3229, section 10.5.2: IM must be there; who forgets it has done the one thing that was asked for.
    return "A-IM" in sent and headers.get("IM", _DELTA).strip().lower() == _DELTA
