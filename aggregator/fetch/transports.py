"""From the address of a source, as feeds.yaml gives it, to the one that is asked."""

from __future__ import annotations

from collections.abc import Callable

from aggregator.errors import ForbiddenError


def address(url: str, rsshub: str) -> str:
    """Return the http, https or file address behind ``url``; ``rsshub`` is the instance that serves rsshub: addresses.

    Raises ForbiddenError for a scheme that is not among ``TRANSPORTS``.
    """
    transport = TRANSPORTS.get(url.partition(":")[0].strip().lower())
    if transport is None:
        known = ", ".join(f"{scheme}:" for scheme in TRANSPORTS)
        raise ForbiddenError(f"the address of a source must begin with one of {known}")
    return transport(url.strip(), rsshub)


def _as_it_is(url: str, rsshub: str) -> str:
    return url


def _by_rsshub(url: str, rsshub: str) -> str:
    return f"{rsshub.rstrip('/')}/{url.partition(':')[2].lstrip('/')}"


#: Each scheme that a source may have: (address, RSSHub instance) → address to ask for.
TRANSPORTS: dict[str, Callable[[str, str], str]] = {
    "http": _as_it_is,
    "https": _as_it_is,
    "rsshub": _by_rsshub,
    "file": _as_it_is,
}
