"""Admission: which new entries of a source are published at once, and which are held for the editor or only archived.

What is held is stored, and shown to the editor with its reason; it never keeps back another entry.  A source is judged
by what it brought before: without a record nothing is suspicious but a date to come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from aggregator import urls
from aggregator.models import Admission
from aggregator.reasons import Reason
from aggregator.records import Verdict
from aggregator.times import LONG_AGO

#: Copies of a source that its record looks back on, and how many it takes to judge by.
RECORD = 50
_ENOUGH = 10
#: Entries that it takes to call a feed redated, or its links strange.
_FEW = 10
_STRANGERS = 3
#: A feed whose record leads to more sites than this points at others by its nature.
_OWN_SITES = 3
#: Dates of one dump lie within this time.
_AT_ONCE = timedelta(hours=1)
_DAY = timedelta(days=1)
#: A date further ahead is a mistake and not believed at all: the first sight stands for it.
_BELIEVABLE = timedelta(days=366)


class Newcomer(Struct, frozen=True, kw_only=True):
    """A new entry: its key, the page it links to, and the date that it gives itself."""

    key: str
    link: str | None
    dated: datetime | None


class Past(Struct, frozen=True, kw_only=True):
    """An entry that was admitted before."""

    link: str | None
    published: datetime


class Record(Struct, frozen=True, kw_only=True):
    """What is known of a source before a pull.

    ``last_success`` is None before its first pull.  A ``latecomer`` was added when the outputs had readers already.
    ``renewed`` tells that its line of feeds.yaml has changed since.  ``recent`` are the last copies that were admitted,
    at most ``RECORD``.
    """

    last_success: datetime | None
    latecomer: bool = False
    renewed: bool = False
    recent: tuple[Past, ...] = ()


def verdicts(
    newcomers: Sequence[Newcomer],
    record: Record,
    rules: Admission,
    *,
    document: Collection[str],
    whole: bool = True,
    familiar: Iterable[str],
    now: datetime,
) -> Mapping[str, Verdict]:
    """Return, by key, why newcomers are not published at once; those that are have none.

    ``newcomers`` are in the order of the document, ``document`` are the links of all of its entries, ``familiar`` those
    of entries that were recognised under their old titles: a site that moved takes them along.  A document that is not
    ``whole`` leaves out what the source brought before (RFC 3229).
    """
    if record.last_success is None:
        return _history(newcomers, record, rules) | _future(newcomers, rules, now)
    found = _future(newcomers, rules, now)
    if len(record.recent) < _ENOUGH or record.renewed:
        return found
    fewest = min(_STRANGERS, len(document)) if whole else _STRANGERS
    strange = _strange(newcomers, record, rules, document, familiar, fewest)
    return _numerous(newcomers, record, rules, now) | found | strange


def _history(newcomers: Sequence[Newcomer], record: Record, rules: Admission) -> dict[str, Verdict]:
    if not record.latecomer or not rules.history:
        return {}
    newest = sorted(newcomers, key=lambda each: each.dated or LONG_AGO, reverse=True)
    told = f"{rules.history} of {len(newcomers)} entries were published"
    return {
        each.key: Verdict(kind="archived", code=Reason.ARCHIVED_HISTORY, detail=told)
        for each in newest[rules.history :]
    }


def _future(newcomers: Sequence[Newcomer], rules: Admission, now: datetime) -> dict[str, Verdict]:
    if not rules.future:
        return {}
    return {
        each.key: Verdict(kind="held", code=Reason.HELD_FUTURE, detail=f"dated {each.dated:%Y-%m-%d}", until=each.dated)
        for each in newcomers
        if each.dated and now + rules.future < each.dated <= now + _BELIEVABLE
    }


def _numerous(newcomers: Sequence[Newcomer], record: Record, rules: Admission, now: datetime) -> dict[str, Verdict]:
    if not rules.burst or not rules.rate or record.last_success is None:
        return {}
    usual = _per_day(record.recent)
    days = max(now - record.last_success, _DAY) / _DAY
    allowed = rules.rate * usual * days
    told = f"{{}} new entries in one pull; {usual:.2g} a day are usual"
    if len(newcomers) > max(rules.burst, allowed):
        return _held(newcomers, Reason.HELD_SPIKE, told.format(len(newcomers)))
    redated = _dated_as_now(newcomers, now)
    if len(redated) > max(_FEW, allowed):
        return _held(redated, Reason.HELD_REDATED, told.format(len(redated)))
    return {}


def _per_day(recent: Sequence[Past]) -> float:
    times = [each.published for each in recent]
    return (len(times) - 1) * _DAY / max(max(times) - min(times), _DAY)


def _dated_as_now(newcomers: Sequence[Newcomer], now: datetime) -> list[Newcomer]:
    return [each for each in newcomers if each.dated is None or abs(now - each.dated) <= _AT_ONCE]


def _strange(
    newcomers: Sequence[Newcomer],
    record: Record,
    rules: Admission,
    document: Collection[str],
    familiar: Iterable[str],
    fewest: int,
) -> dict[str, Verdict]:
    known = set(_sites(each.link for each in record.recent if each.link))
    if not rules.links or not known or len(known) > _OWN_SITES:
        return {}
    known |= set(_sites(familiar))
    strange = [found for found in _sites(document) if found not in known]
    # One link to elsewhere among one's own is a recommendation.
    if len(strange) < fewest:
        return {}
    told = f"leads to {{}}; all before led to {', '.join(sorted(known))}"
    return {
        each.key: Verdict(kind="held", code=Reason.HELD_ELSEWHERE, detail=told.format(found))
        for each in newcomers
        if each.link and (found := urls.site(each.link)) not in known
    }


def _sites(links: Iterable[str]) -> list[str]:
    return list(map(urls.site, links))


def _held(newcomers: Iterable[Newcomer], code: Reason, detail: str) -> dict[str, Verdict]:
    return {each.key: Verdict(kind="held", code=code, detail=detail) for each in newcomers}
