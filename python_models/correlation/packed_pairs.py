"""Correlations of a date's pairs as one array per symbol: a hundredth of the rows of one row per pair.

A date's symbols have places, from 1 in alphabetical order. A symbol's array begins with the symbol itself and
continues with the symbols of later places, so that each pair is stored once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from python_models.correlation.symbols import no_pairs, pair_rows

COLUMNS = ["as_of_date", "symbol", "place", "correlations", "observations"]
Matrix = npt.NDArray[Any]


def pack_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """One row per date and symbol of the pairs.

    pairs: frame (as_of_date, symbol_1, symbol_2, correlation, observations), symbol_1 <= symbol_2, each once.
    Columns: as_of_date, symbol, place (1..), correlations (floats, NaN for a missing pair), and observations
    (integers, 0 for a missing pair).
    """
    frames = [pd.DataFrame({name: [] for name in COLUMNS}).astype({"as_of_date": pairs["as_of_date"].dtype})]
    for as_of_date, day in pairs.groupby("as_of_date"):
        symbols = pd.Index(np.unique(np.concatenate([day["symbol_1"], day["symbol_2"]])), dtype="str")
        at = tuple(symbols.get_indexer(pd.Index(day[name])) for name in ("symbol_1", "symbol_2"))
        size = (len(symbols), len(symbols))
        rho, observations = np.full(size, np.nan), np.zeros(size, dtype=np.int64)
        rho[at], observations[at] = day["correlation"], day["observations"]
        arrays = {
            "correlations": [row[place:] for place, row in enumerate(rho)],
            "observations": [row[place:] for place, row in enumerate(observations)],
        }
        places = np.arange(1, len(symbols) + 1)
        frames.append(pd.DataFrame({"as_of_date": as_of_date, "symbol": symbols, "place": places} | arrays))
    types: dict[str, Any] = {
        "symbol": "str",
        "place": "int64",
        "correlations": object,
        "observations": object,
    }
    return pd.concat(frames, ignore_index=True).astype(types)


def unpack_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """The inverse of pack_pairs: pairs ordered by date, first and second symbol."""
    frames = [no_pairs()]
    as_of_date: Any
    for as_of_date, day in rows.sort_values(["as_of_date", "place"]).groupby("as_of_date"):
        at = np.triu_indices(len(day))
        rho, observations = _matrix(day["correlations"], at, np.nan), _matrix(day["observations"], at, 0)
        known = np.isfinite(rho[at])
        pair = (at[0][known], at[1][known])
        frames.append(pair_rows(as_of_date, pd.Index(day["symbol"]), pair, rho, observations))
    return pd.concat(frames, ignore_index=True)


def _matrix(arrays: pd.Series[Any], at: tuple[Matrix, Matrix], nothing: float) -> Matrix:
    values = np.concatenate([np.asarray(array) for array in arrays])
    matrix = np.full((len(arrays), len(arrays)), nothing, dtype=values.dtype)
    matrix[at] = values
    return matrix
