"""The sources of the common passages: README and docs, the marts' yml, and the glossary."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from api.chat.documents.glossary import GLOSSARY, cut_glossary
from api.chat.documents.marts import cut_mart, mart_files, read_descriptions, shared_descriptions
from api.chat.documents.passages import Passage, cut_markdown
from warehouse.method import method_variables
from warehouse.settings import is_checkout, project_root

logger = logging.getLogger(__name__)

CUT_VERSION = 1
"""Part of the digests: raise it when passages are cut differently."""

GLOSSARY_SOURCE = "glossary"


@dataclass(frozen=True)
class Source:
    """A document. name: `docs/method.md`, `fct_portfolio_risk` or `glossary`. sha256: of the text and what it
    is cut with.
    """

    name: str
    sha256: str
    cut: Callable[[], list[Passage]]


def pages_folder() -> Path:
    """Return the folder of README.md and docs/: the checkout, or where the wheel carries them."""
    return project_root() if is_checkout() else Path(__file__).with_name("pages")


def read_sources() -> list[Source]:
    """Read all documents from disk; they are cut on demand. Logs which are missing."""
    glossary = GLOSSARY.read_text("utf-8")  # passages have keywords of it
    return [
        *_pages(glossary),
        *_marts(glossary),
        _source(GLOSSARY_SOURCE, glossary, cut_glossary, ""),
    ]


def _pages(glossary: str) -> Iterator[Source]:
    folder = pages_folder()
    paths = [folder / "README.md", *sorted((folder / "docs").glob("*.md"))]
    for path in paths:
        if path.is_file():
            yield _source(
                path.relative_to(folder).as_posix(), path.read_text("utf-8"), cut_markdown, glossary
            )
    missing = [name for name in ("README.md", "docs/method.md") if not (folder / name).is_file()]
    if missing:
        logger.warning("Documents are missing in %s and not searched: %s", folder, ", ".join(missing))


def _marts(glossary: str) -> Iterator[Source]:
    shared = shared_descriptions().read_text("utf-8")
    descriptions = read_descriptions(shared)
    depends_on = f"{glossary}{shared}{method_variables()}"

    def cut(source: str, text: str) -> list[Passage]:
        return cut_mart(source, text, descriptions)

    for path in mart_files():
        yield _source(path.stem, path.read_text("utf-8"), cut, depends_on)


def _source(name: str, text: str, cut: Callable[[str, str], list[Passage]], depends_on: str) -> Source:
    digest = sha256(f"{CUT_VERSION}\0{depends_on}\0{text}".encode()).hexdigest()
    return Source(name, digest, lambda: cut(name, text))
