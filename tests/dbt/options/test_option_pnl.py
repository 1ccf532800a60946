"""P&L of options by Greeks: every position and session of the demo a second time, and by full revaluation."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from python_models.options.exercise import Terms, is_american, option_values
from warehouse.connections import Warehouse

Read = Callable[[str], pd.DataFrame]
Floats = npt.NDArray[np.float64]
TERMS = ["delta_pnl", "gamma_pnl", "theta_pnl", "vega_pnl", "rho_pnl"]
CENT = 0.0051
BY_MODEL = "model_price"


class Market(NamedTuple):
    """What the prices of options depend on: one value for each."""

    spot: Floats
    volatility: Floats
    years: Floats
    rate: Floats


@pytest.fixture(scope="module")
def read(demo: Warehouse) -> Read:
    def rows(statement: str) -> pd.DataFrame:
        with demo.connect_analyst() as connection:
            connection.execute("set search_path = marts")
            cursor = connection.execute(statement.encode())
            names = [column.name for column in cursor.description or []]
            return pd.DataFrame(cursor.fetchall(), columns=names)

    return rows


@pytest.fixture(scope="module")
def explained(read: Read) -> pd.DataFrame:
    """The mart beside the Greeks of the same and of the previous close, which end in _before."""
    greeks = read("select * from fct_position_greeks").sort_values(["position_id", "as_of_date"])
    names = [name for name in greeks if name not in {"position_id", "as_of_date", "portfolio_id", "symbol"}]
    before = greeks.groupby("position_id")[names].shift().add_suffix("_before")
    before["date_before"] = greeks.groupby("position_id")["as_of_date"].shift()
    beside = pd.concat([greeks[["position_id", "as_of_date", *names]], before], axis=1)
    mart = read(
        """select explained.*, values.daily_pnl as position_pnl, positions.option_type,
        positions.exit_price
        from fct_option_pnl_explain as explained
        join fct_position_values as values using (position_id, as_of_date)
        join dim_positions as positions using (position_id)"""
    )
    money = [*TERMS, "daily_pnl", "position_pnl", "trade_pnl", "residual"]
    mart[money] = mart[money].astype(float)
    merged = mart.merge(beside, on=["position_id", "as_of_date"], how="left", suffixes=("", "_now"))
    assert len(merged) == len(mart) > 300
    return merged


def test_terms_equal_a_second_implementation_and_add_up(explained: pd.DataFrame) -> None:
    rows = explained[explained["residual"].notna() & explained["date_before"].notna()]
    expired = rows["null_reason_now"] == "expired"
    spot = rows["underlying_price"] - rows["underlying_price_before"]
    volatility = (rows["implied_volatility"] - rows["implied_volatility_before"]).mask(expired, 0.0)
    rate = (rows["risk_free_rate"] - rows["risk_free_rate_before"]).mask(expired, 0.0)
    days = (pd.to_datetime(rows["as_of_date"]) - pd.to_datetime(rows["date_before"])).dt.days
    expected = {
        "delta_pnl": rows["position_delta_before"] * spot,
        "gamma_pnl": rows["position_gamma_before"] * spot**2 / 2,
        "theta_pnl": rows["position_theta_before"] * days,
        "vega_pnl": rows["position_vega_before"] * volatility / 0.01,
        "rho_pnl": rows["position_rho_before"] * rate / 0.01,
    }
    assert len(rows) > 300
    for name, values in expected.items():
        np.testing.assert_allclose(rows[name], values, atol=CENT, err_msg=name)
    sums = rows[[*TERMS, "trade_pnl", "residual"]].sum(axis=1)
    np.testing.assert_allclose(sums, rows["position_pnl"], atol=1e-6)
    assert (rows["daily_pnl"] == rows["position_pnl"]).all()


def test_a_first_day_is_trade_and_no_other_day_is(explained: pd.DataFrame) -> None:
    first = explained["as_of_date"] == explained.groupby("position_id")["as_of_date"].transform("min")
    sold = explained["exit_price"].notna() & ~explained["underlying_price"].notna()
    assert (explained.loc[first, TERMS] == 0).all(axis=None)
    assert (explained.loc[first, "trade_pnl"] == explained.loc[first, "daily_pnl"]).all()
    assert (explained.loc[~first & ~sold, "trade_pnl"] == 0).all()
    assert explained["null_reason"].isna().all()


def revalued(rows: pd.DataFrame) -> tuple[Market, Market, Callable[[Market], Floats]]:
    """The markets of the closes before and now, and the value of the positions in a market."""

    def market(suffix: str) -> Market:
        names = ("underlying_price", "implied_volatility", "years_to_expiration", "risk_free_rate")
        return Market(*(rows[name + suffix].to_numpy(float) for name in names))

    def value(at: Market) -> Floats:
        terms = Terms(
            (rows["option_type"] == "CALL").to_numpy(),
            at.spot,
            rows["strike_price"].to_numpy(float),
            at.years,
            at.rate,
            rows["dividend_yield"].to_numpy(float),
        )
        prices = option_values(is_american(rows["exercise"]), terms, at.volatility).price
        return prices * rows["units"].to_numpy(float)

    return market("_before"), market(""), value


def by_model(explained: pd.DataFrame) -> pd.DataFrame:
    """Rows that a model prices on both closes, with the same dividend yield."""
    held = explained["date_before"].notna() & explained["delta"].notna()
    priced = (explained["price_flag"] == BY_MODEL) & (explained["price_flag_before"] == BY_MODEL)
    same = explained["dividend_yield"] == explained["dividend_yield_before"]
    rows = explained[held & priced & same]
    assert len(rows) > 250
    return rows


def test_the_residual_is_what_a_full_revaluation_leaves(explained: pd.DataFrame) -> None:
    rows = by_model(explained)
    before, now, value = revalued(rows)
    earned = value(now) - value(before)
    np.testing.assert_allclose(rows["daily_pnl"], earned, atol=0.02)
    np.testing.assert_allclose(rows["residual"], earned - rows[TERMS].sum(axis=1), atol=0.05)
    # the first orders and gamma explain nearly all of what options earn
    assert rows["residual"].abs().sum() < 0.05 * rows["daily_pnl"].abs().sum()


def test_the_residual_shrinks_with_the_third_order_of_the_move(explained: pd.DataFrame) -> None:
    """A move of h in the underlying, and of h^2 in what counts once, leaves a residual of the order h^3."""
    rows = by_model(explained)
    before, now, value = revalued(rows)
    start = value(before)

    def left(scale: float) -> Floats:
        moves = [
            (after - then) * (scale if name == "spot" else scale**2)
            for name, then, after in zip(Market._fields, before, now, strict=True)
        ]
        spot, volatility, years, rate = moves
        moved = Market(*(then + move for then, move in zip(before, moves, strict=True)))
        taylor = (
            rows["position_delta_before"] * spot
            + rows["position_gamma_before"] * spot**2 / 2
            - rows["position_theta_before"] * 365 * years
            + rows["position_vega_before"] * 100 * volatility
            + rows["position_rho_before"] * 100 * rate
        )
        return np.asarray(value(moved) - start - taylor)

    half, quarter, eighth = (np.abs(left(scale)).sum() for scale in (1 / 2, 1 / 4, 1 / 8))
    assert half / quarter == pytest.approx(8, rel=0.25)
    assert quarter / eighth == pytest.approx(8, rel=0.25)
