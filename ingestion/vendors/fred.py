"""FRED, the data bank of the Federal Reserve Bank of St. Louis (source 'fred'): constant-maturity Treasury
yields.

One question for each series: fred/series/observations. A value of "." is a day without one (a holiday of the
bond market) and stays out. The yields of a day come on the next business day.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from ingestion.errors import GarbageError, NoDataError
from ingestion.vendors.protocol import Answers, day, number
from ingestion.vendors.vendor_http import VendorHttp, ask_each

MISSING = "."


class Fred:
    """FRED's part in the protocol."""

    name = "fred"
    title = "FRED"

    def __init__(self, http: VendorHttp) -> None:
        self._http = http

    def rates(self, series: Sequence[str], start: date) -> Answers[pd.DataFrame]:
        """The observations of each series from a date on."""
        return ask_each(dict.fromkeys(series, start), self._observations)

    def _observations(self, series: str, start: date) -> pd.DataFrame:
        params = {"series_id": series, "observation_start": start.isoformat(), "file_type": "json"}
        told = self._http.get("/series/observations", params, check=_check)
        rows = read_observations(told["observations"])
        if rows.empty:
            raise NoDataError("an answer without observations")
        return rows


def _check(told: Any) -> None:
    """Raise VendorError where an answer of status 200 is none."""
    if not isinstance(told, dict) or not isinstance(told.get("observations"), list):
        raise GarbageError("an answer without observations")


def read_observations(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """rate_date, rate_pct; what is no number is NaN, for the loader to count."""
    told = [
        (when, number(row.get("value")))
        for row in rows
        if row.get("value") != MISSING and (when := day(row.get("date"))) is not None
    ]
    return pd.DataFrame(
        {
            "rate_date": pd.to_datetime([when for when, _ in told]).as_unit("s"),
            "rate_pct": pd.Series([value for _, value in told], dtype="float64"),
        }
    )
