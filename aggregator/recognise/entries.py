"""Which entries of a document the archive knows, under whatever name they come now.

An entry is looked up by its aliases, the strongest first.  Aliases count within one source only, so that
no feed can touch another's entries by copying their ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from aggregator import text, urls
from aggregator.models import Entry
from aggregator.normalise import TITLE_LENGTH, given_date
from aggregator.reasons import Reason
from aggregator.records import Alias, AliasKind, Candidate, Known

#: As many bytes of a name as explaining it takes: guids of 20 kB were met.
_SAID = 500


class Match(Struct, frozen=True, kw_only=True):
    """A candidate and what the archive knows of it: None for a new one; ``reason`` where no name of it told so."""

    candidate: Candidate
    known: Known | None
    reason: Reason | None = None

    @property
    def has_its_title(self) -> bool:
        """Whether the entry still has the title that it is known by."""
        return self.known is not None and self.known.title in _titles(self.candidate.entry)


def candidates(entries: Sequence[Entry]) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """Return the entries with their aliases, and warnings for those that were left out.

    Left out are entries that say nothing at all, and those that stand in the document twice, word for word.
    A guid or link that stands on several entries of the document identifies none of them alone.
    """
    telling = [entry for entry in entries if _says_something(entry)]
    pages = [urls.page(entry.link) for entry in telling]
    guids = Counter(entry.guid for entry in telling)
    links = Counter(pages)
    pairs = Counter((entry.guid, page) for entry, page in zip(telling, pages, strict=True))
    found: dict[str, Candidate] = {}
    for entry, page in zip(telling, pages, strict=True):
        aliases = tuple(_aliases(entry, page, guids, links, pairs))
        own_page = text.digest(page) if page and links[page] == 1 else None
        found.setdefault(aliases[0].value, Candidate(entry=entry, aliases=aliases, page=own_page))
    return tuple(found.values()), _left_out(len(entries) - len(telling), len(telling) - len(found))


def match(found: Sequence[Candidate], known: Mapping[str, Known]) -> tuple[Match, ...]:
    """Return each candidate with the known copy that it is, if any; no copy is taken twice.

    ``known`` maps aliases to copies.  The strongest claims of all candidates come first, so that a swapped link
    cannot take a copy from the entry that it belongs to, and the order of the document does not count.
    """
    claims = sorted(claim for index, candidate in enumerate(found) for claim in _claims(index, candidate, known))
    taken: set[int] = set()
    matched: dict[int, Known] = {}
    for _, alias, index in claims:
        copy = known[alias]
        if index not in matched and copy.pk not in taken:
            taken.add(copy.pk)
            matched[index] = copy
    return tuple(Match(candidate=candidate, known=matched.get(i)) for i, candidate in enumerate(found))


def _says_something(entry: Entry) -> bool:
    return bool(entry.guid or entry.link or entry.title or entry.content or entry.summary or entry.links)


def _aliases(
    entry: Entry,
    page: str | None,
    guids: Counter[str | None],
    links: Counter[str | None],
    pairs: Counter[tuple[str | None, str | None]],
) -> list[Alias]:
    found = []
    if entry.guid and guids[entry.guid] == 1:
        found.append(alias("guid", entry.guid, text.digest("guid", entry.guid)))
    elif entry.guid and page and pairs[entry.guid, page] == 1:
        found.append(alias("guid", entry.guid, text.digest("guid", entry.guid, page)))
    if page and links[page] == 1:
        found.append(alias("link", entry.link or page, text.digest("link", page)))
    return found or [alias("text", _titles(entry)[0], text.digest("text", entry.guid, page, _words(entry)))]


def alias(kind: AliasKind, said: str, value: str) -> Alias:
    """Return the name that ``value`` stands for; of ``said`` the beginning is kept."""
    return Alias(value=value, kind=kind, said=text.truncated(said, _SAID))


def _words(entry: Entry) -> str:
    parts = (entry.title, entry.content, entry.summary)
    media = (link.href for link in entry.links if link.rel == "enclosure")
    return text.digest(str(entry.published), *(part.value if part else None for part in parts), *media)


def _claims(index: int, candidate: Candidate, known: Mapping[str, Known]) -> Iterator[tuple[int, str, int]]:
    entry = candidate.entry
    for rank, alias in enumerate(each.value for each in candidate.aliases):
        copy = known.get(alias)
        if copy is None:
            continue
        if rank and entry.guid and (entry.guid == copy.guid or _is_of_pruned(entry, copy)):
            yield 0, alias, index  # guid and link agree: of several entries with one guid it is this one
        elif rank == 0 and (entry.guid or not copy.guid):
            yield 1, alias, index  # by its guid, or by all that there is
        elif _plausible(entry, copy):
            yield 2, alias, index


def _is_of_pruned(entry: Entry, copy: Known) -> bool:
    # Nobody knows what guid it had; the date tells.
    return copy.pruned and copy.guid is None and copy.has_date(given_date(entry))


def _plausible(entry: Entry, copy: Known) -> bool:
    # A new guid under a known link is the same entry when it is the same address, when its date stayed, or its title
    # where the source gives or gave none; a page that every issue of a column links to, under one title, is not one
    # entry.
    if not entry.guid or not copy.guid or _is_one_address(entry.guid, copy.guid) or copy.has_date(given_date(entry)):
        return True
    gave_none = copy.dated is None and copy.published == copy.first_seen
    return (entry.published is None or gave_none) and copy.title in _titles(entry)


def _is_one_address(one: str, other: str) -> bool:
    # What stands behind the number sign tells issues of a column apart.
    return urls.canonical(one) == urls.canonical(other) and one.partition("#")[2] == other.partition("#")[2]


def _titles(entry: Entry) -> tuple[str, ...]:
    if entry.title:
        return text.one_line(entry.title.value), text.plain(entry.title.value)
    body = entry.content or entry.summary
    return (text.excerpt(body.value, TITLE_LENGTH) if body else entry.link or "",)


def _left_out(empty: int, repeated: int) -> tuple[str, ...]:
    said = []
    if empty:
        said.append(f"{empty} entries say nothing and were left out")
    if repeated:
        said.append(f"{repeated} entries stand in the document twice and were taken once")
    return tuple(said)
