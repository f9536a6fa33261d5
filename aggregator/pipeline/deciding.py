"""BIND: what waits → describe → decide → bind, once all sources of a cycle are settled.

So the outcome does not depend on which server answered first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aggregator.models import PrimaryRule, Source
from aggregator.recognise.ownership import Owners
from aggregator.recognise.rules import Rules
from aggregator.records import Bound
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, Transaction, binding, corrections

#: How many new copies are bound to posts in one transaction; those that may be one story always are.
_BATCH = 2_000


def bind(
    store: Store,
    sources: Sequence[Source],
    primary: Sequence[PrimaryRule],
    authority: str,
    watch: Stopwatch,
    *,
    now: datetime,
) -> tuple[int, int]:
    """Bind every copy that belongs to no post yet; return how many posts were made, and how many copies joined.

    ``primary`` are the rules by which a story's primary copy is chosen, ``authority`` names us in ids of our own.
    """
    with watch("bind"), store.reading() as transaction:
        waiting = binding.unbound(transaction)
        if not waiting:
            return 0, 0
        shared = binding.shared(transaction)
        rules = rules_of(transaction, sources, primary, authority)
    from aggregator.pipeline import resembling  # where something waits: most runs find nothing new
    from aggregator.recognise import grouping

    with watch("bind"):
        alike = resembling.pairs(store, sources, now)
    shared += [(pk, f"pair {pair}") for pair in alike for pk in pair]
    made = joined = 0
    for batch in grouping.batches(waiting, shared, _BATCH):
        with watch("bind"), store.writing() as transaction:
            bound = _bind(transaction, batch, alike, rules, now)
        made += len(bound.minted)
        joined += len(bound.bindings) - len(bound.minted)
    return made, joined


def rules_of(
    transaction: Transaction, sources: Sequence[Source], primary: Sequence[PrimaryRule], authority: str
) -> Rules:
    """Return what deciding goes by; see ``bind``."""
    ranks = {source.id: source.rank for source in sources if source.rank is not None}
    return Rules(authority=authority, owners=Owners(binding.lines(transaction)), primary=primary, ranks=ranks)


def _bind(
    transaction: Transaction, batch: Sequence[int], alike: Sequence[tuple[int, int]], rules: Rules, now: datetime
) -> Bound:
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
    binding.bind(transaction, bound, now)
    return bound
