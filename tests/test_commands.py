"""The other commands, as a user types them."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE

import pytest
from jsonschema import Draft202012Validator
from origin import Origin
from planet import Item, Planet, rss
from ruamel.yaml import YAML

from aggregator.cli import common
from aggregator.errors import ConfigError

COMMANDS = [
    "run",
    "serve",
    "schedule",
    "check",
    "add",
    "preview",
    "sources",
    "posts",
    "held",
    "release",
    "reject",
    "plan",
    "explain",
    "split",
    "merge",
    "retract",
    "publish",
    "import",
    "import-posts",
    "export",
    "prune",
    "demo",
    "schema",
]


@pytest.fixture
def filled(planet: Planet, origin: Origin) -> Planet:
    """A planet of two sources that was run once."""
    origin.put("/a.xml", rss(Item(title="On asyncio", guid="1", link="https://a.example.org/1"), title="A"))
    origin.put("/b.xml", rss(Item(title="城市", guid="2", date="Sun, 22 Nov 2026 08:00:00 GMT"), title="B"))
    planet.configure(
        [
            f"{{url: '{origin.url('/a.xml')}', category: Tech/Python, id: a}}",
            f"{{url: '{origin.url('/b.xml')}', category: Techno, id: b}}",
        ]
    )
    planet.run()
    return planet


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(planet: Planet, command: str) -> None:
    """--help works without a configuration, and shows how the command is used."""
    done = planet.command(command, "--help", COLUMNS="120")
    assert done.returncode == 0
    assert f"Example: aggregator {command}" in done.stdout


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("run", "[OPTIONS] [SOURCE...]"),
        ("posts", "[OPTIONS] [WORDS...]"),
        ("preview", "[OPTIONS] URL"),
        ("release", "[OPTIONS] WHAT..."),
        ("split", "[OPTIONS] POST ENTRY"),
        ("import", "[OPTIONS] FILE.opml"),
        ("sources", "[OPTIONS]"),
    ],
)
def test_help_names_arguments_as_the_readme_does(planet: Planet, command: str, usage: str) -> None:
    """Arguments are in capitals, those that may be left out in brackets; options without a value show no type."""
    told = planet.command(command, "--help", COLUMNS="120").stdout
    assert re.search(rf"aggregator {command} {re.escape(usage)} *\n", told)
    assert "<bool>" not in told


def test_every_command_is_in_the_readme(planet: Planet) -> None:
    """The README names every command, and there is no other one."""
    readme = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
    assert not [command for command in COMMANDS if f"`{command}" not in readme]
    listed = planet.command("--help", COLUMNS="120").stdout
    assert not [command for command in COMMANDS if f"│ {command} " not in listed]


def test_check_tells_every_mistake_with_its_place(planet: Planet) -> None:
    """Mistakes go to standard error, a line each, and the exit code is 2."""
    (planet.folder / "feeds.yaml").write_text("site: {titel: T, url: x}\n")
    done = planet.command("check")
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.partition(": ")[0] for line in done.stderr.splitlines()] == [
        "feeds.yaml:1:7",
        "feeds.yaml:1:8",
        "feeds.yaml:1:23",
    ]


def test_check_tells_mistakes_to_scripts(planet: Planet) -> None:
    """With --json they are on standard output, too, with their places; a file that is not there has none."""
    (planet.folder / "feeds.yaml").write_text("site: {titel: T}\n")
    done = planet.command("check", "--json")
    assert done.returncode == 2
    found = json.loads(done.stdout)
    assert [(each["file"], each["line"], each["column"]) for each in found["mistakes"]] == [
        ("feeds.yaml", 1, 7),
        ("feeds.yaml", 1, 7),
        ("feeds.yaml", 1, 8),
    ]
    assert "did you mean 'title'?" in found["mistakes"][-1]["message"]
    (planet.folder / "feeds.yaml").unlink()
    (mistake,) = json.loads(planet.command("check", "--json", "--fetch").stdout)["mistakes"]
    assert (mistake["line"], "no such file" in mistake["message"]) == (None, True)


def test_check_warns_when_all_feeds_are_gone(planet: Planet) -> None:
    """A file without feeds is right, and the next run would leave nothing of what is published."""
    path = planet.configure([])
    done = planet.command("check")
    assert (done.returncode, done.stdout) == (0, "feeds.yaml: 0 sources, no mistakes\n")
    assert "there are no feeds; the next run removes everything" in done.stderr
    assert json.loads(planet.command("check", "--json").stdout)["warnings"]
    path.write_text(path.read_text().replace("feeds: []", "feeds: [{url: 'https://example.org/'}]"))
    done = planet.command("check")
    assert (done.stdout, done.stderr) == ("feeds.yaml: 1 source, no mistakes\n", "")


def test_the_configuration_may_be_named_in_three_ways(planet: Planet) -> None:
    """-c before or after the command, and an environment variable."""
    planet.configure([], name="other.yaml")
    assert planet.command("-c", "other.yaml", "check").returncode == 0
    assert planet.command("check", "-c", "other.yaml").returncode == 0
    assert planet.command("check", AGGREGATOR_CONFIG="other.yaml").returncode == 0
    assert planet.command("check").returncode == 2


def test_check_fetch_tries_each_source_and_stores_nothing(planet: Planet, origin: Origin) -> None:
    """A source that fails makes the exit code 1; no database is made."""
    origin.put("/a.xml", rss(Item(guid="1")))
    planet.configure([f"{{url: '{origin.url(path)}', id: {path[1]}}}" for path in ("/a.xml", "/b.xml")])
    done = planet.command("check", "--fetch", "--json")
    assert done.returncode == 1
    assert [(each["source"], each["ok"], each["entries"]) for each in json.loads(done.stdout)] == [
        ("a", True, 1),
        ("b", False, 0),
    ]
    assert [path.name for path in planet.folder.iterdir()] == ["feeds.yaml"]


def test_check_fetch_tells_what_filters_let_in(planet: Planet, origin: Origin) -> None:
    """The entries that are taken are counted, and a warning says when there is none."""
    origin.put("/a.xml", rss(*(Item(guid=str(n), title=f"Title {n}") for n in range(12))))
    filters = {"some": ", include: {title: '7'}, keep: 1", "none": ", exclude: {title: Title}", "all": ", keep: 1"}
    planet.configure([f"{{url: '{origin.url(f'/a.xml?{name}')}', id: {name}{more}}}" for name, more in filters.items()])
    done = planet.command("check", "--fetch")
    assert done.returncode == 0
    assert [line.split(maxsplit=1)[1] for line in done.stdout.splitlines()] == [
        "some: 12 entries, 1 taken by its filters",
        "none: 12 entries, 0 taken by its filters",
        "none: 'include' and 'exclude' let in none of its entries",
        "all: 12 entries",
    ]
    found = json.loads(planet.command("check", "--fetch", "--json").stdout)
    assert [each["taken"] for each in found] == [1, 0, 12]


def test_add_finds_the_feed_behind_a_page(planet: Planet, origin: Origin) -> None:
    """The feed that the page links to is appended with its category; the rest of the file stays."""
    origin.put("/feed", rss(Item(guid="1"), title="Found"))
    link = '<link rel="alternate" type="application/rss+xml" href="feed">'
    origin.put("/", f"<!doctype html><title>x</title>{link}", content_type="text/html")
    path = planet.configure([f"{{url: '{origin.url('/a.xml')}'}} # the first one"])
    before = path.read_text()
    done = planet.command("add", origin.url("/"), "-k", "Tech/新闻")
    assert done.returncode == 0, done.stderr
    assert path.read_text().startswith(before)
    feed = YAML(typ="safe").load(path.read_text())["feeds"][-1]
    assert feed == {"url": origin.url("/feed"), "category": "Tech/新闻"}
    again = planet.command("add", origin.url("/feed"))
    assert (again.returncode, "already" in again.stderr) == (2, True)


def test_add_says_when_there_is_no_feed(planet: Planet, origin: Origin) -> None:
    """A page without a feed changes nothing."""
    origin.put("/", "<!doctype html><p>nothing</p>", content_type="text/html")
    path = planet.configure([])
    before = path.read_bytes()
    done = planet.command("add", origin.url("/"))
    assert done.returncode == 1
    assert "no feed" in done.stderr
    assert path.read_bytes() == before


def test_preview_prints_posts_and_stores_nothing(planet: Planet, origin: Origin) -> None:
    """The posts that a feed would make are printed as they would be written."""
    origin.put("/a.xml", rss(Item(title="First: a title", guid="urn:example:1")))
    planet.configure([])
    done = planet.command("preview", origin.url("/a.xml"))
    assert done.returncode == 0, done.stderr
    assert 'title: "First: a title"' in done.stdout
    (post,) = json.loads(planet.command("preview", origin.url("/a.xml"), "--json").stdout)
    assert post["id"] == "urn:example:1"
    assert [path.name for path in planet.folder.iterdir()] == ["feeds.yaml"]


def test_the_posts_of_a_preview_are_those_that_a_run_makes(planet: Planet, origin: Origin) -> None:
    """Ids that are made up, and names of feeds that have none, are the same before the feed is added and after."""
    origin.put("/a.xml", rss(Item(title="One", guid="1"), title=""))
    planet.configure([])
    (fresh,) = json.loads(planet.command("preview", origin.url("/a.xml"), "--json").stdout)
    planet.configure([f"{{url: '{origin.url('/a.xml')}'}}"])
    (known,) = json.loads(planet.command("preview", origin.url("/a.xml"), "--json").stdout)
    planet.run()
    (kept,) = json.loads(planet.command("posts", "--json").stdout)
    assert fresh == known == kept
    path = planet.folder / "feeds.yaml"
    path.write_text(path.read_text("utf-8").replace("planet.example.org", "moved.example.org"), "utf-8")
    (moved,) = json.loads(planet.command("preview", origin.url("/a.xml"), "--json").stdout)
    assert moved == kept


def test_a_preview_credits_the_source_that_an_entry_names(planet: Planet, origin: Origin) -> None:
    """As a run does: the feed that it was pulled from stands beside that source."""
    claim = '<source url="https://other.example.org/feed.xml">Other</source>'
    origin.put("/a.xml", rss(Item(title="One", guid="1", more=claim)))
    planet.configure([f"{{url: '{origin.url('/a.xml')}', id: a}}"])
    shown = planet.command("preview", "a").stdout
    planet.run()
    (path,) = (planet.folder / "posts").glob("*.md")
    assert shown.startswith(path.read_text("utf-8"))
    assert 'title: "Other"' in shown


def test_sources_tells_how_each_stands(filled: Planet) -> None:
    """State, success, next pull, entries and posts a week of every source, for people and for scripts."""
    reports = json.loads(filled.command("sources", "--json").stdout)
    assert [(each["id"], each["state"], each["entries"]) for each in reports] == [("a", "ok", 1), ("b", "ok", 1)]
    assert all(each["next_pull"] > "2026-11-24T09:00:00Z" for each in reports)
    assert "Techno" in filled.command("sources", COLUMNS="200").stdout


def test_each_source_is_one_line_however_narrow_the_terminal_is(filled: Planet) -> None:
    """Category and reason are not squeezed into columns of a letter."""
    head, *lines = filled.command("sources", COLUMNS="60").stdout.splitlines()
    assert len(lines) == 2
    assert "category" in head
    assert all("Tech" in line for line in lines)


def test_a_run_names_the_places_of_its_outputs_whole_however_narrow_the_terminal_is(filled: Planet) -> None:
    """A path that is cut at the edge of the terminal can be neither read nor copied."""
    told = filled.command("run", COLUMNS="30").stdout
    assert f"\nfeeds     {filled.folder}/public/atom.xml\n" in told
    assert f"\nposts in  {filled.folder}/posts\n" in told


def test_names_of_files_that_the_environment_cannot_tell_are_a_mistake_in_it(filled: Planet) -> None:
    """Outputs would get other names than links have, or none: it is said what to set, and nothing is touched."""
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = filled.command("run", **ascii_only)
    assert done.returncode == 2
    assert done.stderr == "aggregator: names of files would be written as ascii here; set PYTHONUTF8=1\n"
    assert filled.command("run", LC_ALL="C").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "titles"),
    [
        ([], ["On asyncio", "城市"]),
        (["asyncio"], ["On asyncio"]),
        (["城"], ["城市"]),
        (["nothing"], []),
        (["--category", "Tech"], ["On asyncio"]),
        (["--category", "Tech / Python"], ["On asyncio"]),
        (["--category", "tech/python/"], ["On asyncio"]),
        (["--source", "b"], ["城市"]),
        (["--since", "2026-11-23"], ["On asyncio"]),
        (["--limit", "1"], ["On asyncio"]),
        (["--limit", "9" * 20], ["On asyncio", "城市"]),
    ],
)
def test_posts_searches_the_archive(filled: Planet, arguments: list[str], titles: list[str]) -> None:
    """By words, category path, source and date, newest first."""
    found = json.loads(filled.command("posts", "--json", *arguments).stdout)
    assert [post["title"] for post in found] == titles


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "aa"], "no source is called 'aa'; did you mean 'a'?"),
        (["posts", "--source", "aa"], "no source is called 'aa'; did you mean 'a'?"),
        (["posts", "--category", "Tech/Pyton"], "no category is called 'Tech/Pyton'; did you mean 'Tech/Python'?"),
        (["posts", "--category", "Weather"], "no category is called 'Weather'; 'aggregator sources' lists them"),
    ],
)
def test_a_name_that_is_not_known_is_told_with_the_nearest(filled: Planet, arguments: list[str], said: str) -> None:
    """A mistyped source or category is a mistake of usage."""
    done = filled.command(*arguments)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("command", ["add", "preview"])
@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("example.org/feed", "'example.org/feed' is no address of a feed or a page; .* https://example.org/feed"),
        ("xkcd.com?token=pa55", "'xkcd.com' is no address of a feed or a page; .* https://xkcd.com/"),
        ("word", "'word' is no address .* must begin with one of http:"),
        ("ftp://me:pa55@example.org/x", "'ftp://example.org/x' is no address .* must begin with one of http:"),
        ("me:pa55@example.org/x", "what was given is no address .* must begin with one of http:"),
    ],
)
def test_what_is_no_address_is_a_mistake_of_usage(planet: Planet, command: str, written: str, told: str) -> None:
    """It is told without its secrets, with the address that was meant, and nothing is touched."""
    before = planet.configure([]).read_bytes()
    done = planet.command(command, written)
    assert done.returncode == 2
    assert re.search(told, done.stderr)
    assert "pa55" not in done.stderr
    assert (planet.folder / "feeds.yaml").read_bytes() == before


@pytest.mark.parametrize("command", ["add", "preview", "run"])
def test_a_typed_address_is_told_without_its_secrets(planet: Planet, origin: Origin, command: str) -> None:
    """A page without a feed, and what is no source, are named without password and token."""
    origin.put("/", "<!doctype html><p>nothing</p>", content_type="text/html")
    planet.configure([])
    done = planet.command(command, f"{origin.url('/').replace('//', '//me:pa55@', 1)}?token=5ecret")
    assert done.returncode != 0
    assert origin.url("/") in done.stderr
    assert not re.search("pa55|5ecret", done.stdout + done.stderr)


def test_an_address_that_a_browser_hands_on_is_taken(planet: Planet, origin: Origin) -> None:
    """`feed:` before an address is no part of it."""
    origin.put("/a.xml", rss(Item(guid="1")))
    path = planet.configure([])
    assert planet.command("add", origin.url("/a.xml").replace("http:", "feed:")).returncode == 0
    assert YAML(typ="safe").load(path.read_text())["feeds"] == [{"url": origin.url("/a.xml")}]


def test_a_disabled_source_that_is_named_is_told_not_pulled(filled: Planet) -> None:
    """Who asks for a source that feeds.yaml switches off learns why nothing came."""
    path = filled.folder / "feeds.yaml"
    path.write_text(
        f"{path.read_text('utf-8')}\n  - {{url: 'https://example.org/off', id: off, enabled: false}}\n", "utf-8"
    )
    done = filled.command("run", "--force", "off")
    assert done.returncode == 0, done.stderr
    assert "off is not pulled: 'enabled' is false in feeds.yaml" in done.stderr


def test_subscriptions_go_out_and_come_in_as_opml(filled: Planet, tmp_path: Path) -> None:
    """What export prints, import takes: addresses, titles and categories."""
    (tmp_path / "out.opml").write_text(filled.command("export").stdout)
    other = Planet(tmp_path / "other")
    other.folder.mkdir()
    other.configure([])
    assert other.command("import", str(tmp_path / "out.opml")).returncode == 0
    feeds = YAML(typ="safe").load((other.folder / "feeds.yaml").read_text())["feeds"]
    assert [(feed["category"], feed["title"]) for feed in feeds] == [("Tech/Python", "A"), ("Techno", "B")]
    assert other.command("check").returncode == 0
    assert "0 feeds added" in other.command("import", str(tmp_path / "out.opml")).stdout


def test_a_route_is_exported_as_any_reader_can_ask_for_it(planet: Planet, tmp_path: Path) -> None:
    """OPML names the address behind rsshub:, which import knows for the same feed."""
    planet.configure(["{url: 'rsshub://a/1', title: A}"])
    written = planet.command("export").stdout
    assert 'xmlUrl="https://rsshub.app/a/1"' in written
    (tmp_path / "out.opml").write_text(written)
    assert "0 feeds added" in planet.command("import", str(tmp_path / "out.opml")).stdout


@pytest.mark.parametrize("arguments", [["run", "--json"], ["run"], ["export"], ["sources"], ["schema"], ["--help"]])
def test_an_output_that_is_full_is_told_in_one_sentence(filled: Planet, arguments: list[str]) -> None:
    """Where the results cannot be written, that is no failure of a source, nor one of the program."""
    command = [sys.executable, "-m", "aggregator", *arguments]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=filled.folder, stdout=full, stderr=PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith("aggregator: standard output cannot be written: No space left on device; ")


def test_an_error_that_cannot_be_told_keeps_its_exit_code(planet: Planet) -> None:
    """A log that is full changes no exit code: 1 means that a source failed."""
    planet.configure([])
    for arguments in (["nonsense"], ["-c", "missing.yaml", "run"]):
        command = [sys.executable, "-m", "aggregator", *arguments]
        with Path("/dev/full").open("w") as full:
            assert subprocess.run(command, cwd=planet.folder, stderr=full, timeout=60, check=False).returncode == 2


@pytest.mark.parametrize("closed", ["<&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_run_needs_nobody_to_listen(planet: Planet, origin: Origin, closed: str) -> None:
    """Whatever of input, output and errors is closed, as under some daemons, the work is done."""
    origin.put("/a.xml", rss(Item(title="A", guid="1")))
    planet.configure([f"{{url: '{origin.url('/a.xml')}'}}"])
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "aggregator", "run"]
    done = subprocess.run(command, cwd=planet.folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done
    assert len(json.loads(planet.command("posts", "--json").stdout)) == 1


def test_an_error_that_nobody_hears_is_no_result(filled: Planet) -> None:
    """Where standard error is closed, standard output still holds results only."""
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-m", "aggregator", "run", "nobody"]
    done = subprocess.run(command, cwd=filled.folder, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("arguments", ["run", "run --json", "sources", "posts --json", "schema", "export"])
def test_a_reader_that_leaves_is_no_failure(filled: Planet, arguments: str) -> None:
    """What ``head`` does not want to read any more was done all the same."""
    script = f"'{sys.executable}' -m aggregator {arguments} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=filled.folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_publish_makes_lost_files_again(filled: Planet) -> None:
    """What was removed by hand is written again, byte for byte."""
    before = filled.outputs()
    for path in list(before)[:5]:
        (filled.folder / path).unlink()
    done = json.loads(filled.command("publish", "--json").stdout)
    assert len(done["written"]) == 5
    assert filled.outputs() == before


def test_a_damaged_database_is_told_and_left_alone(filled: Planet) -> None:
    """A database that is empty, garbage or newer than the program ends with 3; nothing is made anew over it."""
    database = filled.folder / "aggregator.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert "newer" in filled.command("run").stderr
    for content in (b"", b"garbage" * 1000):
        for leftover in filled.folder.glob("aggregator.db*"):
            leftover.unlink()
        database.write_bytes(content)
        done = filled.command("run")
        assert done.returncode == 3
        assert "aggregator.db" in done.stderr
        assert database.read_bytes() == content


def test_the_schema_is_valid_and_accepts_the_example(planet: Planet) -> None:
    """`schema` prints a JSON Schema that takes the feeds.yaml of the repository."""
    made = json.loads(planet.command("schema").stdout)
    Draft202012Validator.check_schema(made)
    example = (Path(__file__).parent.parent / "feeds.yaml").read_text("utf-8")
    Draft202012Validator(made).validate(YAML(typ="safe").load(example))
    assert list(Draft202012Validator(made).iter_errors({"site": {"titel": "x"}}))


def test_the_demo_runs_the_whole_job_and_a_second_one_finds_nothing_new(planet: Planet) -> None:
    """Seven sources answer, one fails as it should; the shared story is one post; the paths to open exist."""
    done = planet.command("demo", "--output", "out")
    assert done.returncode == 0, done.stderr
    assert "7 ok, 0 not modified, 1 failed" in done.stdout
    assert "1 duplicate" in done.stdout
    assert (planet.folder / "out/public/index.html").is_file()
    assert "0 new" in planet.command("demo", "--output", "out").stdout


def test_help_comes_at_once() -> None:
    """No heavy room is imported for --help."""
    heavy = "sqlalchemy requests feedparser feedgen lxml pydantic starlette apscheduler jinja2 alembic"
    code = f"import sys, aggregator.cli; print([m for m in {heavy.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59Z", "2026-11-24T08:00:00", "today"])
def test_a_clock_that_cannot_be_is_refused(at: str) -> None:
    """What is no time, names no zone, or leaves no room to count from is a mistake, told with its text."""
    with pytest.raises(ConfigError, match=re.escape(repr(at))):
        common.moment(at)


@pytest.mark.parametrize("at", ["2026-11-24T08:00:00Z", "2026-11-24t08:00:00z", "2026-11-24 09:00:00.75+01:00"])
def test_a_clock_is_told_in_every_form_of_its_standard(at: str) -> None:
    """Small letters, a blank, fractions and other zones name the same second."""
    assert common.moment(at) == datetime(2026, 11, 24, 8, tzinfo=UTC)
