"""Edits of feeds.yaml: what is not edited stays byte for byte, comments, order, quotes and line ends.

The file is not written anew: nodes tell where its parts stand, and text is put in or exchanged there.  The
result is read again; it must say what the file said before, and the edit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from aggregator import urls
from aggregator.config import composer, values
from aggregator.config.nodes import Node, Tree
from aggregator.config.writing import block_item, flow_item, scalar, truth
from aggregator.errors import ConfigError
from aggregator.models import Subscription
from aggregator.text import quoted

#: An indent → the lines that stand below a key.
_Make = Callable[[str], list[str]]

_BREAK = re.compile(r"\r\n|\n|\r")
_DASH = re.compile(r"^( *)-(?=\s)", re.MULTILINE)
_COMMENT = re.compile(r"( *)#[^\r\n]*(?:\r\n|\n|\r|$)")
_DOCUMENT_END = re.compile(r"^\.\.\.(?=\s|$)", re.MULTILINE)


def append_feed(text: str, url: str, *, category: str | None) -> str:
    """Return ``text``, a feeds.yaml, with one more feed at the end of its list.

    ``category`` is a path with slashes.  Raises ConfigError when a feed with this ``url`` is there already, or
    when ``text`` is no YAML, or is written in a way that cannot be edited.
    """
    try:
        path = values.category(category) if category else ()
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc
    return append_feeds(text, [Subscription(title="", feed=url, url=None, category=path)])


def append_feeds(text: str, feeds: Sequence[Subscription]) -> str:
    """Return ``text`` with ``feeds`` at the end of its list, in their order; see ``append_feed``.

    A title that is empty is left out; those that are not enabled say so.
    """
    tree = _read(text)
    _check_new([feed.feed for feed in feeds], tree)
    if not feeds:
        return text
    records = [_record(feed) for feed in feeds]
    expected = {**(tree.value or {}), "feeds": [*_feeds(tree), *map(_as_read, records)]}
    return _checked(text, _appended(tree, records), expected)


def add_slugs(text: str, slugs: Mapping[str, str]) -> str:
    """Return ``text``, a feeds.yaml, with ``slugs`` of categories of which it says nothing so far: name → slug.

    Raises ConfigError as ``append_feed`` does.
    """
    tree = _read(text)
    known = (tree.value or {}).get("categories") or {}
    if not slugs:
        return text
    if not isinstance(known, dict):
        raise ConfigError("feeds.yaml must hold keys with values under 'categories'; ask 'aggregator check'")
    made = {name: {"slug": slug} for name, slug in slugs.items()}
    return _checked(text, _with_categories(tree, made), {**(tree.value or {}), "categories": {**known, **made}})


def _read(text: str) -> Tree:
    tree = composer.read(text.removeprefix("\ufeff"))
    if tree.mistakes:
        offset, message = tree.mistakes[0]
        line, column = tree.place(offset)
        raise ConfigError(f"feeds.yaml:{line}:{column}: {message}")
    if not isinstance(tree.value, dict | None) or not isinstance((tree.value or {}).get("feeds"), list | None):
        raise ConfigError("feeds.yaml must hold keys with values, and under 'feeds' a list; ask 'aggregator check'")
    return tree


def _feeds(tree: Tree) -> list[Any]:
    return list((tree.value or {}).get("feeds") or ())


def _address(feed: object) -> str:
    # Nobody is asked for a fragment: with another one it is the same feed.
    return str(feed.get("url")).partition("#")[0] if isinstance(feed, dict) else ""


def _shown(address: str) -> str:
    return urls.public(address) or "that is given"


def _check_new(addresses: Sequence[str], tree: Tree) -> None:
    known = {_address(feed) for feed in _feeds(tree)}
    for address in addresses:
        asked = address.partition("#")[0]
        if asked in known:
            raise ConfigError(f"a feed with the address {_shown(address)} is in feeds.yaml already")
        if "${" in address:  # an address that came from outside must not read the environment
            raise ConfigError(
                "an address with '${' reads a variable; if that is meant, write it into feeds.yaml by hand"
            )
        known.add(asked)


def _record(feed: Subscription) -> dict[str, Any]:
    record: dict[str, Any] = {"url": feed.feed}
    if feed.category:
        listed = any("/" in name for name in feed.category)
        record["category"] = list(feed.category) if listed else "/".join(feed.category)
    if feed.title.strip():
        record["title"] = feed.title
    return record if feed.enabled else record | {"enabled": False}


def _as_read(record: Mapping[str, Any]) -> dict[str, Any]:
    # All plain values of the file are read as text.
    return {key: truth(value) if isinstance(value, bool) else value for key, value in record.items()}


def _appended(tree: Tree, records: Sequence[Mapping[str, Any]]) -> str:
    root = tree.root
    found = root.entry("feeds") if root and root.value is not None else None
    if root and found is None and root.style:
        return _into_brackets(tree.text, root, f'"feeds": [{", ".join(map(flow_item, records))}]')
    if found is None:
        return _new_key(tree, "feeds", partial(_lines, records))
    key, listed = found
    if listed.children and not listed.style:
        return _behind(tree.text, listed.children[-1], records)
    if listed.children or (root and root.style) or tree.text[listed.start : listed.end].strip("[] ~nulNUL"):
        return _into_brackets(tree.text, listed, ", ".join(map(flow_item, records)))
    return _below(tree.text, key, listed, partial(_lines, records))


def _with_categories(tree: Tree, made: Mapping[str, Mapping[str, str]]) -> str:
    root = tree.root
    found = root.entry("categories") if root and root.value is not None else None
    flow = ", ".join(f"{quoted(name)}: {flow_item(each)}" for name, each in made.items())
    if root and found is None and root.style:
        return _into_brackets(tree.text, root, f'"categories": {{{flow}}}')
    make = partial(_category_lines, made)
    if found is None:
        return _new_key(tree, "categories", make)
    key, listed = found
    if listed.style:
        return _into_brackets(tree.text, listed, flow)
    if not listed.children:
        return _below(tree.text, key, listed, make)
    lines = make(" " * (tree.place(listed.children[0].start)[1] - 1))
    return _inserted(tree.text, _end(tree.text, listed), lines)


def _category_lines(made: Mapping[str, Mapping[str, str]], indent: str) -> list[str]:
    return [f"{indent}{scalar(name)}: {{slug: {scalar(each['slug'])}}}" for name, each in made.items()]


def _into_brackets(text: str, node: Node, made: str) -> str:
    """Put ``made`` behind the last child of a collection in brackets, before a comma that may follow it."""
    if node.children:
        at = node.children[-1].end
        return f"{text[:at]}, {made}{text[at:]}"
    at = text.index("{" if node.kind is dict else "[", node.start) + 1
    return f"{text[:at]}{made}{text[at:]}"


def _new_key(tree: Tree, name: str, make: _Make) -> str:
    text = tree.text
    indent = " " * (tree.place(tree.root.start)[1] - 1 if tree.root and tree.root.value is not None else 0)
    ends = [found.start() for found in _DOCUMENT_END.finditer(text)]
    at = ends[-1] if ends else len(text)
    return _inserted(text, at, [f"{indent}{name}:", *make(f"{indent}  ")])


def _below(text: str, key: Node, listed: Node, make: _Make) -> str:
    """Put what ``make`` returns in place of ``[]`` or nothing behind ``key``."""
    newline = _newline(text)
    head, tail = text[: listed.start], text[listed.end :]
    found = _BREAK.search(tail)
    rest, after = (tail[: found.start()], tail[found.end() :]) if found else (tail, "")
    first = f"{head}{rest}" if rest.strip() else head.rstrip(" ")
    indent = " " * (key.start - _line_start(text, key.start) + 2)
    return first + newline + "".join(line + newline for line in make(indent)) + after


def _behind(text: str, last: Node, records: Sequence[Mapping[str, Any]]) -> str:
    """Put the records behind the item ``last``, written as it is, and behind comments that belong to it."""
    dashes = list(_DASH.finditer(text[: last.start + 1]))
    indent = dashes[-1][1] if dashes else ""
    gap = text[dashes[-1].end() : last.start] if dashes else " "
    at = _end(text, last)
    while (found := _COMMENT.match(text, at)) and len(found[1]) > len(indent) and found.end() > at:
        at = found.end()
    return _inserted(text, at, _lines(records, indent, gap if gap.strip(" ") == "" and 0 < len(gap) < 8 else " "))


def _inserted(text: str, at: int, lines: Sequence[str]) -> str:
    """Put ``lines`` at ``at``, where a line begins or the text ends."""
    newline, before = _newline(text), text[:at]
    ended = before if not before or before.endswith(("\n", "\r")) else before + newline
    return ended + "".join(line + newline for line in lines) + text[at:]


def _end(text: str, node: Node) -> int:
    """Return where the line behind ``node`` begins.  A block's own end mark is further down, at what follows it."""
    while node.children and not node.style:
        node = node.children[-1]
    if node.style in ("|", ">"):
        return node.end
    found = _BREAK.search(text, node.end)
    return found.end() if found else len(text)


def _lines(records: Sequence[Mapping[str, Any]], indent: str, gap: str = " ") -> list[str]:
    return [line for record in records for line in block_item(record, indent, gap)]


def _newline(text: str) -> str:
    found = _BREAK.search(text)
    return found[0] if found else "\n"


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _checked(text: str, edited: str, expected: Mapping[str, Any]) -> str:
    tree = composer.read(edited)
    if tree.mistakes or tree.value != expected:
        raise ConfigError("feeds.yaml is written in a way that cannot be edited here; make the change by hand")
    return "\ufeff" + edited if text.startswith("\ufeff") else edited
