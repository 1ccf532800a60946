"""Positions on the command line: template, preview, errors as a table and as JSON, loads."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest

from flows.cli.confirm import ask_to_go_on
from flows.errors import UnconfirmedStatementError
from flows.pipeline.onboarding import fetch_for_statement
from flows.source import Source
from ingestion.statements.checks import Question
from tests.flows.in_process import invoke
from warehouse.connections import Warehouse
from warehouse.settings import project_root

Run = Callable[..., subprocess.CompletedProcess[str]]

BROKER_FILES = project_root() / "tests" / "ingestion" / "statements" / "broker_files"
OWNER = ("--owner", "jane@example.com", "--equity", "2,000,000")


@pytest.fixture
def run(calendar_warehouse: Warehouse) -> Run:
    """Run the command line on the warehouse of this module."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return invoke(arguments, calendar_warehouse.settings.as_environment())

    return run


@pytest.fixture
def db(calendar_warehouse: Warehouse) -> Iterator[psycopg.Connection[Any]]:
    """A connection to check what the commands did; their loads are kept for the module."""
    with calendar_warehouse.connect_writer(autocommit=True) as connection:
        yield connection


@pytest.fixture
def template(tmp_path: Path, run: Run) -> Path:
    """The template, written by the command."""
    path = tmp_path / "mine.csv"
    done = run("template", str(path))
    assert done.returncode == 0, done.stderr
    return path


def counts(connection: psycopg.Connection[Any]) -> list[Any]:
    tables = ("raw.portfolios", "raw.positions", "ops.loads", "raw.calendar_days")
    return [connection.execute(f"select count(*) from {table}").fetchone() for table in tables]


def test_the_template_can_be_previewed_and_loaded(
    run: Run, template: Path, db: psycopg.Connection[Any]
) -> None:
    assert run("template").stdout == template.read_text()
    again = run("template", str(template))
    assert again.returncode == 1
    assert "name another one" in again.stderr
    before = counts(db)
    load = ("load", "positions", str(template), "--portfolio", "Mine", *OWNER, "--no-build")
    shown = run(*load, "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "new portfolio" in shown.stdout
    assert "9 new" in shown.stdout
    assert "No price yet: AAPL, FXAIX, MSFT, SPY, VTI" in shown.stdout
    assert counts(db) == before
    assert "performance starts" not in shown.stdout
    opened = run(*load, "--dry-run", "--performance-from", "statement")
    assert "performance starts at their value of that day" in " ".join(opened.stdout.split())
    preview = json.loads(run(*load, "--dry-run", "--json").stdout)
    assert preview["exposures"]["short"] == "13980.00"  # fifty shares and five contracts
    assert {
        "investment_class": "OPTIONS",
        "investment_subtype": "PUT",
        "position_type": "SP",
        "count": 1,
    } in (preview["lots"])
    loads = json.loads(run(*load, "--account-name", "Joint 7", "--json").stdout)["loads"]
    assert [(one["dataset"], one["rows_new"]) for one in loads] == [("portfolios", 1), ("positions", 9)]
    names = db.execute("select account_name, portfolio_name from raw.portfolios").fetchall()
    assert names == [("Joint 7", "Mine")]


def test_errors_are_a_table_or_json_and_nothing_is_loaded(
    run: Run, tmp_path: Path, db: psycopg.Connection[Any]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(
        "Symbol,Quantity,Entry Price Per Share,Entry Date\nAAPL,NaN,2,2025-06-30\nMSFT,1,,2025-06-30\n"
    )
    load = ("load", "positions", str(path), "--portfolio", "Bad", "--owner", "jane", "--equity", "lots")
    done = run(*load)
    assert done.returncode == 1
    message = done.stderr
    assert "it has 4 errors" in message
    for code in ("ERR_USER_002", "ERR_PORT_005", "ERR_POS_005", "ERR_POS_008"):
        assert code in message
    assert "Traceback" not in message
    as_json = run(*load, "--json")
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout)[2] == {
        "code": "ERR_POS_005",
        "row": 2,
        "field": "Quantity",
        "value": "NaN",
        "message": "Quantity 'NaN' is not a number; write it like 1250.5.",
    }
    assert db.execute("select count(*) from raw.portfolios where portfolio_name = 'Bad'").fetchone() == (0,)


def test_a_brokers_download_is_completed_by_options(run: Run) -> None:
    path = str(BROKER_FILES / "Portfolio_Positions_Sep-02-2025.csv")
    load = ("load", "positions", path, "--portfolio", "Fidelity", *OWNER[:2], "--no-build")
    asked = run(*load)
    assert asked.returncode == 1
    assert "--entry-date DATE" in " ".join(asked.stderr.split())
    refused = run(*load, "--entry-price", "NOCOST")
    assert "not a valid price of a symbol" in refused.stderr
    done = run(*load, "--entry-date", "2025-01-02", "--entry-price", "NOCOST=11.5")
    assert done.returncode == 0, done.stderr
    assert "6 rows read, 6 new" in done.stdout
    assert "position download of Fidelity of 2025-09-02" in done.stdout
    assert "starts with an equity of 61,627.21" in done.stdout
    assert "from before 2025-09-02: performance starts" in " ".join(done.stdout.split())


def test_options_answer_what_a_file_leaves_open(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    rows = "".join(f"AAPL;1.250;{price};6/7/2025\n" for price in range(1, 4))
    path.write_text(f"Symbol;Quantity;Entry Price Per Share;Entry Date\n{rows}")
    load = ("load", "positions", str(path), "--portfolio", "Open", *OWNER, "--dry-run", "--json")
    asked = {error["code"]: error["message"] for error in json.loads(run(*load).stdout)}
    assert asked.keys() == {"ERR_POS_005", "ERR_POS_013"}
    assert "--date-format" in asked["ERR_POS_013"]
    assert "--decimal" in asked["ERR_POS_005"]
    shown = json.loads(run(*load, "--date-format", "dmy", "--decimal", "comma").stdout)
    assert shown["exposures"]["long"] == "7500.00"
    assert "Dates are read day first: 6/7/2025 is 2025-07-06." in shown["notices"]


def test_options_supply_symbols_and_currency(run: Run) -> None:
    path = str(BROKER_FILES / "degiro_portfolio.csv")
    load = ("load", "positions", path, "--portfolio", "Degiro", *OWNER, "--dry-run", "--json")
    terms = ("--entry-at-market", "--statement-date", "2025-09-02")
    symbols = ("--symbol", "US0378331005=AAPL", "--symbol", "us67059n1081=ntnx")
    shown = json.loads(run(*load, *terms, *symbols).stdout)
    assert shown["exposures"]["long"] == "254703.32"
    wrong = run(*load[:-1], "--symbol", "AAPL")
    assert wrong.returncode != 0
    assert "write it like US0378331005=AAPL" in wrong.stderr
    pie = str(BROKER_FILES / "trading_212_pie.csv")
    options = ("--portfolio", "Pie", *OWNER, "--dry-run", "--json", *terms)
    assert json.loads(run("load", "positions", pie, *options).stdout)[0]["field"] == "Currency"
    assert "lots" in json.loads(run("load", "positions", pie, *options, "--currency", "USD").stdout)


def test_a_message_is_shown_once_in_the_table(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    rows = "".join(f"AAPL,1,{price},,\n" for price in range(1, 30))
    path.write_text(f"Symbol,Quantity,Entry Price Per Share,Entry Date,Tags\n{rows}")
    load = ("load", "positions", str(path), "--portfolio", "Bad", *OWNER)
    done = run(*load)
    assert "it has 29 errors" in done.stderr
    assert done.stderr.count("ERR_POS_012") == 1
    assert "and 18 more" in " ".join(done.stderr.split())
    assert len(json.loads(run(*load, "--json").stdout)) == 29


def test_what_looks_wrong_is_loaded_with_yes_only(
    run: Run, tmp_path: Path, db: psycopg.Connection[Any]
) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(
        "Symbol,Quantity,Entry Price Per Share,Entry Date\n"
        "AAPL,100000,205,2025-06-30\nMSFT,1,490,2025-06-30\n"
    )
    load = ("load", "positions", str(path), "--portfolio", "Wrong", *OWNER, "--no-build")
    before = counts(db)
    refused = run(*load)
    assert refused.returncode == 1
    assert "row 2: 100000 AAPL cost 20,500,000.00, 10.2 times the equity of 2,000,000.00. [ASK_QUANTITY]" in (
        refused.stderr
    )
    assert "load it as it is with --yes" in refused.stderr
    as_json = run(*load, "--json")
    assert as_json.returncode == 1
    codes = ["ASK_QUANTITY", "ASK_GROSS"]
    assert [question["code"] for question in json.loads(as_json.stdout)] == codes
    shown = run(*load, "--dry-run")
    assert shown.returncode == 0
    assert "To confirm, or to load with --yes:" in shown.stdout
    preview = json.loads(run(*load, "--dry-run", "--json").stdout)
    assert [question["code"] for question in preview["questions"]] == codes
    assert counts(db) == before
    done = run(*load, "--yes")
    assert done.returncode == 0, done.stderr
    assert "2 rows read, 2 new" in done.stdout


def test_a_terminal_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [Question("ASK_GROSS", None, "Quantity", "1", "Too much.")]
    answers: list[bool] = [True, False]
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("typer.confirm", lambda _: answers.pop(0))
    ask_to_go_on(Path("a.csv"), asked, yes=False)
    with pytest.raises(UnconfirmedStatementError, match=r"(?s)a\.csv was not loaded.*--yes"):
        ask_to_go_on(Path("a.csv"), asked, yes=False)
    ask_to_go_on(Path("a.csv"), asked, yes=True)
    assert answers == []


class Terminal(StringIO):
    """A standard input at a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_symbol_that_the_source_does_not_price_is_asked_about(
    run: Run, tmp_path: Path, db: psycopg.Connection[Any]
) -> None:
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "prices.csv").write_text(
        "date,symbol,open,high,low,close,adj_close,volume\n2025-06-30,AAPL,205,205,205,205,205,1\n"
    )
    path = tmp_path / "typo.csv"
    path.write_text(
        "Symbol,Quantity,Entry Price Per Share,Entry Date\nAAPL,1,20.5,2025-06-30\nAPPL,1,205,2025-06-30\n"
    )
    load = ("load", "positions", str(path), "--portfolio", "Typo", *OWNER)
    refused = run(*load, "--source", "files", "--prices", str(tmp_path / "prices"))
    assert refused.returncode == 1
    assert "[ASK_PRICE]" in refused.stderr  # the close came with the prices that were fetched first
    assert "row 3: No source has a price of APPL" in refused.stderr
    assert db.execute("select count(*) from raw.portfolios where portfolio_name = 'Typo'").fetchone() == (0,)


def test_newer_prices_are_fetched_before_a_statement_is_compared(run: Run, tmp_path: Path) -> None:
    # Silent failure prevented: a deposit beside a sale whose close is in the folder, and was loaded after
    (tmp_path / "prices").mkdir()
    prices, path = tmp_path / "prices" / "prices.csv", tmp_path / "weekly.csv"
    header, held = "Symbol,Quantity,Entry Price Per Share,Entry Date\n", "IBM,10,280,2025-06-30\n"
    closes = "date,symbol,close\n2025-06-30,IBM,280\n2025-06-30,KO,70\n"
    load = ("load", "positions", str(path), "--portfolio", "Weekly", "--owner", "jane@example.com")
    prices.write_text(closes)
    assert run("load", "prices", str(tmp_path / "prices")).returncode == 0
    path.write_text(f"{header}{held}KO,50,70,2025-06-30\nSPAXX,10000,1,2025-06-30\n")
    assert run(*load, "--statement-date", "2025-06-30", "--no-build").returncode == 0
    prices.write_text(f"{closes}2025-07-07,IBM,285\n2025-07-07,KO,71\n")
    path.write_text(f"{header}{held}IBM,1,28.5,2025-07-07\nSPAXX,18521.5,1,2025-06-30\n")
    asked = run(
        *load, "--statement-date", "2025-07-07", "--source", "files", "--prices", str(tmp_path / "prices")
    )
    assert "[ASK_PRICE]" in asked.stderr  # so that nothing is built here
    assert "Cash: a contribution of 5,000.00 on 2025-07-07" in asked.stdout


def test_without_an_answer_no_symbol_counts_as_unknown(calendar_warehouse: Warehouse) -> None:
    # nothing listens on this port: a night without a network is no reason to ask about every symbol
    settings = calendar_warehouse.settings.model_copy(
        update={"yahoo_url": "http://127.0.0.1:9", "vendor_attempts": 1, "vendor_timeout_seconds": 1.0}
    )
    offline = replace(calendar_warehouse, settings=settings)
    answered = fetch_for_statement(offline, Source.YFINANCE, None, ["AAPL"], date(2025, 6, 30))
    assert answered is False
