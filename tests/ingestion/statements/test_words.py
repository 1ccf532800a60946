"""Tags and notes of a position in its file: read, and kept by statements that do not fill them."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion.errors import InvalidPositionsFile
from ingestion.raw.loads import Connection
from ingestion.statements.load import load_positions, read_positions_file

Write = Callable[[str, str], Path]

TODAY = date(2026, 2, 2)
PLAIN = "Symbol,Quantity,Entry Price Per Share,Entry Date"
WORDS = f"{PLAIN},Tags,Notes"


def load(connection: Connection, path: Path, day: date) -> None:
    load_positions(
        connection,
        path,
        portfolio_name="Mine",
        owner_email="me@example.com",
        equity=Decimal(1000),
        statement_date=day,
        today=TODAY,
    )


def words(connection: Connection) -> list[tuple[str, Decimal, str | None, str | None]]:
    rows = connection.execute(
        "select symbol, entry_price, tags, notes from raw.newest_positions order by symbol, entry_price"
    )
    return [tuple(row) for row in rows.fetchall()]


def test_tags_and_notes_are_those_of_the_row(write: Write) -> None:
    text = f"{WORDS}\nAAPL,1,2,2025-06-30, growth ; core;growth,bought on the dip\nAAPL,1,3,2025-06-30,,\n"
    statement = read_positions_file(write("p.csv", text), today=TODAY)
    assert [(lot.tags, lot.notes) for lot in statement.lots] == [
        ("core;growth", "bought on the dip"),
        (None, None),
    ]
    assert statement.notices == ()


def test_a_tag_that_is_too_long_is_an_error(write: Write) -> None:
    with pytest.raises(InvalidPositionsFile, match="ERR_POS_026"):
        read_positions_file(write("p.csv", f"{WORDS}\nAAPL,1,2,2025-06-30,{'x' * 101},\n"), today=TODAY)


def test_a_later_statement_keeps_what_it_does_not_fill(connection: Connection, write: Write) -> None:
    first = f"{WORDS}\nAAPL,1,2,2025-06-30,core,first\nAAPL,1,3,2025-06-30,,\n"
    load(connection, write("p.csv", first), date(2025, 7, 1))
    lots = "AAPL,1,2,2025-06-30\nAAPL,1,3,2025-06-30\n"
    load(connection, write("q.csv", f"{PLAIN}\n{lots}"), date(2025, 7, 2))
    assert words(connection) == [("AAPL", 2, "core", "first"), ("AAPL", 3, None, None)]
    second = f"{WORDS}\nAAPL,1,2,2025-06-30,,second\nAAPL,1,3,2025-06-30,late,\n"
    load(connection, write("r.csv", second), date(2025, 7, 3))
    assert words(connection) == [("AAPL", 2, "core", "second"), ("AAPL", 3, "late", None)]
