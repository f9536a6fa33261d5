"""expat's events → elements within elements: texts and the frames around them.  What they mean is in ``hearing``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from xml.parsers import expat

from msgspec import Struct

from aggregator.parse.heard import BUFFER, DEEPEST, LONGEST_BASE, MOST_ATTRIBUTES, WITHOUT_END
from aggregator.parse.lane import words
from aggregator.parse.lane.aside import Aside
from aggregator.parse.lane.heeded import HEEDED
from aggregator.parse.lane.names import Names

Attributes = dict[str, str]
#: What to do when an element begins, by the name of the element.
Table = Mapping[str, Callable[[Any, Attributes], None]]
_WITHOUT_CASE = frozenset({"rel", "type"})
_SCOPING = frozenset({"xml:lang", "lang", "xml:base", "base"})


class Frame(Struct):
    """An element that holds others: what it may hold, and what to do at its end.

    ``said`` gathers its own text where that counts.  An ``exclusive`` one may hold nothing else.
    """

    table: Table
    depth: int
    end: Callable[[str], None] | None = None
    said: list[str] | None = None
    exclusive: bool = False


class Machine:
    """Reads one document; raises Aside, or expat's error where it is not well-formed.

    A *text* is an element whose characters count, or that is passed over: what stands within it is handed to
    ``_within``, and at its end what it said to ``_end_text``.
    """

    def __init__(self, base: str, root: Table) -> None:
        self.names = Names()
        self.depth = 0
        self.lang: str | None = None
        self.base = self._checked(words.joined(base, base))
        self.frame = Frame(root, 0, exclusive=True)
        self._frames: list[Frame] = []
        self._scopes: list[tuple[int, str | None, str]] = []
        self._pieces: list[str] = []
        self._text_depth = 0
        self._is_markup = False
        self._xhtml: dict[str, str] = {}
        self._within: Callable[[str, list[str]], None] | None = None
        self._end_text: Callable[[str], None] = _nothing
        self._expat = machine = expat.ParserCreate(namespace_separator=" ")
        machine.buffer_text = True
        machine.buffer_size = BUFFER
        machine.ordered_attributes = True
        machine.StartNamespaceDeclHandler = self.names.declare
        machine.StartElementHandler = self._start
        machine.EndElementHandler = self._end
        machine.StartDoctypeDeclHandler = _refuse

    def read(self, document: str) -> None:
        """Read ``document`` from its first character to its last."""
        try:
            self._expat.Parse(document, True)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        # What calls back holds us as we hold it: the memory of a document would wait until garbage is searched for.
        del self._expat
        self._frames.clear()
        self.frame = Frame({}, 0)
        self._within, self._end_text = None, _nothing

    def text(self, end: Callable[[str], None]) -> None:
        """Gather what the element says, which may hold no others, and give it to ``end`` without blanks around it."""
        pieces: list[str] = []
        self._pieces = pieces
        self._text_depth, self._end_text, self._within, self._is_markup = self.depth, end, _refuse, False
        self._expat.CharacterDataHandler = pieces.append

    def markup(self, end: Callable[[str], None]) -> None:
        """Gather what the element says and the tags of what it holds, which must be XHTML."""
        self.text(end)
        pieces, self._within, self._is_markup = self._pieces, self._start_tag, True
        self._expat.CharacterDataHandler = lambda said: pieces.append(words.escaped(said))

    def drop(self) -> None:
        """Let the element be, which may hold no others."""
        self.text(_nothing)

    def pass_over(self, *, loose: bool = True) -> None:
        """Let the element be, and those that it holds, of which feedparser must not take note either.

        Of a ``loose`` one feedparser takes the text for that of the element around it.
        """
        self._pieces = []
        self._text_depth, self._end_text, self._within, self._is_markup = self.depth, _nothing, self._ignored, False
        if self.frame.said is not None:
            self._expat.CharacterDataHandler = _refuse if loose else None

    def hold(
        self, table: Table, end: Callable[[str], None] | None = None, *, says: bool = False, exclusive: bool = False
    ) -> None:
        """Go on with the elements that this one holds; ``says``: its own text counts, too, and is given to ``end``."""
        if self.depth > DEEPEST:
            raise Aside
        self._frames.append(self.frame)
        own: list[str] | None = [] if says else None
        self.frame = Frame(table, self.depth, end, own, exclusive)
        self._expat.CharacterDataHandler = None if own is None else own.append

    def _start(self, name: str, attributes: list[str]) -> None:
        self.depth += 1
        if self._within is not None:
            self._within(name, attributes)
            return
        names = self.names
        called = names.known.get(name) or names.element(name)
        said = self._attributes(attributes) if attributes else {}
        begin = self.frame.table.get(called)
        if begin is None:
            if self.frame.exclusive:
                raise Aside
            _refuse_heeded(called)
            self.pass_over(loose=bool(said))
        else:
            begin(self, said)

    def _end(self, name: str) -> None:
        if self._within is not None:
            if self.depth == self._text_depth:
                self._within = None
                said, pieces = self.frame.said, self._pieces
                self._expat.CharacterDataHandler = None if said is None else said.append
                self._end_text((pieces[0] if len(pieces) == 1 else "".join(pieces)).strip())
            elif self._is_markup and (tag := self._xhtml[name]) not in WITHOUT_END:
                self._pieces.append(f"</{tag}>")
        elif self.frame.depth == self.depth:
            self._end_frame()
        if self._scopes and self._scopes[-1][0] == self.depth:
            _, self.lang, self.base = self._scopes.pop()
        self.depth -= 1

    def _end_frame(self) -> None:
        frame, self.frame = self.frame, self._frames.pop()
        outer = self.frame.said
        self._expat.CharacterDataHandler = None if outer is None else outer.append
        if frame.end is not None:
            frame.end("".join(frame.said or ()).strip())

    def _attributes(self, listed: list[str]) -> Attributes:
        if len(listed) > 2 * MOST_ATTRIBUTES:
            raise Aside
        said = self._named(listed)
        if not _SCOPING.isdisjoint(said):
            self._scope(said)
        return said

    def _named(self, listed: list[str]) -> Attributes:
        called = self.names.attributes
        said = {called[name]: value for name, value in zip(listed[::2], listed[1::2], strict=True)}
        for name in _WITHOUT_CASE:
            if name in said:
                said[name] = said[name].lower()
        return said

    def _scope(self, said: Attributes) -> None:
        self._scopes.append((self.depth, self.lang, self.base))
        lang = said.get("xml:lang", said.get("lang"))
        self.lang = self.lang if lang is None else lang or None
        base = said.get("xml:base", said.get("base"))
        self.base = self._checked(words.joined(self.base, base)) if base else self.base

    @staticmethod
    def _checked(base: str) -> str:
        # feedparser joins the base to itself again and again, and knows more schemes.
        plain = base.startswith(("http://", "https://")) and words.joined(base, base) == base
        if not plain or len(base) > LONGEST_BASE:
            raise Aside
        return base

    def _ignored(self, name: str, attributes: list[str]) -> None:
        self._demand_modest(attributes)
        _refuse_heeded(self.names.element(name))

    def _start_tag(self, name: str, attributes: list[str]) -> None:
        self._demand_modest(attributes)
        tag = self._xhtml.get(name) or self._xhtml_tag(name)
        written = [f' {name}="{words.quoted(value)}"' for name, value in self._named(attributes).items()]
        self._pieces.append(f"<{tag}{''.join(written)}{'/' if tag in WITHOUT_END else ''}>")

    def _xhtml_tag(self, name: str) -> str:
        tag = self.names.tag(name)
        if not tag.startswith("xhtml:") or tag in ("xhtml:body", "xhtml:svg", "xhtml:math"):
            raise Aside
        self._xhtml[name] = local = tag[6:]
        return local

    def _demand_modest(self, attributes: list[str]) -> None:
        if self.depth > DEEPEST or len(attributes) > 2 * MOST_ATTRIBUTES:
            raise Aside


def _nothing(said: str) -> None:
    pass


def _refuse_heeded(called: str) -> None:
    if called in HEEDED:
        raise Aside


def _refuse(*heard: object) -> None:
    raise Aside
