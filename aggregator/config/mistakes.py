"""Validation errors → sentences for editors, each at its place in the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from aggregator.config import model
from aggregator.config.reader import Finding, Path, Place, Reading

_PARTS: Mapping[Path, type[BaseModel]] = {
    (): model.Document,
    ("site",): model.SiteSettings,
    ("output",): model.OutputSettings,
    ("fetch",): model.FetchSettings,
    ("retention",): model.RetentionSettings,
    ("defaults",): model.DefaultSettings,
    ("categories", "*"): model.CategorySettings,
    ("feeds", "*"): model.FeedSettings,
}
_FIELDS = ("title", "content", "link", "author", "tag")


def findings(errors: Sequence[ErrorDetails], reading: Reading) -> list[Finding]:
    """Return a finding for each of pydantic's ``errors``."""
    return [_finding(error, reading) for error in errors]


def place_of(path: Path, reading: Reading) -> Place:
    """Return where the value at ``path`` stands, or the nearest part around it that the file has."""
    while path and path not in reading.places:
        path = path[:-1]
    return reading.places.get(path, (1, 1))


def _finding(error: ErrorDetails, reading: Reading) -> Finding:
    kind, path = error["type"], tuple(error["loc"])
    if path[-1:] == ("[key]",):
        return Finding(reading.keys.get(path[:-1], (1, 1)), _unknown(str(path[-2]), _FIELDS))
    if kind == "extra_forbidden":
        part = _PARTS.get(tuple("*" if _free(path, i) else name for i, name in enumerate(path[:-1])))
        known = tuple(model.keys(part)) if part else ()
        return Finding(reading.keys.get(path, (1, 1)), _unknown(str(path[-1]), known))
    return Finding(place_of(path, reading), _message(kind, path, error.get("ctx", {})))


def _free(path: Path, index: int) -> bool:
    return index == 1 and path[0] in ("feeds", "categories")


def _unknown(key: str, known: Sequence[str]) -> str:
    near = get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"possible are {', '.join(known)}"
    return f"unknown key {key!r}; {hint}"


def _message(kind: str, path: Path, context: Mapping[str, Any]) -> str:
    name = repr(str(path[-1])) if path else "the file"
    if kind == "value_error":
        return str(context["error"])
    sentences = {
        "missing": f"{name} is missing here",
        "string_type": f"{name} needs a value",
        "string_too_short": f"{name} is empty",
        "int_parsing": f"{name} is no whole number",
        "int_type": f"{name} needs a whole number",
        "bool_parsing": f"{name} is neither true nor false",
        "bool_type": f"{name} is neither true nor false",
        "greater_than_equal": f"{name} is too small; at least {context.get('ge')} is possible",
        "less_than_equal": f"{name} is too large; at most {context.get('le')} is possible",
        "literal_error": f"this is not possible here; possible are {context.get('expected', '')}",
        "tuple_type": f"{name} must be a list",
        "dict_type": f"{name} must hold keys with values: {name[1:-1]}: {{key: value}}",
        "model_type": f"{name} must hold keys with values, such as those of the example in the README",
    }
    return sentences.get(kind, f"{name} cannot be used as it is written")
