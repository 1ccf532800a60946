"""Pairwise correlations of symbols.

Each pair is correlated over the sessions on which both symbols have a return, so that a gap in one symbol
changes only that symbol's pairs. As a consequence, a portfolio's matrix may not be positive semi-definite; it
is then repaired and flagged.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix, triu

from python_models.panel import to_panel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

NEGATIVE_EIGENVALUE = -1e-10  # above it, rounding
ILL_CONDITIONED = 1e-4  # share of a sum of squares that remains as variance
# Sums of squares and products of standardized series of T sessions are at most T: with T < 2^9 and this many
# fractional bits, every sum is exact in the 53 bits of a double.
MAXIMUM_SESSIONS = 500
FINE_BITS = 44
COARSE_BITS = 22


class CorrelationConfig(NamedTuple):
    """Parameters of correlations. window: sessions; minimum: fewest common observations of a pair.

    cluster_threshold: |correlation| from which two symbols are in one cluster.
    """

    window: int
    minimum: int
    cluster_threshold: float


def pair_correlations(window: FloatArray, minimum_observations: int) -> tuple[FloatArray, IntArray]:
    """Pearson correlations of all pairs of columns, each over the rows where both are known.

    window: shape (n_sessions, n_symbols), daily returns, NaN where unknown; more than 500 sessions are a
    ValueError. Returns the correlations and the numbers of common rows, both of shape (n_symbols, n_symbols).
    NaN with fewer than minimum_observations common rows, or if one of the two is constant over them. The
    diagonal is exactly 1 (or NaN), the matrix is exactly symmetric and within [-1, 1], and each pair is
    bit-for-bit independent of the other columns. Agrees with pandas' DataFrame.corr to 1e-10.
    Source: Pearson's product-moment correlation, pairwise deletion.
    """
    if len(window) > MAXIMUM_SESSIONS:
        raise ValueError(f"`window` must have at most {MAXIMUM_SESSIONS} sessions, got {len(window)}")
    series = np.ascontiguousarray(window.T)
    known = np.isfinite(series)
    mask = known.astype(np.float64)
    observations = np.rint(mask @ mask.T).astype(np.int64)
    x, moves = _standardized(series, known)
    with np.errstate(divide="ignore", invalid="ignore"):
        n = np.where(observations >= max(2, minimum_observations), observations, np.nan)
        sums = x @ mask.T  # of the row's symbol over the sessions in common with the column's
        squares = _rounded(x * x, FINE_BITS) @ mask.T
        variance = squares - sums * sums / n
        rho = (_cross_products(x) - sums * sums.T / n) / np.sqrt(variance * variance.T)
    rho[~moves | ~moves[:, None]] = np.nan
    # Digits cancel where common rows are far from the symbol's mean relative to their spread: recompute
    # those.
    cancels = variance <= ILL_CONDITIONED * squares
    first, second = np.nonzero(np.triu((cancels | cancels.T) & moves & moves[:, None] & np.isfinite(n), 1))
    rho[first, second] = _row_correlations(series[first], series[second])
    diagonal = np.where(moves & np.isfinite(np.diagonal(n)), 1.0, np.nan)
    return _symmetric(rho, diagonal), observations


def _standardized(series: FloatArray, known: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Rows standardized by mean and deviation, 0 where unknown; and which rows are not constant."""
    highest = np.where(known, series, -np.inf).max(axis=1, initial=-np.inf)
    lowest = np.where(known, series, np.inf).min(axis=1, initial=np.inf)
    count = np.maximum(known.sum(axis=1), 1)[:, None]
    values = np.where(known, series, 0.0)
    values = np.where(known, values - values.sum(axis=1, keepdims=True) / count, 0.0)
    deviation = np.sqrt((values * values).sum(axis=1, keepdims=True) / count)
    moves: BoolArray = highest > lowest
    scale = np.where(moves[:, None] & (deviation > 0), deviation, 1.0)
    return _rounded(values / scale, FINE_BITS), moves


def _rounded(values: FloatArray, bits: int) -> FloatArray:
    """The values rounded to a grid of 2^-bits."""
    return np.ldexp(np.rint(np.ldexp(values, bits)), -bits)


def _cross_products(x: FloatArray) -> FloatArray:
    """Products of standardized rows with each other, bit-for-bit independent of the order of addition.

    Sums of products are exact on a coarse enough grid. The product of two fine parts is below rounding.
    Source: Ozaki et al. (2012), Error-free transformations of matrix multiplication, Numerical Algorithms 59.
    """
    coarse = _rounded(x, COARSE_BITS)
    mixed = coarse @ (x - coarse).T
    products: FloatArray = coarse @ coarse.T + (mixed + mixed.T)
    return products


def _row_correlations(x: FloatArray, y: FloatArray) -> FloatArray:
    """Correlation of each row of x with the same row of y where both are known, in two passes."""
    common = np.isfinite(x) & np.isfinite(y)
    n = np.maximum(common.sum(axis=1, keepdims=True), 1)

    def deviations(values: FloatArray) -> FloatArray:
        # Subtract a value of the row first, so that equal values have a deviation of exactly zero.
        pivot = np.where(common, values, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
        centred = np.where(common, values - pivot, 0.0)
        return np.where(common, centred - centred.sum(axis=1, keepdims=True) / n, 0.0)

    dx, dy = deviations(x), deviations(y)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho: FloatArray = (dx * dy).sum(axis=1) / np.sqrt((dx * dx).sum(axis=1) * (dy * dy).sum(axis=1))
    return rho


def _symmetric(upper: FloatArray, diagonal: FloatArray) -> FloatArray:
    """The symmetric matrix with an upper triangle, clipped to [-1, 1], and a diagonal."""
    triangle = np.triu(np.clip(upper, -1.0, 1.0), 1)
    matrix: FloatArray = triangle + triangle.T
    np.fill_diagonal(matrix, diagonal)
    return matrix


def symbol_correlations(
    returns: pd.DataFrame,
    pairs: pd.DataFrame | None,
    *,
    window: int,
    minimum: int,
    from_date: str,
) -> pd.DataFrame:
    """Correlations of pairs of symbols for each session from from_date on.

    returns: long frame (symbol, as_of_date, session_number, daily_return), reaching back one window before
    from_date. pairs: frame (as_of_date, symbol_1, symbol_2) of the pairs wanted, in either order, or None
    for all. A symbol with itself is a pair: its row shows that it has correlations, and its number of
    observations. A pair without a correlation (see pair_correlations) has no row.
    Columns: as_of_date, symbol_1, symbol_2 (in alphabetical order), correlation, observations.
    """
    panel = to_panel(returns, "daily_return")
    _, _, values = panel
    # pad with unknown sessions before the first, so that every window has the same length
    padded = np.vstack([np.full((window - 1, len(panel.symbols)), np.nan), values])
    wanted = None if pairs is None else _positions_by_date(pairs, panel.symbols)
    every = np.triu_indices(len(panel.symbols))
    nothing = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    frames = [no_pairs()]
    for row in panel.rows_from(from_date):
        first, second = every if wanted is None else wanted.get(panel.dates[row], nothing)
        used, positions = np.unique(np.concatenate([first, second]), return_inverse=True)
        rho, observations = pair_correlations(padded[row : row + window, used], minimum)
        pair = (positions[: len(first)], positions[len(first) :])
        known = np.isfinite(rho[pair])
        pair = (pair[0][known], pair[1][known])
        frames.append(pair_rows(panel.dates[row], panel.symbols[used], pair, rho, observations))
    return pd.concat(frames, ignore_index=True)


def held_pairs(holdings: pd.DataFrame) -> pd.DataFrame:
    """The pairs of symbols that a portfolio holds together on a date, including each symbol with itself.

    holdings: frame (portfolio_id, as_of_date, symbol). Columns: as_of_date, symbol_1, symbol_2, in
    alphabetical order within a pair, each pair once per date however many portfolios hold it.
    """
    frames = [pd.DataFrame({"as_of_date": holdings["as_of_date"].iloc[:0], "symbol_1": [], "symbol_2": []})]
    for as_of_date, day in holdings.groupby("as_of_date"):
        portfolios, _ = pd.factorize(day["portfolio_id"])
        places, symbols = pd.factorize(day["symbol"], sort=True)
        held = csr_matrix((np.ones(len(day), dtype=np.int64), (portfolios, places)))
        first, second = triu(held.T @ held).nonzero()
        pairs = {"as_of_date": as_of_date, "symbol_1": symbols[first], "symbol_2": symbols[second]}
        frames.append(pd.DataFrame(pairs))
    return pd.concat(frames, ignore_index=True)


def _positions_by_date(pairs: pd.DataFrame, symbols: pd.Index[str]) -> dict[Any, tuple[IntArray, IntArray]]:
    """Each date's distinct pairs as ordered positions among the sorted symbols, without unknown symbols."""
    positions = np.column_stack(
        [symbols.get_indexer(pd.Index(pairs[name])) for name in ("symbol_1", "symbol_2")]
    )
    frame = pd.DataFrame(np.sort(positions, axis=1), columns=["first", "second"])
    frame["as_of_date"] = pd.to_datetime(pairs["as_of_date"]).to_numpy()
    frame = frame[(frame["first"] >= 0) & (frame["first"] <= frame["second"])].drop_duplicates()
    frame = frame.sort_values(["as_of_date", "first", "second"])
    return {
        date: (day["first"].to_numpy(), day["second"].to_numpy()) for date, day in frame.groupby("as_of_date")
    }


def pair_rows(
    as_of_date: pd.Timestamp,
    symbols: pd.Index[str],
    positions: tuple[IntArray, ...],
    rho: FloatArray,
    observations: IntArray,
) -> pd.DataFrame:
    """Pairs as rows; positions: those of the first symbols, and of the second ones."""
    return pd.DataFrame(
        {
            "as_of_date": as_of_date,
            "symbol_1": symbols[positions[0]],
            "symbol_2": symbols[positions[1]],
            "correlation": rho[positions],
            "observations": observations[positions],
        }
    )


def no_pairs() -> pd.DataFrame:
    """A frame without pairs, with the columns and their types."""
    rho, observations = pair_correlations(np.empty((0, 0)), 0)
    none = np.empty(0, dtype=np.int64)
    return pair_rows(pd.Timestamp(0), pd.Index([], dtype=str), (none, none), rho, observations)


def complete_symbols(rho: FloatArray) -> BoolArray:
    """The symbols to keep so that none of their pairs is missing, shape (n,).

    rho: shape (n, n), symmetric, NaN where a pair is missing, in the order of the symbols. First drops the
    symbols with none on the diagonal, then those with no correlation to any other that is left, then
    repeatedly the symbol with most missing pairs; the last of equals.
    """
    missing = ~np.isfinite(rho)
    varies: BoolArray = ~np.diagonal(missing)
    kept = varies.copy()
    if varies.sum() > 1:
        kept &= (~missing)[:, varies].sum(axis=1) > 1  # more than the diagonal
    while True:
        count = np.where(kept, missing[:, kept].sum(axis=1), 0)
        if not count.any():
            return kept
        kept[len(count) - 1 - np.argmax(count[::-1])] = False


def nearest_correlation(rho: FloatArray) -> tuple[FloatArray, float]:
    """The matrix made positive semi-definite, and its smallest eigenvalue before the repair.

    rho: shape (n, n), a complete symmetric matrix with unit diagonal. Negative eigenvalues become 0 and the
    result is rescaled to a unit diagonal; a matrix whose smallest eigenvalue is not below -1e-10 is returned
    as it is. Source: Rebonato and Jaeckel (1999), The Most General Methodology to Create a Valid Correlation
    Matrix for Risk Management and Option Pricing Purposes, section 3 (spectral decomposition).
    """
    smallest = float(np.linalg.eigvalsh(rho)[0])
    if smallest >= NEGATIVE_EIGENVALUE:
        return rho, smallest
    values, vectors = np.linalg.eigh(rho)
    roots = vectors * np.sqrt(np.maximum(values, 0.0))
    roots /= np.linalg.norm(roots, axis=1, keepdims=True)
    return _symmetric(roots @ roots.T, np.ones(len(rho))), smallest
