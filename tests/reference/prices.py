"""Prices of a day and the splits between two days (method 2 and 3)."""

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from tests.reference.facts import Facts, Lot

STALE_SESSIONS = 5
DEAD_SESSIONS = 10


@dataclass(frozen=True)
class Price:
    """A price of one unit in the shares of the day; flag null: of the day itself."""

    value: Decimal
    flag: str | None


def split_factor(facts: Facts, lot: Lot, day: date) -> Decimal:
    """Shares of the day per share of the entry: splits after the stated entry date, up to the day."""
    ratios = [
        split.ratio
        for split in facts.splits[lot.name]
        if split.ex_date > lot.entry_date and split.session <= day
    ]
    return math.prod(ratios, start=Decimal(1))


@cache
def close(facts: Facts, symbol: str, day: date) -> tuple[Decimal, int] | None:
    """The last close on or before a session in the day's shares, and its age in sessions."""
    known = [when for when in facts.closes.get(symbol, {}) if when <= day]
    if not known:
        return None
    last = max(known)
    later = [split.ratio for split in facts.splits[symbol] if last < split.session <= day]
    return facts.closes[symbol][last] / math.prod(later, start=Decimal(1)), facts.number[day] - facts.number[
        last
    ]


def last_close_date(facts: Facts, symbol: str, day: date) -> date | None:
    """The date of the last close on or before a session."""
    return max((when for when in facts.closes.get(symbol, {}) if when <= day), default=None)


def share_price(facts: Facts, lot: Lot, day: date) -> Price:
    """The price of a share: a close of the day, or an older one with a flag, or the entry price."""
    found = close(facts, lot.symbol, day)
    at_entry = Price(lot.entry_price / split_factor(facts, lot, day), "missing_price")
    if found is None:
        return at_entry
    value, age = found
    if age == 0:
        return Price(value, None)
    if age <= STALE_SESSIONS:
        return Price(value, "stale_price")
    last = last_close_date(facts, lot.symbol, day)
    flag = "missing_price" if age <= DEAD_SESSIONS else "dead_symbol"
    return at_entry if last < lot.entry_date else Price(value, flag)


def private_price(facts: Facts, lot: Lot, day: date) -> Price:
    """The last mark on or before the day and not older than the purchase, else the entry price."""
    marks = [
        row
        for row in facts.raw["private_marks"]
        if row["portfolio_id"] == lot.portfolio_id
        and row["symbol"] == lot.symbol
        and lot.entry_date <= row["mark_date"] <= day
        and row["price"] is not None
    ]
    newest = max(marks, key=lambda row: row["mark_date"], default=None)
    return Price(newest["price"] if newest else lot.entry_price, "private_mark")
