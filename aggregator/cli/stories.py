"""How the editor's business looks: what is held, and the story of a post."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import typer

from aggregator import text
from aggregator.cli.common import console, print_json
from aggregator.cli.show import plain
from aggregator.reasons import SENTENCES
from aggregator.records import Decision
from aggregator.telling import Held, Story, Told, entry_name, in_words
from aggregator.times import rfc3339

if TYPE_CHECKING:
    from aggregator.pipeline.target import Changes

#: Entries shown of each source and reason.
_SHOWN = 5


def held(found: Sequence[Held]) -> None:
    """Print what waits for the editor, by source and reason, and what to do."""
    out = console()
    for (source_id, code), group in groupby(found, key=lambda each: (each.source_id, each.code)):
        entries = list(group)
        detail = f" ({plain(entries[0].detail)})" if entries[0].detail else ""
        out.print(f"[bold]{plain(source_id)}[/bold]: {len(entries)} since {entries[0].since:%Y-%m-%d %H:%M}")
        out.print(f"  {SENTENCES[code]}{detail}")
        for each in entries[:_SHOWN]:
            out.print(f"  {each.name}  {plain(each.title)}  [dim]{plain(each.link or '')}[/dim]")
        if len(entries) > _SHOWN:
            out.print(f"  … and {len(entries) - _SHOWN} more; --json shows all")
    if found:
        out.print("Let them in:     aggregator release WHAT\nTurn them away:  aggregator reject WHAT")
        out.print("WHAT: a number such as those above, a source, or all")
    else:
        out.print("nothing is held")


def held_json(each: Held) -> dict[str, Any]:
    """Return an entry that waits for scripts."""
    return {
        "entry": each.name,
        "source": each.source_id,
        "title": each.title,
        "link": each.link,
        "reason": each.code.value,
        "why": SENTENCES[each.code],
        "detail": each.detail,
        "since": rfc3339(each.since),
        "until": each.until and rfc3339(each.until),
        "release": f"aggregator release {each.name}",
        "reject": f"aggregator reject {each.name}",
    }


def tell(found: Sequence[Story]) -> None:
    """Print the stories of posts."""
    out = console()
    for each in found:
        out.print(f"[bold]{plain(each.id or 'in no post')}[/bold]" + (f"  {plain(each.file)}" if each.file else ""))
        if each.gone:
            at, code = each.gone
            out.print(f"  taken out {at:%Y-%m-%d %H:%M}: {code.value}")
        for entry in each.entries:
            for line in _entry(entry):
                out.print(f"  {line}")
        for decision in each.decisions:
            out.print(f"  {_decided(decision)}")


def _entry(entry: Told) -> Iterator[str]:
    standing = entry.verdict or ("shown" if entry.primary else "also in")
    yield f"[cyan]{entry.name}[/cyan] {plain(entry.source_id)} ({standing})  {plain(entry.title)}"
    if entry.first_seen and entry.published:
        seen = f"first seen {entry.first_seen:%Y-%m-%d %H:%M}, published {entry.published:%Y-%m-%d %H:%M}"
        yield f"  {seen}  {plain(entry.link or '')}"
    for name in entry.names:
        since = f"{name.since:%Y-%m-%d %H:%M}" if name.since else "before"
        yield f"  [dim]{since}[/dim]  known by its {plain(name.kind)}  {plain(name.said or '')}"
    for edit in entry.edits:
        titles = f": {edit.title_before} → {edit.title_after}" if edit.title_before != edit.title_after else ""
        yield f"  [dim]{edit.at:%Y-%m-%d %H:%M}[/dim]  changed{plain(titles)}"


def _decided(decision: Decision) -> str:
    about = f" {entry_name(decision.copy_pk)}" if decision.copy_pk else ""
    return f"[dim]{decision.at:%Y-%m-%d %H:%M}[/dim] {decision.code.value}{about}: {plain(in_words(decision))}"


def story_json(each: Story) -> dict[str, Any]:
    """Return the story of a post for scripts."""
    return {
        "id": each.id,
        "file": each.file,
        "gone": each.gone and {"at": rfc3339(each.gone[0]), "reason": each.gone[1].value},
        "entries": [_entry_json(entry) for entry in each.entries],
        "decisions": [
            {
                "at": rfc3339(decision.at),
                "reason": decision.code.value,
                "why": SENTENCES[decision.code],
                "entry": decision.copy_pk and entry_name(decision.copy_pk),
                "detail": dict(decision.detail),
            }
            for decision in each.decisions
        ],
    }


def _entry_json(entry: Told) -> dict[str, Any]:
    return {
        "entry": entry.name,
        "source": entry.source_id,
        "title": entry.title,
        "link": entry.link,
        "first_seen": entry.first_seen and rfc3339(entry.first_seen),
        "published": entry.published and rfc3339(entry.published),
        "verdict": entry.verdict,
        "primary": entry.primary,
        "names": [
            {"kind": name.kind, "said": name.said, "since": name.since and rfc3339(name.since)} for name in entry.names
        ],
        "changes": [
            {"at": rfc3339(edit.at), "title_before": edit.title_before, "title_after": edit.title_after}
            for edit in entry.edits
        ],
    }


def done(words: str, changes: Changes, *, json: bool, **figures: Any) -> None:
    """Print what a decision came to and how many files changed; for scripts ``figures``, and the files."""
    if json:
        print_json({**figures, "written": changes.written, "removed": changes.removed})
    else:
        typer.echo(f"{words}; {files(changes)}")


def files(changes: Changes) -> str:
    """Return in words how many files changed."""
    return f"{text.counted(len(changes.written), 'file')} written, {len(changes.removed)} removed"
