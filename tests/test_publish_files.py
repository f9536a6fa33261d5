"""The output folder: one step per file, only what changed, nothing of other people's."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.errors import OutputError
from aggregator.models import Document
from aggregator.publish.files import OutputFolder

FEED = Document(path="new-media/趣头条/atom.xml", body=b"<feed/>")


@pytest.fixture
def folder(tmp_path: Path) -> OutputFolder:
    return OutputFolder(tmp_path / "public")


def listed(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


def test_a_file_is_written_with_its_folders(folder: OutputFolder) -> None:
    """A first document makes the folder, those above it, and nothing but itself."""
    assert folder.differs(FEED)
    assert folder.write(FEED, ours=True)
    assert (folder.root / FEED.path).read_bytes() == b"<feed/>"
    assert listed(folder.root) == [FEED.path]
    assert not folder.differs(FEED)


def test_a_file_that_is_the_same_is_not_touched(folder: OutputFolder) -> None:
    """Equal bytes leave the file, its time and its inode as they are, ours or not."""
    folder.write(FEED, ours=True)
    target = folder.root / FEED.path
    os.utime(target, ns=(1, 1))
    before = target.stat()
    assert not folder.write(FEED, ours=True)
    assert not folder.write(FEED, ours=False)
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (before.st_ino, 1)


def test_a_file_can_be_read_back(folder: OutputFolder) -> None:
    """Reading gives the bytes that stand there, and None where nothing does."""
    assert folder.read(FEED.path) is None
    folder.write(FEED, ours=True)
    assert folder.read(FEED.path) == b"<feed/>"
    assert folder.read("new-media/趣头条/atom.xml/below") is None


@pytest.mark.parametrize("body", [b"<feed>", b"<FEED/>", b"", b"<feed/>\n"])
def test_a_file_that_differs_is_replaced(folder: OutputFolder, body: bytes) -> None:
    """Other bytes replace the file, be they shorter, longer or as many."""
    folder.write(FEED, ours=True)
    changed = Document(path=FEED.path, body=body)
    assert folder.differs(changed)
    assert folder.write(changed, ours=True)
    assert (folder.root / FEED.path).read_bytes() == body
    assert listed(folder.root) == [FEED.path]


def test_a_file_of_somebody_else_is_left_alone(folder: OutputFolder) -> None:
    """What this program did not make is never overwritten; the error says what to do."""
    target = folder.root / "index.html"
    target.parent.mkdir()
    target.write_bytes(b"my own page")
    with pytest.raises(OutputError, match=r"index\.html was not made by this program.*move it away"):
        folder.write(Document(path="index.html", body=b"ours"), ours=False)
    assert target.read_bytes() == b"my own page"
    assert listed(folder.root) == ["index.html"]


def test_what_a_killed_run_left_is_cleaned_away(folder: OutputFolder) -> None:
    """A half-written file of a run that was killed is replaced by the next, and removed with its document."""
    target = folder.root / FEED.path
    target.parent.mkdir(parents=True)
    part = target.with_name(".atom.xml.part")
    part.write_bytes(b"<fe")
    assert folder.write(FEED, ours=True)
    assert listed(folder.root) == [FEED.path]
    part.write_bytes(b"<fe")
    assert folder.remove(FEED.path)
    assert listed(folder.root) == []


def test_a_link_in_the_place_of_the_half_written_file_is_not_followed(folder: OutputFolder, tmp_path: Path) -> None:
    """A link planted where the temporary file will be leads nobody to write elsewhere."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    (folder.root).mkdir()
    (folder.root / ".atom.xml.part").symlink_to(outside)
    folder.write(Document(path="atom.xml", body=b"x"), ours=True)
    assert outside.read_bytes() == b"precious"
    assert not (folder.root / "atom.xml").is_symlink()


def test_removing_takes_the_empty_folders_along(folder: OutputFolder) -> None:
    """A removed file takes the folders that it leaves empty with it, never the root, never a neighbour."""
    folder.write(FEED, ours=True)
    folder.write(Document(path="new-media/atom.xml", body=b"x"), ours=True)
    assert folder.remove(FEED.path)
    assert listed(folder.root) == ["new-media/atom.xml"]
    assert not (folder.root / "new-media" / "趣头条").exists()
    assert folder.remove("new-media/atom.xml")
    assert list(folder.root.iterdir()) == []


def test_removing_what_is_not_there_is_no_error(folder: OutputFolder) -> None:
    """A file that is gone already needs no removing, nor does one whose folder, or root, never was."""
    assert not folder.remove(FEED.path)
    folder.write(Document(path="atom.xml", body=b"x"), ours=True)
    assert not folder.remove("atom.xml/below")
    assert not folder.remove(FEED.path)
    assert listed(folder.root) == ["atom.xml"]


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../x", "a/../../x", "a//x", "./x", "a/.", "a/", "a\0b", "\x1b[0m", "\udc80", "x" * 256],
)
def test_paths_stay_in_the_folder(folder: OutputFolder, path: str) -> None:
    """Only relative paths of plain names are taken; nothing is written, removed or read for others."""
    document = Document(path=path, body=b"x")
    with pytest.raises(OutputError, match="cannot be the path of an output"):
        folder.write(document, ours=True)
    with pytest.raises(OutputError, match="cannot be the path of an output"):
        folder.differs(document)
    with pytest.raises(OutputError, match="cannot be the path of an output"):
        folder.remove(path)
    assert not folder.root.exists()


def test_the_longest_name_can_be_written(folder: OutputFolder) -> None:
    """A name of 255 bytes is written, though the temporary name would be longer."""
    document = Document(path="é" * 127 + "x", body=b"x")
    assert folder.write(document, ours=True)
    assert listed(folder.root) == [document.path]


def test_a_link_that_leads_out_is_refused(folder: OutputFolder, tmp_path: Path) -> None:
    """A folder in the tree that is a link to elsewhere takes and loses no file, however deep the path."""
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "atom.xml").write_bytes(b"precious")
    folder.root.mkdir()
    (folder.root / "news").symlink_to(outside)
    for path in ("news/atom.xml", "news/deep/atom.xml", "news/new/atom.xml"):
        with pytest.raises(OutputError, match="leads out of the output folder"):
            folder.write(Document(path=path, body=b"x"), ours=True)
        with pytest.raises(OutputError, match="leads out of the output folder"):
            folder.remove(path)
    assert listed(outside) == ["atom.xml"]


def test_a_sibling_whose_name_begins_alike_is_outside(folder: OutputFolder, tmp_path: Path) -> None:
    """``public-old`` is not below ``public``."""
    (tmp_path / "public-old").mkdir()
    folder.root.mkdir()
    (folder.root / "news").symlink_to(tmp_path / "public-old")
    with pytest.raises(OutputError, match="leads out"):
        folder.write(Document(path="news/atom.xml", body=b"x"), ours=True)


def test_links_in_a_circle_are_named(folder: OutputFolder) -> None:
    """Links that lead to each other are an error that says so."""
    folder.root.mkdir()
    (folder.root / "a").symlink_to("b")
    (folder.root / "b").symlink_to("a")
    with pytest.raises(OutputError, match="symbolic links lead in a circle"):
        folder.write(Document(path="a/atom.xml", body=b"x"), ours=True)


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    """An output folder that is a link, as deployments have it, is written through; so are links within."""
    (tmp_path / "releases" / "7").mkdir(parents=True)
    (tmp_path / "public").symlink_to(tmp_path / "releases" / "7")
    folder = OutputFolder(tmp_path / "public")
    (tmp_path / "releases" / "7" / "alias").symlink_to("news")
    assert folder.write(Document(path="news/atom.xml", body=b"x"), ours=True)
    assert not folder.write(Document(path="alias/atom.xml", body=b"x"), ours=True)
    assert (tmp_path / "releases" / "7" / "news" / "atom.xml").read_bytes() == b"x"


def test_what_is_no_file_is_not_replaced(folder: OutputFolder, tmp_path: Path) -> None:
    """A link or a folder that stands where a file should be is no output of ours."""
    precious = tmp_path / "precious"
    precious.write_bytes(b"x")
    folder.root.mkdir()
    (folder.root / "atom.xml").symlink_to(precious)
    (folder.root / "rss.xml").mkdir()
    for path in ("atom.xml", "rss.xml"):
        with pytest.raises(OutputError, match="is no regular file"):
            folder.write(Document(path=path, body=b"x"), ours=True)
        with pytest.raises(OutputError, match="is no regular file"):
            folder.remove(path)
    assert precious.read_bytes() == b"x"
    assert (folder.root / "atom.xml").is_symlink()


def test_a_file_in_the_place_of_a_folder_is_named(folder: OutputFolder) -> None:
    """Where a file stands in the way of a folder, the error says so and the file stays."""
    folder.root.mkdir()
    (folder.root / "new-media").write_bytes(b"a file")
    with pytest.raises(OutputError, match="a file stands where a folder is needed: move it away") as caught:
        folder.write(FEED, ours=True)
    assert isinstance(caught.value.__cause__, OSError)
    assert str(folder.root / FEED.path) in str(caught.value)
    assert (folder.root / "new-media").read_bytes() == b"a file"


def test_a_root_that_is_a_file_is_named(tmp_path: Path) -> None:
    """An output folder that is a file is an error that names it."""
    (tmp_path / "public").write_bytes(b"a file")
    with pytest.raises(OutputError, match="a file stands where a folder is needed"):
        OutputFolder(tmp_path / "public").write(Document(path="atom.xml", body=b"x"), ours=True)


def test_a_folder_without_the_right_to_write_is_named(folder: OutputFolder) -> None:
    """Without the right to write, the error says what is missing, and the old file stays."""
    folder.write(FEED, ours=True)
    parent = (folder.root / FEED.path).parent
    parent.chmod(0o555)
    try:
        if os.access(parent, os.W_OK):
            pytest.skip("this user may write everywhere")
        with pytest.raises(OutputError, match="the right to write there"):
            folder.write(Document(path=FEED.path, body=b"new"), ours=True)
        with pytest.raises(OutputError, match="the right to write there"):
            folder.remove(FEED.path)
    finally:
        parent.chmod(0o755)
    assert (folder.root / FEED.path).read_bytes() == b"<feed/>"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB, mounted for the test, where the user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("this user may not mount a disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True, timeout=60)


@pytest.mark.parametrize("durable", [False, True])
def test_a_full_disk_costs_nothing_that_stood_there(small_disk: Path, durable: bool) -> None:
    """When the disk is full the old file stays whole, no half of the new one is left, and the error says why."""
    folder = OutputFolder(small_disk, durable=durable)
    folder.write(Document(path="atom.xml", body=b"old" * 1000), ours=True)
    with pytest.raises(OutputError, match="free some space on the disk"):
        folder.write(Document(path="atom.xml", body=b"n" * 100_000), ours=True)
    assert (small_disk / "atom.xml").read_bytes() == b"old" * 1000
    assert listed(small_disk) == ["atom.xml"]
    assert folder.write(Document(path="atom.xml", body=b"small"), ours=True)


def test_a_disk_that_cannot_be_written_to_is_named(small_disk: Path) -> None:
    """On a disk that is mounted to be read only, the error says so."""
    OutputFolder(small_disk).write(Document(path="atom.xml", body=b"old"), ours=True)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True, timeout=60)
    with pytest.raises(OutputError, match="mount the folder so that it can be written to"):
        OutputFolder(small_disk).write(Document(path="atom.xml", body=b"new"), ours=True)
    assert (small_disk / "atom.xml").read_bytes() == b"old"


def test_readers_only_ever_see_whole_files(folder: OutputFolder) -> None:
    """Whoever reads while the file is replaced gets the old bytes or the new ones, and never none."""
    bodies = (b"a" * 300_000, b"b" * 200_000)
    folder.write(Document(path="atom.xml", body=bodies[0]), ours=True)
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add((folder.root / "atom.xml").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for turn in range(200):
            assert folder.write(Document(path="atom.xml", body=bodies[(turn + 1) % 2]), ours=True)
    finally:
        done.set()
        reader.join()
    assert seen
    assert seen <= set(bodies)


def test_a_durable_folder_writes_and_removes_alike(tmp_path: Path) -> None:
    """Surviving a power cut changes nothing else."""
    folder = OutputFolder(tmp_path / "public", durable=True)
    assert folder.write(FEED, ours=True)
    assert not folder.write(FEED, ours=True)
    assert folder.remove(FEED.path)
    assert listed(folder.root) == []


def test_folders_survive_a_power_cut_when_all_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is on the disk before it has its name; the names follow, a folder at a time, also of one that went."""
    synced: list[str] = []
    monkeypatch.setattr("aggregator.publish.files._sync_folder", synced.append)
    folder = OutputFolder(tmp_path / "public", durable=True)
    for name in ("a.xml", "b.xml", "x/c.xml"):
        folder.write(Document(path=name, body=b"words"), ours=True)
    assert synced == []
    folder.sync()
    assert sorted(synced) == [str(folder.root), str(folder.root / "x")]
    folder.sync()
    assert len(synced) == 2
    monkeypatch.undo()
    folder.write(Document(path="y/d.xml", body=b"words"), ours=True)
    folder.remove("y/d.xml")
    folder.sync()


def test_files_get_the_rights_that_the_user_asks_for(folder: OutputFolder) -> None:
    """A web server of another user can read what is written: the mask of the process decides."""
    before = os.umask(0o022)
    try:
        folder.write(FEED, ours=True)
    finally:
        os.umask(before)
    assert (folder.root / FEED.path).stat().st_mode & 0o777 == 0o644
