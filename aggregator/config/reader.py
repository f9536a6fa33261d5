"""A file → text → nodes → values → settings, with every mistake that is met on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from aggregator.config import composer
from aggregator.config.model import FeedsFile
from aggregator.config.nodes import Tree
from aggregator.config.resolve import Context, resolve
from aggregator.config.sentences import Problem, problems
from aggregator.config.settings import Settings
from aggregator.errors import ConfigError, Mistake

_HELP = "'aggregator demo' shows one at work, and the README has an example to copy"
#: Sections with many parts of one kind: one that is wrong does not hide what is wrong with the others.
_MANY = ("feeds", "categories")
#: Stands in for one that is wrong while the rest is looked at.
_SITE = {"title": "-", "url": "https://site.invalid/"}


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Return the settings in the file at ``path``; ``${NAME}`` is read from ``environ``.

    Raises ConfigError with all mistakes, in the order of the file.
    """
    return parse(_text(path), path, environ)


def parse(text: str, path: Path, environ: Mapping[str, str]) -> Settings:
    """Return the settings in ``text`` as if it stood in the file at ``path``; see ``load``."""
    tree = composer.read(text.removeprefix("\ufeff"))
    if not isinstance(tree.value, dict):
        raise _error(path, tree, tree.mistakes or [(0, _not_a_mapping(tree.value))])
    written, indexes, wrong = _validated(tree.value)
    context = Context(file=path, environ=environ, line=tree.line, problems=list(wrong))
    settings = resolve(written, indexes, context)
    if tree.mistakes or context.problems:
        found = [(tree.offset(each.path, key=each.key), each.message) for each in context.problems]
        raise _error(path, tree, [*tree.mistakes, *found])
    return settings


def _text(path: Path) -> str:
    try:
        body = path.read_bytes()
    except FileNotFoundError as exc:
        raise ConfigError(f"{path}: no such file; {_HELP}") from exc
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        before = body[: exc.start].decode("utf-8-sig", "ignore")
        raise _error(path, Tree(before), [(len(before), "this is not UTF-8; save the file as UTF-8")]) from exc


def _not_a_mapping(value: object) -> str:
    if value is None:
        return f"the file is empty; {_HELP}"
    return "the file must hold keys with values: site, feeds, …; a list of feeds has its place under 'feeds:'"


def _validated(values: dict[str, Any]) -> tuple[FeedsFile, Sequence[int], Iterable[Problem]]:
    """Return what of ``values`` is right, the indexes of the feeds in it, and the problems of the rest."""
    try:
        written = FeedsFile.model_validate(values)
    except ValidationError as exc:
        errors = exc.errors(include_url=False)
    else:
        return written, range(len(written.feeds)), ()
    kept, indexes = _without(values, errors)
    return FeedsFile.model_validate(kept), indexes, problems(errors)


def _without(values: dict[str, Any], errors: Sequence[ErrorDetails]) -> tuple[dict[str, Any], list[int]]:
    """Return ``values`` without what is wrong, and the indexes of the feeds that are left."""
    places = [error["loc"] for error in errors]
    single = {place[:2] for place in places if len(place) > 1 and place[0] in _MANY}
    whole = {place[0] for place in places if place[:2] not in single}
    kept = {key: value for key, value in values.items() if key in FeedsFile.model_fields and key not in whole}
    feeds = [(i, _right_of(feed, i, places)) for i, feed in enumerate(kept.get("feeds") or ())]
    feeds = [(i, feed) for i, feed in feeds if feed]
    # A slug keeps complaints away that would only follow from the first one.
    categories = {
        name: {"slug": f"wrong-{i}"} if ("categories", name) in single else each
        for i, (name, each) in enumerate((kept.get("categories") or {}).items())
    }
    kept = {"site": _SITE, **kept, "feeds": [feed for _, feed in feeds], "categories": categories}
    return kept, [i for i, _ in feeds]


def _right_of(feed: Any, index: int, places: Sequence[tuple[int | str, ...]]) -> Any:
    """Return ``feed`` without its keys that are wrong; nothing when its address is: without one it is no feed."""
    wrong = {place[2:3] for place in places if place[:2] == ("feeds", index)}
    if () in wrong or ("url",) in wrong:
        return None
    return {key: value for key, value in feed.items() if (key,) not in wrong} if wrong else feed


def _error(path: Path, tree: Tree, found: Iterable[tuple[int, str]]) -> ConfigError:
    # A part with an anchor is met wherever an alias repeats it; its mistakes are told once.
    mistakes = [Mistake(str(path), *tree.place(offset), message) for offset, message in sorted(set(found))]
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return ConfigError(f"{mistakes[0]}{more}", tuple(mistakes))
