"""YAML → nodes.

Scalars stay text and plain null is None; the settings give them their types, so that ``id: 0123`` is no number
and ``slug: on`` no truth.  Nodes are made from the parser's events, without recursion: for 1,000 feeds the
events take 18 ms and composing in C 40 ms, and a file of 100,000 brackets overflows the stack of the latter.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from aggregator.config import syntax
from aggregator.config.nodes import Node, Tree

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_DEEPEST = 50
#: Values, aliases followed: forty times what 10,000 feeds hold, and a second's work.
_MOST_VALUES = 4_000_000
# The parser in C knows YAML 1.1 and stops at {url: https://example.org/?page=1}, which is right since 1.2.
# Characters of the same width stand in for such colons and question marks while it reads.
_INNER = re.compile(r"(?<=[^\s\"'\]}]):(?=[^\s,\[\]{}\"'])|(?<=[^\s\"',\[\]{}])\?")
_STAND_INS = {":": "\ue03a", "?": "\ue03f"}
_BACK = {ord(stand_in): character for character, stand_in in _STAND_INS.items()}


def read(text: str) -> Tree:
    """Return what ``text`` says; when it is no YAML, a tree without root that says why."""
    builder = _Builder(restoring=False)
    try:
        try:
            builder.build(text)
        except MarkedYAMLError:
            if any(stand_in in text for stand_in in _STAND_INS.values()):
                raise
            builder = _Builder(restoring=True)
            builder.build(_INNER.sub(lambda found: _STAND_INS[found[0]], text))
    except MarkedYAMLError as exc:
        return Tree(text, mistakes=(syntax.explained(exc, text),))
    except ReaderError as exc:
        return Tree(text, mistakes=(syntax.unreadable(exc.position, text),))
    except UnicodeEncodeError as exc:
        return Tree(text, mistakes=((exc.start, "half of a character stands here; write it anew"),))
    except _Stop as exc:
        return Tree(text, mistakes=((exc.offset, str(exc)),))
    return Tree(text, builder.root, tuple(builder.mistakes))


class _Stop(Exception):  # noqa: N818 - no error of the program: it ends the reading
    """What follows makes no sense."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset


class _Builder:
    """Takes the events of one document and makes nodes of them."""

    def __init__(self, *, restoring: bool) -> None:
        self.root: Node | None = None
        self.mistakes: list[tuple[int, str]] = []
        self._restoring = restoring
        self._open: list[tuple[Node, list[Node]]] = []
        self._anchors: dict[str, Node] = {}

    def build(self, text: str) -> None:
        for event in YAML(typ="safe").parse(text):
            kind = type(event)
            if kind is ScalarEvent:
                self._add(self._scalar(event))
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._begin(event, dict if kind is MappingStartEvent else list)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._end(event)
            elif kind is AliasEvent:
                self._add(self._alias(event))
            elif kind is DocumentStartEvent and self.root:
                raise _Stop(event.start_mark.index, "a second document begins here; leave '---' out, one file is one")

    def _scalar(self, event: Any) -> Node:
        value: str | None = str(event.value)
        if self._restoring and value and not value.isascii():
            value = value.translate(_BACK)
        if not event.style and value in _NULLS and event.implicit[0]:
            value = None
        return self._node(event, str, event.style or "", value)

    def _begin(self, event: Any, kind: type) -> None:
        node = self._node(event, kind, "[" if event.flow_style else "")
        if len(self._open) == _DEEPEST:
            raise _Stop(node.start, f"values are nested more than {_DEEPEST} deep; no key of this file is")
        self._open.append((node, []))

    def _end(self, event: Any) -> None:
        node, children = self._open.pop()
        node.end = event.end_mark.index
        node.children = children
        node.size += sum([child.size for child in children])
        if node.size > _MOST_VALUES:
            raise _Stop(node.start, f"with its aliases this stands for more than {_MOST_VALUES:,} values")
        node.value = self._mapping(node) if node.kind is dict else [child.value for child in children]
        self._add(node)

    def _alias(self, event: Any) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        found = self._anchors.get(event.anchor)
        if found is None:
            name = event.anchor
            hint = "put quotes around text that begins with '*'"
            self._note(start, f"'*{name}' names nothing: no value further up has &{name}; {hint}")
            return Node(str, start, end, "*")
        return replace(found, start=start, end=end, style="*", anchor=None)

    def _add(self, node: Node) -> None:
        if node.anchor:
            self._anchors[node.anchor] = node
        if self._open:
            self._open[-1][1].append(node)
        else:
            self.root = node

    def _mapping(self, node: Node) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: list[Node] = []
        for key, child in node.pairs():
            if key.merges:
                merged += child.parts()
            elif key.kind is not str or key.value is None:
                self._note(key.start, "this is no key; write a word before the colon, and quotes around { } in values")
            elif key.value in found:
                self._note(key.start, f"the key {key.value!r} stands here a second time; keep one of the two")
            else:
                found[key.value] = child.value
        for part in merged:
            self._merge(found, part)
        return found

    def _merge(self, found: dict[str, Any], part: Node) -> None:
        if part.kind is not dict:
            self._note(part.start, "'<<' takes an alias of a mapping, or a list of such: <<: *common")
            return
        for name, value in part.value.items():
            found.setdefault(name, value)

    def _node(self, event: Any, kind: type, style: str, value: str | None = None) -> Node:
        start, tag = event.start_mark.index, event.tag
        if tag and str(tag) != "!" and not str(tag).startswith("tag:yaml.org,2002:"):
            self._note(start, f"the tag {str(tag)!r} means nothing here; leave it out")
        return Node(kind, start, event.end_mark.index, style, value, event.anchor)

    def _note(self, offset: int, message: str) -> None:
        self.mistakes.append((offset, message))
