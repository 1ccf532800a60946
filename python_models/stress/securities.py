"""P&L of one unit of symbols and options in each scenario: direct, correlated, and replayed.

A symbol's return is exp(sum_k beta_k x log move of factor k) - 1, which cannot pass -100 %. An option is
repriced at the moved underlying with its own volatility moved by the VIX; an option on the VIX itself by the
move of the VIX. A replay puts a symbol's own return over a historical window in the place of the modelled
one.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from python_models.options.exercise import AMERICAN
from python_models.options.greeks import DAYS_PER_YEAR
from python_models.panel import FloatArray
from python_models.portfolio.value_at_risk import Options, option_scenario_pnl
from python_models.stress.rules import VOLATILITY, BoolArray, IntArray, StressConfig
from python_models.stress.scenarios import weighted_sums
from python_models.stress.volatility import vix_forward_returns, volatility_factors


class _Inputs(NamedTuple):
    """Securities as arrays of shape (n_securities,). base: an option's price before any move."""

    price: FloatArray
    is_option: BoolArray
    is_on_vix: BoolArray
    sensitivity: FloatArray
    base: FloatArray
    options: Options


class _Scenarios(NamedTuple):
    """One date's moves of factors, shape (n_scenarios, n_factors), and of the VIX, (n_scenarios,).

    rows: where each scenario begins in the frame of shocks, shape (n_scenarios,).
    """

    rows: IntArray
    ids: pd.Index[str]
    factors: pd.Index[str]
    direct: FloatArray
    correlated: FloatArray
    vix: FloatArray


class _Replays(NamedTuple):
    """Own returns, shape (n_symbols, n_scenarios), NaN where none; last_dates, shape (n_scenarios,)."""

    symbols: pd.Index[str]
    ids: pd.Index[str]
    returns: FloatArray
    last_dates: pd.Index[Any]


class _Block(NamedTuple):
    """Rows of the result. security, scenario: row numbers in the frames that hold the keys."""

    security: IntArray
    scenario: IntArray
    direct_return: FloatArray
    direct_pnl: FloatArray
    correlated_return: FloatArray
    correlated_pnl: FloatArray
    replay_pnl: FloatArray
    has_own_return: BoolArray


_ROWS, _NUMBERS, _FLAGS = np.empty(0, dtype=np.intp), np.empty(0), np.empty(0, dtype=np.bool_)
_NOTHING = _Block(_ROWS, _ROWS, _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS, _FLAGS)


def symbol_returns(betas: FloatArray, moves: FloatArray) -> FloatArray:
    """exp(sum_k beta_k x move_k) - 1, shape (n_securities, n_scenarios); arguments as in weighted_sums."""
    returns: FloatArray = np.expm1(weighted_sums(betas, moves))
    return returns


def security_stress(
    securities: pd.DataFrame,
    betas: pd.DataFrame,
    shocks: pd.DataFrame,
    replays: pd.DataFrame,
    rules: StressConfig,
) -> pd.DataFrame:
    """P&L per unit of every security in every scenario of its date: direct, correlated, replayed.

    securities: one row per date and instrument: as_of_date, instrument_id (of a stock its symbol), symbol (an
    option's is its underlying), price (USD per unit, an option's is its underlying's), is_option, option_type
    (CALL, PUT), exercise (AMERICAN, EUROPEAN), strike_price, years_to_expiration, risk_free_rate,
    dividend_yield, implied_volatility (decimals), volatility_sensitivity (of the underlying's volatility to
    the VIX), is_on_vix. betas: (as_of_date, symbol, factor, beta) of one model. shocks: from scenario_shocks;
    on a date every scenario has the same factors. replays: (scenario_id, symbol, last_date, own_return) of
    every historical scenario, each symbol once; NaN where its history does not cover the window.

    Columns: as_of_date, instrument_id, scenario_id, direct_return, direct_pnl, correlated_return,
    correlated_pnl, replay_pnl and has_own_return. Returns are the symbol's. P&L is in USD per unit, an
    option's per share of its underlying. replay_pnl is NaN for a hypothetical scenario; has_own_return says
    that it is from own history, which a date before the end of the window does not have. A security whose
    symbol lacks a beta to a factor of its date has no rows; an option that lacks an input has NaN. Rows are
    by date, instrument, scenario. as_of_date must have the same type in all frames; a date missing in one
    of them has no rows. Raises ValueError for an option_type that is neither CALL nor PUT, or for shocks
    that lack a row.
    """
    ordered = securities.sort_values(["as_of_date", "instrument_id"], ignore_index=True)
    moves = shocks.sort_values(["as_of_date", "scenario_id", "factor"], ignore_index=True)
    inputs, own = _inputs(ordered), _replays(replays)
    rows_of_betas, rows_of_moves = rows_by_date(betas), rows_by_date(moves)
    blocks = [_NOTHING]
    for as_of_date, rows in rows_by_date(ordered).items():
        if as_of_date in rows_of_betas and as_of_date in rows_of_moves:
            beta_rows, move_rows = rows_of_betas[as_of_date], rows_of_moves[as_of_date]
            scenarios = _scenarios(moves.iloc[move_rows], move_rows)
            symbols = ordered["symbol"].iloc[rows]
            exposures = beta_matrix(betas.iloc[beta_rows], symbols, scenarios.factors)
            known = _own_returns(own, symbols, scenarios.ids, as_of_date)
            blocks.append(_stress_of_a_date(inputs, rows, exposures, scenarios, known, rules))
    block = _Block(*(np.concatenate(field) for field in zip(*blocks, strict=True)))
    keys = ordered[["as_of_date", "instrument_id"]].take(block.security).reset_index(drop=True)
    keys["scenario_id"] = moves["scenario_id"].take(block.scenario).array
    return keys.assign(**{name: getattr(block, name) for name in _Block._fields[2:]})


def rows_by_date(frame: pd.DataFrame) -> dict[Hashable, IntArray]:
    """The row numbers of each as_of_date."""
    places = frame.groupby("as_of_date").indices
    return {as_of_date: np.asarray(rows, dtype=np.intp) for as_of_date, rows in places.items()}


def moves_by_scenario(moves: pd.DataFrame) -> tuple[pd.Index[str], FloatArray, FloatArray]:
    """One date's factors, and its direct and correlated moves of shape (n_scenarios, n_factors).

    moves: sorted by scenario and factor. Raises ValueError if a scenario lacks a factor of another.
    """
    factors = pd.Index(moves["factor"].unique())
    shape = (moves["scenario_id"].nunique(), len(factors))
    if len(moves) != shape[0] * shape[1]:
        raise ValueError("shocks must have one row for each scenario and factor of a date")
    direct, correlated = (
        moves[name].to_numpy(dtype=np.float64).reshape(shape) for name in ("direct_move", "correlated_move")
    )
    return factors, direct, correlated


def beta_matrix(betas: pd.DataFrame, symbols: pd.Series[str], factors: pd.Index[str]) -> FloatArray:
    """Betas of each row's symbol, shape (n_rows, n_factors), NaN where one is missing."""
    names = pd.Index(symbols.unique())
    rows, columns = _places(names, betas["symbol"]), _places(factors, betas["factor"])
    is_used = (rows >= 0) & (columns >= 0)
    matrix = np.full((len(names), len(factors)), np.nan)
    matrix[rows[is_used], columns[is_used]] = betas["beta"].to_numpy(dtype=np.float64)[is_used]
    return matrix[_places(names, symbols)]


def _inputs(securities: pd.DataFrame) -> _Inputs:
    is_option = securities["is_option"].to_numpy(dtype=np.bool_)
    option_type = securities["option_type"].where(is_option)
    unknown = option_type[is_option & ~option_type.isin(["CALL", "PUT"]).to_numpy()]
    if len(unknown):
        raise ValueError(f"option_type must be CALL or PUT, got {unknown.iloc[0]!r}")
    numbers = [
        securities[name].to_numpy(dtype=np.float64)
        for name in (
            *("price", "strike_price", "years_to_expiration"),
            *("risk_free_rate", "dividend_yield", "implied_volatility"),
        )
    ]
    is_call = option_type.eq("CALL").fillna(value=False).to_numpy(dtype=np.bool_)
    is_american = is_option & securities["exercise"].eq(AMERICAN).fillna(value=False).to_numpy(dtype=np.bool_)
    options = Options(is_american, is_call, *numbers)
    base = options.prices(options.spot[None])[0]
    is_on_vix = is_option & securities["is_on_vix"].to_numpy(dtype=np.bool_)
    sensitivity = securities["volatility_sensitivity"].to_numpy(dtype=np.float64)
    return _Inputs(numbers[0], is_option, is_on_vix, sensitivity, base, options)


def _scenarios(moves: pd.DataFrame, rows: IntArray) -> _Scenarios:
    """One date's moves, sorted by scenario and factor, as arrays."""
    factors, direct, correlated = moves_by_scenario(moves)
    is_vix = factors == VOLATILITY
    starts = np.arange(0, len(moves), len(factors))
    return _Scenarios(
        rows=rows[starts],
        ids=pd.Index(moves["scenario_id"].iloc[starts]),
        factors=factors[~is_vix],
        direct=direct[:, ~is_vix],
        correlated=correlated[:, ~is_vix],
        vix=direct[:, is_vix].sum(axis=1),
    )


def _replays(replays: pd.DataFrame) -> _Replays:
    symbols, ids = pd.Index(replays["symbol"].unique()), pd.Index(replays["scenario_id"].unique())
    returns = np.full((len(symbols), len(ids)), np.nan)
    rows, columns = _places(symbols, replays["symbol"]), _places(ids, replays["scenario_id"])
    returns[rows, columns] = replays["own_return"].to_numpy(dtype=np.float64)
    last_dates = replays.drop_duplicates("scenario_id").set_index("scenario_id")["last_date"].reindex(ids)
    return _Replays(symbols, ids, returns, pd.Index(last_dates))


def _own_returns(
    own: _Replays, symbols: pd.Series[str], ids: pd.Index[str], as_of_date: Hashable
) -> tuple[BoolArray, FloatArray]:
    """Which of the date's scenarios are historical, and own returns, shape (n_securities, n_scenarios).

    Without an own return of the window, or on a date before its end, NaN.
    """
    columns, rows = own.ids.get_indexer(ids), own.symbols.get_indexer(pd.Index(symbols))
    is_historical = columns >= 0
    returns = np.full((len(symbols), len(ids)), np.nan)
    is_known = is_historical.copy()
    is_known[is_historical] = np.asarray(own.last_dates[columns[is_historical]] <= as_of_date)
    returns[np.ix_(rows >= 0, is_known)] = own.returns[np.ix_(rows[rows >= 0], columns[is_known])]
    return is_historical, returns


def _places(names: pd.Index[str], wanted: pd.Series[str]) -> IntArray:
    """The position of each wanted name, -1 if missing."""
    return names.get_indexer(pd.Index(wanted))


def _stress_of_a_date(  # noqa: PLR0917
    inputs: _Inputs,
    rows: IntArray,
    betas: FloatArray,
    scenarios: _Scenarios,
    known: tuple[BoolArray, FloatArray],
    rules: StressConfig,
) -> _Block:
    has_betas = np.isfinite(betas).all(axis=1)
    rows, betas = rows[has_betas], betas[has_betas]
    is_historical, own = known[0], known[1][has_betas]
    own[inputs.is_on_vix[rows]] = np.nan  # the VIX of an option is a forward, not the index
    direct = symbol_returns(betas, scenarios.direct)
    correlated, direct_pnl = direct.copy(), _pnl(inputs, rows, direct, scenarios.vix, rules)
    correlated_pnl, replay_pnl = direct_pnl.copy(), np.where(is_historical, direct_pnl, np.nan)
    differs = (scenarios.correlated != scenarios.direct).any(axis=1)
    correlated[:, differs] = symbol_returns(betas, scenarios.correlated[differs])
    correlated_pnl[:, differs] = _pnl(inputs, rows, correlated[:, differs], scenarios.vix[differs], rules)
    has_own = np.isfinite(own)
    replayed = has_own.any(axis=0)
    returns = np.where(has_own, own, direct)[:, replayed]
    replay_pnl[:, replayed] = _pnl(inputs, rows, returns, scenarios.vix[replayed], rules)
    return _Block(
        security=np.repeat(rows, len(scenarios.rows)),
        scenario=np.tile(scenarios.rows, len(rows)),
        direct_return=direct.ravel(),
        direct_pnl=direct_pnl.ravel(),
        correlated_return=correlated.ravel(),
        correlated_pnl=correlated_pnl.ravel(),
        replay_pnl=replay_pnl.ravel(),
        has_own_return=has_own.ravel(),
    )


def _pnl(
    inputs: _Inputs, rows: IntArray, returns: FloatArray, vix_moves: FloatArray, rules: StressConfig
) -> FloatArray:
    """P&L per unit, of the returns' shape (n_securities, n_scenarios)."""
    pnl: FloatArray = inputs.price[rows, None] * returns
    is_option = inputs.is_option[rows]
    contracts = rows[is_option]
    options, is_on_vix = inputs.options.take(contracts), inputs.is_on_vix[contracts]
    days = DAYS_PER_YEAR * options.years
    moves = np.where(is_on_vix, vix_forward_returns(vix_moves, days, rules), returns[is_option].T)
    factors = volatility_factors(vix_moves, inputs.sensitivity[contracts], days, rules)
    factors[:, is_on_vix] = 1.0
    moved = options._replace(volatility=options.volatility * factors)
    pnl[is_option] = option_scenario_pnl(moved, inputs.base[contracts], moves).T
    return pnl
