"""deploy/nginx.conf, served by a real nginx on loopback, without root."""

from __future__ import annotations

import email.message
import gzip
import http.client
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SITE = Path(__file__).parent.parent / "deploy" / "nginx.conf"

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")


class Answer(NamedTuple):
    status: int
    headers: email.message.Message
    body: bytes


class Nginx:
    """A running nginx with the site of deploy/, its root in a folder of the test."""

    def __init__(self, port: int, root: Path) -> None:
        self.port = port
        self.root = root

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


def wrapped(folder: Path, site: str) -> list[str]:
    """Return the command of an nginx with nothing but ``site``; it needs no root and writes to ``folder`` only."""
    (folder / "site.conf").write_text(site, encoding="utf-8")
    names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "\n".join(f"    {name}_temp_path {folder}/{name};" for name in names)
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr;\n"
        f"events {{ worker_connections 64; }}\nhttp {{\n    access_log off;\n{folders}\n    include site.conf;\n}}\n",
        encoding="utf-8",
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


def site(port: int, root: Path) -> str:
    text = SITE.read_text(encoding="utf-8").replace("    listen [::]:80;\n", "")
    # With "reuseport" nginx may listen where the fixture's own socket holds the port for it.
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port} reuseport;")
    return re.sub(r"^    root \S+;", f"    root {root};", text, flags=re.MULTILINE)


def sample(root: Path) -> None:
    page = "<p>A page.</p>" * 100
    for name in (
        "atom.xml",
        "rss.xml",
        "opml.xml",
        "health.xml",
        "feed.json",
        "index.html",
        "style.css",
        "1.atom",
        ".atom.xml.part",
    ):
        (root / name).write_text(page, encoding="utf-8")
    deep = root / "new-media" / "趣头条"
    deep.mkdir(parents=True)
    for name in ("atom.xml", "index.html"):
        (deep / name).write_text(page, encoding="utf-8")
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("secret", encoding="utf-8")


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    root = tmp_path / "public"
    root.mkdir()
    sample(root)
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        command = wrapped(tmp_path, site(port, root))
        with (tmp_path / "errors").open("wb") as errors, subprocess.Popen(command, stderr=errors) as process:
            try:
                wait_for(port, process, tmp_path / "errors")
                yield Nginx(port, root)
            finally:
                process.kill()


def wait_for(port: int, process: subprocess.Popen[bytes], errors: Path) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"nginx does not listen: {errors.read_text(encoding='utf-8')}")


def checked(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*wrapped(folder, text), "-t"], capture_output=True, text=True, timeout=60, check=False)


def test_nginx_finds_no_mistake_in_the_site(tmp_path: Path) -> None:
    """The site stands as it is inside any http block."""
    done = checked(tmp_path, site(8000, tmp_path))
    assert "test is successful" in done.stderr
    assert "warn" not in done.stderr


def test_nginx_finds_no_mistake_in_the_other_way(tmp_path: Path) -> None:
    """The proxy of the second half is right once its comment signs are gone and the first server is."""
    text = site(8000, tmp_path)
    zones, _, rest = text.partition("\nserver {")
    proxy = "\n".join(re.sub(r"^#~ ?", "", line) for line in rest.splitlines() if line.startswith("#~"))
    assert "proxy_pass" in proxy
    done = checked(tmp_path, f"{zones}\n{proxy}\n")
    assert "test is successful" in done.stderr
    assert "warn" not in done.stderr


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/atom.xml", "application/atom+xml; charset=utf-8"),
        ("/health.xml", "application/atom+xml; charset=utf-8"),
        ("/1.atom", "application/atom+xml; charset=utf-8"),
        ("/rss.xml", "application/rss+xml; charset=utf-8"),
        ("/feed.json", "application/feed+json"),
        ("/opml.xml", "text/x-opml; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/new-media/%E8%B6%A3%E5%A4%B4%E6%9D%A1/atom.xml", "application/atom+xml; charset=utf-8"),
        ("/new-media/%E8%B6%A3%E5%A4%B4%E6%9D%A1/", "text/html; charset=utf-8"),
    ],
)
def test_every_output_has_its_media_type_and_headers(nginx: Nginx, path: str, kind: str) -> None:
    """A reader learns what a file is, how long it may keep it, and that it is not to guess."""
    answer = nginx.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Last-Modified"]
    assert answer.headers["Server"] == "nginx"


def test_a_reader_who_has_the_file_is_told_so(nginx: Nginx) -> None:
    """The ETag of a plain and of a compressed answer both bring a 304 without a body; a replaced file does not."""
    for coding in ("identity", "gzip"):
        tag = nginx.get("/atom.xml", Accept_Encoding=coding).headers["ETag"]
        again = nginx.get("/atom.xml", Accept_Encoding=coding, If_None_Match=tag)
        assert (again.status, again.body) == (304, b"")
    (nginx.root / "atom.xml").write_text("something else", encoding="utf-8")
    assert nginx.get("/atom.xml", If_None_Match=tag).body == b"something else"


@pytest.mark.parametrize("path", ["/", "/atom.xml", "/rss.xml", "/feed.json", "/opml.xml", "/style.css"])
def test_answers_are_compressed_for_those_who_ask(nginx: Nginx, path: str) -> None:
    """Compression shrinks every kind of output, and caches are told to keep both forms."""
    plain = nginx.get(path)
    packed = nginx.get(path, Accept_Encoding="gzip")
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)


@pytest.mark.parametrize(
    "path", ["/.atom.xml.part", "/.git/config", "/.git/", "/new-media/../.git/config", "/none.xml"]
)
def test_what_is_no_output_is_not_found(nginx: Nginx, path: str) -> None:
    """Temporary files and other dotfiles are not shown, and not listed either."""
    answer = nginx.get(path)
    assert answer.status == 404
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_folders_are_not_listed(nginx: Nginx) -> None:
    """A folder without a page shows nothing of what is in it."""
    (nginx.root / "posts").mkdir()
    (nginx.root / "posts" / "story.md").write_text("---\n", encoding="utf-8")
    assert nginx.get("/posts/").status in (403, 404)
    assert nginx.get("/posts/story.md").headers["Content-Type"] == "text/markdown; charset=utf-8"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_written(nginx: Nginx, method: str) -> None:
    """The site is for reading."""
    assert nginx.get("/atom.xml", method=method).status == 405


def test_an_address_that_asks_without_end_is_slowed_down(nginx: Nginx) -> None:
    """A page with a hundred parts is served at once; who goes on faster than ten requests a second is refused."""
    assert {nginx.get("/atom.xml", method="HEAD").status for _ in range(100)} == {200}
    more = (nginx.get("/atom.xml", method="HEAD").status for _ in range(1000))
    assert next(status for status in more if status != 200) == 429
