"""fetch.head: the fields of an answer, as http.client reads them where they are right, and what becomes of others."""

from __future__ import annotations

import http.client
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch import head

_NAMES = st.text(st.characters(codec="ascii", exclude_characters=":", min_codepoint=33, max_codepoint=126), min_size=1)
_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)


def read(raw: bytes) -> list[tuple[str, str]]:
    """Return the fields of the head ``raw``, those of one name apart."""
    return list(head.read(io.BytesIO(raw)).iteritems())


@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=20))
def test_fields_are_read_as_http_client_reads_them(fields: list[tuple[str, str]]) -> None:
    """Names and values come out as they went in, whatever stands in them, but for blanks around a value."""
    raw = "".join(f"{name}: {value}\r\n" for name, value in fields).encode("latin-1") + b"\r\nbody"
    by_name: dict[str, list[str]] = {}
    for name, value in http.client.parse_headers(io.BytesIO(raw)).items():
        by_name.setdefault(name.lower(), []).append(value.rstrip(" \t"))
    found = head.read(io.BytesIO(raw))
    assert {name: found.getlist(name) for name in by_name} == by_name
    assert {name.lower() for name in found} == set(by_name)


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"", []),
        (b"\r\n", []),
        (b"A: 1\r\nb:2\r\nA:  3 \r\n\r\nC: 4\r\n", [("A", "1"), ("A", "3"), ("b", "2")]),
        (b"A: 1\nB: 2\n\nC: 3\n", [("A", "1"), ("B", "2")]),
        (b"A: 1\r\nB: 2", [("A", "1"), ("B", "2")]),
        (b"A: 1 \r\n \t 2\r\nB:\r\n\t3\r\n\r\n", [("A", "1 2"), ("B", "3")]),
        (b"A: 1\rB: 2\r\n\r\n", [("A", "1"), ("B", "2")]),
        (b" X: 0\r\nA: 1\r\n: 2\r\nno field\r\nB : 3\r\nHTTP/1.1 200 OK\r\nC: 4\r\n\r\n", [("A", "1"), ("C", "4")]),
        (b"Location: /1\r\nlocation: /2\r\n\r\n", [("Location", "/1")]),
        (b"A: \xe9\x00\x85\r\n\r\n", [("A", "\xe9\x00\x85")]),
    ],
)
def test_what_servers_send(raw: bytes, fields: list[tuple[str, str]]) -> None:
    """Folded fields are one line, lines that are no fields are left out, and the head ends at the first empty line."""
    assert read(raw) == fields


def test_the_body_is_left_in_the_file() -> None:
    """What follows the empty line is read by nobody here."""
    file = io.BytesIO(b"A: 1\r\n\r\nbody")
    head.read(file)
    assert file.read() == b"body"


@pytest.mark.parametrize(
    ("raw", "error"),
    [(b"A: 1\r\n" * 100 + b"\r\n", http.client.HTTPException), (b"A: " + b"1" * 66_000, http.client.LineTooLong)],
)
def test_too_much(raw: bytes, error: type[Exception]) -> None:
    """A head without end is given up."""
    with pytest.raises(error):
        read(raw)
