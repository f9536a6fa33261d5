"""A folder of posts, looked through: which of its files can be read, and which sources they name.

Sources that feeds.yaml does not have get lines in it; what names no feed that could be pulled gets one line for each
category path.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct, field
from msgspec.structs import replace

from aggregator import urls
from aggregator.categories import MOST_LEVELS, Names, spelled
from aggregator.errors import ForbiddenError
from aggregator.models import Attribution, Source, Subscription
from aggregator.pipeline import postfolder
from aggregator.postfile import PostFile
from aggregator.recognise.importing import carriers, named


class _Wanted(Struct):
    """A line that feeds.yaml is to have: ``category`` is that of a post of its own, where there is one."""

    category: Names
    is_own: bool
    titles: set[str] = field(default_factory=set)


class Survey:
    """What a folder of posts holds: ``paths`` of posts, and ``unread`` files with the reason.

    ``sources`` are those of feeds.yaml, ``slugs`` gives the folders' names of a category path, "" where there can be
    none; ``address`` turns an address of feeds.yaml into the one that is asked.
    """

    def __init__(
        self,
        folder: Path,
        sources: Sequence[Source],
        slugs: Callable[[Names], tuple[str, ...]],
        address: Callable[[str], str],
    ) -> None:
        self.folder = folder
        self.paths: list[str] = []
        self.unread: list[tuple[str, str]] = []
        self._slugs = slugs
        self._by_address = {shown: source for source in sources for shown in _addresses(source, address)}
        self._by_id = {quote(source.id): source for source in sources}
        self._sources = sources
        self._spelled: dict[Names, Names] = {}
        self._wanted: dict[str, _Wanted] = {}
        self._pages: Counter[tuple[str | None, str]] = Counter()
        for source in sources:
            self._spell(source.category)
        for path in postfolder.paths(folder):
            self._look(path)

    @property
    def lines(self) -> tuple[Subscription, ...]:
        """The lines that feeds.yaml lacks; sources in them are not pulled until the editor enables them."""
        return tuple(
            Subscription(
                title=next(iter(each.titles)) if len(each.titles) == 1 else "",
                feed=address,
                url=None,
                category=each.category,
                enabled=False,
            )
            for address, each in self._wanted.items()
        )

    def read(self, path: str) -> PostFile:
        """Return the post at ``path``, its category spelled as feeds.yaml does; raises ValueError as ``postfolder``."""
        post = postfolder.read(self.folder, path)
        if len(post.categories) > MOST_LEVELS:
            raise ValueError(f"its category has more than {MOST_LEVELS} levels")
        nameless = [name for name, slug in zip(post.categories, self._slugs(post.categories), strict=True) if not slug]
        if nameless:
            raise ValueError(f"its category {nameless[0]!r} has neither letter nor digit for the name of a folder")
        return replace(post, categories=self._spell(post.categories))

    def addresses(self, post: PostFile) -> tuple[str, ...]:
        """Return the addresses in feeds.yaml, as it will be, of the carriers of ``post``."""
        return tuple(self._address(each, post, is_own=place == 0) for place, each in enumerate(carriers(post)))

    def is_alone(self, carrier: Attribution) -> bool:
        """Tell whether the page that ``carrier`` links to is that of one post alone."""
        return carrier.link is not None and self._pages[carrier.feed, urls.canonical(carrier.link)] == 1

    def _look(self, path: str) -> None:
        try:
            post = self.read(path)
        except ValueError as exc:
            self.unread.append((path, str(exc)))
            return
        self.paths.append(path)
        for place, each in enumerate(carriers(post)):
            self._pages[each.feed, urls.canonical(each.link or "")] += 1
            self._want(each, post, is_own=place == 0)

    def _want(self, carrier: Attribution, post: PostFile, *, is_own: bool) -> None:
        if self._known(carrier, post, is_own=is_own) is not None:
            return
        address = _pullable(carrier.feed)
        if address is not None and urls.canonical(address) not in self._by_address:
            wanted = self._wanted.setdefault(address, _Wanted(post.categories, is_own))
            wanted.titles.add(carrier.title)
            if is_own and not wanted.is_own:
                wanted.category, wanted.is_own = post.categories, True
            if not is_own or wanted.category == post.categories:
                return
        nowhere = self._nowhere(post.categories)
        if urls.canonical(nowhere) not in self._by_address:
            self._wanted.setdefault(nowhere, _Wanted(post.categories, is_own=True))

    def _address(self, carrier: Attribution, post: PostFile, *, is_own: bool) -> str:
        known = self._known(carrier, post, is_own=is_own)
        if known is not None:
            return known.url
        wanted = self._wanted.get(_pullable(carrier.feed) or "")
        if wanted is not None and (not is_own or wanted.category == post.categories):
            return _pullable(carrier.feed) or ""
        return self._nowhere(post.categories)

    def _known(self, carrier: Attribution, post: PostFile, *, is_own: bool) -> Source | None:
        found = self._by_address.get(urls.canonical(carrier.feed or ""))
        if found is None and is_own:
            found = self._named(post) or self._titled(carrier, post)
        # A line that was made for posts keeps to their category.
        return found if found and (found.enabled or not is_own or found.category == post.categories) else None

    def _named(self, post: PostFile) -> Source | None:
        # Another carrier may be the source that the id was made for.
        found = self._by_id.get(named(post) or "")
        others = (self._by_address.get(urls.canonical(each.feed or "")) for each in post.also_in)
        return None if found in others else found

    def _titled(self, carrier: Attribution, post: PostFile) -> Source | None:
        # Posts of a source that is not on the web itself give its feed's word for an address, or none.
        same = [each for each in self._sources if not urls.absolute(each.url) or not carrier.feed]
        same = [each for each in same if (each.title, each.category) == (carrier.title, post.categories)]
        return same[0] if len(same) == 1 else None

    def _nowhere(self, category: Names) -> str:
        made = urls.NOWHERE + "/".join(self._slugs(category))
        known = self._by_address.get(urls.canonical(made))
        return known.url if known else made

    def _spell(self, category: Names) -> Names:
        return spelled(category, self._slugs(category), self._spelled)


def _pullable(feed: str | None) -> str | None:
    return None if feed is None or "${" in feed else urls.absolute(urls.public(feed))


def _addresses(source: Source, address: Callable[[str], str]) -> set[str]:
    shown = {urls.canonical(urls.public(source.url))}
    with suppress(ForbiddenError):  # of a scheme that is never asked
        shown.add(urls.canonical(urls.public(address(source.url))))
    return shown - {""}
