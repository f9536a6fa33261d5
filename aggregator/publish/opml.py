"""OPML 2.0: the sources as outlines, nested by category (opml.org/spec2.opml)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator import text
from aggregator.categories import heads
from aggregator.models import Document, Site, Subscription
from aggregator.publish import safe
from aggregator.publish.addresses import OPML
from aggregator.publish.generator import add
from aggregator.times import rfc822

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def render(site: Site, subscriptions: Sequence[Subscription], created: datetime) -> Document:
    """Return ``opml.xml``: ``subscriptions`` in their order, categories where the first of each stands.

    ``created`` is the document's date of creation; a time that moved would make every run write the file.
    """
    from lxml import etree  # when it is needed: 14 ms, and most runs publish nothing

    root = etree.Element("opml", version="2.0")
    head = add(root, "head")
    add(head, "title", text.legal(site.title))
    add(head, "dateCreated", rfc822(created))
    folders: dict[tuple[str, ...], Element] = {(): add(root, "body")}
    for subscription in safe.scrubbed(tuple(subscriptions)):
        for level in heads(subscription.category):
            if level not in folders:
                folders[level] = add(folders[level[:-1]], "outline", text=level[-1], title=level[-1])
        add(
            folders[subscription.category],
            "outline",
            type="rss",
            text=subscription.title or subscription.feed,
            title=subscription.title,
            xmlUrl=subscription.feed,
            htmlUrl=safe.web(subscription.url),
            isComment=None if subscription.enabled else "true",
        )
    etree.indent(root)
    return Document(path=OPML.file, body=etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n")
