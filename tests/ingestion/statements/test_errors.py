"""The document on positions files, checked against the loader: each example gives its code, row and field."""

import gzip
import re
import shlex
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from ingestion.errors import InvalidPortfolio, InvalidPositionsFile
from ingestion.portfolios.portfolios import ACCOUNT_TYPES
from ingestion.raw.datasets import CORPORATE_ACTIONS
from ingestion.raw.loads import Connection, load_frame
from ingestion.statements.columns import COLUMNS, SUBTYPES
from ingestion.statements.load import load_positions
from warehouse.settings import project_root

DOCUMENT = project_root() / "docs" / "positions_file.md"
OPTIONS = {
    "portfolio": "portfolio_name",
    "owner": "owner_email",
    "equity": "equity",
    "account-type": "account_type",
    "account-name": "account_name",
}
USUAL = {"portfolio_name": "Mine", "owner_email": "jane@example.com", "equity": "100000"}


class Example(NamedTuple):
    """A row of the document's table."""

    code: str
    file: str
    row: int | None
    field: str | None
    options: str


def examples() -> list[Example]:
    text = DOCUMENT.read_text()
    table = text[text.index("<!-- errors: begin -->") : text.index("<!-- errors: end -->")]
    found = []
    for line in table.splitlines():
        if line.startswith("| ERR_"):
            code, _, file, row, field, options = (
                cell.strip().strip("`") for cell in line.strip("|").split("|")
            )
            link = re.fullmatch(r"\[.*\]\((.*)\)", file)
            found.append(
                Example(code, link[1] if link else file, int(row) if row else None, field or None, options)
            )
    return found


EXAMPLES = examples()


def arguments(options: str) -> dict[str, object]:
    """The command line options as arguments of load_positions."""
    said: dict[str, object] = dict(USUAL)
    words = shlex.split(options)
    while words:
        name = words.pop(0).removeprefix("--")
        if name == "new":
            said["is_new"] = True
        else:
            said[OPTIONS[name]] = re.sub(r"NAME\*(\d+)", lambda match: "N" * int(match[1]), words.pop(0))
    return said


@pytest.fixture(scope="module")
def known_portfolio(module_connection: Connection) -> None:
    path = DOCUMENT.parent / "examples/errors/good.csv"
    load_positions(
        module_connection,
        path,
        portfolio_name="Known",
        owner_email="jane@example.com",
        equity=Decimal(100_000),
    )
    split = pd.DataFrame([{"symbol": "NFLX", "ex_date": date(2025, 11, 17), "action": "split", "value": 10}])
    load_frame(module_connection, CORPORATE_ACTIONS, split, source="files", origin="test")


def test_every_code_of_the_catalogue_is_in_the_table_once() -> None:
    codes = [f"ERR_CSV_{number:03d}" for number in range(1, 7)]
    codes += [f"ERR_POS_{number:03d}" for number in range(1, 27)]
    codes += [f"ERR_PORT_{number:03d}" for number in range(1, 12)]
    assert [example.code for example in EXAMPLES] == [*codes, "ERR_USER_002"]


@pytest.mark.usefixtures("known_portfolio")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.code)
def test_each_example_gives_exactly_its_error(
    module_connection: Connection, tmp_path: Path, example: Example
) -> None:
    path = DOCUMENT.parent / example.file
    if path.suffix == ".gz":
        unpacked = tmp_path / path.stem
        unpacked.write_bytes(gzip.decompress(path.read_bytes()))
        path = unpacked
    before = counts(module_connection)
    with pytest.raises((InvalidPositionsFile, InvalidPortfolio)) as raised:
        load_positions(module_connection, path, **arguments(example.options))  # type: ignore[arg-type]
    assert [(error.code, getattr(error, "row", None), error.field) for error in raised.value.errors] == [
        (example.code, example.row, example.field)
    ]
    assert raised.value.errors[0].sentence.endswith(".")
    assert counts(module_connection) == before


def counts(connection: Connection) -> list[object]:
    return [
        connection.execute(f"select count(*) from raw.{table}").fetchone()
        for table in ("portfolios", "positions")
    ]


def test_errors_of_the_portfolio_and_of_the_file_are_reported_together(module_connection: Connection) -> None:
    path = DOCUMENT.parent / "examples/errors/ERR_POS_005.csv"
    fields = {**USUAL, "equity": "lots", "owner_email": "jane", "account_name": " "}
    with pytest.raises(InvalidPositionsFile) as raised:
        load_positions(module_connection, path, **fields)  # type: ignore[arg-type]
    assert [(error.code, error.row) for error in raised.value.errors] == [
        ("ERR_USER_002", None),
        ("ERR_PORT_011", None),
        ("ERR_PORT_005", None),
        ("ERR_POS_005", 3),
    ]


def test_a_folder_is_refused(module_connection: Connection, tmp_path: Path) -> None:
    folder = tmp_path / "positions.csv"
    folder.mkdir()
    with pytest.raises(InvalidPositionsFile, match=r"is a folder.*ERR_PORT_008"):
        load_positions(module_connection, folder, **USUAL)  # type: ignore[arg-type]


def test_the_document_names_every_column_class_and_subtype() -> None:
    text = DOCUMENT.read_text()
    rows = re.findall(r"^\| \d+ \| ([A-Za-z ]+) \|", text, re.MULTILINE)
    assert rows == list(COLUMNS.values())
    for investment_class, subtypes in SUBTYPES.items():
        assert investment_class in text
        assert all(subtype in text for subtype in subtypes)
    assert set(ACCOUNT_TYPES) == {
        "taxable",
        "ira",
        "roth_ira",
        "401k",
        "403b",
        "529",
        "hsa",
        "trust",
        "other",
    }
