"""Category paths from outside, spelled as feeds.yaml can hold them: names that get one folder are one name there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from aggregator import text
from aggregator.categories import MOST_LEVELS, Names, spelled
from aggregator.config.model import CategorySettings
from aggregator.config.settings import settings_of, slug_of
from aggregator.config.values import shown

#: C, C++ and C# are three languages, and their names are one slug.
_NO_MARK = re.compile("[^+#]+")
#: Bytes of a slug that leave room for a number behind it.
_SHORT = 100

#: What tells names apart: the slug, and the marks that it leaves out.
_Name = tuple[str, str]


class Spelling:
    """How paths are spelled beside those that are ``used`` in a feeds.yaml, where ``categories`` says more of names.

    ``coming`` are all paths that are to be spelled.  ``notes`` tells what was changed or left out, each once.
    """

    def __init__(
        self, used: Iterable[Names], categories: Mapping[str, CategorySettings], coming: Iterable[Names]
    ) -> None:
        self._categories = categories
        self._spelled: dict[Names, Names] = {}
        self._notes: dict[str, None] = {}
        self._own: dict[_Name, str] = {}
        held = list(used)
        for path in held:
            self.spell(path)
        self._own = _own_slugs(_names(held), _names(coming), categories)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self._notes)

    def spell(self, path: Names) -> Names:
        """Return ``path`` without names that can be no folder, the others as the first that got the same one."""
        kept: Names = ()
        folders: Names = ()
        for name in path:
            slug = self._slug((*kept, name))
            if slug:
                kept, folders = (*kept, name), (*folders, slug)
            else:
                self._note(f"left out the category {shown(name)}: it has neither letter nor digit for a folder's name")
        names = spelled(kept, folders, self._spelled)
        for name, now in zip(kept, names, strict=True):
            if name != now:
                self._note(f"respelled the category {shown(name)} as {shown(now)}: they get the same folder")
        if len(names) > MOST_LEVELS:
            self._note(f"cut the category {shown('/'.join(names))}: at most {MOST_LEVELS} levels are possible")
        return names[:MOST_LEVELS]

    def slugs(self, paths: Iterable[Names]) -> dict[str, str]:
        """Return what feeds.yaml must say of the names in ``paths``, as they were spelled: name → slug."""
        return {name: self._own[_key(name)] for name in _names(paths) if _key(name) in self._own}

    def _slug(self, path: Names) -> str:
        if settings_of(path, self._categories).slug:
            return slug_of(path, self._categories)
        return self._own.get(_key(path[-1])) or text.slug(path[-1])

    def _note(self, told: str) -> None:
        self._notes.setdefault(told)


def _names(paths: Iterable[Names]) -> dict[str, None]:
    return dict.fromkeys(name for path in paths for name in path)


def _key(name: str) -> _Name:
    return text.slug(name), _NO_MARK.sub("", name)


def _own_slugs(
    used: Iterable[str], coming: Iterable[str], categories: Mapping[str, CategorySettings]
) -> dict[_Name, str]:
    """Return slugs for names in ``coming`` whose own is that of another name, which comes first or is ``used``."""
    taken = {text.slug(name) for name in (*used, *coming)} | {each.slug or "" for each in categories.values()}
    settled = {_key(name) for name in (*used, *categories)}
    first = {slug: (slug, marks) for slug, marks in settled}
    own: dict[_Name, str] = {}
    for key in map(_key, coming):
        if key[0] and key not in settled and first.setdefault(key[0], key) != key and key not in own:
            own[key] = next(slug for slug in _numbered(key[0]) if slug not in taken)
            taken.add(own[key])
    return own


def _numbered(slug: str) -> Iterator[str]:
    short = text.truncated(slug, _SHORT).strip("-")
    number = 2
    while True:
        yield f"{short}-{number}"
        number += 1
