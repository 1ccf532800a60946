"""Correlations, tested against published numbers, pandas and plain loops, and by invariants."""

from functools import partial
from itertools import combinations, combinations_with_replacement

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.correlation import symbols
from python_models.correlation.symbols import (
    complete_symbols,
    held_pairs,
    nearest_correlation,
    pair_correlations,
)
from tests.examples import examples
from tests.method_config import CORRELATION_CONFIG
from tests.python_models.correlation.correlation_cases import PUBLISHED, as_long, constant, make_returns

FloatArray = npt.NDArray[np.float64]
DATE = pd.Timestamp("2026-01-30")
seeds = st.integers(0, 10_000)
symbol_correlations = partial(
    symbols.symbol_correlations, window=CORRELATION_CONFIG.window, minimum=CORRELATION_CONFIG.minimum
)


# pairs


def test_pair_correlations_give_anscombes_published_value() -> None:
    """Anscombe, Graphs in Statistical Analysis, The American Statistician 27 (1973), p. 19: 0.816."""
    x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    rho, observations = pair_correlations(np.column_stack([x, y]).astype(float), 3)
    assert rho[0, 1] == pytest.approx(0.816, abs=5e-4)
    assert observations[0, 1] == 11


@pytest.mark.parametrize("missing", [0.0, 0.2, 0.55])
def test_pair_correlations_equal_pandas(missing: float) -> None:
    values = make_returns(90, 25, missing=missing)
    rho, observations = pair_correlations(values, 20)
    reference = pd.DataFrame(values).corr(min_periods=20).to_numpy()
    np.testing.assert_allclose(rho, reference, rtol=0, atol=1e-12)
    known = np.isfinite(values)
    for i, j in combinations(range(25), 2):
        assert observations[i, j] == (known[:, i] & known[:, j]).sum()


def test_pair_correlations_equal_a_loop_where_common_rows_are_far_from_the_mean() -> None:
    """An outlier of 10^6 deviations on a day that the others lack must not cost precision."""
    values = make_returns(90, 4)
    values[10, 0] = 1e4
    values[10, 1:] = np.nan
    rho, _ = pair_correlations(values, 20)
    reference = [np.corrcoef(np.delete(values[:, [0, j]], 10, axis=0).T)[0, 1] for j in (1, 2, 3)]
    np.testing.assert_allclose(rho[0, 1:], reference, rtol=1e-10)


def test_a_symbol_that_is_constant_over_the_common_rows_has_no_correlation() -> None:
    values = make_returns(90, 4)
    values[:, 0] = 0.0017  # constant
    values[:40, 1] = np.nan
    values[40:, 2] = 0.0017  # varies only where its partner is unknown
    rho, observations = pair_correlations(values, 20)
    assert np.isnan(rho[0]).all()
    assert np.isnan(rho[1, 2])
    assert observations[1, 2] == 50
    assert rho[2, 2] == 1.0
    assert np.isfinite(rho[2, 3])


def test_nineteen_common_rows_give_no_correlation_and_twenty_do() -> None:
    values = make_returns(40, 3)
    values[:21, 1] = np.nan
    values[:20, 2] = np.nan
    rho, observations = pair_correlations(values, 20)
    assert list(observations[0]) == [40, 19, 20]
    assert list(np.isnan(rho[0])) == [False, True, False]
    assert list(np.isnan(np.diagonal(rho))) == [False, True, False]


def test_a_window_too_long_for_exact_sums_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 500 sessions, got 501"):
        pair_correlations(np.zeros((501, 2)), 20)


@settings(max_examples=examples(16), deadline=None)
@given(seed=seeds, missing=st.sampled_from([0.0, 0.1, 0.4]))
def test_the_matrix_is_symmetric_and_bounded_with_unit_diagonal(seed: int, missing: float) -> None:
    rho, _ = pair_correlations(make_returns(60, 8, seed=seed, missing=missing), 20)
    np.testing.assert_array_equal(rho, rho.T)
    assert (np.diagonal(rho) == 1.0).all()
    assert np.nanmax(np.abs(rho)) <= 1.0


@settings(max_examples=examples(16), deadline=None)
@given(seed=seeds, scale=st.floats(1e-3, 1e3), sign=st.sampled_from([-1.0, 1.0]), shift=st.floats(-0.1, 0.1))
def test_scale_and_shift_change_no_correlation_and_a_flip_changes_its_sign(
    seed: int, scale: float, sign: float, shift: float
) -> None:
    values = make_returns(60, 4, seed=seed, missing=0.1)
    plain, _ = pair_correlations(values, 20)
    values[:, 0] = sign * scale * values[:, 0] + shift
    changed, _ = pair_correlations(values, 20)
    np.testing.assert_allclose(changed[0, 1:], sign * plain[0, 1:], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(changed[1:, 1:], plain[1:, 1:])


@settings(max_examples=examples(16), deadline=None)
@given(seed=seeds, order=st.permutations(range(12)), count=st.integers(2, 12))
def test_a_pair_is_bit_identical_whatever_other_symbols_there_are(
    seed: int, order: list[int], count: int
) -> None:
    values = make_returns(90, 12, seed=seed, missing=0.1)
    whole, _ = pair_correlations(values, 20)
    some, _ = pair_correlations(values[:, order[:count]], 20)
    np.testing.assert_array_equal(some, whole[np.ix_(order[:count], order[:count])])


def test_a_copy_and_its_opposite_correlate_at_one() -> None:
    values = make_returns(90, 1)
    rho, _ = pair_correlations(np.column_stack([values, 3 * values, -values]), 20)
    np.testing.assert_allclose(rho, [[1, 1, -1], [1, 1, -1], [-1, -1, 1]], rtol=0, atol=1e-12)


# symbols over dates


def test_symbol_correlations_equal_pandas_on_each_date() -> None:
    long = as_long(make_returns(130, 6, missing=0.3))
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


def test_only_the_requested_pairs_are_returned_in_either_order_and_once() -> None:
    long = as_long(make_returns(100, 5, missing=0.1))
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
    values = make_returns(140, 5, missing=0.1)
    early = symbol_correlations(as_long(values[:120]), None, from_date="1990-01-01")
    last = early["as_of_date"].max()
    late = symbol_correlations(as_long(values), None, from_date=str(last.date())).query("as_of_date == @last")
    expected = early[early["as_of_date"] == last]
    pd.testing.assert_frame_equal(
        late.reset_index(drop=True), expected.reset_index(drop=True), check_exact=True
    )
    window = as_long(values).query("session_number > 500 + 119 - 90")
    short = symbol_correlations(window, None, from_date=str(last.date())).query("as_of_date == @last")
    pd.testing.assert_frame_equal(
        short.reset_index(drop=True), expected.reset_index(drop=True), check_exact=True
    )


def test_the_order_of_rows_does_not_matter() -> None:
    long = as_long(make_returns(60, 5, missing=0.1))
    shuffled = long.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        symbol_correlations(shuffled, None, from_date="1990-01-01"),
        symbol_correlations(long, None, from_date="1990-01-01"),
        check_exact=True,
    )


def test_a_gap_in_one_symbol_changes_no_other_pair() -> None:
    values = make_returns(100, 5)
    others = "symbol_1 != 'S002' and symbol_2 != 'S002'"
    before = symbol_correlations(as_long(values), None, from_date="1990-01-01").query(others)
    values[30:70, 2] = np.nan
    after = symbol_correlations(as_long(values), None, from_date="1990-01-01").query(others)
    pd.testing.assert_frame_equal(
        after.reset_index(drop=True), before.reset_index(drop=True), check_exact=True
    )


def test_without_returns_the_frame_is_empty_with_its_columns() -> None:
    long = as_long(make_returns(30, 2))
    nothing = symbol_correlations(long, None, from_date="2030-01-01")
    assert nothing.empty
    assert nothing.dtypes.equals(symbol_correlations(long, None, from_date="1990-01-01").dtypes)
    assert symbol_correlations(long.iloc[:0], None, from_date="1990-01-01").empty


# complete and positive semi-definite matrices


def test_held_pairs_equal_a_loop_over_portfolios() -> None:
    rng = np.random.default_rng(4)
    held = rng.random((3, 6, 9)) < 0.3
    held[2] = False  # a date without holdings
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


def test_without_holdings_there_are_no_pairs_and_no_correlations() -> None:
    nothing = pd.DataFrame({"portfolio_id": [], "as_of_date": pd.DatetimeIndex([]), "symbol": []})
    pairs = held_pairs(nothing)
    assert list(pairs.columns) == ["as_of_date", "symbol_1", "symbol_2"]
    assert len(pairs) == 0
    assert len(symbol_correlations(as_long(make_returns(60, 5)), pairs, from_date="1990-01-01")) == 0


def test_the_symbol_with_most_missing_pairs_is_dropped_first() -> None:
    rho = constant(5, 0.2)
    for i, j in [(1, 0), (1, 2), (3, 4)]:
        rho[i, j] = rho[j, i] = np.nan
    assert list(complete_symbols(rho)) == [
        True,
        False,
        True,
        True,
        False,
    ]  # the pair 3, 4 is missing: the last is dropped


def test_symbols_without_any_correlation_or_diagonal_are_dropped_first() -> None:
    rho = constant(4, 0.2)
    rho[0, 1:] = rho[1:, 0] = np.nan
    rho[1, 1] = np.nan
    assert list(complete_symbols(rho)) == [False, False, True, True]
    assert list(complete_symbols(np.array([[1.0]]))) == [True]
    assert list(complete_symbols(np.array([[np.nan]]))) == [False]


def test_a_symbol_beside_others_without_a_diagonal_is_alone() -> None:
    """It is one bet, as if the others were not held."""
    rho = np.full((3, 3), np.nan)
    rho[1, 1] = 1.0
    assert list(complete_symbols(rho)) == [False, True, False]


@settings(max_examples=examples(33), deadline=None)
@given(seed=seeds, size=st.integers(0, 9), share=st.floats(0, 1))
def test_the_kept_symbols_have_no_missing_pair(seed: int, size: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    missing = np.triu(rng.random((size, size)) < share, 1)
    rho = np.where(missing | missing.T, np.nan, constant(size, 0.1))
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


@settings(max_examples=examples(33), deadline=None)
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
