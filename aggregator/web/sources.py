"""/sources: how every source stands, for whoever looks after them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from aggregator import cadence, text, urls
from aggregator.publish import theme
from aggregator.records import STATES, SourceReport
from aggregator.service import Service
from aggregator.web import page
from aggregator.web.answers import Version, answer


def handler(service: Service) -> Callable[[Request], Response]:
    """Return what answers requests for the page; it raises DatabaseError."""

    def respond(request: Request) -> Response:
        app, now = service.app, service.clock()
        body = render(app.settings.site_model.title, app.reports(now), now, app.settings.output.templates)
        version = Version(digest=text.digest_bytes(body), size=len(body), media_type="text/html; charset=utf-8")
        return answer(request.headers, version, BytesIO(body), cache="no-cache")

    return respond


def render(site: str, reports: list[SourceReport], now: datetime, templates: Path | None = None) -> bytes:
    """Return the page for the site of that title, as it is at ``now``; ``templates`` may stand in for ours."""
    rows = [_row(report, now) for report in reports]
    counts = Counter(row["state"] for row in rows)
    figures = [f"{counts[state]} {state}" for state in STATES if counts[state]]
    return page.render("health.html.j2", templates, site=site, rows=rows, figures=figures, now=theme.moment(now))


def _row(report: SourceReport, now: datetime) -> dict[str, Any]:
    state = report.state
    return {
        "id": report.id,
        "title": report.title,
        "feed": urls.absolute(report.feed),
        "site": urls.absolute(state.info.link),
        "category": " / ".join(report.category),
        "state": report.standing,
        "success": state.last_success and theme.moment(state.last_success),
        "next": theme.moment(max(state.next_pull or now, now)) if report.is_asked else None,
        "failures": state.failures,
        "error": state.error,
        "because": state.because if report.enabled else None,
        "advice": cadence.advice(state, report.place),
        "twin": report.twin,
        "warnings": state.warnings,
        "entries": report.entries,
        "weekly": f"{report.weekly:.1f}",
    }
