"""Who wrote it: names and addresses of e-mail as RSS has them, in one text."""

from __future__ import annotations

import pytest
from lane_cases import document

from aggregator import parse
from aggregator.models import Person
from aggregator.parse import lane, reader

URL = "https://site.example.org/feed.xml"


@pytest.mark.parametrize(
    ("said", "name", "email"),
    [
        ("tim@long.cloud (Tim Long)", "Tim Long", "tim@long.cloud"),
        ("Ann Lee &lt;ann@lee.photography&gt;", "Ann Lee", "ann@lee.photography"),
        ("ann@example.museum", "ann@example.museum", "ann@example.museum"),
        ("bot@example.xn--p1ai (Иван)", "Иван", "bot@example.xn--p1ai"),
        ("иван@пример.рф (Иван)", "Иван", "иван@пример.рф"),
        ("ann@[192.0.2.1] (Ann)", "Ann", "ann@[192.0.2.1]"),
        ("@ann@social.example", "@ann@social.example", None),
        ("@ann", "@ann", None),
        ("hidden (Ann)", "Ann", None),
        ("Reuters (London)", "Reuters (London)", None),
    ],
)
def test_a_name_is_told_from_an_address(said: str, name: str, email: str | None) -> None:
    """Whatever the domain ends in; where no address is meant, all of it is the name."""
    feed = document("item", f"<author>{said}</author>")
    assert parse.parse(feed.encode(), "", URL).entries[0].authors == (Person(name=name, email=email),)


@pytest.mark.parametrize("said", ["tim@long.cloud (Tim Long)", "@ann@social.example", "hidden (Ann)", "a@b.museum c"])
def test_both_readers_know_the_same_people(said: str) -> None:
    """The lane and feedparser, which knows no domains that end in more than four letters."""
    feed = document("item", f"<author>{said}</author>")
    heard = lane.hear(feed, URL)
    assert heard is not None
    assert heard.entries[0]["authors"] == reader.hear(feed, URL).entries[0]["authors"]
