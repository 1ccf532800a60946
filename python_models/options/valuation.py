"""Valuation of option contracts on frames: volatility, price and Greeks per session, and a check."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from python_models.options.american.inversion import TWO_BOUNDARIES
from python_models.options.exercise import (
    Terms,
    has_two_boundaries,
    implied_volatilities,
    is_american,
    option_values,
    priced_as_european,
)
from python_models.options.greeks import DAYS_PER_YEAR, FloatArray, Greeks
from python_models.options.light_mibian import import_mibian

BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.object_]

KEYS = [
    "contract",
    "symbol",
    "underlying_symbol",
    "as_of_date",
    "option_type",
    "exercise",
    "strike_price",
    "expiration_date",
]
QUOTE_BASES = ["mid", "last"]
REALIZED = "realized_63d"
OBSERVATION_KEYS = ["symbol", "entry_ratio", "portfolio_id", "observed_on"]
LARGEST_VOLATILITY = 100.0  # 10,000 % a year: more is a wrong price, and far above it no price is finite
SMALLEST = 1e-100  # the database refuses products that underflow


class _Volatility(NamedTuple):
    """value: annual decimal, NaN where unknown. source: its origin. status: of the quote's inversion."""

    value: FloatArray
    source: TextArray
    status: TextArray


def value_options(contracts: pd.DataFrame, *, check_date: str) -> pd.DataFrame:
    """Volatility, model price and Greeks of option contracts, one row per input row in its order.

    contracts: one row per contract and session, with contract, symbol, underlying_symbol, as_of_date,
    option_type (CALL or PUT), exercise (AMERICAN or EUROPEAN), strike_price, expiration_date,
    underlying_price, risk_free_rate, dividend_yield (NaN: none), rate_flag (passed on), quote_price,
    quote_basis (mid, last or none), carried_volatility and carried_source (its iv_source, or none),
    realized_volatility_63d and is_settlement. Rates and volatilities are annual decimals, prices USD; NaN
    where unknown. Rows are independent.

    The volatility is implied by the quote, else (without a usable quote, see iv_status) the carried one, else
    the realized one, if between 0 and LARGEST_VOLATILITY; iv_source names the origin. dividend_yield is the
    one used. Greeks are per share in the units of Greeks, null with a null_reason: `expired` (settled, or
    expiration reached; no volatility is implied then), `no_underlying_price`, `no_risk_free_rate`,
    `no_volatility`, `two_boundaries` (American, with rates of which no price is known: american_price), 0
    below SMALLEST. mibian_price and mibian_delta are an independent computation for the rows of check_date
    that have Greeks and the European price, which American calls without dividends have too. Raises
    ValueError for an unknown option_type or exercise. Sources: Hull, chapters 15, 17, 19, 20;
    american/pricing.py.
    """
    years = _days_to_expiration(contracts) / DAYS_PER_YEAR
    american = is_american(contracts["exercise"])
    market = Terms(
        _is_call(contracts["option_type"]),
        _numbers(contracts["underlying_price"]),
        _numbers(contracts["strike_price"]),
        years,
        _numbers(contracts["risk_free_rate"]),
        np.nan_to_num(_numbers(contracts["dividend_yield"])),
    )
    is_expired = contracts["is_settlement"].to_numpy(dtype=np.bool_) | (years <= 0)
    volatility = _choose_volatility(contracts, american, market, is_expired)
    null_reason = _null_reason(market, volatility.value, is_expired, has_two_boundaries(american, market))
    is_valued = pd.isna(null_reason)
    greeks = option_values(american, market, np.where(is_valued, volatility.value, np.nan))
    is_checked = is_valued & (contracts["as_of_date"] == pd.Timestamp(check_date)).to_numpy()
    is_checked &= priced_as_european(american, market)
    checks = _mibian(market, volatility.value, is_checked)
    return contracts[KEYS].assign(
        underlying_price=market.spot,
        years_to_expiration=market.years,
        risk_free_rate=market.rate,
        rate_flag=contracts["rate_flag"],
        dividend_yield=market.dividend_yield,
        implied_volatility=volatility.value,
        iv_source=volatility.source,
        iv_status=volatility.status,
        model_price=greeks.price,
        **{name: _without_traces(getattr(greeks, name)) for name in Greeks._fields if name != "price"},
        null_reason=null_reason,
        mibian_price=checks[0],
        mibian_delta=checks[1],
    )


def observed_volatilities(observations: pd.DataFrame) -> pd.DataFrame:
    """Volatilities that past prices of contracts imply, one row per price inside the no-arbitrage bounds.

    observations: one row per price, with symbol, entry_ratio, portfolio_id, observed_on, option_type (CALL or
    PUT), exercise (AMERICAN or EUROPEAN), price, underlying_price, strike_price, years_to_expiration,
    risk_free_rate and dividend_yield of its day. Rates are annual decimals, prices USD.
    """
    market = Terms(
        _is_call(observations["option_type"]),
        _numbers(observations["underlying_price"]),
        _numbers(observations["strike_price"]),
        _numbers(observations["years_to_expiration"]),
        _numbers(observations["risk_free_rate"]),
        _numbers(observations["dividend_yield"]),
    )
    american = is_american(observations["exercise"])
    implied = implied_volatilities(american, market, _numbers(observations["price"]))
    found = observations[OBSERVATION_KEYS].assign(implied_volatility=implied.volatility)
    usable: pd.DataFrame = found[implied.status == "ok"]
    return usable


def _without_traces(values: FloatArray) -> FloatArray:
    return np.where(np.abs(values) < SMALLEST, 0.0, values)


def _numbers(column: pd.Series) -> FloatArray:
    """A column of numbers or decimals as floats; NaN where missing."""
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _is_call(option_type: pd.Series) -> BoolArray:
    unknown = option_type[~option_type.isin(["CALL", "PUT"])]
    if not unknown.empty:
        raise ValueError(f"`option_type` must be CALL or PUT, got {unknown.iloc[0]!r}.")
    return (option_type == "CALL").to_numpy(dtype=np.bool_)


def _days_to_expiration(contracts: pd.DataFrame) -> FloatArray:
    return _numbers((contracts["expiration_date"] - contracts["as_of_date"]).dt.days)


def _choose_volatility(
    contracts: pd.DataFrame, american: BoolArray, market: Terms, is_expired: BoolArray
) -> _Volatility:
    """The implied volatility if there is one, else the carried, else the realized one; none if expired."""
    basis = contracts["quote_basis"]
    is_quoted = basis.isin(QUOTE_BASES).to_numpy() & ~is_expired
    quote = np.where(is_quoted, _numbers(contracts["quote_price"]), np.nan)
    implied, status = implied_volatilities(american, market, quote)
    realized = _numbers(contracts["realized_volatility_63d"])
    carried = _numbers(contracts["carried_volatility"])
    is_implied = (status == "ok") & (implied <= LARGEST_VOLATILITY)
    is_carried = ~is_implied & ~is_expired & _is_usable(carried)
    is_realized = ~is_implied & ~is_carried & ~is_expired & _is_usable(realized)
    value = np.select([is_implied, is_carried, is_realized], [implied, carried, realized], default=np.nan)
    source = np.full(len(contracts), None, dtype=object)
    source[is_implied] = basis[is_implied]
    source[is_carried] = contracts["carried_source"][is_carried]
    source[is_realized] = REALIZED
    status[is_expired] = None
    return _Volatility(value, source, status)


def _is_usable(volatility: FloatArray) -> BoolArray:
    return (volatility > 0) & (volatility <= LARGEST_VOLATILITY)


def _null_reason(
    market: Terms, volatility: FloatArray, is_expired: BoolArray, is_unknown: BoolArray
) -> TextArray:
    """The first reason why an option has no Greeks; None if it has them."""
    reason = np.full(len(volatility), None, dtype=object)
    reason[is_unknown] = TWO_BOUNDARIES
    reason[np.isnan(volatility)] = "no_volatility"
    reason[np.isnan(market.rate)] = "no_risk_free_rate"
    reason[~(market.spot > 0)] = "no_underlying_price"
    reason[is_expired] = "expired"
    return reason


def _mibian(market: Terms, volatility: FloatArray, is_checked: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Price and delta from mibian, which takes percents, days, and USD dividends per year; else NaN."""
    mibian: Any = import_mibian() if is_checked.any() else None
    price, delta = np.full((2, len(volatility)), np.nan)
    for row in np.flatnonzero(is_checked):
        is_call, spot, strike, years, rate, dividend_yield = (column[row] for column in market)
        arguments = [spot, strike, 100 * rate, dividend_yield * spot, years * DAYS_PER_YEAR]
        option = mibian.Me(arguments, volatility=100 * volatility[row])
        price[row] = option.callPrice if is_call else option.putPrice
        delta[row] = option.callDelta if is_call else option.putDelta
    return price, delta
