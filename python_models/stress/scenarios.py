"""Scenarios as log moves of the factors of the risk model, given and conditional.

Direct: factors without a shock do not move. Correlated: they move by their expectation given all factors with
one. Factors are aligned by name, and a name that the model does not have is an error.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from python_models.factors.returns import INTEREST_RATE, MARKET
from python_models.panel import FloatArray
from python_models.stress.rules import BEYOND_MARKET, TOTAL, VOLATILITY, BoolArray, IntArray, StressConfig
from python_models.stress.volatility import vix_moves

SINGULAR = 1e-10  # eigenvalues of a correlation matrix below this share of the largest are rounding


class FactorState(NamedTuple):
    """What the factors of the risk model are like on each date.

    covariances: (as_of_date, factor_1, factor_2, stress_covariance), whole matrices or one triangle with its
    diagonal. style_betas: (as_of_date, factor, style_beta), the beta of a factor to the market. vix:
    (as_of_date, vix), index points.
    """

    covariances: pd.DataFrame
    style_betas: pd.DataFrame
    vix: pd.DataFrame


class _Scenarios(NamedTuple):
    """Scenarios by factor: shock and is_total of shape (n_scenarios, n_factors), NaN where not shocked."""

    ids: pd.Index[str]
    factors: pd.Index[str]
    shock: FloatArray
    is_total: BoolArray
    volatility: FloatArray


class _Dates(NamedTuple):
    """States by date: covariance (n_dates, n_factors, n_factors), style_beta (n_dates, n_factors), vix."""

    dates: pd.Index[Any]
    covariance: FloatArray
    style_beta: FloatArray
    vix: FloatArray


class _Block(NamedTuple):
    """Rows of the result; date, scenario and factor are positions in their indexes."""

    date: IntArray
    scenario: IntArray
    factor: IntArray
    shock: FloatArray
    correlated_shock: FloatArray
    direct_move: FloatArray
    correlated_move: FloatArray


_ROWS, _NUMBERS = np.empty(0, dtype=np.intp), np.empty(0)
_NOTHING = _Block(_ROWS, _ROWS, _ROWS, _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS)


def log_moves(
    shocks: FloatArray, is_total: BoolArray, style_betas: FloatArray, factors: pd.Index[str]
) -> FloatArray:
    """Log moves of the factors that the scenarios shock, NaN elsewhere; shape (n_scenarios, n_factors).

    Market: ln(1 + S). A style: ln(1 + S), where S is total less b ln(1 + S_market). Interest Rate, a change
    of the yield: S - b S_market. b: style_betas, shape (n_factors,). S_market is 0 where the market has no
    shock.
    """
    is_market, is_rate = factors == MARKET, factors == INTEREST_RATE
    market = np.nansum(shocks[:, is_market], axis=1)[:, None]
    b = np.where(is_market, 0.0, style_betas)
    returns = np.log1p(np.where(is_rate, 0.0, shocks)) - np.where(is_total, b * np.log1p(market), 0.0)
    return np.where(is_rate, shocks - b * market, returns) + 0 * shocks


def conditional_moves(moves: FloatArray, covariance: FloatArray, shrinkage: float) -> FloatArray:
    """Moves of all factors: those without a given one move by D_u C_us C_ss^-1 D_s^-1 g_s.

    moves: shape (n_scenarios, n_factors), NaN where a factor has no given move; given ones stay. covariance:
    shape (n_factors, n_factors), of any period: only ratios matter. D: its deviations. C: its correlation,
    shrunk towards the identity by `shrinkage`. Collinear factors share the effect (pseudo-inverse); a factor
    without variance has no effect on others and does not move.
    Source: conditional mean of the multivariate normal, e.g. McNeil, Frey & Embrechts, revised ed., section
    6.1.3; Kupiec, Stress Testing in a Value at Risk Framework, Journal of Derivatives 6 (1998).
    Raises ValueError for a covariance that is not finite.
    """
    if not np.isfinite(covariance).all():
        raise ValueError("covariance must be finite, got NaN or infinity")
    variance = np.diag(covariance)
    deviation = np.sqrt(np.where(variance > 0, variance, 1.0))
    correlation = (1 - shrinkage) * covariance / np.outer(deviation, deviation)
    np.fill_diagonal(correlation, 1.0)
    standardized = moves / deviation
    result = standardized.copy()
    is_given = np.isfinite(moves)
    for pattern in np.unique(is_given, axis=0):
        rows = (is_given == pattern).all(axis=1)
        inverse = np.linalg.pinv(correlation[np.ix_(pattern, pattern)], rcond=SINGULAR, hermitian=True)
        response = correlation[np.ix_(~pattern, pattern)] @ inverse
        result[np.ix_(rows, ~pattern)] = weighted_sums(response, standardized[np.ix_(rows, pattern)]).T
    return np.where(is_given, moves, result * deviation)


def weighted_sums(weights: FloatArray, moves: FloatArray) -> FloatArray:
    """sum_k weight_k x move_k, shape (n_rows, n_scenarios).

    weights: shape (n_rows, n_factors). moves: shape (n_scenarios, n_factors). NaN in either makes the sum
    NaN: a factor that does not move has 0.
    """
    sums = np.zeros((len(weights), len(moves)))
    for weight, move in zip(
        weights.T, moves.T, strict=True
    ):  # no BLAS, so that rows do not depend on each other
        sums += np.multiply.outer(weight, move)
    return sums


def scenario_shocks(
    state: FactorState, scenarios: pd.DataFrame, factors: pd.DataFrame, rules: StressConfig
) -> pd.DataFrame:
    """Moves of every factor by date and scenario, and the move of the VIX as factor Volatility.

    scenarios: (scenario_id, factor, shock, shock_basis). factors: the names of the risk model (column
    factor). Columns: as_of_date, scenario_id, factor, factor_number (the factor's place in the model by
    name, from 1; NaN for Volatility), shock (NaN for a factor that the scenario does not shock),
    correlated_shock (the shock; without one, the conditional move as a return beyond the market or a change
    of the yield), direct_move, correlated_move (log moves; a change of the yield), ordered by the first
    three. On a date that lacks a covariance or a style beta that a scenario needs, that scenario has no
    rows; on a date with an incomplete covariance none has. Raises ValueError for a shock that is not
    usable, for two shocks of one factor, and for a factor that is neither in the model nor Volatility.
    """
    names = pd.Index(factors["factor"].unique()).sort_values()
    wanted = _scenarios(scenarios, names)
    dates = _dates(state, names)
    blocks = [_NOTHING, *(_moves_of_a_date(place, wanted, dates, rules) for place in range(len(dates.dates)))]
    block = _Block(*(np.concatenate(field) for field in zip(*blocks, strict=True)))
    frame = pd.DataFrame(
        {
            "as_of_date": dates.dates.take(block.date),
            "scenario_id": wanted.ids.take(block.scenario),
            "factor": names.append(pd.Index([VOLATILITY])).take(block.factor),
            "factor_number": np.where(block.factor < len(names), block.factor + 1.0, np.nan),
            **{name: getattr(block, name) for name in _Block._fields[3:]},
        }
    )
    return frame.sort_values(["as_of_date", "scenario_id", "factor"], ignore_index=True)


def _scenarios(scenarios: pd.DataFrame, names: pd.Index[str]) -> _Scenarios:
    _check(scenarios, names)
    keys = {"index": "scenario_id", "columns": "factor"}
    shocks = scenarios.pivot(**keys, values="shock")  # noqa: PD010  # unique
    basis = scenarios.pivot(**keys, values="shock_basis")  # noqa: PD010
    shock = shocks.reindex(columns=[*names, VOLATILITY]).to_numpy(dtype=np.float64)
    is_total = (basis.reindex(columns=names) == TOTAL).to_numpy(dtype=np.bool_)
    return _Scenarios(shocks.index, names, shock[:, :-1], is_total, shock[:, -1])


def _check(scenarios: pd.DataFrame, names: pd.Index[str]) -> None:
    factor, shock, basis = (scenarios[name] for name in ("factor", "shock", "shock_basis"))
    for row in scenarios[~factor.isin([*names, VOLATILITY])].itertuples():
        raise ValueError(f"scenario {row.scenario_id} shocks {row.factor!r}, which is no factor of the model")
    is_possible = np.isfinite(shock) & ((shock > -1) | (factor == INTEREST_RATE))
    for row in scenarios[~is_possible].itertuples():
        raise ValueError(
            f"scenario {row.scenario_id}: a shock of {row.factor} must be above -1, got {row.shock}"
        )
    is_style = ~factor.isin([MARKET, INTEREST_RATE, VOLATILITY])
    for row in scenarios[~((basis == TOTAL) | ((basis == BEYOND_MARKET) & is_style))].itertuples():
        raise ValueError(
            f"scenario {row.scenario_id}: shock_basis of {row.factor} cannot be {row.shock_basis!r}"
        )


def _dates(state: FactorState, names: pd.Index[str]) -> _Dates:
    """Every date's covariance (both triangles filled), style betas and VIX."""
    covariances, style_betas = state.covariances, state.style_betas
    dates = pd.Index(covariances["as_of_date"].unique()).sort_values()
    date = dates.get_indexer(pd.Index(covariances["as_of_date"]))
    row, column = (names.get_indexer(pd.Index(covariances[name])) for name in ("factor_1", "factor_2"))
    is_used = (row >= 0) & (column >= 0)
    matrices = np.full((len(dates), len(names), len(names)), np.nan)
    values = covariances["stress_covariance"].to_numpy(dtype=np.float64)
    matrices[date[is_used], row[is_used], column[is_used]] = values[is_used]
    matrices = np.where(np.isnan(matrices), matrices.swapaxes(1, 2), matrices)
    betas = np.full(matrices.shape[:2], np.nan)
    date = dates.get_indexer(pd.Index(style_betas["as_of_date"]))
    column = names.get_indexer(pd.Index(style_betas["factor"]))
    is_used = (date >= 0) & (column >= 0)
    betas[date[is_used], column[is_used]] = style_betas["style_beta"].to_numpy(dtype=np.float64)[is_used]
    betas[:, names == MARKET] = 0.0
    vix = state.vix.set_index("as_of_date")["vix"].reindex(dates).to_numpy(dtype=np.float64)
    return _Dates(dates, matrices, betas, vix)


def _moves_of_a_date(place: int, wanted: _Scenarios, dates: _Dates, rules: StressConfig) -> _Block:
    """The scenarios whose factors all have a covariance and a style beta on the date."""
    matrix, style_beta = dates.covariance[place], dates.style_beta[place]
    has_covariance = np.isfinite(np.diag(matrix))
    if not np.isfinite(matrix[np.ix_(has_covariance, has_covariance)]).all():
        return _NOTHING
    is_usable = np.isnan(wanted.shock[:, ~(has_covariance & np.isfinite(style_beta))]).all(axis=1)
    rows, known = np.flatnonzero(is_usable), np.flatnonzero(has_covariance)
    places, factors = np.ix_(rows, known), wanted.factors[known]
    shock = wanted.shock[places]
    given = log_moves(shock, wanted.is_total[places], style_beta[known], factors)
    moves = conditional_moves(given, matrix[np.ix_(known, known)], rules.shrinkage)
    expected = np.where(factors == INTEREST_RATE, moves, np.expm1(moves))
    market = np.nansum(shock[:, factors == MARKET], axis=1)
    vix = vix_moves(wanted.volatility[rows], market, dates.vix[place], rules)[:, None]
    shape = (len(rows), len(known) + 1)
    return _Block(
        date=np.full(shape, place).ravel(),
        scenario=np.repeat(rows, shape[1]),
        factor=np.tile(np.append(known, len(wanted.factors)), shape[0]),
        shock=np.hstack([shock, wanted.volatility[rows][:, None]]).ravel(),
        correlated_shock=np.hstack([np.where(np.isnan(shock), expected, shock), np.expm1(vix)]).ravel(),
        direct_move=np.hstack([np.where(np.isnan(given), 0.0, given), vix]).ravel(),
        correlated_move=np.hstack([moves, vix]).ravel(),
    )
