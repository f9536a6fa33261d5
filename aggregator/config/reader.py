"""YAML → values with their places: what a mistake is told with.

Scalars stay text; the settings' types give them their meaning, so that ``id: 0123`` is no number and
``slug: on`` no truth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Path = tuple[str | int, ...]
Place = tuple[int, int]

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
#: Aliases may stand for the same part many times over; a file that unfolds to more than this is an attack.
_MOST_NODES = 2_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake and the place in the file where it stands; lines and columns count from 1."""

    place: Place
    message: str


@dataclass(slots=True)
class Reading:
    """What a file says: its value, the place of each part by path, and the mistakes met on the way."""

    value: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def read(text: str, environ: Mapping[str, str]) -> Reading:
    """Return what the YAML in ``text`` says, with ``${NAME}`` filled in from ``environ`` in urls and headers."""
    reading = Reading()
    try:
        node = compose(text)
    except MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reading.findings.append(Finding(place, _syntax(exc)))
        return reading
    except (YAMLError, ValueError) as exc:
        reading.findings.append(Finding((1, 1), f"this is no YAML: {exc}"))
        return reading
    if node is not None:
        reading.value = _Converter(reading, environ).value(node, ())
    return reading


def compose(text: str) -> Node | None:
    """Return the tree of nodes, with their marks, of the YAML in ``text``; raises YAMLError.

    The parser in C is five times as fast, but knows YAML 1.1 only, in which ``{url: https://example.org}`` is wrong.
    """
    try:
        node: Node | None = YAML(typ="safe").compose(text)
    except MarkedYAMLError:
        node = YAML(typ="safe", pure=True).compose(text)
    return node


class _Converter:
    def __init__(self, reading: Reading, environ: Mapping[str, str]) -> None:
        self._reading = reading
        self._environ = environ
        self._left = _MOST_NODES

    def value(self, node: Node, path: Path) -> Any:
        self._left -= 1
        self._reading.places[path] = _place(node)
        if self._left < 0:
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, path) if isinstance(node, ScalarNode) else None

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, child in node.value:
            name = key.value if isinstance(key, ScalarNode) else str(key.tag)
            if name == "<<":
                for part in child.value if isinstance(child, SequenceNode) else (child,):
                    value = self.value(part, path)
                    merged = {**value, **merged} if isinstance(value, dict) else merged
                continue
            self._reading.keys[(*path, name)] = _place(key)
            if name in found:
                self._say(key, f"the key {name!r} stands here a second time; leave one of them out")
                continue
            found[name] = self.value(child, (*path, name))
        self._reading.places[path] = _place(node)
        return {**merged, **found}

    def _scalar(self, node: ScalarNode, path: Path) -> str | None:
        written = str(node.value)
        if not node.style and written in _NULLS:
            return None
        if "${" in written and ("headers" in path or path[-1:] == ("url",) or path == ("database",)):
            return _VARIABLE.sub(lambda found: self._variable(node, found[1]), written)
        return written

    def _variable(self, node: Node, name: str) -> str:
        if name not in self._environ:
            self._say(node, f"the environment has no variable {name}; set it where the program runs")
        return self._environ.get(name, "")

    def _say(self, node: Node, message: str) -> None:
        self._reading.findings.append(Finding(_place(node), message))


def _place(node: Node) -> Place:
    mark = node.start_mark
    return (mark.line + 1, mark.column + 1)


def _syntax(exc: MarkedYAMLError) -> str:
    problem = str(exc.problem or exc.context or "this cannot be read")
    if "\\t" in problem or "tab" in problem:
        return "YAML is not indented with tabs; use blanks"
    return f"this is no YAML: {problem}; look at quotes, brackets and indentation here and in the line above"
