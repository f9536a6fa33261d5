"""A feed aggregator that remembers: feeds in, front-matter posts and attributed Atom feeds out."""

__version__ = "0.1.0"

#: What the outputs name as their generator, and the User-Agent points at (RFC 9110, section 10.1.5).
PROJECT_URL = "https://github.com/aggregator-project/aggregator"
