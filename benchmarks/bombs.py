"""What documents that are made to hurt cost: seconds, memory, and what comes of them.

    python -m benchmarks.bombs [NAME ...]

reads each of ``DOCUMENTS`` as a run does, and fetches each of ``BODIES`` from a server on loopback, each in a process
of its own; prints the seconds, the peaks of memory of that process and of its worker, and the outcome.
"""

from __future__ import annotations

import resource
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Thread
from time import perf_counter

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from aggregator.domains import Domains
from aggregator.errors import SourceError
from aggregator.fetch import Account, Client, Limits, Request
from aggregator.models import Source
from aggregator.pipeline.confined import Confined
from aggregator.recognise import entries
from aggregator.recognise.making import Asked, Pulled

NOW = datetime(2026, 11, 24, tzinfo=UTC)
URL = "https://example.org/feed"
_HEAD = b'<?xml version="1.0"?>\n'


def rss(inside: bytes, doctype: bytes = b"") -> bytes:
    """Return an RSS document."""
    return b'%s%s\n<rss version="2.0"><channel><title>t</title>%s</channel></rss>' % (_HEAD, doctype, inside)


def item(inside: bytes) -> bytes:
    """Return an RSS document of one item."""
    return rss(b"<item>" + inside + b"</item>")


def atom(inside: bytes, attributes: bytes = b"") -> bytes:
    """Return an Atom document."""
    return b'<feed xmlns="http://www.w3.org/2005/Atom" %s>%s</feed>' % (attributes, inside)


def numbered(template: bytes, times: int) -> bytes:
    """Return ``template`` so many times, each with its number in the place of ``#``."""
    return b"".join(template.replace(b"#", b"%d" % number) for number in range(times))


def _laughs() -> bytes:
    rows = b"".join(b'<!ENTITY l%d "%s">' % (row, b"&l%d;" % (row - 1) * 10) for row in range(1, 10))
    return rss(b"<item><title>&l9;</title></item>", b'<!DOCTYPE rss [<!ENTITY l0 "lol">%s]>' % rows)


def _quadratic(encoding: str = "utf-8") -> bytes:
    declared = b'<!DOCTYPE rss [\n<!ENTITY a "%s">\n]>' % (b"A" * 40_000)
    document = rss(b"<item><description>" + b"&a;" * 20_000 + b"</description></item>", declared)
    return document.decode().encode(encoding)


def _entries(times: int) -> bytes:
    return rss(
        numbered(
            b"<item><title>Title #</title><guid>g#</guid><link>http://example.org/#</link>"
            b"<pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate><description>Some &lt;b>words</description></item>",
            times,
        )
    )


def _json(inside: bytes) -> bytes:
    return b'{"version":"https://jsonfeed.org/version/1.1","title":"t","items":' + inside


#: Documents by what they are.
DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "a billion laughs": _laughs,
    "quadratic entities": _quadratic,
    "quadratic entities in UTF-16": lambda: _quadratic("utf-16"),
    "quadratic entities in UTF-32": lambda: _quadratic("utf-32"),
    "300,000 entities that are not used": lambda: rss(b"", b"<!DOCTYPE rss [%s]>" % (b'<!ENTITY a "b">' * 300_000)),
    "a DOCTYPE without end": lambda: _HEAD + b"<!DOCTYPE rss [" + b'<!ENTITY a "b">' * 300_000,
    "40,000 attributes of one element": lambda: item(b"<b %s/>" % numbered(b'a#="1" ', 40_000)),
    "40,000 attributes without quotes": lambda: item(b"<b %s/>" % numbered(b"a#=1 ", 40_000)),
    "40,000 categories": lambda: item(numbered(b"<category>c#</category>", 40_000)),
    "40,000 authors": lambda: item(numbered(b"<author>a#</author>", 40_000)),
    "40,000 links": lambda: item(numbered(b"<link>http://example.org/#</link>", 40_000)),
    "40,000 enclosures": lambda: item(numbered(b'<enclosure url="http://example.org/#"/>', 40_000)),
    "20,000 namespaces": lambda: rss(numbered(b'<item xmlns:a#="http://x/#"><a#:b>1</a#:b></item>', 20_000)),
    "400,000 levels of nesting": lambda: item(b"<a>" * 400_000 + b"</a>" * 400_000),
    "600,000 tags that are not closed": lambda: item(b"<b>" * 600_000),
    "300,000 tags that are not ended": lambda: item(b"<b " * 300_000),
    "a million ampersands": lambda: item(b"<title>" + b"&" * 1_000_000 + b"</title>"),
    "500,000 references without end": lambda: item(b"<title>" + b"&#x" * 500_000 + b"</title>"),
    "200,000 starts of CDATA": lambda: item(b"<![CDATA[" * 200_000),
    "200,000 starts of comments": lambda: item(b"<!--" * 200_000),
    "200,000 starts of instructions": lambda: b"<?x " * 200_000 + rss(b""),
    "a line of 50 MB": lambda: item(b"<description>" + b"x" * 50_000_000 + b"</description>"),
    "300,000 elements of XHTML": lambda: atom(
        b'<entry><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">%s</div></content></entry>'
        % (b"<p>x</p>" * 300_000)
    ),
    "450 levels of XHTML, 1,000 times": lambda: atom(
        b'<entry><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">%s</div></content></entry>'
        % ((b"<p>" * 450 + b"</p>" * 450) * 1000)
    ),
    "a base of 100 kB, 2,000 short links": lambda: atom(
        b'<entry><link href="../x"/></entry>' * 2000, b'xml:base="http://example.org/%s"' % (b"a/" * 50_000)
    ),
    "a base of 1.9 kB, 60,000 short links": lambda: atom(
        b'<entry><link href="x"/></entry>' * 60_000, b'xml:base="http://example.org/%s"' % (b"a/" * 950)
    ),
    "100 articles of 29,000 tags": lambda: rss(
        numbered(b"<item><guid>#</guid><description>%s</description></item>" % (b"&lt;li>&lt;dd>" * 14_500), 100)
    ),
    "100,000 entries": lambda: _entries(100_000),
    "100,000 items of JSON": lambda: _json(b"[" + numbered(b'{"id":"#","content_text":"x"},', 100_000) + b"{}]}"),
    "5,000,000 levels of JSON": lambda: _json(b"[" * 5_000_000),
    "a number of 5 MB in JSON": lambda: _json(b'[{"id":' + b"9" * 5_000_000 + b"}]}"),
}

#: Content-Encoding and body of 10 GB of zeros, made as they are sent.
BODIES: dict[str, tuple[str, Callable[[], Iterator[bytes]]]] = {
    "10 GB of zeros in 10 MB of gzip": ("gzip", lambda: _zeros(zlib.compressobj(9, zlib.DEFLATED, 31).compress)),
    "10 GB of zeros in brotli": ("br", lambda: _zeros(brotli.Compressor(quality=5).process)),
    "10 GB of zeros in Zstandard": ("zstd", lambda: _zeros(zstd.ZstdCompressor().compress)),
    "10 GB of zeros as they are": ("identity", lambda: _zeros(bytes)),
}


def _zeros(packed: Callable[[bytes], bytes]) -> Iterator[bytes]:
    zeros = bytes(1_000_000)
    for _ in range(10_000):
        yield packed(zeros)


def outcome(body: bytes, confined: Confined) -> str:
    """Return in words what comes of ``body``, read as a pull reads it."""
    try:
        feed = confined.parse(body, "", URL)
        found, _ = entries.candidates(feed.entries)
        pulled = Pulled(info=feed.info, source=Source(id="s", url=URL), now=NOW)
        written = confined.made([Asked(entry=each.entry, key=each.key) for each in found], pulled)
    except SourceError as error:
        return f"refused: {error}"
    return f"{len(written)} of {len(feed.entries)} entries" + "".join(f"; {warning}" for warning in feed.warnings)


def _read(name: str) -> str:
    with Confined() as confined:
        return outcome(DOCUMENTS[name](), confined)


def _fetched(name: str) -> str:
    coding, pieces = BODIES[name]

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Encoding", coding)
            self.end_headers()
            with suppress(ConnectionError):
                for piece in pieces():
                    self.wfile.write(piece)

        def log_message(self, *message: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    account = Account({}, Domains(), per_minute=0, now=NOW)
    client = Client(Limits(allow_private=True), user_agent="benchmark", account=account)
    try:
        return f"{len(client.fetch(Request(source_id='s', url=url), now=NOW).body):,} bytes"
    except SourceError as error:
        return f"refused: {error}"
    finally:
        client.close()
        server.shutdown()


def _measured(work: Callable[[str], str], name: str, back: Connection) -> None:
    began = perf_counter()
    said = work(name)
    seconds = perf_counter() - began
    own, worker = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    spent = own.ru_utime + own.ru_stime + worker.ru_utime + worker.ru_stime
    back.send((seconds, spent, own.ru_maxrss / 1024, worker.ru_maxrss / 1024, said))


def main(chosen: list[str]) -> None:
    """Print a line for each bomb."""
    print(f"{'':40} {'wall s':>7} {'CPU s':>7} {'own MB':>7} {'worker MB':>9}  outcome")
    for work, names in ((_read, DOCUMENTS), (_fetched, BODIES)):
        for name in names:
            if chosen and name not in chosen:
                continue
            ours, theirs = get_context("spawn").Pipe()
            process = get_context("spawn").Process(target=_measured, args=(work, name, theirs))
            process.start()
            wall, spent, own, worker, said = ours.recv()
            process.join()
            print(f"{name:40} {wall:7.2f} {spent:7.2f} {own:7.0f} {worker:9.0f}  {said[:110]}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
