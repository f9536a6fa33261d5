"""HTML pages of our own, in the look of the published ones."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from aggregator import PROJECT_URL, __version__


def render(template: str, **values: Any) -> str:
    """Return ``template`` of this package filled with ``values``."""
    program = {"name": "aggregator", "version": __version__, "url": PROJECT_URL}
    return _environment().get_template(template).render(values, style=_style(), program=program)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("aggregator.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _style() -> str:
    published = files("aggregator.publish") / "templates" / "style.css"
    own = files("aggregator.web") / "templates" / "own.css"
    return published.read_text("utf-8") + own.read_text("utf-8")
