"""The look of the pages replaced by a folder of the user's own, file by file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from origin import Origin
from planet import Item, Planet, rss
from posts import CREATED, POSTS, PUBLICATION, SITE, SUBSCRIPTIONS, WHOLE

from aggregator import web
from aggregator.errors import OutputError
from aggregator.publish import html, theme, trial
from aggregator.publish.formats import FORMATS


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    folder.mkdir()
    return folder


def page(folder: Path) -> str:
    document = FORMATS["html"].render(replace(PUBLICATION, templates=folder), WHOLE, POSTS)
    return document.body.decode()


def test_an_empty_folder_changes_nothing(templates: Path) -> None:
    """What the user does not replace is ours."""
    ours = FORMATS["html"].render(PUBLICATION, WHOLE, POSTS)
    assert page(templates) == ours.body.decode()
    trial.render(templates)


def test_a_file_stands_in_for_ours_of_that_name(templates: Path) -> None:
    """A style sheet alone replaces the style, and the page's policy follows it."""
    (templates / "style.css").write_text("body { color: #123456; }", "utf-8")
    assert "<style>body { color: #123456; }</style>" in page(templates)
    assert f"style-src '{theme.hash_of('body { color: #123456; }')}'" in page(templates)


@pytest.mark.parametrize("name", ["index.html.j2", "base.html.j2", "style.css"])
def test_a_file_that_comes_or_goes_while_the_program_runs_counts_at_once(templates: Path, name: str) -> None:
    """The service need not be started again for the first look of one's own, or to have ours back."""
    ours = page(templates)
    (templates / name).write_text("Mine", "utf-8")
    assert "Mine" in page(templates)
    (templates / name).unlink()
    assert page(templates) == ours


def test_a_template_may_extend_the_one_that_it_replaces(templates: Path) -> None:
    """``default/NAME`` is ours, so that a change of one block does not take a copy of the rest."""
    body = '{% extends "default/index.html.j2" %}{% block foot %}<p>Mine, {{ feed.title }}</p>{% endblock %}'
    (templates / "index.html.j2").write_text(body, "utf-8")
    assert "<p>Mine, Planet Example</p>" in page(templates)
    assert "Harbour &amp; bridge" in page(templates)


def test_values_are_escaped_in_templates_of_the_user_too(templates: Path) -> None:
    """Who forgets about markup in titles is safe all the same."""
    (templates / "index.html.j2").write_text("{% for post in posts %}{{ post.title }}{% endfor %}", "utf-8")
    assert "Harbour &amp; bridge" in page(templates)


@pytest.mark.parametrize(
    ("name", "body", "complaint"),
    [
        ("index.html.j2", "one\n{% for post in posts %}\n", "index.html.j2, line 2: Unexpected end of template."),
        (
            "post.html.j2",
            "{% macro article(post, direction) %}\n{{ post.titel }}{% endmacro %}",
            "post.html.j2, line 2:",
        ),
        ("sources.html.j2", "\n\n{{ 1 / 0 }}", "sources.html.j2, line 3: division by zero"),
        ("base.html.j2", '{% include "none.html" %}', "base.html.j2, line 1: there is no template none.html"),
        (
            "index.html.j2",
            "{{ posts[9].title }}",
            "index.html.j2, line 1:",
        ),
    ],
    ids=["unfinished", "misspelt", "failing", "missing", "too few"],
)
def test_a_trial_finds_what_is_wrong_and_where(templates: Path, name: str, body: str, complaint: str) -> None:
    """The complaint names file and line, whatever page the template is used on."""
    (templates / name).write_text(body, "utf-8")
    with pytest.raises(OutputError) as caught:
        trial.render(templates)
    assert str(caught.value).startswith(f"{templates}/{complaint}")


@pytest.mark.parametrize("name", ["typo.html.j2", "styles.css", "times.js"])
def test_a_file_that_no_page_is_made_of_is_a_mistake(templates: Path, name: str) -> None:
    """A misspelt name is told with those that there are; what is no template may lie there."""
    (templates / "README.md").write_text("Ours.", "utf-8")
    (templates / "missing.html.j2").write_text("Nothing here.", "utf-8")
    trial.render(templates)
    (templates / name).write_text("", "utf-8")
    with pytest.raises(OutputError) as caught:
        trial.render(templates)
    assert str(caught.value) == (
        f"{templates}/{name}: no page is made of it; the names of templates are base.html.j2, health.html.j2, "
        "index.html.j2, macros.html.j2, missing.html.j2, post.html.j2, sources.html.j2, style.css, time.js"
    )


@pytest.mark.parametrize("name", ["'foot.html.j2'", "'parts/' + language", "['none', 'foot.html.j2']"])
def test_a_file_that_a_template_includes_is_none(templates: Path, name: str) -> None:
    """Templates may have parts, whatever they are called, also where the name is made up with the page."""
    (templates / "foot.html.j2").write_text("<p>Foot</p>", "utf-8")
    (templates / "parts").mkdir()
    (templates / "parts/en").write_text("<p>Foot</p>", "utf-8")
    body = f'{{% extends "default/index.html.j2" %}}{{% block foot %}}{{% include {name} %}}{{% endblock %}}'
    (templates / "index.html.j2").write_text(body, "utf-8")
    trial.render(templates)


def test_the_templates_that_may_be_replaced_are_those_of_the_pages() -> None:
    """Those of the web server, too."""
    folders = (Path(theme.__file__).parent / "templates", Path(web.__file__).parent / "templates")
    assert {path.name for folder in folders for path in folder.iterdir()} == theme.NAMES


def test_the_folders_content_has_a_digest(templates: Path) -> None:
    """It changes with every file, so that the next cycle makes all pages again."""
    assert theme.digest(None) == ""
    seen = {theme.digest(templates)}
    for body in ("a", "b"):
        (templates / "style.css").write_text(body, "utf-8")
        seen.add(theme.digest(templates))
    assert len(seen) == 3


def test_a_broken_template_is_a_mistake_and_harms_no_output(tmp_path: Path, origin: Origin) -> None:
    """``check`` and ``run`` say where it is and leave with 2; the pages stay as they are until it works."""
    planet = Planet(tmp_path)
    origin.put("/a.xml", rss(Item(title="Alpha", guid="1")))
    planet.configure(
        [f"{{url: '{origin.url('/a.xml')}', id: a}}"], more="output: {path: public, posts: posts, templates: templates}"
    )
    refused = planet.command("check")
    assert (refused.returncode, "is no folder; make it" in refused.stderr) == (2, True)
    (tmp_path / "templates").mkdir()
    planet.run()
    before = planet.snapshot()
    (tmp_path / "templates/index.html.j2").write_text("{{ feed.titel }}", "utf-8")
    for command in (["check"], ["run", "--force"]):
        done = planet.command(*command)
        assert done.returncode == 2
        assert done.stderr.startswith("feeds.yaml:4:")
        assert f"{tmp_path}/templates/index.html.j2, line 1: " in done.stderr
    assert planet.snapshot() == before
    (tmp_path / "templates/index.html.j2").write_text("{{ feed.title }}!", "utf-8")
    assert planet.run()["files"]["written"] == 1
    assert (tmp_path / "public/index.html").read_text("utf-8") == "Planet Test!"


def test_the_page_of_sources_lists_them_by_category() -> None:
    """Each has its site, its feed and its newest post; one that is gone or waits says so."""
    gone = replace(SUBSCRIPTIONS[0], newest=CREATED, gone=True)
    waiting = replace(SUBSCRIPTIONS[1], enabled=False)
    document = html.sources(PUBLICATION, [waiting, gone, *SUBSCRIPTIONS[2:]])
    words = document.body.decode()
    assert document.path == "sources.html"
    places = [words.index(name) for name in ("Loose", "Example News", "More “news”")]
    assert places == sorted(places)
    assert "its server took it away for good · newest post <time" in words
    assert "not asked at present · no posts yet" in words
    assert '<a href="new-media/index.html" dir="auto">新媒体</a>' in words
    assert html.sources(PUBLICATION, []).body.decode().count("No sources yet") == 1
    assert SITE.title in words


def test_categories_below_one_stand_together_on_the_page_of_sources() -> None:
    """Each level stands where its first source does in feeds.yaml, whatever stands between the others of it."""
    listed = [("Life", "Garden"), ("Tech",), ("Life", "Sea"), ("Tech", "Web"), ("Life",), (), ("Life", "Garden")]
    told = [replace(SUBSCRIPTIONS[0], title=f"Source {number}", category=each) for number, each in enumerate(listed)]
    words = html.sources(PUBLICATION, told).body.decode()
    assert re.findall(r">Source (\d)</a>", words) == ["5", "4", "0", "6", "2", "1", "3"]


def test_each_link_to_a_feed_says_whose_it_is() -> None:
    """Who goes from link to link by ear hears more than "feed" again and again."""
    words = html.sources(PUBLICATION, SUBSCRIPTIONS).body.decode()
    for each in SUBSCRIPTIONS:
        assert f'aria-label="feed: {each.title}">feed</a>' in words


def test_web_servers_let_the_one_script_run() -> None:
    """The policies of our own server and of the site for nginx name it by its digest, as the pages do."""
    digest = f"script-src '{theme.hash_of(theme.script())}';"
    assert digest in web.POLICY
    assert digest in (Path(__file__).parent.parent / "deploy/nginx.conf").read_text("utf-8")
