"""Feeds made at random from the words of the dialects: right ones, odd ones, and ones that no publisher would write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from random import Random

from benchmarks import vocabulary


class Grammar:
    """Makes documents from what ``random`` draws.  ``oddness`` is how often something is as nobody expects it."""

    def __init__(self, random: Random, oddness: float) -> None:
        self._random = random
        self._oddness = oddness

    def document(self) -> str:
        """Return a feed of some dialect."""
        make = self._random.choice((self._rss, self._rss, self._atom, self._atom, self._rdf))
        text = make()
        return self._spoiled(text) if self._odd() else text

    def _odd(self) -> bool:
        return self._random.random() < self._oddness

    def _spaces(self) -> str:
        spaces = {**vocabulary.SPACES, **{key: value for key, value in vocabulary.ODD_SPACES.items() if self._odd()}}
        return "".join(f' xmlns:{prefix}="{space}"' for prefix, space in spaces.items())

    def _rss(self) -> str:
        version = self._random.choice(("2.0", "2.0", "0.91", "0.92", "2.1", "1.0", ""))
        spaces = self._spaces()
        inner = self._elements(vocabulary.FEED, 8) + "".join(
            self._entry("item") for _ in range(self._random.randrange(4))
        )
        late = self._elements(vocabulary.FEED, 2) if self._odd() else ""
        lang = ' xml:lang="pt_BR"' if self._odd() else ""
        return f'<rss version="{version}"{spaces}{lang}><channel>{inner}{late}</channel></rss>'

    def _atom(self) -> str:
        spaces, extra = self._spaces(), self._attributes(("xml:lang", "xml:base"))
        inner = self._elements(vocabulary.FEED, 8) + "".join(
            self._entry("entry") for _ in range(self._random.randrange(4))
        )
        return f'<feed xmlns="http://www.w3.org/2005/Atom"{spaces}{extra}>{inner}</feed>'

    def _rdf(self) -> str:
        listed = "<items><rdf:Seq><rdf:li rdf:resource='x'/></rdf:Seq></items>"
        inner = f"<channel>{self._elements(vocabulary.FEED, 6)}{listed}</channel>"
        inner += self._element("image", 0) if self._odd() else ""
        inner += "".join(self._entry("item") for _ in range(self._random.randrange(4)))
        return f'<rdf:RDF xmlns="http://purl.org/rss/1.0/"{self._spaces()}>{inner}</rdf:RDF>'

    def _entry(self, name: str) -> str:
        about = ' rdf:about="https://example.org/about"' if self._odd() else ""
        return f"<{name}{about}>{self._elements(vocabulary.ENTRY, 10)}</{name}>"

    def _elements(self, names: Sequence[str], most: int) -> str:
        chosen = self._random.choices(names, k=self._random.randrange(most))
        return "\n".join(self._element(name, 0) for name in chosen)

    def _element(self, name: str, depth: int) -> str:
        if self._odd() and depth < 4:
            name = self._random.choice(vocabulary.ANY)
        local = name.rpartition(":")[2]
        attributes = self._attributes(vocabulary.USUAL.get(local, ()))
        if self._random.random() < self._oddness / 2:
            attributes += self._attributes([name for name in vocabulary.ATTRIBUTES if f" {name}=" not in attributes], 2)
        if self._odd():
            attributes += self._declaration()
        written = name.upper() if self._odd() and ":" not in name else name
        return f"<{written}{attributes}>{self._inner(name, local, attributes, depth)}</{written}>"

    def _declaration(self) -> str:
        prefix = self._random.choice(("", ":dc", ":media", ":q", ":Content"))
        spaces = (*vocabulary.SPACES.values(), *vocabulary.ODD_SPACES.values(), "http://www.w3.org/1999/xhtml", "urn:q")
        return f' xmlns{prefix}="{self._random.choice(spaces)}"'

    def _attributes(self, names: Sequence[str], most: int = 9) -> str:
        chosen = [name for name in names if self._random.random() < (0.5 if most > 2 else 0.08)]
        return "".join(f' {name}="{escape(self._random.choice(vocabulary.ATTRIBUTES[name]))}"' for name in chosen)

    def _inner(self, name: str, local: str, attributes: str, depth: int) -> str:
        holds = vocabulary.HOLDS.get(name) or vocabulary.HOLDS.get(local)
        if depth > 3:
            return self._words(local)
        if holds and self._random.random() < 0.6:
            return "".join(self._element(each, depth + 1) for each in self._random.choices(holds, k=3))
        if 'type="xhtml"' in attributes:
            return self._xhtml()
        if self._random.random() < self._oddness / 2:
            return (
                self._words(local) + self._element(self._random.choice(vocabulary.ANY), depth + 1) + self._words(local)
            )
        return self._words(local)

    def _words(self, local: str) -> str:
        said = self._random.choice(vocabulary.choices(local))
        way = self._random.randrange(8)
        if way == 0 and "]]>" not in said:
            return f"<![CDATA[{said}]]>"
        if way == 1:
            return f"\n  {escape(said)}<!-- a comment -->{self._said()}\n"
        return escape(said)

    def _said(self) -> str:
        return escape(self._random.choice(vocabulary.SAID))

    def _xhtml(self) -> str:
        space = ' xmlns="http://www.w3.org/1999/xhtml"' if self._random.random() < 0.9 else ""
        inner = "".join(
            f'<p class="x &quot;y&quot;" title="{self._said()}">{self._said()}<br/></p>'
            for _ in range(self._random.randrange(3))
        )
        more = "<div>second</div>" if self._odd() else ""
        return f" <div{space}>{inner}<em>{self._said()}</em></div>{more} "

    def _spoiled(self, text: str) -> str:
        spoil: Callable[[str], str] = self._random.choice(
            (
                lambda text: text[: self._random.randrange(len(text))],
                lambda text: text.replace(
                    "http://purl.org/dc/elements/1.1/", "http://purl.org/rss/1.0/modules/content/"
                ),
                lambda text: f"<!DOCTYPE rss [<!ENTITY e 'x'>]>{text}",
                lambda text: text.replace("<channel>", '<channel lastmod="2026-01-01" href="/x">'),
                lambda text: text.replace("</title>", "</title><wrap><title>within</title></wrap>", 1),
                lambda text: f"<?xml version='1.0' encoding='utf-16'?>{text}",
                lambda text: text.replace("<item>", "<item><item>", 1).replace("</item>", "</item></item>", 1),
            )
        )
        return spoil(text)
