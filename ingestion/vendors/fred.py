"""FRED, of the Federal Reserve Bank of St. Louis (source 'fred'): constant-maturity Treasury yields.

One request per series: fred/series/observations. The value "." means no yield (a bond market holiday) and is
skipped. The yields of a day are published on the next business day.
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
    """The vendor FRED."""

    name = "fred"
    title = "FRED"

    def __init__(self, http: VendorHttp) -> None:
        self._http = http

    def rates(self, series: Sequence[str], start: date) -> Answers[pd.DataFrame]:
        """The observations of each series from a date on."""
        return ask_each(dict.fromkeys(series, start), self._observations)

    def _observations(self, series: str, start: date) -> pd.DataFrame:
        params = {"series_id": series, "observation_start": start.isoformat(), "file_type": "json"}
        payload = self._http.get("/series/observations", params, check=_check)
        rows = read_observations(payload["observations"])
        if rows.empty:
            raise NoDataError("an answer without observations")
        return rows


def _check(payload: Any) -> None:
    """Raise VendorError if a response of status 200 is unreadable."""
    if not isinstance(payload, dict) or not isinstance(payload.get("observations"), list):
        raise GarbageError("an answer without observations")


def read_observations(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """rate_date, rate_pct; invalid numbers are NaN, which the loader rejects."""
    observed = [
        (when, number(row.get("value")))
        for row in rows
        if row.get("value") != MISSING and (when := day(row.get("date"))) is not None
    ]
    return pd.DataFrame(
        {
            "rate_date": pd.to_datetime([when for when, _ in observed]).as_unit("s"),
            "rate_pct": pd.Series([value for _, value in observed], dtype="float64"),
        }
    )
