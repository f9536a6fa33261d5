"""The values of a YAML file with the places where they stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

#: The way to a value: keys of mappings and indexes of lists.
Way = tuple[str | int, ...]
#: Line and column, from 1.
Place = tuple[int, int]


class Node(Struct, eq=False):
    """A value and where it stands: the text from ``start`` to ``end`` is its own.

    ``kind`` is str, list or dict; texts that are nothing (``~``) have the value None.  ``style`` is the quote of
    a text, the bracket of a collection or the ``*`` of an alias, "" when it has none.  ``children`` are the
    items of a list, or keys and values of a mapping in turn.  ``size`` is the number of values in it, aliases
    followed.
    """

    kind: type
    start: int
    end: int
    style: str = ""
    value: Any = None
    anchor: str | None = None
    children: Sequence[Node] = ()
    size: int = 1

    @property
    def merges(self) -> bool:
        """Whether it is the key ``<<``, which brings in what another mapping says."""
        return self.kind is str and self.value == "<<" and not self.style

    def pairs(self) -> list[tuple[Node, Node]]:
        """Return a mapping's keys with their values, in the order of the file."""
        return list(zip(self.children[::2], self.children[1::2], strict=True))

    def parts(self) -> Sequence[Node]:
        """Return the mappings that a value of ``<<`` stands for."""
        return self.children if self.kind is list else (self,)

    def entry(self, name: str) -> tuple[Node, Node] | None:
        """Return the key ``name`` of a mapping and its value, also one that ``<<`` brings in."""
        waiting: list[Node] = [self]
        while waiting:
            pairs = waiting.pop(0).pairs()
            for key, value in pairs:
                if key.kind is str and key.value == name:
                    return key, value
            merged = [part for key, value in pairs if key.merges for part in value.parts() if part.kind is dict]
            waiting = merged + waiting
        return None

    def step(self, part: str | int) -> tuple[Node, Node] | None:
        """Return the key (for a list, the item) and the value that ``part`` leads to, None when there is none."""
        if self.kind is dict:
            return self.entry(str(part))
        if self.kind is list and isinstance(part, int) and part < len(self.children):
            return self.children[part], self.children[part]
        return None


class Tree(Struct, dict=True, frozen=True):
    """What ``text`` says: its ``root`` (None when it says nothing), and the mistakes in how it says it, by offset."""

    text: str
    root: Node | None = None
    mistakes: tuple[tuple[int, str], ...] = ()

    @property
    def value(self) -> Any:
        """The whole file as dictionaries, lists, texts and None."""
        return self.root.value if self.root else None

    def offset(self, path: Way, *, key: bool = False) -> int:
        """Return where in the text the value at ``path`` begins, or its key.

        Where the path leads beyond what the file says, the last part of it that is there counts.
        """
        at = node = self.root
        for part in path:
            found = node.step(part) if node else None
            if found is None:
                at = node
                break
            node = found[1]
            at = found[0] if key else node
        return at.start if at else 0

    def line(self, path: Way) -> int:
        """Return the line of the value at ``path``, from 1."""
        return self.place(self.offset(path))[0]

    def place(self, offset: int) -> Place:
        """Return the line and column of ``offset``."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]
