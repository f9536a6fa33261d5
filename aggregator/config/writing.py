"""Values as YAML: plain where that is safe, else as JSON strings, which every reader of YAML understands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.text import quoted

# Much narrower than YAML 1.2, section 7.3.3: what stands for itself for every reader, in brackets too.
_WORDS = re.compile(r"[^\W_](?:[\w /().+-]*[\w)+/-])?")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._~/?&=%+@:;$!*()-]*[A-Za-z0-9_~/&=%+-]")
# What other readers take for nothing, a truth, a number or a date.
_OTHER = re.compile(r"(?i:null|true|false|yes|no|on|off|y|n|inf|nan)|[-+.\d_exo/ ]+")


def scalar(value: str) -> str:
    """Return ``value`` plain when that is safe, else in double quotes."""
    plain = _ADDRESS.fullmatch(value) or (_WORDS.fullmatch(value) and not _OTHER.fullmatch(value))
    return value if plain else quoted(value)


def block_item(record: Mapping[str, str | bool | Sequence[str]], indent: str, gap: str) -> list[str]:
    """Return the lines of ``record`` as an item of a list: ``gap`` stands between its dash and its first key."""
    lines = [f"{key}: {_value(value)}" for key, value in record.items()]
    inner = " " * (1 + len(gap))
    return [f"{indent}-{gap}{lines[0]}", *(f"{indent}{inner}{line}" for line in lines[1:])]


def flow_item(record: Mapping[str, Any]) -> str:
    """Return ``record`` in braces; it is JSON, as the file around it may be."""
    return f"{{{', '.join(f'{quoted(key)}: {_json(value)}' for key, value in record.items())}}}"


def truth(value: bool) -> str:
    """Return ``value`` as YAML and JSON both write it."""
    return "true" if value else "false"


def _value(value: str | bool | Sequence[str]) -> str:
    return scalar(value) if isinstance(value, str) else _json(value)


def _json(value: str | bool | Sequence[str]) -> str:
    if isinstance(value, bool):
        return truth(value)
    return quoted(value) if isinstance(value, str) else f"[{', '.join(map(quoted, value))}]"
