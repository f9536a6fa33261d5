"""Frames and plug-ins of other sites: no reader shows them, so each becomes a link to the page a person opens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from msgspec import Struct

from aggregator import urls
from aggregator.elements import ATTRIBUTE, attributes, escaped, plain, start_tag
from aggregator.pictures import real_source


class Player(Struct, frozen=True, kw_only=True):
    """Frames of one site.

    ``frame`` is a pattern for a frame's address without scheme and ``www.``; ``page`` is the address that a
    person opens, with the pattern's named groups in braces; ``kind`` says what is there.
    """

    kind: str
    frame: str
    page: str


#: One line for each kind of frame; the first pattern that fits counts.  The link's text is "Video on YouTube".
PLAYERS: Mapping[str, tuple[Player, ...]] = {
    "YouTube": (
        Player(
            kind="Playlist",
            frame=r"youtube(?:-nocookie)?\.com/embed/(?:videoseries)?/?\?(?:.*&)?list=(?P<id>[\w-]+)",
            page="https://www.youtube.com/playlist?list={id}",
        ),
        Player(
            kind="Video",
            frame=r"(?:m\.)?youtube(?:-nocookie)?\.com/(?:(?:embed|v|e|shorts|live)/|watch\?(?:.*&)?v=)(?P<id>[\w-]{6,})",
            page="https://www.youtube.com/watch?v={id}",
        ),
        Player(kind="Video", frame=r"youtu\.be/(?P<id>[\w-]{6,})", page="https://www.youtube.com/watch?v={id}"),
    ),
    "Vimeo": (
        Player(
            kind="Video",
            frame=r"player\.vimeo\.com/video/(?P<id>\d+)\?(?:.*&)?h=(?P<key>\w+)",
            page="https://vimeo.com/{id}/{key}",
        ),
        Player(kind="Video", frame=r"player\.vimeo\.com/video/(?P<id>\d+)", page="https://vimeo.com/{id}"),
    ),
    "Bilibili": (
        Player(
            kind="Video",
            frame=r"(?:player\.|m\.)?bilibili\.com/.*[?&]bvid=(?P<id>BV\w+)",
            page="https://www.bilibili.com/video/{id}",
        ),
        Player(
            kind="Video",
            frame=r"(?:player\.|m\.)?bilibili\.com/.*[?&]aid=(?P<id>\d+)",
            page="https://www.bilibili.com/video/av{id}",
        ),
    ),
    "SoundCloud": (
        Player(
            kind="Audio",
            frame=r"w\.soundcloud\.com/player/?\?(?:.*&)?url=https?(?::|%3A)(?:/|%2F){2}(?P<page>soundcloud\.com[^&]+)",
            page="https://{page}",
        ),
        Player(kind="Audio", frame=r"(?P<page>w\.soundcloud\.com/player.*)", page="https://{page}"),
    ),
    "Spotify": (
        Player(
            kind="Audio",
            frame=r"open\.spotify\.com/embed(?:-podcast)?/(?P<kind>[a-z]+)/(?P<id>\w+)",
            page="https://open.spotify.com/{kind}/{id}",
        ),
    ),
    "Apple Podcasts": (
        Player(
            kind="Podcast",
            frame=r"embed\.podcasts\.apple\.com/(?P<path>.+)",
            page="https://podcasts.apple.com/{path}",
        ),
    ),
    "Dailymotion": (
        Player(
            kind="Video",
            frame=r"(?:geo\.)?dailymotion\.com/(?:embed/video/|player.*[?&]video=)(?P<id>\w+)",
            page="https://www.dailymotion.com/video/{id}",
        ),
    ),
    "Twitch": (
        Player(
            kind="Video",
            frame=r"player\.twitch\.tv/\?(?:.*&)?video=v?(?P<id>\d+)",
            page="https://www.twitch.tv/videos/{id}",
        ),
        Player(
            kind="Clip",
            frame=r"clips\.twitch\.tv/embed\?(?:.*&)?clip=(?P<id>[\w-]+)",
            page="https://clips.twitch.tv/{id}",
        ),
        Player(
            kind="Live video",
            frame=r"player\.twitch\.tv/\?(?:.*&)?channel=(?P<id>\w+)",
            page="https://www.twitch.tv/{id}",
        ),
    ),
    "TED": (
        Player(
            kind="Talk",
            frame=r"embed(?:-ssl)?\.ted\.com/talks/(?:lang/[\w-]+/)?(?P<id>\w+)",
            page="https://www.ted.com/talks/{id}",
        ),
    ),
    "CodePen": (
        Player(
            kind="Code",
            frame=r"codepen\.io/(?P<user>(?:team/)?[\w-]+)/embed/(?:preview/)?(?P<id>\w+)",
            page="https://codepen.io/{user}/pen/{id}",
        ),
    ),
    "X": (
        Player(
            kind="Post",
            frame=r"platform\.(?:twitter|x)\.com/embed/.*[?&]id=(?P<id>\d+)",
            page="https://x.com/i/status/{id}",
        ),
        Player(
            kind="Post",
            frame=r"(?:mobile\.)?(?:twitter|x)\.com/(?P<user>\w+)/status/(?P<id>\d+)",
            page="https://x.com/{user}/status/{id}",
        ),
    ),
    "Instagram": (
        Player(
            kind="Post",
            frame=r"instagram\.com/(?P<kind>p|reel|tv)/(?P<id>[\w-]+)/embed",
            page="https://www.instagram.com/{kind}/{id}/",
        ),
    ),
    "Facebook": (
        Player(kind="Post", frame=r"facebook\.com/plugins/\w+\.php\?(?:.*&)?href=(?P<page>[^&]+)", page="{page}"),
    ),
    "TikTok": (
        Player(
            kind="Video",
            frame=r"tiktok\.com/(?:embed/(?:v\d/)?|player/v1/)(?P<id>\d+)",
            page="https://www.tiktok.com/@/video/{id}",
        ),
    ),
    "Youku": (
        Player(
            kind="Video",
            frame=r"player\.youku\.com/embed/(?P<id>[\w=]+)",
            page="https://v.youku.com/v_show/id_{id}.html",
        ),
    ),
    "Tencent Video": (
        Player(
            kind="Video",
            frame=r"v\.qq\.com/(?:txp/)?iframe/.*[?&]vid=(?P<id>\w+)",
            page="https://v.qq.com/x/page/{id}.html",
        ),
    ),
    "PeerTube": (
        Player(
            kind="Video",
            frame=r"(?P<host>[^/]+)/videos/embed/(?P<id>[\w-]+)",
            page="https://{host}/videos/watch/{id}",
        ),
    ),
}

#: Names of the param of an object that holds the address.
_PARAMS = frozenset({"movie", "src", "url", "data", "filename"})
_PART = re.compile(
    # What stands in an iframe is text that only browsers without frames show.
    rf"<(?P<name>iframe)(?P<attributes>{ATTRIBUTE}*+)>.*?</iframe>"
    rf"|<(?P<plugin>embed|object|param)(?P<values>{ATTRIBUTE}*+)>"
    r"|</object>|<p[ >]|</p>",
    re.DOTALL,
)
_EMPTY_QUOTE = re.compile(
    rf"(<blockquote{ATTRIBUTE}*+>\s*+(?:<p{ATTRIBUTE}*+>\s*+)?"
    rf'<a href="([^"]*+)"{ATTRIBUTE}*+>)\s*+(</a>\s*+(?:</p>\s*+)?</blockquote>)'
)
_FRAME = re.compile(rf"<iframe{ATTRIBUTE}*+>.*?</iframe>", re.DOTALL)
_LINK = re.compile(rf"<a({ATTRIBUTE}*+)>(?!\s*+</a>)")
_SITE = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)
#: WordPress gives the frames of other sites a word that is another one from day to day, and those of other articles
#: the address of the article before it.
_SECRET = re.compile(r"(?:(?<=/)embed/)?#\?secret=.*", re.DOTALL)
#: Medium frames what others have through this one.
_EMBEDLY = re.compile(r"https?://cdn\.embedly\.com/widgets/media\.html\?(?:.*&)?url=([^&]+)")


def page(frame: str) -> tuple[str, str]:
    """Return the address that a person opens for the frame at the absolute address ``frame``, and the link's text."""
    proxied = _EMBEDLY.match(frame)
    frame = (proxied and urls.absolute(unquote(proxied[1]))) or _SECRET.sub("", frame)
    site = _SITE.sub("", frame, count=1)
    for name, players in PLAYERS.items():
        for player in players:
            found = re.match(player.frame, site)
            address = found and urls.absolute(player.page.format(**_groups(found)))
            if address:
                return address, f"{player.kind} on {name}"
    return frame, frame


def _groups(found: re.Match[str]) -> dict[str, str]:
    return {name: unquote(value) for name, value in found.groupdict().items()}


def with_words(written: str) -> str:
    """Return ``written`` with words in quotations that hold an empty link alone: a script was to fetch what it says."""
    return _EMPTY_QUOTE.sub(lambda found: found[1] + escaped(page(plain(found[2]))[1]) + found[3], written)


def as_links(written: str, base: str | None) -> str:
    """Return ``written``, markup from nh3, with a link for each iframe, embed and object that has an address.

    A link is a paragraph of its own where none is open; an address that was met before gets no second link
    (an object holds an embed of the same address for older browsers), nor does a page that the article links to
    (WordPress has a link beside the preview of a file, and a quotation before the frame of an article).
    """
    return "".join(_parts(written, base))


def _parts(written: str, base: str | None) -> Iterator[str]:
    seen: set[str] = set()
    linked: set[str] | None = None
    start, in_paragraph = 0, False
    for part in _PART.finditer(written):
        yield written[start : part.start()]
        start = part.end()
        if part[0].startswith(("<p ", "<p>", "</p>")):
            in_paragraph = part[0] != "</p>"
            yield part[0]
            continue
        address = _address(part, base)
        if address and address not in seen:
            seen.add(address)
            address, label = page(address)
            if label == address:
                linked = _linked(written) if linked is None else linked
                if address in linked:
                    continue
                label = _called(part, address)
            link = f"{start_tag('a', {'href': address})}{escaped(label)}</a>"
            yield (
                _apart(link, written[part.start() - 1 : part.start()], written[start : start + 1])
                if in_paragraph
                else f"<p>{link}</p>"
            )
    yield written[start:]


def _address(part: re.Match[str], base: str | None) -> str | None:
    values = real_source(attributes(part["attributes"] or part["values"] or ""))
    if part["plugin"] == "param":
        return urls.absolute(values.get("value"), base) if values.get("name", "").lower() in _PARAMS else None
    return urls.absolute(values.get("data" if part["plugin"] == "object" else "src"), base)


def _linked(written: str) -> set[str]:
    return {attributes(found).get("href", "") for found in _LINK.findall(_FRAME.sub("", written))}


def _called(part: re.Match[str], address: str) -> str:
    title = attributes(part["attributes"] or part["values"] or "").get("title", "").strip()
    return f"{title} ({_SITE.sub('', address).partition('/')[0]})" if title else address


def _apart(link: str, before: str, after: str) -> str:
    # Words that stood on both sides of a frame were not one word.
    return f"{' ' if before.isalnum() else ''}{link}{' ' if after.isalnum() else ''}"
