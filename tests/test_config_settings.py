"""The settings that come of feeds.yaml: defaults merged, ids and folders made, secrets kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from aggregator import urls
from aggregator.config import Settings, parse, schema
from aggregator.config.database import database_url
from aggregator.errors import ConfigError
from aggregator.models import Admission, Level, Site

SITE = "site: {title: T, url: https://planet.example.org}\n"
ENVIRON = {"SECRET": "hush"}


def settings(text: str, environ: Mapping[str, str] = ENVIRON, site: str = SITE) -> Settings:
    return parse(site + text, Path("/srv/planet/feeds.yaml"), environ)


def test_scalars_stay_what_is_written() -> None:
    """Numbers, truths and dates of YAML are words where words belong; truths are true where truths belong."""
    text = """
categories: {on: {slug: on, title: 2024}}
feeds:
  - {url: https://example.org/, id: 0123, title: 2024-01-01, category: on, enabled: yes, keep: "5"}
"""
    found = settings(text)
    (source,) = found.sources
    assert (source.id, source.title, source.category, source.enabled, source.keep) == (
        "0123",
        "2024-01-01",
        ("on",),
        True,
        5,
    )
    assert found.levels(("on",)) == (Level(name="on", slug="on"),)


def test_a_key_without_a_value_is_as_good_as_none() -> None:
    """Sections and keys whose content is commented out have their defaults."""
    found = settings("output:\ncategories:\ndefaults:\n  interval:\nfeeds:\n")
    assert found == settings("")


def test_admission_is_merged_key_by_key() -> None:
    """A feed's own bound replaces the default one; what neither says is as careful as it is by itself."""
    text = """
defaults: {admission: {history: 5, future: 0}}
feeds: [{url: https://example.org/1}, {url: https://example.org/2, admission: {history: 0, links: false}}]
"""
    first, second = (source.admission for source in settings(text).sources)
    assert first == Admission(history=5, future=timedelta())
    assert second == Admission(history=0, future=timedelta(), links=False)


def test_defaults_are_those_of_the_contract() -> None:
    """What is not written has the value that users are promised."""
    found = settings("feeds: [{url: 'https://example.org/feed.xml'}]\n")
    (source,) = found.sources
    assert (source.interval, source.keep, source.enabled, source.category) == (timedelta(hours=1), 0, True, ())
    output, fetch = found.output, found.fetch
    assert (output.formats, output.entries, output.comments) == (("atom", "rss", "json", "html"), 50, False)
    assert (fetch.concurrency, fetch.per_host, fetch.timeout) == (32, 2, timedelta(seconds=20))
    assert (fetch.max_size, fetch.allow_private, fetch.rsshub) == (10_000_000, False, "https://rsshub.app/")
    assert (found.retention.max_age, found.retention.max_posts) == (timedelta(), 0)
    assert found.database_url == "sqlite:////srv/planet/aggregator.db"


def test_feeds_take_what_they_do_not_say_from_the_defaults() -> None:
    """A feed's own key replaces the default, and headers are merged; an empty list is no category."""
    text = """
defaults: {category: Tech, interval: 2h, headers: {X-A: "${SECRET}", X-B: b}, exclude: {tag: ad}, enabled: false}
feeds:
  - url: https://example.org/1
  - {url: https://example.org/2, category: [], interval: 15m, headers: {x-b: c}, exclude: {}, enabled: true}
"""
    first, second = settings(text).sources
    assert (first.category, first.interval, first.enabled) == (("Tech",), timedelta(hours=2), False)
    assert (first.headers, first.exclude) == ({"X-A": "hush", "X-B": "b"}, {"tag": "ad"})
    assert (second.category, second.interval, second.enabled) == ((), timedelta(minutes=15), True)
    assert (second.headers, second.exclude) == ({"X-A": "hush", "x-b": "c"}, {})


def test_anchors_aliases_and_merge_keys_work() -> None:
    """Headers are shared with an alias, keys with a merge; what stands in the feed itself wins."""
    text = """
feeds:
  - &lwn
    url: https://example.org/1
    headers: &key {X-Key: abc}
    interval: 2h
  - {url: https://example.org/2, headers: *key}
  - <<: [*lwn, {keep: 3}]
    url: https://example.org/3
"""
    _, second, third = settings(text).sources
    assert second.headers == third.headers == {"X-Key": "abc"}
    assert (third.url, third.interval, third.keep) == ("https://example.org/3", timedelta(hours=2), 3)


def test_ids_are_made_from_addresses() -> None:
    """An id says where the feed comes from, without scheme, www, passwords and tokens, in at most 60 bytes."""
    addresses = {
        "https://example.org/feed.xml": "example-org-feed-xml",
        "http://www.example.org:8080/Blog/": "example-org-8080-blog",
        "https://me:hush@example.org/rss?token=hush&page=2": "example-org-rss-page-2",
        "rsshub://qutoutiao/category/1": "qutoutiao-category-1",
        "https://example.org/%E6%96%B0%E5%AA%92%E4%BD%93.xml": "example-org-新媒体-xml",
        "https://con/": "con-",
    }
    listed = "".join(f"  - url: {address}\n" for address in addresses)
    assert [source.id for source in settings(f"feeds:\n{listed}").sources] == list(addresses.values())


@pytest.mark.parametrize(
    ("instance", "told"),
    [
        ("https://rsshub.app", "https://rsshub.app/a/1?limit=5"),
        ("https://hub.example.org/rss/", "https://hub.example.org/rss/a/1?limit=5"),
        *(
            (f"http://{host}:1200/", None)
            for host in ("localhost", "127.0.0.1", "[::1]", "10.0.0.2", "rsshub", "a.local")
        ),
    ],
)
def test_readers_are_told_the_address_behind_a_route_where_the_instance_is_public(
    instance: str, told: str | None
) -> None:
    """It is the one that is asked, without secrets; an instance of one's own is nobody else's business."""
    text = f"fetch: {{rsshub: '{instance}'}}\nfeeds:\n  - url: rsshub://a/1?key=hush&limit=5\n"
    assert settings(text).sources[0].public_url == told
    assert settings("feeds:\n  - url: https://example.org/feed\n").sources[0].public_url is None


def test_long_ids_are_cut_and_stay_apart() -> None:
    """Two long addresses that begin alike have different ids of at most 60 bytes."""
    listed = "".join(f"  - url: https://example.org/{'x' * 80}/{n}\n" for n in "12")
    first, second = (source.id for source in settings(f"feeds:\n{listed}").sources)
    assert first != second
    assert all(len(name.encode()) <= 60 and name.startswith("example-org-xxx") for name in (first, second))


def test_ids_do_not_depend_on_the_order() -> None:
    """Addresses that come out alike are told apart by what they are, and no other id changes with them."""
    addresses = [
        "https://example.org/a.b",
        "https://example.org/a/b",
        "http://example.org/a-b",
        "https://example.org/c",
    ]
    made = []
    for seed in range(4):
        shuffled = Random(seed).sample(addresses, len(addresses))
        found = settings("feeds:\n" + "".join(f"  - url: {address}\n" for address in shuffled)).sources
        made.append({source.url: source.id for source in found})
    assert all(ids == made[0] for ids in made)
    assert len(set(made[0].values())) == 4
    assert made[0]["https://example.org/c"] == "example-org-c"
    assert all(re.fullmatch(r"example-org-a-b-[0-9a-f]{8}", made[0][address]) for address in addresses[:3])


def test_the_same_address_for_two_users_is_two_feeds() -> None:
    """Feeds that differ in the user name need ids of their own, and are then both there."""
    text = "feeds:\n  - {url: 'https://a@example.org/', id: a}\n  - {url: 'https://b@example.org/', id: b}\n"
    assert [source.id for source in settings(text).sources] == ["a", "b"]


TREE = """
output: {entries: 20}
categories:
  新媒体: {slug: new-media, title: 新媒体动态, entries: 100}
  "Life / Tech": {slug: tools}
  Tech: {slug: technology}
feeds:
  - {url: https://example.org/1, category: 新媒体/趣头条/分类}
  - {url: https://example.org/2, category: [Life, Tech], enabled: false}
  - {url: https://example.org/3, category: Tech}
  - {url: https://example.org/4, category: [新媒体, A/B]}
  - {url: https://example.org/5}
"""


def test_every_level_of_every_category_is_published() -> None:
    """The whole site comes first, then the levels as they appear; slugs of whole paths win over those of names."""
    feeds = settings(TREE).output_feeds("planet.example.org")
    assert [(feed.folder, feed.title, feed.limit) for feed in feeds] == [
        ("", "T", 20),
        ("new-media/", "新媒体动态", 100),
        ("new-media/趣头条/", "T · 新媒体 / 趣头条", 20),
        ("new-media/趣头条/分类/", "T · 新媒体 / 趣头条 / 分类", 20),
        ("life/", "T · Life", 20),
        ("life/tools/", "T · Life / Tech", 20),
        ("technology/", "T · Tech", 20),
        ("new-media/a-b/", "T · 新媒体 / A/B", 20),
    ]


def test_the_ids_of_outputs_are_valid_and_different() -> None:
    """Each feed that is published has an atom:id of its own, whatever the script of its folder."""
    ids = [feed.id for feed in settings(TREE).output_feeds("planet.example.org")]
    assert all(urls.valid_id(each) for each in ids)
    assert len(set(ids)) == len(ids)
    assert ids[:3] == [
        "tag:planet.example.org,2026:site",
        "tag:planet.example.org,2026:new-media/",
        "tag:planet.example.org,2026:new-media/%E8%B6%A3%E5%A4%B4%E6%9D%A1/",
    ]


def test_levels_of_a_category_that_has_no_source_any_more() -> None:
    """Posts of the archive keep a folder when their category left the file, even one that could not stand there."""
    found = settings(TREE)
    assert found.levels(("新媒体", "Old")) == (Level(name="新媒体", slug="new-media"), Level(name="Old", slug="old"))
    (strange,) = found.levels(("?!",))
    assert re.fullmatch("[0-9a-f]{12}", strange.slug)


def test_paths_start_at_the_folder_of_the_file() -> None:
    """Relative paths are made absolute, absolute ones stay, and posts follow the outputs."""
    assert settings("").output.posts == Path("/srv/planet/public/posts")
    assert settings("output: {path: /var/www}\n").output.posts == Path("/var/www/posts")
    moved = settings("output: {path: ../www, posts: /blog/_posts}\n").output
    assert (moved.path, moved.posts) == (Path("/srv/planet/../www"), Path("/blog/_posts"))


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("sqlite:///data/my.db", "sqlite:////srv/planet/data/my.db"),
        ("sqlite:////var/lib/a.db", "sqlite:////var/lib/a.db"),
        ("sqlite+pysqlite:///a.db?timeout=5", "sqlite+pysqlite:////srv/planet/a.db?timeout=5"),
        ("sqlite:///file:a.db?uri=true&mode=rw", "sqlite:///file:a.db?uri=true&mode=rw"),
        ("postgresql://me:${SECRET}@db/planet", "postgresql+psycopg://me:hush@db/planet"),
        ("postgresql+psycopg:///planet", "postgresql+psycopg:///planet"),
        ("postgresql://me@[::1]:5433/p?sslmode=require", "postgresql+psycopg://me@[::1]:5433/p?sslmode=require"),
    ],
)
def test_databases(written: str, url: str) -> None:
    """SQLite's relative paths start at the file's folder; PostgreSQL is spoken to with psycopg."""
    assert settings(f'database: "{written}"\n').database_url == url


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("p@ss/w?rd#1", "p@ss/w?rd#1"),
        ("50%", "50%"),
        ("p%40ss", "p@ss"),
        ("a:b+c é", "a:b+c é"),
    ],
)
def test_a_database_password_from_the_environment_may_hold_anything(written: str, password: str) -> None:
    """It is percent-encoded where it stands; what is so already stays as it is."""
    for line in (
        "database: 'postgresql://me:${PW}@db:5432/planet'\n",
        "database: 'postgresql://${BOTH}@db:5432/planet'\n",
    ):
        url = make_url(settings(line, {"PW": written, "BOTH": f"me:{written}"}).database_url)
        assert (url.username, url.password, url.host, url.port) == ("me", password, "db", 5432)


def test_a_whole_database_address_from_the_environment_stays_as_it_is() -> None:
    """Nobody knows where its password ends: the message says how to write what cannot be taken apart."""
    whole = "postgresql://me:p%40ss@db/planet"
    assert make_url(settings("database: ${WHOLE}\n", {"WHOLE": whole}).database_url).password == "p@ss"
    with pytest.raises(ConfigError, match="in a password as %40, %2F and %3F"):
        settings("database: ${WHOLE}\n", {"WHOLE": whole.replace("%40", "/@")})


@given(st.text("postgresqli+psycopg:/@?[]%&=.1ab", max_size=12), st.sampled_from(["postgresql://", "sqlite:///", ""]))
def test_what_is_taken_is_an_address_for_sqlalchemy(rest: str, start: str) -> None:
    """No address comes through that the library then stumbles over."""
    try:
        url = database_url(start + rest, Path("/srv"))
    except ValueError:
        return
    assert make_url(url).get_backend_name() in ("postgresql", "sqlite")


def test_a_database_below_a_folder_with_an_odd_name(tmp_path: Path) -> None:
    """Characters of the folder's name are no part of the URL's grammar."""
    found = parse(SITE, tmp_path / "a?b#c %41" / "feeds.yaml", {})
    assert make_url(found.database_url).database == str(tmp_path / "a?b#c %41" / "aggregator.db")


def test_the_site_ends_with_a_slash() -> None:
    """Addresses of outputs can be joined to the site's."""
    site = "site: {title: ' My  planet ', url: https://Example.org/blog, author: Me, language: zh-CN}\n"
    assert settings("", site=site).site_model == Site(
        title="My planet", url="https://example.org/blog/", author="Me", language="zh-CN"
    )


def test_atom_is_always_made() -> None:
    """Formats are what is listed, once each, and Atom."""
    assert settings("output: {formats: [json, rss, json]}\n").output.formats == ("atom", "json", "rss")
    assert settings("output: {formats: []}\n").output.formats == ("atom",)


SECRETS = """
database: postgresql://me:${SECRET}@db/planet
feeds:
  - url: https://me:${SECRET}@example.org/feed?token=${SECRET}&key=literally-hush
    headers: {Authorization: "Bearer ${SECRET}", X-Key: literally-hush}
  - url: https://example.org/${SECRET}
    id: path
"""


def test_secrets_are_used_and_never_shown() -> None:
    """What comes from the environment reaches requests, and neither a repr nor an id nor the outputs."""
    found = settings(SECRETS, {"SECRET": "tr0ub4dor"})
    first, second = found.sources
    assert first.url == "https://me:tr0ub4dor@example.org/feed?token=tr0ub4dor&key=literally-hush"
    assert first.headers["Authorization"] == "Bearer tr0ub4dor"
    assert second.url == "https://example.org/tr0ub4dor"
    assert first.id == "example-org-feed"
    shown = repr(found) + repr(found.output_feeds("example.org")) + json.dumps(schema())
    assert "tr0ub4dor" not in shown
    assert "literally-hush" not in shown


@pytest.mark.parametrize(
    "more",
    [
        "  - url: https://example.org/${SECRET}\n",
        "  - url: ${SECRET}\n",
        "  - url: ftp://${SECRET}@example.org/\n",
        "  - {url: https://example.org/, headers: {X: '${SECRET}中'}}\n",
        "  - url: [literally-hush]\n",
        "  - {url: https://example.org/, headers: literally-hush}\n",
        "  - literally-hush\n",
        "database: literally-hush\n",
    ],
)
def test_secrets_are_in_no_message(more: str) -> None:
    """Neither messages nor the chain of exceptions behind them repeat what may be a password."""
    with pytest.raises(ConfigError) as raised:
        settings(SECRETS + more, {"SECRET": "tr0ub4dor"})
    told = repr(raised.value.mistakes)
    link: BaseException | None = raised.value
    while link:
        told += f"{link} {link!r}"
        link = link.__cause__ or link.__context__
    assert "tr0ub4dor" not in told
    assert "literally-hush" not in told


def test_an_unset_variable_is_not_asked_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the mapping that is passed in counts."""
    monkeypatch.setenv("NAME_OF_A_TEST", "x")
    with pytest.raises(ConfigError, match="no variable 'NAME_OF_A_TEST'"):
        settings("feeds:\n  - url: https://example.org/${NAME_OF_A_TEST}\n")


@pytest.mark.parametrize(
    "line", ["feeds: [{url: 'https://example.org/?token=${TOK}'}]", "database: postgresql://me:${TOK}@db/planet"]
)
@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_variable_is_a_mistake(line: str, value: str) -> None:
    """A secret that was left empty would be told by refusals only."""
    with pytest.raises(ConfigError, match="the variable 'TOK' of the environment is empty"):
        settings(f"{line}\n", {"TOK": value})


def test_the_digest_changes_with_what_outputs_show() -> None:
    """Every change that readers can see has another digest; what only concerns fetching has not."""
    same = [
        TREE,
        TREE + "fetch: {timeout: 5s}\n",
        TREE.replace("enabled: false", "interval: 5m"),
        TREE + "retention: {max_posts: 5}\n",
    ]
    other = [
        TREE.replace("entries: 20", "entries: 21"),
        TREE.replace("新媒体动态", "新闻"),
        TREE.replace("slug: tools", "slug: work"),
        TREE.replace("example.org/5", "example.org/6"),
        TREE.replace("org/5}", "org/5, title: Five}"),
        TREE.replace("org/5}", "org/5, id: five}"),
        TREE.replace("category: [新媒体, A/B]", "category: [新媒体, A, B]"),
        TREE.replace("output: {entries: 20}", "output: {entries: 20, comments: true}"),
    ]
    digests = [settings(text).publishing_digest() for text in same + other]
    digests.append(settings(TREE, site=SITE.replace("T,", "U,")).publishing_digest())
    assert len(set(digests[: len(same)])) == 1
    assert len(set(digests)) == 1 + len(other) + 1


def test_a_secret_changes_no_output() -> None:
    """A new token is no reason to write the outputs again."""
    text = "feeds:\n  - url: https://example.org/?token=${SECRET}\n"
    assert settings(text).publishing_digest() == settings(text, {"SECRET": "new"}).publishing_digest()


def test_a_category_is_known_by_its_names_and_by_its_folder() -> None:
    """Both are told with slashes between the levels; a name may hold one itself."""
    text = """
categories: {新媒体: {slug: new-media}}
feeds:
  - {url: https://example.org/1, category: [Tech, TCP/IP, C++ & C#]}
  - {url: https://example.org/2, category: 新媒体/趣头条}
  - {url: https://example.org/3, category: Tech/TCP}
"""
    found = settings(text)
    known = ["Tech", "Tech/TCP/IP", "Tech/TCP/IP/C++ & C#", "新媒体", "新媒体/趣头条", "Tech/TCP"]
    assert found.category_names() == known
    paths = {written: found.category(written) for written in known}
    assert paths["Tech/TCP/IP/C++ & C#"] == ("Tech", "TCP/IP", "C++ & C#")
    assert paths["Tech/TCP"] == ("Tech", "TCP")
    assert None not in paths.values()
    assert found.category("/tech/tcp-ip/c-c/") == ("Tech", "TCP/IP", "C++ & C#")
    assert found.category("Tech / TCP / IP") == ("Tech", "TCP/IP")
    assert found.category("new-media/趣头条") == ("新媒体", "趣头条")
    assert [found.category(other) for other in ("", "/", "IP", "TCP/IP", "Tec")] == [None] * 5
