"""Balances of cash by the statements of a portfolio, and the flows that they have."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import pandas as pd

from ingestion.portfolios.capital_flows import OF_STATEMENT
from ingestion.raw.datasets import CAPITAL_FLOWS
from ingestion.raw.ids import flow_id
from ingestion.raw.loads import Connection
from ingestion.statements.money.cash_lots import is_cash_row
from ingestion.statements.parts import Row

# a sale at a session's close by omission, and small cash that no row states, such as interest and fees
EXPLAINED = Decimal("0.01")  # of the trades and dividends

# those that were taken back have an amount of 0
_FLOWS = "select flow_id::text, amount, flow_date from raw.newest_capital_flows where portfolio_id = %s"

Flows = Mapping[str, tuple[Decimal, date]]


@dataclass(frozen=True)
class CashFlow:
    """amount: USD, positive for a contribution; 0 removes that of an earlier version of the statement.

    earlier: the amount by that version, 0 without one.
    """

    flow_id: str
    portfolio: UUID
    day: date
    amount: Decimal
    earlier: Decimal = Decimal(0)

    def frame(self) -> pd.DataFrame:
        """The one row for raw.capital_flows."""
        values = [self.flow_id, str(self.portfolio), self.day, self.amount, OF_STATEMENT.format(self.day)]
        return pd.DataFrame([dict(zip(CAPITAL_FLOWS.columns, values, strict=True))], dtype=object)


def read_flows(connection: Connection, portfolio: UUID) -> Flows:
    """Amount and day of each flow of the portfolio by its id."""
    return {one: (amount, day) for one, amount, day in connection.execute(_FLOWS, [portfolio])}


def key_of_statement(portfolio: UUID, day: date) -> str:
    """The id of the flow in the change of cash by the statement of a day."""
    return str(flow_id(portfolio, day, OF_STATEMENT.format(day), 1))


def known_between(flows: Flows, portfolio: UUID, last: date, as_of: date) -> Decimal:
    """The flows since the last statement, without the one that the statement of the day has itself."""
    own = key_of_statement(portfolio, as_of)
    return sum(
        (amount for one, (amount, day) in flows.items() if last < day <= as_of and one != own), Decimal(0)
    )


def balance(rows: Iterable[Row], as_of: date) -> Decimal | None:
    """The balance of the open cash lots; None without any."""
    cash = [
        row["quantity"]
        for row in rows
        if is_cash_row(row) and row["exit_date"] is None and row["entry_date"] <= as_of
    ]
    return sum(cash, Decimal(0)) if cash else None


def last_statement(rows: Iterable[Row]) -> date | None:
    """The date of the newest statement among the rows."""
    return max((row["statement_date"] for row in rows if row["statement_date"]), default=None)


def is_small(amount: Decimal, traded: Sequence[Decimal]) -> bool:
    """Whether a rest is small beside the trades that leave it."""
    return abs(amount) <= EXPLAINED * sum(map(abs, traded), Decimal(0))
