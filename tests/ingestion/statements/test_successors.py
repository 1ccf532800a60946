"""What lots became, by hand, and the lots of a statement that are known under other terms."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion.files.folder import load_folder
from ingestion.market.calendar import load_calendar
from ingestion.raw.loads import Connection
from ingestion.statements.actions.successors import Successors, read_successors
from ingestion.statements.load import load_positions

ENTRY, LATER = date(2025, 1, 2), date(2025, 12, 31)
ACTIONS = """symbol,ex_date,action,value,new_symbol,cash,cost_share
OLD,2025-02-03,rename,,MIDDLE,,
MIDDLE,2025-03-03,rename,,NEW,,
OLD,2025-01-15,split,2,,,
NEW,2025-01-15,split,2,,,
MIDDLE,2025-02-10,dividend,0.5,,,
NEW,2025-04-01,special_dividend,3,,,
NEW,2025-04-01,dividend,3.25,,,
NEW,2025-05-01,cash_and_stock_merger,0.5,BUYER,10,
BUYER,2025-06-02,split,4,,,
BUYER,2025-07-01,cash_merger,60,,,
SMALL,2025-04-01,special_dividend,0.1,,,
"""


@pytest.fixture
def successors(connection: Connection, tmp_path: Path) -> Successors:
    (tmp_path / "corporate_actions.csv").write_text(ACTIONS)
    load_folder(connection, tmp_path, today=LATER)
    return read_successors(connection, {"OLD", "SMALL"})


def test_names_by_day(successors: Successors) -> None:
    assert successors.current("OLD", ENTRY) == "NEW"
    assert successors.current("MIDDLE", ENTRY) == "NEW"
    # a company that took the symbol after the rename
    assert successors.current("OLD", date(2025, 2, 3)) == "OLD"
    days = [date(2025, 2, 2), date(2025, 2, 3), date(2025, 3, 2), date(2025, 3, 3)]
    assert [successors.listed("NEW", day) for day in days] == ["OLD", "MIDDLE", "MIDDLE", "NEW"]


def test_a_lot_through_all_its_actions(successors: Successors) -> None:
    """A share is 2 after the split, told under two names; the strike falls by 2 x 3 and by 2 x 10."""
    before = successors.became("OLD", ENTRY, date(2025, 4, 30))
    assert (before.symbol, before.ratio, before.strike_cut) == ("NEW", Decimal(2), Decimal(6))
    assert before.received == (
        (date(2025, 2, 10), Decimal("1.0")),
        (date(2025, 4, 1), Decimal(6)),
        (date(2025, 4, 1), Decimal("0.5")),
    )
    merged = successors.became("OLD", ENTRY, date(2025, 6, 30))
    assert (merged.symbol, merged.ratio, merged.strike_cut) == ("BUYER", Decimal(4), Decimal(26))
    assert merged.received[-1] == (date(2025, 5, 1), Decimal(20))
    ended = successors.became("OLD", ENTRY, LATER)
    assert (ended.ended_on, ended.end) == (date(2025, 7, 1), Decimal(240))


def test_an_action_does_not_count_on_its_ex_date(successors: Successors) -> None:
    assert successors.became("NEW", date(2025, 5, 1), LATER).symbol == "NEW"
    assert successors.became("BUYER", date(2025, 6, 2), date(2025, 6, 30)).ratio == 1


def test_a_small_special_dividend_adjusts_no_contract(successors: Successors) -> None:
    became = successors.became("SMALL", ENTRY, LATER)
    assert (became.strike_cut, became.is_other) == (Decimal(0), False)
    assert became.received == ((date(2025, 4, 1), Decimal("0.1")),)


def test_a_statement_from_before_the_action_was_known_is_loaded_again(
    connection: Connection, tmp_path: Path
) -> None:
    """Its rows were new lots, and the old ones closed; they are the known lots now."""
    load_calendar(connection)
    path, day = tmp_path / "book.csv", date(2025, 5, 6)
    header = "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class\n"

    def load(rows: str, as_of: date) -> None:
        path.write_text(header + rows)
        load_positions(
            connection,
            path,
            portfolio_name="Book",
            owner_email="jane@example.com",
            equity="10000",
            statement_date=as_of,
            today=LATER,
        )

    def lots() -> list[tuple[object, ...]]:
        newest = "select distinct on (position_id) * from raw.positions order by position_id, load_id desc"
        return connection.execute(
            "select symbol, quantity, exit_date, exit_price is null or exit_price <> entry_price "
            f"from ({newest}) as newest order by symbol"
        ).fetchall()

    load(f"WAS,10,40,{ENTRY},PUBLIC\nSOLD,8,30,{ENTRY},PUBLIC\n", ENTRY)
    later = f"IS,10,40,{ENTRY},PUBLIC\nBUYER,4,60,{ENTRY},PUBLIC\n"
    load(later, day)
    assert [(symbol, exit_date) for symbol, _, exit_date, _ in lots()] == [
        ("BUYER", None),
        ("IS", None),
        ("SOLD", day),
        ("WAS", day),
    ]
    (tmp_path / "corporate_actions.csv").write_text(
        "symbol,ex_date,action,value,new_symbol\n"
        "WAS,2025-04-01,rename,,IS\nSOLD,2025-04-01,stock_merger,0.5,BUYER\n"
    )
    load_folder(connection, tmp_path, today=LATER)
    load(later, day)
    withdrawn = (ENTRY, False)
    assert lots() == [
        ("BUYER", 4, *withdrawn),
        ("IS", 10, *withdrawn),
        ("SOLD", 8, None, True),
        ("WAS", 10, None, True),
    ]
