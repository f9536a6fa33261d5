"""The pages as a real browser shows them to people: what the demo leaves, in Chromium."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import npm
import pytest
from serving import until

from aggregator import demo
from aggregator.app import opened
from aggregator.pipeline.cycle import Orders
from benchmarks import browser
from benchmarks.browser import Browser, View

# One worker makes the site and starts the browser, once.
pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(not browser.PROGRAM, reason="chromium is not installed"),
]

NOW = datetime(2026, 11, 12, 12, 0, tzinfo=UTC)
PACKAGES = Path(__file__).parent / "browser"
PHONE, DESKTOP, DARK = View(width=320, height=640), View(), View(dark=True)
PAGES = ["index.html", "tech/index.html", "new-media/index.html", "life/sea/index.html", "sources.html"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The folder of the demo's outputs, and the address that it is served at; its pictures are served, too."""
    with demo.feeds(tmp_path_factory.mktemp("browser"), {}) as settings:
        with opened(settings, NOW) as app:
            app.cycle(Orders(now=NOW, force=True, stop=Event()), "test")
        with demo.serving(settings.output.path) as address:
            yield settings.output.path, address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.browser() as started:
        yield started


@pytest.mark.parametrize("view", [PHONE, DESKTOP, DARK], ids=["phone", "desktop", "dark"])
def test_nothing_is_wrong_with_a_page(site: tuple[Path, str], chromium: Browser, view: View) -> None:
    """No page breaks its own policy, asks for anything but pictures, moves while it loads, or is too wide."""
    _, address = site
    for page in PAGES:
        chromium.open(f"{address}/{page}", view)
        moved = "new Promise(done => new PerformanceObserver(list => done(list.getEntries().length))"
        shifts = chromium.ask(f"{moved}.observe({{type: 'layout-shift', buffered: true}}) || setTimeout(done, 200, 0))")
        assert not shifts, page
        assert chromium.ask("document.documentElement.scrollWidth <= innerWidth"), page
        asked = [each["params"] for each in chromium.events if each.get("method") == "Network.requestWillBeSent"]
        own = [each for each in asked if not each["request"]["url"].endswith("/favicon.ico")]
        assert {each["type"] for each in own} <= {"Document", "Image"}
        assert not [each for each in chromium.events if each.get("method") == "Runtime.exceptionThrown"]
        logged = [each["params"]["entry"] for each in chromium.events if each.get("method") == "Log.entryAdded"]
        assert not [each for each in logged if not each.get("url", "").endswith("/favicon.ico")]


def test_pictures_are_asked_for_without_a_referrer(site: tuple[Path, str], chromium: Browser) -> None:
    """Who serves a picture learns of no page, and its room is kept while it is not there yet."""
    _, address = site
    chromium.open(f"{address}/index.html", PHONE)

    def pictures() -> list[dict[str, Any]]:
        chromium.ask("new Promise(done => setTimeout(done, 200))")
        sent = (each for each in chromium.events if each.get("method") == "Network.requestWillBeSent")
        return [each["params"]["request"] for each in sent if each["params"]["request"]["url"].endswith(".svg")]

    until(lambda: bool(pictures()), "no picture was asked for")
    assert not any(each["headers"].get("Referer") for each in pictures())
    assert chromium.ask("[...document.images].every(i => i.loading === 'lazy' && i.width > 0 && i.height > 0)")


def test_times_are_the_readers_and_utc_without_scripts(site: tuple[Path, str], chromium: Browser) -> None:
    """A reader in Shanghai sees the clock of Shanghai, one without scripts that of UTC; each page says which."""
    _, address = site
    time = "document.querySelector('article time').textContent + document.querySelector('footer p').textContent"
    chromium.open(f"{address}/index.html", View(zone="Asia/Shanghai"))
    assert "2026-11-12 16:30" in chromium.ask(time)
    assert "times are in your time zone" in chromium.ask(time)
    assert chromium.ask("document.querySelector('article time').title") == "2026-11-12 08:30 UTC"
    chromium.open(f"{address}/index.html", View(zone="Asia/Shanghai", scripts=False))
    shown = chromium.ask(time)
    assert "2026-11-12 08:30" in shown
    assert "times are in UTC" in shown


def test_an_article_from_right_to_left_is_laid_out_so(site: tuple[Path, str], chromium: Browser) -> None:
    """Its picture stands at its left, its words begin at the right, and Latin words within run their own way."""
    _, address = site
    chromium.open(f"{address}/life/sea/index.html", DESKTOP)
    box = "document.querySelector('article[dir=rtl] {}').getBoundingClientRect().left"
    assert chromium.ask(box.format("img")) < chromium.ask(box.format(".words"))
    assert chromium.ask("getComputedStyle(document.querySelector('article h2')).direction") == "rtl"
    assert chromium.ask("getComputedStyle(document.querySelector('h1')).direction") == "ltr"


def test_a_keyboard_is_enough(site: tuple[Path, str], chromium: Browser) -> None:
    """The first stop leads past the header, can be seen, and works; every stop shows where it is."""
    _, address = site
    chromium.open(f"{address}/index.html", DESKTOP)
    chromium.press("Tab")
    assert chromium.ask("document.activeElement.textContent") == "Skip to the posts"
    assert chromium.ask("document.activeElement.getBoundingClientRect().top") >= 0
    chromium.press("Enter")
    until(lambda: chromium.ask("location.hash") == "#posts", "it leads nowhere")
    chromium.press("Tab")
    assert chromium.ask("document.activeElement.closest('article') !== null")
    assert chromium.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
@pytest.mark.parametrize("view", [PHONE, DESKTOP, DARK], ids=["phone", "desktop", "dark"])
def test_pages_are_accessible(site: tuple[Path, str], chromium: Browser, view: View) -> None:
    """axe-core finds no violation of WCAG 2.2 at level AA, nor of good practice."""
    npm.install(PACKAGES)
    axe = (PACKAGES / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    _, address = site
    for page in PAGES:
        chromium.open(f"{address}/{page}", view)
        chromium.ask(f"{axe}; 0")
        found: list[dict[str, Any]] = json.loads(
            chromium.ask("axe.run().then(done => JSON.stringify(done.violations))")
        )
        assert not [(each["id"], each["nodes"][0]["html"]) for each in found], page


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_pages_are_valid(site: tuple[Path, str]) -> None:
    """An HTML validator finds no error in any page."""
    npm.install(PACKAGES)
    folder, _ = site
    command = ["node", "node_modules/html-validate/bin/html-validate.mjs", "--config", ".htmlvalidate.json"]
    done = subprocess.run(
        [*command, *map(str, folder.rglob("*.html"))],
        cwd=PACKAGES,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
