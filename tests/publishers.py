"""The publishers of the score: each scene is one way in which a server treats those who ask for its feed."""

from __future__ import annotations

import gzip
from datetime import datetime

from origin import Raw, Reply, Seen
from stage import DAY, HOUR, NEWS, START, Answer, Scene, document, http_date, reply, slow


def steady(headers: dict[str, str], more: str = "") -> Answer:
    """Answer with news now and then, and with ``headers``, in which ``{}`` is the version."""

    def answer(count: int, seen: Seen, now: datetime) -> Reply:
        version = (now - START) // NEWS
        return reply(seen, document(now, more=more), {name: said.format(version) for name, said in headers.items()})

    return answer


def turns(*answers: Answer) -> Answer:
    """Answer with each of ``answers`` in turn, the last one for ever."""
    return lambda count, seen, now: answers[min(count, len(answers) - 1)](count, seen, now)


def status(code: int, headers: dict[str, str] | None = None) -> Answer:
    return lambda count, seen, now: reply(seen, b"<html>no</html>", headers, status=code)


def led(code: int, target: str, headers: dict[str, str] | None = None) -> Answer:
    return lambda count, seen, now: Reply(status=code, headers={"Location": target, **(headers or {})})


def still(count: int, seen: Seen, now: datetime) -> Reply:
    """Nothing new, ever."""
    return reply(seen, document(START), {"ETag": '"still"'})


def touched(count: int, seen: Seen, now: datetime) -> Reply:
    """The same body, with other validators each time."""
    return reply(seen, document(START), {"ETag": f'"touch-{count}"', "Last-Modified": http_date(now)})


def refreshed(count: int, seen: Seen, now: datetime) -> Reply:
    """304 to every conditional request, each with a new ETag."""
    if "If-None-Match" in seen.headers:
        return Reply(status=304, headers={"ETag": f'"fresh-{count}"'})
    return reply(seen, document(now), {"ETag": f'"fresh-{count}"'})


def cut(count: int, seen: Seen, now: datetime) -> Raw:
    yield b'HTTP/1.1 200 OK\r\nETag: "cut"\r\nContent-Length: 99999\r\n\r\n' + document(now)


def hostile(count: int, seen: Seen, now: datetime) -> Raw:
    body = document(now)
    tag = b'"\x01\x02"' if count % 2 else b'"%s"' % (b"x" * 20_000)
    yield b"HTTP/1.1 200 OK\r\nETag: %s\r\nContent-Length: %d\r\n\r\n%s" % (tag, len(body), body)


def terse(count: int, seen: Seen, now: datetime) -> Reply:
    """A max-age with the feed, and none with the 304s that follow."""
    if "If-None-Match" in seen.headers:
        return Reply(status=304, headers={"ETag": '"terse"'})
    return reply(seen, document(now), {"ETag": '"terse"', "Cache-Control": "max-age=43200"})


def expires(count: int, seen: Seen, now: datetime) -> Reply | Raw:
    return steady({**ETAG, "Date": http_date(now), "Expires": http_date(now + 8 * HOUR)})(count, seen, now)


def later(count: int, seen: Seen, now: datetime) -> Reply | Raw:
    return reply(seen, b"", {"Retry-After": http_date(now + 5 * HOUR)}, status=503)


def nonsense(count: int, seen: Seen, now: datetime) -> Reply:
    wish = ("-5", "soon", "Thu, 01 Jan 1970 00:00:00 GMT")[count % 3]
    return reply(seen, b"", {"Retry-After": wish}, status=429)


def delta(count: int, seen: Seen, now: datetime) -> Reply:
    """The whole feed at first, then only what is new, to those that take it."""
    etag = {"ETag": f'"delta-{count}"'}
    if "A-IM" in seen.headers:
        return Reply(
            status=226, body=document(now).replace(b"<item>", b"<item><comments/>", 1), headers={"IM": "feed", **etag}
        )
    return reply(seen, document(now), etag)


def silent(count: int, seen: Seen, now: datetime) -> Reply:
    return reply(seen, document(START - 400 * DAY), {"ETag": '"old"'})


def zipped(count: int, seen: Seen, now: datetime) -> Reply:
    offered = "gzip" in seen.headers.get("Accept-Encoding", "")
    body = gzip.compress(document(now)) if offered else document(now)
    return reply(seen, body, {"Content-Encoding": "gzip"} if offered else {})


ETAG = {"ETag": '"steady-{}"'}
ODD = "Sun, 1 Nov 26 0:00:{}+0100 (about noon)"
HOURS = (1, 2, 3, 4, 13)
SKIP_HOURS = "".join(f"<hour>{hour}</hour>" for hour in HOURS)
ALL_HOURS = "".join(f"<hour>{hour}</hour>" for hour in range(24))
SYNDICATION = (
    '<updatePeriod xmlns="http://purl.org/rss/1.0/modules/syndication/">daily</updatePeriod>'
    '<updateFrequency xmlns="http://purl.org/rss/1.0/modules/syndication/">2</updateFrequency>'
)
COOKIE = {"Set-Cookie": "id=1; Path=/"}
MANY = [f"/many/{number}" for number in range(30)]
TARGETS = ("/d01-new", "/d02-new", "/d03-new", "/d04-new", "/d05-new", "/d07-new", "/e03-new", "/m11-page")

SCENES = [
    Scene("/a01", steady({"ETag": '"a-{}"'})),
    Scene("/a02", steady({"Last-Modified": ODD})),
    Scene("/a03", steady({"ETag": '"both-{}"', "Last-Modified": "Sun, 01 Nov 2026 00:00:{} GMT"})),
    Scene("/a04", steady({})),
    Scene("/a06", steady({"ETag": 'W/"weak-{}"'})),
    Scene("/a07", steady({"ETag": "bare-{}"})),
    Scene("/a08", steady({"ETag": '"moving-{}"', "Last-Modified": "Sun, 01 Nov 2026 00:00:00 GMT"})),
    Scene("/a09", touched),
    Scene("/a10", refreshed),
    Scene("/a11", turns(steady(ETAG | {"Last-Modified": "once"}), lambda count, seen, now: reply(seen, document(now)))),
    Scene("/a12", turns(steady(ETAG), status(404, {"ETag": '"404"'}), status(500, {"ETag": '"500"'}), steady(ETAG))),
    Scene(
        "/a13",
        turns(
            steady(ETAG), lambda count, seen, now: reply(seen, b"<html>log in</html>", {"ETag": '"page"'}), steady(ETAG)
        ),
    ),
    Scene("/a14", turns(steady(ETAG), cut, steady(ETAG))),
    Scene("/a15", hostile),
    Scene("/b03", steady({**ETAG, "Cache-Control": "public, max-age=43200"})),
    Scene("/b03-terse", terse),
    Scene("/b04", steady({**ETAG, "Cache-Control": "max-age=315360000, immutable"})),
    Scene("/b05", steady({**ETAG, "Cache-Control": "no-cache, no-store, max-age=0"})),
    Scene("/b06", expires),
    Scene("/b07", steady(ETAG, "<ttl>360</ttl>")),
    Scene("/b08", steady(ETAG, f"<skipHours>{SKIP_HOURS}</skipHours>")),
    Scene("/b09", steady(ETAG, "<skipDays><day>Tuesday</day></skipDays>")),
    Scene("/b10", steady(ETAG, SYNDICATION)),
    Scene("/b11-minus", steady(ETAG, "<ttl>-5</ttl>")),
    Scene("/b11-huge", steady(ETAG, "<ttl>1e99</ttl>")),
    Scene("/b11-hours", steady(ETAG, f"<skipHours>{ALL_HOURS}</skipHours>")),
    Scene("/c01", turns(steady(ETAG), status(429, {"Retry-After": "18000"}), steady(ETAG))),
    Scene("/c02", turns(steady(ETAG), later, steady(ETAG))),
    Scene("/c03", turns(steady(ETAG), status(429))),
    Scene("/c04", turns(steady(ETAG), nonsense)),
    Scene("/c05", turns(steady(ETAG), status(429, {"Retry-After": "315360000"}))),
    Scene("/c06", status(500)),
    Scene("/c07", turns(steady(ETAG), status(410))),
    Scene("/c08", status(404)),
    Scene("/c09", status(304)),
    Scene("/d01", led(301, "/d01-new")),
    Scene("/d02", led(308, "/d02-new")),
    Scene("/d03", led(302, "/d03-new")),
    Scene("/d04", led(307, "/d04-new")),
    Scene("/d05", led(303, "/d05-new")),
    Scene("/d06", lambda count, seen, now: Reply(status=302, headers={"Location": f"/d06?{count}"})),
    Scene("/d07", turns(steady({"ETag": '"theirs-{}"'}), led(302, "/d07-new"))),
    Scene("/e03", led(302, "/e03-new", COOKIE)),
    Scene("/e04?a=1&b=%20x&c", steady(ETAG)),
    Scene("/e05", zipped),
    Scene("/m03", delta),
    Scene("/m08", silent),
    Scene("/m11", led(301, "/m11-page")),
    Scene("/m12", steady({**ETAG, "Cache-Control": "max-age=43200", "Age": "36000"})),
    *(Scene(path, slow(still, 0.01)) for path in MANY),
    *(Scene(path, steady({**ETAG, **COOKIE}), subscribed=False) for path in TARGETS[:-1]),
    Scene("/m11-page", lambda count, seen, now: reply(seen, b"<html>buy this name</html>"), subscribed=False),
]
