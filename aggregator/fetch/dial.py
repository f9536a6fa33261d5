"""From a host's name to a connected socket: the address that was checked is the address that is connected to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from queue import SimpleQueue

from aggregator.errors import FetchError, ForbiddenError
from aggregator.fetch import guard, threads
from aggregator.fetch.watchdog import Watch

#: An IPv4 or IPv6 address as text, and a port.
Address = tuple[str, int]
#: From a host's name and a port to its addresses; raises OSError as ``socket.getaddrinfo`` does.
Resolver = Callable[[str, int], Sequence[Address]]

#: Seconds for all attempts to connect together; a server that takes longer does not serve.
_CONNECT = 10.0
#: So many addresses of a name are tried: more would leave none of them time enough.
_ATTEMPTS = 4

_LOOKUP_WORDS = {
    socket.EAI_NONAME: "there is no such host",
    getattr(socket, "EAI_NODATA", None): "the host has no address",
    socket.EAI_AGAIN: "the name server does not answer",
}


def system_resolver(host: str, port: int) -> Sequence[Address]:
    """Ask the system: its hosts file and name servers."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(str(answer[4][0]), port) for answer in answers if answer[0] in (socket.AF_INET, socket.AF_INET6)]


def connected(host: str, port: int, watch: Watch, *, resolver: Resolver, allow_private: bool) -> socket.socket:
    """Return a socket connected to ``host``, which ``watch`` cuts off in time.

    The name is looked up once, and one forbidden address among the answers forbids them all: the next look-up
    may put it first (DNS rebinding).  Raises ForbiddenError before anything is sent, FetchError when no
    address answers.
    """
    addresses = _looked_up(host, port, watch, resolver)
    for address in addresses:
        _check(host, address, allow_private)
    where = host if port in (80, 443) else f"{host}:{port}"
    return _first_connected(where, addresses[:_ATTEMPTS], watch)


def shut_down(sock: socket.socket) -> None:
    """Shut a connection down under another thread that waits on it."""
    # An SSLSocket's own shutdown() takes its TLS state away from under the thread that reads.
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _looked_up(host: str, port: int, watch: Watch, resolver: Resolver) -> Sequence[Address]:
    try:
        addresses = resolver(host, port) if _is_literal(host) else _awaited(host, port, watch, resolver)
    except socket.gaierror as error:
        words = _LOOKUP_WORDS.get(error.errno, "the name cannot be looked up")
        raise FetchError(f"cannot find {host}: {words}") from error
    except UnicodeError as error:
        raise FetchError(f"cannot find {host}: no host can have this name") from error
    except OSError as error:
        raise FetchError(f"cannot find {host}: {reason(error)}") from error
    if not addresses:
        raise FetchError(f"cannot find {host}: the host has no address")
    return addresses


def _is_literal(host: str) -> bool:
    with suppress(ValueError):
        return bool(ip_address(host))
    return False


def _awaited(host: str, port: int, watch: Watch, resolver: Resolver) -> Sequence[Address]:
    # getaddrinfo cannot be interrupted, and without a name server it takes up to half a minute: it gets a thread
    # of its own, which is left behind when time is up.
    answers: SimpleQueue[Sequence[Address] | Exception] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(resolver(host, port))
        except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
            answers.put(error)

    watch.hold(lambda: answers.put(TimeoutError("time is up")))
    try:
        threads.start(threading.Thread(target=look_up, name="fetch-lookup", daemon=True))
    except FetchError:
        look_up()  # late, maybe, but then the deadline is met behind it
    answer = answers.get()
    watch.hold(None)
    if isinstance(answer, Exception):
        raise answer
    return answer


def _check(host: str, address: Address, allow_private: bool) -> None:
    ip = ip_address(address[0])
    objection = guard.objection(ip, allow_private=allow_private)
    if objection is None:
        return
    where = host if host == address[0] else f"{host} ({ip})"
    opened = not allow_private and guard.allowed(ip, allow_private=True)
    advice = "; 'allow_private: true' in feeds.yaml allows it" if opened else ""
    raise ForbiddenError(f"{where} is {objection}, where no source may be{advice}")


def _first_connected(where: str, addresses: Sequence[Address], watch: Watch) -> socket.socket:
    deadline = time.monotonic() + min(_CONNECT, watch.left())
    failure: OSError | None = None
    for waiting, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        try:
            return _connected(address, max(deadline - time.monotonic(), 0.001) / waiting, watch)
        except OSError as error:
            failure = failure or error
    raise FetchError(f"cannot connect to {where}: {reason(failure)}") from failure


def _connected(address: Address, timeout: float, watch: Watch) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(timeout)
        watch.hold(lambda: shut_down(sock))
        sock.connect(address)
        watch.check()  # cutting off a socket that is not connected yet need have no effect
        sock.settimeout(watch.left())  # a TLS handshake must be done within it as a whole
    except BaseException:
        sock.close()
        raise
    return sock


def reason(error: BaseException | None) -> str:
    """Return an operating system's error as words for a sentence: "connection refused"."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    words: str = getattr(error, "strerror", None) or "the connection failed"
    return words[:1].lower() + words[1:]
