"""The sources' health as an Atom feed for the editor; readers' pages and feeds do not link to it."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aggregator import text
from aggregator.events import HealthEvent, HealthKind, HealthReport
from aggregator.models import Document, Link, OutputFeed, Publication
from aggregator.publish import addresses, generator, safe
from aggregator.publish.addresses import ATOM, HTML
from aggregator.publish.atom import LANGUAGE, declare_markup

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

PATH = "health.xml"

_Words = Callable[[HealthReport], str]

_TITLES: dict[HealthKind, _Words] = {
    HealthKind.FAILING: lambda it: f"{it.title} fails: {it.event.detail}",
    HealthKind.LASTING: lambda it: f"{it.title} still fails: {it.event.detail}",
    HealthKind.GONE: lambda it: f"{it.title} is gone for good",
    HealthKind.RECOVERED: lambda it: f"{it.title} answers again",
    HealthKind.MOVED: lambda it: f"{it.title} moved for good",
    HealthKind.UNCHANGED: lambda it: f"{it.title} moved 14 days ago, and feeds.yaml has its old address",
    HealthKind.HELD: lambda it: f"{it.title} brought entries that are held",
}
_ASKED_AGAIN = "It is asked again, less and less often, and what it brought stays."
_LOOK = "Look at its address in a browser. When the feed has another one now, change its url in feeds.yaml"
_ADVICE: dict[HealthKind, _Words] = {
    HealthKind.FAILING: lambda it: f"{_ASKED_AGAIN} {_LOOK}; 'enabled: false' stops asking.",
    HealthKind.LASTING: lambda it: f"{_LOOK}; when it is over, write 'enabled: false', and what it brought stays.",
    HealthKind.GONE: lambda it: (
        "Its server says so (410), and it is not asked any more. Write its new address in "
        "feeds.yaml, or 'enabled: false'; without its line, what it brought leaves the outputs, too."
    ),
    HealthKind.RECOVERED: lambda it: "There is nothing to do.",
    HealthKind.MOVED: lambda it: _change(it.event),
    HealthKind.UNCHANGED: lambda it: _change(it.event),
    HealthKind.HELD: lambda it: (
        f"'aggregator held' lists them; 'aggregator release {it.event.source_id}' lets them in, "
        f"'aggregator reject {it.event.source_id}' turns them away."
    ),
}
_MOVES = (HealthKind.MOVED, HealthKind.UNCHANGED)


def render(publication: Publication, reports: Sequence[HealthReport]) -> Document:
    """Return ``health.xml`` with ``reports`` in their order, newest first."""
    reports = [safe.scrubbed(report) for report in reports]
    whole = publication.feeds[0]
    feed = OutputFeed(id=f"{whole.id}:health", title=f"{whole.title}: health of the sources", levels=(), limit=0)
    links = [
        Link(href=f"{publication.site.url}{PATH}", rel="self", type=ATOM.media_type),
        Link(href=addresses.page(publication, whole), type=HTML.media_type),
    ]
    made = generator.new_feed(publication, safe.scrubbed(feed), links, _finish_feed, {})
    made.updated(max((report.event.at for report in reports), default=publication.created))
    for report in reports:
        event = report.event
        entry = made.add_entry(order="append")
        entry.id(f"{feed.id}:{text.digest(str(report.source_pk), event.kind.value, event.at.isoformat())[:16]}")
        entry.title(_TITLES[event.kind](report))
        entry.updated(event.at)
        entry.published(event.at)
        entry.category({"term": event.kind.value})
        entry.content(_content(report), type="html")
        entry.register_extension("aggregator", lambda: generator.Extension(declare_markup, {}))
        if address := safe.web(report.feed):
            entry.link(href=address, rel="alternate")
    return Document(path=PATH, body=bytes(made.atom_str()) + b"\n")


def _finish_feed(feed: Element) -> None:
    feed.set(LANGUAGE, "en")  # whatever language the site is in, these words are English
    generator.break_lines(feed)


def _content(report: HealthReport) -> str:
    event = report.event
    parts = [_paragraph(f"{_facts(event)} Source {event.source_id}, {report.feed}".strip())]
    parts.append(_paragraph(_ADVICE[event.kind](report)))
    if event.kind in _MOVES:
        _, address = _move(event)
        parts.append(f"<pre>-  url: {html.escape(report.feed)}\n+  url: {html.escape(address)}</pre>")
    return "\n".join(parts)


def _change(event: HealthEvent) -> str:
    place, _ = _move(event)
    return f"The new address is asked already. Change {place or 'its line in feeds.yaml'}:"


def _move(event: HealthEvent) -> tuple[str, str]:
    place, _, address = event.detail.rpartition(" ")
    return place, address


def _facts(event: HealthEvent) -> str:
    if event.kind in (HealthKind.FAILING, HealthKind.LASTING, HealthKind.GONE):
        since = f"It answered last on {event.since:%Y-%m-%d at %H:%M} UTC" if event.since else "It has never answered"
        return f"{since}: {event.detail}."
    return event.detail if event.kind is HealthKind.HELD else ""


def _paragraph(words: str) -> str:
    return f"<p>{html.escape(words, quote=False)}</p>"
