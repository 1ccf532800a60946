"""Daily series of many symbols as one array: sessions by symbols, NaN where unknown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]


class Panel(NamedTuple):
    """values: shape (n_sessions, n_symbols), one row per session without gaps, NaN where missing.

    dates: the session of each row (NaT for a session on which no symbol has a value).
    """

    dates: pd.DatetimeIndex
    symbols: pd.Index[str]
    values: FloatArray

    def series(self, symbol: str) -> FloatArray:
        """One symbol's column, shape (n_sessions,); all NaN for an unknown symbol."""
        if symbol not in self.symbols:
            return np.full(len(self.values), np.nan)
        column: FloatArray = self.values[:, self.symbols.get_loc(symbol)]
        return column

    def rows_from(self, from_date: str | pd.Timestamp) -> Iterator[int]:
        """The rows of the sessions on or after a date, in order."""
        return iter(np.flatnonzero(self.dates >= pd.Timestamp(from_date)).tolist())


def to_panel(frame: pd.DataFrame, value: str) -> Panel:
    """A long frame (symbol, as_of_date, session_number, <value>) as a panel.

    session_number counts sessions without gaps, so a session on which no symbol has a value is a row of NaN,
    and a window always spans the stated number of sessions. The order of the frame's rows does not matter.
    """
    grid = frame.pivot_table(index="session_number", columns="symbol", values=value, sort=True, dropna=False)
    if grid.empty:
        return Panel(pd.DatetimeIndex([]), pd.Index([], dtype=str), np.empty((0, 0)))
    sessions = np.arange(grid.index.min(), grid.index.max() + 1)
    dates = frame.drop_duplicates("session_number").set_index("session_number")["as_of_date"]
    return Panel(
        pd.DatetimeIndex(dates.reindex(sessions)),
        grid.columns,
        grid.reindex(sessions).to_numpy(dtype=np.float64),
    )


def window_ending(row: int, length: int) -> slice:
    """The rows of the `length` sessions that end with `row`; fewer at the start of a panel."""
    return slice(max(0, row - length + 1), row + 1)
