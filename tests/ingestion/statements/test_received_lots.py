"""What lots received in spin-offs, as statements keep, sell, close or never knew it."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion.files.folder import load_folder
from ingestion.market.calendar import load_calendar
from ingestion.portfolios.portfolios import PortfolioFields
from ingestion.raw.loads import Connection
from ingestion.statements.known import known_lots
from ingestion.statements.load import load_positions
from ingestion.statements.shares import SharesAsOf

BOUGHT, BEGIN, SPUN_OFF, CHECKED, LATER = (
    date(2025, 6, 2),
    date(2025, 6, 3),
    date(2025, 6, 10),
    date(2025, 6, 17),
    date(2025, 6, 24),
)
TODAY = date(2026, 2, 1)
HEADER = "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Exit Date,Exit Price Per Share\n"
ACTIONS = (
    "symbol,ex_date,action,value,new_symbol,cash,cost_share\n"
    "ALPHA,2025-06-05,split,2,,,\n"
    f"ALPHA,{SPUN_OFF},spin_off,0.5,BETA,,0.25\n"
    "BETA,2025-06-13,split,3,,,\n"
    f"GAMMA,{SPUN_OFF},special_dividend,3,,,\n"
)
Load = Callable[..., list[str]]
FIELDS = PortfolioFields("Book", "jane@example.com", "100000")


@pytest.fixture
def load(connection: Connection, tmp_path: Path) -> Load:
    """Load a statement of rows; the notices."""
    load_calendar(connection)

    def load(day: date, *rows: str, shares_as_of: SharesAsOf | None = None) -> list[str]:
        path = tmp_path / "book.csv"
        path.write_text(HEADER + "\n".join(rows) + "\n")
        _, report, *_ = load_positions(
            connection,
            path,
            portfolio_name="Book",
            owner_email="jane@example.com",
            equity="100000",
            statement_date=day,
            today=TODAY,
            shares_as_of=shares_as_of,
        )
        return list(report.notices)

    return load


@pytest.fixture
def tell(connection: Connection, tmp_path: Path) -> Callable[[], None]:
    """Load the actions."""

    def tell() -> None:
        folder = tmp_path / "actions"
        folder.mkdir()
        (folder / "corporate_actions.csv").write_text(ACTIONS)
        load_folder(connection, folder, today=TODAY)

    return tell


def held(connection: Connection, latest: date = date.max) -> list[tuple[Any, ...]]:
    """Symbol, quantity, exit date and price of the lots that were received."""
    rows = known_lots(connection, FIELDS.portfolio_id, latest=latest)
    return sorted(
        (row["symbol"], row["quantity"], row["exit_date"], row["exit_price"])
        for row in rows
        if row["spun_off_on"] is not None
    )


def stored(connection: Connection) -> list[tuple[Any, ...]]:
    """The newest rows of raw.positions with a spin-off."""
    return connection.execute(
        "select symbol, quantity, entry_date, entry_price, exit_date, exit_price from ("
        "  select distinct on (position_id) * from raw.positions order by position_id, load_id desc"
        ") as newest where spun_off_on is not null order by quantity, exit_date"
    ).fetchall()


LOT = f"ALPHA,10,100,{BOUGHT},,,"


def test_a_lot_receives_shares_once_split(
    connection: Connection, load: Load, tell: Callable[[], None]
) -> None:
    """10 shares are 20 at the ex-date, and 20 halves are 10 shares, before their own split."""
    load(BEGIN, LOT, f"OTHER,5,20,{BOUGHT},,,")
    assert held(connection) == []
    tell()
    assert held(connection) == [("BETA", 10, None, None)]
    assert held(connection, SPUN_OFF.replace(day=9)) == []
    assert stored(connection) == []


def test_a_statement_keeps_it(connection: Connection, load: Load, tell: Callable[[], None]) -> None:
    """In the shares of its date, with the cost that is left: both rows are the known lots."""
    load(BEGIN, LOT)
    tell()
    notices = load(CHECKED, f"ALPHA,20,37.5,{BOUGHT},,,", f"BETA,30,8.3333,{BOUGHT},,,")
    assert sum("were received in the spin-off" in notice for notice in notices) == 1
    assert stored(connection) == [("BETA", 10, BOUGHT, 100, None, None)]
    assert connection.execute("select count(distinct position_id) from raw.positions").fetchone() == (2,)
    load(LATER, f"ALPHA,20,37.5,{BOUGHT},,,", f"BETA,12,8.3333,{BOUGHT},,,")
    assert stored(connection) == [
        ("BETA", 4, BOUGHT, 100, None, None),
        ("BETA", 6, BOUGHT, 100, LATER, None),
    ]


def test_a_part_with_the_cost_that_is_left_is_the_lot_of_which_a_part_was_sold(
    connection: Connection, load: Load, tell: Callable[[], None]
) -> None:
    # Silent failure prevented: the lot sold, and another bought at the cost that is left
    load(BEGIN, LOT)
    tell()
    load(date(2025, 6, 6), f"ALPHA,16,50,{BOUGHT},,,")
    load(CHECKED, f"ALPHA,8,37.5,{BOUGHT},,,")
    rows = [row for row in known_lots(connection, FIELDS.portfolio_id) if row["symbol"] == "ALPHA"]
    assert sorted((row["entry_price"], row["quantity"], row["exit_date"] or date.max) for row in rows) == [
        (100, 2, date(2025, 6, 6)),
        (100, 4, CHECKED),
        (100, 4, date.max),
    ]


def test_a_statement_closes_it(connection: Connection, load: Load, tell: Callable[[], None]) -> None:
    load(BEGIN, LOT)
    tell()
    load(CHECKED, f"ALPHA,20,37.5,{BOUGHT},,,")
    assert stored(connection) == [("BETA", 10, BOUGHT, 100, CHECKED, None)]


def test_a_statement_lists_its_sale(connection: Connection, load: Load, tell: Callable[[], None]) -> None:
    """By the ex-date, as some brokers date it."""
    load(BEGIN, LOT)
    tell()
    load(CHECKED, f"ALPHA,20,37.5,{BOUGHT},,,", f"BETA,30,8.33,{SPUN_OFF},,2025-06-16,9.5")
    assert stored(connection) == [("BETA", 10, BOUGHT, 100, date(2025, 6, 16), Decimal("9.5"))]


def test_a_statement_that_did_not_know_ends_it(
    connection: Connection, load: Load, tell: Callable[[], None]
) -> None:
    """Loaded again, it keeps what it lists and no longer has it as bought."""
    load(BEGIN, LOT)
    rows = (LOT, f"BETA,30,8.33,{BOUGHT},,,")
    load(CHECKED, *rows)
    tell()
    assert held(connection) == [("BETA", 10, CHECKED, None)]
    load(CHECKED, *rows)
    assert stored(connection) == [("BETA", 10, BOUGHT, 100, None, None)]


def test_what_is_listed_first_afterwards_receives_nothing(
    connection: Connection, load: Load, tell: Callable[[], None]
) -> None:
    tell()
    load(CHECKED, LOT, f"BETA,30,8.33,{BOUGHT},,,", shares_as_of="statement")
    assert held(connection) == []


def test_what_was_sold_before_receives_nothing_and_a_short_owes(
    connection: Connection, load: Load, tell: Callable[[], None]
) -> None:
    load(BEGIN, f"ALPHA,-10,100,{BOUGHT},,,", f"ALPHA,4,90,{BOUGHT},,{BEGIN},95")
    tell()
    assert held(connection) == [("BETA", -10, None, None)]


def test_a_statement_before_it_changes_nothing(
    connection: Connection, load: Load, tell: Callable[[], None]
) -> None:
    load(BEGIN, LOT)
    tell()
    load(date(2025, 6, 6), f"ALPHA,20,50,{BOUGHT},,,")
    assert stored(connection) == []
    assert held(connection) == [("BETA", 10, None, None)]


@pytest.mark.parametrize(
    ("row", "is_missed"),
    [
        (f"ALPHA,20,50,{BOUGHT},,,", True),
        (f"ALPHA,20,50,{BOUGHT},,{SPUN_OFF.replace(day=9)},48", False),
        (f"ALPHA,20,40,{CHECKED},,,", False),
    ],
)
def test_a_lot_that_is_first_listed_after_a_spin_off_says_what_it_lacks(
    load: Load, tell: Callable[[], None], row: str, is_missed: bool
) -> None:
    tell()
    notices = [notice for notice in load(LATER, row, shares_as_of="statement") if "spin-off" in notice]
    assert [
        f"Row 2: the lot of ALPHA is older than the spin-off of BETA on {SPUN_OFF}" in notice
        for notice in notices
    ] == ([True] if is_missed else [])


def test_a_contract_that_is_first_listed_after_a_spin_off_says_what_it_lacks(
    load: Load, tell: Callable[[], None]
) -> None:
    tell()
    contracts = [f"ALPHA{day}C00040000,2,12,{BOUGHT},OPTIONS,," for day in ("250606", "260116")]
    missed = [notice for notice in load(LATER, *contracts, shares_as_of="entry") if "spin-off" in notice]
    (notice,) = missed
    assert notice.startswith(
        f"Row 3: the lot of ALPHA260116C00040000 is older than the spin-off of BETA on {SPUN_OFF} and is "
        "loaded without what its underlying received: the fall"
    )


def test_a_contract_that_is_first_listed_after_a_special_dividend_says_how_its_strike_is_read(
    load: Load, tell: Callable[[], None]
) -> None:
    """Known from before it, or bought after it, the contract has one strike."""
    tell()
    old = f"GAMMA260116C00040000,2,12,{BOUGHT},OPTIONS,,"
    kept = f"GAMMA260116C00050000,2,12,{BOUGHT},OPTIONS,,"
    new = f"GAMMA260116P00040000,2,12,{LATER},OPTIONS,,"
    load(BEGIN, kept)
    (notice,) = (notice for notice in load(LATER, old, kept, new) if "strike" in notice)
    assert notice == (
        f"Row 2: the strike of GAMMA260116C00040000, 40, is taken for that of its purchase on {BOUGHT}: a "
        "special dividend since then lowers it to 37. If 40 is its strike after the dividend, list 43."
    )


def test_a_lot_that_a_statement_knew_before_the_spin_off_lacks_nothing(
    load: Load, tell: Callable[[], None]
) -> None:
    load(BEGIN, LOT)
    tell()
    notices = load(CHECKED, f"ALPHA,20,37.5,{BOUGHT},,,", f"BETA,30,8.3333,{BOUGHT},,,")
    assert not [notice for notice in notices if "is loaded without" in notice]
