"""Which copies are one story, and what their posts are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from properties import steady

from aggregator import urls
from aggregator.models import PrimaryRule
from aggregator.reasons import Reason
from aggregator.recognise import grouping
from aggregator.recognise.minting import mint, wished_ids
from aggregator.recognise.ownership import CLAIMANT, OWNER, STRANGER, Owners
from aggregator.recognise.rules import Rules
from aggregator.recognise.stories import bind
from aggregator.records import Bound, Line, PostRef, Unbound

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
US = "planet.example.org"
OWNERS = Owners({name: Line(feed=f"https://{name}.example/feed") for name in "abcd"})
RULES = Rules(authority=US, owners=OWNERS)
_FEW = st.sampled_from


def unbound(
    pk: int, source_id: str, *, guid: str | None = None, page: str | None = None, title: str = "A title", **more: object
) -> Unbound:
    """Return a copy that belongs to no post yet."""
    made = Unbound(
        pk=pk, source_id=source_id, key=f"k{pk}", guid=guid, page=page, title=title, published=NOW, first_seen=NOW
    )
    return replace(made, words=f"w{pk}", **more)


def post(pk: int, source_id: str, *others: str, words: str = "w", text: str | None = None) -> PostRef:
    """Return a post of ``source_id`` that ``others`` carry, too."""
    sources = frozenset({source_id, *others})
    return PostRef(
        pk=pk, id=f"urn:ex:{pk}", sources=sources, source_id=source_id, title="A title", words=words, text=text
    )


def bound(copies: Sequence[Unbound], *posts: PostRef, rules: Rules = RULES, taken: Sequence[str] = ()) -> Bound:
    """Return what becomes of ``copies``."""
    return bind(copies, {each.pk: each for each in posts}, frozenset(taken), rules)


def ids(copies: Sequence[Unbound], *posts: PostRef, taken: Sequence[str] = ()) -> dict[int, str]:
    """Return the id of the post that each copy comes to belong to."""
    return {each.copy_pk: each.post_id for each in bound(copies, *posts, taken=taken).bindings}


def reasons(made: Bound) -> dict[int, set[Reason]]:
    """Return why, by copy."""
    return {each.copy_pk: set(each.reasons) for each in made.bindings}


def test_a_posts_id_is_its_guid_where_that_may_be_one() -> None:
    """The source's own id is kept; one that Atom does not allow, and one that is taken, give one of ours."""
    valid = "https://site.example.org/id"
    assert ids([unbound(1, "a", guid=valid)]) == {1: valid}
    assert ids([unbound(1, "a", guid="4711")]) == {1: f"tag:{US},2026:a:k1"}
    assert ids([unbound(1, "a")]) == {1: f"tag:{US},2026:a:k1"}
    assert ids([unbound(1, "a", guid=valid)], taken=[valid]) == {1: f"tag:{US},2026:a:k1"}
    assert ids([unbound(1, "a", guid=valid), unbound(2, "b", guid=valid)]) == {1: valid, 2: f"tag:{US},2026:b:k2"}
    assert urls.valid_id(ids([unbound(1, "新 媒体")])[1])


@pytest.mark.parametrize("guid", [f"tag:{US},2026:b:k2", f"TAG:{US},2026:b:k2", f"tag:{US},2026:site"])
def test_an_id_of_ours_in_a_feed_is_not_taken_over(guid: str) -> None:
    """What would be the id of another source's post, or of a feed of ours, cannot be occupied beforehand."""
    assert ids([unbound(1, "a", guid=guid), unbound(2, "b")]) == {
        1: f"tag:{US},2026:a:k1",
        2: f"tag:{US},2026:b:k2",
    }


@pytest.mark.parametrize(
    "guid", ["https://b.example/1", "http://www.b.example/1", "tag:b.example,2026:1", "tag:ed@b.example,2026:1"]
)
def test_an_id_of_another_sources_site_is_not_taken(guid: str) -> None:
    """Whoever spells it first: it stays free for the source whose site it names."""
    made = bound([unbound(1, "a", guid=guid)])
    assert made.minted[0].id == f"tag:{US},2026:a:k1"
    assert reasons(made) == {1: {Reason.MINTED, Reason.ID_NOT_TAKEN}}
    assert ids([unbound(1, "b", guid=guid)]) == {1: guid}


def test_copies_of_one_page_are_one_post() -> None:
    """All of them, whatever the order; of a source that links there twice none is, and so of no other."""
    copies = [unbound(n, name, page="p") for n, name in enumerate("abc", 1)]
    made = bound(copies)
    assert [each.copy.pk for each in made.minted] == [1]
    assert reasons(made) == {1: {Reason.MINTED}, 2: {Reason.JOINED_PAGE}, 3: {Reason.JOINED_PAGE}}
    assert bound(copies[::-1]) == made
    assert len(bound([*copies, unbound(4, "a", page="p")]).minted) == 4


def test_a_copy_joins_the_post_that_is_there() -> None:
    """Where one post has the page, and not from the same source; where several have it the page tells nothing."""
    there = post(7, "a")
    joining = unbound(1, "b", page="p", page_posts=(7,))
    assert ids([joining], there) == {1: there.id}
    assert ids([replace(joining, source_id="a")], there) == {1: f"tag:{US},2026:a:k1"}
    several = replace(joining, page_posts=(7, 8))
    assert ids([several], there, post(8, "c")) == {1: f"tag:{US},2026:b:k1"}
    assert reasons(bound([several], there, post(8, "c")))[1] == {Reason.MINTED, Reason.KEPT_APART_PAGE}


def test_the_same_words_under_the_same_title_are_one_post() -> None:
    """A site's name in the title does not matter, another title does."""
    one, other = unbound(1, "a", text="t"), unbound(2, "b", text="t", title="A title of three words")
    assert len(bound([one, replace(other, title="A title")]).minted) == 1
    made = bound([one, other])
    assert len(made.minted) == 2
    assert reasons(made)[2] == {Reason.MINTED, Reason.KEPT_APART_TITLE}
    assert ids([unbound(1, "b", text="t", text_posts=(7,))], post(7, "a", text="t")) == {1: "urn:ex:7"}


def test_words_that_a_source_repeats_tell_no_story() -> None:
    """Neither among what is new, nor with what is there."""
    copies = [unbound(1, "a", text="t"), unbound(2, "a", text="t"), unbound(3, "b", text="t")]
    assert reasons(bound(copies))[3] == {Reason.MINTED, Reason.KEPT_APART_TEXT}
    again = [unbound(n, name, text="t", text_posts=(7,)) for n, name in enumerate("ab", 1)]
    assert len(bound(again, post(7, "a", text="t")).minted) == 2
    twice = unbound(1, "c", text="t", text_posts=(7, 8))
    assert len(bound([twice], post(7, "a"), post(8, "b")).minted) == 1


def test_two_posts_are_never_made_one() -> None:
    """A copy with one's page and another's words joins that of the page."""
    both = unbound(1, "c", page="p", page_posts=(7,), text="t", text_posts=(8,))
    assert ids([both], post(7, "a"), post(8, "b", text="t")) == {1: "urn:ex:7"}


@pytest.mark.parametrize(
    ("primary", "first"),
    [
        (("rank", "site", "earliest", "longest"), "c"),
        (("site", "earliest"), "b"),
        (("earliest", "rank"), "a"),
        (("longest", "site"), "d"),
        ((), "a"),
    ],
)
def test_the_primary_copy_is_chosen_by_the_rules(primary: tuple[PrimaryRule, ...], first: str) -> None:
    """The first rule that tells the copies apart decides, whatever their order."""
    copies = [
        unbound(n, name, page="p", link="https://b.example/1", length=20 if name == "d" else 10)
        for n, name in enumerate("abcd", 1)
    ]
    copies = [replace(copy, published=NOW + timedelta(hours=copy.pk)) for copy in copies]
    rules = replace(RULES, primary=primary, ranks={"c": 1, "d": 2})
    for each in (copies, copies[::-1]):
        assert [made.copy.source_id for made in bound(each, rules=rules).minted] == [first]


def test_a_stranger_who_was_first_does_not_keep_the_owner_out() -> None:
    """The page's owner gets a post of its own; others of the page follow it there from then on."""
    stranger = post(7, "a", words="evil")
    owner = unbound(1, "b", page="p", link="https://b.example/1", page_posts=(7,))
    other = unbound(2, "c", page="p", link="https://b.example/1", page_posts=(7,))
    made = bound([other, owner], stranger)
    assert [each.copy.source_id for each in made.minted] == ["b"]
    assert reasons(made) == {1: {Reason.MINTED, Reason.KEPT_APART_OWNER}, 2: {Reason.JOINED_PAGE}}
    later = replace(other, page_posts=(7, 8))
    assert ids([later], stranger, post(8, "b")) == {2: "urn:ex:8"}


def test_the_owner_is_credited_where_the_words_are_the_same() -> None:
    """The post keeps its id; a rank that the editor gave to the other outweighs whose page it is."""
    carried = post(7, "a", words="same")
    owner = replace(unbound(1, "b", page="p", link="https://b.example/1", page_posts=(7,)), words="same")
    made = bound([owner], carried)
    assert (made.minted, made.credited) == ((), {carried.id: 1})
    assert reasons(made) == {1: {Reason.JOINED_PAGE, Reason.CREDITED_OWNER}}
    ranked = bound([owner], carried, rules=replace(RULES, ranks={"a": 1}))
    assert (ranked.minted, ranked.credited) == ((), {})


@pytest.mark.parametrize(
    ("feed", "claim", "link", "hold"),
    [
        ("https://www.site.example/feed", None, "http://site.example/1", OWNER),
        ("https://feeds.site.example/rss", None, "https://www.site.example/1", OWNER),
        ("https://evil.example/feed", "https://site.example/", "https://site.example/1", STRANGER),
        ("https://feeds.feedburner.com/site", "https://site.example/", "https://site.example/1", CLAIMANT),
        ("rsshub://site/1", "https://site.example/", "https://site.example/1", CLAIMANT),
        ("https://one.github.io/feed", None, "https://other.github.io/1", STRANGER),
        ("https://medium.com/feed/@one", None, "https://medium.com/@other/1", STRANGER),
        ("https://one.medium.com/feed", None, "https://one.medium.com/1", OWNER),
        ("https://one.medium.com/feed", None, "https://medium.com/@other/1", STRANGER),
        ("https://site.example/feed", None, None, STRANGER),
        ("https://site.example/feed", None, "https://[::1", STRANGER),
    ],
)
def test_whose_page_it_is(feed: str, claim: str | None, link: str | None, hold: int) -> None:
    """The subscribed address tells; what a feed says of itself only where a proxy serves it."""
    assert Owners({"x": Line(feed=feed, link=claim)}).hold("x", link) == hold


def test_a_posts_name_tells_its_title_and_is_its_own() -> None:
    """The stem of a file is safe, short and unique; a title of signs alone still has a name."""
    titles = ("../Ünï/x", "!?", "长" * 300)
    names = [mint(unbound(pk, "a", title=title), frozenset(), RULES).name for pk, title in enumerate(titles * 2)]
    assert [name.rpartition("-")[0] for name in names[:3]] == ["ünï-x", "post", "长" * 26]
    assert len(set(names)) == 6


def test_wished_ids_are_those_that_may_be_published() -> None:
    """Each once, without what is no id; and those that are ours, which an imported post may have."""
    copies = [unbound(n, "a", guid=guid) for n, guid in enumerate(("urn:ex:1", "urn:ex:1", "no id", None))]
    ours = {f"tag:{US},2026:a:{copy.key}" for copy in copies}
    assert set(wished_ids(copies, RULES)) == {"urn:ex:1", *ours}


_COPIES = st.lists(
    st.tuples(
        _FEW("abcd"),
        _FEW((None, "urn:ex:1", "urn:ex:2", "no id", f"tag:{US},2026:a:k1", f"tag:{US},2026:b:k2")),
        _FEW((None, "p", "q")),
        _FEW((None, "t", "u")),
        _FEW(("A title", "Another one", "A title of three")),
    ),
    max_size=8,
)


def _made(drawn: Sequence[tuple[str, str | None, str | None, str | None, str]]) -> list[Unbound]:
    return [
        unbound(pk, source, guid=guid, page=page, text=text, title=title)
        for pk, (source, guid, page, text, title) in enumerate(drawn)
    ]


@steady
@given(_COPIES, st.frozensets(_FEW(("urn:ex:1", "urn:ex:2"))))
def test_every_copy_has_a_post_and_no_id_is_given_twice(
    drawn: list[tuple[str, str | None, str | None, str | None, str]], taken: frozenset[str]
) -> None:
    """Whatever guids, pages and words copies bring, in whatever order; no source stands twice in a post."""
    copies = _made(drawn)
    made = bound(copies, taken=sorted(taken))
    given_ids = [each.id for each in made.minted]
    belongs = {each.copy_pk: each.post_id for each in made.bindings}
    assert len(given_ids) == len(set(given_ids))
    assert not taken & set(given_ids)
    assert set(belongs) == {copy.pk for copy in copies}
    assert set(belongs.values()) == set(given_ids)
    by_post = [(belongs[copy.pk], copy.source_id) for copy in copies]
    assert len(by_post) == len(set(by_post))


@steady
@given(_COPIES, st.randoms(use_true_random=False))
def test_the_order_of_copies_does_not_count(
    drawn: list[tuple[str, str | None, str | None, str | None, str]], random: object
) -> None:
    """However the answers of a cycle came in, the same copies are one story: joining is associative."""
    copies = _made(drawn)
    shuffled = sorted(copies, key=lambda copy: random.random())  # type: ignore[attr-defined]
    assert bound(shuffled) == bound(copies)


@steady
@given(
    st.lists(st.integers(0, 30), unique=True),
    st.lists(st.tuples(st.integers(0, 30), _FEW("pqrst"))),
    st.integers(1, 7),
)
def test_what_may_be_one_story_is_decided_at_once(waiting: list[int], drawn: list[tuple[int, str]], size: int) -> None:
    """Each copy is in one batch, and those that share something, directly or through others, in the same."""
    shared = [(pk, value) for pk, value in drawn if pk in waiting]
    parts = list(grouping.batches(waiting, shared, size))
    assert sorted(pk for part in parts for pk in part) == sorted(waiting)
    place: Mapping[int, int] = {pk: number for number, part in enumerate(parts) for pk in part}
    for pk, value in shared:
        assert {place[other] for other, same in shared if same == value} == {place[pk]}
