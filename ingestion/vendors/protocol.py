"""The interface of vendors. A vendor is any class with a name and the methods of its datasets.

    GivesPrices     histories(starts)                daily rows, splits and dividends by symbol
    GivesProfiles   profiles(symbols, profile_date)  a row for raw.company_profiles by symbol
    GivesRates      rates(series, start)             Treasury yields by series
    GivesOptions    chains(wanted)                   option quotes by underlying

Each returns `Answers`: what was found, and why the rest is missing. None raises for a single symbol.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import pandas as pd

from ingestion.errors import VendorError
from ingestion.raw.rejections import Rejections

T = TypeVar("T")

QUOTE_COLUMNS = ("price_date", "open", "high", "low", "close", "adj_close", "volume")
LARGEST_SPLIT = 10_000.0
LARGEST_NUMBER = 1e21  # timestamps in nanoseconds have nineteen digits


@dataclass(frozen=True)
class Missing:
    """Why there is no answer. reason: a key of rejections.REASONS; detail: the vendor's message."""

    reason: str
    detail: str


@dataclass
class Answers(Generic[T]):
    """The answer, or why there is none, by key (a normalized symbol or a series)."""

    found: dict[str, T] = field(default_factory=dict)
    missing: dict[str, Missing] = field(default_factory=dict)

    def fail(self, key: str, error: VendorError) -> None:
        """Record why there is no answer for this key."""
        self.missing[key] = Missing(error.reason, str(error).replace("\0", ""))

    def reject_missing(self, rejections: Rejections) -> None:
        """Add what is missing to the rejected rows, each with its reason."""
        for key, missing in self.missing.items():
            rejections.add(missing.reason, f"{key}: {missing.detail}")

    @property
    def is_silence(self) -> bool:
        """Whether nothing was found because the vendor failed, so that a retry may help."""
        return not self.found and any(
            missing.reason in {"unavailable", "garbage"} for missing in self.missing.values()
        )


@dataclass(frozen=True)
class History:
    """A symbol's daily rows.

    quotes: QUOTE_COLUMNS; price_date at midnight, numbers as floats, NaN where unknown. splits: ex_date,
    ratio (new shares per old one). dividends: ex_date, value (USD per share as paid). currency: None if the
    vendor does not give it. is_split_adjusted: prices and volumes are adjusted for every later split, and are
    converted back with these splits. left_out: (reason, detail) of unusable parts.
    """

    quotes: pd.DataFrame
    splits: pd.DataFrame
    dividends: pd.DataFrame
    currency: str | None = None
    is_split_adjusted: bool = False
    left_out: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ChainRequest:
    """The ranges of expirations and strikes, ends included, of the contracts that are held."""

    underlying_symbol: str
    first_expiration: date
    last_expiration: date
    lowest_strike: float
    highest_strike: float


class Vendor(Protocol):
    """A vendor. name: the `source` of each row. title: its name in messages."""

    name: str
    title: str


@runtime_checkable
class GivesPrices(Vendor, Protocol):
    """Daily prices with their splits and dividends."""

    def histories(self, starts: Mapping[str, date]) -> Answers[History]:
        """The history of each symbol from its date to now."""
        ...


@runtime_checkable
class GivesProfiles(Vendor, Protocol):
    """Company and fund profiles."""

    def profiles(self, symbols: Sequence[str], profile_date: date) -> Answers[dict[str, Any]]:
        """A row for raw.company_profiles for each symbol."""
        ...


@runtime_checkable
class GivesRates(Vendor, Protocol):
    """Treasury yields."""

    def rates(self, series: Sequence[str], start: date) -> Answers[pd.DataFrame]:
        """rate_date, rate_pct (percent per year) of each series (DGS3MO, DGS10, ...) from a date on."""
        ...


@runtime_checkable
class GivesOptions(Vendor, Protocol):
    """Option quotes."""

    def chains(self, wanted: Sequence[ChainRequest]) -> Answers[pd.DataFrame]:
        """The columns of raw.option_quotes except quote_date, with two New York dates.

        quoted_on is the date of bid and ask, traded_on that of last and volume.
        """
        ...


def number(value: object) -> float | None:
    """A vendor's number, given as number or text; None if it is invalid or implausibly large."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) and abs(result) <= LARGEST_NUMBER else None


def text(value: object) -> str | None:
    """A vendor's trimmed text without NUL, which PostgreSQL cannot store; None if empty or not text."""
    return (value.replace("\0", "").strip() or None) if isinstance(value, str) else None


def day(value: object) -> date | None:
    """The date at the beginning of a vendor's text, or None."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def events(rows: Sequence[tuple[date | None, float | None]], column: str) -> pd.DataFrame:
    """Splits or dividends as a frame (ex_date and `column`), without incomplete ones."""
    good = [(when, value) for when, value in rows if when is not None and value is not None and value > 0]
    return pd.DataFrame(
        {
            "ex_date": pd.to_datetime([when for when, _ in good]).as_unit("s"),
            column: pd.Series([value for _, value in good], dtype="float64"),
        }
    )


def is_split(ratio: float | None) -> bool:
    """Whether this is a plausible split ratio other than 1."""
    return ratio is not None and 1 / LARGEST_SPLIT <= ratio <= LARGEST_SPLIT and ratio != 1
