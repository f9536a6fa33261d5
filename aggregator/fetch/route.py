"""Where a chain of redirects leads, and what may still be sent there.  Decides only; asks nobody."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from aggregator import urls
from aggregator.errors import FetchError, ForbiddenError
from aggregator.fetch import guard

#: RFC 9110, section 15.4; 300 and 305 name no single place to go to.
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_MOST_HOPS = 5


class Route(Struct, frozen=True, kw_only=True):
    """The way so far: ``url`` is the next address to ask, without credentials; ``behind`` those already asked.

    ``host`` is the name in ``url``, which there is an account of, ``where`` the same with its port.
    ``trusted`` tells whether ``url`` may see the source's own headers and password.  ``moved_to`` is the end
    of the permanent redirects that the chain began with; ``permanent`` whether they reach ``url``.
    """

    url: str
    host: str
    where: str
    behind: tuple[str, ...] = ()
    trusted: bool = True
    permanent: bool = True
    moved_to: str | None = None


def start(url: str) -> Route:
    """Return the route that begins at a source's ``url``; raises ForbiddenError when it may not be asked."""
    permitted = guard.permit(url)
    return Route(url=permitted, host=urls.host(permitted), where=guard.netloc(permitted))


def onward(route: Route, status: int, location: str | None) -> Route:
    """Return ``route`` after its address answered with redirect ``status`` to ``location``, a header as it came.

    Raises ForbiddenError for a target that may not be asked and for too many redirects, FetchError for
    redirects that go in a circle or nowhere.
    """
    here = route.host
    if not location or not location.strip():
        raise FetchError(f"{here} answered with a redirect ({status}) that does not say where to")
    target = guard.permit(_resolved(location.strip(), route.url))
    if target == route.url or target in route.behind:
        raise FetchError(f"{here} redirects in a circle")
    if len(route.behind) == _MOST_HOPS:
        raise ForbiddenError(f"{here} redirects once more after {_MOST_HOPS} redirects")
    permanent = route.permanent and status in _PERMANENT
    return replace(
        route,
        url=target,
        host=urls.host(target),
        where=guard.netloc(target),
        behind=(*route.behind, route.url),
        trusted=route.trusted and keeps_secrets(route.url, target),
        permanent=permanent,
        moved_to=target if permanent else route.moved_to,
    )


def keeps_secrets(url: str, target: str) -> bool:
    """Tell whether ``target`` is of the same origin as ``url``, or the same host's step up from http to https.

    The step up counts between the default ports only: another port may be another person's server.
    """
    one, other = urlsplit(url), urlsplit(target)
    upgraded = (one.scheme, other.scheme) == ("http", "https") and one.port is None
    return one.netloc == other.netloc and (one.scheme == other.scheme or upgraded)


def _resolved(location: str, base: str) -> str:
    # The bytes of a header reach us as Latin-1; servers that send more than ASCII send UTF-8.
    with suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")
    return urls.absolute(location, base) or location
