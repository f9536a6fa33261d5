"""The configuration: what feeds.yaml may say, what is said of its mistakes, and the settings that come of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from _pytest.mark import ParameterSet
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from aggregator.config import Settings, composer, load, parse, schema, values
from aggregator.config.model import AdmissionSettings, CategorySettings, FeedSettings, FeedsFile
from aggregator.errors import ConfigError

ROOT = Path(__file__).parent.parent
FILE = Path("/srv/planet/feeds.yaml")
SITE = "site: {title: T, url: https://planet.example.org}\n"
ENVIRON = {"SECRET": "hush", "LINES": "one\ntwo"}


def settings(text: str, environ: Mapping[str, str] = ENVIRON, site: str = SITE) -> Settings:
    return parse(site + text, FILE, environ)


def mistakes(text: str, environ: Mapping[str, str] = ENVIRON) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        parse(text, Path("feeds.yaml"), environ)
    return [str(mistake) for mistake in raised.value.mistakes]


def cases() -> Iterator[ParameterSet]:
    text = (ROOT / "tests" / "data" / "feeds-mistakes.txt").read_text("utf-8")
    for case in text.split("\n=== ")[1:]:
        name, _, rest = case.partition("\n")
        given = "".join(f"{line}\n" for line in rest.splitlines() if line and not line.startswith("=> "))
        told = [line.removeprefix("=> ") for line in rest.splitlines() if line.startswith("=> ")]
        yield pytest.param(given if given.startswith("site:") else SITE + given, told, id=name)


@pytest.mark.parametrize(("text", "told"), list(cases()))
def test_each_mistake_is_told_with_its_place(text: str, told: list[str]) -> None:
    """Every mistake of a file is told, in its order, with line, column, what is wrong and what would be right."""
    assert mistakes(text) == [f"feeds.yaml:{line}" for line in told]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1:1: the file is empty; 'aggregator demo' shows one at work, and the README has an example to copy"),
        (
            "# soon\n",
            "1:1: the file is empty; 'aggregator demo' shows one at work, and the README has an example to copy",
        ),
        (
            "- url: https://example.org/\n",
            "1:1: the file must hold keys with values: site, feeds, …; a list of feeds has its place under 'feeds:'",
        ),
        ("site: \x07\n", "1:7: the character U+0007 cannot stand in a YAML file; delete it"),
        ("site: \ud800\n", "1:7: half of a character stands here; write it anew"),
        ("[" * 100_000, "1:51: values are nested more than 50 deep; no key of this file is"),
        ("- " * 100_000, "1:101: values are nested more than 50 deep; no key of this file is"),
    ],
)
def test_what_is_no_configuration_at_all(text: str, told: str) -> None:
    """A file that is empty, a list, hostile or no text is one mistake."""
    assert mistakes(text) == [f"feeds.yaml:{told}"]


def test_an_error_tells_its_first_mistake_and_how_many_there_are() -> None:
    """The message of the error is short however long the list is."""
    with pytest.raises(ConfigError, match=r"^feeds\.yaml:1:1: 'site' is missing.* \(and 1 more\)$"):
        parse("fedes: []\n", Path("feeds.yaml"), {})


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder, and bytes that are no UTF-8 are errors of the configuration."""
    with pytest.raises(ConfigError, match=r"feeds\.yaml: no such file; 'aggregator demo'"):
        load(tmp_path / "feeds.yaml", {})
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, {})
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("site:\n  title: Café\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin\.yaml:2:13: this is not UTF-8"):
        load(latin, {})


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    """What editors on Windows leave in a file is read, and places are counted as they show them."""
    path = tmp_path / "feeds.yaml"
    path.write_bytes(b"\xef\xbb\xbfsite:\r\n  title: T\r\n  url: https://example.org/\r\n")
    assert load(path, {}).site.title == "T"
    assert mistakes("\ufeffsite:\r\n  title: T\r\n  url: x\r\n") == [
        "feeds.yaml:3:8: url: this is no web address; write it whole: https://example.org/"
    ]


@pytest.mark.parametrize(
    "bomb",
    [
        "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(30)),
        "a0: &a0 {x: y}\n" + "".join(f"a{n + 1}: &a{n + 1} {{<<: [*a{n}, *a{n}]}}\n" for n in range(60)),
        "a0: &a0 {x: y}\n" + "".join(f"a{n + 1}: &a{n + 1}\n  <<: *a{n}\n  k{n}: v\n" for n in range(4000)),
    ],
    ids=["lists", "merges", "a chain of merges"],
)
def test_aliases_that_multiply_are_stopped(bomb: str) -> None:
    """A file that stands for millions of values is refused before they are made."""
    begin = time.monotonic()
    (told,) = mistakes(SITE + bomb)
    assert "with its aliases this stands for more than 4,000,000 values" in told
    assert time.monotonic() - begin < 20


def test_addresses_in_braces_need_no_quotes() -> None:
    """An address with a port in a flow mapping is one text, as YAML 1.2 says."""
    found = settings(
        "feeds:\n  - {url: http://127.0.0.1:8080/a:b?c=d:e, title: a:b, id: x}\n  - {url: rsshub://route}\n"
    )
    first, second = found.sources
    assert (first.url, first.title, second.url) == ("http://127.0.0.1:8080/a:b?c=d:e", "a:b", "rsshub://route")


@given(st.lists(st.integers(0, 999_999), min_size=5, max_size=5))
def test_durations_add_up(counts: list[int]) -> None:
    """Each unit counts for what it is, alone and together, largest first."""
    written = "".join(f"{count}{unit}" for count, unit in zip(counts, "wdhms", strict=True) if count)
    names = ("weeks", "days", "hours", "minutes", "seconds")
    expected = sum((timedelta(**{name: count}) for name, count in zip(names, counts, strict=True)), timedelta())
    assert values.duration(written or "0") == expected


def message(read: Callable[[object], object], written: str) -> str | None:
    try:
        read(written)
    except ValueError as exc:
        return str(exc)
    return None


@given(st.text(max_size=8))
def test_what_is_no_duration_is_refused_with_a_sentence(written: str) -> None:
    """No text makes the reading of durations and sizes fail otherwise than with a message that helps."""
    for read in (values.duration, values.size_between("1kB", "1GB")):
        told = message(read, written)
        assert told is None or re.search("; (write|anything)", told)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("1kB", 1000),
        ("512KB", 512_000),
        ("10MB", 10**7),
        ("1GB", 10**9),
        ("1 KiB", 1024),
        ("3MiB", 3 * 2**20),
        ("2000b", 2000),
    ],
)
def test_sizes_are_decimal_or_binary(written: str, size: int) -> None:
    """kB, MB and GB are powers of ten, KiB and MiB of two; letter case does not count."""
    assert settings(f"fetch: {{max_size: {written}}}\n").fetch.max_size == size


def test_places_are_found_through_lists_aliases_and_merges() -> None:
    """The place of a value that is shared is where it is written; beyond what is there, what holds it counts."""
    tree = composer.read("a: &a {b: {c: d}}\ne:\n  - <<: *a\n    f: 新 g\n")
    assert tree.place(tree.offset(("e", 0, "b", "c"))) == (1, 15)
    assert tree.place(tree.offset(("e", 0, "b", "c"), key=True)) == (1, 12)
    assert tree.place(tree.offset(("e", 0, "f"))) == (4, 8)
    assert tree.place(tree.offset(("e", 0, "missing"))) == (3, 5)
    assert tree.place(tree.offset(("e", 7))) == (3, 3)


def test_the_example_is_right() -> None:
    """What users copy is a configuration without mistakes, of feeds in several categories."""
    found = load(ROOT / "feeds.yaml", {})
    assert len(found.sources) >= 6
    assert len({source.category[0] for source in found.sources}) >= 3


def test_the_example_shows_defaults_as_they_are() -> None:
    """Without the marks of its comments, the example still is right; the keys that stand there have their defaults."""
    text = (ROOT / "feeds.yaml").read_text("utf-8")
    whole = re.sub(r"(?m)^# (?=(database|fetch|retention|defaults|  \w+):)", "", text).replace("${DB_PASSWORD}", "")
    whole = re.sub(r"(?m)^(  )# (?=\w+: )", r"\1", whole)
    assert load(ROOT / "feeds.yaml", {}) == parse(whole, ROOT / "feeds.yaml", {})
    assert "  timeout: 20s" in whole
    assert "\nfetch:" in whole


def test_the_schema_in_the_repository_is_that_of_the_program() -> None:
    """Editors check what the program checks."""
    made = json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"
    stands = (ROOT / "feeds.schema.json").read_text("utf-8")
    assert stands == made, "the settings changed; run: aggregator schema > feeds.schema.json"
    first = (ROOT / "feeds.yaml").read_text("utf-8").partition("\n")[0]
    assert first == "# yaml-language-server: $schema=feeds.schema.json"


@pytest.mark.parametrize("path", ["feeds.yaml", "aggregator/demo/feeds.yaml"])
def test_the_schema_accepts_what_the_program_does(path: str) -> None:
    """The schema is a valid one (draft 2020-12), and finds no fault with the configurations in the repository."""
    jsonschema.Draft202012Validator.check_schema(schema())
    value = YAML(typ="safe").load((ROOT / path).read_text("utf-8").replace("{origin}", "http://127.0.0.1:8000"))
    assert list(jsonschema.Draft202012Validator(schema()).iter_errors(value)) == []


@pytest.mark.parametrize(
    "text",
    [
        "fetch: {timeout: 20}",
        "fetch: {timeout: 1.5h}",
        "fetch: {concurrency: 0}",
        "fetch: {max_size: ten}",
        "defaults: {interval: ''}",
        "defaults: {include: {titel: x}}",
        "categories: {A: {slug: New Media}}",
        "output: {formats: [pdf]}",
        "feeds: [{title: x}]",
        "feeds: [{url: 'https://a.example/', intervall: 1h}]",
        "feeds: [{url: 'https://a.example/', category: a//b}]",
        "feeds: [{url: 'https://a.example/', admission: {histori: 1}}]",
        "feeds: [{url: a.example/feed}]",
        "feeds: [{url: 'ftp://a.example/'}]",
        "feeds: [{url: 'https://a.example/', id: 'a:b'}]",
        "feeds: [{url: 'https://a.example/', title: ''}]",
        "fetch: {rsshub: 'https://rsshub.example/?key=1'}",
        "defaults: {title: ' '}",
        "defaults: {admission: {future: soon}}",
    ],
)
def test_the_schema_refuses_what_the_program_does(text: str) -> None:
    """Editors mark unknown keys, missing ones, durations without unit and values out of bounds."""
    value = YAML(typ="safe").load('site: {title: T, url: "https://example.org/"}\n' + text)
    assert len(list(jsonschema.Draft202012Validator(schema()).iter_errors(value))) == 1
    assert mistakes(SITE + text)


@pytest.mark.parametrize("language", ["de_DE", "e", "en-", "simplified chinese"])
def test_the_schema_knows_tags_of_languages(language: str) -> None:
    """Editors mark what is no BCP 47 tag."""
    value = {"site": {"title": "T", "url": "https://example.org/", "language": language}}
    assert len(list(jsonschema.Draft202012Validator(schema()).iter_errors(value))) == 1


def test_editors_and_the_program_take_numbers_and_truths_for_the_values_of_headers() -> None:
    """What stands in the file is text until its key gives it a type: `X-Version: 2` is no mistake."""
    text = "feeds: [{url: 'https://a.example/', headers: {X-Version: 2, X-New: true}}]"
    value = YAML(typ="safe").load('site: {title: T, url: "https://example.org/"}\n' + text)
    assert list(jsonschema.Draft202012Validator(schema()).iter_errors(value)) == []
    assert dict(settings(text).sources[0].headers) == {"X-Version": "2", "X-New": "true"}


def keys() -> Iterator[str]:
    for name, field in FeedsFile.model_fields.items():
        if name in ("categories", "feeds"):
            part = CategorySettings if name == "categories" else FeedSettings
            yield from (f"{name}.*.{key}" for key in part.model_fields)
            yield from (f"admission.{key}" for key in AdmissionSettings.model_fields if name == "feeds")
        elif name == "defaults":
            yield "defaults"
        else:
            inner: Any = field.annotation
            yield from [f"{name}.{key}" for key in inner.model_fields] if name != "database" else [name]


def test_editors_and_the_program_take_keys_without_a_value() -> None:
    """A key without a value is as good as none, for the schema as for the program."""
    text = "".join(f"{name}:\n" for name in FeedsFile.model_fields if name not in ("site", "feeds", "categories"))
    for part in ("output", "fetch", "stories", "retention", "defaults"):
        inner: Any = FeedsFile.model_fields[part].annotation
        text = text.replace(f"{part}:\n", f"{part}:\n" + "".join(f"  {key}:\n" for key in inner.model_fields))
    text += "categories:\n  A:\n" + "".join(f"    {key}:\n" for key in CategorySettings.model_fields)
    text += "feeds:\n  - url: https://a.example/\n"
    text += "".join(f"    {key}:\n" for key in FeedSettings.model_fields if key != "url")
    for whole in (text, "database:\nfetch:\ncategories: {A: }\nfeeds:\n"):
        value = YAML(typ="safe").load('site: {title: T, url: "https://example.org/"}\n' + whole)
        assert [error.message for error in jsonschema.Draft202012Validator(schema()).iter_errors(value)] == []
        assert settings(whole)


@pytest.mark.parametrize("key", list(keys()))
def test_every_key_is_documented(key: str) -> None:
    """docs/configuration.md has a line for every key, with type, default, meaning and example."""
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    if key == "defaults":
        assert "\n## defaults\n" in text
        return
    (line,) = (line for line in text.splitlines() if line.startswith(f"| `{key}` |"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert len(cells) == 5
    assert all(cells)
