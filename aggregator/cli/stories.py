"""How the editor's business looks: what is held."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from aggregator.cli.common import console
from aggregator.cli.show import plain
from aggregator.frontmatter import rfc3339
from aggregator.reasons import SENTENCES
from aggregator.records import Held

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


def files(changes: Changes) -> str:
    """Return in words how many files changed."""
    return f"{len(changes.written)} files written, {len(changes.removed)} removed"
