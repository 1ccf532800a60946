"""Price files: read and checked as a whole, then prepared in blocks of symbols, so that millions of rows fit.

A file holds closes as traded. Its adjusted closes, if present, give the total returns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ingestion.errors import MalformedFileError
from ingestion.files.arrow_reader import (
    Column,
    FileTable,
    Layout,
    check_not_future,
    normalized_symbols,
    read_file,
)
from ingestion.market.calendar import DaysArray
from ingestion.market.price_history import PRICES, prepare_prices
from ingestion.raw.rejections import Rejections

LAYOUT = Layout(
    (
        Column("date", "date"),
        Column("symbol", "symbol"),
        Column("open", "number", is_required=False, bound="positive"),
        Column("high", "number", is_required=False, bound="positive"),
        Column("low", "number", is_required=False, bound="positive"),
        Column("close", "number", may_be_empty=True, bound="positive"),
        Column("adj_close", "number", is_required=False, bound="positive"),
        Column("volume", "number", is_required=False, bound="not_negative"),
    )
)

_NUMBERS = (*PRICES, "adj_close", "volume")
_ROWS_AT_ONCE = 100_000  # two blocks are in memory: one being prepared, one being sent
_DAYS_PER_SYMBOL = 1_000_000  # for a key of symbol and day: more than the days of any calendar


@dataclass(frozen=True)
class PriceFile:
    """A price file that passed its checks. Arrays of shape (rows of the file,); order: by symbol and date."""

    file: FileTable
    symbols: list[str]
    symbol_codes: npt.NDArray[np.int32]
    days: npt.NDArray[np.int32]
    order: npt.NDArray[np.int64]

    def tables(
        self, *, sessions: DaysArray, last_session: np.datetime64, rejections: Rejections
    ) -> Iterator[pa.Table]:
        """The rows for raw.prices, some symbols at a time; rejected rows are added to `rejections`."""
        for chunk in self._chunks():
            frame = self._frame(chunk)
            prepared = prepare_prices(frame, sessions=sessions, last_session=last_session)
            rejected = prepared.rejected
            rejected["row_number"] = self.file.row_numbers(rejected["row_number"].to_numpy(dtype=np.int64))
            rejections.add_frame(rejected)
            yield pa.Table.from_pandas(prepared.rows, preserve_index=False)

    def _chunks(self) -> Iterator[npt.NDArray[np.int64]]:
        """Row indices in blocks; a symbol's rows are in the same block."""
        counts = np.bincount(self.symbol_codes, minlength=len(self.symbols))
        ends = np.cumsum(counts)
        begin = 0
        for position, end in enumerate(ends):
            if end - begin >= _ROWS_AT_ONCE or position == len(ends) - 1:
                yield self.order[begin:end]
                begin = end

    def numbers(self, name: str, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """A column's values in these rows, NaN where empty."""
        values: npt.NDArray[np.float64] = self.file.table[name].take(pa.array(indices)).to_numpy()
        return values

    def _frame(self, chunk: npt.NDArray[np.int64]) -> pd.DataFrame:
        codes = self.symbol_codes[chunk]
        return pd.DataFrame(
            {
                "symbol": pd.Categorical.from_codes(codes, categories=pd.Index(self.symbols)),
                "price_date": self.days[chunk].astype("datetime64[D]").astype("datetime64[s]"),
                **{name: self.numbers(name, chunk) for name in _NUMBERS},
                "row_number": chunk,  # the index; becomes the line number if the row is rejected
            }
        )


def read_price_file(path: Path, *, today: date) -> PriceFile:
    """Read and check a file of prices (see LAYOUT). Raises MalformedFileError.

    A row with an empty close is rejected, not an error: the symbol had no price that day.
    """
    file = read_file(path, LAYOUT)
    check_not_future(file, "date", today)
    symbols, codes = normalized_symbols(file, "symbol")
    days = file.table["date"].cast(pa.int32()).to_numpy()
    file = FileTable(path, file.table.select(_NUMBERS))
    keys = codes.astype(np.int64) * _DAYS_PER_SYMBOL + days
    order = np.argsort(keys, kind="stable")
    price_file = PriceFile(file, symbols, codes, days, order)
    _check_conflicts(price_file, keys)
    return price_file


def _check_conflicts(price_file: PriceFile, keys: npt.NDArray[np.int64]) -> None:
    """Raise MalformedFileError naming two rows of a symbol and date with different values."""
    ordered = keys[price_file.order]
    again = np.flatnonzero(ordered[1:] == ordered[:-1])
    first, second = price_file.order[again], price_file.order[again + 1]
    differ = np.zeros(len(again), dtype=bool)
    for name in _NUMBERS:
        one, other = price_file.numbers(name, first), price_file.numbers(name, second)
        differ |= ~((one == other) | (np.isnan(one) & np.isnan(other)))
    if not differ.any():
        return
    place = int(np.flatnonzero(differ)[0])
    rows = price_file.file.row_numbers(np.array([first[place], second[place]]))
    symbol = price_file.symbols[price_file.symbol_codes[first[place]]]
    day = np.datetime64(int(price_file.days[first[place]]), "D")
    raise MalformedFileError(
        price_file.file.path,
        f"the rows {rows[0]} and {rows[1]} give different prices of {symbol} on {day}; remove the wrong one.",
        row=int(rows[1]),
    )
