"""Packing pairs into arrays is lossless."""

from functools import cache, partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.correlation import symbols
from python_models.correlation.packed_pairs import pack_pairs, unpack_pairs
from python_models.correlation.symbols import no_pairs
from tests.examples import examples
from tests.method_config import CORRELATION_CONFIG
from tests.python_models.correlation.correlation_cases import as_long, make_returns

symbol_correlations = partial(
    symbols.symbol_correlations, window=CORRELATION_CONFIG.window, minimum=CORRELATION_CONFIG.minimum
)


@cache
def _pairs() -> pd.DataFrame:
    return symbol_correlations(as_long(make_returns(40, 7, missing=0.3)), None, from_date="1990-01-01")


@given(st.integers(0, 1_000), st.floats(0, 1))
@settings(deadline=None, max_examples=examples(10))
def test_packed_pairs_round_trip(seed: int, held: float) -> None:
    is_kept = np.random.default_rng(seed).random(len(_pairs())) < held
    pairs = _pairs()[is_kept].reset_index(drop=True)
    pd.testing.assert_frame_equal(unpack_pairs(pack_pairs(pairs)), pairs, check_exact=True)


def test_a_symbols_array_begins_with_itself_and_continues_with_later_symbols() -> None:
    day = pd.Timestamp("2025-01-02")
    rows = [("A", "A", 1.0, 90), ("A", "C", -0.25, 33), ("B", "B", 1.0, 90), ("C", "C", 1.0, 70)]
    pairs = pd.DataFrame(rows, columns=["symbol_1", "symbol_2", "correlation", "observations"])
    packed = pack_pairs(pairs.assign(as_of_date=day))
    assert list(zip(packed["symbol"], packed["place"], strict=True)) == [("A", 1), ("B", 2), ("C", 3)]
    expected = [([1.0, np.nan, -0.25], [90, 0, 33]), ([1.0, np.nan], [90, 0]), ([1.0], [70])]
    for row, (correlations, observations) in zip(packed.itertuples(), expected, strict=True):
        assert row.correlations == pytest.approx(correlations, nan_ok=True)
        assert list(row.observations) == observations


def test_without_pairs_there_are_no_rows() -> None:
    assert pack_pairs(no_pairs()).empty
    assert unpack_pairs(pack_pairs(no_pairs())).empty
