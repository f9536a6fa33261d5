"""Titles, summaries and contents: which of several counts, and whether it is HTML."""

from __future__ import annotations

from typing import Any

from aggregator.parse.lane import words
from aggregator.parse.lane.aside import Aside
from aggregator.parse.lane.machine import Attributes, Machine, Table

_XHTML = "application/xhtml+xml"
HTML_TYPES = frozenset({_XHTML, "text/html"})
SHORT_TYPES = {"text": "text/plain", "plain": "text/plain", "html": "text/html", "xhtml": _XHTML}


class Texts(Machine):
    """Keeps text constructs.  ``_context`` is what is spoken of: the feed, an entry or the source of an entry."""

    def __init__(self, base: str, root: Table) -> None:
        super().__init__(base, root)
        self._feed: dict[str, Any] = {}
        self._context = self._feed
        self._entry: dict[str, Any] | None = None
        self._key = ""
        self._details: dict[str, Any] = {}
        self._title_depth = -1
        self._title_kept = 0
        self._has_content = False

    def forget_title(self) -> None:
        """Let another title count: a picture begins."""
        self._title_depth = -1

    def content(self, key: str, said: Attributes, default: str) -> None:
        """Gather a text construct, of type ``default`` where it names none, and keep it as ``key``; "" forgets it."""
        given = said.get("type", default)
        kind = SHORT_TYPES.get(given, given)
        if not (kind.startswith("text/") or kind == _XHTML) or "mode" in said:
            raise Aside  # it is in base64
        language = self.lang.replace("_", "-") if self.lang else self.lang
        self._key, self._details = key, {"type": kind, "language": language, "base": self.base}
        (self.markup if kind == _XHTML else self.text)(self._end_content)

    def body(self, said: Attributes, default: str) -> None:
        """Gather the content of an entry."""
        self._has_content = True
        self.content("content", said, default)

    def src(self, said: Attributes) -> None:
        """Gather content that may stand elsewhere."""
        self.body(said, "text/plain")
        if said.get("src"):
            self._details["src"] = said["src"]

    def summary(self, said: Attributes, default: str) -> None:
        """Gather a summary, which is the content when there is one already."""
        if "summary" in self._context and not self._has_content:
            self.src(said)
        else:
            self.content("summary", said, default)

    def _end_content(self, said: str) -> None:
        details, kind = self._details, self._details["type"]
        if self.names.version == "atom10":
            said = "".join(words.unwrapped(self._pieces)).strip() if kind == _XHTML else said
        elif kind == "text/plain" and words.looks_like_html(said):
            details["type"] = "text/html"
        details["value"] = said = words.mended(said)
        if self._key in ("title", "media_title", "picture"):
            self._keep_title(said, details)
        elif self._key == "content":
            self._context.setdefault("content", []).append(details)
            if kind == "text/plain" or kind in HTML_TYPES:
                self._context.setdefault("summary", said)
        elif self._key:
            self._context[self._key] = said
            self._context[f"{self._key}_detail"] = details

    def _keep_title(self, said: str, details: dict[str, Any]) -> None:
        counts = not -1 < self._title_depth <= self.depth
        if counts and self._key != "picture":
            if self._entry is not self._context or not self._title_kept or self.depth <= self._title_kept:
                self._title_kept = self.depth
                self._context["title"] = said
            self._context["title_detail"] = details
        if said and self._key != "media_title":
            self._title_depth = self.depth
