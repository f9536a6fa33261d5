"""1,000 sources on 50 hosts, each answering after 50 ms: how near fetching comes to the bound that its limits set.

`python -m benchmarks.fetching` prints the wall time of fetching them all, the bound, and their ratio.  The server is a
process of its own on loopback; the hosts are names that lead there, each of a domain of its own.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter

from aggregator.domains import Domains
from aggregator.errors import FetchError
from aggregator.fetch import Account, Client, Limits, Request, fetch_all
from aggregator.fetch.dial import Address

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SOURCES, HOSTS, DELAY = 1000, 50, 0.05
_BODY = b'<rss version="2.0"><channel><title>t</title></channel></rss>'
_ANSWER = b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: %d\r\n\r\n%s' % (len(_BODY), _BODY)


async def _answer(most: dict[bytes, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            host = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"host:"))
            _under_way[host] += 1
            most[host] = max(most.get(host, 0), _under_way[host])
            await asyncio.sleep(DELAY)
            _under_way[host] -= 1
            writer.write(_ANSWER)
            await writer.drain()
    writer.close()


_under_way: Counter[bytes] = Counter()


def _serve(pipe: Connection) -> None:
    async def run() -> None:
        most: dict[bytes, int] = {}
        server = await asyncio.start_server(partial(_answer, most), "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(pipe.recv)
        pipe.send(max(most.values(), default=0))
        server.close()

    asyncio.run(run())


@contextmanager
def serving() -> Iterator[tuple[int, Connection]]:
    """Start the server; yield its port, and a pipe that answers anything with the most requests at once to a host."""
    ours, its = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(its,), daemon=True)
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        process.terminate()
        process.join()


def measured(port: int, *, concurrency: int, per_host: int) -> float:
    """Return the seconds that fetching all sources takes within the limits given."""

    def resolve(host: str, _: int) -> Sequence[Address]:
        return [("127.0.0.1", port)]

    requests = [
        Request(source_id=str(number), url=f"http://feeds.host{number % HOSTS}.example:{port}/{number}")
        for number in range(SOURCES)
    ]
    account = Account({}, Domains(), per_minute=60, now=NOW, patience=timedelta(0))
    limits = Limits(per_host=per_host, allow_private=True)
    with Client(limits, user_agent="benchmark", account=account, resolver=resolve) as client:
        begun = perf_counter()
        fetch = partial(client.fetch, now=NOW)
        with client.expecting(requests):
            results = list(fetch_all(requests, fetch, concurrency=concurrency, per_host=per_host, lane=client.lane))
        seconds = perf_counter() - begun
    failures = [result for _, result in results if isinstance(result, FetchError)]
    if failures or len(results) != SOURCES:
        raise SystemExit(f"{len(failures)} of {len(results)} failed: {failures[:1]}")
    return seconds


def main() -> None:
    """Print wall time and bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--concurrency", type=int, default=32, help="requests at once, as in feeds.yaml")
    parser.add_argument("--per-host", type=int, default=2, help="requests at once to one host, as in feeds.yaml")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    at_once = min(given.concurrency, HOSTS * given.per_host)
    bound = SOURCES / at_once * DELAY
    with serving() as (port, pipe):
        seconds = sorted(
            measured(port, concurrency=given.concurrency, per_host=given.per_host) for _ in range(given.runs)
        )
        pipe.send(None)
        most = pipe.recv()
    print(
        f"{SOURCES} sources on {HOSTS} hosts, {DELAY * 1000:.0f} ms each, {at_once} at once, {most} at once to a host"
    )
    median = seconds[len(seconds) // 2]
    print(f"bound {bound:.2f} s, median of {given.runs} {median:.2f} s: {median / bound:.2f} times the bound")
    print(" ".join(chain(("runs:",), (f"{each:.2f}" for each in seconds))))


if __name__ == "__main__":
    main()
