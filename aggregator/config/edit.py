"""Edits of feeds.yaml that keep every other byte: comments, order, quotes, line ends."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from aggregator.config.reader import compose
from aggregator.errors import ConfigError
from aggregator.models import Subscription

# YAML 1.2, section 7.3.3: what may stand unquoted in a block mapping without a second thought.
_PLAIN = re.compile(r"[A-Za-z0-9\u00a1-\u1fff\u2c00-\ud7ff\uf900-\ufdcf][\w\u00a1-\u1fff\u2c00-\ud7ff ./+-]*")
_SPECIAL = re.compile(r"(?i)(?:null|true|false|yes|no|on|off|~|[-+.0-9_xo]+)")


def append_feed(text: str, url: str, *, category: str | None, title: str | None) -> str:
    """Return ``text``, a feeds.yaml, with one more feed at the end of its list.

    ``category`` is a path with slashes.  Raises ConfigError when ``url`` stands there already.
    """
    path = tuple(part.strip() for part in category.split("/")) if category else ()
    if url in _urls(text):
        raise ConfigError(f"{url} stands in feeds.yaml already")
    return append_feeds(text, [Subscription(title=title or "", feed=url, url=None, category=path)])


def append_feeds(text: str, feeds: Sequence[Subscription]) -> str:
    """Return ``text`` with ``feeds`` at the end of its list; titles that are empty are left out."""
    if not feeds:
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    root = _composed(text)
    pair = next(((key, value) for key, value in root.value if key.value == "feeds"), None) if root else None
    if pair is None:
        return _ended(text, newline) + newline.join(["feeds:", *_items(feeds, "  "), ""])
    _, listed = pair
    if isinstance(listed, SequenceNode) and listed.flow_style and listed.value:
        return _into_flow(text, listed, feeds)
    if isinstance(listed, SequenceNode) and listed.value:
        return _behind(text, listed.value[-1], " " * listed.start_mark.column, feeds, newline)
    # `feeds:` or `feeds: []`: the list starts below it.
    start, end = listed.start_mark.index, listed.end_mark.index
    head = text[:start].rstrip(" ") if end > start else text[:start]
    rest = text[end:]
    line, _, after = rest.partition("\n")
    return _ended(head + line.rstrip("\r"), newline) + newline.join([*_items(feeds, "  "), ""]) + after


def _behind(text: str, last: Node, indent: str, feeds: Sequence[Subscription], newline: str) -> str:
    # A block's end mark lies behind the comments that follow it; its last scalar's does not.
    end = _last_scalar(last).end_mark.index
    line_end = text.find("\n", end)
    cut = len(text) if line_end < 0 else line_end + 1
    return _ended(text[:cut], newline) + newline.join([*_items(feeds, indent), ""]) + text[cut:]


def _into_flow(text: str, listed: SequenceNode, feeds: Sequence[Subscription]) -> str:
    close = listed.end_mark.index - 1
    head = text[:close].rstrip()
    made = ", ".join(f"{{{', '.join(f'{k}: {v}' for k, v in _fields(feed, flow=True))}}}" for feed in feeds)
    return f"{head}{' ' if head.endswith(',') else ', '}{made}{text[close:]}"


def _items(feeds: Sequence[Subscription], indent: str) -> list[str]:
    lines: list[str] = []
    for feed in feeds:
        first, *rest = (f"{key}: {value}" for key, value in _fields(feed, flow=False))
        lines += [f"{indent}- {first}", *(f"{indent}  {line}" for line in rest)]
    return lines


def _fields(feed: Subscription, *, flow: bool) -> list[tuple[str, str]]:
    fields = [("url", _quoted(feed.feed) if flow or not _is_plain_url(feed.feed) else feed.feed)]
    if feed.category and any("/" in name for name in feed.category):
        fields.append(("category", f"[{', '.join(map(_quoted, feed.category))}]"))
    elif feed.category:
        fields.append(("category", _scalar("/".join(feed.category))))
    if feed.title:
        fields.append(("title", _scalar(feed.title)))
    return fields


def _is_plain_url(url: str) -> bool:
    return re.fullmatch(r"[A-Za-z][\w.+-]*://[\w./?=&%+~@:;,!$()*-]*[\w/=&%+~-]", url, re.ASCII) is not None


def _scalar(value: str) -> str:
    plain = _PLAIN.fullmatch(value) and not _SPECIAL.fullmatch(value) and not value.endswith(" ")
    return value if plain else _quoted(value)


def _quoted(value: str) -> str:
    escaped = json.dumps(value, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff\ufff0-\uffff\ud800-\udfff]", lambda c: f"\\u{ord(c[0]):04x}", escaped)


def _ended(text: str, newline: str) -> str:
    return text if not text or text.endswith("\n") else text + newline


def _last_scalar(node: Node) -> Node:
    while isinstance(node, MappingNode | SequenceNode) and node.value and not node.flow_style:
        node = node.value[-1][1] if isinstance(node, MappingNode) else node.value[-1]
    return node


def _composed(text: str) -> MappingNode | None:
    try:
        node = compose(text)
    except YAMLError as exc:
        raise ConfigError(f"feeds.yaml cannot be read: {exc}") from exc
    return node if isinstance(node, MappingNode) else None


def _urls(text: str) -> set[str]:
    root = _composed(text)
    lists = [value for key, value in root.value if key.value == "feeds"] if root else []
    feeds = [feed for listed in lists if isinstance(listed, SequenceNode) for feed in listed.value]
    pairs = (pair for feed in feeds if isinstance(feed, MappingNode) for pair in feed.value)
    return {str(value.value) for key, value in pairs if key.value == "url"}
