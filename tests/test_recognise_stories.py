"""Which copies are one story, and what their posts are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import steady

from aggregator import urls
from aggregator.recognise.stories import bind, wished_ids
from aggregator.records import PostRef, Unbound

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
US = "planet.example.org"
_FEW = st.sampled_from


def unbound(
    pk: int, source_id: str, *, guid: str | None = None, page: str | None = None, title: str = "A title"
) -> Unbound:
    """Return a copy that belongs to no post yet."""
    return Unbound(pk=pk, source_id=source_id, key=f"k{pk}", guid=guid, page=page, title=title, published=NOW)


def ids(copies: Sequence[Unbound], posts: Mapping[str, Sequence[PostRef]] | None = None, *taken: str) -> dict[int, str]:
    """Return the id of the post that each copy comes to belong to."""
    return dict(bind(copies, posts or {}, frozenset(taken), US)[1])


def test_a_posts_id_is_its_guid_where_that_may_be_one() -> None:
    """The source's own id is kept; one that Atom does not allow, and one that is taken, give one of ours."""
    valid = "https://site.example.org/id"
    assert ids([unbound(1, "a", guid=valid)]) == {1: valid}
    assert ids([unbound(1, "a", guid="4711")]) == {1: f"tag:{US},2026:a:k1"}
    assert ids([unbound(1, "a")]) == {1: f"tag:{US},2026:a:k1"}
    assert ids([unbound(1, "a", guid=valid)], {}, valid) == {1: f"tag:{US},2026:a:k1"}
    assert ids([unbound(1, "a", guid=valid), unbound(2, "b", guid=valid)]) == {1: valid, 2: f"tag:{US},2026:b:k2"}
    assert urls.valid_id(ids([unbound(1, "新 媒体")])[1])


@pytest.mark.parametrize("guid", [f"tag:{US},2026:b:k2", f"TAG:{US},2026:b:k2", f"tag:{US},2026:site"])
def test_an_id_of_ours_in_a_feed_is_not_taken_over(guid: str) -> None:
    """What would be the id of another source's post, or of a feed of ours, cannot be occupied beforehand."""
    assert ids([unbound(1, "a", guid=guid), unbound(2, "b")]) == {
        1: f"tag:{US},2026:a:k1",
        2: f"tag:{US},2026:b:k2",
    }


def test_copies_of_one_page_are_one_post() -> None:
    """The first one in the order given makes it, those of other sources join; a source joins no post twice."""
    copies = [unbound(n, name, page="p") for n, name in enumerate("aba", 1)]
    minted, belongs = bind(copies, {}, frozenset(), US)
    assert [each.copy.pk for each in minted] == [1, 3]
    assert belongs == {1: f"tag:{US},2026:a:k1", 2: f"tag:{US},2026:a:k1", 3: f"tag:{US},2026:a:k3"}


def test_a_copy_joins_the_post_that_is_there() -> None:
    """Where exactly one post has the page, and not from the same source."""
    post = PostRef(id="urn:ex:1", sources=frozenset({"a"}))
    assert ids([unbound(1, "b", page="p")], {"p": [post]}) == {1: "urn:ex:1"}
    assert ids([unbound(1, "a", page="p")], {"p": [post]}) == {1: f"tag:{US},2026:a:k1"}
    two = [post, PostRef(id="urn:ex:2", sources=frozenset({"a"}))]
    assert ids([unbound(1, "b", page="p")], {"p": two}) == {1: f"tag:{US},2026:b:k1"}


def test_a_posts_name_tells_its_title_and_is_its_own() -> None:
    """The stem of a file is safe, short and unique; a title of signs alone still has a name."""
    copies = [unbound(1, "a", title="../Ünï/x"), unbound(2, "a", title="!?"), unbound(3, "a", title="长" * 300)]
    names = [
        each.name
        for each in bind([*copies, *(replace(copy, pk=copy.pk + 3, key="z") for copy in copies)], {}, frozenset(), US)[
            0
        ]
    ]
    assert [name.rpartition("-")[0] for name in names[:3]] == ["ünï-x", "post", "长" * 26]
    assert len(names) == 6


def test_wished_ids_are_those_that_may_be_published() -> None:
    """Each once, without what is no id."""
    copies = [unbound(n, "a", guid=guid) for n, guid in enumerate(("urn:ex:1", "urn:ex:1", "no id", None))]
    assert wished_ids(copies) == ("urn:ex:1",)


_COPIES = st.lists(
    st.tuples(
        _FEW("abc"),
        _FEW((None, "urn:ex:1", "urn:ex:2", "no id", f"tag:{US},2026:a:k1", f"tag:{US},2026:b:k2")),
        _FEW((None, "p", "q")),
    ),
    max_size=8,
)


@steady
@given(_COPIES, st.frozensets(_FEW(("urn:ex:1", "urn:ex:2"))))
def test_every_copy_has_a_post_and_no_id_is_given_twice(
    drawn: list[tuple[str, str | None, str | None]], taken: frozenset[str]
) -> None:
    """Whatever guids and pages copies bring, in whatever order."""
    copies = [unbound(pk, source, guid=guid, page=page) for pk, (source, guid, page) in enumerate(drawn)]
    minted, belongs = bind(copies, {}, taken, US)
    made = [each.id for each in minted]
    assert len(made) == len(set(made))
    assert not taken & set(made)
    assert set(belongs) == {copy.pk for copy in copies}
    assert set(belongs.values()) == set(made)
    by_post = [(belongs[copy.pk], copy.source_id) for copy in copies]
    assert len(by_post) == len(set(by_post))
