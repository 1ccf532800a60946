"""Markdown cut into passages: by heading, with the path of headings kept, short enough to quote."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

MOST_CHARACTERS = 1200
"""Of a passage's body. A paragraph, list item or piece of code that is longer is cut."""

USUAL_CHARACTERS = 600
"""Up to which paragraphs, list items and rows of a table are joined: smaller passages are found better."""

FEWEST_CHARACTERS = 150
"""A shorter rest of a section joins the passage before it."""

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_LIST_ITEM = re.compile(r"^([-*+]|\d+\.)\s")
_TABLE_RULE = re.compile(r"^\|[\s:|-]+\|$")
_FILES_OF_CODE = re.compile(r"^(Kernels?|Models?|Tests?): ")


@dataclass(frozen=True)
class Passage:
    """A part of a document. source: which. anchor: unique in it, stable while its headings are. heading: the
    path of headings, joined by " > ". body: the text, without link targets.
    """

    source: str
    anchor: str
    heading: str
    body: str

    @property
    def sha256(self) -> str:
        """The digest of what is searched."""
        return sha256(f"{self.heading}\n{self.body}".encode()).hexdigest()


def cut_markdown(source: str, text: str) -> list[Passage]:
    """Cut a page into passages. Lines that only name files of code are left out."""
    return [
        passage
        for heading, lines in _sections(text)
        for passage in cut_section(source, heading, _blocks(lines))
    ]


def cut_section(source: str, heading: tuple[str, ...], blocks: Iterable[str]) -> list[Passage]:
    """Pack the blocks of a section into passages; anchors are the slug of the headings, then numbered."""
    slug = "/".join(slug_of(part) for part in heading[1:] or heading)
    return [
        Passage(source, slug if number == 1 else f"{slug}-{number}", " > ".join(heading), body)
        for number, body in enumerate(_packed(blocks), 1)
    ]


def slug_of(heading: str) -> str:
    """The heading in lower case with hyphens, as in the address of a page."""
    return re.sub(r"[^a-z0-9_]+", "-", heading.lower()).strip("-")


def _sections(text: str) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield the path of headings of each section, with its lines."""
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    in_code = False
    for line in text.splitlines():
        in_code ^= bool(_FENCE.match(line))
        found = None if in_code else _HEADING.match(line)
        if found is None:
            lines.append(line)
            continue
        yield tuple(title for _, title in path), lines
        level = len(found[1])
        path = [*(part for part in path if part[0] < level), (level, _plain(found[2]))]
        lines = []
    yield tuple(title for _, title in path), lines


def _blocks(lines: list[str]) -> Iterator[str]:
    """Yield paragraphs, list items, rows of a table with its header, and code, each as one text."""
    for block in _separated(lines):
        if block[0].startswith("|") and len(block) > 2 and _TABLE_RULE.match(block[1]):  # noqa: PLR2004
            yield from _rows(block)
            continue
        text = "\n".join(block)
        if not _FILES_OF_CODE.match(text):
            yield text if _FENCE.match(text) else _plain(text)


def _separated(lines: list[str]) -> Iterator[list[str]]:
    block: list[str] = []
    in_code = False
    for line in lines:
        is_fence = bool(_FENCE.match(line))
        begins = not in_code and (not line.strip() or is_fence or bool(_LIST_ITEM.match(line)))
        if begins and block:
            yield block
            block = []
        if in_code or line.strip():
            block.append(line)
        in_code ^= is_fence
        if is_fence and not in_code:
            yield block
            block = []
    if block:
        yield block


def _rows(table: list[str]) -> Iterator[str]:
    """Yield each row as "first cell: second cell; ...", which reads without the header."""
    for row in table[2:]:
        cells = [_plain(cell.strip()) for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]
        yield f"{cells[0]}: {'; '.join(cell for cell in cells[1:] if cell)}"


def _plain(text: str) -> str:
    return _LINK.sub(r"\1", text).replace("\\|", "|").strip()


def _packed(blocks: Iterable[str]) -> list[str]:
    """Join blocks up to the size of a passage; cut a block that is longer."""
    bodies: list[str] = []
    for block in (part for whole in blocks for part in _cut(whole)):
        if bodies and len(bodies[-1]) + 1 + len(block) <= USUAL_CHARACTERS:
            bodies[-1] += "\n" + block
        else:
            bodies.append(block)
    if len(bodies) > 1 and len(bodies[-1]) < FEWEST_CHARACTERS and len(bodies[-2]) < USUAL_CHARACTERS:
        rest = bodies.pop()
        bodies[-1] += "\n" + rest
    return bodies


def _cut(block: str) -> Iterator[str]:
    """Cut a long block after a line, else after a sentence or a word."""
    while len(block) > MOST_CHARACTERS:
        head = block[:MOST_CHARACTERS]
        end = next((at + 1 for sign in ("\n", ". ", " ") if (at := head.rfind(sign)) > 0), MOST_CHARACTERS)
        yield block[:end].rstrip()
        block = block[end:].lstrip()
    if block:
        yield block
