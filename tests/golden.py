"""The golden files: what a small site looks like in each format.

To write them again after a change that is meant, and then to read the difference:

    python tests/golden.py && git diff tests/data/golden
"""

from __future__ import annotations

from pathlib import Path

from posts import CREATED, POSTS, PUBLICATION, SITE, SUBSCRIPTIONS, WHOLE

from aggregator.models import Archive, Document
from aggregator.publish import atom, opml
from aggregator.publish.formats import FORMATS

#: An archive document between two others.
ARCHIVE = Archive(number=2, previous=1, following=3)
FOLDER = Path(__file__).parent / "data" / "golden"


def documents() -> dict[str, Document]:
    """Return each document of the small site by its path."""
    made = [each.render(PUBLICATION, WHOLE, POSTS) for each in FORMATS.values()]
    made.append(atom.archive(PUBLICATION, WHOLE, ARCHIVE, atom.entries(PUBLICATION, POSTS)))
    return {document.path: document for document in (*made, opml.render(SITE, SUBSCRIPTIONS, CREATED))}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, document in documents().items():
        (FOLDER / path).parent.mkdir(exist_ok=True)
        (FOLDER / path).write_bytes(document.body)
