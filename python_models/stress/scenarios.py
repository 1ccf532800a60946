"""Stress tests: P&L per share of symbols and options under scenarios of factor shocks.

Direct: shocked factors move, the others do not. Correlated: the others move by their expectation given the
shocked ones. Factors are aligned by name, and a name missing on one side is never ignored.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from python_models.options.greeks import option_price
from python_models.panel import FloatArray
from python_models.portfolio.value_at_risk import Options, option_scenario_pnl

IntArray = npt.NDArray[np.intp]

SINGULAR = 1e-10  # eigenvalues of a correlation matrix below this share of the largest are rounding


class _Inputs(NamedTuple):
    """Securities as arrays of shape (n_securities,). base: an option's price before any move."""

    price: FloatArray
    is_option: npt.NDArray[np.bool_]
    delta: FloatArray
    base: FloatArray
    options: Options


class _Scenarios(NamedTuple):
    """One date's scenarios: direct and correlated of shape (n_scenarios, n_factors).

    rows: where each scenario begins in the frame of shocks, shape (n_scenarios,).
    """

    rows: IntArray
    factors: pd.Index[str]
    direct: FloatArray
    correlated: FloatArray


class _Block(NamedTuple):
    """Rows of the result. security, scenario: row numbers in the frames that hold the keys."""

    security: IntArray
    scenario: IntArray
    direct_pnl: FloatArray
    direct_linear_pnl: FloatArray
    correlated_pnl: FloatArray
    correlated_linear_pnl: FloatArray
    is_floored: npt.NDArray[np.bool_]


class _Matrices(NamedTuple):
    """Covariances by date: values of shape (n_dates, n_factors, n_factors), NaN where missing.

    is_known: shape (n_dates, n_factors), whether the date has the factor.
    """

    dates: pd.Index[Any]
    factors: pd.Index[str]
    values: FloatArray
    is_known: npt.NDArray[np.bool_]


class _ShockBlock(NamedTuple):
    """Rows of the shocks; date, scenario and factor are positions in their indexes."""

    date: IntArray
    scenario: IntArray
    factor: IntArray
    shock: FloatArray
    correlated_shock: FloatArray


_ROWS, _NUMBERS, _FLAGS = np.empty(0, dtype=np.intp), np.empty(0), np.empty(0, dtype=np.bool_)
_NO_SHOCKS = _ShockBlock(_ROWS, _ROWS, _ROWS, _NUMBERS, _NUMBERS)
_NO_STRESS = _Block(_ROWS, _ROWS, _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS, _FLAGS)


def correlated_shocks(shocks: FloatArray, covariance: FloatArray) -> FloatArray:
    """Shocks of all factors: unshocked ones move by their expectation given the shocked ones, S_us S_ss^-1 s.

    shocks: shape (n_scenarios, n_factors), NaN where a factor is not shocked; shocked ones keep their shock.
    covariance: S, shape (n_factors, n_factors), of any period: only ratios matter. Collinear shocked factors
    share the effect (pseudo-inverse); a shocked factor without variance has no effect on the others.
    Source: conditional mean of the multivariate normal, e.g. McNeil, Frey & Embrechts, revised ed., section
    6.1.3; Kupiec, Stress Testing in a Value at Risk Framework, Journal of Derivatives 6 (1998).
    Raises ValueError for a covariance that is not finite.
    """
    if not np.isfinite(covariance).all():
        raise ValueError("covariance must be finite, got NaN or infinity")
    deviation = np.sqrt(np.diag(covariance))
    deviation = np.where(deviation > 0, deviation, 1.0)
    correlation = covariance / np.outer(deviation, deviation)  # yields and returns differ in scale
    standardized = shocks / deviation
    result = standardized.copy()
    is_shocked = np.isfinite(shocks)
    for pattern in np.unique(is_shocked, axis=0):
        rows = (is_shocked == pattern).all(axis=1)
        inverse = np.linalg.pinv(correlation[np.ix_(pattern, pattern)], rcond=SINGULAR, hermitian=True)
        response = correlation[np.ix_(~pattern, pattern)] @ inverse
        result[np.ix_(rows, ~pattern)] = linear_returns(response, standardized[np.ix_(rows, pattern)]).T
    return np.where(is_shocked, shocks, result * deviation)


def linear_returns(betas: FloatArray, shocks: FloatArray) -> FloatArray:
    """Returns sum_k beta_k x shock_k without a floor, shape (n_securities, n_scenarios).

    betas: shape (n_securities, n_factors). shocks: shape (n_scenarios, n_factors). NaN in either makes the
    return NaN: a factor that does not move has shock 0.
    """
    returns = np.zeros((len(betas), len(shocks)))
    for beta, shock in zip(
        betas.T, shocks.T, strict=True
    ):  # no BLAS, so that rows do not depend on each other
        returns += np.multiply.outer(beta, shock)
    return returns


def floored(returns: FloatArray) -> FloatArray:
    """Returns floored at -1; NaN stays NaN."""
    return np.maximum(returns, -1.0)


def scenario_shocks(covariances: pd.DataFrame, scenarios: pd.DataFrame) -> pd.DataFrame:
    """Direct and correlated shocks of every factor by date and scenario.

    covariances: (as_of_date, factor_1, factor_2, ewma_covariance), whole matrices or one triangle with its
    diagonal. scenarios: (scenario_id, factor, shock). Columns: as_of_date, scenario_id, factor, shock (NaN
    for a factor that the scenario does not shock) and correlated_shock, ordered by the first three. A
    scenario with a factor that a date's covariance lacks has no rows on that date; no scenario has rows on a
    date with an incomplete covariance.
    Raises ValueError for a scenario's shock that is not finite, or for two shocks of one factor.
    """
    if not np.isfinite(scenarios["shock"]).all():
        raise ValueError("shock must be finite, got NaN or infinity")
    wide = scenarios.pivot(index="scenario_id", columns="factor", values="shock")  # noqa: PD010  # unique
    matrices = _matrices(covariances)
    factors = matrices.factors
    is_elsewhere = wide.loc[:, ~wide.columns.isin(factors)].notna().any(axis=1)
    wide = wide[~is_elsewhere].reindex(columns=factors)
    shocks = wide.to_numpy(dtype=np.float64)
    blocks = [_NO_SHOCKS]
    for date, (matrix, is_known) in enumerate(zip(matrices.values, matrices.is_known, strict=True)):
        if np.isfinite(matrix[np.ix_(is_known, is_known)]).all():
            blocks.append(_shocks_of_a_date(date, shocks, matrix, is_known))
    block = _ShockBlock(*(np.concatenate(field) for field in zip(*blocks, strict=True)))
    return pd.DataFrame(
        {
            "as_of_date": matrices.dates.take(block.date),
            "scenario_id": wide.index.take(block.scenario),
            "factor": factors.take(block.factor),
            "shock": block.shock,
            "correlated_shock": block.correlated_shock,
        }
    )


def _shocks_of_a_date(
    date: int, shocks: FloatArray, matrix: FloatArray, is_known: npt.NDArray[np.bool_]
) -> _ShockBlock:
    """The scenarios that shock only factors known on the date."""
    usable, known = np.flatnonzero(np.isnan(shocks[:, ~is_known]).all(axis=1)), np.flatnonzero(is_known)
    direct = shocks[np.ix_(usable, known)]
    return _ShockBlock(
        date=np.full(direct.size, date),
        scenario=np.repeat(usable, len(known)),
        factor=np.tile(known, len(usable)),
        shock=direct.ravel(),
        correlated_shock=correlated_shocks(direct, matrix[np.ix_(known, known)]).ravel(),
    )


def _matrices(covariances: pd.DataFrame) -> _Matrices:
    """Every date's covariance over all factors, both triangles filled."""
    dates = pd.Index(covariances["as_of_date"].unique()).sort_values()
    first, second = pd.Index(covariances["factor_1"]), pd.Index(covariances["factor_2"])
    factors = first.append(second).unique().sort_values()
    date = dates.get_indexer(pd.Index(covariances["as_of_date"]))
    row, column = factors.get_indexer(first), factors.get_indexer(second)
    values = np.full((len(dates), len(factors), len(factors)), np.nan)
    values[date, row, column] = covariances["ewma_covariance"].to_numpy(dtype=np.float64)
    is_known = np.zeros(values.shape[:2], dtype=np.bool_)
    is_known[date, row] = is_known[date, column] = True
    return _Matrices(dates, factors, np.where(np.isnan(values), values.swapaxes(1, 2), values), is_known)


def security_stress(securities: pd.DataFrame, betas: pd.DataFrame, shocks: pd.DataFrame) -> pd.DataFrame:
    """P&L per share of every security in every scenario of its date, direct and correlated.

    securities: one row per date and instrument: as_of_date, instrument_id (of a stock its symbol), symbol (an
    option's is its underlying), price (USD per share, an option's is its underlying's), is_option,
    option_type (CALL, PUT), strike_price, years_to_expiration, risk_free_rate, dividend_yield,
    implied_volatility (decimals), delta. betas: (as_of_date, symbol, factor, beta) of one model. shocks: from
    scenario_shocks; on a date every scenario has the same factors.

    Columns: as_of_date, instrument_id, scenario_id, direct_pnl, direct_linear_pnl, correlated_pnl,
    correlated_linear_pnl (USD per share, an option's per share of its underlying) and is_floored: a linear
    return was below -100 % in either. linear_pnl is price x return, for an option delta x price x return,
    without a floor, so that it is additive over factors. A security whose symbol lacks a beta to a factor of
    its date has no rows; an option that lacks an input has NaN. Rows are by date, instrument, scenario.
    as_of_date must have the same type in all three frames; a date missing in one of them has no rows.
    Raises ValueError for an option_type that is neither CALL nor PUT, or for shocks that lack a row.
    """
    ordered = securities.sort_values(["as_of_date", "instrument_id"], ignore_index=True)
    moves = shocks.sort_values(["as_of_date", "scenario_id", "factor"], ignore_index=True)
    inputs = _inputs(ordered)
    rows_of_betas, rows_of_moves = _rows_by_date(betas), _rows_by_date(moves)
    blocks = [_NO_STRESS]
    for as_of_date, rows in _rows_by_date(ordered).items():
        if as_of_date in rows_of_betas and as_of_date in rows_of_moves:
            beta_rows, move_rows = rows_of_betas[as_of_date], rows_of_moves[as_of_date]
            scenarios = _scenarios(moves.iloc[move_rows], move_rows)
            exposures = _beta_matrix(betas.iloc[beta_rows], ordered["symbol"].iloc[rows], scenarios.factors)
            blocks.append(_stress_of_a_date(inputs, rows, exposures, scenarios))
    block = _Block(*(np.concatenate(field) for field in zip(*blocks, strict=True)))
    keys = ordered[["as_of_date", "instrument_id"]].take(block.security).reset_index(drop=True)
    keys["scenario_id"] = moves["scenario_id"].take(block.scenario).array
    return keys.assign(**{name: getattr(block, name) for name in _Block._fields[2:]})


def _rows_by_date(frame: pd.DataFrame) -> dict[Hashable, IntArray]:
    places = frame.groupby("as_of_date").indices
    return {as_of_date: np.asarray(rows, dtype=np.intp) for as_of_date, rows in places.items()}


def _inputs(securities: pd.DataFrame) -> _Inputs:
    is_option = securities["is_option"].to_numpy(dtype=np.bool_)
    option_type = securities["option_type"].where(is_option)
    unknown = option_type[is_option & ~option_type.isin(["CALL", "PUT"]).to_numpy()]
    if len(unknown):
        raise ValueError(f"option_type must be CALL or PUT, got {unknown.iloc[0]!r}")
    price, delta, strike, years, rate, dividend_yield, volatility = (
        securities[name].to_numpy(dtype=np.float64)
        for name in (
            "price",
            "delta",
            "strike_price",
            "years_to_expiration",
            "risk_free_rate",
            "dividend_yield",
            "implied_volatility",
        )
    )
    is_call = option_type.eq("CALL").fillna(value=False).to_numpy(dtype=np.bool_)
    options = Options(is_call, price, strike, years, rate, dividend_yield, volatility)
    return _Inputs(price, is_option, delta, option_price(*options), options)


def _scenarios(moves: pd.DataFrame, rows: IntArray) -> _Scenarios:
    """One date's shocks, sorted by scenario and factor, as arrays."""
    factors = pd.Index(moves["factor"].unique())
    shape = (moves["scenario_id"].nunique(), len(factors))
    if len(moves) != shape[0] * shape[1]:
        raise ValueError("shocks must have one row for each scenario and factor of a date")
    direct = moves["shock"].to_numpy(dtype=np.float64).reshape(shape)
    correlated = moves["correlated_shock"].to_numpy(dtype=np.float64).reshape(shape)
    return _Scenarios(rows[:: shape[1]], factors, np.where(np.isnan(direct), 0.0, direct), correlated)


def _beta_matrix(betas: pd.DataFrame, symbols: pd.Series[str], factors: pd.Index[str]) -> FloatArray:
    """Betas of each security's symbol, shape (n_securities, n_factors), NaN where one is missing."""
    names = pd.Index(symbols.unique())
    rows, columns = _places(names, betas["symbol"]), _places(factors, betas["factor"])
    is_used = (rows >= 0) & (columns >= 0)
    matrix = np.full((len(names), len(factors)), np.nan)
    matrix[rows[is_used], columns[is_used]] = betas["beta"].to_numpy(dtype=np.float64)[is_used]
    return matrix[_places(names, symbols)]


def _places(names: pd.Index[str], wanted: pd.Series[str]) -> IntArray:
    """The position of each wanted name, -1 if missing."""
    return names.get_indexer(pd.Index(wanted))


def _stress_of_a_date(inputs: _Inputs, rows: IntArray, betas: FloatArray, scenarios: _Scenarios) -> _Block:
    has_betas = np.isfinite(betas).all(axis=1)
    rows, betas = rows[has_betas], betas[has_betas]
    direct_returns = linear_returns(betas, scenarios.direct)
    correlated_returns = linear_returns(betas, scenarios.correlated)
    direct_pnl, direct_linear_pnl = _pnl(inputs, rows, direct_returns)
    correlated_pnl, correlated_linear_pnl = _pnl(inputs, rows, correlated_returns)
    return _Block(
        security=np.repeat(rows, len(scenarios.rows)),
        scenario=np.tile(scenarios.rows, len(rows)),
        direct_pnl=direct_pnl.ravel(),
        direct_linear_pnl=direct_linear_pnl.ravel(),
        correlated_pnl=correlated_pnl.ravel(),
        correlated_linear_pnl=correlated_linear_pnl.ravel(),
        is_floored=((direct_returns < -1) | (correlated_returns < -1)).ravel(),
    )


def _pnl(inputs: _Inputs, rows: IntArray, returns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """P&L per share and linear P&L, both of the returns' shape (n_securities, n_scenarios)."""
    price = inputs.price[rows, None]
    pnl, linear = price * floored(returns), price * returns
    is_option = inputs.is_option[rows]
    contracts = rows[is_option]
    options = inputs.options.take(contracts)
    pnl[is_option] = option_scenario_pnl(options, inputs.base[contracts], returns[is_option].T).T
    linear[is_option] *= inputs.delta[contracts, None]
    return pnl, linear
