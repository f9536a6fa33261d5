"""Whatever order sources are pulled in, and however often: the same posts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planet import Item, rss
from properties import brief
from stored import AUTHORITY, NOW, posts, source

from aggregator.fetch import Response
from aggregator.models import PRIMARY_RULES, Post
from aggregator.pipeline import deciding, update
from aggregator.pipeline.confined import Confined
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, pulls

_LONG = "<p>" + " ".join(f"word{number}" for number in range(60)) + "</p>"
_ITEMS = st.builds(
    lambda guid, link, title, body: Item(guid=guid, link=link, title=title, body=body),
    st.sampled_from(("1", "2", "3", "https://a.example.org/1")),
    st.sampled_from(
        (None, "https://a.example.org/1", "http://www.b.example.org/1/?utm_source=x", "https://c.example.org/1")
    ),
    st.sampled_from(("One", "Two words more", "Two words more | B")),
    st.sampled_from((_LONG, _LONG.upper().replace("<P>", "<div>"), "<p>Short.</p>")),
)
_DOCUMENTS = st.fixed_dictionaries({name: st.lists(_ITEMS, max_size=3) for name in "abc"})


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Store]:
    """Return a database whose rows are removed before each use: to make one takes longer than to use it."""
    store = Store.open(f"sqlite:///{tmp_path / 'test.db'}")
    yield store
    store.close()


def made(store: Store, documents: dict[str, list[Item]], order: Sequence[str]) -> list[Post]:
    """Pull the documents of ``order`` in one cycle into an empty archive; return the posts in their order."""
    with store.writing() as transaction:
        for table in ("decision", "edit", "alias", "copy", "post", "info", "source"):
            transaction.exec_driver_sql(f"DELETE FROM {table}")
        transaction.exec_driver_sql("DELETE FROM sqlite_sequence")
    sources = {name: source(name) for name in "abc"}
    with store.writing() as transaction:
        pulls.sync(transaction, list(sources.values()))
    with Confined() as confined:
        for name in order:
            with store.reading() as transaction:
                state = pulls.states(transaction)[name]
            body = rss(*documents[name], title=name).encode()
            answer = Response(
                status=200,
                url=sources[name].url,
                body=body,
                content_type="",
                etag=None,
                last_modified=None,
                moved_to=None,
                max_age=None,
            )
            pull, _ = update.settle(store, sources[name], state, answer, confined=confined, now=NOW, watch=Stopwatch())
            with store.writing() as transaction:
                pulls.apply(transaction, pull)
    list(deciding.bind(store, list(sources.values()), PRIMARY_RULES, AUTHORITY, Stopwatch(), now=NOW))
    return posts(store)


@settings(brief, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_DOCUMENTS, st.permutations("abc"), st.lists(st.sampled_from("abc"), max_size=3))
def test_neither_order_nor_repetition_counts(
    empty: Store, documents: dict[str, list[Item]], order: list[str], again: list[str]
) -> None:
    """Pulled in any order, some twice, the documents of one cycle make the same posts in one order, bytes and all."""
    assert made(empty, documents, [*order, *again]) == made(empty, documents, "abc")
