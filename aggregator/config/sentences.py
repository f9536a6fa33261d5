"""Errors of pydantic → sentences that say what is wrong and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from msgspec import Struct
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from aggregator.config import values
from aggregator.config.model import (
    AdmissionSettings,
    CategorySettings,
    FeedDefaults,
    FeedSettings,
    FeedsFile,
    FetchSettings,
    OutputSettings,
    RetentionSettings,
    SiteSettings,
    StoriesSettings,
)
from aggregator.config.nodes import Way


class Problem(Struct, frozen=True):
    """A mistake at the way to a value, or to its key."""

    path: Way
    message: str
    key: bool = False


_SECTIONS: Mapping[str, type[BaseModel]] = {
    "site": SiteSettings,
    "output": OutputSettings,
    "fetch": FetchSettings,
    "stories": StoriesSettings,
    "retention": RetentionSettings,
    "admission": AdmissionSettings,
    "defaults": FeedDefaults,
    "categories": CategorySettings,
    "feeds": FeedSettings,
}
#: Keys whose values may hold passwords: what stands there is not repeated.
_SECRET = frozenset({"url", "headers", "database"})

_Sentence = Callable[[Any, Mapping[str, Any]], str]

_TABLE: Mapping[str, _Sentence] = {
    "value_error": lambda value, context: str(context["error"]),
    "string_type": lambda value, context: f"one text is wanted here, not {values.shown(value)}",
    "int_parsing": lambda value, context: f"{values.shown(value)} is no whole number",
    "int_parsing_size": lambda value, context: "this number is too large",
    "int_from_float": lambda value, context: f"{values.shown(value)} is no whole number",
    "float_parsing": lambda value, context: f"{values.shown(value)} is no number; write 0.8",
    "int_type": lambda value, context: f"a whole number is wanted here, not {values.shown(value)}",
    "greater_than_equal": lambda value, context: f"{values.shown(value)} is too small; at least {context['ge']}",
    "less_than_equal": lambda value, context: f"{values.shown(value)} is too large; at most {context['le']}",
    "bool_parsing": lambda value, context: f"{values.shown(value)} is neither true nor false",
    "bool_type": lambda value, context: f"true or false is wanted here, not {values.shown(value)}",
    "path_type": lambda value, context: f"the path of a folder is wanted here, not {values.shown(value)}",
    "tuple_type": lambda value, context: _no_list(value),
    "dict_type": lambda value, context: _no_mapping(value),
    "model_type": lambda value, context: _no_mapping(value),
    "literal_error": lambda value, context: _one_of(value, context["expected"]),
}


def problems(errors: Iterable[ErrorDetails]) -> Iterator[Problem]:
    """Return a problem for each of pydantic's ``errors``."""
    return map(_problem, errors)


def _problem(error: ErrorDetails) -> Problem:
    kind, path = error["type"], error["loc"]
    if path[-1:] == ("[key]",):
        return Problem(path[:-1], _explained(error), key=True)
    if kind == "extra_forbidden":
        return Problem(path, _unknown(str(path[-1]), path[:-1]), key=True)
    if kind == "missing":
        return Problem(path[:-1], _missing(str(path[-1]), path[:-1]))
    name = next((part for part in reversed(path) if isinstance(part, str)), None)
    return Problem(path, f"{name}: {_explained(error)}" if name else _explained(error))


def _explained(error: ErrorDetails) -> str:
    value, path = error["input"], error["loc"]
    if path[:1] == ("feeds",) and len(path) == 2:
        return "a feed is written with its keys; begin it with '- url: '"
    if path == ("feeds",):
        return "a list of feeds is wanted here; begin each with '- url: '"
    if isinstance(value, str) and not _SECRET.isdisjoint(path):
        value = ...
    sentence = _TABLE.get(error["type"])
    return sentence(value, error.get("ctx", {})) if sentence else f"{values.shown(value)} is not possible here"


def _section(path: Way) -> type[BaseModel]:
    if path[-1:] == ("admission",) and path[0] in ("defaults", "feeds"):
        return AdmissionSettings
    return _SECTIONS[str(path[0])] if path else FeedsFile


def _unknown(key: str, path: Way) -> str:
    if key[:1].isspace():
        return f"this line begins with U+{ord(key[0]):04X}, which only looks like a blank; indent with blanks"
    if path == ("defaults",) and key in FeedSettings.model_fields:
        return f"unknown key {key!r}; it belongs to one feed alone, not to the defaults"
    elsewhere = [f"under {name!r}" for name, section in _SECTIONS.items() if key in section.model_fields]
    elsewhere += ["at the left edge, in no section"] if key in FeedsFile.model_fields else []
    if elsewhere:
        return f"unknown key {key!r}; it has its place {elsewhere[0]}"
    known = list(_section(path).model_fields)
    near = get_close_matches(key.lower(), known, n=1)
    if near:
        return f"unknown key {key!r}; did you mean {near[0]!r}?"
    nearest = get_close_matches(key.lower(), known, n=1, cutoff=0)
    return f"unknown key {key!r}; the nearest is {nearest[0]!r}, all are {', '.join(known)}"


def _missing(key: str, path: Way) -> str:
    examples = _section(path).model_fields[key].examples
    return f"{key!r} is missing" + (f"; write {key}: {examples[0]}" if examples else f"; add the section {key!r}")


def _no_list(value: object) -> str:
    shown = values.shown(value)
    return f"a list is wanted here, not {shown}; write [{shown[1:-1] if isinstance(value, str) else 'a, b'}]"


def _no_mapping(value: object) -> str:
    return f"keys with values are wanted here, not {values.shown(value)}; write key: value"


def _one_of(value: object, expected: str) -> str:
    known = [name.strip("'") for name in expected.replace(" or ", ", ").split(", ")]
    near = get_close_matches(str(value).lower(), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{values.shown(value)} is none of {', '.join(known)}{hint}"
