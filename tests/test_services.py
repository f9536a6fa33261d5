"""Well-known services: from the address of a page to those of its feeds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import urls
from aggregator.services import SERVICES, SOFTWARE, feeds, guesses

GITHUB = "https://github.com/python/cpython"
GITLAB = "https://gitlab.com/inkscape/inkscape"
GITLAB_ENDS = ("/-/releases.atom", "/-/tags?format=atom", ".atom")
CHANNEL = "UC_x5XG1OV2P6uZZ5FSM9Ttw"
VIDEOS = "https://www.youtube.com/feeds/videos.xml"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (f"https://www.youtube.com/channel/{CHANNEL}", [f"{VIDEOS}?channel_id={CHANNEL}"]),
        (f"https://m.youtube.com/channel/{CHANNEL}/videos?view=0", [f"{VIDEOS}?channel_id={CHANNEL}"]),
        ("https://www.youtube.com/playlist?list=PL590L5WQmH8f", [f"{VIDEOS}?playlist_id=PL590L5WQmH8f"]),
        ("https://youtube.com/playlist?feature=x&list=PL59-_0L&si=y", [f"{VIDEOS}?playlist_id=PL59-_0L"]),
        ("https://www.youtube.com/@handle", []),
        ("https://www.youtube.com/watch?v=abc&list=PL5", []),
        (GITHUB, [f"{GITHUB}/releases.atom", f"{GITHUB}/tags.atom", f"{GITHUB}/commits.atom"]),
        (f"{GITHUB}.git", [f"{GITHUB}/releases.atom", f"{GITHUB}/tags.atom", f"{GITHUB}/commits.atom"]),
        (f"{GITHUB}/releases/tag/v3?x=y", [f"{GITHUB}/releases.atom"]),
        (f"{GITHUB}/tags", [f"{GITHUB}/tags.atom"]),
        (f"{GITHUB}/commits/3.12/", [f"{GITHUB}/commits/3.12.atom"]),
        (f"{GITHUB}/commits/feature/x", [f"{GITHUB}/commits/feature/x.atom"]),
        (f"{GITHUB}/issues", []),
        (f"{GITHUB}/releases.atom", []),
        ("https://github.com/gvanrossum", ["https://github.com/gvanrossum.atom"]),
        ("https://github.com/gvanrossum.atom", []),
        ("https://github.com/topics/python", []),
        ("https://github.com/", []),
        (GITLAB, [f"{GITLAB}/-/releases.atom", f"{GITLAB}/-/tags?format=atom", f"{GITLAB}.atom"]),
        ("https://gitlab.com/a/b/c/-/tags", [f"https://gitlab.com/a/b/c{end}" for end in GITLAB_ENDS]),
        ("https://gitlab.com/a/b/-/issues", []),
        ("https://codeberg.org/a/b", ["https://codeberg.org/a/b/releases.rss", "https://codeberg.org/a/b.rss"]),
        ("https://www.reddit.com/r/programming/", ["https://www.reddit.com/r/programming/.rss"]),
        ("https://old.reddit.com/r/programming/top?t=week", ["https://www.reddit.com/r/programming/top/.rss"]),
        ("https://www.reddit.com/user/spez", ["https://www.reddit.com/user/spez/.rss"]),
        ("https://www.reddit.com/r/a/comments/1abc/some_title/", ["https://www.reddit.com/r/a/comments/1abc/some_title/.rss"]),
        ("https://www.reddit.com/r/programming/.rss", []),
        ("https://medium.com/@ev", ["https://medium.com/feed/@ev"]),
        ("https://medium.com/@ev/some-story-1234", ["https://medium.com/feed/@ev"]),
        ("https://medium.com/better-programming", ["https://medium.com/feed/better-programming"]),
        ("https://medium.com/tag/python/latest", ["https://medium.com/feed/tag/python"]),
        ("https://medium.com/feed/@ev", []),
        ("https://netflixtechblog.medium.com/", ["https://netflixtechblog.medium.com/feed"]),
        ("https://astralcodexten.substack.com/p/x", ["https://astralcodexten.substack.com/feed"]),
        ("https://astralcodexten.substack.com/feed", []),
        ("https://example.wordpress.com/", ["https://example.wordpress.com/feed/"]),
        ("https://example.wordpress.com/category/x", ["https://example.wordpress.com/category/x/feed/"]),
        ("https://example.blogspot.com/2024/01/x.html", ["https://example.blogspot.com/feeds/posts/default"]),
        ("https://www.tumblr.com/staff", ["https://staff.tumblr.com/rss"]),
        ("https://staff.tumblr.com", ["https://staff.tumblr.com/rss"]),
        ("https://staff.tumblr.com/tagged/art", ["https://staff.tumblr.com/tagged/art/rss"]),
        ("https://www.tumblr.com/tagged/art", []),
        ("https://bsky.app/profile/bsky.app", ["https://bsky.app/profile/bsky.app/rss"]),
        ("https://bsky.app/profile/did:plc:z72i7hdynmk6r22z27h6tvur", ["https://bsky.app/profile/did:plc:z72i7hdynmk6r22z27h6tvur/rss"]),
        ("https://stackoverflow.com/questions/tagged/python+pandas", ["https://stackoverflow.com/feeds/tag/python+pandas"]),
        ("https://unix.stackexchange.com/questions/12/x", ["https://unix.stackexchange.com/feeds/question/12"]),
        ("https://math.stackexchange.com/users/7/y", ["https://math.stackexchange.com/feeds/user/7"]),
        ("https://mathoverflow.net/", ["https://mathoverflow.net/feeds"]),
        ("https://news.ycombinator.com/", ["https://news.ycombinator.com/rss"]),
        ("https://news.ycombinator.com/item?id=1", []),
        ("https://arxiv.org/list/cs.CL/recent", ["https://rss.arxiv.org/atom/cs.CL"]),
        ("https://arxiv.org/abs/2401.00001", []),
        ("https://example.org/", []),
        ("https://github.com.example.org/a/b", []),
        ("https://evilgithub.com/a/b", []),
        ("ftp://github.com/a/b", []),
    ],
)  # fmt: skip
def test_pages_of_services(page: str, expected: list[str]) -> None:
    """Each kind of page has the feeds that its service documents; feeds and other pages have none."""
    assert list(feeds(page)) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("https://mastodon.social/@Gargron", ["https://mastodon.social/@Gargron.rss"]),
        ("https://mastodon.social/tags/python", ["https://mastodon.social/tags/python.rss"]),
        ("https://mastodon.social/@Gargron/1234", []),
        ("https://mastodon.social/@Gargron.rss", []),
        ("https://example.org/", []),
    ],
)
def test_pages_of_software(page: str, expected: list[str]) -> None:
    """Pages that look like Mastodon's have a guess, wherever they are."""
    assert list(guesses(page)) == expected


@given(st.sampled_from(["https://github.com/", "https://gitlab.com/", "https://x.tumblr.com/", "https://"]), st.text())
def test_what_comes_out_stays_at_its_service(start: str, rest: str) -> None:
    """Whatever is in an address, its feeds are addresses of the host that the rule is about."""
    for rule in (feeds, guesses):
        try:
            made = rule(start + rest)
        except ValueError:
            continue  # no address at all
        for feed in made:
            assert urls.absolute(feed)
            if start.endswith("com/"):
                assert urls.host(feed) == urls.host(start)


def test_every_service_is_documented() -> None:
    """The table in docs/discovery.md names each service, and where its rule is written."""
    table = (Path(__file__).parents[1] / "docs" / "discovery.md").read_text("utf-8")
    assert all(f"| {rule.service} |" in table for rule in (*SERVICES, *SOFTWARE))
