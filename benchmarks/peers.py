"""Other programs over the same feeds: reader (PyPI), newsboat and sfeed (Debian), each set up as fast as it gets.

None of them does the whole job: they fetch, parse and store (sfeed: into files of tabs).  newsboat and sfeed cannot
read JSON Feed, sfeed asks for everything each time, and newsboat does so a second time before it keeps validators.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from benchmarks import meter
from benchmarks.meter import Cost

_READER_ADD = """
from reader import make_reader
with open("urls") as urls, make_reader("reader.sqlite") as reader:
    for url in urls:
        reader.add_feed(url.strip())
"""
_READER_UPDATE = """
from reader import make_reader
with make_reader("reader.sqlite") as reader:
    reader.update_feeds(scheduled=False, workers={workers})
"""
_NEWSBOAT = "auto-reload no\nreload-threads {threads}\nmax-items 0\n"
#: What was fastest of 1, 2, 4, 8 and 16; newsboat, whose threads wait for its database, needs more time with each one.
_READER_WORKERS, _NEWSBOAT_THREADS, _SFEED_JOBS = 4, 1, 8


class Peer(Struct, frozen=True, kw_only=True):
    """A program: ``prepare`` writes what it wants to know of the feeds, ``command`` updates them all."""

    name: str
    prepare: Callable[[Path, Sequence[str]], None]
    command: Sequence[str]

    def update(self, folder: Path) -> Cost:
        """Pull all feeds once, in ``folder``, where ``prepare`` was."""
        return meter.measured(self.command, cwd=folder, environment={"HOME": str(folder)})


def installed() -> list[Peer]:
    """Return the programs that are here; say which are not."""
    peers = {
        "reader": ("pip install 'aggregator[bench]'", find_spec("reader") and _READER),
        "newsboat": ("apt-get install newsboat", shutil.which("newsboat") and _NEWSBOAT_PEER),
        "sfeed": ("apt-get install sfeed curl", shutil.which("sfeed_update") and shutil.which("curl") and _SFEED),
    }
    for name, (advice, peer) in peers.items():
        if not peer:
            print(f"{name} is not installed: {advice}", file=sys.stderr)
    return [peer for _, peer in peers.values() if isinstance(peer, Peer)]


def _prepare_reader(folder: Path, addresses: Sequence[str]) -> None:
    (folder / "urls").write_text("\n".join(addresses), "utf-8")
    meter.measured([sys.executable, "-c", _READER_ADD], cwd=folder)


def _prepare_newsboat(folder: Path, addresses: Sequence[str]) -> None:
    (folder / "urls").write_text("\n".join(addresses), "utf-8")
    (folder / "config").write_text(_NEWSBOAT.format(threads=_NEWSBOAT_THREADS), "utf-8")


def _prepare_sfeed(folder: Path, addresses: Sequence[str]) -> None:
    feeds = "\n".join(f"feed 'feed{number}' '{address}'" for number, address in enumerate(addresses))
    lines = f"sfeedpath='{folder}/feeds'\nmaxjobs={_SFEED_JOBS}\nfeeds() {{\n{feeds}\n}}\n"
    (folder / "sfeedrc").write_text(lines, "utf-8")


_READER = Peer(
    name="reader",
    prepare=_prepare_reader,
    command=(sys.executable, "-c", _READER_UPDATE.format(workers=_READER_WORKERS)),
)
_NEWSBOAT_PEER = Peer(
    name="newsboat",
    prepare=_prepare_newsboat,
    command=("newsboat", "-q", "-C", "config", "-u", "urls", "-c", "cache.db", "-x", "reload"),
)
_SFEED = Peer(name="sfeed", prepare=_prepare_sfeed, command=("sfeed_update", "sfeedrc"))
