"""From the address of a page at a well-known service to those of its feeds, by the rules that the services document.

Where each rule is documented: docs/discovery.md.  What a service's pages link to themselves needs no rule here.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from msgspec import Struct


class Rule(Struct, frozen=True):
    """A kind of page of a ``service``: ``page`` matches host, path and query, ``feeds`` are made of its groups."""

    service: str
    page: re.Pattern[str]
    feeds: tuple[str, ...]


def feeds(url: str) -> tuple[str, ...]:
    """Return the addresses of the feeds of ``url``, a page of a known service, best first; none where no rule fits."""
    return _made(url, SERVICES)


def guesses(url: str) -> tuple[str, ...]:
    """Return where the feeds of ``url`` would be if its server ran the software that such a path is known from."""
    return tuple(urljoin(url, feed) for feed in _made(url, SOFTWARE))


def _made(url: str, rules: tuple[Rule, ...]) -> tuple[str, ...]:
    split = urlsplit(url)
    path = split.path.rstrip("/")
    if split.scheme.lower() not in ("http", "https") or path.endswith(_FEEDS):
        return ()
    page = (split.hostname or "").removeprefix("www.") + path
    for rule in rules:
        if found := rule.page.fullmatch(page) or rule.page.fullmatch(f"{page}?{split.query}"):
            return tuple(feed.format(**found.groupdict()) for feed in rule.feeds)
    return ()


def _rule(service: str, page: str, *feeds: str) -> Rule:
    return Rule(service, re.compile(page, re.ASCII), feeds)


#: What ends so is a feed, not a page.
_FEEDS = (".atom", ".rss", ".xml", ".rdf", ".json")
_NAME = r"[\w.~%-]+"
_YOUTUBE = "https://www.youtube.com/feeds/videos.xml"
#: What stands at the top of GitHub without being somebody.
_NOBODY = (
    "(?!(?:about|apps|collections|contact|enterprise|events|explore|features|issues|login|marketplace|new|notifications|"
    "orgs|pricing|pulls|search|security|settings|signup|site|sponsors|topics|trending)(?:/|$))"
)
_STACK = (
    r"(?:(?:\w+\.)?stackoverflow|superuser|serverfault|askubuntu)\.com|mathoverflow\.net|[\w-]+\.stackexchange\.com"
)

#: Services by their hosts.  Tried from the top, the first that fits counts.
SERVICES = (
    _rule(
        "YouTube",
        r"(?:m\.)?youtube\.com/channel/(?P<id>UC[\w-]{22})(?:/\w+)?",
        f"{_YOUTUBE}?channel_id={{id}}",
    ),
    _rule(
        "YouTube",
        r"(?:m\.)?youtube\.com/playlist\?(?:.*&)?list=(?P<id>[\w-]+)(?:&.*)?",
        f"{_YOUTUBE}?playlist_id={{id}}",
    ),
    _rule(
        "GitHub",
        rf"github\.com/(?P<path>{_NAME}/{_NAME})/(?P<kind>releases|tags)(?:/.*)?",
        "https://github.com/{path}/{kind}.atom",
    ),
    _rule(
        "GitHub",
        rf"github\.com/(?P<path>{_NAME}/{_NAME})/(?:commits|tree)/(?P<branch>{_NAME}(?:/{_NAME})*)",
        "https://github.com/{path}/commits/{branch}.atom",
    ),
    _rule(
        "GitHub",
        rf"github\.com/{_NOBODY}(?P<path>{_NAME}/[\w.-]+?)(?:\.git)?",
        "https://github.com/{path}/releases.atom",
        "https://github.com/{path}/tags.atom",
        "https://github.com/{path}/commits.atom",
    ),
    _rule("GitHub", rf"github\.com/{_NOBODY}(?P<user>[\w-]+)", "https://github.com/{user}.atom"),
    _rule(
        "GitLab",
        rf"gitlab\.com/(?!-|explore|help|users)(?P<path>{_NAME}(?:/(?!-(?:/|$)){_NAME})+)(?:/-/(?:releases|tags|commits)(?:/.*)?)?",
        "https://gitlab.com/{path}/-/releases.atom",
        "https://gitlab.com/{path}/-/tags?format=atom",
        "https://gitlab.com/{path}.atom",
    ),
    _rule(
        "Codeberg",
        rf"codeberg\.org/(?!explore/|user/)(?P<path>{_NAME}/{_NAME})(?:/releases)?",
        "https://codeberg.org/{path}/releases.rss",
        "https://codeberg.org/{path}.rss",
    ),
    _rule(
        "Reddit",
        rf"(?:old\.|new\.)?reddit\.com/(?P<path>(?:r|u|user)/{_NAME}(?:/(?:new|top|hot|rising|comments/\w+(?:/{_NAME})?))?)",
        "https://www.reddit.com/{path}/.rss",
    ),
    _rule("Medium", rf"medium\.com/tag/(?P<tag>{_NAME})(?:/.*)?", "https://medium.com/feed/tag/{tag}"),
    _rule("Medium", rf"medium\.com/(?!feed(?:/|$))(?P<name>@?{_NAME})(?:/.*)?", "https://medium.com/feed/{name}"),
    _rule("Medium", r"(?P<name>[\w-]+)\.medium\.com(?:/(?!feed\b).*)?", "https://{name}.medium.com/feed"),
    _rule("Substack", r"(?P<name>[\w-]+)\.substack\.com(?:/(?!feed\b).*)?", "https://{name}.substack.com/feed"),
    _rule(
        "WordPress",
        rf"(?P<site>[\w-]+\.wordpress\.com)(?P<path>(?:/(?:category|tag|author)/{_NAME})?)",
        "https://{site}{path}/feed/",
    ),
    _rule("Blogger", r"(?P<site>[\w-]+\.blogspot\.com)(?:/(?!feeds/).*)?", "https://{site}/feeds/posts/default"),
    _rule(
        "Tumblr",
        r"tumblr\.com/(?!dashboard|explore|search|tagged)(?:blog/(?:view/)?)?(?P<name>[\w-]+)(?:/.*)?",
        "https://{name}.tumblr.com/rss",
    ),
    _rule(
        "Tumblr",
        rf"(?P<name>[\w-]+)\.tumblr\.com(?P<path>(?:/tagged/{_NAME})?)",
        "https://{name}.tumblr.com{path}/rss",
    ),
    _rule("Bluesky", r"bsky\.app/profile/(?P<name>[\w.:%-]+)", "https://bsky.app/profile/{name}/rss"),
    _rule(
        "Stack Exchange",
        rf"(?P<site>{_STACK})/questions/tagged/(?P<tag>[\w.+%-]+)",
        "https://{site}/feeds/tag/{tag}",
    ),
    _rule(
        "Stack Exchange",
        rf"(?P<site>{_STACK})/questions/(?P<number>\d+)(?:/.*)?",
        "https://{site}/feeds/question/{number}",
    ),
    _rule(
        "Stack Exchange",
        rf"(?P<site>{_STACK})/users/(?P<number>\d+)(?:/.*)?",
        "https://{site}/feeds/user/{number}",
    ),
    _rule("Stack Exchange", rf"(?P<site>{_STACK})(?:/questions)?", "https://{site}/feeds"),
    _rule("Hacker News", r"news\.ycombinator\.com(?:/news)?", "https://news.ycombinator.com/rss"),
    _rule("arXiv", r"arxiv\.org/list/(?P<name>[\w.-]+)(?:/\w+)?", "https://rss.arxiv.org/atom/{name}"),
)

#: Software that anybody may run: the feeds are at the page's own site.
SOFTWARE = (
    _rule("Mastodon", r"[^/]+/(?P<name>@\w+)", "/{name}.rss"),
    _rule("Mastodon", r"[^/]+/tags/(?P<tag>\w+)", "/tags/{tag}.rss"),
)
