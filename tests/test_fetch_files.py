"""Sources in files: only what is below the folder that the configuration opens, and only when it changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fetching import AGENT, NOW, account, client
from origin import Origin
from planet import Item, Planet, rss

from aggregator import urls
from aggregator.errors import FetchError, ForbiddenError, TooLargeError
from aggregator.fetch import Client, Limits, Request

FEED = "<rss/>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that is open, beside a secret that is not in it."""
    (tmp_path / "secret.xml").write_text("SECRET")
    (tmp_path / "feeds-of-others").mkdir()
    (tmp_path / "feeds-of-others" / "feed.xml").write_text("SECRET")
    made = tmp_path / "feeds"
    (made / "sub").mkdir(parents=True)
    (made / "feed.xml").write_text(FEED)
    (made / "sub" / "a b.xml").write_text(FEED)
    return made


@pytest.fixture
def opened(folder: Path) -> Iterator[Client]:
    limits = Limits(timeout=timedelta(seconds=20), max_size=1000, files=folder, allow_private=True)
    with Client(limits, user_agent=AGENT, account=account()) as made:
        yield made


def ask(by: Client, url: str, etag: str | None = None) -> bytes:
    return by.fetch(Request(source_id="s", url=url, etag=etag), now=NOW).body


def test_a_file_below_the_folder_is_read(opened: Client, folder: Path) -> None:
    """Files of the folder and of those in it are read, by the ways that an address of a file can be written."""
    for url in (
        f"file://{folder}/feed.xml",
        f"FILE://localhost{folder}/feed.xml",
        f"file:{folder}/feed.xml",
        f"file://{folder}/sub/a%20b.xml",
        f"file://{folder}/sub/../feed.xml",
    ):
        assert ask(opened, url) == FEED.encode()


def test_a_file_that_did_not_change_is_not_read(opened: Client, folder: Path) -> None:
    """Same file, time and size are "not modified"; any other of them is news."""
    url = f"file://{folder}/feed.xml"
    first = opened.fetch(Request(source_id="s", url=url), now=NOW)
    again = opened.fetch(Request(source_id="s", url=url, etag=first.etag, validators_url=first.url), now=NOW)
    assert (first.status, again.status, again.body, again.etag) == (200, 304, b"", first.etag)
    (folder / "feed.xml").write_text(FEED + " ")
    assert ask(opened, url, first.etag) == b"<rss/> "
    os.utime(folder / "feed.xml", ns=(1, 1))
    touched = opened.fetch(Request(source_id="s", url=url), now=NOW).etag
    os.replace(folder / "sub" / "a b.xml", folder / "feed.xml")  # noqa: PTH105 - as an editor does
    assert ask(opened, url, touched) == FEED.encode()


def test_what_is_not_below_the_folder_is_refused(opened: Client, folder: Path) -> None:
    """Whatever an address or a link in the folder says, nothing outside is read, and no message holds a path."""
    (folder / "link.xml").symlink_to(folder.parent / "secret.xml")
    (folder / "way").symlink_to(folder.parent)
    for path in (
        "/../secret.xml",
        "/%2e%2e/secret.xml",
        "/link.xml",
        "/way/secret.xml",
        "/../feeds-of-others/feed.xml",
        "/..",
    ):
        with pytest.raises(ForbiddenError, match="is not below the folder") as caught:
            ask(opened, f"file://{folder}{path}")
        assert str(folder.parent) not in str(caught.value)
    for url in ("file:///etc/passwd", "file:///proc/self/environ", "file:///dev/zero", "file:///"):
        with pytest.raises(ForbiddenError, match="is not below the folder"):
            ask(opened, url)


def test_links_within_the_folder_are_followed(opened: Client, folder: Path) -> None:
    """A link that stays below the folder is the file that it leads to."""
    (folder / "current.xml").symlink_to("sub/a b.xml")
    assert ask(opened, f"file://{folder}/current.xml") == FEED.encode()


@pytest.mark.parametrize(
    "url", ["file://evil.example{}/feed.xml", "file:feed.xml", "file://{}/feed.xml?x", "file://{}/feed.xml%00"]
)
def test_addresses_that_name_no_file_here(opened: Client, folder: Path, url: str) -> None:
    """Other hosts, relative paths, queries and zero bytes are refused."""
    with pytest.raises(ForbiddenError, match=r"is written as file:///"):
        ask(opened, url.format(folder))


def test_files_that_cannot_be_read(opened: Client, folder: Path) -> None:
    """What is missing, empty, too large or no file at all is an error in words, and nothing waits."""
    os.mkfifo(folder / "pipe")
    (folder / "empty.xml").touch()
    (folder / "large.xml").write_bytes(bytes(1001))
    for name, kind, words in (
        ("missing.xml", FetchError, r"cannot read missing\.xml: no such file"),
        ("sub", FetchError, "cannot read sub: is a directory|sub is no file"),
        ("pipe", FetchError, "pipe is no file"),
        ("empty.xml", FetchError, "empty.xml is empty"),
        ("large.xml", TooLargeError, r"large.xml is larger than 0\.001 MB"),
    ):
        with pytest.raises(kind, match=words):
            ask(opened, f"file://{folder}/{name}")


def test_without_an_open_folder_no_file_is_read(folder: Path, origin: Origin) -> None:
    """Files are closed by default."""
    with client() as made, pytest.raises(ForbiddenError, match=r"'files' under 'fetch' in feeds\.yaml"):
        ask(made, f"file://{folder}/feed.xml")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_leads_to_a_file(opened: Client, folder: Path, origin: Origin, status: int) -> None:
    """A server never chooses a file of ours, not even of the open folder."""
    for target in (f"file://{folder}/feed.xml", f"file:{folder}/feed.xml", f"FILE:///{folder}/feed.xml"):
        origin.put("/feed", "", status=status, headers={"Location": target})
        with pytest.raises(ForbiddenError, match="a file: address is not an http or https address"):
            ask(opened, origin.url("/feed"))


def test_a_run_reads_files_and_publishes_no_path(planet: Planet, tmp_path: Path, origin: Origin) -> None:
    """A source in a file makes posts; without news it is not modified; nothing that is published names its folder."""
    folder = tmp_path / "private-folder"
    folder.mkdir()
    (folder / "notes.xml").write_text(rss(Item(guid="1", body='<a href="other.html">x</a>')))
    origin.put("/page", f'<link rel="alternate" type="application/rss+xml" href="file://{folder}/notes.xml">')
    planet.configure(
        [f"{{url: 'file://{folder}/notes.xml', category: Notes}}"],
        more=f"fetch: {{files: '{folder}', allow_private: true, timeout: 20s}}",
    )
    first, second = planet.run(), planet.run()
    assert (first["sources"]["ok"], first["posts"]["new"], second["sources"]["not_modified"]) == (1, 1, 1)
    assert len(planet.entries("notes/atom.xml")) == 1
    assert "private-folder" not in b"".join(planet.outputs().values()).decode()
    found = planet.command("preview", origin.url("/page"))
    assert found.returncode == 1
    assert "is no feed" in found.stderr


def test_a_file_needs_its_folder_in_the_configuration(planet: Planet) -> None:
    """A file: source without 'files' is a mistake of the configuration, with its place."""
    planet.configure(["{url: 'file:///srv/feeds/feed.xml'}", "{url: 'file://host/x'}"])
    done = planet.command("check")
    assert done.returncode == 2
    assert "feeds.yaml:6:11: url: no file is read unless 'files' under 'fetch' names its folder" in done.stderr
    assert "feeds.yaml:7:11: url: the path of a file begins with a slash" in done.stderr


def test_what_is_shown_of_sources_has_no_folder_and_no_key() -> None:
    """The public form of a file's address is its name; that of an RSSHub route has no access key."""
    assert urls.public("file:///home/me/feeds/notes.xml?x") == "file:///notes.xml"
    assert urls.public("rsshub://user:SECRET@route/1?key=SECRET&limit=5&code=2") == "rsshub://route/1?limit=5&code=2"
