"""Category paths: what their levels, folders and feeds are called."""

from __future__ import annotations

import pytest

from aggregator.categories import folder_of, heads, spelled, title_of


def test_each_level_is_a_path_of_its_own() -> None:
    """The outermost comes first; the whole site is no level."""
    assert heads(("Tech", "Python", "News")) == [("Tech",), ("Tech", "Python"), ("Tech", "Python", "News")]
    assert heads(()) == []


@pytest.mark.parametrize(
    ("slugs", "names", "folder", "title"),
    [
        ((), (), "", "Planet"),
        (("new-media", "趣头条"), ("新媒体", "趣头条"), "new-media/趣头条/", "Planet · 新媒体 / 趣头条"),
    ],
)
def test_a_feed_has_a_folder_and_a_title(
    slugs: tuple[str, ...], names: tuple[str, ...], folder: str, title: str
) -> None:
    """The whole site's stands at the top, and is called as the site is."""
    assert folder_of(slugs) == folder
    assert title_of("Planet", names) == title


def test_names_of_one_folder_are_spelled_as_the_first() -> None:
    """Level by level, and in whatever case: some file systems take such names for one."""
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    assert spelled(["Straße", "A b"], ["straße", "a-b"], known) == ("Straße", "A b")
    assert spelled(["Strasse", "A-B", "c"], ["strasse", "a-b", "c"], known) == ("Straße", "A b", "c")
