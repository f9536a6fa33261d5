"""BIND: what waits → describe → decide → bind, once all sources of a cycle are settled.

So the outcome does not depend on which server answered first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from aggregator.models import PrimaryRule, Source
from aggregator.recognise.ownership import Owners
from aggregator.recognise.rules import Rules
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, Transaction, binding, corrections

#: How many new copies are bound to posts in one transaction; those that may be one story always are.
_BATCH = 2_000


class Batch(Struct, frozen=True):
    """The numbers of the posts that were made of a batch of copies, and how many of these joined a post."""

    posts: Sequence[int]
    joined: int


def bind(
    store: Store,
    sources: Sequence[Source],
    primary: Sequence[PrimaryRule],
    authority: str,
    watch: Stopwatch,
    *,
    now: datetime,
) -> Iterator[Batch]:
    """Bind every copy that belongs to no post yet; yield what came of each transaction, as it is done.

    ``primary`` are the rules by which a story's primary copy is chosen, ``authority`` names us in ids of our own.
    No later batch changes the posts that one made.
    """
    with watch("bind"), store.reading() as transaction:
        waiting = binding.unbound(transaction)
        if not waiting:
            return
        shared = binding.shared(transaction)
        rules = rules_of(transaction, sources, primary, authority)
    from aggregator.pipeline import resembling  # where something waits: most runs find nothing new
    from aggregator.recognise import grouping

    with watch("bind"):
        alike = resembling.pairs(store, sources, now)
    shared += [(pk, f"pair {pair}") for pair in alike for pk in pair]
    for batch in grouping.batches(waiting, shared, _BATCH):
        with watch("bind"), store.writing() as transaction:
            bound = _bind(transaction, batch, alike, rules, now)
        yield bound


def rules_of(
    transaction: Transaction, sources: Sequence[Source], primary: Sequence[PrimaryRule], authority: str
) -> Rules:
    """Return what deciding goes by; see ``bind``."""
    ranks = {source.id: source.rank for source in sources if source.rank is not None}
    return Rules(authority=authority, owners=Owners(binding.lines(transaction)), primary=primary, ranks=ranks)


def _bind(
    transaction: Transaction, batch: Sequence[int], alike: Sequence[tuple[int, int]], rules: Rules, now: datetime
) -> Batch:
    from aggregator.recognise import minting, stories

    retracted = corrections.keep_out(transaction, batch, now)
    copies = binding.describe(transaction, [pk for pk in batch if pk not in retracted])
    here = {copy.pk for copy in copies}
    pairs = [pair for pair in alike if pair[0] in here]
    others = binding.posts_of(transaction, [other for _, other in pairs if other not in here])
    refs = {pk for copy in copies for pk in (*copy.page_posts, *copy.text_posts)} | set(others.values())
    posts = binding.posts(transaction, sorted(refs))
    taken = binding.taken(transaction, minting.wished_ids(copies, rules))
    taken |= binding.taken(transaction, minting.ousted(copies, taken, rules))
    bound = stories.bind(copies, posts, taken, rules, alike=[(one, other, others.get(other)) for one, other in pairs])
    made = binding.bind(transaction, bound, now)
    return Batch(made, len(bound.bindings) - len(made))
