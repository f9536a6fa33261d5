"""The outputs as other programs read them: libraries that share no code with ours, and readers that people use."""

from __future__ import annotations

import html
import io
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest
from golden import FOLDER
from msgspec import Struct
from msgspec.structs import asdict, replace
from posts import POSTS, SITE, SUBSCRIPTIONS, moment

from aggregator.models import Post
from aggregator.publish import facts


class Read(Struct, frozen=True):
    """An entry as a reader sees it; what a reader does not look at is None."""

    id: str
    title: str
    link: str | None
    published: datetime
    updated: datetime | None = None
    authors: tuple[str, ...] | None = None
    source: str | None = None
    content: str | None = None
    enclosures: tuple[tuple[str, str], ...] | None = None
    tags: tuple[str, ...] | None = None


Reader = Callable[[str, Path], list[Read]]


def _feedparser(name: str, folder: Path) -> list[Read]:
    parsed = feedparser.parse(io.BytesIO((FOLDER / name).read_bytes()))
    assert not parsed.bozo
    assert (parsed.feed.title, parsed.feed.link, parsed.feed.language) == (SITE.title, SITE.url, "en")
    return [
        Read(
            id=each.id,
            title=each.title,
            link=each.link if "links" in each else None,  # else it takes the id for one
            published=moment(each.published_parsed),
            updated=moment(each.updated_parsed) if "atom" in name else None,
            authors=tuple(person.name for person in each.authors),
            source=each.source.title if "source" in each else None,
            content=each.content[0].value if "content" in each else "",
            enclosures=tuple((found.href, found.type) for found in (each.enclosures if "links" in each else ())),
            tags=tuple(tag.label or tag.term for tag in each.tags),
        )
        for each in parsed.entries
    ]


def _feedparser_rs(name: str, folder: Path) -> list[Read]:
    library = pytest.importorskip("feedparser_rs")
    parsed = library.parse((FOLDER / name).read_bytes())
    assert not parsed.bozo
    assert (parsed.feed.title, parsed.feed.link) == (SITE.title, SITE.url)
    return [
        Read(
            id=each.id,
            title=html.unescape(each.title),  # it shows titles as HTML
            link=None if each.link in (None, each.id) else html.unescape(each.link),  # it takes the id for one, too
            published=moment(each.published_parsed),
            updated=moment(each.updated_parsed) if name == "atom.xml" else None,
            authors=tuple(person.name for person in each.authors),
            source=each.source.title if each.source else None,
        )
        for each in parsed.entries
    ]


def _fastfeedparser(name: str, folder: Path) -> list[Read]:
    library = pytest.importorskip("fastfeedparser")
    parsed = library.parse((FOLDER / name).read_bytes())
    assert (parsed.feed.title, parsed.feed.link) == (SITE.title, SITE.url)
    return [
        Read(
            id=each["id"],
            title=each["title"],
            link=each.get("link") or None,
            published=datetime.fromisoformat(each["published"]),
            updated=datetime.fromisoformat(each["updated"]) if name == "atom.xml" else None,
            content=each["content"][0]["value"] if each.get("content") else "",
            tags=tuple(tag["label"] or tag["term"] for tag in each["tags"]),
        )
        for each in parsed.entries
    ]


def _sfeed(name: str, folder: Path) -> list[Read]:
    done = subprocess.run(
        [_program("sfeed")], input=(FOLDER / name).read_bytes(), capture_output=True, check=True, timeout=60
    )
    rows = (line.split("\t") for line in done.stdout.decode().splitlines())
    return [
        Read(
            id=identity,
            title=title,
            link=link or None,
            published=datetime.fromtimestamp(int(stamp), UTC),
            content=content.replace("\\n", "\n"),
        )
        for stamp, title, link, content, _, identity, *_ in rows
    ]


def _newsboat(name: str, folder: Path) -> list[Read]:
    (folder / "urls").write_text(f"file://{FOLDER / name}\n", "utf-8")
    _run_newsboat(folder, "-x", "reload")
    with sqlite3.connect(folder / "cache.db") as cache:
        assert cache.execute("SELECT title, url FROM rss_feed").fetchall() == [(SITE.title, SITE.url)]
        rows = cache.execute("SELECT guid, title, url, pubDate, content FROM rss_item ORDER BY pubDate DESC").fetchall()
    cache.close()
    return [
        Read(
            id=identity,
            title=title,
            link=link or None,
            published=datetime.fromtimestamp(stamp, UTC),
            content=content,
        )
        for identity, title, link, stamp, content in rows
    ]


def _run_newsboat(folder: Path, *arguments: str) -> None:
    (folder / "config").write_text("", "utf-8")
    files = ("-u", folder / "urls", "-c", folder / "cache.db", "-C", folder / "config")
    subprocess.run(
        [_program("newsboat"), *files, *arguments],
        env={"HOME": str(folder), "LC_ALL": "C.UTF-8", "TERM": "dumb"},
        capture_output=True,
        check=True,
        timeout=60,
    )


def _program(name: str) -> str:
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def _expected(name: str, post: Post, read: Read) -> Read:
    """Return what ``read`` must be, as far as its reader looks."""
    copy = post.copy
    media = tuple((href, kind) for href, kind, _ in facts.enclosures(copy))
    # RSS has no place for a source without an address, and for one enclosure only.
    sourceless = name == "feed.json" or (name == "rss.xml" and not copy.feed.url)
    whole = Read(
        id=post.id,
        title=copy.title,
        link=copy.link,
        published=facts.second(post.published),
        updated=facts.second(post.updated),
        authors=tuple(person.name for person in facts.authors(post)),
        source=None if sourceless else post.source.title,
        content=copy.content,
        enclosures=media[:1] if name == "rss.xml" else media,
        tags=(*post.category, *(tag.label or tag.term for tag in copy.tags)),
    )
    unseen: dict[str, Any] = {name: None for name, said in asdict(read).items() if said is None}
    return replace(whole, **unseen)


@pytest.mark.parametrize(
    ("reader", "name"),
    [
        (reader, name)
        for reader in (_feedparser, _feedparser_rs, _fastfeedparser, _sfeed, _newsboat)
        for name in ("atom.xml", "rss.xml", "feed.json")
        if name != "feed.json" or reader in (_feedparser_rs, _fastfeedparser)
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__.strip("_"),
)
def test_readers_see_what_was_published(tmp_path: Path, reader: Reader, name: str) -> None:
    """Ids, titles, links, dates and contents come back; so do authors, sources, media and tags, where one looks."""
    found = reader(name, tmp_path)
    assert found == [_expected(name, post, read) for post, read in zip(POSTS, found, strict=True)]


def test_every_part_is_seen_by_two_readers(tmp_path: Path) -> None:
    """No part of an entry is taken on one reader's word, unless only one of them looks at it."""
    pytest.importorskip("feedparser_rs")
    seen = [reader("atom.xml", tmp_path)[0] for reader in (_feedparser, _feedparser_rs, _fastfeedparser)]
    for part in ("id", "title", "link", "published", "updated", "authors", "source", "content", "tags"):
        assert sum(getattr(read, part) is not None for read in seen) >= 2, part


def test_newsboat_imports_the_sources(tmp_path: Path) -> None:
    """It lists each source's address with its category path."""
    (tmp_path / "urls").write_text("", "utf-8")
    _run_newsboat(tmp_path, "-i", str(FOLDER / "opml.xml"))
    lines = {line for line in (tmp_path / "urls").read_text("utf-8").splitlines() if line}
    assert lines == {each.feed + (f' "{"/".join(each.category)}"' if each.category else "") for each in SUBSCRIPTIONS}


def test_sfeed_imports_the_sources() -> None:
    """It lists each source's title and address."""
    program = _program("sfeed_opml_import")
    done = subprocess.run(
        [program], input=(FOLDER / "opml.xml").read_bytes(), capture_output=True, check=True, timeout=60
    )
    for each in SUBSCRIPTIONS:
        assert f"feed '{each.title}' '{each.feed}'" in done.stdout.decode()
