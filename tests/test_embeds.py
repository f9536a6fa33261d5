"""Frames of players: the page that a person opens."""

from __future__ import annotations

import pytest

from aggregator.embeds import PLAYERS, page
from aggregator.sanitise import clean

#: (frame, page, text)
FRAMES = [
    (
        "https://www.youtube.com/embed/aqz-KE-bpKQ?start=3&rel=0",
        "https://www.youtube.com/watch?v=aqz-KE-bpKQ",
        "Video on YouTube",
    ),
    (
        "https://www.youtube-nocookie.com/embed/aqz-KE-bpKQ",
        "https://www.youtube.com/watch?v=aqz-KE-bpKQ",
        "Video on YouTube",
    ),
    ("http://youtube.com/v/aqz-KE-bpKQ", "https://www.youtube.com/watch?v=aqz-KE-bpKQ", "Video on YouTube"),
    ("https://youtu.be/aqz-KE-bpKQ?t=1", "https://www.youtube.com/watch?v=aqz-KE-bpKQ", "Video on YouTube"),
    (
        "https://www.youtube.com/embed/videoseries?si=x&list=PL-a_b",
        "https://www.youtube.com/playlist?list=PL-a_b",
        "Playlist on YouTube",
    ),
    ("https://player.vimeo.com/video/76979871?dnt=1", "https://vimeo.com/76979871", "Video on Vimeo"),
    (
        "https://player.vimeo.com/video/76979871?dnt=1&h=8272103f6e",
        "https://vimeo.com/76979871/8272103f6e",
        "Video on Vimeo",
    ),
    (
        "https://player.bilibili.com/player.html?aid=1&bvid=BV1xx411c7mD&page=1",
        "https://www.bilibili.com/video/BV1xx411c7mD",
        "Video on Bilibili",
    ),
    (
        "https://www.bilibili.com/blackboard/html5mobileplayer.html?aid=170001",
        "https://www.bilibili.com/video/av170001",
        "Video on Bilibili",
    ),
    (
        "https://w.soundcloud.com/player/?color=f50&url=https%3A//soundcloud.com/a/b-c&auto_play=false",
        "https://soundcloud.com/a/b-c",
        "Audio on SoundCloud",
    ),
    (
        "https://w.soundcloud.com/player/?url=https%3A//api.soundcloud.com/tracks/1",
        "https://w.soundcloud.com/player/?url=https://api.soundcloud.com/tracks/1",
        "Audio on SoundCloud",
    ),
    (
        "https://open.spotify.com/embed/episode/7makk4oTQel546B0PZlDM5?theme=0",
        "https://open.spotify.com/episode/7makk4oTQel546B0PZlDM5",
        "Audio on Spotify",
    ),
    (
        "https://embed.podcasts.apple.com/us/podcast/a/id1?i=2",
        "https://podcasts.apple.com/us/podcast/a/id1?i=2",
        "Podcast on Apple Podcasts",
    ),
    (
        "https://www.dailymotion.com/embed/video/x7tgad0",
        "https://www.dailymotion.com/video/x7tgad0",
        "Video on Dailymotion",
    ),
    (
        "https://geo.dailymotion.com/player/x1.html?video=x7tgad0",
        "https://www.dailymotion.com/video/x7tgad0",
        "Video on Dailymotion",
    ),
    ("https://player.twitch.tv/?parent=a.b&video=v123", "https://www.twitch.tv/videos/123", "Video on Twitch"),
    ("https://player.twitch.tv/?channel=some_one&parent=a.b", "https://www.twitch.tv/some_one", "Live video on Twitch"),
    ("https://clips.twitch.tv/embed?clip=Abc-1&parent=a", "https://clips.twitch.tv/Abc-1", "Clip on Twitch"),
    ("https://embed.ted.com/talks/lang/de/some_body_on_it", "https://www.ted.com/talks/some_body_on_it", "Talk on TED"),
    ("https://codepen.io/ada/embed/preview/abCdeF?tab=js", "https://codepen.io/ada/pen/abCdeF", "Code on CodePen"),
    ("https://platform.twitter.com/embed/Tweet.html?theme=light&id=20", "https://x.com/i/status/20", "Post on X"),
    ("https://twitter.com/ann/status/20?s=46", "https://x.com/ann/status/20", "Post on X"),
    ("https://www.instagram.com/p/B-x_1/embed/captioned/", "https://www.instagram.com/p/B-x_1/", "Post on Instagram"),
    (
        "https://www.facebook.com/plugins/video.php?width=1&href=https%3A%2F%2Fwww.facebook.com%2Fa%2Fvideos%2F1%2F",
        "https://www.facebook.com/a/videos/1/",
        "Post on Facebook",
    ),
    ("https://www.tiktok.com/embed/v2/7100", "https://www.tiktok.com/@/video/7100", "Video on TikTok"),
    ("https://player.youku.com/embed/XMTIz==", "https://v.youku.com/v_show/id_XMTIz==.html", "Video on Youku"),
    ("https://v.qq.com/txp/iframe/player.html?vid=a00b", "https://v.qq.com/x/page/a00b.html", "Video on Tencent Video"),
    (
        "https://tube.example.org/videos/embed/9c9de5e8-0a1e?x=1",
        "https://tube.example.org/videos/watch/9c9de5e8-0a1e",
        "Video on PeerTube",
    ),
    (
        "https://cdn.embedly.com/widgets/media.html?src=https%3A%2F%2Fwww.youtube.com%2Fembed%2Faqz-KE-bpKQ%3Ffeature%3Doembed"
        "&display_name=YouTube&url=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3Daqz-KE-bpKQ&image=x",
        "https://www.youtube.com/watch?v=aqz-KE-bpKQ",
        "Video on YouTube",
    ),
    (
        "https://cdn.embedly.com/widgets/media.html?url=https%3A%2F%2Fexample.org%2Fa&key=x",
        "https://example.org/a",
        None,
    ),
    (
        "https://cdn.embedly.com/widgets/media.html?url=javascript%3Ax",
        "https://cdn.embedly.com/widgets/media.html?url=javascript%3Ax",
        None,
    ),
    ("https://example.org/chart/7/#?secret=E9UQYf23ZU", "https://example.org/chart/7/", None),
    ("https://example.org/a/embed/#?secret=5IPOhl#?secret=cQHcsL", "https://example.org/a/", None),
    ("https://example.org/w?a=1&b=2", "https://example.org/w?a=1&b=2", "https://example.org/w?a=1&b=2"),
    ("https://evil.example/youtube.com/embed/aqz-KE-bpKQ", "https://evil.example/youtube.com/embed/aqz-KE-bpKQ", None),
    (
        "https://www.facebook.com/plugins/post.php?href=javascript%3Ax",
        "https://www.facebook.com/plugins/post.php?href=javascript%3Ax",
        None,
    ),
]


@pytest.mark.parametrize(("frame", "address", "label"), FRAMES)
def test_a_frame_leads_to_its_page(frame: str, address: str, label: str | None) -> None:
    """Each kind of frame becomes the page that a person opens; any other stays its own address."""
    assert page(frame) == (address, label or address)


def test_every_player_is_tried() -> None:
    """No site of the table is without an example."""
    assert {label.partition(" on ")[2] for _, _, label in FRAMES if label and " on " in label} == set(PLAYERS)


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("element", ["iframe src={}></iframe>", "embed src={}>", "object data={}></object>"])
def test_frames_and_plug_ins_become_links(element: str, quote: str) -> None:
    """Whatever element holds the player, its place is taken by a link in a paragraph."""
    markup = f"<p>a</p><{element.format(quote + '//youtu.be/aqz-KE-bpKQ' + quote)}<p>b</p>"
    link = '<p><a href="https://www.youtube.com/watch?v=aqz-KE-bpKQ">Video on YouTube</a></p>'
    assert clean(markup, "https://example.org/") == f"<p>a</p>{link}<p>b</p>"


def test_each_of_several_frames_is_kept_once() -> None:
    """Different frames all get their link, in their order; the same one again does not."""
    markup = "".join(f"<iframe src=https://e.example/{name}></iframe>" for name in "abca")
    cleaned = clean(markup, None)
    assert [cleaned.count(f'href="https://e.example/{name}"') for name in "abc"] == [1, 1, 1]
    assert cleaned.index("/a") < cleaned.index("/b") < cleaned.index("/c")


def test_an_article_that_another_embeds_is_linked_once() -> None:
    """WordPress has a quotation before the frame, and the same word in both, which is another one from day to day."""
    article = (
        '<blockquote class="wp-embedded-content" data-secret="{0}"><a href="https://e.example/a/">A</a></blockquote>'
        '<iframe class="wp-embedded-content" src="https://e.example/a/embed/#?secret={0}" data-secret="{0}"></iframe>'
    )
    expected = '<blockquote><a href="https://e.example/a/">A</a></blockquote>'
    assert [clean(article.format(secret), None) for secret in ("cQHcsLr1K7", "5IPOhlXzpR")] == [expected] * 2


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (
            '<iframe title="Chips &amp; rules" src="https://charts.example/1/"></iframe>',
            '<p><a href="https://charts.example/1/">Chips &amp; rules (charts.example)</a></p>',
        ),
        (
            '<iframe title="A film" src="https://youtu.be/aqz-KE-bpKQ"></iframe>',
            '<p><a href="https://www.youtube.com/watch?v=aqz-KE-bpKQ">Video on YouTube</a></p>',
        ),
        (
            '<object data="https://e.example/a.pdf"></object><a title="t" href="https://e.example/a.pdf">A</a>',
            '<a title="t" href="https://e.example/a.pdf">A</a>',
        ),
        (
            '<iframe src="https://e.example/a"><a href="https://e.example/a">A</a></iframe>',
            '<p><a href="https://e.example/a">https://e.example/a</a></p>',
        ),
    ],
)
def test_a_frame_of_an_unknown_site_is_called_by_its_title(frame: str, expected: str) -> None:
    """Its address says little; and where the article links to that, it has a name already."""
    assert clean(frame, None) == expected


@pytest.mark.parametrize(
    ("quoted", "words"),
    [
        ('<a href="https://twitter.com/ann/status/20"></a>', "Post on X"),
        (
            '\n <p lang="en"><a href="https://e.example/a?b=1&amp;c=2" title="t"> </a></p>\n',
            "https://e.example/a?b=1&amp;c=2",
        ),
    ],
)
def test_a_quotation_that_a_script_was_to_fill_says_what_it_is(quoted: str, words: str) -> None:
    """An empty link is seen by nobody, and what was quoted would be lost."""
    cleaned = clean(
        f'<p>a</p><blockquote class="twitter-tweet">{quoted}</blockquote><script async src="x.js"></script>', None
    )
    assert f">{words}</a>" in cleaned
    assert clean(cleaned, None) == cleaned
