"""References, held against the files: links, headings, paths, models, sections of the method, trails."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from warehouse.settings import project_root

ROOT = project_root()
PACKAGES = ("api", "dbt_project", "flows", "ingestion", "python_models", "tests", "warehouse")
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")],
    key=lambda page: page.as_posix(),
)
METHOD, ARCHITECTURE = ROOT / "docs/method.md", ROOT / "docs/architecture.md"
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"\b[Ss]ections? (\d+)(?: (?:to|and) (\d+))?(?![.\d]*\d)")
LONGEST_TRAIL = 3  # files after the mart's yml
DEFINITIONS = {
    "A position's daily P&L": "as daily_pnl",
    "A portfolio's value at risk": "def historical_risk(",
    "The correlated stress": "def correlated_shocks(",
}
"""The trails of the architecture, and what one file of each has to hold."""


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _anchors(page: Path) -> set[str]:
    """The fragments of a page's headings, as GitHub makes them."""
    text = FENCE.sub("", page.read_text())
    kept = [re.sub(r"[^\w\- ]", "", heading.strip().lower()) for heading in HEADING.findall(text)]
    return {heading.replace(" ", "-") for heading in kept}


def _sources() -> Iterator[tuple[str, str]]:
    """Names and texts of the files of code, comments joined over their lines."""
    for package in PACKAGES:
        for suffix in ("py", "sql", "yml"):
            for path in sorted((ROOT / package).rglob(f"*.{suffix}")):
                yield _name(path), re.sub(r"\s+(?:(?:#|--) )?", " ", path.read_text())


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        target, _, fragment = link.partition("#")
        if ":" in target:  # an address
            continue
        found = (page.parent / target).resolve() if target else page
        is_heading = not fragment or (found.suffix == ".md" and fragment in _anchors(found))
        if not (found.exists() and found.is_relative_to(ROOT) and is_heading):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", [METHOD, ARCHITECTURE], ids=_name)
def test_every_path_in_backticks_exists(page: Path) -> None:
    paths = re.findall(rf"`((?:{'|'.join([*PACKAGES, 'docs'])})/[\w./-]*)`", page.read_text())
    assert {path for path in paths if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name != "benchmarks"], ids=_name)
def test_every_model_in_backticks_exists(page: Path) -> None:
    """Benchmarks name the models of their time."""
    models = {path.stem for path in (ROOT / "dbt_project/models").rglob("*.*")}
    named = re.findall(r"`(?:\w+\.)?((?:stg|int|fct|dim)_[a-z0-9_]+)`", page.read_text())
    assert set(named) - models == set()


def test_every_page_of_the_documentation_is_listed_in_its_index() -> None:
    for index in (ROOT / "docs/README.md", ROOT / "docs/decisions/README.md"):
        listed = {(index.parent / link).resolve() for link in LINK.findall(index.read_text())}
        assert set(index.parent.glob("*.md")) - {index} - listed == set(), _name(index)


def test_every_page_that_code_mentions_exists() -> None:
    for name, text in _sources():
        for mention in re.findall(r"(?<![\w/.])(?:\w+/)+\w+\.md\b", text):
            assert (ROOT / mention).exists(), f"{name}: {mention}"


def test_every_kernel_that_code_mentions_exists() -> None:
    folder = ROOT / "python_models"
    paths = [path.relative_to(folder).with_suffix("") for path in folder.rglob("*.py")]
    kernels = {".".join(path.parts) for path in paths} | {path.parent.name for path in paths}
    for name, text in _sources():
        for mention in re.findall(r"(?<!tests\.)\bpython_models\.([a-z_]+(?:\.[a-z_]+)?)", text):
            assert mention in kernels, f"{name}: python_models.{mention}"


def test_every_section_of_the_method_that_code_mentions_exists() -> None:
    """A whole number is a section of the method, named so, or of a work that is cited with its year."""
    sections = {int(number) for number in re.findall(r"^## (\d+)\. ", METHOD.read_text(), re.MULTILINE)}
    mentions = 0
    for name, text in _sources():
        if name == _name(Path(__file__)):
            continue
        for found in SECTION.finditer(text):
            before = text[max(0, found.start() - 160) : found.start()]
            if re.search(r"\bmethod, $", before):
                numbers = {int(number) for number in found.groups() if number}
                assert numbers <= sections, f"{name}: {found[0]}"
                mentions += 1
            else:
                assert re.search(r"\b(?:19|20)\d\d\b", before), f"{name}: {found[0]} of what?"
    assert mentions


def test_the_sections_of_the_method_are_numbered_in_order_and_name_their_keepers() -> None:
    _, *sections = re.split(r"^## ", METHOD.read_text(), flags=re.MULTILINE)
    assert [int(section.split(".")[0]) for section in sections] == list(range(1, len(sections) + 1))
    for section in sections:
        keepers = section.strip().splitlines()[-1]
        assert re.search(r"\bTests: .*\]\(\.\./\S*tests/", keepers), section.splitlines()[0]


def test_sections_that_the_method_itself_refers_to_exist() -> None:
    text = re.sub(r"\s+", " ", METHOD.read_text())
    sections = set(re.findall(r"^## (\d+)\. ", METHOD.read_text(), re.MULTILINE))
    inside = re.findall(r"(?:(?:in|of|by)) section (\d+)(?![.\d])", text)
    assert inside
    assert set(inside) <= sections


def _trails() -> dict[str, list[Path]]:
    """The files of each trail of the architecture, in order."""
    _, _, chapter = ARCHITECTURE.read_text().partition("## From a mart to its definition")
    trails = {}
    for part in re.split(r"^### ", chapter, flags=re.MULTILINE)[1:]:
        steps = re.findall(r"^\d+\. \[[^\]]+\]\(([^)]+)\)", part, re.MULTILINE)
        trails[part.splitlines()[0]] = [(ARCHITECTURE.parent / step).resolve() for step in steps]
    return trails


def test_a_trail_leads_to_each_figure() -> None:
    assert list(_trails()) == list(DEFINITIONS)


@pytest.mark.parametrize("figure", DEFINITIONS)
def test_a_trail_ends_at_or_passes_the_definition(figure: str) -> None:
    assert any(DEFINITIONS[figure] in step.read_text() for step in _trails()[figure][1:])


@pytest.mark.parametrize("trail", _trails().values(), ids=list(_trails()))
def test_each_file_of_a_trail_names_the_next(trail: list[Path]) -> None:
    definition, model, *_ = trail
    assert definition.suffix == ".yml"
    assert definition.with_suffix(".sql") == model
    assert len(trail) - 1 <= LONGEST_TRAIL
    for step, following in pairwise(trail[1:]):
        is_named = rf"""\bref\(["']{following.stem}["']\)|\bpython_models\.[a-z_.]*{following.stem}\b"""
        assert re.search(is_named, step.read_text()), f"{_name(step)} does not name {_name(following)}"
