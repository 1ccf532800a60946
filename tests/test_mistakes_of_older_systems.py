"""Errors of older systems (method, section 15), each with the wrong value and the right one.

Each error is tested where it would occur: in the kernels, in the readers of files, or in the marts of a small
warehouse whose last six closes are round numbers.
"""

import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import exchange_calendars
import mibian
import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg
import pytest
from psycopg.rows import dict_row

from ingestion.errors import InvalidPositionsFile, MalformedFileError
from ingestion.files.folder import load_folder
from ingestion.files.prices import read_price_file
from ingestion.market.calendar import load_calendar
from ingestion.statements.columns import COLUMNS
from ingestion.statements.load import load_positions, read_positions_file
from python_models.correlation import symbols
from python_models.factors.betas import factor_betas
from python_models.factors.returns import factor_correlations
from python_models.options.greeks import option_greeks
from python_models.portfolio.pro_forma import pro_forma_returns
from python_models.runtime.frames import FrameError, frame_to_arrow
from python_models.stress.scenarios import FactorState, conditional_moves, scenario_shocks, weighted_sums
from python_models.stress.securities import security_stress
from tests.method_config import CORRELATION_CONFIG, FACTOR_CONFIG, STRESS_CONFIG
from warehouse.connections import Warehouse
from warehouse.settings import project_root

FloatArray = npt.NDArray[np.float64]
Row = dict[str, Any]
Read = Callable[..., Row]

PROGRAM = Path(sys.executable).with_name("sigmasight")
NAN = float("nan")
DAY = pd.Timestamp("2025-06-30")
FACTORS = pd.read_csv(Path(project_root()) / "dbt_project/seeds/factors.csv")
SCENARIOS = pd.read_csv(Path(project_root()) / "dbt_project/seeds/scenarios.csv")
symbol_correlations = partial(
    symbols.symbol_correlations, window=CORRELATION_CONFIG.window, minimum=CORRELATION_CONFIG.minimum
)
STYLES = ("VTV", "VUG", "MTUM", "QUAL", "IWM", "USMV")


# --- helpers of the kernels ---------------------------------------------------------------------------------


def _market(symbols: int = 50, sessions: int = 260, noise: float = 0.008) -> pd.DataFrame:
    """Seeded returns of the funds and of `symbols` stocks, by session and symbol."""
    rng = np.random.default_rng(23)
    spy = rng.normal(0.0003, 0.01, sessions)
    names = [*STYLES, "TLT", *(f"S{number:02}" for number in range(symbols))]
    others = {name: spy + rng.normal(0, noise, sessions) for name in names}
    dates = pd.bdate_range("2024-06-03", periods=sessions)
    return pd.DataFrame({"SPY": spy, **others}, index=dates)


def _long(wide: pd.DataFrame) -> pd.DataFrame:
    """One row per symbol and session with a return."""
    frame = wide.rename_axis("as_of_date").reset_index().assign(session_number=np.arange(len(wide)))
    long = frame.melt(["as_of_date", "session_number"], var_name="symbol", value_name="daily_return")
    return long.dropna(subset="daily_return").reset_index(drop=True)


NO_YIELDS = pd.DataFrame(
    {"session_number": pd.Series([], dtype=int), "yield_change": pd.Series([], dtype=float)}
)


def _betas(wide: pd.DataFrame, long: pd.DataFrame | None = None) -> pd.DataFrame:
    """Betas of the last session by symbol, model and factor."""
    frame = factor_betas(
        _long(wide) if long is None else long,
        NO_YIELDS,
        FACTORS,
        rules=FACTOR_CONFIG,
        from_date=str(wide.index[-1].date()),
    )
    return frame.set_index(["symbol", "model", "factor"]).sort_index()


def _risk_covariance(wide: pd.DataFrame, names: list[str]) -> FloatArray:
    """The covariance of the model `risk` on the last session."""
    last = str(wide.index[-1].date())
    frame = factor_correlations(_long(wide), NO_YIELDS, FACTORS, rules=FACTOR_CONFIG, from_date=last)
    values = frame[frame["model"] == "risk"].set_index(["factor_1", "factor_2"])["stress_covariance"]
    return np.array([[values[one, other] for other in names] for one in names])


COVARIANCE = ["as_of_date", "factor_1", "factor_2", "stress_covariance"]


def _scenario(shocks: dict[str, float]) -> pd.DataFrame:
    """Shocks of styles are beyond the market."""
    basis = {"Market": "total", "Interest Rate": "total"}
    rows = [("it", factor, shock, basis.get(factor, "beyond_market")) for factor, shock in shocks.items()]
    return pd.DataFrame(rows, columns=["scenario_id", "factor", "shock", "shock_basis"])


def _shocks(covariances: pd.DataFrame, scenario: dict[str, float]) -> pd.DataFrame:
    """Moves of the factors of the risk model, which do not move with the market."""
    factors = FACTORS[FACTORS["model"] == "risk"]
    state = FactorState(
        covariances,
        factors[["factor"]].assign(as_of_date=DAY, style_beta=0.0),
        pd.DataFrame({"as_of_date": [DAY], "vix": [16.0]}),
    )
    return scenario_shocks(state, _scenario(scenario), factors, STRESS_CONFIG)


def _stock(symbol: str) -> pd.DataFrame:
    """One dollar of a stock, as a security for the stress."""
    nothing = (
        "strike_price",
        "years_to_expiration",
        "risk_free_rate",
        "dividend_yield",
        "implied_volatility",
    )
    return pd.DataFrame(
        {
            "as_of_date": [DAY],
            "instrument_id": [symbol],
            "symbol": [symbol],
            "price": [1.0],
            "is_option": [False],
            "option_type": [None],
            "exercise": [None],
            "volatility_sensitivity": [NAN],
            "is_on_vix": [False],
            **{name: [NAN] for name in nothing},
        }
    )


def _stress(
    betas: dict[str, float], scenario: dict[str, float], covariance: FloatArray
) -> tuple[float, float]:
    """P&L of one dollar of a stock with these betas in the scenario: direct, correlated."""
    names = list(betas)
    pairs = [
        (DAY, one, other, covariance[i, j]) for i, one in enumerate(names) for j, other in enumerate(names)
    ]
    shocks = _shocks(pd.DataFrame(pairs, columns=COVARIANCE), scenario)
    frame = pd.DataFrame(
        [(DAY, "XYZ", factor, beta) for factor, beta in betas.items()],
        columns=["as_of_date", "symbol", "factor", "beta"],
    )
    nothing = pd.DataFrame(columns=["scenario_id", "symbol", "last_date", "own_return"])
    stress = security_stress(_stock("XYZ"), frame, shocks, nothing, STRESS_CONFIG)
    return float(stress["direct_pnl"].iloc[0]), float(stress["correlated_pnl"].iloc[0])


# --- Greeks in wrong units ----------------------------------------------------------------------------------


def test_a_rate_taken_as_percent_does_not_shrink_vega_and_rho_85_times() -> None:
    """The error: 0.05 passed as a percentage, and a value per point divided by 100 again."""
    greeks = option_greeks([False], 100, 80, 30 / 365, 0.05, 0, 0.25)
    right = mibian.BS([100, 80, 5, 30], volatility=25)
    wrong = mibian.BS([100, 80, 0.05, 30], volatility=25)
    assert greeks.vega == pytest.approx(right.vega, rel=1e-9)
    assert greeks.rho == pytest.approx(right.putRho, rel=1e-9)
    assert wrong.vega / 100 / greeks.vega == pytest.approx(1 / 85, rel=0.05)
    assert wrong.putRho / 100 / greeks.rho == pytest.approx(1 / 85, rel=0.05)


def test_vega_and_rho_are_per_point() -> None:
    """Hull, examples 19.6 and 19.7: 12.1 and 8.91 for a move of 1.00, so 0.121 and 0.0891 per point."""
    greeks = option_greeks([True], 49, 50, 0.3846, 0.05, 0, 0.2)
    assert greeks.vega == pytest.approx(0.121, abs=5e-4)
    assert greeks.rho == pytest.approx(0.0891, abs=5e-5)


# --- a gap in one symbol ------------------------------------------------------------------------------------


def test_beta_of_spy_to_itself_is_one_and_not_1_067() -> None:
    """The error: 16 rows common to all symbols, covariance over n - 1, variance over n: 16/15 = 1.067."""
    wide = _market()
    wide.iloc[:-16, wide.columns.get_loc("S07")] = NAN
    common = wide.dropna()["SPY"]
    assert len(common) == 16
    wrong = np.cov(common, common)[0, 1] / np.var(common)
    assert wrong == pytest.approx(1.067, abs=5e-4)
    right = _betas(wide).loc[("SPY", "market", "Market")]
    assert right["beta"] == 1.0
    assert right["observations"] == 90


def test_a_gap_in_one_symbol_changes_none_of_fifty_other_betas() -> None:
    wide = _market()
    holed = wide.copy()
    holed.iloc[-40:-20, holed.columns.get_loc("S07")] = NAN
    before, after = _betas(wide)["beta"], _betas(holed)["beta"]
    others = before.index.get_level_values("symbol") != "S07"
    pd.testing.assert_series_equal(before[others], after[others], check_exact=True)
    assert (before[~others] != after[~others]).all()
    # the error: only the rows common to all symbols
    rows = wide.tail(90)[holed.tail(90)["S07"].notna()]
    wrong = rows.cov()["SPY"] / rows["SPY"].var()
    changed = [
        name for name in wide if name != "SPY" and abs(wrong[name] - before[name, "market", "Market"]) > 1e-6
    ]
    assert len(changed) > 50


def test_results_do_not_depend_on_the_order_of_the_rows() -> None:
    wide = _market(symbols=12)
    long = _long(wide)
    shuffled = long.sample(frac=1, random_state=5).reset_index(drop=True)
    backwards = long.iloc[::-1].reset_index(drop=True)
    expected = _betas(wide)
    for frame in (shuffled, backwards):
        pd.testing.assert_frame_equal(_betas(wide, frame), expected, check_exact=True)


# --- correlated stress --------------------------------------------------------------------------------------


def test_spy_loses_3_5_percent_in_a_flight_to_quality_and_does_not_gain_5_4() -> None:
    """Quality +12 %, Market -5 %; SPY had betas of 1 and 0.125, the two factors a correlation of 0.325.

    The covariance had 'Market Beta', the scenario 'Market': the market's own shock was lost, and it rose by
    0.325 x 12 %, so that SPY gained 3.9 % + 1.5 %. The correct result is -5 % + 0.125 x 12 %, which
    compounds to 0.95 x 1.12^0.125 - 1.
    """
    covariance = np.array([[1.0, 0.325], [0.325, 1.0]]) * 1e-4
    flight = {"Market": -0.05, "Quality": 0.12}
    direct, correlated = _stress({"Market": 1.0, "Quality": 0.125}, flight, covariance)
    right = 0.95 * 1.12**0.125 - 1
    assert right == pytest.approx(-0.035, abs=1.5e-3)
    assert (direct, correlated) == (pytest.approx(right), pytest.approx(right))
    lost = conditional_moves(np.array([[NAN, 0.12]]), covariance, 0)
    assert weighted_sums(np.array([[1.0, 0.125]]), lost)[0, 0] == pytest.approx(0.054)
    pairs = [("Market Beta",) * 2, ("Market Beta", "Quality"), ("Quality", "Quality")]
    misnamed = pd.DataFrame([(DAY, *pair, 1e-4) for pair in pairs], columns=COVARIANCE)
    assert _shocks(misnamed, flight).empty
    named = misnamed.replace("Market Beta", "Market")
    assert not _shocks(named, flight).empty


def test_spy_of_the_risk_model_loses_the_market_shock_in_a_flight_to_quality() -> None:
    """Its beta to Quality is 0, because Quality is beyond the market: -10 %, direct and correlated."""
    wide = _market(symbols=2)
    betas = _betas(wide).loc[("SPY", "risk")]["beta"].to_dict()
    assert betas["Quality"] == 0.0
    covariance = _risk_covariance(wide, list(betas))
    flight = SCENARIOS[SCENARIOS["scenario_id"] == "flight_to_quality"].set_index("factor")["shock"].to_dict()
    assert {"Market", "Quality"} < set(flight)
    direct, correlated = _stress(betas, flight, covariance)
    assert (direct, correlated) == (pytest.approx(-0.10, abs=1e-12), pytest.approx(-0.10, abs=1e-12))


def test_a_scenario_with_a_name_that_the_model_does_not_have_is_refused() -> None:
    covariance = pd.DataFrame([(DAY, "Market", "Market", 1e-4)], columns=COVARIANCE)
    with pytest.raises(ValueError, match="'Market Beta', which is no factor of the model"):
        _shocks(covariance, {"Market Beta": -0.05})


# --- rates --------------------------------------------------------------------------------------------------


def test_a_bond_loses_16_percent_at_100_bp_and_does_not_gain_it() -> None:
    """The beta is from returns of -16 times the yield change, not flipped; -16 % compounds to -14.8 %."""
    wide = _market(symbols=1)
    rng = np.random.default_rng(3)
    changes = rng.normal(0, 0.0006, len(wide))
    wide["TLT"] = -16 * changes
    yields = pd.DataFrame({"session_number": np.arange(len(wide)), "yield_change": changes})
    frame = factor_betas(
        _long(wide), yields, FACTORS, rules=FACTOR_CONFIG, from_date=str(wide.index[-1].date())
    )
    row = frame[(frame["symbol"] == "TLT") & (frame["model"] == "rates")].iloc[0]
    assert row["rate_proxy"] == "DGS10"
    direct, _ = _stress({"Interest Rate": row["beta"]}, {"Interest Rate": 0.01}, np.array([[4e-7]]))
    assert direct == pytest.approx(np.exp(-0.16) - 1, rel=1e-9)
    wrong = abs(row["beta"]) * 0.01
    assert wrong == pytest.approx(0.16, rel=1e-9)


def test_short_bonds_offset_long_ones_at_100_bp_and_do_not_add_up_to_32_percent() -> None:
    """Twice 16 %, compounded: twice 14.8 %."""
    move, _ = _stress({"Interest Rate": -16.0}, {"Interest Rate": 0.01}, np.array([[4e-7]]))
    book = np.array([100_000.0, -100_000.0])
    assert (book * move).sum() == pytest.approx(0.0, abs=1e-9)
    assert (abs(book) * move).sum() == pytest.approx(-29_571, abs=1)  # the wrong value


# --- caps ---------------------------------------------------------------------------------------------------


def test_a_net_short_book_loses_86_299_dollars_and_not_0_99() -> None:
    """The error: a cap of -99 % was applied to dollars, which left -0.99."""
    short = -862_990.0
    direct, _ = _stress({"Market": 1.0}, {"Market": 0.10}, np.array([[1e-4]]))
    assert short * direct == pytest.approx(-86_299)
    assert max(short * direct, -0.99) == -0.99  # the wrong value
    falling, _ = _stress({"Market": 1.0}, {"Market": -0.10}, np.array([[1e-4]]))
    assert short * falling == pytest.approx(86_299)


def test_six_times_leverage_loses_338_percent_of_equity_and_not_99() -> None:
    beta = np.log(1 - 3.38 / 6) / np.log(0.65)  # 1.92
    direct, _ = _stress({"Market": beta}, {"Market": -0.35}, np.array([[1e-4]]))
    equity, value = 100_000.0, 600_000.0
    assert value * direct / equity == pytest.approx(-3.38)
    assert max(value * direct / equity, -0.99) == -0.99  # the wrong value


def test_an_unlevered_portfolio_loses_half_and_not_400_percent_when_the_market_halves() -> None:
    """The error: eight factors that all equal the market, with a beta of 1 to each: -400 %."""
    wide = _market(symbols=1, noise=1e-4)  # styles and a stock that are almost the market
    observed = wide[["SPY", *STYLES, "TLT"]]
    covariance = observed.cov().to_numpy()
    one_by_one = np.array([wide["S00"].cov(observed[name]) / observed[name].var() for name in observed])
    everything = conditional_moves(np.array([[-0.5, *([NAN] * 7)]]), covariance, 0)
    wrong = float(one_by_one @ everything[0])
    assert wrong == pytest.approx(-4.0, abs=0.02)

    betas = _betas(wide).loc[("S00", "risk")]["beta"].to_dict()
    assert len(betas) == 8
    right = _stress(betas, {"Market": -0.5}, _risk_covariance(wide, list(betas)))
    assert right == (pytest.approx(-0.5, abs=0.02), pytest.approx(-0.5, abs=0.02))


# --- net value as a divisor ---------------------------------------------------------------------------------


def test_a_dollar_neutral_book_divides_by_equity_and_does_not_affect_others() -> None:
    """The error: weights divided by a net value of 0 were infinite, and every later portfolio failed."""
    value = np.array([[30_000.0, -30_000.0], [60_000.0, 0.0]])
    with np.errstate(divide="ignore", invalid="ignore"):
        wrong = value / value.sum(axis=1, keepdims=True)
    assert np.isinf(wrong[0]).all()
    returns = np.array([[0.02, 0.01], [-0.01, 0.03]])
    right = pro_forma_returns(value / 100_000, returns)
    np.testing.assert_allclose(right, [[0.003, 0.012], [-0.012, -0.006]], rtol=1e-12)


# --- look-ahead ---------------------------------------------------------------------------------------------


def test_correlations_of_a_past_date_have_no_look_ahead() -> None:
    wide = _market(symbols=2, sessions=200)
    past = wide.index[120]
    until = symbol_correlations(_long(wide.iloc[:121]), None, from_date=str(past.date()))
    with_future = symbol_correlations(_long(wide), None, from_date=str(past.date()))
    then = with_future[with_future["as_of_date"] == past].reset_index(drop=True)
    pd.testing.assert_frame_equal(then, until, check_exact=True)
    today = with_future[with_future["as_of_date"] == wide.index[-1]].reset_index(drop=True)
    is_pair = then["symbol_1"] != then["symbol_2"]
    assert is_pair.any()
    assert (today["correlation"] != then["correlation"])[is_pair].all()


def test_betas_of_a_past_date_have_no_look_ahead() -> None:
    wide = _market(symbols=3)
    changed = wide.copy()
    changed.iloc[-20:] *= 3
    past = str(wide.index[-30].date())
    frames = [
        factor_betas(_long(each), NO_YIELDS, FACTORS, rules=FACTOR_CONFIG, from_date=past)
        for each in (wide, changed)
    ]
    before, after = (frame[frame["as_of_date"] <= wide.index[-21]] for frame in frames)
    assert len(before) > 100
    pd.testing.assert_frame_equal(before, after, check_exact=True)
    assert not frames[0].equals(frames[1])


# --- files --------------------------------------------------------------------------------------------------

HEADER = ",".join(COLUMNS.values())


def _positions(tmp_path: Path, *lines: str, header: str = HEADER) -> Path:
    path = tmp_path / "positions.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def _price_fault(tmp_path: Path, text: str) -> str:
    path = tmp_path / "prices.csv"
    path.write_text(text)
    with pytest.raises(MalformedFileError) as error:
        read_price_file(path, today=date(2025, 8, 1))
    return str(error.value)


def test_two_lots_of_one_symbol_and_day_are_not_merged(tmp_path: Path) -> None:
    path = _positions(
        tmp_path,
        "AAA,100,51,2025-07-24,PUBLIC,STOCK,,,,,,",
        "AAA,300,52,2025-07-24,PUBLIC,STOCK,,,,,,",
    )
    lots = read_positions_file(path).lots
    assert [(lot.symbol, lot.quantity, lot.entry_price) for lot in lots] == [
        ("AAA", 100, 51),
        ("AAA", 300, 52),
    ]


def test_a_missing_column_of_positions_is_named(tmp_path: Path) -> None:
    header = "Symbol,Quantity,Entry Date"
    with pytest.raises(InvalidPositionsFile) as error:
        read_positions_file(_positions(tmp_path, "AAA,100,2025-07-24", header=header))
    (fault,) = error.value.errors
    assert (fault.code, fault.field) == ("ERR_CSV_004", "Entry Price Per Share")
    assert "'Entry Price Per Share' is missing" in str(fault)


def test_a_missing_column_of_prices_is_named(tmp_path: Path) -> None:
    message = _price_fault(tmp_path, "date,symbol\n2025-07-24,AAA\n")
    assert "has no column 'close'" in message


def test_a_duplicate_row_is_named_with_both_rows(tmp_path: Path) -> None:
    line = "AAA,100,51,2025-07-24,PUBLIC,STOCK,,,,,,"
    with pytest.raises(InvalidPositionsFile) as error:
        read_positions_file(_positions(tmp_path, line, line))
    (fault,) = error.value.errors
    assert (fault.code, fault.row) == ("ERR_POS_023", 3)
    assert "is already in row 2" in str(fault)
    message = _price_fault(tmp_path, "date,symbol,close\n2025-07-24,AAA,50\n2025-07-24,AAA,51\n")
    assert "the rows 2 and 3 give different prices of AAA on 2025-07-24" in message


@pytest.mark.parametrize("text", ["NaN", "nan", "Infinity", "-inf", "1e400"])
def test_nan_and_infinity_are_not_valid_prices(tmp_path: Path, text: str) -> None:
    message = _price_fault(tmp_path, f"date,symbol,close\n2025-07-24,AAA,{text}\n")
    assert "row 2" in message
    assert "close" in message
    assert math.isnan(float(text)) or math.isinf(float(text))  # which were accepted as numbers


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-inf"])
@pytest.mark.parametrize("cells", ["{},50", "100,{}"])
def test_nan_and_infinity_are_not_valid_quantities_or_entry_prices(
    tmp_path: Path, text: str, cells: str
) -> None:
    line = f"AAA,{cells.format(text)},2025-07-24,PUBLIC,STOCK,,,,,,"
    with pytest.raises(InvalidPositionsFile) as error:
        read_positions_file(_positions(tmp_path, line))
    assert {fault.row for fault in error.value.errors} == {2}
    assert {fault.value for fault in error.value.errors} == {text}


def test_an_infinite_result_never_reaches_the_warehouse() -> None:
    frame = pd.DataFrame({"symbol": ["AAA", "BBB"], "beta": [1.0, float("inf")]})
    with pytest.raises(FrameError, match=r"betas\.beta holds an infinite number"):
        frame_to_arrow(frame, {"symbol": "text", "beta": "double precision"}, model="betas")
    unknown = frame.replace(float("inf"), NAN)
    arrow = frame_to_arrow(unknown, {"symbol": "text", "beta": "double precision"}, model="betas")
    assert arrow["beta"].to_pylist() == [1.0, None]


# --- a small warehouse --------------------------------------------------------------------------------------

# the last six sessions, 2025-07-24 to 2025-07-31
CLOSES = {
    "SPY": (500, 505, 500, 495, 500, 505),
    "AAA": (51, 52, 55, 58, 60, 60),
    "BBB": (41, 42, 43, 42, 41, 40),
    "YOUNG": (20, 20.2, 20.1, 20.4, 20.3, 20.5),
}
SESSIONS, YOUNG_SESSIONS = 70, 45
FIRST, SECOND, EXIT, AFTER, BEFORE_LAST, LAST = (date(2025, 7, day) for day in (24, 25, 28, 29, 30, 31))
CALL = "AAA251219C00045000"
# name -> starting capital and lots: symbol, quantity, entry price, entry date, further cells
BOOKS = {
    "closed": (10_000, f"AAA,100,50,{FIRST},PUBLIC,STOCK,,,,,{EXIT},55"),
    "short": (10_000, f"BBB,-100,40,{FIRST},PUBLIC,STOCK,,,,,,"),
    "option": (10_000, f"{CALL},1,8,{FIRST},OPTIONS,CALL,AAA,45,2025-12-19,CALL,,"),
    "neutral": (
        100_000,
        f"AAA,500,60,{LAST},PUBLIC,STOCK,,,,,,\nBBB,-750,40,{LAST},PUBLIC,STOCK,,,,,,",
    ),
    "neutral's neighbour": (100_000, f"AAA,500,60,{LAST},PUBLIC,STOCK,,,,,,"),
    "growing": (
        10_000,
        f"AAA,100,50,{FIRST},PUBLIC,STOCK,,,,,,\nBBB,100,41,{BEFORE_LAST},PUBLIC,STOCK,,,,,,",
    ),
    "young": (10_000, f"YOUNG,100,20,{FIRST},PUBLIC,STOCK,,,,,,"),
}


def _prices() -> pd.DataFrame:
    calendar = exchange_calendars.get_calendar("XNYS", start="2025-01-02", end=str(LAST))
    days = pd.DatetimeIndex(calendar.sessions[-SESSIONS:])
    rng = np.random.default_rng(29)
    market = rng.normal(0, 0.01, SESSIONS - 6)
    table = {}
    for symbol, last in CLOSES.items():
        own = rng.normal(0, 0.012, SESSIONS - 6) * (symbol != "SPY")
        path = np.cumprod(1 + market + own)
        table[symbol] = np.concatenate([(last[0] * path / path[-1]).round(4), last])
    prices = pd.DataFrame(table, index=days.rename("date"))
    prices.loc[days[:-YOUNG_SESSIONS], "YOUNG"] = NAN
    return prices


def _write_prices(folder: Path, prices: pd.DataFrame) -> Path:
    folder.mkdir()
    table = prices.melt(ignore_index=False, var_name="symbol", value_name="close").dropna()
    table.to_csv(folder / "prices.csv")
    return folder


def _nightly(warehouse: Warehouse) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, "nightly", "--force"],
        env={**os.environ, **warehouse.settings.as_environment()},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def built(module_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("mistakes")
    prices = _prices()
    market = _write_prices(folder / "market", prices)
    rates = [f"{day.date()},{series},5" for day in prices.index for series in ("DGS3MO", "DGS1")]
    (market / "rates.csv").write_text("\n".join(["date,series,value", *rates]) + "\n")
    (market / "option_chain_aaa.csv").write_text(
        "quote_date,underlying,expiration_date,option_type,strike_price,bid,ask\n"
        f"{LAST},AAA,2025-12-19,call,45,16.5,17.5\n"
    )
    with module_warehouse.connect_writer() as connection:
        load_calendar(connection)
        load_folder(connection, market)
        for name, (equity, lots) in BOOKS.items():
            statement = folder / f"{name}.csv"
            statement.write_text(f"{HEADER}\n{lots}\n")
            load_positions(
                connection,
                statement,
                portfolio_name=name,
                owner_email="m@example.com",
                equity=Decimal(equity),
                inception_date=FIRST,
                statement_date=LAST,
            )
    done = _nightly(module_warehouse)
    assert done.returncode == 0, done.stdout + done.stderr
    return module_warehouse


@pytest.fixture
def read(built: Warehouse) -> Iterator[Read]:
    """The one row of a mart for a portfolio and a session, with the given values."""
    with psycopg.connect(built.analyst_url, row_factory=dict_row) as connection:

        def one(mart: str, portfolio: str, day: date = LAST, **values: object) -> Row:
            found = connection.execute(
                f"""select facts.* from marts.{mart} as facts join marts.dim_portfolios using (portfolio_id)
                where portfolio_name = %s and as_of_date = %s""",
                [portfolio, day],
            ).fetchall()
            (row,) = [row for row in found if values.items() <= row.items()]
            return row

        yield one


@pytest.mark.slow
def test_realized_pnl_is_counted_once_500_and_not_1_000(read: Read) -> None:
    """Bought at 50, sold at 55: 500. The error: it was also counted as unrealized."""
    snapshot = read("fct_portfolio_snapshots", "closed")
    assert (snapshot["cumulative_realized_pnl"], snapshot["unrealized_pnl"]) == (500, 0)
    assert (snapshot["cumulative_pnl"], snapshot["equity"]) == (500, 10_500)
    wrong = 500 + (Decimal(55) - 50) * 100
    assert wrong == 1_000


@pytest.mark.slow
def test_a_closed_position_stops_earning_at_500_and_not_at_1_000(read: Read) -> None:
    """Sold at 55 on the third day. The error: profit continued to follow the price to 60."""
    assert read("fct_position_values", "closed", EXIT)["realized_pnl"] == 500
    for day in (AFTER, BEFORE_LAST, LAST):
        snapshot = read("fct_portfolio_snapshots", "closed", day)
        assert (snapshot["daily_pnl"], snapshot["net_market_value"], snapshot["equity"]) == (0, 0, 10_500)
        assert snapshot["position_count"] == 0
    wrong = 100 * (CLOSES["AAA"][-1] - 50)
    assert wrong == 1_000


@pytest.mark.slow
def test_the_first_days_pnl_is_100_and_not_zero(read: Read) -> None:
    """100 shares bought at 50 on a day with a close of 51."""
    assert read("fct_position_values", "closed", FIRST)["daily_pnl"] == 100
    snapshot = read("fct_portfolio_snapshots", "closed", FIRST)
    assert (snapshot["daily_pnl"], snapshot["equity"]) == (100, 10_100)
    assert snapshot["daily_return"] == pytest.approx(0.01)


@pytest.mark.slow
def test_a_short_of_100_at_42_is_worth_minus_4_200_and_has_lost_200(read: Read) -> None:
    """Sold at 40. The error: with a positive value, the loss of 200 was a gain of 200."""
    value = read("fct_position_values", "short", SECOND)
    assert (value["market_value"], value["unrealized_pnl"]) == (-4_200, -200)
    assert value["position_type"] == "SHORT"
    snapshot = read("fct_portfolio_snapshots", "short", SECOND)
    assert (snapshot["equity"], snapshot["cash"]) == (9_800, 14_000)
    wrong = 100 * (CLOSES["BBB"][1] - 40)
    assert wrong == 200


@pytest.mark.slow
def test_an_option_at_17_is_worth_1_700_and_not_17(read: Read) -> None:
    value = read("fct_position_values", "option")
    assert (value["price"], value["market_value"], value["cost_basis"]) == (17, 1_700, 800)
    assert value["unrealized_pnl"] == 900
    assert read("fct_portfolio_snapshots", "option")["equity"] == 10_900


@pytest.mark.slow
def test_an_option_has_an_exposure_of_100_shares_times_its_delta(read: Read) -> None:
    greeks = read("fct_position_greeks", "option")
    exposures = read("fct_portfolio_exposures", "option")
    assert (exposures["gross_exposure"], exposures["long_exposure"]) == (1_700, 1_700)
    assert 0.5 < greeks["delta"] < 1
    expected = greeks["delta"] * 100 * 60
    assert float(exposures["net_exposure_delta_adjusted"]) == pytest.approx(expected, abs=0.0051)
    group = read("fct_exposures_by_group", "option", dimension="symbol")
    assert (group["bucket"], group["gross_exposure"]) == ("AAA", 1_700)
    factor = read("fct_portfolio_factor_exposures", "option", model="market", factor="Market")
    assert factor["coverage"] == 1.0
    assert abs(factor["dollar_exposure"]) > 100


@pytest.mark.slow
def test_a_rate_of_five_in_rates_csv_is_0_05_in_the_greeks(read: Read) -> None:
    greeks = read("fct_position_greeks", "option")
    assert greeks["risk_free_rate"] == pytest.approx(0.05, abs=1e-15)
    days = greeks["years_to_expiration"] * 365
    peer = mibian.BS([60, 45, 5, days], volatility=100 * greeks["implied_volatility"])
    assert peer.callPrice == pytest.approx(17, abs=1e-6)
    assert greeks["vega"] == pytest.approx(peer.vega, rel=1e-6)
    assert greeks["rho"] == pytest.approx(peer.callRho, rel=1e-6)


@pytest.mark.slow
def test_a_dollar_neutral_book_and_all_later_portfolios_have_results(read: Read) -> None:
    """30,000 long and short, equity of 100,000: weights of 30 %. The error: 30,000 / 0 stopped the run."""
    exposures = read("fct_portfolio_exposures", "neutral")
    assert (exposures["net_exposure"], exposures["net_to_equity"], exposures["leverage"]) == (0, 0.0, 0.6)
    assert read("fct_position_values", "neutral", symbol="AAA")["weight"] == pytest.approx(0.3)
    assert read("fct_position_values", "neutral", symbol="BBB")["weight"] == pytest.approx(-0.3)
    returns = _prices().pct_change(fill_method=None)
    series = {"neutral": 0.3 * (returns["AAA"] - returns["BBB"]), "neutral's neighbour": 0.3 * returns["AAA"]}
    for portfolio, expected in series.items():
        risk = read("fct_portfolio_risk", portfolio)
        volatility = expected.tail(63).std() * 252**0.5
        assert risk["realized_volatility_63d"] == pytest.approx(volatility, rel=1e-9)
        assert risk["market_beta"] is not None


@pytest.mark.slow
def test_equity_is_the_capital_and_not_the_value_of_the_positions(read: Read) -> None:
    snapshot = read("fct_portfolio_snapshots", "neutral")
    assert (snapshot["equity"], snapshot["net_market_value"], snapshot["cash"]) == (100_000, 0, 100_000)


@pytest.mark.slow
def test_a_past_date_has_its_own_positions_equity_and_prices(read: Read) -> None:
    """On the second day 100 AAA at 52 on 10,200; today's book would give 10,000 on 10,900."""
    then, today = (read("fct_portfolio_exposures", "growing", day) for day in (SECOND, LAST))
    assert (then["gross_exposure"], then["leverage"]) == (5_200, pytest.approx(5_200 / 10_200))
    assert (today["gross_exposure"], today["leverage"]) == (10_000, pytest.approx(10_000 / 10_900))
    assert read("fct_portfolio_snapshots", "growing", SECOND)["position_count"] == 1
    weight = read("fct_position_values", "growing", SECOND)["weight"]
    assert weight == pytest.approx(5_200 / 10_200)
    returns = _prices().pct_change(fill_method=None)["AAA"]
    until = returns[returns.index <= str(SECOND)]
    risk = read("fct_portfolio_risk", "growing", SECOND)
    expected = 5_200 / 10_200 * until.tail(21).std() * 252**0.5
    assert risk["realized_volatility_21d"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
def test_an_option_on_a_past_date_has_its_time_to_expiration_of_that_date(read: Read) -> None:
    for day in (FIRST, SECOND, LAST):
        years = (date(2025, 12, 19) - day).days / 365
        assert read("fct_position_greeks", "option", day)["years_to_expiration"] == pytest.approx(years)


@pytest.mark.slow
def test_data_quality_counts_actual_days_and_is_not_a_fixed_number(read: Read) -> None:
    """69 returns of one symbol, 44 of another. The error: the same number for all symbols."""
    for portfolio, days in (("growing", SESSIONS - 1), ("young", YOUNG_SESSIONS - 1)):
        row = read("fct_portfolio_factor_exposures", portfolio, model="market", factor="Market")
        assert (row["data_days"], row["quality_flag"]) == (days, "limited_history")
    short = read("fct_portfolio_factor_exposures", "young", model="spread", factor="Size")
    assert (short["data_days"], short["quality_flag"]) == (0, "no_factor_data")


@pytest.mark.long
@pytest.mark.slow
def test_a_nightly_run_with_a_failed_model_fails_and_publishes_nothing(
    built: Warehouse, tmp_path: Path
) -> None:
    """Betas fail on a new price: the run reports it and exits with 1; the marts do not change."""

    def published() -> list[Any]:
        with psycopg.connect(built.analyst_url) as connection:
            return connection.execute(
                """select (select count(*) from marts.fct_publications),
                (select max(as_of_date) from marts.fct_prices),
                (select md5(string_agg(stress::text, ',' order by stress::text))
                from marts.fct_portfolio_stress as stress)"""
            ).fetchall()

    before = published()
    moved = _prices().tail(1) * 1.01
    with built.connect_writer() as connection:
        load_folder(connection, _write_prices(tmp_path / "news", moved))
    breaking = "alter table published.fct_symbol_factor_betas"
    with built.connect_writer(autocommit=True) as connection:
        connection.execute(f"{breaking} add constraint broken check (beta > 1e9) not valid".encode())
    try:
        done = _nightly(built)
    finally:
        with built.connect_writer(autocommit=True) as connection:
            connection.execute(f"{breaking} drop constraint broken".encode())
    assert done.returncode == 1
    assert re.search("fct_symbol_factor_betas failed", done.stderr)
    assert "nothing was published" in done.stderr
    assert published() == before
    with built.connect_writer(autocommit=True) as connection:
        (status,) = connection.execute("select status from ops.runs order by run_id desc limit 1").fetchone()
    assert status == "failed"
