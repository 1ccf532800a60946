"""How much each factor contributes to a portfolio's P&L in a scenario.

A position with exposure E and return r = exp(x) - 1, x = sum_k beta_k x move_k, contributes
E beta_k move_k r / x for factor k (r / x is 1 at 0): the parts add up to E r. An option counts with its
delta-adjusted exposure; what its repricing adds is no part of them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from python_models.panel import FloatArray
from python_models.stress.rules import VOLATILITY
from python_models.stress.scenarios import weighted_sums
from python_models.stress.securities import beta_matrix, moves_by_scenario, rows_by_date


def contributions(betas: FloatArray, moves: FloatArray) -> FloatArray:
    """Parts of the return of each symbol, shape (n_symbols, n_scenarios, n_factors); sums are exp(x) - 1.

    betas: shape (n_symbols, n_factors). moves: shape (n_scenarios, n_factors).
    """
    x = weighted_sums(betas, moves)
    ratio = np.divide(np.expm1(x), x, out=np.ones_like(x), where=x != 0)
    parts: FloatArray = ratio[:, :, None] * betas[:, None, :] * moves[None, :, :]
    return parts


def portfolio_factor_stress(
    holdings: pd.DataFrame, betas: pd.DataFrame, shocks: pd.DataFrame
) -> pd.DataFrame:
    """Contributions of the factors to the linear P&L of each portfolio in every scenario of its date.

    holdings: (portfolio_id, as_of_date, symbol, exposure), delta-adjusted USD, each symbol once. betas:
    (as_of_date, symbol, factor, beta) of one model. shocks: from scenario_shocks. Columns: portfolio_id,
    as_of_date, scenario_id, direct_pnl and correlated_pnl, each an array by factor_number (NaN for a factor
    that the date does not have), USD. A holding whose symbol lacks a beta to a factor of its date is left
    out; a portfolio without any other has no rows.
    """
    ordered = holdings.sort_values(["as_of_date", "portfolio_id", "symbol"], ignore_index=True)
    moves = shocks[shocks["factor"] != VOLATILITY]
    moves = moves.sort_values(["as_of_date", "scenario_id", "factor"], ignore_index=True)
    width = int(moves["factor_number"].max()) if len(moves) else 0
    rows_of_betas, rows_of_moves = rows_by_date(betas), rows_by_date(moves)
    parts = []
    for as_of_date, rows in rows_by_date(ordered).items():
        if as_of_date in rows_of_betas and as_of_date in rows_of_moves:
            found = _of_a_date(
                ordered.iloc[rows],
                betas.iloc[rows_of_betas[as_of_date]],
                moves.iloc[rows_of_moves[as_of_date]],
                width,
            )
            parts.append(found)
    columns = ["portfolio_id", "as_of_date", "scenario_id", "direct_pnl", "correlated_pnl"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _of_a_date(holdings: pd.DataFrame, betas: pd.DataFrame, moves: pd.DataFrame, width: int) -> pd.DataFrame:
    symbols = holdings["symbol"].drop_duplicates().sort_values()
    factors, direct, correlated = moves_by_scenario(moves)
    matrix: FloatArray = beta_matrix(betas, symbols, factors)
    has_betas = np.isfinite(matrix).all(axis=1)
    names = pd.Index(symbols).take(np.flatnonzero(has_betas))
    held = holdings[holdings["symbol"].isin(names)]
    portfolios = pd.Index(held["portfolio_id"].unique())
    place = (
        portfolios.get_indexer(pd.Index(held["portfolio_id"])),
        names.get_indexer(pd.Index(held["symbol"])),
    )
    # a sparse product adds a portfolio's holdings in the order of their symbols, whatever the others hold
    exposures = sparse.csr_array(
        (held["exposure"].to_numpy(dtype=np.float64), place), shape=(len(portfolios), len(names))
    )
    numbers = moves["factor_number"].to_numpy(dtype=np.intp)[: len(factors)] - 1
    scenarios = pd.Index(moves["scenario_id"].iloc[:: len(factors)])
    pnl = {
        name: _sums(exposures, contributions(matrix[has_betas], given), numbers, width)
        for name, given in (("direct_pnl", direct), ("correlated_pnl", correlated))
    }
    return pd.DataFrame(
        {
            "portfolio_id": np.repeat(portfolios.to_numpy(), len(scenarios)),
            "as_of_date": holdings["as_of_date"].iloc[0],
            "scenario_id": np.tile(scenarios.to_numpy(), len(portfolios)),
            **pnl,
        }
    )


def _sums(
    exposures: sparse.csr_array, parts: FloatArray, numbers: FloatArray, width: int
) -> list[FloatArray]:
    """One array of contributions per portfolio and scenario."""
    symbols, scenarios, factors = parts.shape
    summed = np.asarray(exposures @ parts.reshape(symbols, scenarios * factors)).reshape(-1, factors)
    placed = np.full((len(summed), width), np.nan)
    placed[:, numbers] = summed
    return list(placed)
