"""A folder of outputs as readers find it: what is in each document, what is wrong with it, and the whole of a feed."""

from __future__ import annotations

import json
from collections import Counter
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, unquote

import validity
from lxml import etree
from msgspec import Struct

A = "{http://www.w3.org/2005/Atom}"


class Outputs(Struct, frozen=True, dict=True):
    """The outputs below ``root``, served at ``site``."""

    root: Path
    site: str = "https://planet.example.org/"

    @cached_property
    def documents(self) -> dict[str, bytes]:
        """All feeds, archive documents and lists of sources, by path."""
        paths = (path for path in sorted(self.root.rglob("*")) if path.suffix in (".xml", ".atom", ".json"))
        return {str(path.relative_to(self.root)): path.read_bytes() for path in paths}

    def faults(self) -> list[str]:
        """Return what is wrong with any document, with its path."""
        found = [f"{path}: {fault}" for path, body in self.documents.items() for fault in self.faults_of(path, body)]
        return found + [f"{folder}: an id twice in the archives" for folder in self.folders if self._twice(folder)]

    @property
    def folders(self) -> list[str]:
        """The folders of the feeds, with a slash behind; "" is the whole site's."""
        return [path.removesuffix("atom.xml") for path in self.documents if path.endswith("atom.xml")]

    def chain(self, folder: str) -> list[bytes]:
        """Return the archive documents of a feed as a new subscriber finds them, newest first."""
        found: list[bytes] = []
        body = self.documents[f"{folder}atom.xml"]
        while previous := self._previous(body):
            body = self.documents[previous]
            found.append(body)
        return found

    def whole(self, folder: str) -> int:
        """Return how many entries a new subscriber of a feed finds."""
        return len({each for body in (self.documents[f"{folder}atom.xml"], *self.chain(folder)) for each in ids(body)})

    def _previous(self, body: bytes) -> str | None:
        link = etree.fromstring(body).find(f"{A}link[@rel='prev-archive']")
        return None if link is None else unquote(link.get("href", "").removeprefix(self.site))

    def _twice(self, folder: str) -> bool:
        counts = Counter(each for body in self.chain(folder) for each in ids(body))
        return any(count > 1 for count in counts.values())

    def faults_of(self, path: str, body: bytes) -> list[str]:
        """Return what is wrong with the document at ``path``; in RSS a site without a language says none."""
        name = path.rpartition("/")[2]
        if name == "opml.xml":
            return validity.opml(body)
        check = {"rss.xml": validity.rss, "feed.json": validity.json_feed}.get(name, validity.atom)
        return [fault for fault in check(body, self.site + quote(path)) if name != "rss.xml" or "anguage" not in fault]


def entries(body: bytes) -> int:
    """Return how many entries, items or sources stand in a document."""
    if body.startswith(b"{"):
        return len(json.loads(body)["items"])
    root = etree.fromstring(body)
    return len(root.findall(f"{A}entry")) + len(root.findall("channel/item")) + len(root.findall(".//outline[@xmlUrl]"))


def ids(body: bytes) -> list[str]:
    """Return the ids of the entries of an Atom document."""
    return [each.text or "" for each in etree.fromstring(body).iterfind(f"{A}entry/{A}id")]
