"""Trades of a statement that its cash does not pay for as they are listed, so that equity or gains are wrong.

A lot that the last statement should have listed is paid out of the portfolio's cash of that time. An option
that was exercised or assigned is settled in cash, so shares at its strike have its gain once more.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice

from ingestion.statements.money.cash_lots import is_cash_row
from ingestion.statements.money.values import CENT
from ingestion.statements.parts import Row, is_open, lot_id
from ingestion.statements.reconcile import Change

_SETTLED_WITHIN = timedelta(days=4)  # of an expiration: over a weekend and a holiday


@dataclass(frozen=True)
class Delivery:
    """Shares that were bought or sold at the strike of an option that ended.

    row: the lot of the shares. option: the contract's.
    """

    row: Row
    option: Row
    day: date
    price: Decimal
    is_exit: bool

    def price_beside(self, settled: Decimal) -> Decimal:
        """The price of the shares that is what was paid, next to the option at its settled value."""
        strike: Decimal = self.option["strike_price"]
        return strike + settled if self.option["option_type"] == "CALL" else strike - settled


def listed_late(before: Collection[Row], changes: Collection[Change]) -> Iterator[tuple[Row, date]]:
    """New lots from before the last statement, which did not list them, and its date.

    before: the rows after the last statement. What a spin-off brought has the date of another lot.
    """
    dates = [row["statement_date"] for row in before if row["statement_date"]]
    if not dates:
        return
    last: date = max(dates)
    for row in (change.row for change in changes if change.kind == "new"):
        if row["entry_date"] <= last and not is_cash_row(row) and not row["spun_off_on"]:
            yield row, last


def deliveries(before: Collection[Row], changes: Collection[Change], as_of: date) -> Iterator[Delivery]:
    """Trades in shares, new with the statement, at the price of an exercise or an assignment."""
    held = {lot_id(row) for row in before if row["option_type"] and row["exit_date"] is None}
    options = [change.row for change in changes if lot_id(change.row) in held]
    options = [row for row in options if not is_open(row, as_of)]
    for change in changes:
        for day, price, quantity, is_exit in _trades(change):
            symbol = change.row["symbol"]
            ended = (row for row in options if _delivers(row, symbol, day, price, quantity))
            for option in islice(ended, 1):
                yield Delivery(change.row, option, day, price, is_exit)


def _trades(change: Change) -> Iterator[tuple[date, Decimal, Decimal, bool]]:
    """Day, price, signed quantity and whether it is the exit: of shares, as far as the statement says."""
    row = change.row
    if row["investment_class"] != "PUBLIC" or is_cash_row(row):
        return
    if change.kind == "new":
        yield row["entry_date"], row["entry_price"], row["quantity"], False
    if row["exit_price"] is not None and change.kind not in {"unchanged", "withdrawn"}:
        yield row["exit_date"], row["exit_price"], -row["quantity"], True


def _delivers(option: Row, symbol: str, day: date, price: Decimal, quantity: Decimal) -> bool:
    """Whether the option's exercise explains the trade: the shares, its side, its price, and its day."""
    is_call = option["option_type"] == "CALL"
    strike, premium = option["strike_price"], option["entry_price"]
    costs = (strike, strike + premium if is_call else strike - premium)  # brokers add the premium, or do not
    last = option["exit_date"] or option["expiration_date"]
    return (
        option["underlying_symbol"] == symbol
        and (is_call == (option["quantity"] > 0)) == (quantity > 0)
        and option["entry_date"] <= day <= last + _SETTLED_WITHIN
        and any(abs(price - cost) <= CENT for cost in costs)
    )
