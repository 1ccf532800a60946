"""Yahoo Finance through yfinance (source 'yfinance'): prices, splits, dividends, profiles, and a few yields.

Yahoo adjusts closes and dividends for every split up to today. So a download always ends today, and its own
splits convert the values back to what was traded and paid. yfinance's batch download hides the reason of a
failure and the currency, and loops over the same requests: here each symbol is requested separately.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import yfinance

from ingestion.errors import NoDataError
from ingestion.market.price_history import split_factor
from ingestion.vendors.limits import Line
from ingestion.vendors.protocol import QUOTE_COLUMNS, Answers, History, is_split
from ingestion.vendors.vendor_http import ask_each
from ingestion.vendors.yahoo_profiles import read_estimates, read_profile
from ingestion.vendors.yahoo_session import YahooSession, in_our_words, quiet_yfinance
from ingestion.vendors.yahoo_symbols import yahoo_symbol

_QUOTES = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Adj Close": "adj_close",
    "Volume": "volume",
}

RATE_INDICES = {"DGS3MO": "^IRX", "DGS5": "^FVX", "DGS10": "^TNX", "DGS30": "^TYX"}
"""Indices of yields in percent, by the series that they approximate. ^IRX is the discount rate of 13-week
bills, a few hundredths below the yield; therefore Yahoo is asked last for rates."""


class Yahoo:
    """The vendor Yahoo."""

    name = "yfinance"
    title = "Yahoo"

    def __init__(self, line: Line, *, base_url: str | None = None, timeout: float = 20.0) -> None:
        self.line = line
        self._timeout = timeout
        self._session = YahooSession(line, base_url=base_url, timeout=timeout)

    def histories(self, starts: Mapping[str, date]) -> Answers[History]:
        """Daily rows of each symbol from its date to now, with splits and dividends."""
        return self._each(starts, self._history)

    def profiles(self, symbols: Sequence[str], profile_date: date) -> Answers[dict[str, Any]]:
        """Profiles by our field names."""
        return self._each(dict.fromkeys(symbols, profile_date), self._profile)

    def rates(self, series: Sequence[str], start: date) -> Answers[pd.DataFrame]:
        """The four yields of RATE_INDICES; no data for other series."""
        return self._each(dict.fromkeys(series, start), self._rate)

    def _each(self, keys: Mapping[str, date], ask: Callable[[str, date], Any]) -> Answers[Any]:
        with quiet_yfinance():
            return ask_each(
                keys, lambda key, value: self.line.call(lambda: in_our_words(lambda: ask(key, value)))
            )

    def _rows(self, name: str, start: date) -> tuple[pd.DataFrame, str | None]:
        """Yfinance's frame without a time zone, and the currency. Raises NoDataError."""
        ticker = yfinance.Ticker(name, session=self._session)
        rows: pd.DataFrame = ticker.history(
            start=start, auto_adjust=False, actions=True, timeout=self._timeout
        )
        if "Close" not in rows or not rows["Close"].notna().any():
            raise NoDataError("an answer without prices")
        return rows.tz_localize(None), ticker.history_metadata.get("currency")

    def _history(self, symbol: str, start: date) -> History:
        return read_history(*self._rows(yahoo_symbol(symbol), start))

    def _profile(self, symbol: str, profile_date: date) -> dict[str, Any]:
        ticker = yfinance.Ticker(yahoo_symbol(symbol), session=self._session)
        info: dict[str, Any] = ticker.info
        if not info.get("quoteType") or info["quoteType"] == "NONE":
            raise NoDataError("an answer without a profile")
        estimates = {}
        if info["quoteType"] == "EQUITY":  # one more request; funds have no earnings
            estimates = read_estimates(ticker.earnings_estimate, ticker.revenue_estimate)
        return read_profile(symbol, info | estimates, profile_date)

    def _rate(self, series: str, start: date) -> pd.DataFrame:
        if series not in RATE_INDICES:
            raise NoDataError("no such series there")
        rows, _ = self._rows(RATE_INDICES[series], start)
        return pd.DataFrame(
            {
                "rate_date": pd.DatetimeIndex(rows.index).normalize().as_unit("s"),
                "rate_pct": rows["Close"].to_numpy(dtype=float),
            }
        )


def read_history(rows: pd.DataFrame, currency: str | None) -> History:
    """Yfinance's frame (index: days) as a History."""
    dates = pd.DatetimeIndex(rows.index).normalize().as_unit("s")
    table = rows.set_axis(dates).rename(columns=_QUOTES)
    paid = table["Dividends"].fillna(0)
    gains = table["Capital Gains"].fillna(0) if "Capital Gains" in table else 0 * paid
    # Yahoo counts a fund's capital gains twice in the adjusted close: that day's return is computed later
    # from the close and the distribution
    table.loc[gains > 0, "adj_close"] = np.nan
    ratios = table["Stock Splits"].map(lambda ratio: ratio if is_split(ratio) else np.nan)
    splits = _events(ratios, "ratio")
    dividends = _events(_paid(paid, gains), "value")
    return History(
        quotes=table.rename_axis("price_date").reset_index()[list(QUOTE_COLUMNS)],
        splits=splits,
        dividends=dividends.assign(value=dividends["value"] * _later_splits(dividends["ex_date"], splits)),
        currency=currency,
        is_split_adjusted=True,
    )


def _paid(dividends: pd.Series, gains: pd.Series) -> pd.Series:
    """The distribution per share: Yahoo's dividend usually includes the capital gain, but not always."""
    return dividends.where(dividends >= gains, dividends + gains)


def _events(values: pd.Series, column: str) -> pd.DataFrame:
    happened = values[np.isfinite(values) & (values > 0)]
    return pd.DataFrame({"ex_date": happened.index, column: happened.to_numpy(dtype=float)})


def _later_splits(dates: pd.Series, splits: pd.DataFrame) -> Any:
    one = pd.Series("", index=dates.index)
    return split_factor(one, dates, splits.assign(symbol=""))
