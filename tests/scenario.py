"""Scenarios: what feeds say over several pulls, and what is published after each.  ``scenarios/README.md`` tells how.

Everything but the network is real: the settings, the parser, the database, the files.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from inside import pulled
from lxml import etree
from msgspec import Struct
from planet import Planet
from ruamel.yaml import YAML

from aggregator import config
from aggregator.app import App
from aggregator.store import Store
from aggregator.store.schema import decision

FOLDER = Path(__file__).parent / "scenarios"
CREATED = datetime(2026, 11, 1, tzinfo=UTC)
_ATOM = {"a": "http://www.w3.org/2005/Atom"}
_FEEDBURNER = "http://rssnamespace.org/feedburner/ext/1.0"
_NAMED = re.compile(r"\{(\w+)\}")


def scenarios() -> list[tuple[str, dict[str, Any]]]:
    """Return all scenarios, each with its file and name."""
    texts = _load(FOLDER / "texts.yaml")
    return [
        (f"{path.stem}: {each['name']}", {**each, "texts": texts})
        for path in sorted(FOLDER.glob("*.yaml"))
        if path.stem != "texts"
        for each in _load(path)
    ]


def _load(path: Path) -> Any:
    return YAML(typ="safe", pure=False).load(path.read_text("utf-8"))


class Stage(Struct, frozen=True):
    """A planet of its own, whose feeds say what a test puts into their mouths."""

    folder: Path
    texts: Mapping[str, str]

    @classmethod
    def build(cls, folder: Path, database: Path, texts: Mapping[str, str]) -> Stage:
        """Make a stage in ``folder`` with a copy of the empty ``database``."""
        shutil.copy(database, folder / "aggregator.db")
        return cls(folder, texts)

    def play(self, feeds: Mapping[str, Any], settings: Mapping[str, Any], pull: Mapping[str, Any]) -> None:
        """Run one cycle in which the feeds named in ``pull`` say what it gives, and all others nothing new."""
        said = {name: self._document(name, feeds[name], pull[name]) for name in feeds if name in pull}
        loaded = config.parse(self._yaml(feeds, settings), self.folder / "feeds.yaml", {})
        now = datetime.fromisoformat(pull["at"])
        store = Store.open(loaded.database_url)
        app = App(loaded, store, "planet.example.org", CREATED)
        pulled(app, {name: said[name] for name in pull.get("order", sorted(said))}, now)
        store.close()

    def entries(self, path: str = "atom.xml") -> list[dict[str, Any]]:
        """Return the entries of a published feed as the scenarios speak of them, in its order."""
        root = etree.fromstring((self.folder / "public" / path).read_bytes())
        return [_told(entry) for entry in root.iterfind("a:entry", _ATOM)]

    def outputs(self) -> dict[str, bytes]:
        """Return all outputs by path, but for the feed that tells the editor how the sources fare."""
        found = Planet(self.folder).outputs()
        found.pop("public/health.xml", None)
        return found

    def decided(self) -> list[str]:
        """Return the codes of all decisions so far, in their order."""
        store = Store.open(f"sqlite:///{self.folder / 'aggregator.db'}")
        with store.reading() as transaction:
            codes = list(transaction.scalars(sa.select(decision.c.code).order_by(decision.c.pk)))
        store.close()
        return codes

    def _yaml(self, feeds: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
        lines = [
            "site: {title: Planet, url: 'https://planet.example.org/'}",
            "output: {path: public, posts: posts, formats: [atom]}",
            *(f"{name}: {_flow(value)}" for name, value in settings.items()),
            "feeds:",
        ]
        for name, feed in feeds.items():
            known = {"id": name, "title": name, "url": f"https://{name}.example/feed", **feed}
            lines.append(f"  - {_flow({key: known[key] for key in known if key not in ('site', 'atom')})}")
        return "\n".join(lines) + "\n"

    def _document(self, name: str, feed: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> bytes:
        site = feed.get("site", f"https://{name}.example/")
        write = _atom if feed.get("atom") else _rss
        return write(name, site, [self._filled(item) for item in items]).encode()

    def _filled(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: _NAMED.sub(lambda found: self.texts[found[1]], value) if isinstance(value, str) else value
            for key, value in item.items()
        }


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def _element(name: str, value: Any) -> str:
    return "" if value is None else f"<{name}>{escape(str(value))}</{name}>"


def _rss(name: str, site: str, items: Sequence[Mapping[str, Any]]) -> str:
    inside = "".join(
        "<item>"
        + _element("title", item.get("title"))
        + _element("link", item.get("link"))
        + ("" if "guid" not in item else f'<guid isPermaLink="false">{escape(str(item["guid"]))}</guid>')
        + _element("pubDate", _rfc822(item.get("date")))
        + _element("description", item.get("body"))
        + _element("feedburner:origLink", item.get("origlink"))
        + "</item>"
        for item in items
    )
    head = f"<title>{escape(name)}</title><link>{escape(site)}</link><description/>"
    start = f'<?xml version="1.0"?><rss version="2.0" xmlns:feedburner="{_FEEDBURNER}">'
    return f"{start}<channel>{head}{inside}</channel></rss>"


def _atom(name: str, site: str, items: Sequence[Mapping[str, Any]]) -> str:
    inside = "".join(
        "<entry>"
        + _element("id", item.get("guid"))
        + _element("title", item.get("title"))
        + (f'<link href="{escape(item["link"])}"/>' if "link" in item else "")
        + _element("published", item.get("date"))
        + _element("updated", item.get("updated", item.get("date")))
        + f'<content type="html">{escape(item.get("body", ""))}</content>'
        + "</entry>"
        for item in items
    )
    head = f'<id>{site}</id><title>{escape(name)}</title><link href="{escape(site)}"/>'
    return f'<?xml version="1.0"?><feed xmlns="{_ATOM["a"]}">{head}{inside}</feed>'


def _rfc822(date: str | None) -> str | None:
    return date and datetime.fromisoformat(date).strftime("%a, %d %b %Y %H:%M:%S +0000")


def _told(entry: Any) -> dict[str, Any]:
    def said(path: str) -> str | None:
        found: str | None = entry.findtext(path, namespaces=_ATOM)
        return found

    links = entry.findall("a:link", _ATOM)
    return {
        "id": said("a:id"),
        "title": said("a:title"),
        "link": next((link.get("href") for link in links if link.get("rel", "alternate") == "alternate"), None),
        "published": said("a:published"),
        "updated": said("a:updated"),
        "from": said("a:source/a:title"),
        "also": [link.get("title") for link in links if link.get("rel") == "related"],
        "category": [each.get("term") for each in entry.findall("a:category", _ATOM)],
        "body": " ".join(filter(None, (said("a:content"), said("a:summary")))),
    }
