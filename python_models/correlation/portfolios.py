"""Portfolio measures from symbol correlations: diversification, effective bets, clusters."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from python_models.correlation.symbols import (
    CorrelationConfig,
    FloatArray,
    IntArray,
    complete_symbols,
    nearest_correlation,
    no_pairs,
    pair_rows,
)
from python_models.correlation.torsion import effective_bets

MINIMUM_EXPOSURE = 0.005  # USD: an exposure that rounds to zero is not held
MINIMUM_VARIANCE = 1e-12  # share of the variance without correlation: below it, a perfect hedge
PORTFOLIO_TYPES: dict[str, Any] = {
    "portfolio_id": object,
    "as_of_date": object,
    "mean_correlation": float,
    "diversification_score": float,
    "effective_bets": float,
    "cluster_count": int,
    "symbols_included": int,
    "symbols_excluded": int,
    "is_repaired": bool,
    "min_eigenvalue": float,
    "data_days": int,
}
MEMBER_TYPES: dict[str, Any] = {
    "portfolio_id": object,
    "as_of_date": object,
    "cluster_id": "Int64",
    "symbol": "str",
    "average_correlation": float,
    "gross_share": float,
}
CANCELLED_TYPES: dict[str, Any] = {"portfolio_id": object, "as_of_date": object, "symbol": "str"}
COUNTS = ["cluster_count", "symbols_included", "symbols_excluded", "data_days", "cluster_id", "observations"]
REPAIRED_COLUMNS = ("portfolio_id", "as_of_date", "symbol_1", "symbol_2", "correlation", "observations")


SymbolArray = npt.NDArray[np.object_]


class PortfolioCorrelations(NamedTuple):
    """Four frames; see portfolio_correlations for their columns."""

    portfolios: pd.DataFrame
    members: pd.DataFrame
    repaired_pairs: pd.DataFrame
    cancelled: pd.DataFrame


class _Book(NamedTuple):
    """One portfolio's included symbols in alphabetical order, with signed weights of gross 1.

    deviations: of the symbols' daily returns, NaN where unknown. cancelled: symbols held without an exposure.
    """

    portfolio_id: Any
    as_of_date: Any
    symbols: SymbolArray
    cancelled: SymbolArray
    weights: FloatArray
    deviations: FloatArray
    rho: FloatArray
    observations: IntArray
    excluded: int
    is_repaired: bool
    min_eigenvalue: float


def portfolio_correlations(
    holdings: pd.DataFrame, correlations: pd.DataFrame, deviations: pd.DataFrame, *, rules: CorrelationConfig
) -> PortfolioCorrelations:
    """Correlation figures of each portfolio and date of the holdings.

    holdings: frame (portfolio_id, as_of_date, symbol, exposure), exposure in USD, negative for shorts, one
    row per portfolio, date and symbol (ValueError otherwise). correlations: from symbol_correlations.
    deviations: from symbol_deviations.
    Exposures that round to zero, such as those of longs and shorts that cancel, are left out of the matrix;
    symbols with unknown exposure, or with missing pairs (see complete_symbols), are excluded and counted. A
    matrix that is not positive semi-definite is repaired, and its repaired pairs are returned.

    portfolios: portfolio_id, as_of_date, mean_correlation (of the pairs), diversification_score (mean
    |correlation| by weight, 0 unrelated, 1 all the same; both NaN with fewer than two symbols),
    effective_bets (see torsion.effective_bets; NaN for a perfect hedge),
    cluster_count, symbols_included, symbols_excluded, is_repaired, min_eigenvalue (of the matrix used; NaN
    without symbols), data_days (fewest observations of a pair used, or of the only symbol; 0 without any).
    members: the included symbols: portfolio_id, as_of_date, cluster_id (1.. by falling gross share, then
    alphabetical; null outside clusters), symbol, average_correlation (of the cluster's pairs), gross_share
    (the symbol's own, 0..1).
    repaired_pairs: portfolio_id, as_of_date, symbol_1, symbol_2, correlation, observations.
    cancelled: portfolio_id, as_of_date, symbol: what has no exposure, and so nothing that is not measured.
    """
    keys = {name: holdings[name].dtype for name in ("portfolio_id", "as_of_date")}
    rows: list[tuple[object, ...]] = []
    members: list[_Members] = [_Members.empty()]
    repaired: list[pd.DataFrame] = []
    cancelled: list[tuple[object, ...]] = []
    for book in _books(holdings, correlations, deviations, rules):  # only one matrix at a time is in memory
        found = _clusters(book, rules.cluster_threshold)
        rows.append(_portfolio_row(book, len(found)))
        members.append(_members(book, found))
        cancelled.extend((book.portfolio_id, book.as_of_date, symbol) for symbol in book.cancelled)
        if book.is_repaired:
            repaired.append(_repaired_rows(book))
    pairs = pd.concat([no_pairs().assign(portfolio_id=None), *repaired], ignore_index=True)
    return PortfolioCorrelations(
        pd.DataFrame(rows, columns=list(PORTFOLIO_TYPES)).astype(PORTFOLIO_TYPES | keys),
        _member_frame(members).astype(MEMBER_TYPES | keys),
        pairs[list(REPAIRED_COLUMNS)].astype(keys),
        pd.DataFrame(cancelled, columns=list(CANCELLED_TYPES)).astype(CANCELLED_TYPES | keys),
    )


def correlation_parts(
    holdings: pd.DataFrame, correlations: pd.DataFrame, deviations: pd.DataFrame, *, rules: CorrelationConfig
) -> pd.DataFrame:
    """The frames of portfolio_correlations as one, with `part`: portfolio, member, repair or cancelled.

    Columns: those of the frames, where `symbol` is a member, a cancelled symbol or the first symbol of a
    repaired pair and `symbol_2` the second one; null where a part does not have the column.
    """
    found = portfolio_correlations(holdings, correlations, deviations, rules=rules)
    parts = {
        "portfolio": found.portfolios,
        "member": found.members,
        "repair": found.repaired_pairs.rename(columns={"symbol_1": "symbol"}),
        "cancelled": found.cancelled,
    }
    frame = pd.concat([rows.assign(part=part) for part, rows in parts.items()], ignore_index=True)
    return frame.astype({**dict.fromkeys(COUNTS, "Int64"), "is_repaired": "boolean", "symbol_2": "str"})


def _books(
    holdings: pd.DataFrame, correlations: pd.DataFrame, deviations: pd.DataFrame, rules: CorrelationConfig
) -> Iterator[_Book]:
    key = ["as_of_date", "portfolio_id", "symbol"]
    if holdings.duplicated(key).any():
        duplicate = holdings.loc[holdings.duplicated(key), key].iloc[0].to_dict()
        raise ValueError(
            f"`holdings` must have one row per portfolio, date and symbol, got two of {duplicate}"
        )
    enough = correlations[correlations["observations"] >= rules.minimum]
    pairs_by_date = dict(iter(enough.groupby("as_of_date")))
    deviations_by_date = dict(iter(deviations.groupby("as_of_date")))
    for date, day in holdings.sort_values(key).groupby("as_of_date"):
        symbols = np.unique(day["symbol"].to_numpy(dtype=object))
        index = pd.Index(symbols, dtype="str")
        rho, observations = _matrices(pairs_by_date.get(date, enough.iloc[:0]), index)
        known = deviations_by_date.get(date, deviations.iloc[:0]).set_index("symbol")["deviation"]
        deviation = known.reindex(index).to_numpy(dtype=np.float64)
        positions = index.get_indexer(pd.Index(day["symbol"]))
        exposure = day["exposure"].to_numpy(dtype=np.float64)
        for portfolio_id, rows in day.groupby("portfolio_id").indices.items():
            # an unknown exposure is kept here and counted as excluded
            is_cancelled = np.abs(exposure[rows]) < MINIMUM_EXPOSURE
            held = rows[~is_cancelled]
            at = positions[held]
            square = np.ix_(at, at)
            yield _book(
                portfolio_id=portfolio_id,
                as_of_date=date,
                symbols=symbols[at],
                cancelled=symbols[positions[rows[is_cancelled]]],
                exposure=exposure[held],
                deviations=deviation[at],
                rho=rho[square],
                observations=observations[square],
            )


def _matrices(pairs: pd.DataFrame, symbols: pd.Index[str]) -> tuple[FloatArray, IntArray]:
    """One date's pairs as symmetric matrices of correlations, NaN where missing, and of observations."""
    first, second = (symbols.get_indexer(pd.Index(pairs[name])) for name in ("symbol_1", "symbol_2"))
    both = (first >= 0) & (second >= 0)
    first, second = first[both], second[both]
    rho = np.full((len(symbols), len(symbols)), np.nan)
    observations = np.zeros(rho.shape, dtype=np.int64)
    rho[first, second] = rho[second, first] = pairs["correlation"].to_numpy()[both]
    observations[first, second] = observations[second, first] = pairs["observations"].to_numpy()[both]
    return rho, observations


def _book(
    *,
    portfolio_id: Any,
    as_of_date: Any,
    symbols: SymbolArray,
    cancelled: SymbolArray,
    exposure: FloatArray,
    deviations: FloatArray,
    rho: FloatArray,
    observations: IntArray,
) -> _Book:
    """A portfolio without its excluded symbols, its matrix repaired if necessary."""
    kept = np.flatnonzero(np.isfinite(exposure))
    kept = kept[complete_symbols(rho[np.ix_(kept, kept)])]
    exposure, used = exposure[kept], rho[np.ix_(kept, kept)]
    repaired, smallest = nearest_correlation(used) if len(kept) else (used, np.nan)
    is_repaired = repaired is not used
    return _Book(
        portfolio_id=portfolio_id,
        as_of_date=as_of_date,
        symbols=symbols[kept],
        cancelled=cancelled,
        weights=exposure / np.abs(exposure).sum(),
        deviations=deviations[kept],
        rho=repaired,
        observations=observations[np.ix_(kept, kept)],
        excluded=len(symbols) - len(kept),
        is_repaired=is_repaired,
        min_eigenvalue=float(np.linalg.eigvalsh(repaired)[0]) if is_repaired else smallest,
    )


def _portfolio_row(book: _Book, cluster_count: int) -> tuple[object, ...]:
    mean, score = np.nan, np.nan
    n = len(book.weights)
    if n > 1:
        pairs = _pairs(n)
        gross = np.abs(book.weights)
        share = (gross[:, None] * gross)[pairs]
        mean = book.rho[pairs].mean()
        score = (share * np.abs(book.rho[pairs])).sum() / share.sum()
    risks = book.weights * book.deviations
    variance, undiversified = risks @ book.rho @ risks, (risks * risks).sum()
    is_hedged = not variance > MINIMUM_VARIANCE * undiversified
    return (
        book.portfolio_id,
        book.as_of_date,
        mean,
        score,
        np.nan if is_hedged else effective_bets(risks, book.rho),
        cluster_count,
        n,
        book.excluded,
        book.is_repaired,
        book.min_eigenvalue,
        int(book.observations.min()) if n else 0,
    )


def _clusters(book: _Book, threshold: float) -> list[IntArray]:
    """Positions of the symbols of each cluster, by falling gross share."""
    linked = np.abs(book.rho) >= threshold
    if linked.sum() <= len(linked):  # the diagonal alone
        return []
    label = _components(linked)
    members = [np.flatnonzero(label == first) for first in np.unique(label)]
    gross = np.abs(book.weights)
    # rounded, so that shares that differ only in their last digits are in alphabetical order
    return sorted(
        (cluster for cluster in members if len(cluster) > 1),
        key=lambda cluster: (-round(gross[cluster].sum(), 12), cluster[0]),
    )


def _components(linked: npt.NDArray[np.bool_]) -> IntArray:
    """The lowest reachable node for each node of a symmetric graph with loops."""
    label = np.arange(len(linked))
    while True:  # each node takes the lowest label of its neighbours, until none changes
        least = np.where(linked, label, len(linked)).min(axis=1)
        if (least == label).all():
            return label
        label = least


class _Members(NamedTuple):
    """A book's included symbols by cluster, those outside clusters last; arrays of equal length."""

    portfolio_id: Any
    as_of_date: Any
    cluster_id: FloatArray
    symbol: SymbolArray
    average_correlation: FloatArray
    gross_share: FloatArray

    @classmethod
    def empty(cls) -> _Members:
        """Arrays without rows, for their types."""
        return cls(None, None, np.empty(0), np.empty(0, dtype=object), np.empty(0), np.empty(0))


def _members(book: _Book, clusters: list[IntArray]) -> _Members:
    cluster_id = np.full(len(book.symbols), np.nan)
    average = np.full(len(book.symbols), np.nan)
    for number, cluster in enumerate(clusters, 1):
        cluster_id[cluster] = number
        average[cluster] = book.rho[np.ix_(cluster, cluster)][_pairs(len(cluster))].mean()
    alone = np.flatnonzero(np.isnan(cluster_id))
    order = np.concatenate([*clusters, alone])
    return _Members(
        book.portfolio_id,
        book.as_of_date,
        cluster_id[order],
        book.symbols[order],
        average[order],
        np.abs(book.weights[order]),
    )


def _member_frame(members: list[_Members]) -> pd.DataFrame:
    counts = [len(part.symbol) for part in members]
    owner = np.repeat(np.arange(len(members)), counts)
    columns = {name: [getattr(part, name) for part in members] for name in MEMBER_TYPES}
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype=object).take(owner).reset_index(drop=True)
            if name in {"portfolio_id", "as_of_date"}
            else np.concatenate(values)
            for name, values in columns.items()
        }
    )


@lru_cache(maxsize=256)
def _pairs(n: int) -> tuple[IntArray, IntArray]:
    """Indices of the pairs of n symbols: the upper triangle without the diagonal."""
    return np.triu_indices(n, 1)


def _repaired_rows(book: _Book) -> pd.DataFrame:
    positions = _pairs(len(book.symbols))
    symbols = pd.Index(book.symbols, dtype="str")
    pairs = pair_rows(book.as_of_date, symbols, positions, book.rho, book.observations)
    return pairs.assign(portfolio_id=book.portfolio_id)
