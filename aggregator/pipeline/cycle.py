"""One cycle: UPDATE, then PUBLISH, and what came of both."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from threading import Event

from msgspec import Struct, field

from aggregator import cadence
from aggregator.errors import OutputError
from aggregator.models import PrimaryRule, Source
from aggregator.pipeline import deciding, folders, pending, update
from aggregator.pipeline.confined import Confined
from aggregator.pipeline.crew import Crew, Publishing
from aggregator.pipeline.deciding import Batch
from aggregator.pipeline.target import Counts
from aggregator.pipeline.update import FetchAll, Outcome
from aggregator.records import SourceState
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, pulls, tombstones, upkeep, verdicts


class Orders(Struct, frozen=True, kw_only=True):
    """What a cycle is to do.

    ``only`` are the ids of the sources to pull, None for all; ``force`` pulls those that are not due, too.
    Once ``stop`` is set the cycle ends early: what was pulled is stored, the rest waits for the next one.
    ``patience`` is how long a request may wait until its domain may be asked again; what would wait for longer is
    postponed.
    ``begun`` is told how many sources are pulled, ``done`` each outcome.
    """

    now: datetime
    only: frozenset[str] | None = None
    force: bool = False
    patience: timedelta = timedelta(0)
    stop: Event = field(default_factory=Event)
    begun: Callable[[int], None] = lambda total: None
    done: Callable[[Outcome], None] = lambda outcome: None


class Summary(Struct, frozen=True, kw_only=True):
    """What came of a cycle.  ``seconds`` are the wall times of its stages.

    ``held`` counts the new entries that wait for the editor, ``archived`` those that are published nowhere;
    ``written`` and ``removed`` count files.  ``left`` are folders of outputs that feeds.yaml does not name any more.
    """

    at: datetime
    ok: int
    not_modified: int
    failures: tuple[Outcome, ...]
    postponed: tuple[Outcome, ...]
    warnings: tuple[Outcome, ...]
    entries: int
    new: int
    updated: int
    duplicate: int
    held: int
    archived: int
    written: int
    removed: int
    left: tuple[Path, ...]
    seconds: Mapping[str, float]

    @property
    def pulled(self) -> int:
        """How many sources were asked and answered, or failed to."""
        return self.ok + self.not_modified + len(self.failures)


def cycle(
    store: Store,
    sources: Sequence[Source],
    fetch_all: FetchAll,
    orders: Orders,
    *,
    address: Callable[[str], str],
    confined: Confined,
    crew: Crew,
    settings_digest: str,
    authority: str,
    primary: Sequence[PrimaryRule],
) -> Summary:
    """Pull what is due, bind what is new, publish what changed.

    Raises DatabaseError or OutputError; every other failure belongs to a source and stands in the summary.
    """
    watch = Stopwatch()
    with watch("store"), store.writing() as transaction:
        pulls.sync(transaction, sources)
    left = folders.look(store, crew.target)
    states = _chosen(store, sources, orders)
    orders.begun(len(states))
    by_id = {source.id: source for source in sources}
    tally = Tally()
    pulled = update.update(
        store, by_id, states, fetch_all, address=address, confined=confined, now=orders.now, watch=watch
    )
    for outcome in pulled:
        tally.count(outcome)
        orders.done(outcome)
    # Publishing needs their memory.
    confined.close()
    del states, pulled
    crew.expect(tally.to_publish)
    with watch("store"), store.writing() as transaction:
        verdicts.let_in_due(transaction, orders.now)
        tombstones.expire(transaction, orders.now - crew.target.tombstones)
    files = Counts()
    bound = deciding.bind(store, sources, primary, authority, watch, now=orders.now)
    run = Publishing(crew=crew, sources=sources, changes=files, stop=orders.stop, watch=watch)
    new, duplicate = _bind(run, bound)
    publish_changes(store, run, settings_digest=settings_digest, new=new)
    return tally.summary(orders.now, len(new), duplicate, files, left, watch)


def _bind(run: Publishing, bound: Iterator[Batch]) -> tuple[Sequence[int], int]:
    """Write the new posts as they are ``bound``; return their numbers, and how many copies joined a post.

    Once ``run`` is to stop nothing more is bound.  What cannot be written is, all the same: then it raises OutputError.
    """
    new, joined = array("q"), 0

    def posts() -> Iterator[Sequence[int]]:
        nonlocal joined
        for batch in bound:
            new.extend(batch.posts)
            joined += batch.joined
            yield batch.posts

    first = next(bound, None)
    if first:
        from aggregator.pipeline import publish  # where something was bound: most runs find nothing new

        bound = chain([first], bound)
        publish.file_waiting(run)
        try:
            publish.write_posts(run, posts())
        except OutputError:
            while not run.stop.is_set() and next(bound, None):
                pass
            raise
    return new, joined


def publish_changes(
    store: Store, run: Publishing, *, settings_digest: str, full: bool = False, new: Sequence[int] = ()
) -> None:
    """Publish what changed since the last time; everything when ``full``, or when the settings changed.

    The files of posts numbered ``new``, in order, had their turn when these were made.
    """
    with store.reading() as transaction:
        published = upkeep.fact(transaction, pulls.PUBLISHED)
        full = full or published != settings_digest
        waiting = pending.pending(transaction)
    if not full and not waiting:
        return
    if published not in (None, settings_digest):
        # What is half done when this is broken off fits neither settings.
        with store.writing() as transaction:
            upkeep.set_fact(transaction, pulls.PUBLISHED, "")
    from aggregator.pipeline import publish  # where something is to be rendered: most runs find nothing new

    publish.publish(run, waiting, new, full=full)
    if full and not run.stop.is_set():
        with store.writing() as transaction:
            upkeep.set_fact(transaction, pulls.PUBLISHED, settings_digest)
            folders.settle(transaction, run.target)


def _chosen(store: Store, sources: Iterable[Source], orders: Orders) -> dict[str, SourceState]:
    enabled = {source.id for source in sources if source.enabled}
    wanted = enabled if orders.only is None else enabled & orders.only
    with store.reading() as transaction:
        states = pulls.states(transaction, due=None if orders.force else orders.now)
    chosen = {source.id: states[source.id] for source in sources if source.id in wanted and source.id in states}
    return chosen if orders.force else cadence.queue(chosen, orders.now)


class Tally:
    """Adds up outcomes as they come in."""

    def __init__(self) -> None:
        self._ok = self._not_modified = self._entries = self._made = self._changed = 0
        self._held = self._archived = 0
        self._failures: list[Outcome] = []
        self._postponed: list[Outcome] = []
        self._warnings: list[Outcome] = []

    def count(self, outcome: Outcome) -> None:
        """Add ``outcome``."""
        self._ok += outcome.result == "ok"
        self._not_modified += outcome.result == "not modified"
        self._entries += outcome.entries
        self._changed += outcome.changed
        self._made += outcome.new - outcome.held - outcome.archived
        self._held += outcome.held
        self._archived += outcome.archived
        if outcome.result == "failed":
            self._failures.append(outcome)
        if outcome.result == "postponed":
            self._postponed.append(outcome)
        if outcome.warnings:
            self._warnings.append(outcome)

    @property
    def to_publish(self) -> int:
        """How many copies are new or changed."""
        return self._made + self._changed

    def summary(
        self, at: datetime, new: int, duplicate: int, files: Counts, left: tuple[Path, ...], watch: Stopwatch
    ) -> Summary:
        """Return the sum, with what binding and publishing came to."""
        return Summary(
            at=at,
            ok=self._ok,
            not_modified=self._not_modified,
            failures=tuple(sorted(self._failures, key=lambda outcome: outcome.source_id)),
            postponed=tuple(sorted(self._postponed, key=lambda outcome: outcome.source_id)),
            warnings=tuple(sorted(self._warnings, key=lambda outcome: outcome.source_id)),
            entries=self._entries,
            new=new,
            updated=self._changed,
            duplicate=duplicate,
            held=self._held,
            archived=self._archived,
            written=files.written,
            removed=files.removed,
            left=left,
            seconds=watch.seconds(),
        )
