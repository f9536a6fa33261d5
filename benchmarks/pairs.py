"""Labelled pairs of entries of two sources: one story, or not.

Made from hand-written material (``material/``), always the same: what happens to stories on their way through feeds,
and what only looks like one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from ruamel.yaml import YAML

from aggregator import text
from aggregator.models import Entry, Text

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
_MATERIAL = Path(__file__).parent / "material"
_PRODUCTS = ("Lantern", "Quarry", "Otter", "Papercut")
_SERIES = {"en": "{title}, part {n}", "zh": "{title}（{n}）", "ja": "{title}・第{n}回"}
_NOTICE = {"en": "Correction", "zh": "更正", "ja": "訂正"}
_RETOLD = {"en": "Worth reading today", "zh": "今天值得一读", "ja": "今日の読みもの"}
_ADDED = {
    "en": "<p>Updated on Tuesday: the date in the first sentence was added.</p>",
    "zh": "<p>星期二补充：第一段增加了日期。</p>",
    "ja": "<p>火曜日追記：最初の段落に日付を加えました。</p>",
}
_FOOTER = (
    '<p>The post <a href="https://a.example/">{title}</a> appeared first on <a href="https://a.example/">A</a>.</p>'
)
_SIGNS = str.maketrans({"'": "’", ",": " —", "，": ", ", "。": ". ", "、": ", ", "a": "ａ"})


class Pair(Struct, frozen=True, kw_only=True):
    """The documents of two sources; whether their first entries are one ``story``; of what ``kind`` and language."""

    kind: str
    language: str
    story: bool
    one: tuple[Entry, ...]
    other: tuple[Entry, ...]


class _Article(Struct, frozen=True):
    title: str
    first: str
    second: str

    @property
    def body(self) -> str:
        return f"<p>{self.first}</p><p>{self.second}</p>"


def pairs() -> list[Pair]:
    """Return all pairs, in an order that stays."""
    articles = {language: [_Article(*each) for each in found] for language, found in _load("articles").items()}
    forms = _load("forms")
    made = []
    for language, found in articles.items():
        made += [pair for article in found for pair in _told_twice(article, language)]
        made += _looking_alike(found, forms[language], language)
    return made


def _load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((_MATERIAL / f"{name}.yaml").read_text("utf-8"))
    return found


def _told_twice(article: _Article, language: str) -> Iterator[Pair]:
    title, body = article.title, article.body

    def pair(kind: str, other: Entry) -> Pair:
        return Pair(kind=kind, language=language, story=True, one=(_entry("a", title, body),), other=(other,))

    there = _entry("a", title, body).link
    yield pair(
        "the same page", replace(_entry("b", title, f"<p>{article.first[:40]}</p>"), link=f"{there}?utm_source=b")
    )
    yield pair("another dress", _entry("b", f"{title} | B", f"<div><b>{body}</b></div>{_FOOTER.format(title=title)}"))
    yield pair("other signs", _entry("b", title.translate(_SIGNS), body.translate(_SIGNS)))
    yield pair("an excerpt", _entry("b", title, f"<p>{article.first}</p>"))
    yield pair("a light edit", _entry("b", title, body + _ADDED[language]))
    yield pair("a shortened copy", _entry("b", title, f"<p>{article.first}</p><p>{_shorter(article.second)}</p>"))
    yield pair("another title", _entry("b", _RETOLD[language], body))


def _looking_alike(articles: Sequence[_Article], forms: Mapping[str, Any], language: str) -> Iterator[Pair]:
    def pair(kind: str, one: Entry | Sequence[Entry], other: Entry) -> Pair:
        first = (one,) if isinstance(one, Entry) else tuple(one)
        return Pair(kind=kind, language=language, story=False, one=first, other=(other,))

    for number, (one, other) in enumerate(pairwise(articles)):
        column = forms["columns"][number % len(forms["columns"])]
        series, boilerplate = _SERIES[language], forms["boilerplate"]
        yield pair("two articles", _entry("a", one.title, one.body), _entry("b", other.title, other.body))
        yield pair("a column's title", _entry("a", column, one.body), _entry("b", column, other.body))
        yield pair(
            "boilerplate",
            _entry("a", one.title, _lead(one) + boilerplate),
            _entry("b", other.title, _lead(other) + boilerplate),
        )
        yield pair("boilerplate alone", _entry("a", one.title, boilerplate), _entry("b", other.title, boilerplate))
        yield pair("a show's text", _entry("a", one.title, forms["show"]), _entry("b", other.title, forms["show"]))
        parts = (series.format(title=one.title, n=1), series.format(title=one.title, n=2))
        yield pair(
            "a series",
            _entry("a", parts[0], f"<p>{one.first}</p><p>{one.second}</p>"),
            _entry("b", parts[1], f"<p>{one.first}</p><p>{other.second}</p>"),
        )
        notices = (forms["notice"] + f"<p>{each.second}</p>" for each in (one, other))
        yield pair(
            "corrections", *(_entry(name, _NOTICE[language], each) for name, each in zip("ab", notices, strict=True))
        )
        quoting = _entry("b", f"{_NOTICE[language]}: {one.title}", forms["notice"] + f"<p>{one.first}</p>")
        yield pair("a correction of it", _entry("a", one.title, one.body), quoting)
        page = "https://a.example/column"
        issues = [replace(_entry("a", column, each.body), link=page, guid=each.title) for each in (one, other)]
        yield pair("a column's page", issues, replace(_entry("b", other.title, other.body[:60]), link=page))
    yield from (pair("a phrase", _entry("a", each, each), _entry("b", each, each)) for each in forms["phrases"])
    for number, column in enumerate(forms["columns"]):
        thread = [replace(_entry("a", column, forms["boilerplate"]), link=None, guid=f"{number} {n}") for n in range(2)]
        yield pair("an open thread", thread, _entry("b", column, forms["boilerplate"]))
    yield from (pair(kind, *both) for kind, both in _filled_in(forms))


def _filled_in(forms: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Entry, Entry]]]:
    for title, body in forms["releases"]:
        for number, (product, other) in enumerate(pairwise((*_PRODUCTS, _PRODUCTS[0]))):
            yield (
                "two releases",
                (_form("a", title, body, product, number), _form("b", title, body, product, number + 1)),
            )
            yield "two products", (_form("a", title, body, product, number), _form("b", title, body, other, number))
    for title, body in forms["reports"]:
        for number in range(6):
            yield "reports", (_form("a", title, body, "", number), _form("b", title, body, "", number + 1))


def _form(source: str, title: str, body: str, product: str, number: int) -> Entry:
    filled = {"p": product, "n": str(number + 2), "m": str(number + 5), "k": str(number + 11)}
    said = [title, body]
    for name, value in filled.items():
        said = [each.replace(f"{{{name}}}", value) for each in said]
    return _entry(source, *said)


def _lead(article: _Article) -> str:
    return f"<p>{article.first[:45]}</p>"


def _shorter(paragraph: str) -> str:
    cut = max(paragraph.rfind(sign, 0, len(paragraph) - 1) for sign in (". ", "。", ", ", "，", "、"))
    return paragraph[: cut + 1]


def _entry(source: str, title: str, body: str) -> Entry:
    slug = text.digest(title, body)[:12]
    return Entry(
        guid=f"{source} {slug}",
        title=Text(value=title),
        content=Text(value=body, html=True),
        link=f"https://{source}.example/{slug}",
        published=NOW - timedelta(hours=1),
    )
