"""When a source's new address has lasted long enough to become its address.

A captive portal or a stolen name redirects for an hour, too: so a permanent redirect (RFC 9110, sections 15.4.2
and 15.4.9) is followed at once, and believed when it led to a feed several times.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from aggregator import urls
from aggregator.models import Source
from aggregator.records import SourceState

#: Pulls in a row that must have been led to one address, and the time that must lie between the first and the last.
_SIGHTINGS = 4
_LASTING = timedelta(hours=3)
#: After so many failures in a row of an address that was taken over, the one in feeds.yaml is asked again.
_PATIENCE = 3


def seen(source: Source, state: SourceState, target: str | None, now: datetime) -> SourceState:
    """Return ``state`` after a pull at ``now`` that permanent redirects led to ``target``; None where there were none.

    Only an address that feeds.yaml gives in full can be replaced.
    """
    if target is None and state.moved_to is None:
        return state
    if target is None:
        return replace(state, moved_to=None, moved_since=None, moved_times=0)
    again = target == state.moved_to
    since = min(state.moved_since or now, now) if again else now
    times = state.moved_times + 1 if again else 1
    if times >= _SIGHTINGS and now - since >= _LASTING and urls.absolute(source.url):
        return replace(state, adopted=target, moved_to=None, moved_since=None, moved_times=0)
    return replace(state, moved_to=target, moved_since=since, moved_times=times)


def lost(state: SourceState, *, gone: bool) -> SourceState:
    """Return ``state`` after a failure: an adopted address that is ``gone``, or fails again and again, is given up."""
    if state.adopted is None or (state.failures < _PATIENCE and not gone):
        return state
    return replace(state, adopted=None)


def twins(states: Mapping[str, SourceState]) -> dict[str, str]:
    """Return each source that was answered from the same address as one before it, with that one's id.

    Two lines of feeds.yaml may come to be one feed by redirects.
    """
    first: dict[str, str] = {}
    answered = ((name, state.validators_url) for name, state in states.items() if state.validators_url)
    pairs = ((name, first.setdefault(address, name)) for name, address in answered)
    return {name: twin for name, twin in pairs if name != twin}


def advice(state: SourceState, place: str | None) -> str | None:
    """Return what the editor should change in feeds.yaml, None when the address there is right.

    ``place`` is where that stands: ``feeds.yaml:12``.
    """
    if state.adopted:
        line = f"url: {urls.public(state.adopted)}"
        return f"it moved for good and is asked there now; write in {place or 'feeds.yaml'}: {line}"
    if state.moved_to:
        return f"it says that it moved for good, to {urls.public(state.moved_to)}"
    return None
