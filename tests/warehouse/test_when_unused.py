"""Views are changed when nobody reads from them, and keep nobody waiting until then."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest

from ingestion.files.folder import load_folder
from ingestion.market.calendar import load_calendar
from ingestion.portfolios.capital_flows import add_flow
from ingestion.portfolios.entries import find_holder
from ingestion.statements.load import load_positions
from tests.dbt.selected_builds import build, read_rows
from warehouse.connections import Warehouse

DAY = date(2025, 6, 30)
CHANGE = """
select ops.when_unused(
    'create or replace view marts.v as select 2 as a; grant select on marts.v to sigmasight_api'
)
"""

# as a version without the notes has left it
WITHOUT_NOTES = """
alter table published.fct_capital_flows drop column notes cascade;
create view marts.fct_capital_flows as select amount from published.fct_capital_flows;
grant select on marts.fct_capital_flows to sigmasight_analyst;
comment on table published.fct_capital_flows is '{}'
"""


def change_beside_readers(
    warehouse: Warehouse, change: Callable[[], None], statement: str, *, seconds: int
) -> None:
    """Change a view while an analyst has an open transaction on it and others read it for some seconds."""
    with ThreadPoolExecutor(1) as threads, warehouse.connect_analyst() as forgotten:
        before = forgotten.execute(statement.encode()).fetchall()
        changing = threads.submit(change)
        with warehouse.connect_analyst(autocommit=True) as reader:
            reader.execute("set statement_timeout = '3s'")
            until = monotonic() + seconds
            while monotonic() < until:
                assert reader.execute(statement.encode()).fetchall() == before
                sleep(0.05)
        assert not changing.done()
        forgotten.rollback()
        changing.result(timeout=60)


def test_an_open_transaction_of_an_analyst_keeps_no_reader_waiting(empty_warehouse: Warehouse) -> None:
    # Silent failure prevented: a change of the views waits for somebody who forgot to commit, and behind it
    # every request of the API until its timeout
    def change() -> None:
        with empty_warehouse.connect_writer(autocommit=True) as writer:
            writer.execute(CHANGE)

    with empty_warehouse.connect_writer(autocommit=True) as writer:
        writer.execute("create view marts.v as select 1 as a; grant select on marts.v to sigmasight_analyst")
    change_beside_readers(empty_warehouse, change, "select a from marts.v", seconds=7)
    assert read_rows(empty_warehouse, "select a from marts.v") == [{"a": 2}]


@pytest.mark.long
def test_a_build_that_adds_a_column_keeps_no_reader_waiting(
    empty_warehouse: Warehouse, tmp_path: Path
) -> None:
    # Silent failure prevented: the first build after an upgrade stops every reader of a mart that has a new
    # column until the longest transaction of an analyst ends
    def change() -> None:
        build(empty_warehouse, selected=["+fct_capital_flows"], is_tested=False)

    load_book(empty_warehouse, tmp_path)
    change()
    with empty_warehouse.connect_writer(autocommit=True) as writer:
        writer.execute(WITHOUT_NOTES)
        add_flow(writer, find_holder(writer, "Book", None), Decimal(20), DAY, notes="gift")
    change_beside_readers(empty_warehouse, change, "select amount from marts.fct_capital_flows", seconds=14)
    rows = read_rows(empty_warehouse, "select amount, notes from marts.fct_capital_flows order by amount")
    assert rows == [{"amount": 20, "notes": "gift"}, {"amount": Decimal("50.25"), "notes": "bonus"}]


def load_book(warehouse: Warehouse, folder: Path) -> None:
    (folder / "prices").mkdir()
    (folder / "prices/prices.csv").write_text(f"date,symbol,close\n{DAY},SPY,100\n")
    (folder / "book.csv").write_text(f"Symbol,Quantity,Entry Price Per Share,Entry Date\nSPY,5,100,{DAY}\n")
    with warehouse.connect_writer(autocommit=True) as writer:
        load_calendar(writer)
        load_folder(writer, folder / "prices")
        load_positions(
            writer,
            folder / "book.csv",
            portfolio_name="Book",
            owner_email="jane@example.com",
            equity=Decimal(1_000),
            statement_date=DAY,
        )
        add_flow(writer, find_holder(writer, "Book", None), Decimal("50.25"), DAY, notes="bonus")


def test_an_error_of_the_change_is_told_at_once(empty_warehouse: Warehouse) -> None:
    with (
        empty_warehouse.connect_writer(autocommit=True) as writer,
        pytest.raises(psycopg.errors.UndefinedTable),
    ):
        writer.execute("select ops.when_unused('create view marts.v as select * from marts.nothing')")
