"""The one place where the parts are put together."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from aggregator import __version__, fetch, frontmatter, network, urls
from aggregator.config import Settings
from aggregator.errors import DatabaseError, HttpStatusError
from aggregator.models import Document, Post, Publication
from aggregator.pipeline import corrections, deciding, folders
from aggregator.pipeline import cycle as pipeline
from aggregator.pipeline.confined import Confined
from aggregator.pipeline.crew import Crew, Publishing
from aggregator.pipeline.cycle import Orders, Summary
from aggregator.pipeline.target import ARCHIVES, FEEDS, POSTS, Changes, Outputs, Target
from aggregator.pipeline.update import Answer, FetchAll
from aggregator.publish import theme
from aggregator.publish.files import OutputFolder
from aggregator.records import SourceReport
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, Transaction, exists, pulls, searching, tombstones, upkeep
from aggregator.telling import Held, Story

if TYPE_CHECKING:
    from aggregator.pipeline.discover import Means
    from aggregator.pipeline.importing import Imported
    from aggregator.pipeline.plan import Plan
    from aggregator.pipeline.surveying import Survey
    from aggregator.recognise.rules import Rules

#: Who looks at sources waits so long at most until a domain may be asked again.
_PATIENCE = timedelta(minutes=5)
#: How a cycle is named where tickets are drawn: there is one at a time, and what a killed one held is the next one's.
_CYCLE = "cycle"
#: After so many answers what was asked of each domain is written down, for other processes and later ones.
_KEPT_EVERY = 50
#: Processes that read documents, or publish: each takes some 50 MB, and more than these outrun the one that stores.
_MOST_WORKERS = 4


class App(Struct, frozen=True):
    """Settings, an open database and all that follows from the two.

    ``authority`` names us in the ids that we mint; it and ``created`` were decided when the database was made.
    """

    settings: Settings
    store: Store
    authority: str
    created: datetime

    def cycle(self, orders: Orders, holder: str) -> Summary:
        """Run one cycle under the lock; see ``pipeline.cycle``.  Raises LockedError when another run holds it."""
        with (
            self.store.lock(holder),
            self.client(orders) as (client, keep),
            confined(orders.stop) as reader,
            self._crew() as crew,
        ):
            return pipeline.cycle(
                self.store,
                self.settings.sources,
                self._fetch_all(client, keep, orders),
                orders,
                address=partial(fetch.address, rsshub=self.settings.fetch.rsshub),
                confined=reader,
                crew=crew,
                settings_digest=self._digest(),
                authority=self.authority,
                primary=self.settings.stories.primary,
            )

    def publish(self, holder: str) -> Changes:
        """Render every output again and write what differs, under the lock."""
        with self.store.lock(holder):
            return self._publish_all()

    def prune(self, now: datetime, holder: str) -> tuple[int, Changes]:
        """Apply the retention rules and publish what is left; return how many posts went, and the changes."""
        rules = self.settings.retention
        with self.store.lock(holder):
            before = now - rules.max_age if rules.max_age else None
            with self.store.writing() as transaction:
                pruned = upkeep.prune(transaction, before=before, per_source=rules.max_posts)
            return pruned, self._publish_all()

    def held(self) -> list[Held]:
        """Return the entries that wait for the editor."""
        return corrections.held(self.store)

    def release(self, words: Sequence[str], now: datetime, holder: str) -> tuple[int, Changes]:
        """Let in what ``words`` name and publish it; see ``pipeline.corrections``."""
        with self.store.lock(holder):
            return corrections.release(self.store, words, now), self._publish_news(now)

    def reject(self, words: Sequence[str], now: datetime, holder: str) -> tuple[int, Changes]:
        """Turn away what ``words`` name; see ``pipeline.corrections``."""
        with self.store.lock(holder):
            return corrections.reject(self.store, words, now), self._publish_news(now)

    def explain(self, what: str) -> list[Story]:
        """Return all that is known of what ``what`` names; see ``pipeline.corrections``."""
        return corrections.explain(self.store, what, self.target().outputs.style)

    def split(self, post: str, who: str, now: datetime, holder: str) -> tuple[list[str], Changes]:
        """Take entries out of a post into posts of their own; return the ids of those, and what was published."""
        with self.store.lock(holder):
            return corrections.split(self.store, post, who, self._rules, now), self._publish_news(now)

    def merge(self, post: str, other: str, now: datetime, holder: str) -> Changes:
        """Join ``other`` to ``post``, and publish it; see ``pipeline.corrections``."""
        with self.store.lock(holder):
            corrections.merge(self.store, post, other, now)
            return self._publish_news(now)

    def retract(self, what: str, reason: str | None, now: datetime, holder: str) -> tuple[int, Changes]:
        """Take a post out for good, from all outputs; see ``pipeline.corrections``."""
        with self.store.lock(holder):
            return corrections.retract(self.store, what, reason, now), self._publish_news(now)

    def import_posts(self, survey: Survey, now: datetime, holder: str) -> tuple[Imported, Changes]:
        """Store the posts in ``survey``, for whose lines the settings have sources, and publish them."""
        from aggregator.pipeline import importing  # nothing else reads files of posts

        with self.store.lock(holder):
            self._sync()
            with self.store.reading() as transaction:
                rules = self._rules(transaction)
            found = importing.store_posts(self.store, survey, self.settings.sources, self.target(), rules, now)
            return found, self._publish_news(now)

    def sources(self, now: datetime) -> list[SourceReport]:
        """Return how every source stands, in the order of feeds.yaml; nothing is touched."""
        with self._as_listed() as transaction:
            return self._reports(transaction, now)

    def reports(self, now: datetime) -> list[SourceReport]:
        """Return how the sources stood at the last cycle.  Nothing is written: who only looks must wait for nobody."""
        with self.store.reading() as transaction:
            return self._reports(transaction, now)

    def _reports(self, transaction: Transaction, now: datetime) -> list[SourceReport]:
        places = {source.id: source.place for source in self.settings.sources}
        return [replace(report, place=places.get(report.id)) for report in upkeep.reports(transaction, now)]

    def posts(self, query: searching.Query, limit: int) -> list[Post]:
        """Return the posts that fit ``query``, newest first, at most ``limit`` (0: all)."""
        with self.store.reading() as transaction:
            stored = pulls.renamed(transaction, self.settings.sources).get(query.source_id or "", query.source_id)
            return searching.posts(transaction, replace(query, source_id=stored), limit)

    def was_removed(self, path: str) -> bool:
        """Tell whether an output stood at ``path`` below ``output.path`` once, and was removed."""
        output = self.settings.output
        with self.store.reading() as transaction:
            if upkeep.is_gone(transaction, (FEEDS, ARCHIVES), path):
                return True
            whole = output.path / path
            below = whole.relative_to(output.posts).as_posix() if whole.is_relative_to(output.posts) else None
            return below is not None and upkeep.is_gone(transaction, (POSTS,), below)

    def opml(self) -> Document:
        """Return the subscriptions as OPML; nothing is touched."""
        from aggregator.pipeline.publish import subscriptions  # runs without news do without

        with self._as_listed() as transaction:
            return subscriptions(transaction, self.target(), self.settings.sources)

    @contextmanager
    def _as_listed(self) -> Iterator[Transaction]:
        """Open a transaction that sees the sources of feeds.yaml.

        What the file says anew stays with a run to be stored: one that is under way stores what it read by the old
        rules, which would pass for read by the new ones.
        """
        sources = self.settings.sources
        with self.store.reading() as transaction:
            if pulls.synced(transaction, sources):
                yield transaction
                return
        with self.store.trying() as transaction:
            pulls.sync(transaction, sources)
            yield transaction

    def _sync(self) -> None:
        with self.store.writing() as transaction:
            pulls.sync(transaction, self.settings.sources)

    def _rules(self, transaction: Transaction) -> Rules:
        settings = self.settings
        return deciding.rules_of(transaction, settings.sources, settings.stories.primary, self.authority)

    def _publish_news(self, now: datetime) -> Changes:
        self._sync()
        with self.store.writing() as transaction:
            tombstones.expire(transaction, now - self.settings.output.tombstones)
        settings, watch = self.settings, Stopwatch()
        bound = deciding.bind(self.store, settings.sources, settings.stories.primary, self.authority, watch, now=now)
        deque(bound, maxlen=0)
        return self._publish(full=False)

    def _publish_all(self) -> Changes:
        self._sync()
        return self._publish(full=True)

    def _publish(self, *, full: bool) -> Changes:
        changes = Changes()
        with self._crew() as crew:
            changes.left = folders.look(self.store, crew.target)
            run = Publishing(crew=crew, sources=self.settings.sources, changes=changes, stop=Event(), watch=Stopwatch())
            pipeline.publish_changes(self.store, run, settings_digest=self._digest(), full=full)
        return changes

    def _crew(self) -> Crew:
        return Crew(self.store, self.target(), _processes())

    def preview(self, holder: str) -> Changes:
        """Return what ``publish`` would change; nothing is touched.

        Raises LockedError when feeds.yaml has changed since the last run, and another run holds the lock.
        """
        from aggregator.pipeline.publish import preview

        sources, target = self.settings.sources, self.target()
        with self.store.reading() as transaction:
            if pulls.synced(transaction, sources):
                return preview(transaction, sources, target)
        # While it is tried out what feeds.yaml says anew, a run could not write.
        with self.store.lock(holder), self.store.trying() as transaction:
            pulls.sync(transaction, sources)
            return preview(transaction, sources, target)

    def plan(self) -> Plan:
        """Return what publishing would change for readers of the feeds; nothing is touched."""
        from aggregator.pipeline import plan

        return plan.plan(self.store, self.settings.sources, self.target())

    def client(self, orders: Orders) -> AbstractContextManager[tuple[fetch.Client, Callable[[], None]]]:
        """Open the client of the one who holds the lock; see ``network.opened``."""
        return network.opened(self.settings, self.store, now=orders.now, patience=orders.patience, holder=_CYCLE)

    def publication(self) -> Publication:
        """Return what the renderers are told besides the posts."""
        return Publication(
            site=self.settings.site_model,
            formats=tuple(self.settings.output.formats),
            feeds=self.settings.output_feeds(self.authority),
            authority=self.authority,
            created=self.created,
            credit=self.settings.stories.credit,
            templates=self.settings.output.templates,
        )

    def target(self) -> Target:
        """Return where outputs go, and how."""
        return Target(
            outputs=Outputs(
                publication=self.publication(),
                feeds=OutputFolder(self.settings.output.path, durable=True),
                posts=OutputFolder(self.settings.output.posts),
                comments=self.settings.output.comments,
                style=frontmatter.STYLES[self.settings.output.style],
            ),
            folder_of=self.settings.folder,
            archive=self.settings.output.archive,
            tombstones=self.settings.output.tombstones,
        )

    def _fetch_all(self, client: fetch.Client, keep: Callable[[], None], orders: Orders) -> FetchAll:
        settings = self.settings.fetch

        def fetch_all(requests: Iterable[fetch.Request]) -> Iterator[Answer]:
            asked = tuple(requests)
            answers = fetch.fetch_all(
                asked,
                fetch=partial(client.fetch, now=orders.now),
                concurrency=settings.concurrency,
                per_host=settings.per_host,
                lane=client.lane,
                stop=orders.stop,
            )
            with client.expecting(asked), closing(answers):
                for number, answer in enumerate(answers, 1):
                    # A refusal may have closed its domain: that outlasts a crash of what follows.
                    if number % _KEPT_EVERY == 0 or isinstance(answer[1], HttpStatusError):
                        keep()
                    yield answer

        return fetch_all

    def _digest(self) -> str:
        # A new version may render differently: its first cycle writes everything that does.
        look = theme.digest(self.settings.output.templates)
        return f"{__version__} {self.settings.publishing_digest()} {look}".rstrip()


def survey_posts(settings: Settings, folder: Path) -> Survey:
    """Look through ``folder``, which holds posts; raises ConfigError when it cannot be read."""
    from aggregator.pipeline.surveying import Survey

    return Survey(folder, settings.sources, settings.slugs, partial(fetch.address, rsshub=settings.fetch.rsshub))


def confined(stop: Event) -> Confined:
    """Return what reads documents, on every core of this machine but no more than ``_MOST_WORKERS``."""
    return Confined(_processes(), stop=stop)


def _processes() -> int:
    return min(os.cpu_count() or 1, _MOST_WORKERS)


@contextmanager
def looking(settings: Settings, now: datetime) -> Iterator[Means]:
    """Yield the means to look at sources, within the limits of ``settings``.

    Nothing is made for it: where there is a database, what is asked is added to the budgets in it.
    """
    from aggregator.pipeline.discover import Means

    store = Store.open(settings.database_url) if exists(settings.database_url) else None
    try:
        authority = _facts(store, settings, now)[0] if store else urls.host(settings.site_model.url)
        opened = network.opened(settings, store, now=now, patience=_PATIENCE, holder=uuid4().hex)
        with opened as (client, _), Confined() as confined:
            address = partial(fetch.address, rsshub=settings.fetch.rsshub)
            yield Means(client=client, confined=confined, address=address, authority=authority, now=now)
    finally:
        if store is not None:
            store.close()


@contextmanager
def existing(settings: Settings, now: datetime) -> Iterator[App]:
    """Open the database of ``settings`` as ``opened`` does; where there is none, raise DatabaseError and make none."""
    if not exists(settings.database_url):
        raise DatabaseError("there is no database yet; 'aggregator run' makes it, and what it publishes")
    with opened(settings, now) as app:
        yield app


@contextmanager
def opened(settings: Settings, now: datetime) -> Iterator[App]:
    """Open the database of ``settings`` and yield the program around it.

    Raises DatabaseError.  ``now`` becomes the database's time of creation when it is made.
    """
    store = Store.open(settings.database_url)
    try:
        authority, created = _facts(store, settings, now)
        yield App(settings, store, authority, created)
    finally:
        store.close()


def _facts(store: Store, settings: Settings, now: datetime) -> tuple[str, datetime]:
    with store.reading() as transaction:
        authority = upkeep.fact(transaction, "authority")
        created = upkeep.fact(transaction, "created")
    if authority and created:
        return authority, datetime.fromisoformat(created)
    authority = urls.host(settings.site_model.url)
    with store.writing() as transaction:
        upkeep.set_fact(transaction, "authority", authority)
        upkeep.set_fact(transaction, "created", now.astimezone(UTC).isoformat())
    return authority, now
