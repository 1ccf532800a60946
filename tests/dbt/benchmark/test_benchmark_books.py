"""Risk against the benchmark on small books: published returns, and books whose figures are known."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg
import pytest
from psycopg.rows import dict_row

from ingestion.files.folder import load_folder
from ingestion.market.calendar import load_calendar
from ingestion.portfolios.benchmarks import load_benchmarks
from ingestion.statements.columns import COLUMNS
from ingestion.statements.load import load_positions
from tests.dbt.edge_cases import CURVE, LAST, OWNER, Lot, closes
from tests.dbt.selected_builds import build
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow

Row = dict[str, Any]
SELECTED = (
    *("+portfolio_active_risk", "+fct_benchmark_risk", "+dim_portfolios"),
    "+assert_benchmark_risk_is_that_of_the_difference",
)
ANNUAL = 252**0.5
CAPITAL = 1_000_000_000  # P&L is in cents: with much capital, returns have many digits
# Monthly returns of a portfolio and its benchmark, percent: Bacon, Practical Portfolio Performance
# Measurement and Attribution, 2nd edition (2008), pages 65 and 66.
BACON = [
    0.3, 2.6, 1.1, -1.0, 1.5, 2.5, 1.6, 6.7, -1.4, 4.0, -0.5, 8.1,
    4.0, -3.7, -6.1, 1.7, -4.9, -2.2, 7.0, 5.8, -6.5, 2.4, -0.5, -0.9,
]  # fmt: skip
BACON_BENCHMARK = [
    0.2, 2.5, 1.8, -1.1, 1.4, 1.8, 1.4, 6.5, -1.5, 4.2, -0.6, 8.3,
    3.9, -3.8, -6.2, 1.5, -4.8, 2.1, 6.0, 5.6, -6.7, 1.9, -0.3, 0.0,
]  # fmt: skip
REPEATED = 3  # a ratio needs 60 sessions
SCALE = 10  # months are no days: the stress of such days would not be believed, and the portfolio withheld
SESSIONS = REPEATED * len(BACON)
FIRST = date(2025, 4, 17)


def _prices() -> pd.DataFrame:
    """The closes of the edge cases, and two symbols that have Bacon's returns as the last ones."""
    table = closes()
    random = np.random.default_rng(3)
    for symbol, percent in (("BACON", BACON), ("BASE", BACON_BENCHMARK)):
        own: npt.NDArray[np.float64] = random.normal(0, 0.004, len(table))
        own[-SESSIONS:] = np.tile(percent, REPEATED) / 100 / SCALE
        path = np.cumprod(1 + own)
        table[symbol] = 100 * path / path[-SESSIONS - 1]
    return table


def _lots(symbol: str, weight: float) -> list[Lot]:
    """A holding from the close before the first of Bacon's returns."""
    table = _prices()
    price = round(float(table[symbol].iloc[-SESSIONS - 1]), 4)
    quantity = Decimal(repr(weight * CAPITAL / price)).quantize(Decimal("0.000001"))
    return [Lot(symbol, quantity, price, entered=FIRST)]


# name -> (benchmarks by their first day, lots)
BOOKS: dict[str, tuple[dict[str, str], list[Lot]]] = {
    "bacon": ({"": "BASE"}, _lots("BACON", 1)),
    "tracker": ({"": "BASE"}, _lots("BASE", 1)),
    "market": ({}, _lots("SPY", 1)),
    "cash": ({}, [Lot("CASH_USD", CAPITAL, 1, kind="PUBLIC,CASH", entered=FIRST)]),
    "half": ({"": "BASE"}, _lots("BASE", 0.5)),
    "changed": ({"": "SPY", "2025-07-31": "BASE"}, _lots("BASE", 1)),
    "unpriced": ({"": "BACON", "2025-07-30": "NEW29"}, _lots("SPY", 1)),
    "house": ({}, [Lot("HOUSE", 1, CAPITAL, private=True, entered=FIRST)]),
    "broken": ({}, [Lot("SPY", 10_000, 5_000, entered=FIRST)]),
}


def _write_market(folder: Path) -> None:
    folder.mkdir()
    prices = _prices().rename_axis("date").melt(ignore_index=False, var_name="symbol", value_name="close")
    prices.dropna().to_csv(folder / "prices.csv")
    lines = [f"{day.date()},{series},{level}" for day in _prices().index for series, level in CURVE.items()]
    (folder / "rates.csv").write_text("\n".join(["date,series,value", *lines]) + "\n")


@pytest.fixture(scope="module")
def built(module_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("benchmark")
    _write_market(folder / "market")
    with module_warehouse.connect_writer() as connection:
        load_calendar(connection)
        load_folder(connection, folder / "market")
        for name, (_, lots) in BOOKS.items():
            statement = folder / f"{name}.csv"
            statement.write_text("\n".join([",".join(COLUMNS.values()), *(lot.row for lot in lots)]) + "\n")
            capital = Decimal(1_000_000 if name == "broken" else CAPITAL)
            load_positions(
                connection,
                statement,
                portfolio_name=name,
                owner_email=OWNER,
                equity=capital,
                statement_date=LAST,
            )
        rows = [
            f"{name},{symbol},{day}"
            for name, (periods, _) in BOOKS.items()
            for day, symbol in periods.items()
        ]
        path = folder / "benchmarks.csv"
        path.write_text("\n".join(["portfolio_name,symbol,effective_date", *rows]) + "\n")
        load_benchmarks(connection, path)
    build(module_warehouse, selected=SELECTED, is_tested=True)
    return module_warehouse


@pytest.fixture(scope="module")
def row(built: Warehouse) -> Callable[..., Row]:
    with psycopg.connect(built.analyst_url, row_factory=dict_row) as connection:
        found = connection.execute(
            """select portfolio_name, risk.* from marts.fct_benchmark_risk as risk
            join marts.dim_portfolios using (portfolio_id) order by as_of_date"""
        ).fetchall()
    by_key = {(row["portfolio_name"], row["as_of_date"]): row for row in found}
    return lambda name, day=LAST: by_key[name, day]


@pytest.fixture(scope="module")
def parts(built: Warehouse) -> Callable[..., list[Row]]:
    def read(name: str, part_of: str) -> list[Row]:
        with psycopg.connect(built.analyst_url, row_factory=dict_row) as connection:
            connection.execute("set search_path = marts")
            return connection.execute(
                """select parts.* from dim_portfolios cross join lateral
                udf.portfolio_active_risk(portfolio_id, %s, %s) as parts
                where portfolio_name = %s order by part""",
                (LAST, part_of, name),
            ).fetchall()

    return read


def test_bacon_s_example(row: Callable[..., Row]) -> None:
    """Beta 0.99885; the deviation of the differences is 0.9507 % of the population, 24 months."""
    found = row("bacon")
    assert found["benchmark_symbol"] == "BASE"
    assert found["sessions"] == SESSIONS
    assert (found["up_sessions"], found["down_sessions"]) == (REPEATED * 15, REPEATED * 8)
    assert found["beta"] == pytest.approx(0.9988502086225746, rel=1e-8)
    deviation = 0.009506485359421162 / SCALE * (SESSIONS / (SESSIONS - 1)) ** 0.5
    assert found["tracking_error_ex_post"] == pytest.approx(deviation * ANNUAL, rel=1e-8)
    mean = -0.025 / 24 / SCALE
    assert found["active_return"] == pytest.approx(mean * 252, rel=1e-7)
    assert found["information_ratio"] == pytest.approx(mean / deviation * ANNUAL, rel=1e-7)
    assert found["up_capture"] == pytest.approx(0.471 / 0.491, rel=1e-8)
    assert found["down_capture"] == pytest.approx(0.984, rel=1e-8)


@pytest.mark.parametrize(("name", "has_specific_risk"), [("tracker", True), ("market", False)])
def test_a_portfolio_that_is_its_benchmark(
    row: Callable[..., Row], name: str, has_specific_risk: bool
) -> None:
    """Specific risk of the benchmark, where it has any, is held too."""
    found = row(name)
    assert (found["benchmark_specific_volatility"] > 0.001) is has_specific_risk
    for figure in ("beta", "up_capture", "down_capture", "beta_ex_ante"):
        assert found[figure] == pytest.approx(1, abs=1e-8), figure
    assert found["tracking_error_ex_post"] == pytest.approx(0, abs=1e-8)
    assert found["tracking_error_ex_ante"] == pytest.approx(0, abs=1e-8)
    assert found["information_ratio_null_reason"] == "no_active_risk"


def test_cash_deviates_by_the_volatility_of_the_benchmark(
    row: Callable[..., Row], parts: Callable[..., list[Row]]
) -> None:
    found = row("cash")
    assert found["tracking_error_ex_ante"] == found["benchmark_volatility"] > 0.05
    assert found["beta_ex_ante"] == found["beta"] == 0
    assert found["up_capture"] == found["down_capture"] == 0
    assert found["coverage"] is None
    assert found["coverage_of_equity"] == 1
    spy = _prices()["SPY"].pct_change().iloc[-SESSIONS:]
    assert found["sessions"] <= SESSIONS
    spy = spy.iloc[-found["sessions"] :]
    assert found["tracking_error_ex_post"] == pytest.approx(spy.std(ddof=1) * ANNUAL, rel=1e-8)
    assert found["information_ratio"] == pytest.approx(-spy.mean() / spy.std(ddof=1) * ANNUAL, rel=1e-7)
    (benchmark, _) = sorted(parts("cash", "position"), key=lambda part: part["part"] != "Benchmark")
    assert benchmark["contribution"] == pytest.approx(found["tracking_error_ex_ante"], rel=1e-12)
    assert benchmark["active_exposure"] == -1
    by_factor = {part["part"]: part for part in parts("cash", "factor")}
    assert by_factor["Market"]["share"] == pytest.approx(1, rel=1e-12)
    assert by_factor["Specific"]["contribution"] == 0


def test_half_of_the_benchmark_deviates_by_half_of_its_volatility(
    row: Callable[..., Row], parts: Callable[..., list[Row]]
) -> None:
    found = row("half")
    weight = 1 - (found["tracking_error_ex_ante"] / found["benchmark_volatility"])
    assert 0.4 < weight < 0.6
    assert found["beta_ex_ante"] == pytest.approx(weight, rel=1e-8)
    (symbol,) = [part for part in parts("half", "symbol") if part["part"] == "BASE"]
    assert symbol["portfolio_exposure"] == pytest.approx(weight, rel=1e-8)
    assert symbol["benchmark_exposure"] == 1
    assert symbol["contribution"] == pytest.approx(found["tracking_error_ex_ante"], rel=1e-9)
    specific = (1 - weight) * found["benchmark_specific_volatility"]
    assert found["tracking_error_specific"] == pytest.approx(specific, rel=1e-8)


def test_a_new_benchmark_counts_from_its_day_on(row: Callable[..., Row]) -> None:
    """Ex ante compares with the present one; ex post each session with that in force on it."""
    before, after, tracker = row("changed", date(2025, 7, 30)), row("changed"), row("tracker")
    assert (before["benchmark_symbol"], after["benchmark_symbol"]) == ("SPY", "BASE")
    assert before["tracking_error_ex_ante"] > 0.05
    assert after["tracking_error_ex_ante"] == tracker["tracking_error_ex_ante"]
    assert after["tracking_error_ex_post"] > 0.05
    assert before["beta"] is not None


def test_a_benchmark_without_betas_has_no_figures_ex_ante(
    row: Callable[..., Row], parts: Callable[..., list[Row]]
) -> None:
    found = row("unpriced")
    assert found["ex_ante_null_reason"] == "no_benchmark_betas"
    assert found["benchmark_volatility"] is None
    assert found["beta"] is not None
    assert {part["null_reason"] for part in parts("unpriced", "position")} == {"no_benchmark_betas"}


def test_private_holdings_and_lost_equity_have_reasons(
    row: Callable[..., Row], parts: Callable[..., list[Row]]
) -> None:
    house = row("house")
    assert house["ex_ante_null_reason"] == "no_public_positions"
    assert house["ex_post_null_reason"] == house["beta_null_reason"] == "too_few_market_days"
    assert house["coverage_of_equity"] == 0
    broken = row("broken")
    assert broken["ex_ante_null_reason"] == "equity_not_positive"
    assert broken["ex_post_null_reason"] == "return_chain_broken"
    assert {part["null_reason"] for part in parts("broken", "sector")} == {"equity_not_positive"}


def test_a_young_portfolio_has_a_reason(row: Callable[..., Row]) -> None:
    first = row("bacon", FIRST)
    assert first["sessions"] == 1
    assert first["ex_post_null_reason"] == first["up_capture_null_reason"] == "too_few_sessions"
    assert first["tracking_error_ex_ante"] > 0
