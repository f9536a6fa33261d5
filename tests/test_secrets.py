"""Secrets of feeds.yaml, planted wherever one can stand, are looked for in all that the program leaves and says."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from inside import START
from origin import Cue, Origin, Reply, raw
from planet import Planet
from serving import Running, ask

from aggregator.cli import main

#: No two alike, and each long enough that nothing else holds it by chance.
PLANTED = {
    name: f"{name}-5ecre7-{number * 7919:06d}"
    for number, name in enumerate(
        ("user", "password", "token", "apikey", "header", "bearer", "failing", "moved", "hub", "environment"), 1
    )
}
#: Percent-encoding, an escape, and a part of one are no hiding-places.
_TRACE = re.compile("5ecre7|5ecre7".replace("5", "(?:5|%35)"), re.IGNORECASE)


def private(url: str, secret: str) -> str:
    """Return a feed that repeats the address that it was asked under, key and all, wherever it can."""
    key = f"token={secret}"
    return f"""<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{url}?{key}">
<id>{url}?{key}</id><title>Private</title><updated>2026-11-20T00:00:00Z</updated>
<link rel="self" href="{url}?{key}"/><link href="https://site.example.org/home?{key}"/>
<author><name>Ada</name><uri>https://site.example.org/ada?{key}</uri></author>
<entry><id>https://site.example.org/1?{key}</id><updated>2026-11-20T00:00:00Z</updated>
<title>One, at {url}?{key}</title>
<link href="https://site.example.org/1?page=2&amp;{key}"/>
<link rel="enclosure" type="audio/mpeg" href="https://cdn.example.org/1.mp3?{key}&amp;x=1"/>
<link rel="replies" href="https://site.example.org/1/comments?{key}"/>
<category term="t" scheme="https://site.example.org/tags?{key}"/>
<author><name>Bo</name><uri>https://site.example.org/bo?{key}</uri></author>
<rights>Yours alone: {secret}</rights>
<source><id>{url}?{key}</id><title>S</title><updated>2026-11-20T00:00:00Z</updated><link rel="self" href="{url}?{key}"/>
<link href="https://first.example.org/?{key}"/></source>
<summary type="html">&lt;a href="https://site.example.org/1?{key}"&gt;read on&lt;/a&gt;</summary>
<content type="html">&lt;p&gt;&lt;img src="https://cdn.example.org/1.png?{key}"&gt; words&lt;/p&gt;</content>
</entry></feed>"""


@pytest.fixture
def planet(tmp_path: Path, origin: Origin) -> Planet:
    """A planet of private feeds: one that answers, and others that fail in every way."""
    user = f"{PLANTED['user']}:{PLANTED['password']}@"
    plain = origin.url("/").rstrip("/")
    base = plain.replace("//", f"//{user}")
    query = f"?token={PLANTED['failing']}&page=1"
    origin.put("/ok.xml", private(f"{base}/ok.xml", PLANTED["token"]), content_type="application/atom+xml")
    origin.put(
        "/environment.xml",
        private(f"{plain}/environment.xml", PLANTED["environment"]),
        content_type="application/atom+xml",
    )
    origin.put("/500.xml", f"no: {PLANTED['failing']}", status=500)
    origin.put("/broken.xml", f"<p>{PLANTED['failing']}</p>", content_type="text/html")
    origin.handle("/reset.xml", raw(Cue.RESET))
    moved = {"Location": f"{plain}/gone.xml?token={PLANTED['moved']}"}
    origin.handle("/moved.xml", lambda seen: Reply(status=301, headers=moved))
    origin.handle("/loop.xml", lambda seen: Reply(status=302, headers={"Location": f"{base}/loop.xml{query}"}))
    origin.handle("/inside.xml", lambda seen: Reply(status=302, headers={"Location": f"ftp://{user}10.0.0.1/{query}"}))
    names = ("500.xml", "broken.xml", "reset.xml", "moved.xml", "loop.xml", "inside.xml", "none.xml")
    headers = f"{{Authorization: 'Bearer {PLANTED['bearer']}', X-Api-Key: '{PLANTED['header']}'}}"
    feeds = [
        f"{{url: '{base}/ok.xml?token={PLANTED['token']}&api_key={PLANTED['apikey']}', headers: {headers}}}",
        "{url: '" + plain + "/environment.xml?key=${KEY}', id: environment}",
        f"{{url: 'rsshub://route/1?key={PLANTED['hub']}', id: hub}}",
        *(f"{{url: '{base}/{name}{query}', id: {name[:-4]}}}" for name in names),
        f"{{url: 'https://{user}127.0.0.1:1/tls.xml{query}', id: refused}}",
        f"{{url: 'https://{user}{plain[7:]}/tls.xml{query}', id: tls}}",
    ]
    made = Planet(tmp_path)
    made.configure(feeds, more=f"fetch: {{allow_private: true, timeout: 20s, rsshub: '{plain}/hub/'}}")
    return made


def test_no_secret_gets_out(planet: Planet, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Every output, every command's words, the log, the pages and the numbers are free of them."""
    monkeypatch.chdir(planet.folder)
    monkeypatch.setenv("KEY", PLANTED["environment"])
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "1000")
    address = re.findall(r"http://\S+?/ok.xml[^']*", (planet.folder / "feeds.yaml").read_text("utf-8"))[0]
    said: dict[str, str] = {}
    for command in (
        *("run --force", "run --force --json", "run --strict --force", "sources", "sources --json", "posts"),
        *("posts --json", "check", "check --fetch", "publish --check", "publish", "plan", "export", "held", "prune"),
        *("schema", f"preview {address}", f"preview {address} --json", "preview http://127.0.0.1:1/?token=5ecre7"),
        f"add {address}",
    ):
        monkeypatch.setattr("sys.argv", ["aggregator", *command.split()])
        with pytest.raises(SystemExit):
            main()
        said[command] = "".join(capfd.readouterr())
    with Running(planet.folder, "serve", "--port", "0", KEY=PLANTED["environment"]) as service:
        service.said("event=")
        for path in ("/", "/sources", "/metrics", "/healthz", "/feed.atom", "/feed.rss", "/feed.json", "/opml.xml"):
            said[path] = ask(service.address, path).body.decode()
        service.stopped()
        said["log"] = service.log
    outputs = {
        str(path): path.read_text("utf-8") for top in ("public", "posts") for path in _files(planet.folder / top)
    }
    assert "<entry" in outputs[str(planet.folder / "public/atom.xml")]
    assert len(outputs) >= 7
    assert "500" in said["sources"]
    found = {name: _around(text) for name, text in (said | outputs).items() if _TRACE.search(text)}
    assert not found


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _around(text: str) -> list[str]:
    return [text[max(0, found.start() - 60) : found.end() + 40] for found in _TRACE.finditer(text)]


def test_every_plant_is_used(planet: Planet, monkeypatch: pytest.MonkeyPatch, origin: Origin) -> None:
    """The sources are asked with their secrets: they are in the file and on the wire, so that they could get out."""
    monkeypatch.chdir(planet.folder)
    monkeypatch.setenv("KEY", PLANTED["environment"])
    monkeypatch.setattr("sys.argv", ["aggregator", "run", "--at", START.isoformat()])
    with pytest.raises(SystemExit):
        main()
    asked = "\n".join(f"{seen.path} {seen.headers}" for seen in origin.requests)
    for name in ("token", "apikey", "header", "bearer", "failing", "moved", "hub", "environment"):
        assert PLANTED[name] in asked
    with sqlite3.connect(planet.folder / "aggregator.db") as database:
        kept = database.execute("SELECT feed, error FROM source").fetchall()
    database.close()
    assert not _TRACE.search(str(kept))
