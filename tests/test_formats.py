"""What is made of a post once stands in every document as if it had been made for that one alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posts import ANY_POST, POSTS, PUBLICATION

from aggregator.models import Post
from aggregator.publish.formats import FORMATS


@pytest.mark.parametrize("name", FORMATS)
@given(posts=st.lists(st.sampled_from(POSTS) | ANY_POST, max_size=3))
@settings(max_examples=15, deadline=None)
def test_entries_are_the_same_in_every_document(name: str, posts: list[Post]) -> None:
    """Entries made one by one, and used in the documents of every level, change no byte of any."""
    made = FORMATS[name]
    shared = [entry for post in posts for entry in made.entries(PUBLICATION, [post])]
    for feed in PUBLICATION.feeds:
        assert made.document(PUBLICATION, feed, shared) == made.render(PUBLICATION, feed, posts)
