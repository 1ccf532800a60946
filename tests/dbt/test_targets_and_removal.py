"""Target prices, tags, capital flows and removed portfolios in the marts, on a small portfolio.

The first publication is built with all portfolios, the second after a portfolio, a target and a tag were
removed. Only these marts and their parents are built.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from flows.pipeline.window import fix_known_at, plan_window
from ingestion.files.folder import load_folder
from ingestion.market.calendar import load_calendar, sessions
from ingestion.portfolios.capital_flows import add_flow
from ingestion.portfolios.entries import find_holder
from ingestion.portfolios.removal import remove_portfolio
from ingestion.portfolios.tag_attributes import archive_tag, color_tag, describe_tag, rename_tag
from ingestion.portfolios.tags import load_tags, remove_tag
from ingestion.portfolios.target_prices import TARGETS, load_target_prices, remove_target_price
from ingestion.statements.load import load_positions
from tests.dbt.selected_builds import Rows, build, read_rows
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow

FIRST, SPLIT, REMOVED, LAST = date(2025, 6, 16), date(2025, 6, 24), date(2025, 6, 26), date(2025, 6, 30)
PAID_IN = date(2025, 6, 27)
FACTS = ("fct_target_prices", "fct_exposures_by_group", "fct_portfolio_snapshots")
MARTS = (*FACTS, "dim_positions", "dim_portfolios", "dim_position_tags", "dim_tags", "fct_capital_flows")
IDENTITIES = (
    "assert_target_prices_agree_with_positions",
    "assert_position_pnl_runs_without_gaps",
    "assert_equity_rolls_forward",
)

HEADER = (
    "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,Underlying Symbol,"
    "Strike Price,Expiration Date,Option Type"
)
BOOK = f"""{HEADER},Tags,Notes
LONG,10,99,{FIRST},PUBLIC,STOCK,,,,,core;growth,the first lot
LONG,30,98,{FIRST},PUBLIC,STOCK,,,,,,
SHORT,-40,50,{FIRST},PUBLIC,STOCK,,,,,,
SPLITS,10,80,{FIRST},PUBLIC,STOCK,,,,,,
SOLD,10,20,{FIRST},PUBLIC,STOCK,,,,,,
UNPRICED,5,10,{FIRST},PUBLIC,STOCK,,,,,,
HEDGED,5,30,{FIRST},PUBLIC,STOCK,,,,,,
HEDGED,-5,31,{FIRST},PUBLIC,STOCK,,,,,,
MY_VC_FUND,2,500,{FIRST},PRIVATE,VENTURE_CAPITAL,,,,,,
LONG250919C00110000,1,2,{FIRST},OPTIONS,CALL,LONG,110,2025-09-19,CALL,,
"""
PRICES = {"LONG": 100, "SHORT": 50, "SPLITS": 80, "SOLD": 20, "HEDGED": 30}
TARGET_ROWS = f"""portfolio_name,symbol,{",".join(TARGETS)},effective_date
Book,LONG,120,150,80,
Book,SHORT,40,30,60,
Book,SPLITS,100,120,60,{FIRST}
Book,SOLD,30,40,10,
Book,UNPRICED,12,14,8,
Book,HEDGED,33,36,27,
Book,MY_VC_FUND,600,,,2025-06-20
Gone,LONG,110,120,90,
Broke,SHORT,40,30,60,
"""
TAG_ROWS = """portfolio_name,symbol,tag
Book,LONG,growth
Book,SHORT,growth
Book,LONG,Technology
"""


def write_files(folder: Path) -> None:
    days = sessions(FIRST, LAST)
    lines = [
        f"{day},{symbol},{close / 2 if symbol == 'SPLITS' and day >= SPLIT else close}"
        for day in (day.astype(object) for day in days.astype("datetime64[D]"))
        for symbol, close in PRICES.items()
    ]
    (folder / "prices").mkdir()
    (folder / "prices/prices.csv").write_text("\n".join(["date,symbol,close", *lines]) + "\n")
    (folder / "prices/corporate_actions.csv").write_text(
        f"symbol,ex_date,action,value\nSPLITS,{SPLIT},split,2\n"
    )
    (folder / "prices/profiles.csv").write_text(
        "symbol,sector\nLONG,Technology\nSHORT,Energy\nSPLITS,Technology\n"
    )
    (folder / "targets.csv").write_text(TARGET_ROWS)
    (folder / "tags.csv").write_text(TAG_ROWS)


def load_book(connection: psycopg.Connection[Any], folder: Path) -> None:
    books = {
        "Book": (10_000, BOOK),
        "Gone": (1_000, f"{HEADER}\nLONG,5,100,{FIRST},PUBLIC,STOCK,,,,\n"),
        # its losses exceed its equity
        "Broke": (100, f"{HEADER}\nSHORT,-100,45,{FIRST},PUBLIC,STOCK,,,,\n"),
    }
    load_calendar(connection)
    load_folder(connection, folder / "prices")
    for name, (equity, text) in books.items():
        path = folder / f"{name}.csv"
        path.write_text(text)
        load_positions(
            connection,
            path,
            portfolio_name=name,
            owner_email="jane@example.com",
            equity=Decimal(equity),
            statement_date=FIRST,
        )
    # sold before the last session
    path.with_name("Book.csv").write_text(BOOK.replace(f"SOLD,10,20,{FIRST},PUBLIC,STOCK,,,,,,\n", ""))
    load_positions(
        connection,
        folder / "Book.csv",
        portfolio_name="Book",
        owner_email="jane@example.com",
        statement_date=date(2025, 6, 27),
    )
    load_saver(connection, folder / "saver.csv")
    load_target_prices(connection, folder / "targets.csv", today=LAST)
    load_tags(connection, folder / "tags.csv")
    for name in ("Book", "Gone"):
        add_flow(connection, find_holder(connection, name, None), Decimal("50.25"), FIRST, notes="bonus")


def load_saver(connection: psycopg.Connection[Any], path: Path) -> None:
    """A portfolio without a stated equity, whose next statement has more cash."""
    for day, cash in ((FIRST, 1_000), (PAID_IN, 1_500)):
        path.write_text(
            f"{HEADER}\nLONG,5,100,{FIRST},PUBLIC,STOCK,,,,\nSPAXX,{cash},1,{FIRST},PUBLIC,CASH,,,,\n"
        )
        load_positions(
            connection, path, portfolio_name="Saver", owner_email="jane@example.com", statement_date=day
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("targets")


@pytest.fixture(scope="module")
def first(module_warehouse: Warehouse, folder: Path) -> dict[str, Rows]:
    """The marts of the first publication. The second is built too, with all tests; schema marts shows it."""
    write_files(folder)
    with module_warehouse.connect_writer(autocommit=True) as connection:
        load_book(connection, folder)
    marts = [f"+{mart}" for mart in MARTS]
    build(module_warehouse, selected=marts, is_tested=False)
    with module_warehouse.connect_writer(autocommit=True) as connection:
        book, gone = (find_holder(connection, name, None) for name in ("Book", "Gone"))
        remove_portfolio(connection, gone, day=REMOVED)
        remove_target_price(connection, book, "SHORT", day=REMOVED)
        remove_tag(connection, book, "SHORT", "growth", day=REMOVED)
        rename_tag(connection, "growth", "Growth stocks")
        color_tag(connection, "core", "#123456")
        describe_tag(connection, "core", "kept for ever")
        archive_tag(connection, "Technology")
    identities = [f"+{name}" for name in IDENTITIES]
    build(module_warehouse, selected=[*marts, *identities], is_tested=True)
    oldest = "(select min(publication_id) from marts_history.fct_portfolio_snapshots)"
    return {
        mart: read_rows(
            module_warehouse, f"select * from marts_history.{mart} where publication_id = {oldest}"
        )
        for mart in MARTS
    }


@pytest.fixture(scope="module")
def portfolios(first: dict[str, Rows]) -> dict[str, Any]:
    return {row["portfolio_name"]: row["portfolio_id"] for row in first["dim_portfolios"]}


@pytest.fixture(scope="module")
def target(first: dict[str, Rows], portfolios: dict[str, Any]) -> Callable[..., dict[str, Any] | None]:
    """The row of a symbol in the first publication."""

    def read(symbol: str, portfolio: str = "Book", day: date = LAST) -> dict[str, Any] | None:
        found = [
            row
            for row in first["fct_target_prices"]
            if (row["symbol"], row["portfolio_id"], row["as_of_date"]) == (symbol, portfolios[portfolio], day)
        ]
        assert len(found) <= 1
        return found[0] if found else None

    return read


Target = Callable[..., dict[str, Any]]


def returns(row: dict[str, Any]) -> tuple[float | None, ...]:
    return row["expected_return_eoy"], row["expected_return_next_year"], row["downside_return"]


# --- targets -----------------------------------------------------------------------------------------------


def test_a_long_position_gains_when_its_price_rises(target: Target, first: dict[str, Rows]) -> None:
    row = target("LONG")
    (equity,) = [
        snapshot["equity"]
        for snapshot in first["fct_portfolio_snapshots"]
        if (snapshot["portfolio_id"], snapshot["as_of_date"]) == (row["portfolio_id"], LAST)
    ]
    assert returns(row) == pytest.approx((0.2, 0.5, -0.2))
    assert (row["price"], row["market_value"], row["position_count"]) == (100, 4000, 2)
    assert row["position_weight"] == pytest.approx(4000 / float(equity))
    assert row["contribution_to_portfolio_return"] == pytest.approx(4000 / float(equity) * 0.2)
    assert row["null_reason"] is None


def test_a_short_position_gains_when_its_price_falls(target: Target) -> None:
    row = target("SHORT")
    assert returns(row) == pytest.approx((0.2, 0.4, -0.2))
    assert row["position_weight"] < 0
    assert row["contribution_to_portfolio_return"] == pytest.approx(-row["position_weight"] * 0.2)


def test_a_split_adjusts_the_target_but_not_the_return(target: Target) -> None:
    before, after = target("SPLITS", day=date(2025, 6, 23)), target("SPLITS")
    assert (before["target_price_eoy"], after["target_price_eoy"]) == (100, 50)
    assert returns(before) == pytest.approx((0.25, 0.5, -0.25))
    assert returns(after) == pytest.approx(returns(before))


def test_a_target_is_valid_from_its_effective_date_on(target: Target) -> None:
    assert target("MY_VC_FUND", day=date(2025, 6, 18)) is None
    assert target("MY_VC_FUND", day=date(2025, 6, 20))["effective_date"] == date(2025, 6, 20)


def test_missing_targets_are_null_with_a_reason(target: Target) -> None:
    row = target("MY_VC_FUND")
    assert returns(row) == (pytest.approx(0.2), None, None)
    assert (row["price"], row["price_flag"], row["null_reason"]) == (500, "private_mark", "target_not_given")


def test_a_symbol_that_was_never_priced_has_no_return(target: Target) -> None:
    row = target("UNPRICED")
    assert returns(row) == (None, None, None)
    assert (row["price"], row["contribution_to_portfolio_return"], row["null_reason"]) == (
        None,
        None,
        "no_price",
    )


def test_lots_that_cancel_have_no_return_and_a_reason(target: Target) -> None:
    row = target("HEDGED")
    assert returns(row) == (None, None, None)
    assert (row["position_count"], row["position_weight"], row["null_reason"]) == (
        2,
        0,
        "long_and_short_cancel",
    )


def test_without_equity_the_weight_is_null_but_not_the_return(target: Target) -> None:
    row = target("SHORT", "Broke")
    assert returns(row) == pytest.approx((0.2, 0.4, -0.2))
    assert (row["position_weight"], row["contribution_to_portfolio_return"]) == (None, None)
    assert row["null_reason"] == "equity_not_positive"


def test_only_held_symbols_have_a_row(target: Target) -> None:
    assert target("SOLD", day=date(2025, 6, 26)) is not None
    assert target("SOLD", day=date(2025, 6, 27)) is None


@pytest.mark.usefixtures("first")
def test_a_removed_target_remains_on_earlier_sessions(
    module_warehouse: Warehouse, portfolios: dict[str, Any]
) -> None:
    (row,) = read_rows(
        module_warehouse,
        "select min(as_of_date) as begins, max(as_of_date) as ends from marts.fct_target_prices"
        f" where symbol = 'SHORT' and portfolio_id = '{portfolios['Book']}'",
    )
    assert (row["begins"], row["ends"]) == (FIRST, date(2025, 6, 25))


# --- tags --------------------------------------------------------------------------------------------------


def tags(rows: Rows, portfolio: Any) -> dict[str, tuple[list[str], list[str]]]:
    return {
        row["symbol"]: (row["tags"], row["automatic_tags"])
        for row in rows
        if row["portfolio_id"] == portfolio
    }


def test_positions_have_user_assigned_tags_and_their_sector(
    first: dict[str, Rows], portfolios: dict[str, Any]
) -> None:
    found = tags(first["dim_positions"], portfolios["Book"])
    # also assigned by the user: one tag, not an automatic one
    assert found["LONG"] == (["Technology", "growth"], [])
    assert found["SHORT"] == (["Energy", "growth"], ["Energy"])
    assert found["LONG250919C00110000"] == (["Technology", "options"], ["Technology", "options"])
    assert found["MY_VC_FUND"] == found["HEDGED"] == ([], [])


def test_tags_and_notes_of_one_lot_are_not_those_of_its_symbol(
    first: dict[str, Rows], portfolios: dict[str, Any]
) -> None:
    lots = {
        row["entry_price"]: (row["own_tags"], row["tags"], row["notes"])
        for row in first["dim_positions"]
        if (row["portfolio_id"], row["symbol"]) == (portfolios["Book"], "LONG")
    }
    assert lots == {
        99: (["core", "growth"], ["Technology", "core", "growth"], "the first lot"),
        98: ([], ["Technology", "growth"], None),
    }


def test_exposures_by_tag_count_each_position_once(
    first: dict[str, Rows], portfolios: dict[str, Any]
) -> None:
    found = {
        row["bucket"]: (row["position_count"], row["long_exposure"], row["short_exposure"])
        for row in first["fct_exposures_by_group"]
        if (row["portfolio_id"], row["as_of_date"], row["dimension"]) == (portfolios["Book"], LAST, "tag")
    }
    option = found["options"][1]
    assert found.keys() == {"core", "growth", "Technology", "Energy", "options"}
    assert found["core"] == (1, 1000, 0)  # of one lot alone
    assert found["growth"] == (3, 4000, 2000)
    assert found["Technology"] == (4, 4000 + 400 * 2 + option, 0)
    assert found["Energy"] == (1, 0, 2000)


@pytest.mark.usefixtures("first")
def test_a_removed_tag_remains_on_earlier_sessions(
    module_warehouse: Warehouse, portfolios: dict[str, Any]
) -> None:
    rows = read_rows(
        module_warehouse,
        "select as_of_date, short_exposure from marts.fct_exposures_by_group where bucket = 'growth'"
        f" and portfolio_id = '{portfolios['Book']}' order by as_of_date",
    )
    assert {row["as_of_date"] for row in rows if row["short_exposure"]} == {
        row["as_of_date"] for row in rows if row["as_of_date"] < REMOVED
    }
    found = tags(read_rows(module_warehouse, "select * from marts.dim_positions"), portfolios["Book"])
    assert found["SHORT"] == (["Energy"], ["Energy"])


@pytest.mark.usefixtures("first")
def test_tags_have_their_periods(module_warehouse: Warehouse, portfolios: dict[str, Any]) -> None:
    rows = read_rows(
        module_warehouse,
        "select * from marts.dim_position_tags where symbol in ('LONG', 'SHORT')"
        f" and portfolio_id = '{portfolios['Book']}'",
    )
    periods = {
        (row["symbol"], row["tag"], row["is_automatic"]): (row["valid_from"], row["valid_before"])
        for row in rows
    }
    assert periods == {
        ("LONG", "growth", False): (FIRST, None),
        ("LONG", "Technology", False): (FIRST, None),
        ("LONG", "Technology", True): (FIRST, None),
        ("SHORT", "growth", False): (FIRST, REMOVED),
        ("SHORT", "Energy", True): (FIRST, None),
    }
    assert {row["created_at"] is None for row in rows if row["is_automatic"]} == {True}
    assert {row["created_at"] is None for row in rows if not row["is_automatic"]} == {False}


def shown(rows: Rows, portfolio: Any) -> dict[str, tuple[Any, ...]]:
    names = ("tag_name", "color", "description", "is_archived", "is_automatic")
    return {
        row["tag"]: tuple(row[name] for name in names) for row in rows if row["portfolio_id"] == portfolio
    }


def test_tags_have_the_names_and_colours_that_their_user_gave(
    module_warehouse: Warehouse, first: dict[str, Rows], portfolios: dict[str, Any]
) -> None:
    before = shown(first["dim_tags"], portfolios["Book"])
    assert before == {
        "core": ("core", None, None, False, False),
        "growth": ("growth", None, None, False, False),
        "Technology": ("Technology", None, None, False, False),
        "Energy": ("Energy", None, None, False, True),
        "options": ("options", None, None, False, True),
    }
    rows = read_rows(module_warehouse, "select * from marts.dim_tags")
    assert shown(rows, portfolios["Book"]) == {
        **before,
        "core": ("core", "#123456", "kept for ever", False, False),
        "growth": ("Growth stocks", None, None, False, False),
        "Technology": ("Technology", None, None, True, False),
    }
    assert portfolios["Gone"] not in {row["portfolio_id"] for row in rows}
    assert {row["tag"] for row in rows if row["updated_at"]} == {"core", "growth", "Technology"}


@pytest.mark.usefixtures("first")
def test_a_renamed_tag_restates_no_figure(module_warehouse: Warehouse) -> None:
    """Buckets of the marts are tags as assigned, so that their history does not change with a name."""
    buckets = read_rows(
        module_warehouse,
        "select distinct bucket from marts_history.fct_exposures_by_group where dimension = 'tag'",
    )
    assert {row["bucket"] for row in buckets} == {"core", "growth", "Technology", "Energy", "options"}


# --- flows -------------------------------------------------------------------------------------------------


def test_flows_of_a_removed_portfolio_are_not_shown(
    module_warehouse: Warehouse, first: dict[str, Rows], portfolios: dict[str, Any]
) -> None:
    assert {row["portfolio_id"] for row in first["fct_capital_flows"]} == {
        portfolios["Book"],
        portfolios["Gone"],
        portfolios["Saver"],
    }
    row, saved = read_rows(module_warehouse, "select * from marts.fct_capital_flows order by flow_date")
    assert (saved["portfolio_id"], saved["amount"]) == (portfolios["Saver"], 500)
    found = (row["portfolio_id"], row["flow_date"], row["amount"], row["notes"])
    assert found == (portfolios["Book"], FIRST, Decimal("50.25"), "bonus")
    assert row["created_at"] == row["updated_at"]


# --- removal -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("first")
def test_a_removed_portfolio_keeps_its_earlier_sessions(
    module_warehouse: Warehouse, portfolios: dict[str, Any]
) -> None:
    gone = portfolios["Gone"]
    for mart in ("fct_portfolio_snapshots", "fct_target_prices", "fct_exposures_by_group"):
        (row,) = read_rows(
            module_warehouse,
            f"select min(as_of_date) as begins, max(as_of_date) as ends from marts.{mart}"
            f" where portfolio_id = '{gone}'",
        )
        assert (row["begins"], row["ends"]) == (FIRST, date(2025, 6, 25)), mart
    (row,) = read_rows(
        module_warehouse,
        "select count(*) as versions, count(superseded_at) as superseded"
        f" from marts_history.fct_target_prices where portfolio_id = '{gone}' and as_of_date = '{LAST}'",
    )
    assert row == {"versions": 1, "superseded": 1}


@pytest.mark.usefixtures("first")
def test_a_removed_portfolio_is_in_the_history_only(
    module_warehouse: Warehouse, portfolios: dict[str, Any]
) -> None:
    gone = portfolios["Gone"]
    for mart in ("dim_portfolios", "dim_positions"):
        rows = read_rows(module_warehouse, f"select portfolio_id from marts.{mart}")
        assert rows
        assert gone not in {row["portfolio_id"] for row in rows}, mart
    (row,) = read_rows(
        module_warehouse,
        "select portfolio_name, superseded_at is not null as is_superseded"
        f" from marts_history.dim_portfolios where portfolio_id = '{gone}'",
    )
    assert row == {"portfolio_name": "Gone", "is_superseded": True}


def test_other_portfolios_are_unchanged(
    module_warehouse: Warehouse, first: dict[str, Rows], portfolios: dict[str, Any]
) -> None:
    def equities(rows: Rows) -> dict[tuple[Any, date], Any]:
        return {
            (row["portfolio_id"], row["as_of_date"]): row["equity"]
            for row in rows
            if row["portfolio_id"] != portfolios["Gone"]
        }

    now = read_rows(module_warehouse, "select * from marts.fct_portfolio_snapshots")
    assert equities(now) == equities(first["fct_portfolio_snapshots"])


# --- a third publication: keep it last --------------------------------------------------------------------


@pytest.mark.long
def test_a_new_colour_is_published_by_building_the_last_session_of_its_users_portfolios(
    module_warehouse: Warehouse, portfolios: dict[str, Any]
) -> None:
    def read(mart: str) -> Rows:
        statement = f"select to_jsonb(rows) as row from marts.{mart} as rows"
        return sorted((row["row"] for row in read_rows(module_warehouse, statement)), key=str)

    before = {mart: read(mart) for mart in FACTS}
    with module_warehouse.connect_writer() as connection:
        assert plan_window(connection, known_at=fix_known_at(connection)) is None
        connection.commit()
        color_tag(connection, "core", "#654321")
        window = plan_window(connection, known_at=fix_known_at(connection))
    assert window is not None
    assert (window.market_from_date, window.portfolios) == (None, dict.fromkeys(portfolios.values(), LAST))
    build(module_warehouse, selected=[f"+{mart}" for mart in MARTS], is_tested=False)
    rows = read_rows(module_warehouse, "select * from marts.dim_tags where tag = 'core'")
    assert [(row["color"], row["tag_name"]) for row in rows] == [("#654321", "core")]
    versions = read_rows(
        module_warehouse,
        "select color, superseded_at is null as is_current from marts_history.dim_tags where tag = 'core' "
        "order by publication_id",
    )
    assert [tuple(row.values()) for row in versions] == [
        (None, False),
        ("#123456", False),
        ("#654321", True),
    ]
    assert {mart: read(mart) for mart in FACTS} == before


# --- cash --------------------------------------------------------------------------------------------------


def test_raised_cash_is_a_contribution_of_its_day_and_no_gain(
    first: dict[str, Rows], portfolios: dict[str, Any]
) -> None:
    days = {
        row["as_of_date"]: row
        for row in first["fct_portfolio_snapshots"]
        if row["portfolio_id"] == portfolios["Saver"]
    }
    assert {day: row["equity"] for day, row in days.items() if day < PAID_IN} == dict.fromkeys(
        [day for day in days if day < PAID_IN], 1500
    )
    paid_in = days[PAID_IN]
    assert (paid_in["equity"], paid_in["capital_flow"], paid_in["daily_pnl"]) == (2000, 500, 0)
    assert {row["cash"] for row in days.values()} == {0}  # all of it is in its lots
    assert days[LAST]["twr_index"] == pytest.approx(days[FIRST]["twr_index"])
