"""Groups that grow together, such that no source stands twice in one and no two posts come to be the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Groups(Generic[T]):
    """Disjoint groups of members.  ``sources`` are those that each member has, ``fixed`` the members that are posts."""

    def __init__(self, sources: Mapping[T, frozenset[str]], fixed: frozenset[T] = frozenset()) -> None:
        self._parents = {member: member for member in sources}
        self._sources = dict(sources)
        self._fixed = {member: member for member in fixed}

    def __contains__(self, member: T) -> bool:
        return member in self._parents

    def root(self, member: T) -> T:
        """Return the member that stands for the group of ``member``."""
        while self._parents[member] != member:
            self._parents[member] = self._parents[self._parents[member]]
            member = self._parents[member]
        return member

    def post(self, member: T) -> T | None:
        """Return the post in the group of ``member``, if there is one."""
        return self._fixed.get(self.root(member))

    def join(self, one: T, other: T) -> bool:
        """Make one group of two; tell whether they are one now: two posts, and two entries of a source, stay apart."""
        first, second = self.root(one), self.root(other)
        if first == second:
            return True
        both_posts = first in self._fixed and second in self._fixed
        if both_posts or self._sources[first] & self._sources[second]:
            return False
        self._parents[second] = first
        self._sources[first] |= self._sources[second]
        if second in self._fixed:
            self._fixed[first] = self._fixed.pop(second)
        return True


def batches(waiting: Sequence[int], shared: Iterable[tuple[int, str]], size: int) -> Iterator[list[int]]:
    """Yield the numbers in ``waiting`` in parts of about ``size``: what shares a value stands in one part.

    ``shared`` are numbers and the values that they have in common with others.
    """
    first: dict[str, int] = {}
    pairs = [(first.setdefault(value, pk), pk) for pk, value in shared]
    groups: Groups[int] = Groups({pk: frozenset() for _, pk in pairs})
    for one, other in pairs:
        groups.join(one, other)
    del first, pairs
    members: dict[int, list[int]] = defaultdict(list)
    for pk in waiting:
        if pk in groups:
            members[groups.root(pk)].append(pk)
    part: list[int] = []
    for pk in waiting:
        part += [pk] if pk not in groups else members.pop(groups.root(pk), [])
        if len(part) >= size:
            yield part
            part = []
    if part:
        yield part
