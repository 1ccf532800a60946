"""A portfolio's correlation measures, tested against plain loops and by invariants."""

from functools import partial
from itertools import combinations, combinations_with_replacement

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.correlation import symbols
from python_models.correlation.portfolios import PortfolioCorrelations, portfolio_correlations
from python_models.correlation.symbols import (
    CorrelationConfig,
    nearest_correlation,
    pair_correlations,
)
from python_models.correlation.torsion import effective_bets
from tests.examples import examples
from tests.method_config import CORRELATION_CONFIG
from tests.python_models.correlation.correlation_cases import PUBLISHED, as_long, constant, make_returns

FloatArray = npt.NDArray[np.float64]
DATE = pd.Timestamp("2026-01-30")
SYMBOLS = [f"S{number:03}" for number in range(12)]
seeds = st.integers(0, 10_000)
symbol_correlations = partial(
    symbols.symbol_correlations, window=CORRELATION_CONFIG.window, minimum=CORRELATION_CONFIG.minimum
)


def _pairs(rho: FloatArray, observations: int = 90) -> pd.DataFrame:
    """A matrix of symbols A, B, ... as rows of symbol_correlations; NaN has no row."""
    rows = [
        (DATE, chr(65 + i), chr(65 + j), rho[i, j], observations)
        for i, j in combinations_with_replacement(range(len(rho)), 2)
        if np.isfinite(rho[i, j])
    ]
    columns = ["as_of_date", "symbol_1", "symbol_2", "correlation", "observations"]
    types = {"as_of_date": "datetime64[ns]", "correlation": float, "observations": int}
    return pd.DataFrame(rows, columns=columns).astype(types)


def _holdings(exposures: list[float], portfolio_id: str = "p") -> pd.DataFrame:
    symbols = [chr(65 + i) for i in range(len(exposures))]
    return pd.DataFrame(
        {"portfolio_id": portfolio_id, "as_of_date": DATE, "symbol": symbols, "exposure": exposures}
    )


def _deviations(values: list[float]) -> pd.DataFrame:
    """Deviations of the symbols A, B, ... on the date."""
    symbols = [chr(65 + i) for i in range(len(values))]
    return pd.DataFrame({"as_of_date": DATE, "symbol": symbols, "deviation": values})


EQUAL = pd.concat(
    [_deviations([0.01] * 26), pd.DataFrame({"as_of_date": DATE, "symbol": SYMBOLS, "deviation": 0.01})]
)


def _figures(
    holdings: pd.DataFrame,
    pairs: pd.DataFrame,
    deviations: pd.DataFrame = EQUAL,
    rules: CorrelationConfig = CORRELATION_CONFIG,
) -> PortfolioCorrelations:
    return portfolio_correlations(holdings, pairs, deviations, rules=rules)


def _one(exposures: list[float], rho: FloatArray, deviations: pd.DataFrame = EQUAL) -> pd.Series:
    return _figures(_holdings(exposures), _pairs(rho), deviations).portfolios.iloc[0]


def _loop(exposures: list[float], rho: FloatArray) -> tuple[float, float, float]:
    """Mean correlation, diversification score and effective bets, pair by pair."""
    gross = sum(abs(value) for value in exposures)
    g = [value / gross for value in exposures]
    n = len(g)
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    mean = sum(rho[i, j] for i, j in pairs) / len(pairs)
    score = sum(abs(g[i] * g[j] * rho[i, j]) for i, j in pairs) / sum(abs(g[i] * g[j]) for i, j in pairs)
    return mean, score, effective_bets(np.array(g), rho)


def test_portfolio_figures_equal_a_loop_over_pairs() -> None:
    for seed in range(10):
        exposures = list(np.random.default_rng(seed).normal(0, 1e4, 6))
        rho, _ = pair_correlations(make_returns(90, 6, seed=seed), 20)
        row = _one(exposures, rho)
        ours = row[["mean_correlation", "diversification_score", "effective_bets"]].astype(float)
        np.testing.assert_allclose(ours, _loop(exposures, rho), rtol=1e-10)
        assert row["min_eigenvalue"] == pytest.approx(np.linalg.eigvalsh(rho)[0])
        assert not row["is_repaired"]


@pytest.mark.parametrize("size", [2, 5, 20])
def test_n_equal_uncorrelated_symbols_are_n_bets(size: int) -> None:
    apart = _one([100.0] * size, constant(size, 0.0))
    assert apart["effective_bets"] == pytest.approx(size)
    assert apart["diversification_score"] == 0.0
    same = _one([100.0] * size, constant(size, 1.0))
    assert same["diversification_score"] == pytest.approx(1)
    assert same["mean_correlation"] == 1.0


def test_effective_bets_count_risks_not_weights() -> None:
    """Weights 0.5, 0.25, 0.25 of a symbol with half the deviation of the others: three equal risks."""
    deviations = _deviations([0.01, 0.02, 0.02])
    row = _one([50.0, 25.0, -25.0], constant(3, 0.0), deviations)
    assert row["effective_bets"] == pytest.approx(3)
    unknown = _one([50.0, 25.0, -25.0], constant(3, 0.0), _deviations([0.01, 0.02]))
    assert np.isnan(unknown["effective_bets"])


def test_a_perfect_hedge_has_no_effective_bets() -> None:
    row = _one([100.0, -100.0], constant(2, 1.0))
    assert np.isnan(row["effective_bets"])
    assert row["mean_correlation"] == 1.0
    assert row["diversification_score"] == 1.0
    nearly = _one([100.0, -100.0], constant(2, 0.999999))
    assert nearly["effective_bets"] == pytest.approx(2)


def test_a_single_symbol_is_one_bet_without_correlations() -> None:
    row = _one([100.0], constant(1, 1.0))
    assert row["effective_bets"] == 1.0
    assert np.isnan(row["mean_correlation"])
    assert np.isnan(row["diversification_score"])
    assert (row["cluster_count"], row["symbols_included"], row["data_days"]) == (0, 1, 90)
    assert row["min_eigenvalue"] == 1.0


def test_a_single_symbol_without_a_diagonal_is_excluded() -> None:
    row = _one([100.0], np.array([[np.nan]]))
    assert (row["symbols_included"], row["symbols_excluded"], row["data_days"]) == (0, 1, 0)
    assert np.isnan(row["effective_bets"])


def test_exposures_that_round_to_zero_are_not_held_and_unknown_ones_are_excluded() -> None:
    row = _one([100.0, 0.004, -0.0049, 50.0, np.nan], constant(5, 0.5))
    assert (row["symbols_included"], row["symbols_excluded"]) == (2, 1)
    nothing = _one([0.0, 0.001], constant(2, 0.5))
    assert (nothing["symbols_included"], nothing["symbols_excluded"], nothing["data_days"]) == (0, 0, 0)
    assert np.isnan(nothing[["mean_correlation", "effective_bets", "min_eigenvalue"]].astype(float)).all()


def test_a_symbol_without_pairs_is_excluded_and_counted() -> None:
    rho = constant(4, 0.5)
    rho[3, :3] = rho[:3, 3] = np.nan
    row = _one([10.0, 20.0, 30.0, 1000.0], rho)
    assert (row["symbols_included"], row["symbols_excluded"]) == (3, 1)
    np.testing.assert_allclose(row["effective_bets"], _loop([10.0, 20.0, 30.0], rho[:3, :3])[2])
    apart = np.array([[1, np.nan], [np.nan, 1]])
    assert _one([1.0, 2.0], apart)["symbols_included"] == 0


def test_a_symbol_whose_exposures_cancel_is_in_no_matrix_and_not_excluded() -> None:
    found = _figures(_holdings([10.0, 0.0, 20.0, 0.004]), _pairs(constant(4, 0.5)))
    row = found.portfolios.iloc[0]
    assert (row["symbols_included"], row["symbols_excluded"]) == (2, 0)
    assert sorted(found.members["symbol"]) == ["A", "C"]
    assert list(found.cancelled["symbol"]) == ["B", "D"]
    assert _figures(_holdings([0.0]), _pairs(constant(1, 1.0))).members.empty


def test_pairs_below_the_minimum_are_missing_and_data_days_is_the_fewest() -> None:
    pairs = _pairs(constant(3, 0.5)).assign(observations=[90, 20, 33, 90, 90, 90])
    row = _figures(_holdings([1.0, 1.0, 1.0]), pairs).portfolios.iloc[0]
    assert (row["data_days"], row["symbols_excluded"]) == (20, 0)
    strict = CORRELATION_CONFIG._replace(minimum=21)
    row = _figures(_holdings([1.0, 1.0, 1.0]), pairs, rules=strict).portfolios.iloc[0]
    assert (row["data_days"], row["symbols_excluded"]) == (33, 1)


def test_an_invalid_matrix_is_repaired_flagged_and_returned() -> None:
    given_pairs = _pairs(PUBLISHED, observations=25)
    found = _figures(_holdings([1.0, 1.0, 1.0]), given_pairs)
    repaired, _ = nearest_correlation(PUBLISHED)
    row = found.portfolios.iloc[0]
    assert row["is_repaired"]
    assert row["min_eigenvalue"] > -1e-10
    assert row["mean_correlation"] == pytest.approx(repaired[np.triu_indices(3, 1)].mean())
    pairs = found.repaired_pairs
    assert list(zip(pairs["symbol_1"], pairs["symbol_2"], strict=True)) == [
        ("A", "B"),
        ("A", "C"),
        ("B", "C"),
    ]
    np.testing.assert_array_equal(pairs["correlation"], repaired[np.triu_indices(3, 1)])
    assert list(pairs["observations"]) == [25, 25, 25]
    assert _figures(_holdings([1.0, 1.0]), given_pairs).repaired_pairs.empty


def _components_loop(rho: FloatArray, threshold: float) -> list[set[int]]:
    """Merge any two groups that share a strong pair, until none do."""
    groups = [{i} for i in range(len(rho))]
    for i, j in combinations(range(len(rho)), 2):
        if abs(rho[i, j]) >= threshold:
            one, two = (next(group for group in groups if k in group) for k in (i, j))
            if one is not two:
                groups.remove(two)
                one |= two
    return [group for group in groups if len(group) > 1]


@settings(max_examples=examples(20), deadline=None)
@given(seed=seeds)
def test_clusters_equal_a_loop_that_merges_groups(seed: int) -> None:
    rng = np.random.default_rng(seed)
    group = rng.normal(0, 1, (90, 3))[:, rng.integers(0, 3, 9)]
    rho, _ = pair_correlations(group * rng.choice([-1, 1], 9) + rng.normal(0, 0.6, (90, 9)), 20)
    exposures = list(rng.normal(0, 1e4, 9))
    found = _figures(_holdings(exposures), _pairs(rho))
    expected = _components_loop(rho, 0.7)
    clusters = [
        {ord(symbol) - 65 for symbol in rows["symbol"]} for _, rows in _clusters(found).groupby("cluster_id")
    ]
    assert sorted(map(sorted, clusters)) == sorted(map(sorted, expected))
    assert found.portfolios["cluster_count"].item() == len(expected)
    share = np.abs(exposures) / np.abs(exposures).sum()
    for cluster, (_, rows) in zip(clusters, _clusters(found).groupby("cluster_id"), strict=True):
        average = np.mean([rho[i, j] for i, j in combinations(sorted(cluster), 2)])
        np.testing.assert_allclose(rows["average_correlation"], average)
        np.testing.assert_allclose(rows["gross_share"], share[sorted(cluster)])
    totals = _clusters(found).groupby("cluster_id")["gross_share"].sum()
    assert totals.is_monotonic_decreasing


def test_the_threshold_is_inclusive_and_clusters_are_transitive() -> None:
    rho = constant(4, 0.1)
    rho[0, 1] = rho[1, 0] = 0.7
    rho[1, 2] = rho[2, 1] = -0.75
    rho[0, 2] = rho[2, 0] = -0.4
    clusters = _clusters(_figures(_holdings([1.0] * 4), _pairs(rho)))
    assert list(clusters["symbol"]) == ["A", "B", "C"]
    np.testing.assert_allclose(clusters["average_correlation"], (0.7 - 0.75 - 0.4) / 3)


def test_clusters_of_equal_share_are_numbered_in_alphabetical_order() -> None:
    rho = constant(6, 0.0)
    for i, j in [(0, 5), (1, 4), (2, 3)]:
        rho[i, j] = rho[j, i] = 0.9
    # B and E have the largest share; A and F, C and D have equal shares up to the last bit of the sum
    exposures = [0.2, 5.0, 0.1, 0.4, 5.0, 0.3]
    clusters = _clusters(_figures(_holdings(exposures), _pairs(rho)))
    assert list(clusters["symbol"]) == ["B", "E", "A", "F", "C", "D"]
    assert list(clusters["cluster_id"]) == [1, 1, 2, 2, 3, 3]


@settings(max_examples=examples(10), deadline=None)
@given(seed=seeds, scale=st.floats(0.1, 100))
def test_scaling_and_flipping_a_book_change_no_measure(seed: int, scale: float) -> None:
    exposures = np.random.default_rng(seed).normal(0, 1e4, 5)
    rho, _ = pair_correlations(make_returns(90, 5, seed=seed), 20)
    plain = _figures(_holdings(list(exposures)), _pairs(rho))
    other = _figures(_holdings(list(-scale * exposures)), _pairs(rho))
    pd.testing.assert_frame_equal(other.portfolios, plain.portfolios, rtol=1e-9)
    pd.testing.assert_frame_equal(other.members, plain.members, rtol=1e-9)


def _clusters(found: PortfolioCorrelations) -> pd.DataFrame:
    return found.members.dropna(subset=["cluster_id"])


def test_every_included_symbol_is_a_member_and_shares_add_up() -> None:
    rho = constant(5, 0.1)
    rho[0, 1] = rho[1, 0] = 0.9
    found = _figures(_holdings([1.0, -2.0, 3.0, 4.0, 5.0]), _pairs(rho))
    assert sorted(found.members["symbol"]) == ["A", "B", "C", "D", "E"]
    assert found.members["cluster_id"].isna().sum() == 3
    assert found.members["gross_share"].sum() == pytest.approx(1.0)


def _demo() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Holdings of four portfolios on several dates, with gaps, and the correlations of the dates."""
    rng = np.random.default_rng(3)
    values = make_returns(95, 12, missing=0.5) + rng.normal(
        0, 0.05, (95, 1)
    )  # highly correlated: gaps make the matrices invalid
    pairs = symbol_correlations(as_long(values), None, from_date="2024-05-06")
    dates = pd.DataFrame({"as_of_date": pairs["as_of_date"].unique()})
    held = pd.DataFrame(
        [
            (f"p{number}", f"S{symbol:03}", rng.normal(0, 1e4))
            for number in range(4)
            for symbol in rng.choice(12, 10, replace=False)
        ],
        columns=["portfolio_id", "symbol", "exposure"],
    )
    return held.merge(dates, how="cross"), pairs


def _assert_same(left: PortfolioCorrelations, right: PortfolioCorrelations) -> None:
    for ours, theirs in zip(left, right, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_the_order_of_rows_does_not_matter() -> None:
    holdings, pairs = _demo()
    found = _figures(holdings, pairs)
    assert len(found.portfolios) == holdings[["portfolio_id", "as_of_date"]].drop_duplicates().shape[0]
    shuffled = _figures(holdings.sample(frac=1, random_state=1), pairs.sample(frac=1, random_state=2))
    _assert_same(shuffled, found)


def test_a_portfolio_does_not_depend_on_others() -> None:
    holdings, pairs = _demo()
    found = _figures(holdings, pairs)
    alone = _figures(holdings.query("portfolio_id == 'p2'"), pairs)
    expected = PortfolioCorrelations(
        *(frame.query("portfolio_id == 'p2'").reset_index(drop=True) for frame in found)
    )
    assert not expected.repaired_pairs.empty
    _assert_same(alone, expected)


def test_duplicate_holdings_are_refused() -> None:
    duplicate = pd.concat([_holdings([1.0, 2.0]), _holdings([3.0])])
    with pytest.raises(ValueError, match="`holdings` must have one row per portfolio, date and symbol"):
        _figures(duplicate, _pairs(constant(2, 0.5)))


def test_without_holdings_the_frames_are_empty_with_their_columns() -> None:
    holdings, pairs = _demo()
    found = _figures(holdings, pairs)
    for nothing, frame in zip(_figures(holdings.iloc[:0], pairs), found, strict=True):
        assert nothing.empty
        assert list(nothing.columns) == list(frame.columns)
        assert nothing.dtypes.equals(frame.dtypes)
