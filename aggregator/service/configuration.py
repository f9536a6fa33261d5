"""feeds.yaml while the service runs: watched, read again, and kept as it was when it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

import watchfiles
from msgspec.structs import replace

from aggregator import config, text
from aggregator.app import App, opened
from aggregator.config import Settings
from aggregator.service.log import Log

#: Milliseconds between two looks at what the kernel reported: a change is seen within two of them.
_STEP = 250
#: Milliseconds after which the file is read whatever the kernel says: file systems of other machines say nothing.
_ANYWAY = 30_000


class File:
    """The file at ``path``; ``environ`` fills in ``${NAME}``."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self.path = path
        self._environ = environ
        self._seen = self._digest()

    def load(self) -> Settings:
        """Return the settings; raises ConfigError."""
        return config.load(self.path, self._environ)

    def changed(self) -> bool:
        """Tell whether the bytes differ from those of the last call; at first, from when this object was made."""
        before, self._seen = self._seen, self._digest()
        return self._seen != before

    def _digest(self) -> str | None:
        try:
            return text.digest_bytes(self.path.read_bytes())
        except OSError:
            return None  # gone, or not to be read: ``load`` says which


class Watcher:
    """Calls ``changed`` whenever the bytes of ``file`` change, until it is stopped."""

    def __init__(self, file: File, changed: Callable[[], None], log: Log) -> None:
        self._file = file
        self._changed = changed
        self._log = log
        self._stop = Event()
        self._thread = Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        # The folders, since editors replace a file; also that of the file which a symbolic link stands for.
        folders = {self._file.path.absolute().parent, self._file.path.resolve().parent}
        looks = watchfiles.watch(
            *folders,
            watch_filter=None,
            step=_STEP,
            rust_timeout=_ANYWAY,
            yield_on_timeout=True,
            stop_event=self._stop,
            recursive=False,
            raise_interrupt=False,
        )
        try:
            # The database is often in the same folder: what tells is the file's content.
            for _ in looks:
                if self._file.changed():
                    self._changed()
        except (OSError, RuntimeError) as exc:
            self._log.warning("feeds.yaml is not watched; send SIGHUP after a change", reason=str(exc))


class Current:
    """The program as it is now.  Other settings are offered at any time, and taken by the tick."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._open = ExitStack()
        self.app: App = self._open.enter_context(opened(settings, now))
        self._wanted = settings

    def offer(self, settings: Settings) -> None:
        """Let ``renew`` take ``settings``."""
        self._wanted = settings

    def renew(self, now: datetime) -> bool:
        """Take the settings that were offered last; return whether they are others.

        Raises DatabaseError when they name a database that cannot be opened: the old ones stay, and the next call
        tries again.
        """
        wanted, before = self._wanted, self.app.settings
        if wanted is before:
            return False
        if wanted.database_url == before.database_url:
            self.app = replace(self.app, settings=wanted)
            return True
        with ExitStack() as stack:
            app = stack.enter_context(opened(wanted, now))
            old, self._open, self.app = self._open, stack.pop_all(), app
        # Whoever reads from the old database at this moment keeps the connection until it is done.
        old.close()
        return True

    def close(self) -> None:
        """Let go of the database."""
        self._open.close()
