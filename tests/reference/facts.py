"""Raw facts of a warehouse: what was loaded, before any model of the warehouse sees it."""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from warehouse.connections import Warehouse

CASH = ("CASH", "MONEY_MARKET")
# the newest row per key is the known one
KEYS = {
    "calendar_days": "calendar_date",
    "prices": "symbol, price_date",
    "corporate_actions": "symbol, ex_date, action",
    "treasury_rates": "series, rate_date",
    "company_profiles": "symbol, profile_date",
    "portfolios": "portfolio_id",
    "positions": "position_id",
    "capital_flows": "flow_id",
    "private_marks": "portfolio_id, symbol, mark_date",
    "position_tags": "portfolio_id, symbol, tag, effective_date",
    "option_quotes": "symbol, quote_date",
}


@dataclass(frozen=True)
class Lot:
    """A position as stated: signed quantity, in the shares of its entry date."""

    position_id: UUID
    portfolio_id: UUID
    symbol: str
    underlying: str | None
    investment_class: str
    subtype: str | None
    option_type: str | None
    strike: Decimal | None
    expiration: date | None
    quantity: Decimal
    entry_date: date
    entry_price: Decimal
    exit_date: date | None
    exit_price: Decimal | None

    @property
    def is_option(self) -> bool:
        return self.investment_class == "OPTIONS"

    @property
    def is_private(self) -> bool:
        return self.investment_class == "PRIVATE"

    @property
    def is_cash(self) -> bool:
        """Worth one dollar a unit: cash and sweep funds without a market."""
        return self.investment_class == "PUBLIC" and self.subtype in CASH

    @property
    def name(self) -> str:
        """The symbol of statistics: an option counts under its underlying."""
        return self.underlying or self.symbol

    @property
    def multiplier(self) -> int:
        return 100 if self.is_option else 1


@dataclass(frozen=True)
class Split:
    """New shares per old one; valid from the first session on or after the ex-date."""

    ex_date: date
    session: date
    ratio: Decimal


class Facts:
    """Everything the reference knows. Dates between sessions are kept as stated."""

    def __init__(self, warehouse: Warehouse) -> None:
        with warehouse.connect_writer() as connection, connection.cursor(row_factory=dict_row) as cursor:
            self.raw = {
                table: cursor.execute(
                    f"select distinct on ({keys}) * from raw.{table} order by {keys}, load_id desc".encode()
                ).fetchall()
                for table, keys in KEYS.items()
            }
            self.seeds = {
                seed: cursor.execute(f"select * from staging.{seed}".encode()).fetchall()
                for seed in ("factors", "scenarios")
            }
        self._warehouse = warehouse
        self.simulated = {row["symbol"] for row in self.raw["prices"] if row["source"] == "simulated"}
        self.sessions = sorted(row["calendar_date"] for row in self.raw["calendar_days"] if row["is_session"])
        self.number = {day: number for number, day in enumerate(self.sessions)}
        self.portfolios = {row["portfolio_id"]: row for row in self.raw["portfolios"]}
        self.lots = [_lot(row) for row in self.raw["positions"]]
        self.splits = self._splits()
        self.dividends = self._dividends()
        self.closes = self._closes()
        self.returns = self._returns()
        self.yields = self._yields()
        self.profiles = self._profiles()
        self.quotes: dict[str, dict[date, dict[str, Any]]] = defaultdict(dict)
        for row in self.raw["option_quotes"]:
            self.quotes[row["symbol"]][row["quote_date"]] = row

    @cached_property
    def broad(self) -> set[str]:
        """Underlyings whose options move with the VIX in full."""
        return self._seed("broad_underlyings")

    @cached_property
    def european(self) -> set[str]:
        """Underlyings whose options are exercised at expiration only."""
        return self._seed("european_options")

    def _seed(self, name: str) -> set[str]:
        with self._warehouse.connect_writer() as connection:
            return {symbol for (symbol,) in connection.execute(f"select symbol from staging.{name}")}

    # --- calendar ---

    def on_or_after(self, day: date) -> date:
        return self.sessions[bisect_left(self.sessions, day)]

    def on_or_before(self, day: date) -> date:
        return self.sessions[bisect_right(self.sessions, day) - 1]

    def window(self, day: date, length: int) -> list[date]:
        """The last sessions up to a session, itself included."""
        last = self.number[day]
        return self.sessions[max(0, last - length + 1) : last + 1]

    def before(self, day: date) -> date:
        return self.sessions[self.number[day] - 1]

    # --- facts by symbol ---

    def _splits(self) -> dict[str, list[Split]]:
        found = defaultdict(list)
        for row in self.raw["corporate_actions"]:
            if row["action"] == "split" and row["value"] is not None:
                split = Split(row["ex_date"], self.on_or_after(row["ex_date"]), row["value"])
                found[row["symbol"]].append(split)
        return found

    def _dividends(self) -> dict[str, list[tuple[date, Decimal]]]:
        found = defaultdict(list)
        for row in self.raw["corporate_actions"]:
            if row["action"] == "dividend" and row["value"] is not None:
                found[row["symbol"]].append((row["ex_date"], row["value"]))
        return found

    def _closes(self) -> dict[str, dict[date, Decimal]]:
        found: dict[str, dict[date, Decimal]] = defaultdict(dict)
        for row in self.raw["prices"]:
            if row["price_date"] in self.number:
                found[row["symbol"]][row["price_date"]] = row["close"]
        return found

    def _returns(self) -> dict[str, dict[date, float]]:
        """The total return of each session whose session before has a close too (method 2)."""
        found: dict[str, dict[date, float]] = defaultdict(dict)
        for row in self.raw["prices"]:
            symbol, day = row["symbol"], row["price_date"]
            before = self.before(day) if day in self.number else None
            if before in self.closes[symbol]:
                found[symbol][day] = self._total_return(row, before)
        return found

    def _total_return(self, row: dict[str, Any], before: date) -> float:
        symbol, day = row["symbol"], row["price_date"]
        known = self.closes[symbol][before]
        if (
            row["total_return"] is not None
            and row["previous_date"] == before
            and math.isclose(row["previous_close"], known, rel_tol=1e-6)
        ):
            return float(row["total_return"])
        ratio = math.prod(split.ratio for split in self.splits[symbol] if split.session == day)
        paid = sum(value for ex_date, value in self.dividends[symbol] if self.on_or_after(ex_date) == day)
        return float((row["close"] * ratio + paid) / known - 1)

    def _yields(self) -> dict[str, dict[date, float]]:
        """Treasury yields as decimals by series and date."""
        found: dict[str, dict[date, float]] = defaultdict(dict)
        for row in self.raw["treasury_rates"]:
            found[row["series"]][row["rate_date"]] = float(row["rate_pct"]) / 100
        return found

    def _profiles(self) -> dict[str, list[dict[str, Any]]]:
        found = defaultdict(list)
        for row in self.raw["company_profiles"]:
            found[row["symbol"]].append(row)
        return found

    def profile(self, symbol: str, day: date) -> dict[str, Any]:
        """The newest profile on or before a day."""
        known = [row for row in self.profiles.get(symbol, []) if row["profile_date"] <= day]
        return max(known, key=lambda row: (row["profile_date"], row["load_id"]), default={})

    def three_month_yield(self, day: date) -> float | None:
        """The newest 3-month yield of the last seven days."""
        known = {
            when: value
            for when, value in self.yields["DGS3MO"].items()
            if day - timedelta(days=7) <= when <= day
        }
        return known[max(known)] if known else None


def _lot(row: dict[str, Any]) -> Lot:
    return Lot(
        position_id=row["position_id"],
        portfolio_id=row["portfolio_id"],
        symbol=row["symbol"],
        underlying=row["underlying_symbol"],
        investment_class=row["investment_class"],
        subtype=row["investment_subtype"],
        option_type=row["option_type"],
        strike=row["strike_price"],
        expiration=row["expiration_date"],
        quantity=row["quantity"],
        entry_date=row["entry_date"],
        entry_price=row["entry_price"],
        exit_date=row["exit_date"],
        exit_price=row["exit_price"],
    )
