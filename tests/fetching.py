"""What the tests of ``aggregator.fetch`` share: a moment, clients for loopback, names that lead there."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from aggregator.domains import Domains
from aggregator.fetch import Account, Client, Limits, Request, Response
from aggregator.fetch.dial import Address, Resolver, system_resolver

NOW = datetime(2024, 1, 2, 12, 0, tzinfo=UTC)
AGENT = "aggregator/1.0 (+https://planet.example.org/)"
OK = b"HTTP/1.1 200 OK\r\n"


def client(
    *, timeout: float = 30, max_size: int = 1_000_000, private: bool = True, resolver: Resolver | None = None
) -> Client:
    """Return a client that may ask loopback, unless it is not ``private``."""
    limits = Limits(timeout=timedelta(seconds=timeout), max_size=max_size, allow_private=private)
    return Client(limits, user_agent=AGENT, account=account(), resolver=resolver or system_resolver)


def account(per_minute: int = 0) -> Account:
    """Return an account that knows of no domain yet, and of no limit unless one is given."""
    return Account({}, Domains(), per_minute=per_minute, now=NOW)


def ask(
    by: Client, url: str, *, etag: str | None = None, last_modified: str | None = None, known: str | None = None
) -> Response:
    """Return what comes of asking for ``url``, given the validators that ``known``, or the same address, gave."""
    return by.fetch(
        Request(source_id="s", url=url, etag=etag, last_modified=last_modified, validators_url=known), now=NOW
    )


def request(url: str, headers: Mapping[str, str]) -> Request:
    return Request(source_id="s", url=url, headers=headers)


def names(**table: Sequence[Address] | int) -> Resolver:
    """Return a resolver for the names in ``table``, dots written as ``_``: addresses, or a port on loopback.

    The port that is asked for does not count, so that a test can use a name with the default port.  Hosts that
    are addresses stand for themselves; any other name is unknown.
    """

    def resolve(host: str, port: int) -> Sequence[Address]:
        answer = table.get(host.replace(".", "_"))
        if answer is None:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            return [(str(each[4][0]), port) for each in found]
        return [("127.0.0.1", answer)] if isinstance(answer, int) else answer

    return resolve


@contextmanager
def unused_port() -> Iterator[int]:
    """Yield a port of loopback where nobody listens, nor can before the block ends."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
