"""HTML pages of the web server's own, in the look of the published ones."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from aggregator.errors import OutputError
from aggregator.publish import theme

_TEMPLATES = Path(__file__).with_name("templates")
#: Titles of sources run as they run; all else on these pages is English.
_ENGLISH = {"language": "en", "direction": "ltr"}


def render(template: str, folder: Path | None, **values: Any) -> bytes:
    """Return ``template`` filled with ``values``: that of ``folder`` where it has one that works, else ours."""
    with suppress(OutputError):  # publishing tells what is wrong with it
        return theme.render(template, folder, _ENGLISH | values, _TEMPLATES)
    return theme.render(template, None, _ENGLISH | values, _TEMPLATES)
