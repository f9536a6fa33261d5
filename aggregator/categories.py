"""Category paths: what their levels, their folders and their feeds are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: A category path: names, outermost first.
Names = tuple[str, ...]

#: Levels of a category path: each is a folder of the outputs.
MOST_LEVELS = 8


def heads(category: Names) -> list[Names]:
    """Return the levels of a category path, outermost first, each as a path of its own."""
    return [category[:depth] for depth in range(1, len(category) + 1)]


def folder_of(slugs: Iterable[str]) -> str:
    """Return the folder of a category path below that of all outputs: its ``slugs``, each with a slash behind it."""
    return "".join(f"{slug}/" for slug in slugs)


def title_of(site: str, category: Names) -> str:
    """Return the title of the feed of a category, or of the whole ``site``, where the editor gave it none."""
    return " · ".join(filter(None, (site, " / ".join(category))))


def spelled(category: Sequence[str], slugs: Iterable[str], known: dict[Names, Names]) -> Names:
    """Return ``category``, whose folders are called ``slugs``, with names that make one folder spelled alike.

    ``known`` remembers how the first of them was spelled.  Some file systems take names for one in any case.
    """
    folders: Names = ()
    names: Names = ()
    for name, folder in zip(category, slugs, strict=True):
        folders += (folder.casefold(),)
        names = known.setdefault(folders, (*names, name))
    return names
