"""`sigmasight what-if` on the demo: the figures of udf.what_if as a table and as JSON, and bad files."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.flows.flow_helpers import CommandLine
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow

DAY = "2025-09-12"
NAME = "Demo Individual Investor Portfolio"
INDIVIDUAL = "861a4971-68a9-5335-988b-eb9817b549a6"
HEADER = "Symbol,Quantity,Entry Price Per Share,Entry Date,Exit Date,Exit Price Per Share\n"
TRADES = '[{"symbol": "TLT", "quantity": "568"}, {"symbol": "SPY", "quantity": "-20"}]'


def write(folder: Path, *rows: str) -> str:
    path = folder / "trades.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n")
    return str(path)


def test_the_figures_are_those_of_the_function(demo: Warehouse, tmp_path: Path) -> None:
    file = write(tmp_path, f"TLT,568,1,{DAY},,", f"SPY,-20,1,{DAY},,")
    asked = ("what-if", file, "--portfolio", NAME, "--as-of", DAY)
    with psycopg.connect(demo.analyst_url, row_factory=dict_row) as connection:
        rows: list[dict[str, Any]] = connection.execute(
            "select * from udf.what_if(%s, %s, %s, 'fixed')", (INDIVIDUAL, DAY, TRADES)
        ).fetchall()
    document = json.loads(CommandLine(demo).succeed(*asked, "--cash", "fixed", "--json"))
    assert document["as_of_date"] == DAY
    assert [trade["symbol"] for trade in document["trades"]] == ["TLT", "SPY"]
    by_key = {tuple(row[name] for name in ("section", "model", "part", "figure")): row for row in rows}
    assert len(document["figures"]) == len(by_key) > 200
    for figure in document["figures"]:
        key = tuple(figure[name] for name in ("section", "model", "part", "figure"))
        assert figure == by_key[key]
    table = CommandLine(demo).succeed(*asked)
    assert f"{NAME}, trades at the close of {DAY}, cash absorb" in table
    assert "buy 568 TLT at " in table
    assert "sell 20 SPY at " in table
    for row in rows:
        if row["figure"] == "var_95_1d":
            assert f"{row['value_before']:,.0f}" in table


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (f"NOSUCH,5,1,{DAY},,", "Trade 1 (NOSUCH): no symbol of that name is known to you"),
        (f"AAPL,5,1,{DAY},{DAY},2", "row 2: AAPL has an exit date; write what is sold as a negative"),
        (f"AAPL,none,1,{DAY},,", "was not loaded, it has 1 error"),
    ],
)
def test_a_file_with_errors_says_what_to_do(demo: Warehouse, tmp_path: Path, row: str, sentence: str) -> None:
    done = CommandLine(demo).run("what-if", write(tmp_path, row), "--portfolio", NAME)
    assert done.returncode == 1
    assert sentence in " ".join(done.stderr.split())


def test_more_trades_than_allowed_are_refused(
    demo: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHAT_IF_TRADES", "1")
    file = write(tmp_path, f"TLT,568,1,{DAY},,", f"SPY,-20,1,{DAY},,")
    done = CommandLine(demo).run("what-if", file, "--portfolio", NAME)
    assert "has 2 trades, more than the 1 that WHAT_IF_TRADES allows" in " ".join(done.stderr.split())


def test_before_the_first_build_it_says_what_to_do(empty_warehouse: Warehouse, tmp_path: Path) -> None:
    statement = tmp_path / "mine.csv"
    statement.write_text(f"Symbol,Quantity,Entry Price Per Share,Entry Date\nAAPL,1,2,{DAY}\n")
    line = CommandLine(empty_warehouse)
    mine = ("--portfolio", "Mine", "--owner", "jane@example.com")
    line.succeed("load", "positions", str(statement), *mine, "--no-build")
    done = line.run("what-if", str(statement), "--portfolio", "Mine")
    assert done.returncode == 1
    assert "no published numbers yet; run `sigmasight nightly`" in " ".join(done.stderr.split())
