"""Preview of loading a statement, before anything is written."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ingestion.raw.loads import Connection
from ingestion.statements.load import PreparedStatement, entry_value
from ingestion.statements.rows import Lot

_PRICED = "select distinct symbol from raw.prices where symbol = any(%s)"


@dataclass(frozen=True)
class Exposures:
    """Entry values of the open lots, USD; short is positive."""

    long: Decimal
    short: Decimal

    @property
    def gross(self) -> Decimal:
        return self.long + self.short

    @property
    def net(self) -> Decimal:
        return self.long - self.short


@dataclass(frozen=True)
class Preview:
    """What would be loaded.

    lots: count by class, subtype and position type. changes: count of rows that are new, changed, closed,
    sold in part, withdrawn or unchanged. unpriced: symbols without any price yet, except cash and private
    holdings.
    """

    portfolio_name: str
    owner_email: str
    is_new: bool
    as_of: date
    equity: Decimal
    lots: dict[tuple[str, str, str], int]
    exposures: Exposures
    changes: dict[str, int]
    unpriced: tuple[str, ...]
    notices: tuple[str, ...]


def preview(connection: Connection, prepared: PreparedStatement) -> Preview:
    """The preview of a prepared statement; read-only."""
    statement, portfolio = prepared.statement, prepared.portfolio
    return Preview(
        portfolio.portfolio_name,
        portfolio.owner_email,
        prepared.known is None,
        statement.as_of,
        portfolio.initial_equity,
        dict(sorted(Counter(_kind(lot) for lot in statement.lots).items())),
        _exposures(statement.lots),
        dict(Counter(change.kind for change in prepared.rows.changes)),
        _unpriced(connection, statement.lots),
        (*statement.notices, *prepared.rows.notices),
    )


def position_type(lot: Lot) -> str:
    """LONG or SHORT by the sign of the quantity; options LC, LP, SC, SP."""
    side = "L" if lot.quantity > 0 else "S"
    if lot.contract is not None:
        return side + lot.contract.option_type[0]
    return "LONG" if side == "L" else "SHORT"


def _kind(lot: Lot) -> tuple[str, str, str]:
    return lot.investment_class, lot.investment_subtype or "", position_type(lot)


def _exposures(lots: Iterable[Lot]) -> Exposures:
    values = [entry_value(lot) for lot in lots if lot.exit_date is None]
    return Exposures(
        sum((value for value in values if value > 0), Decimal(0)),
        -sum((value for value in values if value < 0), Decimal(0)),
    )


def _unpriced(connection: Connection, lots: Iterable[Lot]) -> tuple[str, ...]:
    needed = {
        lot.contract.underlying_symbol if lot.contract else lot.symbol
        for lot in lots
        if lot.investment_class != "PRIVATE" and lot.investment_subtype != "CASH"
    }
    with connection.transaction():
        priced = {row[0] for row in connection.execute(_PRICED, [sorted(needed)])}
    return tuple(sorted(needed - priced))
