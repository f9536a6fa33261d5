"""What a person means by a word: a post's id or file, an entry's number, guid or address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import sqlalchemy as sa

from aggregator import frontmatter, text, urls
from aggregator.store import binding
from aggregator.store.schema import alias, copy, post, source

#: How an entry is called by its number; a bare number is some feed's guid.
_NUMBER = re.compile(r"e([0-9]{1,15})")
# A post's name ends with the first digits of what stands for its id (``recognise.minting``).
_NAME = re.compile(r".+-([0-9a-f]{10})")


def posts(connection: sa.Connection, what: str) -> list[int]:
    """Return the numbers of the posts that ``what`` names: by id or file, else by one of their entries."""
    found = connection.scalars(sa.select(post.c.pk).where(post.c.id_digest == text.digest(what))).all()
    named = list(found) or _by_file(connection, what)
    return named or sorted(set(binding.posts_of(connection, sorted(_entries(connection, what))).values()))


def copies(connection: sa.Connection, what: str) -> list[int]:
    """Return the numbers of the entries that ``what`` names, pruned ones too; those of a post where it names one."""
    found = _entries(connection, what)
    return sorted(found or {pk for post_pk in posts(connection, what) for pk in copies_of(connection, post_pk)})


def copies_of(connection: sa.Connection, post_pk: int) -> list[int]:
    """Return the numbers of the entries that the post numbered ``post_pk`` has."""
    return list(connection.scalars(sa.select(copy.c.pk).where(copy.c.post_pk == post_pk).order_by(copy.c.pk)))


def ids(connection: sa.Connection, posts: Sequence[int]) -> list[str]:
    """Return the ids of ``posts``."""
    return list(connection.scalars(sa.select(post.c.id).where(post.c.pk.in_(posts)).order_by(post.c.id)))


def _by_file(connection: sa.Connection, what: str) -> list[int]:
    names = frontmatter.names_in(PurePosixPath(what).name)
    ending = _NAME.fullmatch(names[0])
    if ending is None:
        return []
    # Hexadecimal digits only: all that begin so lie between the two.
    near = post.c.id_digest.between(ending[1], ending[1] + "g")
    return list(connection.scalars(sa.select(post.c.pk).where(near, post.c.name.in_(names))))


def _entries(connection: sa.Connection, what: str) -> set[int]:
    number = _NUMBER.fullmatch(what)
    if number:
        found = connection.scalars(sa.select(copy.c.pk).where(copy.c.pk == int(number[1]))).all()
        if found:
            return set(found)
    page = urls.canonical(what)
    names = [text.digest("guid", what), text.digest("link", page)]
    # Source by source: names are looked up within one, whatever the size of the table.
    by_name = sa.select(alias.c.copy_pk).join(source, source.c.pk == alias.c.source_pk).where(alias.c.value.in_(names))
    by_page = sa.select(copy.c.pk).where(copy.c.page == text.digest(page))
    return {*connection.scalars(by_name), *connection.scalars(by_page)}
