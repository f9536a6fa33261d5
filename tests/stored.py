"""What tests of the store write into it: sources, copies and pulls with as few words as a test needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from msgspec.structs import replace

from aggregator import text
from aggregator.models import PRIMARY_RULES, Copy, FeedInfo, Link, Person, Post, Source, Tag
from aggregator.pipeline import deciding
from aggregator.records import Alias, CopyWrite, Known, Pull, SourceState
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, archive, pulls, upkeep

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
AUTHORITY = "planet.example.org"
DAY = timedelta(days=1)
INFO = FeedInfo(
    id="https://site.example.org/feed",
    title="A feed",
    url="https://site.example.org/feed",
    link="https://site.example.org/",
    updated=NOW - timedelta(days=1),
    authors=(Person(name="Ada", uri="https://ada.example.org/", email="ada@example.org"),),
    rights="CC BY",
    language="en",
)


def source(name: str, *category: str) -> Source:
    """Return a source."""
    return Source(id=name, url=f"https://{name}.example.org/feed", category=category)


def copy(
    source_id: str, name: str, *, published: datetime = NOW, link: str | None = None, guid: str | None = ""
) -> Copy:
    """Return a copy of ``source_id`` with every part filled in; ``guid`` is made from ``name`` unless given."""
    address = f"https://{source_id}.example.org/{text.digest(name)[:8]}"
    return Copy(
        source_id=source_id,
        key=text.digest("guid", name),
        guid=address if guid == "" else guid,
        link=link or address,
        title=f"Title of {name}",
        content=f"<p>Words of {name}</p>",
        summary="",
        published=published,
        updated=published + timedelta(minutes=1),
        first_seen=NOW,
        feed=INFO,
        links=(Link(href="https://media.example.org/a.mp3", rel="enclosure", type="audio/mpeg", length=1),),
        authors=(Person(name="Grace"),),
        contributors=(Person(name="Alan", email="alan@example.org"),),
        tags=(Tag(term="news", scheme="https://site.example.org/tags", label="News"),),
        image="https://site.example.org/a.png",
        rights="CC0",
        language="zh",
    )


def stories(source_id: str, number: int, newest: datetime = NOW) -> list[Copy]:
    """Return copies of ``source_id``, one for each day back from ``newest``, called ``a0``, ``a1`` and so on."""
    return [copy(source_id, f"{source_id}{n}", published=newest - n * DAY) for n in range(number)]


def alias(value: str) -> Alias:
    """Return a name that a source might have given."""
    return Alias(value=value, kind="guid", said=value)


def write(new: Copy, known: Known | None = None, *, aliases: Sequence[str] = (), page: str | None = None) -> CopyWrite:
    """Return what writes ``new``, known by its key and by ``aliases``; it links to ``page``, or to its link."""
    return CopyWrite(
        copy=new,
        known=known,
        fingerprint=text.digest("fingerprint", new.title),
        words=text.digest("words", new.title),
        aliases=tuple(map(alias, (*(() if known else (new.key,)), *aliases))),
        page=text.digest(page or new.link),
    )


def pull(store: Store, source_id: str, *writes: CopyWrite, state: SourceState = SourceState()) -> None:  # noqa: B008
    """Apply a pull of ``source_id``."""
    with store.writing() as transaction:
        pulls.apply(transaction, Pull(source_id=source_id, at=NOW, state=state, writes=writes))


def sync(store: Store, *sources: Source) -> None:
    """Make ``sources`` those of feeds.yaml."""
    with store.writing() as transaction:
        pulls.sync(transaction, sources)


def bind(store: Store) -> tuple[int, int]:
    """Bind what is unbound; return how many posts were made, and how many copies joined one."""
    bound = list(deciding.bind(store, [], PRIMARY_RULES, AUTHORITY, Stopwatch(), now=NOW))
    return sum(len(batch.posts) for batch in bound), sum(batch.joined for batch in bound)


def fill(store: Store, *copies: Copy) -> None:
    """Store ``copies`` as new ones of listed sources, each as a pull of its own, and bind them."""
    with store.reading() as transaction:
        listed = set(pulls.states(transaction))
    missing = {each.source_id for each in copies} - listed
    if missing:
        sync(store, *map(source, sorted(listed | missing)))
    for each in copies:
        pull(store, each.source_id, write(each))
    bind(store)


def known(store: Store, new: Copy) -> Known:
    """Return what the archive knows of ``new`` by its key."""
    with store.reading() as transaction:
        return pulls.known(transaction, new.source_id, [new.key])[new.key]


def posts(store: Store) -> list[Post]:
    """Return all posts."""
    with store.reading() as transaction:
        return [post for _, post in archive.posts(transaction, archive.everything(transaction))]


def publish(store: Store) -> None:
    """Note that every post is published."""
    with store.writing() as transaction:
        archive.clean(transaction, archive.dirty(transaction))


def titles(store: Store, pks: Sequence[int]) -> list[str]:
    """Return the titles of the posts numbered ``pks``, without what all titles of ``copy`` have."""
    with store.reading() as transaction:
        return [post.copy.title.removeprefix("Title of ") for _, post in archive.posts(transaction, pks)]


def renamed(old: Copy, title: str) -> Copy:
    """Return a new version of ``old``."""
    return replace(old, title=title)


def set_fact(store: Store, name: str, value: str) -> None:
    """Note a fact in a transaction of its own."""
    with store.writing() as transaction:
        upkeep.set_fact(transaction, name, value)


def count(store: Store, table: sa.Table) -> int:
    """Return how many rows ``table`` has."""
    with store.reading() as transaction:
        return transaction.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def opened(path: Path, options: str = "") -> Store:
    """Open the SQLite database at ``path``."""
    return Store.open(f"sqlite:///{path}{options}")


def filled(path: Path) -> Path:
    """Make an SQLite database with one entry, and return its path."""
    store = opened(path)
    fill(store, copy("a", "1"))
    store.close()
    return path
