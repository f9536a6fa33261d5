"""What the editor decides, by the names that people use: found, decided and noted in one transaction each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from aggregator.errors import ConfigError
from aggregator.frontmatter import Style
from aggregator.reasons import Reason
from aggregator.recognise import minting
from aggregator.recognise.rules import Rules
from aggregator.store import Store, Transaction, binding, corrections, ledger, lookup, pulls, story, verdicts
from aggregator.telling import Held, Story, in_words

#: Stands for all that is held.
ALL = "all"
#: Characters of a word that a message repeats.
_SHOWN = 200


def held(store: Store) -> list[Held]:
    """Return the entries that wait for the editor, by source."""
    with store.reading() as transaction:
        return verdicts.held(transaction)


def release(store: Store, words: Sequence[str], now: datetime) -> int:
    """Let in what ``words`` name, and return how many entries that were: held, archived and rejected ones.

    A word is the number, guid or address of an entry, or the id of a source or ``ALL`` for what is held.  Raises
    ConfigError for one that names nothing; nothing is changed then.
    """
    return _decide(store, words, verdicts.release, now)


def reject(store: Store, words: Sequence[str], now: datetime) -> int:
    """Turn away for good what ``words`` name; see ``release``."""
    return _decide(store, words, verdicts.reject, now)


def explain(store: Store, what: str, style: Style) -> list[Story]:
    """Return the stories of the posts and entries that ``what`` names, their files as in ``style``.

    Raises ConfigError when it names none.
    """
    with store.reading() as transaction:
        found = story.of(transaction, lookup.posts(transaction, what), lookup.copies(transaction, what), style)
    if not found:
        raise _nothing(what)
    return found


def split(store: Store, post: str, who: str, rules_of: Callable[[Transaction], Rules], now: datetime) -> list[str]:
    """Take the entries that ``who`` names out of ``post``, each into a post of its own; return those posts' ids.

    ``who`` is the id of a source, or the number, guid or address of an entry.  ``rules_of`` tells what deciding goes
    by.  Raises ConfigError when there is no such post or entry, or when the post has no other entry.
    """
    with store.writing() as transaction:
        post_pk = _one_post(transaction, post)
        copies = binding.describe(transaction, lookup.copies_of(transaction, post_pk))
        named = set(lookup.copies(transaction, who))
        chosen = [copy for copy in copies if copy.source_id == who]
        chosen = chosen or [copy for copy in copies if copy.pk in named]
        if not chosen:
            raise ConfigError(f"the post has no entry that answers to {who!r}; 'aggregator explain' lists what it has")
        if len(chosen) == len(copies):
            raise ConfigError("a post keeps one entry at least; name one of several")
        rules = rules_of(transaction)
        wished = [each for copy in chosen for each in minting.own_ids(copy, rules)]
        taken = set(binding.taken(transaction, wished))
        minted = []
        for copy in chosen:
            minted.append(minting.alone(copy, taken, rules))
            taken.add(minted[-1].id)
        heir = min((copy for copy in copies if copy not in chosen), key=rules.order)
        corrections.split(transaction, post_pk, minted, heir.pk, now)
    return [each.id for each in minted]


def merge(store: Store, post: str, other: str, now: datetime) -> None:
    """Join ``other`` to ``post``, whose id stays; raises ConfigError when there are no such two posts."""
    with store.writing() as transaction:
        keep, gone = _one_post(transaction, post), _one_post(transaction, other)
        if keep == gone:
            raise ConfigError(f"{post!r} and {other!r} are one post already")
        corrections.merge(transaction, keep, gone, now)


def retract(store: Store, what: str, reason: str | None, now: datetime) -> int:
    """Take the post that ``what`` names out for good, and return how many entries it had; an entry that waits, too.

    Raises ConfigError when there is none.
    """
    with store.writing() as transaction:
        living = _living(transaction, what)
        if living:
            found = lookup.copies_of(transaction, _only(transaction, living, what))
        else:
            found = verdicts.still_open(transaction, lookup.copies(transaction, what))
        if not found:
            raise _absent(transaction, what)
        corrections.retract(transaction, found, reason, now)
    return len(found)


def _one_post(transaction: Transaction, what: str) -> int:
    found = _living(transaction, what)
    if not found:
        raise _absent(transaction, what)
    return _only(transaction, found, what)


def _only(transaction: Transaction, posts: Sequence[int], what: str) -> int:
    if len(posts) > 1:
        ids = ", ".join(lookup.ids(transaction, posts))
        raise ConfigError(f"{what!r} names {len(posts)} posts; name one by its id: {ids}")
    return posts[0]


def _living(transaction: Transaction, what: str) -> list[int]:
    named = lookup.posts(transaction, what)
    living = [pk for pk in named if lookup.copies_of(transaction, pk)]
    end = None if living else ledger.end_of(transaction, named, [])
    if end is None or end.code is not Reason.MERGED:
        return living
    # The id of a post that was merged into another is often the address of its entry, which is elsewhere now.  Entries
    # of others that link to that page are not meant.
    own = ledger.copies_of(transaction, named).intersection(lookup.copies(transaction, what))
    return sorted(set(binding.posts_of(transaction, sorted(own)).values()))


def _absent(transaction: Transaction, what: str) -> ConfigError:
    return _taken_out(transaction, what) or _nothing(what)


def _taken_out(transaction: Transaction, what: str) -> ConfigError | None:
    end = ledger.end_of(transaction, lookup.posts(transaction, what), lookup.copies(transaction, what))
    if end is None:
        return None
    return ConfigError(f"{what[:_SHOWN]!r} was taken out on {end.at:%Y-%m-%d %H:%M} UTC: {in_words(end)}")


def _nothing(what: str) -> ConfigError:
    known = "the id of a post, the file of one, or the address, guid or number (e12) of an entry"
    return ConfigError(f"nothing answers to {what[:_SHOWN]!r}; give {known}")


def _decide(
    store: Store,
    words: Sequence[str],
    decide: Callable[[Transaction, Sequence[int], datetime], None],
    now: datetime,
) -> int:
    with store.writing() as transaction:
        found = sorted({pk for word in words for pk in _waiting(transaction, word)})
        decide(transaction, found, now)
    return len(found)


def _waiting(transaction: Transaction, word: str) -> list[int]:
    if word == ALL or pulls.is_listed(transaction, word):
        found = verdicts.held_of(transaction, None if word == ALL else word)
    else:
        found = verdicts.still_open(transaction, lookup.copies(transaction, word))
    if not found and word != ALL:
        raise _settled(transaction, word)
    return found


def _settled(transaction: Transaction, word: str) -> ConfigError:
    shown = word[:_SHOWN]
    if _living(transaction, word):
        return ConfigError(f"{shown!r} is published already; 'aggregator retract' takes its post out for good")
    waits = f"nothing that waits answers to {shown!r}; 'aggregator held' lists what does"
    return _taken_out(transaction, word) or ConfigError(waits)
