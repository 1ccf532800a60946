"""Files with very many columns are refused at once: a header is read in time in proportion to its length."""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from ingestion.errors import IngestionError
from ingestion.files.arrow_reader import Column, Layout, read_file
from ingestion.files.csv_reader import MOST_COLUMNS, parse_delimited, read_strictly
from ingestion.statements.brokers.table import header_names
from ingestion.statements.formats import FileFormats
from ingestion.statements.source import open_positions

OURS = ("Symbol", "Quantity", "Entry Price Per Share", "Entry Date")
NAMES = tuple(f"c{number}" for number in range(400_000))
LAYOUT = Layout((Column("c1"),), keeps_others=True)
SECONDS = 3


def read_positions(path: Path) -> object:
    return open_positions(path, FileFormats(), today=date(2026, 2, 2))


def read_entries(path: Path) -> object:
    return read_strictly(path, ["c1", "c2"])


def read_prices(path: Path) -> object:
    return read_file(path, LAYOUT)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (",".join((*OURS, *NAMES)), read_positions),
        (";".join((*OURS, *NAMES)), read_positions),
        (",".join((*OURS, *["same"] * len(NAMES))), read_positions),
        (",".join(NAMES), read_positions),
        (",".join(NAMES), read_entries),
        (",".join(NAMES), read_prices),
    ],
    ids=["ours", "semicolons", "one name", "download", "entries", "prices"],
)
def test_four_hundred_thousand_columns_are_refused_within_seconds(
    tmp_path: Path, text: str, read: Callable[[Path], object]
) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(f"{text}\n1,2,3,4\n")
    begun = time.thread_time()
    with pytest.raises(IngestionError, match=r"has 400,00[04] columns; at most 1,000 are allowed"):
        read(path)
    assert time.thread_time() - begun < SECONDS


def test_a_wide_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.parquet"
    parquet.write_table(pa.table({name: [1.0] for name in NAMES[: MOST_COLUMNS + 1]}), path)
    with pytest.raises(IngestionError, match="has 1,001 columns"):
        read_prices(path)


def test_the_largest_header_is_read_and_short_rows_below_it_cost_nothing() -> None:
    names = ["symbol", *NAMES[: MOST_COLUMNS - 1]]
    begun = time.thread_time()
    file = parse_delimited(",".join(names) + "\nA" * 100_000, ["symbol", "quantity"])
    assert time.thread_time() - begun < SECONDS
    assert file.width == MOST_COLUMNS
    assert {record["symbol"] for record in file.records} == {"A"}


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("Qty (Quantity)", "quantity"),
        ("Price ($)", "price ($)"),
        ("Gain (%) (Gain Percent)", "gain percent"),
        ("Cost (Basis (total))", "total)"),
        ("Cost (Basis) ($)", "basis) ($"),
        (")", ")"),
        ("a)", "a)"),
    ],
)
def test_the_long_name_of_a_column_is_the_one_in_brackets(cell: str, name: str) -> None:
    assert header_names([cell]) == [name]


def test_a_cell_full_of_brackets_takes_no_time() -> None:
    begun = time.thread_time()
    header_names(["(a" * 60_000, "(" * 120_000 + ")", "(a" * 60_000 + ")"])
    assert time.thread_time() - begun < 1
