"""What of a document is news: new copies, new versions of known ones, new names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from aggregator import normalise, text, wording
from aggregator.models import Copy
from aggregator.reasons import Reason
from aggregator.recognise import edits
from aggregator.recognise.entries import Match, alias
from aggregator.recognise.making import Asked, Pulled
from aggregator.records import Alias, Candidate, CopyWrite, Known, Made

Make = Callable[[Sequence[Asked]], Sequence[Made]]


class Draft(Struct, frozen=True, kw_only=True):
    """An unknown entry as a copy.  ``words`` is its name by title and body.

    ``alone`` tells that no other draft of the document has the same ``words``.
    """

    candidate: Candidate
    made: Made
    words: Alias
    alone: bool

    @property
    def dated(self) -> Alias:
        """Its name by title, body and date."""
        date = str(self.candidate.entry.published)
        return replace(self.words, value=text.digest("dated words", self.words.value, date))

    @property
    def titled(self) -> str | None:
        """The name by title and date that it would have if it had been taken out."""
        date = normalise.given_date(self.candidate.entry)
        return wording.dated_title(self.made.copy.title, date) if date else None

    @property
    def names(self) -> tuple[str, ...]:
        """All names that it may be known by though it is by none that its source gives it."""
        return (self.words.value, self.dated.value, *filter(None, (self.titled,)))

    def name(self, known: Mapping[str, Known]) -> Alias:
        """Return the name by words to give to a new copy: the dated one where a copy has the other already."""
        return self.words if self.alone and self.words.value not in known else self.dated


class Version(Struct, frozen=True, kw_only=True):
    """A known copy whose entry is not as it was: as it is in the archive, and as the entry makes it now."""

    before: Copy
    made: Made


def drafts(matches: Sequence[Match], make: Make) -> dict[int, Draft]:
    """Return what the unknown among ``matches`` would be as copies, by their places."""
    unknown = {place: match.candidate for place, match in enumerate(matches) if match.known is None}
    copies = dict(zip(unknown, make([_asked(candidate, None) for candidate in unknown.values()]), strict=True))
    names = {place: by_words(made) for place, made in copies.items()}
    often = Counter(name.value for name in names.values())
    return {
        place: Draft(
            candidate=candidate,
            made=copies[place],
            words=names[place],
            alone=often[names[place].value] == 1,
        )
        for place, candidate in unknown.items()
    }


def touched(matches: Sequence[Match]) -> dict[int, Asked]:
    """Return those of ``matches`` whose entries are not as they were, or whose last change waits, by their copies."""
    return {
        match.known.pk: _asked(match.candidate, match.known)
        for match in matches
        if match.known and _is_touched(match, match.known)
    }


def versions(asked: Mapping[int, Asked], before: Mapping[int, Copy], make: Make) -> dict[int, Version]:
    """Return the versions that the ``touched`` entries make, by the numbers of their copies."""
    made = make(list(asked.values()))
    return {pk: Version(before=before[pk], made=each) for pk, each in zip(asked, made, strict=True)}


def writes(
    matches: Sequence[Match],
    drafts: Mapping[int, Draft],
    known: Mapping[str, Known],
    versions: Mapping[int, Version],
    pulled: Pulled,
) -> Iterator[CopyWrite]:
    """Yield what is to be written: new copies, new versions, new names; an entry that is as it was costs nothing.

    ``known`` maps the names that the archive has to copies.
    """
    for place, match in enumerate(matches):
        copy = match.known
        aliases = tuple(alias for alias in match.candidate.aliases if alias.value not in known)
        if copy is None:
            draft = drafts[place]
            dated = _dated(draft.candidate, draft.made.copy.published)
            # Its first name is its own now, whoever had it before.
            names = dict.fromkeys((draft.candidate.aliases[0], *aliases, draft.name(known)))
            yield new(draft.made, draft.candidate.page, tuple(names), dated)
        elif copy.pk in versions:
            yield _changed(match, copy, aliases, versions[copy.pk], pulled)
        elif aliases:
            yield replace(_as_it_is(copy, aliases), reason=match.reason)


def keyed(writes: Iterable[CopyWrite], known: Mapping[str, Known]) -> Iterator[CopyWrite]:
    """Yield ``writes``, each new copy under a key that no other has: the one that bore its first name may have that."""
    for write in writes:
        other = known.get(write.copy.key) if write.copy and write.known is None else None
        if write.copy is None or other is None:
            yield write
            continue
        first, *others = write.aliases
        own = replace(first, value=text.digest("again", first.value, other.key))
        yield replace(write, copy=replace(write.copy, key=own.value), aliases=(first, own, *others))


def _asked(candidate: Candidate, known: Known | None) -> Asked:
    return Asked(entry=candidate.entry, key=candidate.key, known=known)


def by_words(made: Made) -> Alias:
    """Return the name of a copy by its title and body."""
    title = made.copy.title
    return alias("text", title, text.digest("words", "".join(wording.title(title)), made.text))


def _is_touched(match: Match, known: Known) -> bool:
    return not known.pruned and (known.waiting or normalise.fingerprint(match.candidate.entry) != known.fingerprint)


def new(made: Made, page: str | None, aliases: tuple[Alias, ...], dated: datetime | None = None) -> CopyWrite:
    """Return what writes a new copy, known by ``aliases``; ``page`` stands for the page that it links to.

    ``dated`` is as in ``Known``.
    """
    return CopyWrite(
        copy=made.copy,
        known=None,
        fingerprint=made.fingerprint,
        words=made.words,
        aliases=aliases,
        page=page,
        text=_telling(made),
        length=made.length,
        dated=dated,
    )


def _changed(match: Match, known: Known, aliases: tuple[Alias, ...], changed: Version, pulled: Pulled) -> CopyWrite:
    copy = changed.made.copy
    seen = changed.made.fingerprint
    dated = _dated(match.candidate, known.published, known.dated)
    as_it_is = replace(_as_it_is(known, aliases), fingerprint=seen, reason=match.reason, dated=dated)
    if normalise.essence(copy) == normalise.essence(changed.before):
        return replace(as_it_is, waiting=False)
    is_new = seen != known.fingerprint
    number = edits.run(known, pulled.last_pull, pulled.now) if is_new else known.edits
    edited = pulled.now if is_new else known.edited
    if not (edits.is_taken(number) if is_new else edits.is_at_rest(known, pulled.now)):
        reason = None if known.waiting else Reason.EDIT_LIMITED
        return replace(as_it_is, edits=number, edited=edited, waiting=True, reason=match.reason or reason)
    return CopyWrite(
        copy=copy,
        known=known,
        fingerprint=seen,
        words=changed.made.words,
        aliases=(*aliases, by_words(changed.made)),
        page=match.candidate.page,
        text=_telling(changed.made),
        length=changed.made.length,
        edits=number,
        edited=edited,
        dated=dated,
        reason=match.reason,
    )


def _dated(candidate: Candidate, published: datetime, before: datetime | None = None) -> datetime | None:
    given = normalise.given_date(candidate.entry) or before
    return None if given == published else given


def _telling(made: Made) -> str | None:
    """Return what stands for the words of a body, where they are enough to tell a story."""
    return made.text if made.length >= wording.ENOUGH else None


def _as_it_is(known: Known, aliases: tuple[Alias, ...]) -> CopyWrite:
    return CopyWrite(
        copy=None,
        known=known,
        fingerprint=known.fingerprint,
        words=known.words,
        aliases=aliases,
        page=None,
        edits=known.edits,
        edited=known.edited,
        waiting=known.waiting,
        dated=known.dated,
    )
