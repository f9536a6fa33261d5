"""What is counted for /metrics (docs/service.md has the list); each service has a registry of its own."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable
from typing import Literal

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Info, generate_latest
from prometheus_client.process_collector import ProcessCollector

from aggregator import __version__
from aggregator.pipeline.cycle import Summary
from aggregator.records import STATES

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """Counts what the service does."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Info("aggregator", "The program", registry=registry).info({"version": __version__})
        self._cycles = Counter("aggregator_cycles", "Cycles by how they ended", ["result"], registry=registry)
        self._last = Gauge(
            "aggregator_last_cycle_timestamp_seconds", "When the last whole cycle began", registry=registry
        )
        self._pulls = Counter("aggregator_pulls", "Pulls by what came of them", ["result"], registry=registry)
        self._posts = Counter("aggregator_posts", "Posts by what happened to them", ["kind"], registry=registry)
        self._files = Counter("aggregator_files", "Output files by what was done", ["action"], registry=registry)
        self._stages = Counter("aggregator_stage_seconds", "Seconds spent in each stage", ["stage"], registry=registry)
        self._sources = Gauge("aggregator_sources", "Sources by how they stand", ["state"], registry=registry)
        self._requests = Counter(
            "aggregator_http_requests", "Requests by route and status", ["route", "status"], registry=registry
        )

    def cycle(self, result: Literal["done", "locked", "failed"]) -> None:
        """Count a cycle."""
        self._cycles.labels(result).inc()

    def summary(self, done: Summary) -> None:
        """Add what came of a cycle."""
        self._last.set(done.at.timestamp())
        pulls = {"ok": done.ok, "not_modified": done.not_modified, "failed": len(done.failures)}
        posts = {"new": done.new, "updated": done.updated, "duplicate": done.duplicate, "held": done.held}
        files = {"written": done.written, "removed": done.removed}
        for counter, counts in ((self._pulls, pulls), (self._posts, posts), (self._files, files)):
            for label, count in counts.items():
                counter.labels(label).inc(count)
        for stage, seconds in done.seconds.items():
            self._stages.labels(stage).inc(seconds)

    def request(self, route: str, status: int) -> None:
        """Count a request."""
        self._requests.labels(route, str(status)).inc()

    def sources(self, states: Iterable[str] | None) -> None:
        """Set how many sources stand how; with None that is not known."""
        self._sources.clear()
        if states is not None:
            counts = Tally(states)
            for state in STATES:
                self._sources.labels(state).set(counts[state])

    def exposition(self) -> bytes:
        """Return all counts in Prometheus's text format."""
        return generate_latest(self._registry)
