"""Preview of loading a statement, before anything is written."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ingestion.market.calendar import last_closed_session, session_on_or_before
from ingestion.raw.loads import Connection
from ingestion.statements.actions.splits import traded_symbol, traded_symbol_of
from ingestion.statements.load import PreparedStatement
from ingestion.statements.money.account import Reconciliation
from ingestion.statements.money.balances import last_statement
from ingestion.statements.money.values import entry_value
from ingestion.statements.notices import plain
from ingestion.statements.parts import Row, is_open, is_withdrawn, lot_id
from ingestion.statements.reconcile import Change
from ingestion.statements.rows import Lot

_PRICED = "select distinct symbol from raw.prices where symbol = any(%s)"

_BEHIND = """
select symbol from raw.prices where symbol = any(%s)
group by symbol having max(price_date) < %s order by symbol
"""


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
class ChangedLot:
    """A known lot that the statement changes: its state before and after, as a user would say it."""

    symbol: str
    entry_date: date
    entry_price: Decimal
    kind: str
    before: str
    after: str

    @property
    def sentence(self) -> str:
        """The lot, and what it becomes."""
        lot = f"{self.symbol} of {self.entry_date} at {plain(self.entry_price)}"
        return f"{self.kind}: {lot}: {self.before} -> {self.after}"


@dataclass(frozen=True)
class Preview:
    """What would be loaded.

    equity: starting capital, USD. flow: the contribution (negative: withdrawal) in a change of cash, USD, on
    the statement's date; 0 without one. lots: count by class, subtype and position type. changes: count of
    rows that are new, changed, closed, sold in part, withdrawn or unchanged. changed: their known lots.
    reconciliation: the broker's totals against ours. unpriced: symbols without any price yet, except cash and
    private holdings. behind: those whose prices end before the statement's session.
    """

    portfolio_name: str
    owner_email: str
    is_new: bool
    as_of: date
    equity: Decimal
    flow: Decimal
    lots: dict[tuple[str, str, str], int]
    exposures: Exposures
    changes: dict[str, int]
    changed: tuple[ChangedLot, ...]
    reconciliation: Reconciliation | None
    unpriced: tuple[str, ...]
    behind: tuple[str, ...]
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
        sum((flow.amount for flow in prepared.flows if flow.day == statement.as_of), Decimal(0)),
        dict(sorted(Counter(_kind(lot) for lot in statement.lots).items())),
        _exposures(statement.lots),
        dict(Counter(change.kind for change in prepared.rows.changes)),
        _changed_lots(prepared.rows.changes),
        prepared.reconciliation,
        unpriced_symbols(connection, statement.lots),
        symbols_behind(connection, prepared),
        prepared.notices,
    )


def _changed_lots(changes: Sequence[Change]) -> tuple[ChangedLot, ...]:
    """The known lots that are changed, closed, sold in part or withdrawn, by symbol and entry."""
    known: dict[str, Row] = {}
    for change in changes:
        if change.known is not None:
            known[change.row["position_id"]] = change.known
    found = []
    for change in changes:
        row = change.row
        before = change.known or known.get(lot_id(row))
        if change.kind not in {"new", "unchanged"} and before is not None:
            states = _states(before, row)
            found.append(
                ChangedLot(row["symbol"], row["entry_date"], row["entry_price"], change.kind, *states)
            )
    return tuple(sorted(found, key=lambda lot: (lot.symbol, lot.entry_date, lot.entry_price, lot.kind)))


def _states(before: Row, after: Row) -> tuple[str, str]:
    """Both states in words: what is held or sold, or if that is the same, the other columns that differ."""
    states = _state(before), _state(after)
    if states[0] != states[1]:
        return states
    others = [name for name in after if name != "statement_date" and before[name] != after[name]]
    said = [", ".join(f"{name} {row[name] or 'empty'}" for name in others) for row in (before, after)]
    return said[0], said[1]


def _state(row: Row) -> str:
    """Quantity and exit of a row in words."""
    held = plain(row["quantity"])
    if is_withdrawn(row):
        return "withdrawn"
    if row["exit_date"] is None:
        return held
    price = "that day's close" if row["exit_price"] is None else plain(row["exit_price"])
    ended = "bought back" if row["quantity"] < 0 else "sold"
    return f"{held} {ended} on {row['exit_date']} at {price}"


def position_type(lot: Lot) -> str:
    """LONG or SHORT by the sign of the quantity; options LC, LP, SC, SP."""
    side = "L" if lot.quantity > 0 else "S"
    if lot.contract is not None:
        return side + lot.contract.option_type[0]
    return "LONG" if side == "L" else "SHORT"


def _kind(lot: Lot) -> tuple[str, str, str]:
    return lot.investment_class, lot.investment_subtype or "", position_type(lot)


def _exposures(lots: Iterable[Lot]) -> Exposures:
    """Entry values of the open lots."""
    values = [entry_value(lot) for lot in lots if lot.exit_date is None]
    return Exposures(
        sum((value for value in values if value > 0), Decimal(0)),
        -sum((value for value in values if value < 0), Decimal(0)),
    )


def unpriced_symbols(connection: Connection, lots: Iterable[Lot]) -> tuple[str, ...]:
    """The symbols that need a price and have none, sorted."""
    needed = {
        lot.contract.underlying_symbol if lot.contract else lot.symbol
        for lot in lots
        if lot.investment_class != "PRIVATE" and lot.investment_subtype != "CASH"
    }
    with connection.transaction():
        priced = {row[0] for row in connection.execute(_PRICED, [sorted(needed)])}
    return tuple(sorted(needed - priced))


def symbols_behind(connection: Connection, prepared: PreparedStatement) -> tuple[str, ...]:
    """The symbols held since the last statement whose prices end before this one's session, sorted.

    Without them sales at its close have no price, and dividends until then are not known.
    """
    as_of = prepared.statement.as_of
    last = last_statement(prepared.before) or as_of
    held = {traded_symbol_of(row) for row in prepared.before if is_open(row, last)}
    held |= {traded_symbol(lot) for lot in prepared.lots}
    session = min(session_on_or_before(as_of), last_closed_session())
    with connection.transaction():
        return tuple(row[0] for row in connection.execute(_BEHIND, [sorted(held), session]))
