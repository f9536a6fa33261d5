"""The look of the pages: Jinja2 templates and a style sheet, ours, or a folder of the user's that replaces them.

A file of the user's stands in for ours of the same name; what it does not hold is ours.  ``default/NAME`` is always
ours, so that a template can extend what it replaces.
"""

from __future__ import annotations

import traceback
from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aggregator import PROJECT_URL, __version__, text
from aggregator.errors import OutputError
from aggregator.times import rfc3339

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Macro
    from markupsafe import Markup

_OURS = Path(__file__).with_name("templates")
_STYLE, _SCRIPT = "style.css", "time.js"
#: What a user may replace: our templates, and those of the web server's pages.
NAMES = frozenset(path.name for path in _OURS.iterdir()) | {"health.html.j2", "missing.html.j2"}
_PROGRAM = {"name": "aggregator", "version": __version__, "url": PROJECT_URL}


class Values(dict[str, Any]):
    """What templates are told of a thing that stands on several pages; see ``_once``."""

    __slots__ = ("made",)

    def __init__(self, values: Iterable[tuple[str, Any]] = (), **more: Any) -> None:
        super().__init__(values, **more)
        self.made: dict[Any, Any] = {}

    def also(self, **more: Any) -> Values:
        """Return the same values and more, for one page: what was made of the thing is kept for all of them."""
        told = Values()
        told.update(self, **more)
        told.made = self.made
        return told


class Items(list[dict[str, str]]):
    """A list that templates are told of for several posts; see ``_once``."""

    __slots__ = ("made",)

    def __init__(self, items: Iterable[dict[str, str]]) -> None:
        super().__init__(items)
        self.made: dict[Any, Any] = {}


_TOLD = (dict, Values)


def render(name: str, folder: Path | None, values: dict[str, Any], more: Path | None = None) -> bytes:
    """Return the template called ``name``, of ``folder`` where that has one, filled with ``values``.

    ``more`` is a folder of ours with further templates and more style.  Raises OutputError, which names file and
    line, when a template of the user's fails; UnicodeEncodeError when ``values`` hold what no document can.
    """
    environment = _environment(folder, more)
    try:
        style, script = read(_STYLE, folder), read(_SCRIPT, folder)
        if more:
            style += read(_STYLE, more)
        page = environment.get_template(name).render(
            values,
            program=_PROGRAM,
            english=english(values["language"]),
            native=_native(values["language"], values["direction"]),
            style=style,
            style_hash=hash_of(style),
            script=script,
            script_hash=hash_of(script),
        )
    except Exception as exc:  # what somebody's template does may fail in any way
        if folder is None:
            raise
        raise OutputError(_told(exc, name, folder)) from exc
    return page.encode()


def read(name: str, folder: Path | None) -> str:
    """Return the file called ``name``, of ``folder`` where that has one; raises OSError and UnicodeDecodeError."""
    own = folder / name if folder else None
    path = own if own and own.is_file() else _OURS / name
    status = path.stat()
    return _text(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)  # each page holds them; who changes one sees so at once
def _text(path: Path, changed: int, size: int) -> str:
    return path.read_text("utf-8")


def moment(at: datetime) -> dict[str, str]:
    """Return what the macro ``time`` is told of a time; ISO 8601 reads the same in every language."""
    stamp = rfc3339(at)
    return {"stamp": stamp, "words": f"{stamp[:10]} {stamp[11:16]}"}


def english(language: str) -> str:
    """Return the attributes of an element with words of our own on a page in ``language``: none in English.

    Who hears the page needs the language (WCAG 2.2, 3.1.2); from right to left, the words would be turned round.
    """
    return "" if _is_english(language) else _attributes("en", "ltr")


def _native(language: str, direction: str) -> str:
    """Return the attributes of an element in ``language`` within one in ``english``."""
    return "" if _is_english(language) else _attributes(language, direction)


def _is_english(language: str) -> bool:
    return language.split("-")[0].lower() == "en"


def _attributes(language: str, direction: str) -> Markup:
    from markupsafe import Markup  # with Jinja2

    return Markup(' lang="{}" dir="{}"').format(language, direction)


def script() -> str:
    """Return our script, which pages hold as it is."""
    return read(_SCRIPT, None)


@lru_cache(maxsize=8)
def hash_of(words: str) -> str:
    """Return how a Content-Security-Policy names an inline style or script."""
    return f"sha256-{b64encode(sha256(words.encode()).digest()).decode()}"


def digest(folder: Path | None) -> str:
    """Return digits that change whenever a file of ``folder`` does; "" where there is no folder."""
    if folder is None:
        return ""
    try:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return text.digest(*(part for path in files for part in (str(path), text.digest_bytes(path.read_bytes()))))
    except OSError as exc:
        raise OutputError(f"{exc.filename} cannot be read: {exc.strerror}; see to it, or take it out") from exc


def unused(folder: Path) -> list[str]:
    """Return the names of files in ``folder`` that no page is made of, though they end as templates do.

    Raises OutputError, which names file and line, when a template is wrong.
    """
    from jinja2 import TemplateError, meta

    names = {path.name for path in folder.iterdir() if path.name.endswith((".j2", ".css", ".js"))} - NAMES
    if not names:
        return []
    environment = _environment(folder, None)
    used: set[str | None] = set()
    for path in folder.rglob("*.j2"):
        try:
            parsed = environment.parse(path.read_text("utf-8"), path.name, str(path))
        except (TemplateError, OSError, UnicodeDecodeError) as exc:
            raise OutputError(_told(exc, path.name, folder)) from exc
        used.update(meta.find_referenced_templates(parsed))
    # None: a name that is made up as a page is.
    return [] if None in used else sorted(names - used)


@cache
def _environment(folder: Path | None, more: Path | None) -> Environment:
    # 38 ms, and most runs publish nothing.
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined

    class Pages(Environment):
        def getattr(self, obj: Any, attribute: str) -> Any:
            # What templates are told stands in dicts: Jinja2 looks for an attribute first, which costs an exception.
            return obj[attribute] if type(obj) in _TOLD and attribute in obj else super().getattr(obj, attribute)

    class Replaceable(FileSystemLoader):
        def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
            # Jinja2 keeps what it found: while the service runs, a file of the user's may come that stands in for it.
            words, path, is_current = super().get_source(environment, template)
            return words, path, lambda: is_current() and not (folder and (folder / template).is_file())

    places = [_OURS, more] if more else [_OURS]
    own = [FileSystemLoader(folder)] if folder else []
    made = Pages(
        loader=ChoiceLoader([*own, Replaceable(places), PrefixLoader({"default": FileSystemLoader(places)})]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["once"] = _once
    return made


def _once(value: object, macro: Macro, *others: str) -> str:
    """Return what ``macro`` makes of ``value`` and ``others``: the same each time, so it is made once."""
    made = getattr(value, "made", None)
    if made is None:
        return macro(value, *others)
    key = (macro, others)
    if key not in made:
        made[key] = macro(value, *others)
    return made[key]  # type: ignore[no-any-return]  # what the macro returned


def _told(exc: Exception, name: str, folder: Path) -> str:
    from jinja2 import TemplateNotFound, TemplateSyntaxError

    if isinstance(exc, TemplateSyntaxError):
        return f"{exc.filename or exc.name}, line {exc.lineno}: {exc.message}"
    frames = [frame for frame in traceback.extract_tb(exc.__traceback__) if frame.filename.startswith(str(folder))]
    place = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else str(folder / name)
    reason = f"there is no template {exc}" if isinstance(exc, TemplateNotFound) else str(exc) or type(exc).__name__
    return f"{place}: {reason}"
