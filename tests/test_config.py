"""feeds.yaml: what it may say, and how its mistakes are told."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config import Settings, load, model, parse, schema
from aggregator.errors import ConfigError

ROOT = Path(__file__).parent.parent
SITE = "site: {title: T, url: 'https://e.org/'}\n"
FEED = "feeds:\n  - url: https://a.example/x\n"


def read(text: str, **environ: str) -> Settings:
    return parse(text, Path("/etc/planet/feeds.yaml"), environ)


def mistakes(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text, **environ)
    return [str(mistake).removeprefix("/etc/planet/feeds.yaml:") for mistake in caught.value.mistakes]


MISTAKES = [
    ("", "1:1: the file is empty"),
    ("- a\n", "1:1: the file must hold keys with values"),
    (FEED, "1:1: 'site' is missing here"),
    ("site: {title: T}\n", "1:7: 'url' is missing here"),
    ("site: {url: 'https://e.org'}\n", "1:7: 'title' is missing here"),
    ("site: {title: '', url: 'https://e.org'}\n", "1:15: 'title' is empty"),
    ("site: {title: T, url: e.org}\n", "1:23: 'e.org' is no address of a site"),
    ("site: {title: T, url: 'ftp://e.org'}\n", "1:23: 'ftp://e.org' is no address of a site"),
    ("site: {title: T, url: 'https://e.org/', language: 'en US'}\n", "1:51: 'en US' is no language tag"),
    (SITE + "sites: 1\n", "2:1: unknown key 'sites'; did you mean 'site'?"),
    (SITE + "zzz: 1\n", "2:1: unknown key 'zzz'; possible are site, database"),
    (SITE + "output: {format: [atom]}\n", "2:10: unknown key 'format'; did you mean 'formats'?"),
    (SITE + "output: {formats: [pdf]}\n", "2:19: this is not possible here; possible are 'atom', 'rss'"),
    (SITE + "output: {entries: many}\n", "2:19: 'entries' is no whole number"),
    (SITE + "output: {entries: -1}\n", "2:19: 'entries' is too small; at least 0"),
    (SITE + "output: {comments: perhaps}\n", "2:20: 'comments' is neither true nor false"),
    (SITE + "output: public\n", "2:9: 'output' must hold keys with values"),
    (SITE + "fetch: {timeout: 20}\n", "2:18: '20' is no duration"),
    (SITE + "fetch: {timeout: 1h}\n", "2:18: '1h' is out of bounds; between 1s and 10m"),
    (SITE + "fetch: {max_size: 10 elephants}\n", "2:19: '10 elephants' is no size"),
    (SITE + "fetch: {max_size: 5GB}\n", "2:19: '5GB' is out of bounds"),
    (SITE + "fetch: {concurrency: 0}\n", "2:22: 'concurrency' is too small; at least 1"),
    (SITE + "fetch: {per_host: 99}\n", "2:19: 'per_host' is too large; at most 16"),
    (SITE + "fetch: {rsshub: here}\n", "2:17: 'here' is no address of an RSSHub instance"),
    (SITE + "database: mysql://x/y\n", "2:11: 'database' is no URL of SQLite or PostgreSQL"),
    (SITE + "database: 'sqlite://'\n", "2:11: a database in memory forgets"),
    (SITE + "retention: {max_age: old}\n", "2:22: 'old' is no duration"),
    (SITE + "feeds: https://a.example\n", "2:8: 'feeds' must be a list"),
    (SITE + "feeds:\n  - https://a.example\n", "3:5: '0' must hold keys with values"),
    (SITE + "feeds:\n  - {category: A}\n", "3:5: 'url' is missing here"),
    (SITE + "feeds:\n  - url: file:///etc/passwd\n", "3:10: 'file:///etc/passwd' is no address of a feed"),
    (SITE + "feeds:\n  - url: a.example/x\n", "3:10: 'a.example/x' is no address of a feed"),
    (SITE + FEED + "    intervall: 1h\n", "4:5: unknown key 'intervall'; did you mean 'interval'?"),
    (SITE + FEED + "    interval: 1 hour\n", "4:15: '1 hour' is no duration"),
    (SITE + FEED + "    interval: 5s\n", "4:15: '5s' is out of bounds; between 1m and 90d"),
    (SITE + FEED + "    keep: all\n", "4:11: 'keep' is no whole number"),
    (SITE + FEED + "    enabled: maybe\n", "4:14: 'enabled' is neither true nor false"),
    (SITE + FEED + "    category: a//b\n", "4:15: a name in this category is empty"),
    (SITE + FEED + "    category: a/b/c/d/e/f/g/h/i\n", "4:15: this category has 9 levels"),
    (SITE + FEED + "    category: '!!!'\n", "4:15: '!!!' has neither letter nor digit"),
    (SITE + FEED + "    id: a b\n", "4:9: 'a b' cannot be an id"),
    (SITE + FEED + "    include: {titel: x}\n", "4:15: unknown key 'titel'; did you mean 'title'?"),
    (SITE + FEED + "    exclude: {title: '('}\n", "4:22: '(' is no regular expression"),
    (SITE + FEED + "    headers: {Host: x}\n", "4:14: 'Host' cannot be set as a header"),
    (SITE + FEED + "    headers: {A: '${NOPE}'}\n", "4:18: the environment has no variable NOPE"),
    (SITE + FEED + "    title: a\n    title: b\n", "5:5: the key 'title' stands here a second time"),
    (SITE + FEED + "  - url: https://a.example/x\n", "4:10: this feed stands in line 3 already"),
    (SITE + FEED + "    id: a\n  - url: https://b.example/\n    id: a\n", "6:9: the id 'a' stands in line 3 already"),
    (
        SITE + FEED + "    category: Tech\n  - {url: https://b.example/, category: TECH}\n",
        "5:41: 'TECH' gets the folder of 'Tech' (line 3)",
    ),
    (SITE + "categories: {A: {slug: 'a b'}}\n", "2:24: 'a b' cannot be a folder's name"),
    (SITE + "categories: {A: {slug: ../x}}\n", "2:24: '../x' cannot be a folder's name"),
    (SITE + "categories: {A: {slgu: a}}\n", "2:18: unknown key 'slgu'; did you mean 'slug'?"),
    (SITE + "feeds:\n\t- url: x\n", "3:1: YAML is not indented with tabs"),
    (SITE + "feeds: [\n", "3:1: this is no YAML"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=[said for _, said in MISTAKES])
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(text: str, said: str) -> None:
    """Each mistake names its line and column, and what would be right."""
    assert any(told.startswith(said) for told in mistakes(text)), mistakes(text)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    """A mistake in one feed hides none in another."""
    told = mistakes(SITE + "fetch: {timeout: 1}\nfeeds:\n  - {urll: x}\n  - {url: 'https://b.example', keep: x}\n")
    assert [line.split(":")[0] for line in told] == ["2", "4", "4", "5"]


@pytest.mark.parametrize(
    ("name", "said"), [("nowhere.yaml", "no such file"), (".", "cannot be read"), ("latin1.yaml", "no UTF-8")]
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, name: str, said: str) -> None:
    """A missing file, a folder, and other encodings than UTF-8 are told as what they are."""
    (tmp_path / "latin1.yaml").write_bytes(b"site: {title: caf\xe9}")
    with pytest.raises(ConfigError, match=said):
        load(tmp_path / name, {})


def test_everything_may_be_said(tmp_path: Path) -> None:
    """Every key is read, defaults are merged, and values have the type of their key, not the one YAML guesses."""
    settings = read(
        """
site: {title: 2024, url: https://e.org/planet, author: A, language: zh-CN}
database: sqlite:///data/a.db
output: {path: out, posts: ../blog/_posts, formats: [json], entries: 7, comments: yes}
fetch: {concurrency: 8, per_host: 1, timeout: 1m30s, max_size: 2MiB, allow_private: true, rsshub: 'https://hub.e.org'}
retention: {max_age: 1w, max_posts: 9}
defaults: {interval: 2h, headers: {X-A: a}}
categories: {新媒体: {slug: new-media, title: 新媒体动态, entries: 100}}
feeds:
  - url: rsshub://qutoutiao/category/1
    category: 新媒体/趣头条/分类
    id: 0123
    headers: {Authorization: "Bearer ${TOKEN}"}
    include: {title: "(?i)改造"}
    enabled: off
  - {url: 'https://www.example.org/feed.xml?token=SECRET', category: [a/b, c], interval: 15m}
""",
        TOKEN="SECRET",
    )
    first, second = settings.sources
    assert settings.site_model.title == "2024"
    assert settings.site_model.url == "https://e.org/planet/"
    assert (first.id, first.enabled, first.interval) == ("0123", False, timedelta(hours=2))
    assert first.headers == {"X-A": "a", "Authorization": "Bearer SECRET"}
    assert (second.id, second.category) == ("example-org-feed-xml", ("a/b", "c"))
    assert settings.output.formats == ("atom", "json")
    assert settings.output.posts == Path("/etc/planet/../blog/_posts")
    assert settings.database_url == "sqlite:////etc/planet/data/a.db"
    assert settings.fetch.max_size == 2 * 2**20
    feeds = settings.output_feeds("e.org")
    assert [feed.folder for feed in feeds] == [
        "", "new-media/", "new-media/趣头条/", "new-media/趣头条/分类/", "a-b/", "a-b/c/",
    ]  # fmt: skip
    assert (feeds[1].title, feeds[1].limit, feeds[2].limit) == ("新媒体动态", 100, 7)
    assert "SECRET" not in repr(settings.sources) + repr(feeds)


def test_parts_may_be_shared_with_anchors() -> None:
    """YAML's anchors, aliases and merge keys work."""
    settings = read(
        SITE + "defaults: &d {interval: 3h}\nfeeds:\n  - &f\n    <<: *d\n    url: https://a.example/\n    keep: 3\n"
        "  - {<<: *f, url: https://b.example/}\n"
    )
    assert [(source.interval, source.keep) for source in settings.sources] == [(timedelta(hours=3), 3)] * 2


def test_an_id_does_not_depend_on_the_place_in_the_file() -> None:
    """Ids that are made from alike addresses differ, and stay when the order changes."""
    urls = ["https://e.org/a?x=1", "https://e.org/a-x-1", "http://www.e.org/b"]
    one = {s.url: s.id for s in read(SITE + "feeds:\n" + "".join(f"  - url: {url}\n" for url in urls)).sources}
    two = {s.url: s.id for s in read(SITE + "feeds:\n" + "".join(f"  - url: {url}\n" for url in urls[::-1])).sources}
    assert one == two
    assert len(set(one.values())) == len(urls)


@given(st.integers(0, 999), st.integers(0, 59), st.integers(0, 59))
def test_durations_add_up(hours: int, minutes: int, seconds: int) -> None:
    """A duration is the sum of its parts."""
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    written = "".join(f"{number}{unit}" for number, unit in parts if number) or "0"
    assert model.duration(written) == timedelta(hours=hours, minutes=minutes, seconds=seconds)


def test_the_example_is_right() -> None:
    """The feeds.yaml that users copy has no mistakes."""
    assert len(load(ROOT / "feeds.yaml", {}).sources) >= 5


def test_the_schema_in_the_repository_is_the_programs() -> None:
    """feeds.schema.json is up to date; `aggregator schema > feeds.schema.json` makes it anew."""
    assert json.loads((ROOT / "feeds.schema.json").read_text("utf-8")) == schema()
    assert "feeds.schema.json" in (ROOT / "feeds.yaml").read_text("utf-8").splitlines()[0]


def test_every_key_is_documented() -> None:
    """docs/configuration.md names every key of every part."""
    text = (ROOT / "docs/configuration.md").read_text("utf-8")
    parts = (model.Document, model.SiteSettings, model.OutputSettings, model.FetchSettings)
    parts += (model.RetentionSettings, model.CategorySettings, model.FeedSettings)  # type: ignore[assignment]
    missing = [name for part in parts for name in model.keys(part) if f"`{name}`" not in text]
    assert not missing
