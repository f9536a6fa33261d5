"""How results look: tables for people, dictionaries for scripts."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aggregator import cadence, frontmatter, text, urls
from aggregator.cli.common import console
from aggregator.models import Attribution, Post
from aggregator.records import SourceReport
from aggregator.times import rfc3339

if TYPE_CHECKING:
    from rich.progress import Progress

    from aggregator.config import Settings
    from aggregator.pipeline.cycle import Summary
    from aggregator.pipeline.discover import Found, Try
    from aggregator.pipeline.target import Changes
    from aggregator.pipeline.update import Outcome

_SHOWN_CHANGES = 20

#: Characters: more than any table is wide.
_UNSQUEEZED = 10_000


class Bar:
    """A progress bar over the sources of a cycle; it shows on a terminal only."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._task: Any = None

    def begin(self, total: int) -> None:
        """Start with ``total`` sources."""
        if self._progress is not None:
            self._task = self._progress.add_task("pulling", total=total)

    def step(self, outcome: Outcome) -> None:
        """Count one source."""
        if self._progress is not None:
            self._progress.update(self._task, advance=1, description=outcome.source_id)

    def close(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()


@contextmanager
def progress() -> Iterator[Bar]:
    """Show a bar on standard error for the block, when that is a terminal."""
    if not sys.stderr.isatty():
        yield Bar(None)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description:<30.30}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console(errors=True), transient=True) as shown:
        yield Bar(shown)


def summary(done: Summary, settings: Settings) -> None:
    """Print what came of a cycle, the failures last, where the eye rests."""
    out = console()
    for name, value in (
        ("sources", f"{done.ok} ok, {done.not_modified} not modified, {len(done.failures)} failed"),
        ("posts", f"{done.new} new, {done.updated} updated, {done.duplicate} duplicate{_kept_back(done)}"),
        ("files", f"{done.written} written, {done.removed} removed"),
        ("feeds", str(settings.output.path / "atom.xml")),
        ("posts in", str(settings.output.posts)),
    ):
        out.print(f"[bold]{name:<8}[/bold]  {plain(value)}")
    if settings.sources and not done.pulled and not done.postponed:
        out.print("nothing is due: 'aggregator sources' shows when each source is; --force asks it now")
    _left(done.left)
    if done.held:
        wait = f"{text.counted(done.held, 'new entry')} {'waits' if done.held == 1 else 'wait'}"
        out.print(f"[yellow]held[/yellow] {wait} for a look: 'aggregator held' shows why")
    for outcome in done.warnings:
        out.print(f"[yellow]warning[/yellow] {plain(outcome.source_id)}: {plain('; '.join(outcome.warnings))}")
    for reason, number in Counter(outcome.error or "" for outcome in done.postponed).items():
        out.print(f"[yellow]later[/yellow]   {number} not asked yet: {plain(reason)}")
    for outcome in done.failures:
        out.print(f"[red]failed[/red]  {plain(outcome.source_id)}: {plain(outcome.error or '')}")


def _kept_back(done: Summary) -> str:
    counts = ((done.held, "held"), (done.archived, "only archived"))
    return "".join(f", {count} {word}" for count, word in counts if count)


def summary_json(done: Summary) -> dict[str, Any]:
    """Return what came of a cycle for scripts; ``seconds`` are wall times by stage."""
    return {
        "at": rfc3339(done.at),
        "sources": {
            "pulled": done.pulled,
            "ok": done.ok,
            "not_modified": done.not_modified,
            "failed": len(done.failures),
        },
        "posts": {"new": done.new, "updated": done.updated, "duplicate": done.duplicate},
        "held": done.held,
        "archived": done.archived,
        "entries": done.entries,
        "files": {"written": done.written, "removed": done.removed},
        "left": [str(folder) for folder in done.left],
        "failures": [{"source": outcome.source_id, "error": outcome.error} for outcome in done.failures],
        "postponed": [{"source": outcome.source_id, "because": outcome.error} for outcome in done.postponed],
        "warnings": [{"source": outcome.source_id, "warnings": outcome.warnings} for outcome in done.warnings],
        "seconds": dict(done.seconds),
    }


def what_to_open(settings: Settings) -> None:
    """Print the paths of the demo's outputs."""
    out = console()
    out.print("\nOpen these:")
    out.print(f"  {settings.output.path / 'index.html'}  the page")
    out.print(f"  {settings.output.path / 'atom.xml'}  all of it, for a feed reader; each category has its own")
    out.print(f"  {settings.file.absolute()}  what made them")


def line(words: str) -> None:
    """Print one line."""
    console().print(words, markup=False)


def changes(found: Changes, *, would: bool) -> None:
    """Print which files were, or would be, written and removed."""
    out = console()
    verbs = ("would write", "would remove") if would else ("wrote", "removed")
    for verb, paths in zip(verbs, (found.written, found.removed), strict=True):
        for path in paths[:_SHOWN_CHANGES]:
            out.print(f"{verb} {plain(path)}")
        if len(paths) > _SHOWN_CHANGES:
            out.print(f"{verb} {len(paths) - _SHOWN_CHANGES} more")
    if not found.written and not found.removed:
        out.print("every output is as it should be")
    _left(found.left)


def _left(folders: Sequence[Path]) -> None:
    for folder in folders:
        console().print(f"[yellow]left[/yellow]    {plain(str(folder))} as it stands: remove it when nothing serves it")


def sources(reports: Sequence[SourceReport], now: datetime) -> None:
    """Print how each source stands."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("source", "state", "last success", "next pull"):
        table.add_column(name, no_wrap=True)
    table.add_column("entries", justify="right")
    table.add_column("a week", justify="right")
    table.add_column("category")
    table.add_column("next pull then, because")
    for report in reports:
        state = report.state
        table.add_row(
            plain(report.id),
            _coloured(report.standing),
            _ago(state.last_success, now),
            _ahead(state.next_pull, now) if report.is_asked else "never",
            str(report.entries),
            f"{report.weekly:.1f}",
            plain("/".join(report.category)),
            plain(state.because or "") if report.enabled else "",
        )
    out = console()
    # A line a source, however narrow the terminal is: rich would squeeze the last columns to a letter a line.
    out.width = _UNSQUEEZED
    out.print(table)
    for report in reports:
        advice = cadence.advice(report.state, report.place)
        if advice:
            out.print(f"[yellow]moved[/yellow]   {plain(report.id)}: {plain(advice)}")
        if report.twin:
            out.print(
                f"[yellow]same[/yellow]    {plain(report.id)}: answers from the same address as {plain(report.twin)}"
            )
        if report.state.error:
            times = f"{report.state.failures} times in a row: " if report.state.failures > 1 else ""
            out.print(f"[red]failed[/red]  {plain(report.id)}: {times}{plain(report.state.error)}")
        for warning in report.state.warnings:
            out.print(f"[yellow]warning[/yellow] {plain(report.id)}: {plain(warning)}")


def source_json(report: SourceReport) -> dict[str, Any]:
    """Return how a source stands for scripts."""
    state = report.state
    return {
        "id": report.id,
        "title": report.title,
        "feed": report.feed,
        "category": list(report.category),
        "state": report.standing,
        "last_success": state.last_success and rfc3339(state.last_success),
        "last_pull": state.last_pull and rfc3339(state.last_pull),
        "next_pull": rfc3339(state.next_pull) if report.is_asked and state.next_pull else None,
        "because": state.because if report.enabled else None,
        "failures": state.failures,
        "error": state.error,
        "moved_to": state.adopted or state.moved_to,
        "adopted": state.adopted is not None,
        "place": report.place,
        "same_as": report.twin,
        "warnings": list(state.warnings),
        "entries": report.entries,
        "posts_a_week": round(report.weekly, 2),
    }


def posts(found: Sequence[Post]) -> None:
    """Print posts, one a line and a half: date, title, source; then the link."""
    out = console()
    for post in found:
        also = f" [dim]also in {plain(', '.join(each.title for each in post.also_in))}[/dim]" if post.also_in else ""
        out.print(f"[dim]{post.published:%Y-%m-%d %H:%M}[/dim]  {plain(post.copy.title)}")
        out.print(f"                  [cyan]{plain(post.source.title)}[/cyan]{also}  {plain(post.copy.link or '')}")
    if not found:
        out.print("no posts")


def post_json(post: Post) -> dict[str, Any]:
    """Return a post for scripts."""
    return {
        "id": post.id,
        "title": post.copy.title,
        "link": post.copy.link,
        "published": rfc3339(post.published),
        "updated": rfc3339(post.updated),
        "author": frontmatter.author(post),
        "category": list(post.category),
        "tags": [tag.term for tag in post.copy.tags],
        "source": _attribution(post.source),
        "also_in": [_attribution(each) for each in post.also_in],
        "content": post.copy.content,
    }


def front_matter(found: Sequence[Post], *, total: int) -> None:
    """Print posts as the files that they would become."""
    for post in found:
        typer.echo(frontmatter.render(post))  # as it is: a console would wrap it
    typer.echo(f"{len(found)} of {text.counted(total, 'post')}")


def tries(found: Sequence[Try]) -> None:
    """Print what came of trying each source once."""
    out = console()
    for each in found:
        if each.error:
            out.print(f"[red]failed[/red]  {plain(each.source_id)}: {plain(each.error)}")
        else:
            taken = "" if each.taken is None else f", {each.taken} taken by its filters"
            out.print(f"[green]ok[/green]      {plain(each.source_id)}: {text.counted(each.entries, 'entry')}{taken}")
            for warning in each.warnings:
                out.print(f"[yellow]warning[/yellow] {plain(each.source_id)}: {plain(warning)}")


def found_json(each: Found, *, added: bool, known: bool) -> dict[str, Any]:
    """Return a feed that was found behind a page, for scripts."""
    return {
        "url": urls.public(each.url),
        "title": each.feed.info.title,
        "entries": len(each.feed.entries),
        "added": added,
        "known": known,
    }


def try_json(each: Try) -> dict[str, Any]:
    """Return what came of trying a source for scripts."""
    return {
        "source": each.source_id,
        "ok": each.error is None,
        "entries": each.entries,
        "taken": each.entries if each.taken is None else each.taken,
        "error": each.error,
        "warnings": list(each.warnings),
    }


def _attribution(source: Attribution) -> dict[str, str | None]:
    return {"title": source.title, "url": source.url, "feed": source.feed, "link": source.link, "author": source.author}


def plain(value: str) -> str:
    """Return ``value`` as it may be printed."""
    # What a feed says is text here: no markup of rich, no escape sequences for the terminal.
    from rich.markup import escape

    return escape("".join(c if c.isprintable() or c == " " else "�" for c in value))


def _coloured(state: str) -> str:
    colour = {"ok": "green", "new": "cyan", "failing": "red", "gone": "red"}.get(state, "dim")
    return f"[{colour}]{state}[/{colour}]"


def _ago(moment: datetime | None, now: datetime) -> str:
    return f"{text.span(now - moment)} ago" if moment else "never"


def _ahead(moment: datetime | None, now: datetime) -> str:
    return f"in {text.span(moment - now)}" if moment and moment > now else "now"
