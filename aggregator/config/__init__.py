"""feeds.yaml: what it may say, what is wrong with it, and the settings that come of it.

``values`` → ``model`` say what may stand in the file; ``nodes`` → ``reader`` → ``resolve`` lead from its text to
``Settings``.  ``edit`` changes the text, ``opml`` reads subscriptions; both are imported where they are needed.
"""

from __future__ import annotations

from aggregator.config.jsonschema import schema
from aggregator.config.reader import load, parse
from aggregator.config.settings import Settings

__all__ = ["Settings", "load", "parse", "schema"]
