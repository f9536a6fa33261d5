"""Which copies of several sources are one story: the posts that they make, and those that they join.

Copies are one story when they link to the same page, or when their bodies say the same under the same title.  What is
weak evidence is none: a page that several entries of one source link to, words that a source repeats.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from operator import attrgetter

from aggregator import urls, wording
from aggregator.reasons import Reason
from aggregator.recognise.grouping import Groups
from aggregator.recognise.minting import mint
from aggregator.recognise.rules import Rules
from aggregator.records import Binding, Bound, Minted, PostRef, Unbound


def bind(
    copies: Sequence[Unbound],
    posts: Mapping[int, PostRef],
    taken: AbstractSet[str],
    rules: Rules,
    *,
    alike: Iterable[tuple[int, int, int | None]] = (),
) -> Bound:
    """Return what becomes of ``copies``: the posts that they make, and those that they join.

    ``posts`` are those that copies refer to and may join, by number; ``taken`` are the ids among those wished for that
    other posts have.  ``alike`` are pairs that look alike, where that is asked for: one of ``copies``, another one, and
    the post that this belongs to, if it does.  The outcome does not depend on the order of the copies.
    """
    decided = _Deciding(copies, posts, rules)
    decided.by_page()
    decided.by_text()
    decided.by_likeness(alike)
    return decided.bound(set(taken))


class _Deciding:
    """One round of deciding: members are copies (``c1``) and posts (``p1``) by their numbers."""

    def __init__(self, copies: Sequence[Unbound], posts: Mapping[int, PostRef], rules: Rules) -> None:
        self._copies = sorted(copies, key=lambda copy: (copy.first_seen, copy.published, copy.source_id, -copy.pk))
        self._posts = posts
        self._rules = rules
        members = {_name(copy): frozenset({copy.source_id}) for copy in copies}
        standing = {f"p{pk}": post.sources for pk, post in posts.items()}
        self._groups = Groups(members | standing, frozenset(standing))
        self._joined: dict[str, Reason] = {}
        self._apart: dict[str, Reason] = {}
        self._credited: dict[str, int] = {}

    def by_page(self) -> None:
        for copies in _sharing(self._copies, attrgetter("page"), attrgetter("page_posts")):
            posts = self._standing(copies[0].page_posts)
            own = [copy for copy in copies if any(copy.source_id in post.sources for post in posts)]
            if own or _repeats(copies):
                self._keep_apart(own, Reason.KEPT_APART_OWN)
                self._keep_apart(copies, Reason.KEPT_APART_PAGE)
            elif posts:
                self._to_page(copies, posts)
            else:
                self._unite(copies, Reason.JOINED_PAGE)

    def by_text(self) -> None:
        for copies in _sharing(self._copies, attrgetter("text"), attrgetter("text_posts")):
            posts = self._standing(copies[0].text_posts)
            repeated = _repeats(copies) or any(copy.source_id in post.sources for post in posts for copy in copies)
            if repeated and self._all_one(copies, posts):
                continue
            if repeated or len(posts) > 1:
                self._keep_apart(copies, Reason.KEPT_APART_TEXT)
            else:
                self._by_title(copies, posts)

    def by_likeness(self, alike: Iterable[tuple[int, int, int | None]]) -> None:
        for one, other, post_pk in sorted(alike, key=str):
            name = f"c{other}" if post_pk is None else f"p{post_pk}"
            repeated = Reason.KEPT_APART_TEXT in (self._apart.get(name), self._apart.get(f"c{one}"))
            if not repeated and (post_pk is None or post_pk in self._posts):
                self._unite_names([name, f"c{one}"], Reason.JOINED_ALIKE)

    def bound(self, used: set[str]) -> Bound:
        found: dict[str, list[Unbound]] = defaultdict(list)
        for copy in self._copies:
            found[self._groups.root(_name(copy))].append(copy)
        minted: list[Minted] = []
        bindings: list[Binding] = []
        for copies in found.values():
            post = self._groups.post(_name(copies[0]))
            if post is None:
                first = copies[0] if len(copies) == 1 else min(copies, key=self._rules.order)
                minted.append(mint(first, used, self._rules))
                post_id = minted[-1].id
                used.add(post_id)
            else:
                first, post_id = None, self._posts[int(post[1:])].id
            bindings += [self._binding(copy, post_id, is_first=copy is first) for copy in copies]
        return Bound(minted=tuple(minted), bindings=tuple(bindings), credited=self._credited)

    def _binding(self, copy: Unbound, post_id: str, *, is_first: bool) -> Binding:
        name = _name(copy)
        reasons = [Reason.MINTED] if is_first else [self._joined.get(name, Reason.MINTED)]
        if self._credited.get(post_id) == copy.pk:
            reasons.append(Reason.CREDITED_OWNER)
        apart = self._apart.get(name)
        if is_first and apart and (apart is Reason.KEPT_APART_OWNER or name not in self._joined):
            reasons.append(apart)
        if is_first and copy.guid and urls.valid_id(copy.guid) and copy.guid != post_id:
            reasons.append(Reason.ID_NOT_TAKEN)
        return Binding(copy_pk=copy.pk, post_id=post_id, reasons=tuple(reasons))

    def _standing(self, pks: Iterable[int]) -> list[PostRef]:
        return [self._posts[pk] for pk in pks if pk in self._posts]

    def _to_page(self, copies: Sequence[Unbound], posts: Sequence[PostRef]) -> None:
        post = self._owners_post(copies[0], posts)
        if post is None:
            self._keep_apart(copies, Reason.KEPT_APART_PAGE)
            return
        better = [copy for copy in copies if self._rules.outranks(copy, post)]
        # Who came first with another's page may not speak for it; where the words are the same the owner is credited.
        owners = [copy for copy in better if not _same_words(copy, post)]
        agreeing = [copy for copy in better if _same_words(copy, post)]
        others = [copy for copy in copies if copy not in better]
        if owners:
            self._unite([*owners, *others], Reason.JOINED_PAGE)
            self._keep_apart(owners, Reason.KEPT_APART_OWNER)
            others = []
        for copy in (*agreeing, *others):
            if self._groups.join(f"p{post.pk}", _name(copy)):
                self._joined.setdefault(_name(copy), Reason.JOINED_PAGE)
        joined = [copy for copy in agreeing if self._groups.post(_name(copy)) == f"p{post.pk}"]
        if joined:
            self._credited[post.id] = min(joined, key=self._rules.order).pk

    def _owners_post(self, copy: Unbound, posts: Sequence[PostRef]) -> PostRef | None:
        """Return the one post that stands for the page: the only one, else the only one of the page's owner."""
        if len(posts) == 1:
            return posts[0]
        holds = [(self._rules.owners.hold(post.source_id, copy.link), post) for post in posts]
        best = max(hold for hold, _ in holds)
        owned = [post for hold, post in holds if hold == best]
        return owned[0] if best and len(owned) == 1 else None

    def _by_title(self, copies: Sequence[Unbound], posts: Sequence[PostRef]) -> None:
        if len(copies) + len(posts) == 1:
            return
        titles: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for post in posts:
            titles[wording.title(post.title)].append(f"p{post.pk}")
        for copy in copies:
            titles[wording.title(copy.title)].append(_name(copy))
        for one in titles:
            for other in titles:
                if wording.same_title(one, other):
                    self._unite_names([*titles[one], *titles[other]], Reason.JOINED_TEXT)
        self._keep_apart(copies, Reason.KEPT_APART_TITLE)

    def _unite(self, copies: Iterable[Unbound], reason: Reason) -> None:
        self._unite_names(list(map(_name, copies)), reason)

    def _unite_names(self, names: Sequence[str], reason: Reason) -> None:
        for name in names[1:]:
            if not (name in self._groups and names[0] in self._groups):
                continue  # a copy that was kept out
            if self._groups.root(names[0]) == self._groups.root(name):
                continue
            if self._groups.join(names[0], name):
                for each in (names[0], name):
                    self._joined.setdefault(each, reason)

    def _keep_apart(self, copies: Iterable[Unbound], reason: Reason) -> None:
        for copy in copies:
            self._apart.setdefault(_name(copy), reason)

    def _all_one(self, copies: Sequence[Unbound], posts: Sequence[PostRef]) -> bool:
        names = [*map(_name, copies), *(f"p{post.pk}" for post in posts)]
        return len({self._groups.root(name) for name in names}) == 1


def _name(copy: Unbound) -> str:
    return f"c{copy.pk}"


def _sharing(
    copies: Iterable[Unbound], value: Callable[[Unbound], str | None], posts: Callable[[Unbound], Sequence[int]]
) -> list[list[Unbound]]:
    """Return the copies that have a value in common, with others or with posts."""
    sharing: dict[str, list[Unbound]] = defaultdict(list)
    for copy in copies:
        shared = value(copy)
        if shared is not None:
            sharing[shared].append(copy)
    several = sorted(shared for shared, found in sharing.items() if len(found) > 1 or posts(found[0]))
    return [sharing[shared] for shared in several]


def _repeats(copies: Sequence[Unbound]) -> bool:
    return len({copy.source_id for copy in copies}) < len(copies)


def _same_words(copy: Unbound, post: PostRef) -> bool:
    return copy.words == post.words or (copy.text is not None and copy.text == post.text)
