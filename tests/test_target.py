"""Files are written side by side, and told of in their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.errors import OutputError
from aggregator.models import Document
from aggregator.pipeline.target import Changes, write_all
from aggregator.publish.files import OutputFolder
from aggregator.stopwatch import Stopwatch

DOCUMENTS = [Document(path=f"{number % 7}/{number}.xml", body=b"words %d" % number) for number in range(60)]


def test_files_are_told_of_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    """Every file stands there with its own bytes; those that were the same are not told of."""
    folder, changes = OutputFolder(tmp_path / "public", durable=True), Changes()
    folder.write(DOCUMENTS[5], ours=True)
    write_all(folder, "feeds", iter(DOCUMENTS), set(), changes, Stopwatch())
    assert changes.written == [f"feeds: {each.path}" for each in DOCUMENTS if each is not DOCUMENTS[5]]
    assert all((folder.root / each.path).read_bytes() == each.body for each in DOCUMENTS)


def test_a_file_that_cannot_be_written_is_told_when_the_others_are_done(tmp_path: Path) -> None:
    """A file of somebody else stops the writing; nothing is left half written."""
    folder, changes = OutputFolder(tmp_path / "public"), Changes()
    (folder.root / "3").mkdir(parents=True)
    (folder.root / "3" / "3.xml").write_bytes(b"somebody's")
    with pytest.raises(OutputError, match="was not made by this program"):
        write_all(folder, "feeds", iter(DOCUMENTS), set(), changes, Stopwatch())
    assert (folder.root / "3" / "3.xml").read_bytes() == b"somebody's"
    assert not list(folder.root.rglob("*.part"))
    assert changes.written[:3] == [f"feeds: {each.path}" for each in DOCUMENTS[:3]]
