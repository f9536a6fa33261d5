"""The program at work in a folder of its own: its command line, and what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import feedparser
from msgspec import Struct
from ruamel.yaml import YAML
from typer.testing import CliRunner

from aggregator.cli import program

NOW = "2026-11-24T08:00:00Z"


class Item(Struct, frozen=True):
    """An entry of a feed that a test makes up; parts that are None are left out."""

    title: str | None = "A title"
    link: str | None = None
    guid: str | None = None
    date: str | None = "Mon, 23 Nov 2026 08:00:00 GMT"
    body: str | None = "<p>Some words.</p>"
    more: str = ""


def rss(*items: Item, title: str = "A feed", more: str = "") -> str:
    """Return an RSS 2.0 document."""
    parts = [_element("title", title), _element("link", "https://site.example.org/"), more]
    inside = "".join((*parts, *map(_item, items)))
    return f'<?xml version="1.0"?>\n<rss version="2.0"><channel>{inside}</channel></rss>'


def _item(item: Item) -> str:
    guid = "" if item.guid is None else f'<guid isPermaLink="false">{escape(item.guid)}</guid>'
    parts = (("title", item.title), ("link", item.link), ("pubDate", item.date), ("description", item.body))
    return f"<item>{''.join(_element(name, value) for name, value in parts)}{guid}{item.more}</item>"


def _element(name: str, value: str | None) -> str:
    return "" if value is None else f"<{name}>{escape(value)}</{name}>"


class Planet(Struct, frozen=True):
    """A folder with a feeds.yaml, and the program run in it."""

    folder: Path

    def configure(self, feeds: Sequence[str], *, more: str = "", name: str = "feeds.yaml") -> Path:
        """Write a feeds.yaml whose feeds are the flow mappings ``feeds``; ``more`` are further lines."""
        lines = [
            "site: {title: Planet Test, url: 'https://planet.example.org/'}",
            "output: {path: public, posts: posts}" if "output:" not in more else "",
            "fetch: {allow_private: true, timeout: 20s}" if "fetch:" not in more else "",
            more,
            "feeds:" if feeds else "feeds: []",
            *(f"  - {feed}" for feed in feeds),
        ]
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``aggregator`` with ``arguments`` in the folder and wait for its end."""
        return subprocess.run(
            [sys.executable, "-m", "aggregator", *arguments],
            cwd=self.folder,
            env={**os.environ, "NO_COLOR": "1", **environment},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start ``aggregator`` with ``arguments`` in the folder."""
        return subprocess.Popen(
            [sys.executable, "-m", "aggregator", *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, at: str = NOW) -> dict[str, Any]:
        """Run a cycle at ``at``, with every source due, and return its summary.

        It is the command, but in this process: another one takes ten times as long.
        """
        command = ["-c", str(self.folder / "feeds.yaml"), "run", "--force", "--json", "--at", at, *arguments]
        done = CliRunner().invoke(program(), command, catch_exceptions=False)
        assert done.exit_code == 0, done.stderr
        summary: dict[str, Any] = json.loads(done.stdout)
        return summary

    def entries(self, path: str = "atom.xml") -> list[Any]:
        """Return the entries of a published Atom feed as feedparser reads them back."""
        parsed = feedparser.parse(BytesIO((self.folder / "public" / path).read_bytes()))
        assert not parsed.bozo, parsed.get("bozo_exception")
        return list(parsed.entries)

    def posts(self) -> list[dict[str, Any]]:
        """Return the front matter of every post, by path."""
        return [front_matter(path) for path in sorted((self.folder / "posts").rglob("*.md"))]

    def outputs(self) -> dict[str, bytes]:
        """Return every output by its path."""
        return {path: body for path, (body, _) in self.snapshot().items()}

    def snapshot(self) -> dict[str, tuple[bytes, int]]:
        """Return bytes and time of change of every output."""
        return {
            str(path.relative_to(self.folder)): (path.read_bytes(), path.stat().st_mtime_ns)
            for top in ("public", "posts")
            for path in sorted((self.folder / top).rglob("*"))
            if path.is_file()
        }


def front_matter(path: Path) -> dict[str, Any]:
    """Return the front matter of the post at ``path``."""
    start, head, _ = path.read_text("utf-8").split("---\n", 2)
    assert start == ""
    found: dict[str, Any] = YAML(typ="safe").load(head)
    return found
