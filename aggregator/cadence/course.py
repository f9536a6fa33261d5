"""How a source stands after an answer: its validators, its address, its failures and its next pull."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Protocol

from msgspec.structs import replace

from aggregator.cadence import moves, rhythm, schedule
from aggregator.errors import HttpStatusError
from aggregator.models import Hints, Source
from aggregator.records import SourceState
from aggregator.times import LONG_AGO


class Answer(Protocol):
    """The part of an answer that counts here; ``fetch.Response`` has it."""

    @property
    def status(self) -> int: ...

    @property
    def url(self) -> str: ...

    @property
    def etag(self) -> str | None: ...

    @property
    def last_modified(self) -> str | None: ...

    @property
    def moved_to(self) -> str | None: ...

    @property
    def max_age(self) -> timedelta | None: ...


def queue(states: Mapping[str, SourceState], now: datetime) -> dict[str, SourceState]:
    """Return the sources among ``states``, all due, that let themselves be asked at ``now``, or have waited too long.

    Those that wait the longest come first: what a domain's budget leaves over is not the same ones each time.
    """
    welcome = [name for name, state in states.items() if schedule.welcome(state.hints, now) or _passed_over(state, now)]
    return {name: states[name] for name in sorted(welcome, key=lambda name: states[name].next_pull or LONG_AGO)}


def _passed_over(state: SourceState, now: datetime) -> bool:
    # Where the program runs once a day, that may always be in an hour to skip: it would never be asked again.
    whole = timedelta(days=len(state.hints.skip_days) + 1)
    return state.next_pull is not None and now - state.next_pull >= whole


def succeeded(
    source: Source, state: SourceState, answer: Answer, hints: Hints, now: datetime, *, new: Iterable[datetime] = ()
) -> SourceState:
    """Return how ``source`` stands after a good answer at ``now``; ``new`` are the times of entries not known before.

    A 304 replaces the validators and the max-age that it brings, a 200 all of them (RFC 9111, sections 3.2 and 4.3.4).
    """
    kept = state if answer.status == HTTPStatus.NOT_MODIFIED else SourceState()
    fresh = kept.hints.fresh if answer.max_age is None else answer.max_age
    etag = answer.etag or kept.etag
    last_modified = answer.last_modified or kept.last_modified
    before = rhythm.past(rhythm.Rhythm(state.times, state.known_since), now)
    known = rhythm.Rhythm(rhythm.heard(before.times, new), before.since or now)
    wishes = schedule.Wishes(max_age=fresh, hints=hints, validators=bool(etag or last_modified))
    following = schedule.after_success(source, wishes, now, known)
    return replace(
        moves.seen(source, state, answer.moved_to, now),
        etag=etag,
        last_modified=last_modified,
        validators_url=answer.url,
        next_pull=following.at,
        because=following.because,
        last_pull=now,
        last_success=now,
        known_since=known.since,
        times=known.times,
        failures=0,
        error=None,
        gone=False,
        hints=replace(hints, fresh=fresh),
    )


def postponed(source: Source, state: SourceState, until: datetime, because: str, now: datetime) -> SourceState:
    """Return how ``source`` stands when it was not asked at ``now``, as its domain is left alone ``until`` then."""
    waiting = schedule.jittered(source, until, until - now)
    if state.next_pull and state.next_pull > waiting:
        return state
    return replace(state, next_pull=waiting, because=because)


def failed(source: Source, state: SourceState, error: Exception, message: str, now: datetime) -> SourceState:
    """Return how ``source`` stands after ``error`` at ``now``, which ``message`` tells the editor.

    410 Gone of the address in feeds.yaml stops it: the publisher wants that nobody asks there again (RFC 9110, section
    15.5.11).  Of an address that a redirect led to, now or before, it says nothing about that one.
    """
    refused = isinstance(error, HttpStatusError) and error.status == HTTPStatus.GONE and not error.redirected
    retry_after = error.retry_after if isinstance(error, HttpStatusError) else None
    failures = state.failures + 1
    # An address that is new in feeds.yaml never answered: what another one said tells nothing of it.
    answered = state.validators_url is not None
    wishes = schedule.Wishes(retry_after=retry_after, hints=state.hints, validators=not (answered and _bare(state)))
    known = rhythm.Rhythm(state.times, state.known_since) if answered else rhythm.Rhythm()
    following = schedule.after_failure(source, failures, wishes, now, known)
    gone = refused and state.adopted is None
    after = replace(
        state,
        next_pull=following.at,
        because="its publisher says that it is gone for good" if gone else following.because,
        last_pull=now,
        failures=failures,
        error=f"{message}; it is not asked any more: take it out of feeds.yaml" if gone else message,
        gone=gone,
    )
    return moves.lost(after, gone=refused)


def _bare(state: SourceState) -> bool:
    # Where a change waits to be taken (the body is ""), the validators that came were not kept.
    return not (state.etag or state.last_modified or state.body == "")
