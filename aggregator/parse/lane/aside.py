"""How the lane steps aside."""


class Aside(Exception):  # noqa: N818 - no error: the document goes to feedparser
    """The document holds something of which it is not certain here what feedparser makes of it."""
