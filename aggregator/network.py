"""Wiring of what asks: one account of each domain's budget, in the database where there is one, for every request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from aggregator import __version__, fetch, text
from aggregator.cadence import budget
from aggregator.config import Settings
from aggregator.domains import Domains
from aggregator.fetch import slots
from aggregator.store import Store, domains
from aggregator.store.slots import Desk

#: So many times the time-out all requests to one domain may take where nothing is to wait for them.
_ROUNDS = 2


@contextmanager
def opened(
    settings: Settings, store: Store | None, *, now: datetime, patience: timedelta, holder: str
) -> Iterator[tuple[fetch.Client, Callable[[], None]]]:
    """Open a client that keeps to the limits of ``settings``, and to what was and is asked of each domain by others.

    Requests wait for their turn up to ``patience``.  ``holder`` names who asks: no two at the same time have one name.
    With the client comes what writes down what was asked of each domain up to then.
    """
    with accounted(settings, store, now, patience) as account:
        made = _client(settings, store, account, patience, holder)
        try:
            yield made, partial(_keep, store, account)
        finally:
            made.abort()  # what is under way still when a run was stopped
            made.close()


@contextmanager
def accounted(settings: Settings, store: Store | None, now: datetime, patience: timedelta) -> Iterator[fetch.Account]:
    """Open the account of what was asked of each domain, and write down in ``store`` what is asked in the block."""
    known = {}
    if store is not None:
        with store.reading() as transaction:
            known = domains.states(transaction)
    account = fetch.Account(
        known,
        Domains(settings.fetch.domains),
        per_minute=settings.fetch.per_minute,
        now=now,
        patience=patience,
        share=_ROUNDS * settings.fetch.per_host * settings.fetch.timeout,
    )
    try:
        yield account
    finally:
        _keep(store, account)
        if store is not None and any(budget.over(state, account.now()) for state in known.values()):
            with store.writing() as transaction:
                domains.forget(transaction, account.now())


def _keep(store: Store | None, account: fetch.Account) -> None:
    changes = account.changes()
    if changes and store is not None:
        with store.writing() as transaction:
            domains.add(transaction, changes, account.now())


def _client(
    settings: Settings, store: Store | None, account: fetch.Account, patience: timedelta, holder: str
) -> fetch.Client:
    timeout, per_host = settings.fetch.timeout, settings.fetch.per_host
    limits = fetch.Limits(
        timeout=timeout,
        max_size=settings.fetch.max_size,
        per_host=per_host,
        allow_private=settings.fetch.allow_private,
        files=settings.fetch.files,
        instance=settings.fetch.rsshub,
    )
    desk = Desk(store, holder, per_host, slots.TRUSTED + timeout) if store is not None else None
    # What another process has under way ends within the timeout: that long it is always waited for.
    at_once = fetch.Slots(per_host, patience=max(patience, timeout), desk=desk)
    return fetch.Client(limits, user_agent=user_agent(settings), account=account, slots=at_once)


def user_agent(settings: Settings) -> str:
    """Return how we introduce ourselves: name, version, where to read about us, and for how many readers we ask."""
    readers = settings.site.subscribers
    told = "" if readers is None else f"; {text.counted(readers, 'subscriber')}"
    return f"aggregator/{__version__} (+{settings.site_model.url}{told})"
