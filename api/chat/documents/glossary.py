"""The glossary: terms of the field, what users say for them, and where they are defined."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from api.chat.documents.passages import Passage, slug_of
from api.chat.yaml_text import parse_yaml

GLOSSARY = Path(__file__).with_name("glossary.yml")


@dataclass(frozen=True)
class Term:
    """A term. synonyms: what users say for it. also: further words of passages about it. see: where it is
    defined, as `mart.column` or as `page: words of the passage`.
    """

    term: str
    synonyms: tuple[str, ...]
    also: tuple[str, ...]
    see: tuple[str, ...]
    definition: str

    @property
    def keywords(self) -> str:
        """The term and its synonyms."""
        return ", ".join((self.term, *self.synonyms))

    def is_defined_in(self, passages: Sequence[Passage]) -> list[Passage]:
        """The passages that `see` names: the first of each reference."""
        named = (
            next((passage for passage in passages if _names(reference, passage)), None)
            for reference in self.see
        )
        return [passage for passage in named if passage is not None]


def read_glossary(text: str) -> tuple[Term, ...]:
    """Read the entries of glossary.yml."""
    return tuple(
        Term(
            term=entry["term"],
            synonyms=tuple(entry["synonyms"]),
            also=tuple(entry.get("also", ())),
            see=tuple(entry["see"]),
            definition=entry["definition"],
        )
        for entry in parse_yaml(text)
    )


def cut_glossary(source: str, text: str) -> list[Passage]:
    """One passage per term."""
    return [
        Passage(
            source=source,
            anchor=slug_of(entry.term),
            heading=f"Glossary > {entry.term}",
            body=f"{entry.definition}\nAlso said: {', '.join(entry.synonyms)}.",
        )
        for entry in read_glossary(text)
    ]


def _names(reference: str, passage: Passage) -> bool:
    page, _, words = reference.partition(": ")
    if words:
        return passage.source == page and words in passage.body
    mart, _, column = page.partition(".")
    return passage.source == mart and re.search(rf"^{column} \(", passage.body, re.MULTILINE) is not None
