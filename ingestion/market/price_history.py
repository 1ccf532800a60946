"""Vendors' price histories, reduced to the two facts that are stored: closes as traded and total returns.

Pure functions on frames: no database, no clock. A vendor's frame has the columns

    symbol      text
    price_date  datetime64, midnight
    open, high, low, close, adj_close, volume    float, NaN where unknown (all but close may be missing)
    row_number  integer, the line of a file (may be missing)

Vendors restate their adjusted levels for every later dividend and split. A restatement changes neither the
close as traded nor the ratio of two consecutive adjusted closes of one download: these are stored.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ingestion.market.calendar import DaysArray

PRICES = ("open", "high", "low", "close")
SMALLEST_PRICE, LARGEST_PRICE = 1e-12, 1e9  # below the price of any coin, above the price of any share
LARGEST_VOLUME = 1e18
_OPTIONAL = ("open", "high", "low", "adj_close", "volume")

# Reasons by code; 0 is a valid row. The texts for users are in rejections.REASONS.
_REASONS = (
    "",
    "no_close",
    "not_a_price",
    "outside_calendar",
    "not_a_session",
    "session_not_over",
    "repeated_row",
    "conflicting_row",
)
_REPEATED, _CONFLICTING = _REASONS.index("repeated_row"), _REASONS.index("conflicting_row")

BoolArray = npt.NDArray[np.bool_]
CodeArray = npt.NDArray[np.int8]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PreparedPrices:
    """rows: the columns of raw.prices, by symbol and date. rejected: row_number, reason, detail."""

    rows: pd.DataFrame
    rejected: pd.DataFrame


def prepare_prices(
    quotes: pd.DataFrame,
    *,
    sessions: DaysArray,
    last_session: np.datetime64,
    splits: pd.DataFrame | None = None,
) -> PreparedPrices:
    """Closes as traded and total returns of all symbols of one load.

    quotes: see the module docstring, in any order. sessions: all sessions, ascending. last_session: the last
    one that is over. splits: of the same download (symbol, ex_date, ratio), if the vendor's prices and
    volumes are adjusted for splits; None if they are as traded.

    total_return is NaN if the previous session is not in the load or a level is unknown: gaps are not
    bridged. Of several rows of a symbol and date the last one is used.
    """
    frame = _complete(quotes)
    codes = _reason_codes(frame, sessions, last_session)
    left_out = [_rejected(frame, codes)]
    frame = frame[codes == 0]
    if splits is not None:
        frame = undo_splits(frame, splits)
    frame = frame.sort_values(["symbol", "price_date"], kind="stable", ignore_index=True)
    codes = repeat_codes(frame)
    left_out.append(_rejected(frame, codes))
    rows = _rows(frame[codes == 0].reset_index(drop=True), sessions)
    return PreparedPrices(rows, pd.concat(left_out, ignore_index=True))


def undo_splits(quotes: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Prices and volumes as traded, from split-adjusted ones.

    splits: symbol, ex_date, ratio (new shares per old one). adj_close is unchanged: only its ratios are used.
    """
    factor = split_factor(quotes["symbol"], quotes["price_date"], splits)
    undone = quotes.copy()
    for name in PRICES:
        undone[name] = quotes[name] * factor
    undone["volume"] = quotes["volume"] / factor
    return undone


def split_factor(symbols: pd.Series, dates: pd.Series, splits: pd.DataFrame) -> FloatArray:
    """For each (symbol, date), the product of the ratios of all splits with a later ex-date; 1 if none."""
    factor = np.ones(len(symbols))
    all_symbols = symbols.astype(object).to_numpy()
    all_dates = dates.to_numpy().astype("datetime64[D]")
    ex_dates = splits["ex_date"].to_numpy().astype("datetime64[D]")
    ratios = splits["ratio"].to_numpy(dtype=float)
    for symbol, ex_date, ratio in zip(splits["symbol"], ex_dates, ratios, strict=True):
        factor[(all_symbols == symbol) & (all_dates < ex_date)] *= ratio
    return factor


def total_returns(
    symbols: IntArray, ordinals: IntArray, adjusted: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Return of each row over the previous row, if that is the same symbol's previous session.

    symbols (codes), ordinals (of the sessions), adjusted (the vendor's adjusted close, NaN if unknown): shape
    (n,), sorted by symbol and session. Returns the returns (decimal, NaN where undefined) and a mask of those
    that are defined.
    """
    known = np.isfinite(adjusted) & (adjusted > 0)
    has_return = np.zeros(len(adjusted), dtype=bool)
    has_return[1:] = (
        (symbols[1:] == symbols[:-1]) & (ordinals[1:] == ordinals[:-1] + 1) & known[1:] & known[:-1]
    )
    returns = np.full(len(adjusted), np.nan)
    after = np.flatnonzero(has_return)
    returns[after] = adjusted[after] / adjusted[after - 1] - 1
    return returns, has_return


def repeat_codes(quotes: pd.DataFrame) -> CodeArray:
    """0 for the last row of each symbol and date, else the code of the reason for rejecting an earlier row.

    quotes: sorted by symbol and date, stable. An earlier row is repeated if it equals the last one, else
    conflicting.
    """
    codes = np.zeros(len(quotes), dtype=np.int8)
    earlier = quotes.duplicated(["symbol", "price_date"], keep="last").to_numpy()
    if not earlier.any():
        return codes
    own = np.where(earlier, len(quotes), np.arange(len(quotes)))
    last = np.minimum.accumulate(own[::-1])[::-1]
    values = quotes[[*PRICES, "adj_close", "volume"]].to_numpy(dtype=float)
    same = ((values == values[last]) | (np.isnan(values) & np.isnan(values[last]))).all(axis=1)
    codes[earlier] = np.where(same[earlier], _REPEATED, _CONFLICTING)
    return codes


def is_price(levels: FloatArray) -> BoolArray:
    """Which levels are valid prices: not NaN, zero, negative, infinite or out of range."""
    result: BoolArray = (levels >= SMALLEST_PRICE) & (levels <= LARGEST_PRICE)
    return result


def _complete(quotes: pd.DataFrame) -> pd.DataFrame:
    """The frame with every column; an invalid price or volume becomes NaN."""
    columns: dict[str, object] = {"symbol": quotes["symbol"], "price_date": quotes["price_date"]}
    for name in (*PRICES, "adj_close", "volume"):
        if name not in quotes:
            columns[name] = np.full(len(quotes), np.nan)
            continue
        level = quotes[name].to_numpy(dtype=float, na_value=np.nan)
        if name in _OPTIONAL:
            usable = (level >= 0) & (level <= LARGEST_VOLUME) if name == "volume" else is_price(level)
            level = np.where(usable, level, np.nan)
        columns[name] = level
    columns["row_number"] = quotes.get("row_number", pd.NA)
    return pd.DataFrame(columns, index=quotes.index).reset_index(drop=True)


def _reason_codes(frame: pd.DataFrame, sessions: DaysArray, last_session: np.datetime64) -> CodeArray:
    """The first reason to reject each row; 0 for a valid row."""
    dates = frame["price_date"].to_numpy().astype("datetime64[D]")
    close = frame["close"].to_numpy()
    place = np.minimum(np.searchsorted(sessions, dates), len(sessions) - 1)
    tests = {
        "no_close": np.isnan(close),
        "not_a_price": ~is_price(close),
        "outside_calendar": (dates < sessions[0]) | (dates > sessions[-1]),
        "not_a_session": sessions[place] != dates,
        "session_not_over": dates > last_session,
    }
    codes = np.zeros(len(frame), dtype=np.int8)
    for reason, holds in reversed(tests.items()):
        codes[holds] = _REASONS.index(reason)
    return codes


def _rejected(frame: pd.DataFrame, codes: CodeArray) -> pd.DataFrame:
    """Columns row_number, reason, detail of the rows whose code is not 0."""
    bad = frame[codes != 0]
    dates = bad["price_date"].dt.strftime("%Y-%m-%d")
    closes = bad["close"].astype(str).fillna("none")
    return pd.DataFrame(
        {
            "row_number": bad["row_number"].astype("Int64"),
            "reason": [_REASONS[code] for code in codes[codes != 0]],
            "detail": bad["symbol"].astype(str) + " " + dates + ", close " + closes,
        }
    )


def _rows(good: pd.DataFrame, sessions: DaysArray) -> pd.DataFrame:
    """The columns of raw.prices; `good` is sorted by symbol and date, one row each."""
    dates = good["price_date"].to_numpy().astype("datetime64[D]")
    ordinals = np.searchsorted(sessions, dates).astype(np.int64)
    symbols = pd.factorize(good["symbol"])[0].astype(np.int64)
    returns, has_return = total_returns(symbols, ordinals, good["adj_close"].to_numpy())
    rows = good[["symbol", "price_date", *PRICES, "volume"]].copy()
    rows["total_return"] = returns
    rows["previous_date"] = good["price_date"].shift().where(has_return)
    rows["previous_close"] = good["close"].shift().where(has_return)
    return rows
