"""Archive documents (RFC 5005): the whole of a feed in documents that fill up and then stay as they are."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from inside import START, Inside
from lxml import etree
from msgspec.structs import replace
from origin import Origin
from planet import Item, Planet, rss

from aggregator.history import filings
from aggregator.models import Document
from aggregator.publish import atom
from aggregator.records import ArchiveState

SITE = "https://planet.example.org/"
ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"


def item(number: int, *, title: str | None = None) -> Item:
    """Return an entry; the higher its number, the newer it is."""
    date = format_datetime(START - timedelta(days=100) + timedelta(hours=number), usegmt=True)
    return Item(title=title or f"Entry {number}", guid=f"https://site.example.org/{number}", date=date)


def titles(body: bytes) -> list[str]:
    return [each.text or "" for each in etree.fromstring(body).iterfind(f"{ATOM}entry/{ATOM}title")]


def link(body: bytes, rel: str) -> str | None:
    """Return the path below the site that a feed document's link of ``rel`` leads to."""
    hrefs = [each.get("href", "") for each in etree.fromstring(body).iterfind(f"{ATOM}link") if each.get("rel") == rel]
    assert len(hrefs) <= 1
    return unquote(hrefs[0].removeprefix(SITE)) if hrefs else None


def marks(body: bytes) -> list[str]:
    return [each.tag.removeprefix(HISTORY) for each in etree.fromstring(body) if each.tag.startswith(HISTORY)]


def chain(files: dict[str, bytes], folder: str = "") -> list[str]:
    """Follow the archive documents from a subscription document as a reader does; return their paths, newest first."""
    found: list[str] = []
    here = link(files[f"{folder}atom.xml"], "prev-archive")
    while here:
        assert here not in found
        found.append(here)
        here = link(files[here], "prev-archive")
    return found


def whole(files: dict[str, bytes], folder: str = "") -> set[str]:
    """Return the titles of all entries that a new subscriber finds."""
    return {title for path in (f"{folder}atom.xml", *chain(files, folder)) for title in titles(files[path])}


class Writer:
    """A planet of one category whose sources say what the test puts there."""

    def __init__(self, folder: Path, origin: Origin, *, output: str = "entries: 3, archive: 4") -> None:
        self.planet = Planet(folder)
        self.origin = origin
        self.inside = Inside(folder)
        self.names = {"a": "News"}
        self.output = output
        self.configure()

    def configure(self) -> None:
        feeds = [
            f"{{url: '{self.origin.url(f'/{name}.xml')}', id: {name}, category: {category}}}"
            for name, category in self.names.items()
        ]
        self.planet.configure(feeds, more=f"output: {{path: public, formats: [atom], {self.output}}}")

    def say(self, *items: Item, source: str = "a") -> dict[str, bytes]:
        """Let a source say ``items``, run a cycle, and return the Atom documents."""
        self.origin.put(f"/{source}.xml", rss(*items))
        self.inside.cycle()
        return self.atom()

    def atom(self) -> dict[str, bytes]:
        return {path: body for path, body in self.inside.files().items() if path.endswith((".atom", "atom.xml"))}


@pytest.fixture
def writer(tmp_path: Path, origin: Origin) -> Writer:
    return Writer(tmp_path, origin)


def test_a_feed_with_everything_in_it_says_so(writer: Writer) -> None:
    """As long as all entries stand in it a feed is complete, and has no archive documents."""
    files = writer.say(*map(item, range(3)))
    assert set(files) == {"atom.xml", "news/atom.xml"}
    assert marks(files["atom.xml"]) == ["complete"]
    assert chain(files) == []


def test_a_new_subscriber_finds_the_whole_history(writer: Writer) -> None:
    """Links lead through all entries, in documents that say what they are and where the newest stand."""
    files = writer.say(*map(item, range(10)))
    for folder in ("", "news/"):
        assert titles(files[f"{folder}atom.xml"]) == ["Entry 9", "Entry 8", "Entry 7"]
        assert marks(files[f"{folder}atom.xml"]) == []
        assert chain(files, folder) == [f"{folder}archive/{number}.atom" for number in (3, 2, 1)]
        assert whole(files, folder) == {f"Entry {number}" for number in range(10)}
        for number, (previous, following) in {1: (None, 2), 2: (1, 3), 3: (2, None)}.items():
            body = files[f"{folder}archive/{number}.atom"]
            assert marks(body) == ["archive"]
            assert link(body, "self") == f"{folder}archive/{number}.atom"
            assert link(body, "current") == f"{folder}atom.xml"
            assert link(body, "prev-archive") == (previous and f"{folder}archive/{previous}.atom")
            assert link(body, "next-archive") == (following and f"{folder}archive/{following}.atom")
    assert titles(files["archive/1.atom"]) == ["Entry 3", "Entry 2", "Entry 1", "Entry 0"]
    root = etree.fromstring(files["archive/1.atom"])
    assert root.findtext(f"{ATOM}id") == etree.fromstring(files["atom.xml"]).findtext(f"{ATOM}id")
    newest = max(each.text or "" for each in root.iterfind(f"{ATOM}entry/{ATOM}updated"))
    assert root.findtext(f"{ATOM}updated") == newest


def test_a_full_document_never_changes_while_entries_come(writer: Writer) -> None:
    """Every document but the newest keeps bytes and time of change; late entries with old dates go into that one."""
    seen: dict[str, tuple[bytes, int]] = {}
    for step in range(1, 14):
        late = [item(-step * 50)] if step % 3 == 0 else []
        files = writer.say(*map(item, range(step * 2)), *late)
        documents = sorted(
            (path for path in files if path.endswith(".atom")), key=lambda path: int(path.split("/")[-1][:-5])
        )
        for path, (body, changed) in seen.items():
            assert files[path] == body
            assert (writer.inside.folder / "public" / path).stat().st_mtime_ns == changed
        full = [path for path in documents if link(files[path], "next-archive")]
        seen = {path: (files[path], (writer.inside.folder / "public" / path).stat().st_mtime_ns) for path in full}
        assert all(len(titles(files[path])) == 4 for path in full)
    assert len(seen) > 8
    assert whole(files) == {f"Entry {number}" for number in (*range(26), -150, -300, -450, -600)}
    ids = [title for path in chain(files) for title in titles(files[path])]
    assert len(ids) == len(set(ids)) == 30


def test_entries_of_one_time_stand_in_the_order_of_their_feed(writer: Writer) -> None:
    """In the subscription document and in those of the archive, from the newest one to the oldest."""
    files = writer.say(*(replace(item(number), date=None) for number in range(9)))
    assert titles(files["atom.xml"]) == ["Entry 0", "Entry 1", "Entry 2"]
    assert [title for path in chain(files) for title in titles(files[path])] == [f"Entry {n}" for n in range(9)]


def test_publishing_again_gives_the_same_bytes(writer: Writer) -> None:
    """What cycles left bit by bit is what the database gives at once, in an empty folder, too."""
    for step in range(1, 6):
        files = writer.say(*map(item, range(step * 3)))
    with writer.inside.app() as app:
        assert app.preview("test").written == []
        changes = app.publish("test")
    assert (changes.written, changes.removed) == ([], [])
    (writer.inside.folder / "public").rename(writer.inside.folder / "before")
    with writer.inside.app() as app:
        assert set(app.preview("test").written) == set(app.publish("test").written)
    assert writer.atom() == files


def test_an_edit_is_made_where_the_entry_stands(writer: Writer) -> None:
    """A correction reaches the archive document of its entry, and no other; the list stays."""
    before = writer.say(*map(item, range(10)))
    after = writer.say(*(item(number, title="Corrected" if number == 1 else None) for number in range(10)))
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {"archive/1.atom", "news/archive/1.atom"}
    assert titles(after["archive/1.atom"]) == ["Entry 3", "Entry 2", "Corrected", "Entry 0"]


def test_another_source_of_a_category_changes_no_full_document(writer: Writer) -> None:
    """The history of a source that joins late goes into the newest document, however old it is."""
    before = writer.say(*map(item, range(9)))
    writer.names["b"] = "News"
    writer.configure()
    after = writer.say(*map(item, range(-6, -1)), source="b")
    for number in (1, 2):
        assert after[f"news/archive/{number}.atom"] == before[f"news/archive/{number}.atom"]
    assert whole(after, "news/") == {f"Entry {number}" for number in (*range(-6, -1), *range(9))}


def test_a_source_that_moves_leaves_its_history_and_takes_it_along(writer: Writer) -> None:
    """Full documents of the old category keep their entries; those of the new one get them as its newest."""
    writer.names |= {"b": "News"}
    writer.configure()
    writer.origin.put("/b.xml", rss(*map(item, range(20, 26))))
    before = writer.say(*map(item, range(6)))
    writer.names["a"] = "Old"
    writer.configure()
    after = writer.say(*map(item, range(6)))
    assert titles(after["news/archive/1.atom"]) == titles(before["news/archive/1.atom"])
    assert set(titles(after["news/atom.xml"])) == {"Entry 23", "Entry 24", "Entry 25"}
    assert whole(after, "old/") == {f"Entry {number}" for number in range(6)}


def test_what_leaves_every_output_leaves_the_documents(writer: Writer) -> None:
    """What is pruned, and what no source carries any more, stands in no archive document; empty ones go."""
    writer.output += "}\nretention: {max_posts: 5"
    writer.configure()
    writer.say(*map(item, range(12)))
    with writer.inside.app() as app:
        app.prune(writer.inside.now, "test")
    files = writer.atom()
    assert chain(files) == ["archive/3.atom", "archive/2.atom"]
    assert whole(files) == {f"Entry {number}" for number in range(7, 12)}
    assert titles(files["archive/2.atom"]) == ["Entry 7"]
    more = writer.say(*map(item, range(14)))
    assert titles(more["archive/2.atom"]) == ["Entry 7"]
    assert whole(more) == {f"Entry {number}" for number in range(7, 14)}
    writer.names = {"b": "News"}
    writer.configure()
    assert set(writer.say(*map(item, range(30, 35)), source="b")) >= {"archive/4.atom", "archive/5.atom"}
    assert whole(writer.atom()) == {f"Entry {number}" for number in range(30, 35)}


def test_what_is_retracted_leaves_full_documents_at_once(writer: Writer) -> None:
    """An entry that is taken back stands in no document; where one is left empty, its neighbours find each other."""
    writer.say(*map(item, range(13)))
    for number in (1, 4, 5, 6, 7):
        with writer.inside.app() as app:
            app.retract(f"https://site.example.org/{number}", None, writer.inside.now, "test")
    files = writer.atom()
    assert chain(files) == [f"archive/{number}.atom" for number in (4, 3, 1)]
    assert link(files["archive/1.atom"], "next-archive") == "archive/3.atom"
    assert whole(files) == {f"Entry {number}" for number in (0, 2, 3, *range(8, 13))}
    assert not any(f"Entry {number}<".encode() in body for body in files.values() for number in (1, 4, 5, 6, 7))
    with writer.inside.app() as app:
        changes = app.publish("test")
    assert (changes.written, changes.removed) == ([], [])


def test_a_document_that_comes_back_is_linked_again(writer: Writer) -> None:
    """One that lost all of its entries, and gets another one before it was full, stands between its neighbours."""
    writer.output = "entries: 1, archive: 2"
    writer.configure()
    writer.say(*map(item, range(3)))
    with writer.inside.app() as app:
        app.retract("https://site.example.org/2", None, writer.inside.now, "test")
    assert chain(writer.atom()) == ["archive/1.atom"]
    files = writer.say(*map(item, (0, 1, 3)))
    assert chain(files) == ["archive/2.atom", "archive/1.atom"]
    assert link(files["archive/1.atom"], "next-archive") == "archive/2.atom"
    with writer.inside.app() as app:
        assert app.preview("test").written == []


def test_a_full_document_that_comes_back_is_linked_again(writer: Writer) -> None:
    """One whose entries no source carried for a while stands between its neighbours when another one carries them."""
    writer.output = "entries: 1, archive: 1"
    writer.names = dict.fromkeys("abc", "News")
    writer.configure()
    shared = replace(item(1), link="https://site.example.org/shared")
    for source, one in zip("abc", (item(0), shared, item(2)), strict=True):
        writer.say(one, source=source)
    del writer.names["b"]
    writer.configure()
    assert chain(writer.say(item(2), source="c")) == ["archive/3.atom", "archive/1.atom"]
    files = writer.say(item(2), replace(shared, guid="urn:ex:again"), source="c")
    assert chain(files) == [f"archive/{number}.atom" for number in (3, 2, 1)]
    assert link(files["archive/1.atom"], "next-archive") == "archive/2.atom"
    with writer.inside.app() as app:
        assert app.preview("test").written == []


def test_an_entry_that_comes_touches_no_document_but_its_own(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The neighbours of a document that fills up are not made again."""
    writer.say(*map(item, range(9)))
    made: list[str] = []
    render = atom.archive

    def counted(*given: Any) -> Document:
        made.append(f"{given[1].folder}{given[2].number}")
        return render(*given)

    monkeypatch.setattr(atom, "archive", counted)
    writer.say(*map(item, range(10)))
    assert sorted(made) == ["3", "news/3"]


def test_a_feed_that_shrinks_is_complete_again(writer: Writer) -> None:
    """When so much is taken back that all stands in one document the others go; they come back when it grows."""
    writer.say(*map(item, range(5)))
    for number in (0, 1):
        with writer.inside.app() as app:
            app.retract(f"https://site.example.org/{number}", None, writer.inside.now, "test")
    files = writer.atom()
    assert set(files) == {"atom.xml", "news/atom.xml"}
    assert marks(files["atom.xml"]) == ["complete"]
    files = writer.say(*map(item, range(2, 7)))
    assert whole(files) == {f"Entry {number}" for number in range(2, 7)}
    with writer.inside.app() as app:
        changes = app.publish("test")
    assert (changes.written, changes.removed) == ([], [])


def test_documents_can_be_done_without(writer: Writer) -> None:
    """``archive: 0`` makes none and removes those that there were; when they come back they hold what they held."""
    before = writer.say(*map(item, range(10)))
    writer.output = "entries: 3, archive: 0"
    writer.configure()
    without = writer.say(*map(item, range(11)))
    assert set(without) == {"atom.xml", "news/atom.xml"}
    assert link(without["atom.xml"], "prev-archive") is None
    writer.output = "entries: 3, archive: 2"
    writer.configure()
    after = writer.say(*map(item, range(12)))
    for number in (1, 2):
        assert titles(after[f"archive/{number}.atom"]) == titles(before[f"archive/{number}.atom"])
    assert titles(after["archive/3.atom"]) == ["Entry 9", "Entry 8"]
    assert whole(after) == {f"Entry {number}" for number in range(12)}


def test_a_feed_without_a_limit_needs_no_documents(tmp_path: Path, origin: Origin) -> None:
    """``entries: 0`` keeps everything in one document, which says so."""
    files = Writer(tmp_path, origin, output="entries: 0").say(*map(item, range(10)))
    assert set(files) == {"atom.xml", "news/atom.xml"}
    assert marks(files["news/atom.xml"]) == ["complete"]


@pytest.mark.parametrize(
    ("newest", "posts", "expected"),
    [
        (None, 2, [(1, 0, 2)]),
        (None, 7, [(1, 0, 3), (2, 0, 3), (3, 0, 1)]),
        ((4, 1), 1, [(4, 1, 1)]),
        ((4, 1), 3, [(4, 1, 2), (5, 0, 1)]),
        ((4, 3), 1, [(5, 0, 1)]),
        ((4, 9), 1, [(5, 0, 1)]),
        ((4, 1), 0, []),
    ],
)
def test_posts_are_filed_in_their_order(
    newest: tuple[int, int] | None, posts: int, expected: list[tuple[int, int, int]]
) -> None:
    """The newest document is filled up first; one that is full, by whatever size it was made, gets no more."""
    state = ArchiveState(pk=1, folder="x/", number=newest[0], filled=newest[1]) if newest else None
    made = list(filings("x/", state, range(100, 100 + posts), 3))
    assert [(each.number, each.before, len(each.posts)) for each in made] == expected
    assert [post for each in made for post in each.posts] == list(range(100, 100 + posts))
