"""Correlations, proved by published numbers, by pandas and plain loops, and by what must always hold."""

from itertools import combinations, combinations_with_replacement

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.correlation import (
    CorrelationRules,
    PortfolioCorrelations,
    complete_symbols,
    held_pairs,
    nearest_correlation,
    pair_correlations,
    portfolio_correlations,
    symbol_correlations,
)

FloatArray = npt.NDArray[np.float64]
DATE = pd.Timestamp("2026-01-30")
PUBLISHED = np.array([[1, 0.9, 0.7], [0.9, 1, 0.3], [0.7, 0.3, 1]])
seeds = st.integers(0, 10_000)


def _returns(sessions: int, symbols: int, *, seed: int = 7, missing: float = 0.0) -> FloatArray:
    """Returns with a market in common; `missing` of them are absent."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.01, (sessions, 1)) * rng.uniform(-1, 2, symbols)
    values += rng.normal(0.0005, 0.01, (sessions, symbols))
    values[rng.random((sessions, symbols)) < missing] = np.nan
    return values


def _long(values: FloatArray) -> pd.DataFrame:
    """The returns as dbt hands them over: one row per symbol and session with a return."""
    frame = pd.DataFrame(values, columns=[f"S{i:03}" for i in range(values.shape[1])]).assign(
        as_of_date=pd.bdate_range("2024-01-02", periods=len(values)),
        session_number=np.arange(500, 500 + len(values)),
    )
    long = frame.melt(["as_of_date", "session_number"], var_name="symbol", value_name="daily_return")
    return long.dropna(subset="daily_return").reset_index(drop=True)


def _pairs(rho: FloatArray, observations: int = 90) -> pd.DataFrame:
    """A matrix of symbols A, B, ... as the rows of symbol_correlations; NaN has none."""
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


def _one(exposures: list[float], rho: FloatArray) -> pd.Series:
    return portfolio_correlations(_holdings(exposures), _pairs(rho)).portfolios.iloc[0]


def _constant(size: int, correlation: float) -> FloatArray:
    return np.where(np.eye(size) > 0, 1.0, correlation)


# pairs


def test_pair_correlations_give_anscombes_published_figure() -> None:
    """Anscombe, Graphs in Statistical Analysis, The American Statistician 27 (1973), p. 19: 0.816."""
    x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    rho, observations = pair_correlations(np.column_stack([x, y]).astype(float), 3)
    assert rho[0, 1] == pytest.approx(0.816, abs=5e-4)
    assert observations[0, 1] == 11


@pytest.mark.parametrize("missing", [0.0, 0.2, 0.55])
def test_pair_correlations_equal_pandas(missing: float) -> None:
    values = _returns(90, 25, missing=missing)
    rho, observations = pair_correlations(values, 20)
    reference = pd.DataFrame(values).corr(min_periods=20).to_numpy()
    np.testing.assert_allclose(rho, reference, rtol=0, atol=1e-12)
    known = np.isfinite(values)
    for i, j in combinations(range(25), 2):
        assert observations[i, j] == (known[:, i] & known[:, j]).sum()


def test_pair_correlations_equal_a_loop_where_common_rows_lie_far_from_the_mean() -> None:
    """An outlier of 10^6 deviations on a day that the others lack must not cost the other days' digits."""
    values = _returns(90, 4)
    values[10, 0] = 1e4
    values[10, 1:] = np.nan
    rho, _ = pair_correlations(values, 20)
    reference = [np.corrcoef(np.delete(values[:, [0, j]], 10, axis=0).T)[0, 1] for j in (1, 2, 3)]
    np.testing.assert_allclose(rho[0, 1:], reference, rtol=1e-10)


def test_a_symbol_that_does_not_move_over_the_common_rows_has_no_correlation() -> None:
    values = _returns(90, 4)
    values[:, 0] = 0.0017  # never moves
    values[:40, 1] = np.nan
    values[40:, 2] = 0.0017  # moves only where its partner is unknown
    rho, observations = pair_correlations(values, 20)
    assert np.isnan(rho[0]).all()
    assert np.isnan(rho[1, 2])
    assert observations[1, 2] == 50
    assert rho[2, 2] == 1.0
    assert np.isfinite(rho[2, 3])


def test_nineteen_common_rows_give_no_correlation_and_twenty_do() -> None:
    values = _returns(40, 3)
    values[:21, 1] = np.nan
    values[:20, 2] = np.nan
    rho, observations = pair_correlations(values, 20)
    assert list(observations[0]) == [40, 19, 20]
    assert list(np.isnan(rho[0])) == [False, True, False]
    assert list(np.isnan(np.diagonal(rho))) == [False, True, False]


def test_a_window_beyond_exact_sums_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 500 sessions, got 501"):
        pair_correlations(np.zeros((501, 2)), 20)


@settings(max_examples=50, deadline=None)
@given(seed=seeds, missing=st.sampled_from([0.0, 0.1, 0.4]))
def test_the_matrix_is_symmetric_and_bounded_with_unit_diagonal(seed: int, missing: float) -> None:
    rho, _ = pair_correlations(_returns(60, 8, seed=seed, missing=missing), 20)
    np.testing.assert_array_equal(rho, rho.T)
    assert (np.diagonal(rho) == 1.0).all()
    assert np.nanmax(np.abs(rho)) <= 1.0


@settings(max_examples=50, deadline=None)
@given(seed=seeds, scale=st.floats(1e-3, 1e3), sign=st.sampled_from([-1.0, 1.0]), shift=st.floats(-0.1, 0.1))
def test_scale_and_shift_change_no_correlation_and_a_flip_its_sign(
    seed: int, scale: float, sign: float, shift: float
) -> None:
    values = _returns(60, 4, seed=seed, missing=0.1)
    plain, _ = pair_correlations(values, 20)
    values[:, 0] = sign * scale * values[:, 0] + shift
    changed, _ = pair_correlations(values, 20)
    np.testing.assert_allclose(changed[0, 1:], sign * plain[0, 1:], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(changed[1:, 1:], plain[1:, 1:])


@settings(max_examples=50, deadline=None)
@given(seed=seeds, order=st.permutations(range(12)), count=st.integers(2, 12))
def test_a_pair_has_the_same_correlation_to_the_last_bit_in_any_company(
    seed: int, order: list[int], count: int
) -> None:
    values = _returns(90, 12, seed=seed, missing=0.1)
    whole, _ = pair_correlations(values, 20)
    some, _ = pair_correlations(values[:, order[:count]], 20)
    np.testing.assert_array_equal(some, whole[np.ix_(order[:count], order[:count])])


def test_a_copy_and_its_opposite_correlate_at_one() -> None:
    values = _returns(90, 1)
    rho, _ = pair_correlations(np.column_stack([values, 3 * values, -values]), 20)
    np.testing.assert_allclose(rho, [[1, 1, -1], [1, 1, -1], [-1, -1, 1]], rtol=0, atol=1e-12)


# symbols over dates


def test_symbol_correlations_equal_pandas_on_each_date() -> None:
    long = _long(_returns(130, 6, missing=0.3))
    wide = long.pivot_table(index="as_of_date", columns="symbol", values="daily_return")
    ours = symbol_correlations(long, None, from_date="1990-01-01")
    figures = ours.set_index(["as_of_date", "symbol_1", "symbol_2"])["correlation"]
    for row in [10, 40, 89, 90, 129]:
        reference = wide.iloc[max(0, row - 89) : row + 1].corr(min_periods=20)
        day = ours[ours["as_of_date"] == wide.index[row]]
        every = combinations_with_replacement(wide.columns, 2)
        expected = [pair for pair in every if np.isfinite(reference.loc[pair])]
        assert list(zip(day["symbol_1"], day["symbol_2"], strict=True)) == expected
        for pair in expected:
            assert figures[(wide.index[row], *pair)] == pytest.approx(reference.loc[pair], abs=1e-12)


def test_only_the_pairs_asked_for_in_either_order_and_once() -> None:
    long = _long(_returns(100, 5, missing=0.1))
    last = long["as_of_date"].max()
    asked = [("S003", "S001"), ("S001", "S003"), ("S000", "S004"), ("S002", "S002"), ("S002", "ZZZ")]
    pairs = pd.DataFrame(asked, columns=["symbol_1", "symbol_2"]).assign(as_of_date=last)
    some = symbol_correlations(long, pairs, from_date="1990-01-01")
    found = list(zip(some["symbol_1"], some["symbol_2"], strict=True))
    assert found == [("S000", "S004"), ("S001", "S003"), ("S002", "S002")]
    assert some["correlation"].iloc[-1] == 1.0
    whole = symbol_correlations(long, None, from_date=str(last.date()))
    key = ["as_of_date", "symbol_1", "symbol_2"]
    matched = some[key].merge(whole, on=key)
    pd.testing.assert_frame_equal(some, matched, check_exact=True)


def test_later_data_and_an_earlier_start_change_no_correlation() -> None:
    values = _returns(140, 5, missing=0.1)
    early = symbol_correlations(_long(values[:120]), None, from_date="1990-01-01")
    last = early["as_of_date"].max()
    late = symbol_correlations(_long(values), None, from_date=str(last.date())).query("as_of_date == @last")
    expected = early[early["as_of_date"] == last]
    pd.testing.assert_frame_equal(
        late.reset_index(drop=True), expected.reset_index(drop=True), check_exact=True
    )
    window = _long(values).query("session_number > 500 + 119 - 90")
    short = symbol_correlations(window, None, from_date=str(last.date())).query("as_of_date == @last")
    pd.testing.assert_frame_equal(
        short.reset_index(drop=True), expected.reset_index(drop=True), check_exact=True
    )


def test_permutation_of_rows_changes_no_correlation() -> None:
    long = _long(_returns(60, 5, missing=0.1))
    shuffled = long.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        symbol_correlations(shuffled, None, from_date="1990-01-01"),
        symbol_correlations(long, None, from_date="1990-01-01"),
        check_exact=True,
    )


def test_a_gap_in_one_symbol_changes_no_other_pair() -> None:
    values = _returns(100, 5)
    others = "symbol_1 != 'S002' and symbol_2 != 'S002'"
    before = symbol_correlations(_long(values), None, from_date="1990-01-01").query(others)
    values[30:70, 2] = np.nan
    after = symbol_correlations(_long(values), None, from_date="1990-01-01").query(others)
    pd.testing.assert_frame_equal(
        after.reset_index(drop=True), before.reset_index(drop=True), check_exact=True
    )


def test_without_returns_there_are_no_pairs_but_the_columns() -> None:
    long = _long(_returns(30, 2))
    nothing = symbol_correlations(long, None, from_date="2030-01-01")
    assert nothing.empty
    assert nothing.dtypes.equals(symbol_correlations(long, None, from_date="1990-01-01").dtypes)
    assert symbol_correlations(long.iloc[:0], None, from_date="1990-01-01").empty


# complete and positive semi-definite matrices


def test_held_pairs_are_those_that_a_loop_over_portfolios_finds() -> None:
    rng = np.random.default_rng(4)
    held = rng.random((3, 6, 9)) < 0.3
    held[2] = False  # a date on which nobody holds anything
    places = np.argwhere(held)
    holdings = pd.DataFrame(
        {
            "portfolio_id": [f"p{place[1]}" for place in places],
            "as_of_date": [pd.Timestamp("2025-07-01") + pd.Timedelta(days=int(place[0])) for place in places],
            "symbol": ["ZXAMQBYTC"[place[2]] for place in places],
        }
    ).sample(frac=1, random_state=4)
    expected = {
        (as_of_date, *pair)
        for (as_of_date, _), book in holdings.groupby(["as_of_date", "portfolio_id"])
        for pair in combinations_with_replacement(sorted(book["symbol"]), 2)
    }
    found = list(held_pairs(holdings).itertuples(index=False, name=None))
    assert len(found) == len(expected)
    assert set(found) == expected


def test_without_holdings_there_are_no_pairs_and_so_no_correlations() -> None:
    nobody = pd.DataFrame({"portfolio_id": [], "as_of_date": pd.DatetimeIndex([]), "symbol": []})
    pairs = held_pairs(nobody)
    assert list(pairs.columns) == ["as_of_date", "symbol_1", "symbol_2"]
    assert len(pairs) == 0
    assert len(symbol_correlations(_long(_returns(60, 5)), pairs, from_date="1990-01-01")) == 0


def test_the_symbol_with_most_missing_pairs_is_dropped_first() -> None:
    rho = _constant(5, 0.2)
    for i, j in [(1, 0), (1, 2), (3, 4)]:
        rho[i, j] = rho[j, i] = np.nan
    assert list(complete_symbols(rho)) == [
        True,
        False,
        True,
        True,
        False,
    ]  # 3 and 4 miss each other: the last


def test_symbols_without_any_correlation_or_diagonal_are_dropped_before_others_suffer() -> None:
    rho = _constant(4, 0.2)
    rho[0, 1:] = rho[1:, 0] = np.nan
    rho[1, 1] = np.nan
    assert list(complete_symbols(rho)) == [False, False, True, True]
    assert list(complete_symbols(np.array([[1.0]]))) == [True]
    assert list(complete_symbols(np.array([[np.nan]]))) == [False]


@settings(max_examples=100, deadline=None)
@given(seed=seeds, size=st.integers(0, 9), share=st.floats(0, 1))
def test_no_pair_is_missing_among_the_symbols_kept(seed: int, size: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    missing = np.triu(rng.random((size, size)) < share, 1)
    rho = np.where(missing | missing.T, np.nan, _constant(size, 0.1))
    kept = complete_symbols(rho)
    assert np.isfinite(rho[np.ix_(kept, kept)]).all()
    if not missing.any():
        assert kept.all()


def test_repair_gives_the_published_matrix() -> None:
    """Rebonato and Jaeckel (1999), section 4: smallest eigenvalue -0.00735244, then the matrix here."""
    repaired, smallest = nearest_correlation(PUBLISHED)
    assert smallest == pytest.approx(-0.00735244, abs=5e-9)
    expected = [[1, 0.89402, 0.69632], [0.89402, 1, 0.30097], [0.69632, 0.30097, 1]]
    np.testing.assert_allclose(repaired, expected, rtol=0, atol=6e-6)


@settings(max_examples=100, deadline=None)
@given(seed=seeds, size=st.integers(2, 8))
def test_repair_makes_any_matrix_a_correlation_matrix(seed: int, size: int) -> None:
    upper = np.triu(np.random.default_rng(seed).uniform(-1, 1, (size, size)), 1)
    rho = upper + upper.T + np.eye(size)
    repaired, smallest = nearest_correlation(rho)
    assert np.linalg.eigvalsh(repaired)[0] > -1e-10
    np.testing.assert_array_equal(repaired, repaired.T)
    assert (np.diagonal(repaired) == 1.0).all()
    assert np.abs(repaired).max() <= 1.0
    assert (repaired is rho) == (smallest >= -1e-10)


# portfolios


def _loop(exposures: list[float], rho: FloatArray) -> tuple[float, float, float]:
    """Mean correlation, diversification score and effective bets, pair by pair."""
    gross = sum(abs(value) for value in exposures)
    g = [value / gross for value in exposures]
    n = len(g)
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    mean = sum(rho[i, j] for i, j in pairs) / len(pairs)
    score = sum(abs(g[i] * g[j] * rho[i, j]) for i, j in pairs) / sum(abs(g[i] * g[j]) for i, j in pairs)
    return mean, score, 1 / sum(g[i] * g[j] * rho[i, j] for i in range(n) for j in range(n))


def test_portfolio_figures_equal_a_loop_over_pairs() -> None:
    for seed in range(10):
        exposures = list(np.random.default_rng(seed).normal(0, 1e4, 6))
        rho, _ = pair_correlations(_returns(90, 6, seed=seed), 20)
        row = _one(exposures, rho)
        ours = row[["mean_correlation", "diversification_score", "effective_bets"]].astype(float)
        np.testing.assert_allclose(ours, _loop(exposures, rho), rtol=1e-10)
        assert row["min_eigenvalue"] == pytest.approx(np.linalg.eigvalsh(rho)[0])
        assert not row["is_repaired"]


@pytest.mark.parametrize("size", [2, 5, 20])
def test_equal_uncorrelated_symbols_are_as_many_bets_and_identical_ones_are_one(size: int) -> None:
    apart = _one([100.0] * size, _constant(size, 0.0))
    assert apart["effective_bets"] == pytest.approx(size)
    assert apart["diversification_score"] == 0.0
    same = _one([100.0] * size, _constant(size, 1.0))
    assert same["effective_bets"] == pytest.approx(1)
    assert same["diversification_score"] == pytest.approx(1)
    assert same["mean_correlation"] == 1.0


def test_uncorrelated_symbols_are_the_inverse_herfindahl_index() -> None:
    """Weights 0.5, 0.3, 0.2: 1 / (0.25 + 0.09 + 0.04)."""
    assert _one([50.0, 30.0, -20.0], _constant(3, 0.0))["effective_bets"] == pytest.approx(1 / 0.38)


def test_a_perfect_hedge_has_no_effective_bets() -> None:
    row = _one([100.0, -100.0], _constant(2, 1.0))
    assert np.isnan(row["effective_bets"])
    assert row["mean_correlation"] == 1.0
    assert row["diversification_score"] == 1.0
    nearly = _one([100.0, -100.0], _constant(2, 0.999999))
    assert nearly["effective_bets"] == pytest.approx(2e6)


def test_a_single_symbol_is_one_bet_without_correlations() -> None:
    row = _one([100.0], _constant(1, 1.0))
    assert row["effective_bets"] == 1.0
    assert np.isnan(row["mean_correlation"])
    assert np.isnan(row["diversification_score"])
    assert (row["cluster_count"], row["symbols_included"], row["data_days"]) == (0, 1, 90)
    assert row["min_eigenvalue"] == 1.0


def test_a_single_symbol_that_cannot_be_compared_is_excluded() -> None:
    row = _one([100.0], np.array([[np.nan]]))
    assert (row["symbols_included"], row["symbols_excluded"], row["data_days"]) == (0, 1, 0)
    assert np.isnan(row["effective_bets"])


def test_what_rounds_to_nothing_is_not_held_and_what_is_unknown_is_excluded() -> None:
    row = _one([100.0, 0.004, -0.0049, 50.0, np.nan], _constant(5, 0.5))
    assert (row["symbols_included"], row["symbols_excluded"]) == (2, 1)
    nothing = _one([0.0, 0.001], _constant(2, 0.5))
    assert (nothing["symbols_included"], nothing["symbols_excluded"], nothing["data_days"]) == (0, 0, 0)
    assert np.isnan(nothing[["mean_correlation", "effective_bets", "min_eigenvalue"]].astype(float)).all()


def test_a_symbol_without_pairs_is_excluded_and_counted() -> None:
    rho = _constant(4, 0.5)
    rho[3, :3] = rho[:3, 3] = np.nan
    row = _one([10.0, 20.0, 30.0, 1000.0], rho)
    assert (row["symbols_included"], row["symbols_excluded"]) == (3, 1)
    np.testing.assert_allclose(row["effective_bets"], _loop([10.0, 20.0, 30.0], rho[:3, :3])[2])
    apart = np.array([[1, np.nan], [np.nan, 1]])
    assert _one([1.0, 2.0], apart)["symbols_included"] == 0


def test_pairs_below_the_minimum_are_missing_and_the_fewest_days_are_told() -> None:
    pairs = _pairs(_constant(3, 0.5)).assign(observations=[90, 20, 33, 90, 90, 90])
    row = portfolio_correlations(_holdings([1.0, 1.0, 1.0]), pairs).portfolios.iloc[0]
    assert (row["data_days"], row["symbols_excluded"]) == (20, 0)
    strict = CorrelationRules(minimum=21)
    row = portfolio_correlations(_holdings([1.0, 1.0, 1.0]), pairs, rules=strict).portfolios.iloc[0]
    assert (row["data_days"], row["symbols_excluded"]) == (33, 1)


def test_a_matrix_that_cannot_be_is_repaired_flagged_and_given() -> None:
    given_pairs = _pairs(PUBLISHED, observations=25)
    found = portfolio_correlations(_holdings([1.0, 1.0, 1.0]), given_pairs)
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
    assert portfolio_correlations(_holdings([1.0, 1.0]), given_pairs).repaired_pairs.empty


def _components_loop(rho: FloatArray, threshold: float) -> list[set[int]]:
    """Join any two groups that share a strong pair, until none do."""
    groups = [{i} for i in range(len(rho))]
    for i, j in combinations(range(len(rho)), 2):
        if abs(rho[i, j]) >= threshold:
            one, two = (next(group for group in groups if k in group) for k in (i, j))
            if one is not two:
                groups.remove(two)
                one |= two
    return [group for group in groups if len(group) > 1]


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_clusters_equal_a_loop_that_joins_groups(seed: int) -> None:
    rng = np.random.default_rng(seed)
    group = rng.normal(0, 1, (90, 3))[:, rng.integers(0, 3, 9)]
    rho, _ = pair_correlations(group * rng.choice([-1, 1], 9) + rng.normal(0, 0.6, (90, 9)), 20)
    exposures = list(rng.normal(0, 1e4, 9))
    found = portfolio_correlations(_holdings(exposures), _pairs(rho))
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


def test_the_threshold_belongs_to_a_cluster_and_a_chain_holds_together() -> None:
    rho = _constant(4, 0.1)
    rho[0, 1] = rho[1, 0] = 0.7
    rho[1, 2] = rho[2, 1] = -0.75
    rho[0, 2] = rho[2, 0] = -0.4
    clusters = _clusters(portfolio_correlations(_holdings([1.0] * 4), _pairs(rho)))
    assert list(clusters["symbol"]) == ["A", "B", "C"]
    np.testing.assert_allclose(clusters["average_correlation"], (0.7 - 0.75 - 0.4) / 3)


def test_clusters_of_equal_share_are_numbered_in_alphabetical_order() -> None:
    rho = _constant(6, 0.0)
    for i, j in [(0, 5), (1, 4), (2, 3)]:
        rho[i, j] = rho[j, i] = 0.9
    # B and E hold most; A and F, C and D hold the same in other parts, but for the last bit of the sum
    exposures = [0.2, 5.0, 0.1, 0.4, 5.0, 0.3]
    clusters = _clusters(portfolio_correlations(_holdings(exposures), _pairs(rho)))
    assert list(clusters["symbol"]) == ["B", "E", "A", "F", "C", "D"]
    assert list(clusters["cluster_id"]) == [1, 1, 2, 2, 3, 3]


@settings(max_examples=30, deadline=None)
@given(seed=seeds, scale=st.floats(0.1, 100))
def test_the_size_and_the_side_of_a_book_change_no_figure(seed: int, scale: float) -> None:
    exposures = np.random.default_rng(seed).normal(0, 1e4, 5)
    rho, _ = pair_correlations(_returns(90, 5, seed=seed), 20)
    plain = portfolio_correlations(_holdings(list(exposures)), _pairs(rho))
    other = portfolio_correlations(_holdings(list(-scale * exposures)), _pairs(rho))
    pd.testing.assert_frame_equal(other.portfolios, plain.portfolios, rtol=1e-9)
    pd.testing.assert_frame_equal(other.members, plain.members, rtol=1e-9)


def _clusters(found: PortfolioCorrelations) -> pd.DataFrame:
    return found.members.dropna(subset=["cluster_id"])


def test_every_included_symbol_is_a_member_and_shares_add_up() -> None:
    rho = _constant(5, 0.1)
    rho[0, 1] = rho[1, 0] = 0.9
    found = portfolio_correlations(_holdings([1.0, -2.0, 3.0, 4.0, 5.0]), _pairs(rho))
    assert sorted(found.members["symbol"]) == ["A", "B", "C", "D", "E"]
    assert found.members["cluster_id"].isna().sum() == 3
    assert found.members["gross_share"].sum() == pytest.approx(1.0)


def _demo() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Holdings of four portfolios on several dates, with gaps, and the correlations of the dates."""
    rng = np.random.default_rng(3)
    values = _returns(95, 12, missing=0.5) + rng.normal(0, 0.05, (95, 1))  # alike: gaps make them impossible
    pairs = symbol_correlations(_long(values), None, from_date="2024-05-06")
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


def test_permutation_of_rows_changes_no_portfolio() -> None:
    holdings, pairs = _demo()
    found = portfolio_correlations(holdings, pairs)
    assert len(found.portfolios) == holdings[["portfolio_id", "as_of_date"]].drop_duplicates().shape[0]
    shuffled = portfolio_correlations(
        holdings.sample(frac=1, random_state=1), pairs.sample(frac=1, random_state=2)
    )
    _assert_same(shuffled, found)


def test_a_portfolio_has_the_same_figures_alone() -> None:
    holdings, pairs = _demo()
    found = portfolio_correlations(holdings, pairs)
    alone = portfolio_correlations(holdings.query("portfolio_id == 'p2'"), pairs)
    expected = PortfolioCorrelations(
        *(frame.query("portfolio_id == 'p2'").reset_index(drop=True) for frame in found)
    )
    assert not expected.repaired_pairs.empty
    _assert_same(alone, expected)


def test_two_rows_of_one_holding_are_refused() -> None:
    twice = pd.concat([_holdings([1.0, 2.0]), _holdings([3.0])])
    with pytest.raises(ValueError, match="`holdings` must have one row per portfolio, date and symbol"):
        portfolio_correlations(twice, _pairs(_constant(2, 0.5)))


def test_without_holdings_there_are_no_rows_but_the_columns() -> None:
    holdings, pairs = _demo()
    found = portfolio_correlations(holdings, pairs)
    for nothing, frame in zip(portfolio_correlations(holdings.iloc[:0], pairs), found, strict=True):
        assert nothing.empty
        assert list(nothing.columns) == list(frame.columns)
        assert nothing.dtypes.equals(frame.dtypes)
