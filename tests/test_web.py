"""The web server: manners of HTTP, feeds on demand, the sources' health, and what monitoring asks for."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from email.utils import formatdate, parsedate_to_datetime
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path

import feedparser
import pytest
from lxml import html
from origin import Origin
from planet import Item, Planet, rss
from prometheus_client.parser import text_string_to_metric_families
from serving import Answer, Running, ask, begun, read

# One service for the whole file: whoever changes its state uses a planet of his own.
pytestmark = pytest.mark.xdist_group("web")

Address = tuple[str, int]

SECRET = "s3cr3t"
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def planet(tmp_path_factory: pytest.TempPathFactory) -> Planet:
    return Planet(tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="module")
def address(planet: Planet) -> Iterator[Address]:
    """The address of a service that has pulled four sources, of which two failed."""
    with Origin() as origin:
        long = "<p>" + "Harbour and bridge. " * 100 + "</p>"
        tagged = "<category>sea &amp; port</category>"
        origin.put("/a.xml", rss(Item(title="Alpha", guid="1", body=long, more=tagged), Item(title="Beta", guid="2")))
        origin.put("/b.xml", rss(Item(title="趣闻", guid="3"), title="&lt;b>Bold &amp; co"))
        origin.put("/broken.xml", "no feed", content_type="text/plain")
        url = origin.url("/").removeprefix("http://").rstrip("/")
        planet.configure(
            [
                f"{{url: 'http://{url}/a.xml', id: a, category: News}}",
                f"{{url: 'http://{url}/b.xml', id: b, category: 新媒体/趣头条}}",
                f"{{url: 'http://{url}/broken.xml', id: broken}}",
                f"{{url: 'http://user:{SECRET}@{url}/none.xml?token={SECRET}', id: lost}}",
                f"{{url: 'http://{url}/off.xml', id: off, enabled: false}}",
            ],
            more="categories: {新媒体: {slug: new-media}}",
        )
        with Running(planet.folder, "serve", "--port", "0") as service:
            service.said("event=cycle pulled=4 ok=2 ")
            yield service.address


def linked(body: bytes, rel: str) -> list[str]:
    return [str(link.href) for link in feedparser.parse(BytesIO(body)).feed.links if link.rel == rel]


# files


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/atom.xml", "application/atom+xml; charset=utf-8"),
        ("/rss.xml", "application/rss+xml; charset=utf-8"),
        ("/health.xml", "application/atom+xml; charset=utf-8"),
        ("/news/feed.json", "application/feed+json"),
        ("/opml.xml", "text/x-opml; charset=utf-8"),
        ("/new-media/%E8%B6%A3%E5%A4%B4%E6%9D%A1/atom.xml", "application/atom+xml; charset=utf-8"),
    ],
)
def test_outputs_are_served_as_what_they_are(planet: Planet, address: Address, path: str, media_type: str) -> None:
    """Each has its media type, its validators and its freshness, and the bytes that are on the disk."""
    answer = ask(address, path)
    assert (answer.status, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert re.fullmatch(r'"[0-9a-f]{32}"', answer.headers["etag"])
    assert int(answer.headers["content-length"]) == len(answer.body)
    file = planet.folder / "public/new-media/趣头条/atom.xml" if "%" in path else planet.folder / "public" / path[1:]
    on_disk = file / "index.html" if path == "/" else file
    assert answer.body == on_disk.read_bytes()
    assert parsedate_to_datetime(answer.headers["last-modified"]).timestamp() == int(on_disk.stat().st_mtime)


def test_every_answer_has_the_headers_that_keep_browsers_in_check(address: Address) -> None:
    """Pages, errors and numbers alike; and none tells what server it is."""
    for path in ("/", "/atom.xml", "/nothing", "/sources", "/healthz", "/metrics", "/feed.atom?x="):
        headers = ask(address, path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_head_is_get_without_a_body(address: Address) -> None:
    """Status and headers are the same, whatever is asked for."""
    for path in ("/", "/atom.xml", "/nothing", "/sources", "/healthz", "/feed.rss?limit=1"):
        got, head = ask(address, path), ask(address, path, "HEAD")
        assert head.body == b""
        assert {**head.headers, "date": ""} == {**got.headers, "date": ""}
        assert head.status == got.status


ETAG = "(etag)"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If_None_Match": ETAG}, 304),
        ({"If_None_Match": f"W/{ETAG}"}, 304),
        ({"If_None_Match": f'"x", W/"y" ,{ETAG}'}, 304),
        ({"If_None_Match": "*"}, 304),
        ({"If_None_Match": '"x"'}, 200),
        ({"If_None_Match": "x"}, 200),
        ({"If_None_Match": '"x"', "If_Modified_Since": "(modified)"}, 200),
        ({"If_None_Match": ETAG, "If_Modified_Since": "Mon, 01 Jan 2001 00:00:00 GMT"}, 304),
        ({"If_Modified_Since": "(modified)"}, 304),
        ({"If_Modified_Since": formatdate(4e9, usegmt=True)}, 304),
        ({"If_Modified_Since": "Mon, 01 Jan 2001 00:00:00 GMT"}, 200),
        ({"If_Modified_Since": "yesterday"}, 200),
        ({"If_Modified_Since": "Mon, 99 Jan 99999 00:00:00 GMT"}, 200),
        ({"If_Modified_Since": "Mon, 01 Jan 2001 00:00:00 -0000 GMT"}, 200),
        ({"If_Modified_Since": "Mon, 01 Jan 2103 00:00:00 +0500 GMT"}, 200),
        ({"If_Match": ETAG}, 200),
        ({"If_Match": "*"}, 200),
        ({"If_Match": f"W/{ETAG}"}, 412),
        ({"If_Match": '"x"'}, 412),
        ({"If_Unmodified_Since": "Mon, 01 Jan 2001 00:00:00 GMT"}, 412),
        ({"If_Unmodified_Since": "(modified)"}, 200),
    ],
)
def test_conditions_are_heeded(address: Address, headers: dict[str, str], status: int) -> None:
    """Lists, weak comparison and precedence are those of RFC 9110, section 13."""
    first = ask(address, "/atom.xml").headers
    known = {"(modified)": first["last-modified"]}
    sent = {name: known.get(value, value.replace(ETAG, first["etag"])) for name, value in headers.items()}
    assert ask(address, "/atom.xml", **sent).status == status


def test_a_304_says_what_a_cache_must_know(address: Address) -> None:
    """RFC 9110, section 15.4.5: the headers that a 200 would have had, and nothing about the body."""
    first = ask(address, "/atom.xml")
    again = ask(address, "/atom.xml", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert again.headers[name] == first.headers[name]
    assert "date" in again.headers
    assert not {"content-length", "content-type", "last-modified"} & set(again.headers)


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5, br", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("identity", False),
        ("", False),
    ],
)
def test_compression_is_negotiated(address: Address, accepted: str, packed: bool) -> None:
    """The two codings have the same content, their own strong ETags, and a Vary that keeps caches apart."""
    plain, answer = ask(address, "/"), ask(address, "/", Accept_Encoding=accepted)
    assert answer.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert answer.headers.get("content-encoding") == ("gzip" if packed else None)
    assert (gzip.decompress(answer.body) if packed else answer.body) == plain.body
    assert (answer.headers["etag"] != plain.headers["etag"]) == packed
    again = ask(address, "/", Accept_Encoding=accepted, If_None_Match=answer.headers["etag"])
    assert (again.status, again.headers["etag"]) == (304, answer.headers["etag"])
    assert ask(address, "/", Accept_Encoding=accepted).body == answer.body


def test_pictures_are_not_compressed(planet: Planet, address: Address) -> None:
    """What is compressed already is sent as it is."""
    (planet.folder / "public/a.png").write_bytes(b"\x89PNG" + bytes(2000))
    answer = ask(address, "/a.png", Accept_Encoding="gzip")
    assert answer.headers["content-type"] == "image/png"
    assert not {"content-encoding", "vary"} & set(answer.headers)


def test_the_same_bytes_have_the_same_etag(planet: Planet, address: Address) -> None:
    """A file that is written anew is the same version as long as its content is; another content is another."""
    file = planet.folder / "public/note.txt"
    file.write_text("one", "utf-8")
    first = ask(address, "/note.txt").headers
    os.utime(file, (1e9, 1e9))
    second = ask(address, "/note.txt").headers
    assert second["etag"] == first["etag"]
    assert second["last-modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
    file.write_text("two", "utf-8")
    assert ask(address, "/note.txt").headers["etag"] != first["etag"]
    os.utime(file, (4e9, 4e9))
    future = ask(address, "/note.txt").headers
    assert parsedate_to_datetime(future["last-modified"]) <= parsedate_to_datetime(future["date"])


def test_a_folder_is_its_page(address: Address) -> None:
    """Without the slash a redirect leads to it, relative to the address that the reader sees."""
    answer = ask(address, "/new-media/%E8%B6%A3%E5%A4%B4%E6%9D%A1")
    assert (answer.status, answer.headers["location"]) == (301, "%E8%B6%A3%E5%A4%B4%E6%9D%A1/")
    assert ask(address, "/news/").headers["content-type"] == "text/html; charset=utf-8"
    assert ask(address, f"http://{address[0]}/news/").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../feeds.yaml",
        "/%2e%2e/feeds.yaml",
        "/%2E%2E%2Ffeeds.yaml",
        "/news/../../feeds.yaml",
        "/..%2ffeeds.yaml",
        "/..%5cfeeds.yaml",
        "/..\\feeds.yaml",
        "/%252e%252e/feeds.yaml",
        "/news%2fatom.xml",
        "/atom.xml%00",
        "/atom.xml%00.html",
        "/%00",
        "/%ff%fe",
        "/.hidden",
        "/news/.hidden",
        "/.%2fatom.xml",
        "//etc/passwd",
        "//example.org",
        "/news//atom.xml",
        "/atom.xml/",
        "/etc/passwd",
        "/link.yaml",
        "/linked/feeds.yaml",
        "/pipe",
        "/" + "a" * 300,
        "/%0d%0aX-Injected:%201",
    ],
)
def test_nothing_outside_the_folder_is_served(planet: Planet, address: Address, path: str) -> None:
    """Detours, hidden files, symbolic links that lead out and what is no file are not there."""
    public = planet.folder / "public"
    for name in (".hidden", "news/.hidden"):
        (public / name).write_text(SECRET, "utf-8")
    for name, target in (("link.yaml", planet.folder / "feeds.yaml"), ("linked", planet.folder)):
        if not (public / name).is_symlink():
            (public / name).symlink_to(target)
    if not (public / "pipe").exists():
        os.mkfifo(public / "pipe")
    answer = ask(address, path)
    assert answer.status == 404
    assert SECRET.encode() not in answer.body
    assert "x-injected" not in answer.headers


def test_a_link_within_the_folder_is_followed(planet: Planet, address: Address) -> None:
    """A symbolic link that stays inside is a file like others."""
    link = planet.folder / "public/again.xml"
    if not link.is_symlink():
        link.symlink_to("atom.xml")
    assert ask(address, "/again.xml").body == ask(address, "/atom.xml").body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_only_reading_is_allowed(address: Address, method: str) -> None:
    """Other methods are refused, and the answer says which are not."""
    for path in ("/", "/nothing", "/sources", "/feed.atom", "/metrics"):
        answer = ask(address, path, method)
        assert answer.status == 405
        assert {name.strip() for name in answer.headers["allow"].split(",")} == {"GET", "HEAD"}


def test_nothing_there_is_a_page_that_says_so(address: Address) -> None:
    """404 is for people, and is not kept for long."""
    answer = ask(address, "/nothing/at/all")
    assert (answer.status, answer.headers["cache-control"]) == (404, "no-cache")
    page = html.fromstring(answer.body)
    assert page.findtext(".//h1") == "Not found"
    assert "when the first source has been pulled" not in str(page.xpath("string()"))


@pytest.mark.parametrize(("path", "home"), [("/nothing", "./"), ("/nothing/at/all", "../../"), ("/nothing/", "../")])
def test_a_page_for_nothing_leads_home(address: Address, path: str, home: str) -> None:
    """The site's name is a link to its first page, relative to the address that the reader sees."""
    link = html.fromstring(ask(address, path).body).find(".//nav//a")
    assert link is not None
    assert (link.text, link.get("href")) == ("Planet Test", home)


def test_a_site_without_outputs_yet_says_when_they_come(tmp_path: Path) -> None:
    """There is no first page to lead to."""
    planet = Planet(tmp_path)
    planet.configure([])
    with Running(planet.folder, "serve", "--port", "0") as service:
        service.said("event=cycle")
        shutil.rmtree(planet.folder / "public")
        page = html.fromstring(ask(service.address, "/").body)
    assert "when the first source has been pulled" in str(page.xpath("string()"))
    assert page.find(".//nav") is None


def test_a_slow_reader_holds_up_nobody_and_gets_the_old_file_whole(planet: Planet, address: Address) -> None:
    """The file is replaced while it is read; the one who had begun sees no byte of the new one."""
    file = planet.folder / "public/large.bin"
    old, new = os.urandom(8_000_000), os.urandom(8_000_000)
    file.write_bytes(old)
    readers = [HTTPConnection(*address, timeout=60) for _ in range(50)]
    try:
        responses = [begun(each, "/large.bin") for each in readers]
        (planet.folder / "public/.large.part").write_bytes(new)
        (planet.folder / "public/.large.part").rename(file)
        assert ask(address, "/large.bin").body == new
        assert ask(address, "/feed.atom").status == 200
        assert read(responses[0]).body == old
    finally:
        for each in readers:
            each.close()


def test_a_client_that_talks_nonsense_gets_400(address: Address) -> None:
    """What is no HTTP, and a head without end, is refused; the server goes on."""
    for sent in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000):
        with socket.create_connection(address, timeout=60) as connection:
            connection.sendall(sent)
            assert connection.recv(12) == b"HTTP/1.1 400"
    assert ask(address, "/healthz").status == 200


# feeds on demand


def test_the_sites_json_feed_is_the_file(planet: Planet, address: Address) -> None:
    """``/feed.json`` without a question is the output of that name, with all validators of a file."""
    answer = ask(address, "/feed.json")
    assert answer.body == (planet.folder / "public/feed.json").read_bytes()
    assert "last-modified" in answer.headers
    assert "last-modified" not in ask(address, "/feed.json?limit=1").headers


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", {"Alpha", "Beta", "趣闻"}),
        ("?category=News", {"Alpha", "Beta"}),
        ("?category=%E6%96%B0%E5%AA%92%E4%BD%93", {"趣闻"}),
        ("?category=%E6%96%B0%E5%AA%92%E4%BD%93/%E8%B6%A3%E5%A4%B4%E6%9D%A1", {"趣闻"}),
        ("?category=new-media/%E8%B6%A3%E5%A4%B4%E6%9D%A1/", {"趣闻"}),
        ("?source=b", {"趣闻"}),
        ("?tag=sea+%26+port", {"Alpha"}),
        ("?q=bridge+HARBOUR", {"Alpha"}),
        ("?q=%E8%B6%A3", {"趣闻"}),
        ("?source=a&q=beta", {"Beta"}),
        ("?source=a&category=new-media", set()),
        ("?q=100%25", set()),
    ],
)
def test_feeds_on_demand_hold_what_was_asked_for(address: Address, query: str, titles: set[str]) -> None:
    """Each parameter narrows; all three formats say the same."""
    atom = feedparser.parse(BytesIO(ask(address, f"/feed.atom{query}").body))
    channel = feedparser.parse(BytesIO(ask(address, f"/feed.rss{query}").body))
    feed = json.loads(ask(address, f"/feed.json{query}").body)
    assert not atom.bozo
    assert {entry.title for entry in atom.entries} == titles
    assert {entry.title for entry in channel.entries} == titles
    assert {item["title"] for item in feed["items"]} == titles


def test_a_feed_on_demand_says_what_it_is(address: Address) -> None:
    """Title and id tell one question from another; asking again gives the same bytes, or none."""
    first = ask(address, "/feed.atom?category=News&q=beta&source=a&limit=5")
    parsed = feedparser.parse(BytesIO(first.body)).feed
    assert parsed.title == "Planet Test · News · source: a · q: beta"
    others = [ask(address, f"/feed.atom{query}") for query in ("", "?category=News", "?q=beta", "?source=a")]
    assert len({parsed.id, *(feedparser.parse(BytesIO(each.body)).feed.id for each in others)}) == 5
    again = ask(address, "/feed.atom?category=News&q=beta&source=a&limit=5", If_None_Match=first.headers["etag"])
    assert again.status == 304
    assert first.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("query", ["", "?category=News&q=b%C3%B6%22%3C+x&limit=3", "?limit=3&tag=a;b'c"])
def test_a_feed_on_demand_names_its_own_address(address: Address, query: str) -> None:
    """In every format the link to itself is what was asked for, below the site's address."""
    site = "https://planet.example.org"
    atom = ask(address, f"/feed.atom{query}").body
    assert linked(atom, "self") == [f"{site}/feed.atom{query}"]
    assert linked(ask(address, f"/feed.rss{query}").body, "self") == [f"{site}/feed.rss{query}"]
    assert json.loads(ask(address, f"/feed.json{query}").body)["feed_url"] == f"{site}/feed.json{query}"


def test_the_own_address_of_a_feed_on_demand_is_one_whatever_was_asked(address: Address) -> None:
    """What clients leave unquoted and no address may hold is quoted in the link; what is quoted stays so."""
    for query, said in {
        'q="a"': "q=%22a%22",
        "q=<a>{b}|c": "q=%3Ca%3E%7Bb%7D%7Cc",
        "q=100%&tag=%C3%B6": "q=100%25&tag=%C3%B6",
    }.items():
        assert linked(ask(address, f"/feed.atom?{query}").body, "self") == [
            f"https://planet.example.org/feed.atom?{said}"
        ]


def test_the_number_of_entries_is_bounded(address: Address) -> None:
    """A limit is kept, the newest entries come first, and more than 200 is 200."""
    assert len(json.loads(ask(address, "/feed.json?limit=1").body)["items"]) == 1
    assert len(json.loads(ask(address, "/feed.json?limit=99999999").body)["items"]) == 3


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("categroy=News", 400, "no parameter 'categroy'"),
        ("limit=0", 400, "'limit' is a number from 1 to 200"),
        ("limit=-1", 400, "'limit'"),
        ("limit=ten", 400, "'limit'"),
        ("limit=%D9%A3", 400, "'limit'"),
        ("q=", 400, "'q' needs a value"),
        ("q=%20", 400, "'q' needs a value"),
        ("q=" + "x" * 201, 400, "'q' needs a value"),
        ("q=" + "x+" * 11, 400, "up to 10 words"),
        ("q=a%00b", 400, "'q' needs a value"),
        ("q=%ff", 400, "cannot be read"),
        ("q=a&q=b", 400, "each parameter once"),
        ("&".join(f"a{n}=1" for n in range(9)), 400, "cannot be read"),
        ("category=Nwes", 404, "no such category"),
        ("source=x", 404, "no such source"),
        ("%3Cscript%3E=1", 400, "no parameter"),
    ],
)
def test_what_cannot_be_asked_is_refused(address: Address, query: str, status: int, said: str) -> None:
    """The answer is plain text that tells what would be right."""
    answer = ask(address, f"/feed.atom?{query}")
    assert answer.status == status
    assert said in answer.body.decode()
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


# the sources


def test_the_page_of_sources_tells_how_each_stands(address: Address) -> None:
    """State, reason, entries and category of every source stand in its row, and markup in names is words."""
    page = html.fromstring(ask(address, "/sources").body)
    rows = {str(row.findtext("th/p")).split()[0]: row for row in page.iterfind(".//tbody/tr")}
    states = {name: row.findtext("td[1]/span") for name, row in rows.items()}
    assert states == {"a": "ok", "b": "ok", "broken": "failing", "lost": "failing", "off": "disabled"}
    assert rows["b"].findtext("th/a") == "<b>Bold & co"
    assert [str(cell.xpath("string()")).strip() for cell in rows["a"].iterfind("td")][3:] == ["2", "0.5", "News"]
    assert "404 Not Found" in str(rows["lost"].xpath("string()"))
    assert page.findtext(".//p[@class='figures']") == "5 sources: 2 ok, 2 failing, 1 disabled"
    assert all(cell.get("scope") for cell in page.iterfind(".//th"))


def test_no_page_holds_a_secret(planet: Planet, address: Address) -> None:
    """Passwords and tokens of feeds.yaml are in no answer and no line of the log."""
    for path in ("/sources", "/metrics", "/healthz", "/feed.json?source=lost", "/opml.xml", "/"):
        assert SECRET.encode() not in ask(address, path).body
    assert SECRET not in (planet.folder / "serve.log").read_text("utf-8")


# monitoring


def samples(answer: Answer) -> dict[tuple[str, ...], float]:
    """Return each sample's value by its name and its labels' values."""
    families = text_string_to_metric_families(answer.body.decode())
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


def test_the_metrics_tell_what_was_done(address: Address) -> None:
    """Prometheus's own parser reads them; they agree with the cycle, and count requests by route and status."""
    ask(address, "/nothing")
    first, second = samples(ask(address, "/metrics")), samples(ask(address, "/metrics"))
    assert first["aggregator_cycles_total", "done"] >= 1
    assert first["aggregator_pulls_total", "ok"] == first["aggregator_pulls_total", "failed"] == 2
    assert first["aggregator_posts_total", "new"] == 3
    assert first["aggregator_files_total", "written"] > 10
    assert first["aggregator_stage_seconds_total", "fetch"] > 0
    sources = {labels[1]: value for labels, value in first.items() if labels[0] == "aggregator_sources"}
    assert sources == {"ok": 2, "new": 0, "failing": 2, "gone": 0, "disabled": 1}
    assert abs(first[("aggregator_last_cycle_timestamp_seconds",)] - time.time()) < 100
    assert first["aggregator_http_requests_total", "files", "404"] >= 1
    count = "aggregator_http_requests_total", "/metrics", "200"
    assert second[count] == first.get(count, 0) + 1
    assert first[("process_resident_memory_bytes",)] > 1e6


def test_a_healthy_service_says_ok(address: Address) -> None:
    """Nobody stores the answer."""
    answer = ask(address, "/healthz")
    assert (answer.status, answer.body, answer.headers["cache-control"]) == (200, b"ok\n", "no-store")


def test_a_database_that_is_lost_is_told_and_files_are_still_served(tmp_path: Path) -> None:
    """Health is 503 with the reason, feeds on demand 503 without it; what lies on the disk is served on."""
    planet = Planet(tmp_path)
    planet.configure([])
    with Running(planet.folder, "serve", "--port", "0") as service:
        service.said("event=cycle")
        database = sqlite3.connect(planet.folder / "aggregator.db")
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE name IN ('meta', 'post', 'source')"
        ).fetchall():
            database.execute(f"DROP TABLE {name}")
        database.commit()
        database.close()
        health = ask(service.address, "/healthz")
        assert health.status == 503
        assert b"no such table" in health.body
        for path in ("/feed.atom", "/sources"):
            answer = ask(service.address, path)
            assert (answer.status, answer.headers["retry-after"]) == (503, "60")
            assert b"table" not in answer.body
        assert not [name for name, *_ in samples(ask(service.address, "/metrics")) if name == "aggregator_sources"]
        assert ask(service.address, "/").status == 200
        assert service.stopped() == 0


def test_every_metric_is_documented(address: Address) -> None:
    """What /metrics says of the program stands in docs/service.md, and nothing else does."""
    told = {name for name, *_ in samples(ask(address, "/metrics")) if name.startswith("aggregator_")}
    documented = re.findall(r"^\| `(aggregator_\w+)`", (ROOT / "docs/service.md").read_text("utf-8"), re.MULTILINE)
    assert {name for name in told if not name.endswith("_created")} == set(documented)
