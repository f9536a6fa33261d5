"""The people of a feed or an entry, as feedparser adds them up while their elements come in.

To feedparser the last part of a domain has four letters at most: it takes "ple (Ann" out of "ann@x.example (Ann)".
"""

from __future__ import annotations

import re
from typing import Any

Data = dict[str, Any]

# Only where a run of such characters begins: from within it the same would be found, or again nothing.  Behind an "@"
# it is the name of an account: @ann@social.example.
_EMAIL = re.compile(
    r"(?<![\w\-.+@])[\w\-.+]++@(?:\[(?:[0-9]{1,3}\.){3}[0-9]{1,3}\]|(?:[\w\-]++\.)+[\w\-]++)(?:\?subject=\S+)?"
)
#: Bear Blog says "hidden (Ann)" where its RSS has no address to give.
_HIDDEN = re.compile(r"hidden \((.+)\)", re.DOTALL)


def begin(context: Data, key: str) -> None:
    """Note that somebody comes: ``key`` is "authors" or "contributors"."""
    context.setdefault(key, []).append({})


def told(context: Data, key: str, value: str) -> None:
    """Note the name, email or href of the last author."""
    context.setdefault("authors", [{}])[-1][key] = value


def settle(context: Data) -> None:
    """Read the text of the last author, who has neither name nor address yet."""
    said, detail = context.get("author"), context["authors"][-1]
    if detail or not said:
        return
    name, email = _split(said)
    if name:
        detail["name"] = name
    if email:
        detail["email"] = email


def _split(said: str) -> tuple[str, str | None]:
    found = _EMAIL.search(said)
    if found is None:
        hidden = _HIDDEN.fullmatch(said)
        return hidden[1].strip() if hidden else said, None
    name = said
    for part in (found[0], "()", "<>", "&lt;&gt;"):
        name = name.replace(part, "")
    name = name.strip()
    if name and name[0] == "(":
        name = name[1:]
    if name and name[-1] == ")":
        name = name[:-1]
    return name.strip(), found[0]
