"""The documents agree with the code: settings, commands, marts and files that they name."""

import re

import pytest
import typer.main
import yaml

from api.http import limits
from flows.cli.app import app
from flows.source import Source
from ingestion.files import prices, profiles, reference
from ingestion.files.arrow_reader import Layout
from ingestion.vendors.registry import KEYS
from warehouse.settings import Settings, project_root

ROOT = project_root()
README = (ROOT / "README.md").read_text()


def test_every_setting_is_in_the_readme_with_its_description() -> None:
    for name, field in Settings.model_fields.items():
        assert f"| `{name.upper()}` |" in README, name
        assert field.description in README, name


def test_the_readme_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))
    assert named == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md"])
def test_every_command_of_a_page_exists(page: str) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # the application is a group
    named = set(re.findall(r"sigmasight ([a-z]+(?:-[a-z]+)*)\b", (ROOT / page).read_text()))
    assert named
    assert named <= set(commands)


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    pages = README + "".join((ROOT / page).read_text() for page in ("CONTRIBUTING.md", "docs/operations.md"))
    for line in re.findall(r"make ([a-z ]+)", pages):
        for target in set(line.split()) & {"install", "demo", "test", "check", "bench", "clean"}:
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_mart_of_the_readme_exists() -> None:
    models = {path.stem for path in (ROOT / "dbt_project/models/marts").rglob("*.yml")}
    named = set(re.findall(r"`((?:fct|dim)_[a-z_]+)`", README))
    assert named
    assert named <= models
    assert models - named == set(), "the README's table of marts is incomplete"


def test_the_packages_in_contributing_are_those_of_the_repository() -> None:
    named = set(re.findall(r"^\| `([a-z_]+)/`", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE))
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert named - {"tests"} == packages


def test_the_document_of_sources_names_every_source_vendor_key_and_reason() -> None:
    text = (ROOT / "docs/sources.md").read_text()
    vendors = {name for order in ("price", "profile", "rate", "option") for name in _known_sources(order)}
    of_vendors = re.findall(r'"([a-z_]+)": "', (ROOT / "ingestion/raw/rejections.py").read_text())
    not_of_vendors = {"outside_calendar", "future_date", "repeated_row", "conflicting_row"}
    named = [*Source, *vendors, *(key.upper() for key in KEYS.values()), *(set(of_vendors) - not_of_vendors)]
    assert {name for name in named if f"`{name}`" not in text} == set()


@pytest.mark.parametrize(
    ("file", "layout"),
    [
        ("prices.csv", prices.LAYOUT),
        ("rates.csv", reference.RATES),
        ("profiles.csv", profiles.LAYOUT),
        ("option_chain_*.csv", reference.OPTION_CHAIN),
    ],
)
def test_the_document_of_sources_has_the_columns_of_each_file(file: str, layout: Layout) -> None:
    text = (ROOT / "docs/sources.md").read_text()
    found = re.search(rf"^\| `{re.escape(file)}` \| (.+) \|$", text, re.MULTILINE)
    assert found, file
    columns = set(re.findall(r"(\*\*)?`([a-z_]+)`", found[1]))
    assert columns == {("**" * column.is_required, column.name) for column in layout.columns}


def _known_sources(dataset: str) -> list[str]:
    """The source names listed in a setting's description."""
    description = Settings.model_fields[f"{dataset}_sources"].description or ""
    return description.rstrip(".").rpartition(": ")[2].split(", ")


def test_the_readme_names_the_volatility_forecasts_that_are_shown() -> None:
    rules = yaml.safe_load((ROOT / "dbt_project/dbt_project.yml").read_text())["vars"]["volatility_rules"]
    portfolios, symbols = (rules[f"{kind}_forecast"].upper() for kind in ("portfolio", "symbol"))
    assert f"forecasts by {portfolios}, {symbols} and " in README
    assert "the first is shown for portfolios, the second for symbols" in README


def test_every_limit_has_its_reason_and_what_it_would_take() -> None:
    lines = (ROOT / "docs/limits.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("|")]
    assert len(rows) > len(lines) / 2
    assert [row for row in rows if not row[0].startswith("---") and (len(row) != 3 or "" in row)] == []


def test_the_document_of_the_api_has_every_limit_of_a_response() -> None:
    _, _, chapter = (ROOT / "docs/api.md").read_text().partition("\n## Limits\n")
    table = chapter.partition("\n## ")[0]
    numbers = {name: value for name, value in vars(limits).items() if name.startswith("MAX_")}
    assert numbers
    assert {name for name, value in numbers.items() if not re.search(rf"\b{value}\b", table)} == set()
