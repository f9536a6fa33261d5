"""What the YAML parser complains of → sentences for people who do not know YAML by heart."""

from __future__ import annotations

from ruamel.yaml.error import MarkedYAMLError

#: How the parser's complaint begins, and what we say instead.
_SENTENCES = {
    "mapping values are not allowed": "a colon cannot stand here; put quotes around the value, or mend the indentation",
    "block sequence entries are not": "a list cannot begin here; put its '- ' on a line of its own",
    "found unknown escape": "a backslash in double quotes; put regular expressions in 'single quotes'",
    "found invalid Unicode": "this escape stands for no character",
    "found unexpected ':'": "a colon cannot stand here; put quotes around the value",
    "found unexpected document": "the quote that was opened above is not closed before this line",
    "could not find expected ':'": "a colon is missing in this line or the one before; write key: value",
    "did not find expected '-'": "this is no item of the list above; begin it with '- ', or mend its indentation",
    "did not find expected key": "this is no key; mend its indentation, or put quotes around all of the value above",
    "did not find expected <document": "nothing can follow the end of the whole; look for a bracket too many",
    "did not find expected node": "a value is missing here: a comma too many, or a bracket above is not closed",
    "found undefined tag handle": "a value cannot begin with '!'; put quotes around it",
    "did not find expected alphabetic": "a value that begins with '*' or '&' is a name for YAML; put quotes around it",
    "did not find expected comment": "the text of | and > begins on the next line",
}
_TAB = "a tab; indent with blanks"
_UNCLOSED = "the quote that opens here is never closed"
_BRACKET = 'this bracket is not closed, or a comma is missing; put quotes around values with { } [ ] in it: "${NAME}"'
_STARTERS = "a value cannot begin with {!r}; put quotes around it"


def explained(exc: MarkedYAMLError, text: str) -> tuple[int, str]:
    """Return where ``text`` is wrong (an offset), and how to put it right."""
    problem = str(exc.problem or exc.context or "")
    mark = exc.problem_mark or exc.context_mark
    offset = 0 if mark is None else mark.index
    if exc.context_mark is not None:
        if "quoted scalar" in str(exc.context) and "end of stream" in problem:
            return exc.context_mark.index, _UNCLOSED
        if str(exc.context).startswith("while parsing a flow") and "did not find expected ','" in problem:
            return exc.context_mark.index, _BRACKET
    if "cannot start any token" in problem:
        return offset, _TAB if text[offset : offset + 1] in ("\t", "") else _STARTERS.format(text[offset])
    ours = (sentence for words, sentence in _SENTENCES.items() if problem.startswith(words))
    return offset, next(ours, _fallback(problem))


def unreadable(position: int, text: str) -> tuple[int, str]:
    """Return where and what the character at the byte ``position`` is, which no YAML file may hold."""
    offset = len(text.encode()[:position].decode("utf-8", "ignore"))
    return offset, f"the character U+{ord(text[offset]):04X} cannot stand in a YAML file; delete it"


def _fallback(problem: str) -> str:
    return f"this is no YAML ({problem}); look at quotes, brackets and indentation here and above"
