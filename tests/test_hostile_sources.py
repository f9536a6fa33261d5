"""A run over servers that are made to hurt: each fails for itself, with its reason, and the others lose nothing."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from origin import Cue, Origin, Reply, Script, Seen, raw
from planet import NOW, Item, Planet, rss

from benchmarks.bombs import DOCUMENTS, item

# One worker makes the run over all of them, once.
pytestmark = pytest.mark.xdist_group("hostile")

OK = b"HTTP/1.1 200 OK\r\n"
FEED = rss(Item(guid="1", title="From a hostile server", link="https://hostile.example.org/1")).encode()
TIMEOUT = 6


def answer(body: bytes, **headers: str) -> Script:
    return lambda seen: Reply(body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def endless(head: bytes, piece: bytes, pause: float | None = None) -> Script:
    step = (piece,) if pause is None else (pause, piece)
    return lambda seen: chain([head], chain.from_iterable(repeat(step)))


def leading(status: int, location: str) -> Script:
    return lambda seen: Reply(status=status, headers={"Location": location})


def circling(seen: Seen) -> Reply:
    return Reply(status=302, headers={"Location": seen.path + "x"})


def challenging(status: int) -> Script:
    headers = {"WWW-Authenticate": 'Basic realm="x"', "Proxy-Authenticate": 'Basic realm="x"', "Set-Cookie": "a=b"}
    return lambda seen: Reply(status=status, headers=headers)


#: What a server does, and the words that must tell of it.
HOSTILE: dict[str, tuple[Script, str]] = {
    "leads to the metadata of a cloud": (leading(302, "http://169.254.169.254/latest/"), "is a link-local address"),
    "leads to the metadata for ever": (leading(301, "http://[fd00:ec2::254]/"), "is a cloud's metadata service"),
    "leads to an unspecified address": (leading(307, "http://0/"), "is an unspecified address"),
    "leads to many": (leading(308, "http://224.0.0.1/"), "is a multicast address"),
    "leads to a file": (leading(302, "file:///etc/passwd"), "a file: address is not an http or https address"),
    "leads to an FTP server": (leading(302, "ftp://127.0.0.1/"), "a ftp: address is not an http or https address"),
    "leads to a database": (leading(302, "http://127.0.0.1:6379/"), "port 6379 of 127.0.0.1"),
    "leads to a host behind a backslash": (leading(302, "http://example.org\\@127.0.0.1/"), "is not an http or https"),
    "leads on and on": (circling, "after 5 redirects"),
    "sends gzip that unfolds": (answer(gzip.compress(bytes(20_000_000)), Content_Encoding="gzip"), "larger than 10 MB"),
    "sends plain text as gzip": (answer(FEED, Content_Encoding="gzip"), "cannot be decoded"),
    "folds six times": (answer(FEED, Content_Encoding=", ".join(["gzip"] * 6)), "is coded as"),
    "sends without end": (endless(OK + b"\r\n", b"x" * 100_000), "larger than 10 MB"),
    "announces 10 GB": (raw(OK + b"Content-Length: 10000000000\r\n\r\n"), "larger than 10 MB"),
    "sends headers without end": (endless(OK, b"X: y\r\n"), "too many headers"),
    "sends a header of 70 kB": (raw(OK + b"X: " + b"y" * 70_000 + b"\r\n\r\n"), "a line is too long"),
    "is never final": (endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), "interim answers come without end"),
    "says nothing": (raw(Cue.STALL), "did not answer in"),
    "stops after the head": (raw(OK + b"Content-Length: 9\r\n\r\n", Cue.STALL), "did not answer in full within"),
    "drips its head": (endless(OK + b"X: ", b"y", 0.2), "did not answer in full within"),
    "drips its body": (endless(OK + b"\r\n", b"<", 0.2), "did not answer in full within"),
    "resets": (raw(OK + b"Content-Length: 99\r\n\r\n<rss", Cue.RESET), "connection reset"),
    "ends too soon": (raw(OK + b"Content-Length: 9999\r\n\r\n" + FEED), "was cut short"),
    "ends in the middle": (raw(OK + b"\r\n" + FEED[:-30]), "ends in the middle"),
    "cuts a chunk": (raw(OK + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n" + FEED), "was cut short"),
    "cuts its gzip": (raw(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(FEED)[:-9]), "was cut short"),
    "asks who is there": (challenging(401), "answered 401"),
    "asks as a proxy": (challenging(407), "answered 407"),
    "sends a page": (answer(b"<!DOCTYPE html><html><body>Log in</body></html>"), "is a web page, no feed"),
    "sends a PDF": (answer(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3"), "is no feed"),
    "sends nothing": (answer(b""), "is empty"),
    "sends blanks": (answer(b" \n"), "is empty"),
    "spells a path": (answer(b"/etc/passwd"), "is no feed"),
    "spells an address": (answer(b"http://127.0.0.1/"), "is no feed"),
    "declares entities": (answer(DOCUMENTS["a DOCTYPE without end"]()), "defines entities of its own"),
    "nests": (answer(DOCUMENTS["400,000 levels of nesting"]()), "nested or crowded"),
    "crowds an element": (answer(DOCUMENTS["40,000 attributes of one element"]()), "nested or crowded"),
    "nests JSON": (answer(DOCUMENTS["5,000,000 levels of JSON"]()), "nested too deep"),
    "repeats its base": (answer(DOCUMENTS["a base of 100 kB, 2,000 short links"]()), "longer than any address"),
    "speaks no TLS": (answer(FEED), "127.0.0.1:"),
    "fails with a secret": (lambda seen: Reply(status=500, body=seen.path.encode()), "answered 500"),
}
#: What looks bad and harms nobody: these are read.
ODD: dict[str, Script] = {
    "has validators that cannot be sent": answer(FEED, ETag='"\x01\x7f"', Last_Modified="x" * 9000),
    "has wishes without end": answer(FEED, Retry_After="1e99", Cache_Control="max-age=" + "9" * 20, Expires="-1"),
    "spells an encoding": answer(b'<?xml version="1.0" encoding="utf-7"?>' + FEED.partition(b"?>")[2]),
    "laughs": answer(DOCUMENTS["a billion laughs"]()),
    "grows by squares": answer(DOCUMENTS["quadratic entities in UTF-16"]()),
    "has illegal characters": answer(item(b"<guid>1</guid><title>a\x00&#0;\x1b[31m&#xD800;b</title>")),
    "sends a cookie and hints": raw(
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" + OK + b"Set-Cookie: a=b\r\n"
        b"Content-Length: %d\r\n\r\n" % len(FEED) + FEED
    ),
}  # fmt: skip


def identifier(name: str) -> str:
    return name.lower().replace(" ", "-").replace(",", "")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Planet, Origin, dict[str, Any], str]]:
    """One run over all of them and two good sources, with few file descriptors and a bound on all of its memory."""
    planet = Planet(tmp_path_factory.mktemp("hostile"))
    with Origin() as origin, Origin(bind="127.0.0.2") as good:
        for path in ("/a.xml", "/b.xml"):
            good.put(path, rss(*(Item(guid=path + str(n), title=f"Good {n}") for n in range(20))))
        urls = {f"good-{path[1]}": good.url(path) for path in ("/a.xml", "/b.xml")}
        for name, script in {**{name: script for name, (script, _) in HOSTILE.items()}, **ODD}.items():
            origin.handle(f"/{identifier(name)}", script)
            secret = origin.url(f"/{identifier(name)}?token=SECRETTOKEN").replace("//", "//user:SECRETPW@")
            urls[identifier(name)] = secret.replace("http:", "https:") if name == "speaks no TLS" else secret
        planet.configure(
            [f"{{url: '{url}', id: {name}, headers: {{X-Key: SECRETKEY}}}}" for name, url in urls.items()],
            more=f"fetch: {{allow_private: true, timeout: {TIMEOUT}s, per_host: 16, per_minute: 0}}",
        )
        limits = "ulimit -n 64; ulimit -v 1500000;"
        done = subprocess.run(
            ["/bin/sh", "-c", f"{limits} exec {sys.executable} -m aggregator run --json --at {NOW}"],
            cwd=planet.folder,
            env={**os.environ, "http_proxy": "http://127.0.0.1:9/", "HTTPS_PROXY": "http://127.0.0.1:9/"},
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        yield planet, origin, json.loads(done.stdout), done.stdout + done.stderr


Ran = tuple[Planet, Origin, dict[str, Any], str]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_source_fails_with_its_reason(ran: Ran, name: str) -> None:
    """Each is told once, by its name, with the reason."""
    failures = [each for each in ran[2]["failures"] if each["source"] == identifier(name)]
    assert len(failures) == 1
    assert HOSTILE[name][1] in failures[0]["error"]


def test_nothing_else_failed_and_nothing_is_lost(ran: Ran) -> None:
    """All sources that answered with a feed were read, the good ones whole, and everything is published."""
    planet, _, summary, _ = ran
    assert {each["source"] for each in summary["failures"]} == set(map(identifier, HOSTILE))
    assert summary["sources"]["ok"] == len(ODD) + 2
    assert sum(str(post["title"]).startswith("Good ") for post in planet.posts()) == 40


def test_no_secret_is_in_anything_that_is_left(ran: Ran) -> None:
    """Neither password nor token nor header of a source is printed or published, whatever its server did."""
    planet, _, _, printed = ran
    everything = printed + b"".join(planet.outputs().values()).decode()
    everything += planet.command("sources").stdout + planet.command("sources", "--json").stdout
    assert "SECRET" not in everything
    assert "user:" not in everything


def test_no_line_can_be_forged(ran: Ran) -> None:
    """What servers sent puts no control character into what is printed."""
    assert all(character.isprintable() or character == "\n" for character in ran[3])


def test_secrets_went_to_their_own_server_only(ran: Ran) -> None:
    """A source's headers were sent where feeds.yaml says; no cookie, referrer or header for a proxy was."""
    assert len(ran[1].requests) >= len(HOSTILE) - 1  # one wants TLS, which is not spoken
    for seen in ran[1].requests:
        assert seen.headers["X-Key"] == "SECRETKEY"
        assert not {"Cookie", "Referer", "Proxy-Authorization"} & set(seen.headers.keys())


def test_nothing_is_left_behind(ran: Ran) -> None:
    """No temporary file and no half-written output remains."""
    planet = ran[0]
    left = [path.name for path in planet.folder.rglob("*") if path.is_file() and path.name.startswith((".", "tmp"))]
    assert not [name for name in left if "lock" not in name]
    assert {path.name for path in planet.folder.iterdir()} >= {"feeds.yaml", "aggregator.db", "public", "posts"}


def test_the_next_run_asks_only_those_that_are_due(ran: Ran) -> None:
    """A minute later no hostile server is asked again: each backs off."""
    planet, origin, _, _ = ran
    before = len(origin.requests)
    assert planet.command("run", "--at", NOW.replace("08:00:00", "08:01:00")).returncode == 0
    assert len(origin.requests) == before


def test_two_lines_that_lead_to_one_feed_publish_it_once(tmp_path: Path, origin: Origin) -> None:
    """A feed that is subscribed at its old and its new address makes each post once, credited to both lines."""
    items = [Item(guid=str(n), link=f"https://site.example.org/{n}") for n in range(3)]
    origin.put("/new", rss(*items))
    origin.put("/old", "", status=301, headers={"Location": "/new"})
    planet = Planet(tmp_path)
    planet.configure([f"{{url: '{origin.url(path)}', id: {path[1:]}}}" for path in ("/new", "/old")])
    for _ in range(2):
        planet.run()
        assert len(planet.entries()) == len(planet.posts()) == 3


def test_a_feed_of_many_entries_holds_up_no_other(tmp_path: Path, origin: Origin) -> None:
    """All of them are taken, or the newest that 'keep' allows; the feeds that are published stay short."""
    day = "Mon, 23 Nov 2026 {:02d}:{:02d}:{:02d} GMT"
    dated = ((n, day.format(n // 3600, n // 60 % 60, n % 60)) for n in range(1500))
    many = rss(
        *(Item(title=f"Many {n}", guid=str(n), link=f"https://m.example.org/{n}", date=date) for n, date in dated)
    )
    origin.put("/many", many)
    origin.put("/one", rss(Item(title="One", guid="1")))
    planet = Planet(tmp_path)
    lines = [("many", "/many", ""), ("few", "/many?keep", ", keep: 7"), ("one", "/one", "")]
    planet.configure(
        [f"{{url: '{origin.url(path)}', id: {name}, category: {name}{more}}}" for name, path, more in lines]
    )
    summary = planet.run()
    assert summary["sources"]["failed"] == 0
    assert len(planet.entries("many/atom.xml")) == 50
    assert [entry.title for entry in planet.entries("one/atom.xml")] == ["One"]
    kept = json.loads(planet.command("sources", "--json").stdout)
    assert {each["id"]: each["entries"] for each in kept} == {"many": 1500, "few": 7, "one": 1}
