"""Reference implementation of the accounting: a slow loop over days and lots in exact decimals.

Written from the definitions (method, sections 1 to 5), not from the SQL.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

CENT = Decimal("0.01")
ZERO = Decimal(0)


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


@dataclass
class Market:
    """Market data: sessions, closes as traded, splits and dividends by symbol.

    model_prices: price of an option position without a quote (its formula is tested elsewhere).
    """

    sessions: list[date]
    closes: dict[str, dict[date, Decimal]] = field(default_factory=dict)
    splits: dict[str, dict[date, Decimal]] = field(default_factory=dict)
    dividends: dict[str, dict[date, Decimal]] = field(default_factory=dict)
    model_prices: dict[tuple[Any, date], Decimal] = field(default_factory=dict)

    def on_or_after(self, day: date) -> date:
        return self.sessions[bisect_left(self.sessions, day)]

    def on_or_before(self, day: date) -> date:
        return self.sessions[bisect_right(self.sessions, day) - 1]

    def split_factor(self, symbol: str, after: date, until: date) -> Decimal:
        """Splits with an ex-date after a stated date that trade by a session."""
        factor = Decimal(1)
        for ex_date, ratio in self.splits.get(symbol, {}).items():
            if after < ex_date and self.on_or_after(ex_date) <= until:
                factor *= ratio
        return factor

    def price(self, symbol: str, day: date) -> tuple[Decimal, date] | None:
        """The last close up to the day, adjusted for splits until the day, and its date."""
        dates = sorted(known for known in self.closes.get(symbol, {}) if known <= day)
        if not dates:
            return None
        last = dates[-1]
        return self.closes[symbol][last] / self.split_factor(symbol, last, day), last

    def dividend(self, symbol: str, day: date) -> Decimal:
        return sum(
            (
                amount
                for ex_date, amount in self.dividends.get(symbol, {}).items()
                if self.on_or_after(ex_date) == day
            ),
            ZERO,
        )


def read_market(connection: psycopg.Connection[Any]) -> Market:
    """The newest raw row of each key, read without dbt, and the model prices of options."""
    with connection.cursor(row_factory=dict_row) as cursor:
        days = cursor.execute(
            """select distinct on (calendar_date) calendar_date, is_session from raw.calendar_days
            order by calendar_date, load_id desc"""
        ).fetchall()
        market = Market([row["calendar_date"] for row in days if row["is_session"]])
        prices = cursor.execute(
            """select distinct on (symbol, price_date) symbol, price_date, close from raw.prices
            order by symbol, price_date, load_id desc"""
        ).fetchall()
        for row in prices:
            market.closes.setdefault(row["symbol"], {})[row["price_date"]] = row["close"]
        actions = cursor.execute(
            """select distinct on (symbol, ex_date, action) symbol, ex_date, action, value
            from raw.corporate_actions order by symbol, ex_date, action, load_id desc"""
        ).fetchall()
        for row in actions:
            known = market.splits if row["action"] == "split" else market.dividends
            if row["value"] is not None:
                known.setdefault(row["symbol"], {})[row["ex_date"]] = row["value"]
        priced = cursor.execute(
            """select position_id, as_of_date, cast(model_price as numeric(38, 9)) as price
            from marts.fct_position_greeks where model_price is not null"""
        ).fetchall()
        market.model_prices = {(row["position_id"], row["as_of_date"]): row["price"] for row in priced}
    return market


def unit_price(market: Market, lot: dict[str, Any], day: date, *, is_open: bool) -> Decimal:
    """Price of one share of the lot (for options, per underlying share) on the day; no quotes, no marks."""
    symbol = lot["underlying_symbol"] or lot["symbol"]
    factor = market.split_factor(symbol, lot["entry_date"], day)
    if lot["investment_class"] == "PRIVATE":
        return Decimal(lot["entry_price"])
    found = market.price(symbol, day)
    if found is None:
        return Decimal(lot["entry_price"]) / factor
    if lot["investment_class"] == "PUBLIC":
        return found[0]
    if is_open and (lot["position_id"], day) in market.model_prices:
        return market.model_prices[lot["position_id"], day]
    strike = lot["strike_price"] / factor
    return max(found[0] - strike if lot["option_type"] == "CALL" else strike - found[0], ZERO)


def account_for_lot(market: Market, lot: dict[str, Any], last_day: date) -> dict[date, dict[str, Decimal]]:
    """Market value and P&L of one lot on every session from its entry to its exit or settlement."""
    symbol = lot["underlying_symbol"] or lot["symbol"]
    first = market.on_or_after(lot["entry_date"])
    last = None
    if lot["expiration_date"] and lot["expiration_date"] <= market.sessions[-1]:
        last = market.on_or_before(lot["expiration_date"])
    if lot["exit_date"]:
        last = min(filter(None, (last, market.on_or_after(lot["exit_date"]))))
    previous = cents(lot["quantity"] * lot["contract_multiplier"] * lot["entry_price"])
    cost, cumulative, cumulative_dividends = previous, ZERO, ZERO
    rows: dict[date, dict[str, Decimal]] = {}
    for day in market.sessions[bisect_left(market.sessions, first) :]:
        if day > last_day or (last and day > last):
            break
        quantity = lot["quantity"] * market.split_factor(symbol, lot["entry_date"], day)
        price = unit_price(market, lot, day, is_open=day != last)
        if day == last and lot["exit_price"] is not None:
            price = lot["exit_price"]
        end_value = cents(quantity * lot["contract_multiplier"] * price)
        dividends = ZERO
        if lot["investment_class"] == "PUBLIC" and day != first:
            yesterday = market.sessions[market.sessions.index(day) - 1]
            held = lot["quantity"] * market.split_factor(symbol, lot["entry_date"], yesterday)
            dividends = cents(held * market.dividend(symbol, day))
        is_open = day != last
        daily = end_value - previous + dividends
        cumulative += daily
        cumulative_dividends += dividends
        rows[day] = {
            "market_value": end_value if is_open else ZERO,
            "daily_pnl": daily,
            "dividends": dividends,
            "unrealized_pnl": end_value - cost if is_open else ZERO,
            "realized_pnl": ZERO if is_open else end_value - cost,
            "cumulative_pnl": cumulative,
            "cumulative_dividends": cumulative_dividends,
        }
        previous = end_value
    return rows
