"""UPDATE: due → fetch → parse → take → recognise → normalise → apply.

Each source is settled on its own, several of them side by side.  What is settled is stored by one writer, many sources
in a transaction, and of each its entries, its validators and its next pull in the same one: validators that are stored
before the entries lose them, since the server then answers 304.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from aggregator import cadence, health, keys, text
from aggregator.errors import (
    DatabaseError,
    FetchError,
    PostponedError,
    SourceError,
    StoppedError,
    StorageError,
    UnavailableError,
    bug,
)
from aggregator.events import HealthEvent
from aggregator.fetch import Request, Response
from aggregator.models import Feed, Source
from aggregator.pipeline.abreast import Abreast
from aggregator.pipeline.confined import Confined
from aggregator.recognise import changes, deletions, entries, newcomers, renumbering
from aggregator.recognise.making import Asked, Pulled
from aggregator.records import CopyWrite, Made, Pull, Reading, SourceState
from aggregator.stopwatch import Stopwatch
from aggregator.store import Store, archive, events, pulls, verdicts

#: How many pulls are stored in one transaction at most, and wait for that at most.
_PULLS = 50
#: Seconds that what is settled waits for more, since a transaction costs more than what is written in it.
_PATIENCE = 0.25

Answer = tuple[Request, Response | FetchError]
FetchAll = Callable[[Iterable[Request]], Iterator[Answer]]


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of one source: ``new`` and ``changed`` count its copies, ``entries`` those in its document.

    Of the new ones some may be ``held`` for the editor, or only ``archived``.
    ``error`` says why it failed, or was postponed.
    """

    source_id: str
    result: Literal["ok", "not modified", "failed", "postponed"]
    entries: int = 0
    new: int = 0
    changed: int = 0
    held: int = 0
    archived: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()


#: What is to be stored of a pull, and what to tell of it.
Settled = tuple[Pull, Outcome]
#: What becomes of a source whose pull an error took.
Failed = Callable[[str, Exception], Settled]


def update(
    store: Store,
    sources: Mapping[str, Source],
    states: Mapping[str, SourceState],
    fetch_all: FetchAll,
    *,
    address: Callable[[str], str],
    confined: Confined,
    now: datetime,
    watch: Stopwatch,
) -> Iterator[Outcome]:
    """Pull the sources whose ``states`` are given and store what they brought; yield each one's outcome.

    ``fetch_all`` asks for addresses side by side, ``address`` turns one of feeds.yaml into one to ask for, ``confined``
    reads what came; once it is stopped, what is not stored yet waits for the next cycle.
    Raises StorageError when the database fails; what a source does raises nothing.
    """
    requests = (request_for(sources[name], state, address) for name, state in states.items())

    def work(answer: Answer) -> Settled:
        request, response = answer
        source, state = sources[request.source_id], states[request.source_id]
        pull, outcome = settle(store, source, state, response, confined=confined, now=now, watch=watch)
        relisted = _listed(pull.state) != _listed(state)
        return replace(pull, events=_events(store, source, state, pull), relisted=relisted), outcome

    # One thread more than there are places for documents, so that none of these stays free while the archive is asked.
    settled = Abreast(
        _timed(fetch_all(requests), watch), work, threads=confined.places + 1, most=_PULLS, patience=_PATIENCE
    )

    def failed(name: str, exc: Exception) -> Settled:
        # The database's address is nothing for readers of the sources' health.
        said = exc.reason if isinstance(exc, DatabaseError) else bug(exc)
        return _failed(sources[name], states[name], exc, f"it cannot be stored: {text.one_line(said)}", now)

    try:
        for batch in settled:
            with watch("store"):
                outcomes = _stored(store, batch, failed)
            yield from outcomes
    except StoppedError:
        return


def _timed(answers: Iterator[Answer], watch: Stopwatch) -> Iterator[Answer]:
    while True:
        with watch("fetch"):
            answer = next(answers, None)
        if answer is None:
            return
        yield answer


def _stored(store: Store, settled: Sequence[Settled], failed: Failed) -> tuple[Outcome, ...]:
    """Store pulls and return their outcomes; one that cannot be stored is one that ``failed``."""
    try:
        _apply(store, [pull for pull, _ in settled])
    except UnavailableError:
        raise
    except Exception:  # noqa: BLE001 - what cannot be stored of one source must not take the others with it
        return tuple(_one_by_one(store, settled, failed))
    return tuple(outcome for _, outcome in settled)


def _one_by_one(store: Store, settled: Sequence[Settled], failed: Failed) -> Iterator[Outcome]:
    broken: Exception | None = None
    for pull, outcome in settled:
        try:
            yield _alone(store, pull, outcome, failed)
        except UnavailableError:
            raise
        except Exception as exc:  # noqa: BLE001 - raised when the others are stored
            broken = exc
    if broken:
        raise broken


def _alone(store: Store, pull: Pull, outcome: Outcome, failed: Failed) -> Outcome:
    try:
        _apply(store, [pull])
    except UnavailableError:
        raise
    except Exception as exc:  # noqa: BLE001 - told of the source, unless that cannot be stored either
        pull, outcome = failed(pull.source_id, exc)
        _apply(store, [pull])
    return outcome


def _apply(store: Store, settled: Sequence[Pull]) -> None:
    with store.writing() as transaction:
        pulls.apply(transaction, *settled)


def settle(
    store: Store,
    source: Source,
    state: SourceState,
    response: Response | FetchError,
    *,
    confined: Confined,
    now: datetime,
    watch: Stopwatch,
) -> tuple[Pull, Outcome]:
    """Return what is to be stored of a pull, and what to tell of it; an error of the source is one of both."""
    if isinstance(response, PostponedError):
        return _postponed(source, state, response, now)
    if isinstance(response, FetchError):
        return _failed(source, state, response, str(response), now)
    try:
        return _settled(store, source, state, response, confined=confined, now=now, watch=watch)
    except (StorageError, StoppedError):
        raise
    except SourceError as exc:
        return _failed(source, state, exc, str(exc), now)
    except Exception as exc:  # noqa: BLE001 - a bug met by one source must not stop the others
        return _failed(source, state, exc, f"unexpected {text.one_line(bug(exc))}", now)


def request_for(source: Source, state: SourceState, address: Callable[[str], str]) -> Request:
    return Request(
        source_id=source.id,
        url=state.adopted or address(source.url),
        headers=source.headers,
        etag=state.etag,
        last_modified=state.last_modified,
        validators_url=state.validators_url,
    )


def _listed(state: SourceState) -> tuple[str | None, str | None, bool]:
    return state.info.title, state.info.link, state.gone


def _events(store: Store, source: Source, before: SourceState, pull: Pull) -> tuple[HealthEvent, ...]:
    if not health.concerns(before, pull.state) and not health.suspicious(pull):
        return ()
    with store.reading() as transaction:
        told = events.told(transaction, pull.source_id)
    found = health.events(source, before, pull.state, told, pull.at)
    return (*found, *health.held(pull, before, told))


def _settled(
    store: Store,
    source: Source,
    state: SourceState,
    response: Response,
    *,
    confined: Confined,
    now: datetime,
    watch: Stopwatch,
) -> tuple[Pull, Outcome]:
    body = text.digest_bytes(response.body)
    if response.status == HTTPStatus.NOT_MODIFIED or body == state.body:
        after = cadence.succeeded(source, state, response, state.hints, now)
        outcome = Outcome(source_id=source.id, result="not modified", warnings=_advice(source, after))
        return Pull(source_id=source.id, at=now, state=after), outcome
    with watch("parse"):
        # All that a source says at its first pull is new.
        first = now if state.last_success is None else None
        read = partial(confined.read, response.body, response.content_type, response.url, source)
        reading = read(first)
    feed = reading.feed
    pulled = Pulled(info=feed.info, source=source, now=now, last_pull=state.last_success)
    whole = response.status != HTTPStatus.IM_USED
    writes = tuple(_news(store, reading, read, pulled, state, confined, watch, whole=whole))
    new = [write.copy.published for write in writes if write.copy and write.known is None]
    after = replace(
        cadence.succeeded(source, state, response, feed.hints, now, new=new),
        body=body if whole else None,  # a delta is no document to compare with
        info=keys.without_in_feed(feed.info, source.url),
        warnings=feed.warnings,
    )
    if any(write.waiting for write in writes):
        # The document must come again: the change that waits is nowhere else.
        after = replace(after, etag=None, last_modified=None, body="")
    withdrawn = _withdrawn(store, source, feed, watch)
    return Pull(source_id=source.id, at=now, state=after, writes=writes, withdrawn=withdrawn), Outcome(
        source_id=source.id,
        result="ok",
        entries=len(feed.entries),
        new=sum(write.known is None for write in writes),
        changed=sum(
            write.known is not None and write.known.verdict is None and write.copy is not None for write in writes
        ),
        held=sum(write.verdict is not None and write.verdict.kind == "held" for write in writes),
        archived=sum(write.verdict is not None and write.verdict.kind == "archived" for write in writes),
        warnings=(*feed.warnings, *_advice(source, after)),
    )


def _withdrawn(store: Store, source: Source, feed: Feed, watch: Stopwatch) -> dict[int, str | None]:
    said = deletions.named(feed)
    if not said:
        return {}
    with watch("recognise"), store.reading() as transaction:
        known = pulls.known(transaction, source.id, list(said))
    return {copy.pk: said[alias].comment for alias, copy in known.items() if not copy.pruned}


def _news(
    store: Store,
    reading: Reading,
    read: Callable[[None], Reading],
    pulled: Pulled,
    state: SourceState,
    confined: Confined,
    watch: Stopwatch,
    *,
    whole: bool,
) -> Iterator[CopyWrite]:
    source_id, found = pulled.source.id, reading.found
    with watch("recognise"), store.reading() as transaction:
        # To look for a hundred names takes longer than to see that there are none.
        is_new = state.last_success is None and not pulls.has_names(transaction, source_id)
        names = [] if is_new else [alias.value for each in found for alias in each.aliases]
        known = pulls.known(transaction, source_id, names)
    if not is_new and reading.made is not None:
        # Copies came in from elsewhere, before the first pull: what the entries say is to be compared with them.
        with watch("parse"):
            reading = read(None)
        found = reading.found
    matches = entries.match(found, known)
    with watch("normalise"):
        drafts = changes.drafts(matches, partial(_made, confined, reading, pulled))
    with watch("recognise"), store.reading() as transaction:
        if drafts and not is_new:
            names = [name for draft in drafts.values() for name in draft.names]
            known |= pulls.known(transaction, source_id, names)
            many = whole and renumbering.suspected(len(drafts), len(found))
            recent = pulls.recent(transaction, source_id, 2 * len(found)) if many else None
            matches = renumbering.rebind(matches, drafts, known, recent)
        touched = changes.touched(matches)
        before = archive.copies(transaction, list(touched)) if touched else {}
        news = any(match.known is None for match in matches)
        record = verdicts.record(transaction, source_id, state) if news else None
    with watch("normalise"):
        versions = changes.versions(touched, before, partial(confined.made, pulled=pulled))
        made = changes.writes(matches, drafts, known, versions, pulled)
        judged = newcomers.judged(made, matches, record, pulled.source, pulled.now, whole=whole)
        yield from changes.keyed(judged, known)


def _made(confined: Confined, reading: Reading, pulled: Pulled, asked: Sequence[Asked]) -> Sequence[Made]:
    return confined.made(asked, pulled) if reading.made is None else reading.made


def _advice(source: Source, after: SourceState) -> tuple[str, ...]:
    advice = cadence.advice(after, source.place) if after.adopted else None
    return (advice,) if advice else ()


def _failed(source: Source, state: SourceState, exc: Exception, message: str, now: datetime) -> tuple[Pull, Outcome]:
    after = cadence.failed(source, state, exc, message, now)
    outcome = Outcome(source_id=source.id, result="failed", error=after.error)
    return Pull(source_id=source.id, at=now, state=after), outcome


def _postponed(source: Source, state: SourceState, exc: PostponedError, now: datetime) -> tuple[Pull, Outcome]:
    after = cadence.postponed(source, state, exc.until, str(exc), now)
    outcome = Outcome(source_id=source.id, result="postponed", error=str(exc))
    return Pull(source_id=source.id, at=now, state=after), outcome
