"""Deleted entries (RFC 6721), heard apart from all else: what stands in them says nothing of the feed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from aggregator import text
from aggregator.models import Deletion
from aggregator.parse import dates

NAMESPACE = "http://purl.org/atompub/tombstones/1.0"
PREFIX = "at"


class _Heard(Struct):
    ref: str
    when: str
    comment: list[str] = field(default_factory=list)
    html: bool = False


class Deletions:
    """Takes the elements of a document in their order, as far as they belong to a deleted entry."""

    def __init__(self) -> None:
        self._heard: list[_Heard] = []
        self._open: list[str] = []

    def start(self, tag: str, attributes: Sequence[tuple[str, str]]) -> bool:
        """Tell whether the element that begins is a deleted entry, or in one."""
        if not self._open and tag != f"{PREFIX}:deleted-entry":
            return False
        said = dict(attributes)
        if not self._open:
            self._heard.append(_Heard(said.get("ref", ""), said.get("when", "")))
        elif tag == f"{PREFIX}:comment":
            self._heard[-1].html = said.get("type", "text") == "html"
        self._open.append(tag)
        return True

    def data(self, words: str) -> bool:
        """Tell whether ``words`` stand in a deleted entry."""
        if f"{PREFIX}:comment" in self._open:
            self._heard[-1].comment.append(words)
        return bool(self._open)

    def end(self) -> bool:
        """Tell whether the element that ends is a deleted entry, or in one."""
        return bool(self._open and self._open.pop())

    def __iter__(self) -> Iterator[Deletion]:
        """Yield the deletions that say of what and since when, each once."""
        found: Mapping[str, _Heard] = {each.ref.strip(): each for each in self._heard}
        for ref, each in found.items():
            since = dates.moment(each.when)
            if ref and since:
                said = "".join(each.comment)
                comment = text.plain(said) if each.html else text.one_line(said)
                yield Deletion(ref=text.legal(ref), at=since, comment=comment or None)
