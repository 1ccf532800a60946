"""The value of an account by its statement: the equity it starts with, the broker's totals against ours.

A position has our price where a close, a quote or the portfolio's own published price of the statement's
session is known, else the broker's mark.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from ingestion.market.calendar import session_on_or_before
from ingestion.market.occ import parse_occ
from ingestion.market.symbols import normalize_symbol
from ingestion.raw.loads import Connection
from ingestion.statements.actions.splits import Splits
from ingestion.statements.brokers.export import Holding
from ingestion.statements.market_values import known_prices
from ingestion.statements.money.values import CENT, entry_value, value_at
from ingestion.statements.rows import Lot

# an option without a quote has a price by its model, from the portfolio's own entries
_MODEL_PRICES = """
select distinct on (symbol) symbol, price
from marts.fct_position_values
where
    portfolio_id = %s and symbol = any(%s) and as_of_date = %s
    and investment_class = 'OPTIONS' and is_open and price is not null
order by symbol
"""
# cash has no gain that a build would add; flows are added to the equity
_WAITING_LOTS = """
select exists (
    select from raw.positions
    where
        portfolio_id = %s and statement_date < %s and investment_subtype is distinct from 'CASH'
        and loaded_at > (select max(known_at) from ops.publications)
)
"""
# with the flows and the capital of the start that are loaded and not published yet
_WITH_FLOWS = """
select
    snapshots.{column} + (
        select coalesce(sum(flows.amount), 0) from raw.newest_capital_flows as flows
        where flows.portfolio_id = %(portfolio)s and flows.flow_date <= %(as_of)s
    ) - (
        select coalesce(sum(published.capital_flow), 0)
        from marts.fct_portfolio_snapshots as published
        where published.portfolio_id = %(portfolio)s and published.as_of_date <= %(session)s
    ) + coalesce((
        select round(loaded.initial_equity, 2) - round(published.initial_equity, 2)
        from raw.newest_portfolios as loaded
        join marts.dim_portfolios as published using (portfolio_id)
        where loaded.portfolio_id = %(portfolio)s
    ), 0)
from marts.fct_portfolio_snapshots as snapshots
where snapshots.portfolio_id = %(portfolio)s and snapshots.as_of_date = %(session)s
"""

_WORTH_NAMING = Decimal(1)  # USD; less is rounding
_MOST_NAMED = 5


@dataclass(frozen=True)
class ListedValue:
    """The value of a position of a download, USD. theirs: by the broker's mark, None without one.

    is_marked: ours is the broker's mark, or the cost. first_gain: what its lots that are bought on the
    session of the download gain on it, over their cost.
    """

    symbol: str
    theirs: Decimal | None
    ours: Decimal
    is_option: bool
    is_marked: bool
    first_gain: Decimal

    @property
    def is_at_cost(self) -> bool:
        """Whether nothing but the cost values the position."""
        return self.is_marked and self.theirs is None

    @property
    def difference(self) -> Decimal:
        """Ours less the broker's; 0 without a mark."""
        return Decimal(0) if self.theirs is None else self.ours - self.theirs


@dataclass(frozen=True)
class Reconciliation:
    """The broker's account value against our equity, USD.

    differences: positions that differ, largest first. rest: what the broker's total has beyond its rows.
    unlisted: what our equity has beyond our values of these rows, such as a dividend that is not paid yet.
    """

    theirs: Decimal
    ours: Decimal
    differences: tuple[ListedValue, ...]
    rest: Decimal
    unlisted: Decimal

    @property
    def gap(self) -> Decimal:
        """The absolute difference as a fraction of the broker's value; 1 if that is not positive."""
        if self.theirs == self.ours:
            return Decimal(0)
        return abs(self.ours - self.theirs) / self.theirs if self.theirs > 0 else Decimal(1)

    @property
    def sentence(self) -> str:
        """Both totals and where they differ."""
        if self.theirs == self.ours and not self.differences:
            return f"Your broker and we both say {self.ours:,.2f}."
        if abs(self.theirs - self.ours) < _WORTH_NAMING and not self.differences:
            return f"Your broker says {self.theirs:,.2f}; we say {self.ours:,.2f}, the same to the dollar."
        parts = [
            f"{_name(value, self.differences)} {value.theirs:,.2f} there, {value.ours:,.2f} here"
            for value in self.differences[:_MOST_NAMED]
        ]
        if len(self.differences) > _MOST_NAMED:
            parts.append(f"{len(self.differences) - _MOST_NAMED} more positions differ")
        if abs(self.rest) >= _WORTH_NAMING:
            parts.append(f"{self.rest:,.2f} of the broker's total is in none of its rows")
        if abs(self.unlisted) >= _WORTH_NAMING:
            parts.append(f"{self.unlisted:,.2f} of ours is in none of its rows")
        named = f": {'; '.join(parts)}" if parts else ""
        return f"Your broker says {self.theirs:,.2f}; we say {self.ours:,.2f}{named}."


def listed_values(
    connection: Connection,
    portfolio: UUID,
    listed: Sequence[Holding],
    lots: Iterable[Lot],
    as_of: date,
    *,
    splits: Splits,
) -> tuple[ListedValue, ...]:
    """The positions and cash of a portfolio's download, valued by the broker and by us.

    lots: of the download; their cost is the value of a position that has no price at all.
    """
    symbols = {normalize_symbol(holding.symbol) for holding in listed if not holding.is_cash}
    prices = {
        **_model_prices(connection, portfolio, symbols, as_of),
        **known_prices(connection, symbols, as_of, splits),
    }
    by_line: dict[int, list[Lot]] = {}
    for lot in lots:
        by_line.setdefault(lot.line, []).append(lot)
    session_before = session_on_or_before(session_on_or_before(as_of) - timedelta(days=1))
    return tuple(
        _value(
            holding,
            prices.get(normalize_symbol(holding.symbol)),
            by_line.get(holding.line, []),
            session_before,
        )
        for holding in listed
        if isinstance(holding.quantity, Decimal)
    )


def reconcile_account(
    values: Sequence[ListedValue], account_value: Decimal | None, equity: Decimal
) -> Reconciliation | None:
    """The broker's total against our equity; None without a total and without a market value in each row."""
    marks = [value.theirs for value in values if value.theirs is not None]
    listed = sum(marks, Decimal(0))
    if account_value is None and (not marks or len(marks) < len(values)):
        return None
    theirs = listed if account_value is None else account_value
    differences = [value for value in values if abs(value.difference) >= _WORTH_NAMING]
    differences.sort(key=lambda value: -abs(value.difference))
    unlisted = equity - sum((value.ours for value in values), Decimal(0))
    return Reconciliation(theirs, equity, tuple(differences), theirs - listed, unlisted)


def opening_value(values: Sequence[ListedValue], lots: Iterable[Lot]) -> Decimal:
    """The equity that a portfolio starts with if none is given.

    A download: the value of its positions and cash when it opens; lots bought on that session count at their
    cost, from which they perform. Our own file, which has no values: the cost of its lots.
    """
    if values:
        return sum((value.ours - value.first_gain for value in values), Decimal(0))
    return sum((entry_value(lot) for lot in lots), Decimal(0))


def published_equity(connection: Connection, portfolio: UUID, as_of: date) -> Decimal | None:
    """The equity of the statement's session, if that is published, with the start and the flows as loaded."""
    return _published(connection, portfolio, as_of, "equity")


def equity_of_rows(
    connection: Connection, portfolio: UUID, last: date, values: Sequence[ListedValue], beside: Decimal | None
) -> Decimal | None:
    """Our equity on a session that is not published, by the rows of its download; None if not known.

    last: the date of the statement before. beside: what stayed beside the balance of cash since. What did
    before is published: the equity less the value of the positions and cash.
    """
    rest = _published(connection, portfolio, last, "cash")
    if rest is None or beside is None:
        return None
    return sum((value.ours for value in values), rest + beside)


def _published(connection: Connection, portfolio: UUID, as_of: date, column: str) -> Decimal | None:
    if not _is_built(connection, "marts.fct_portfolio_snapshots"):
        return None
    asked = {"portfolio": portfolio, "as_of": as_of, "session": session_on_or_before(as_of)}
    row = connection.execute(_WITH_FLOWS.format(column=column), asked).fetchone()
    return None if row is None else row[0]


def has_lots_to_build(connection: Connection, portfolio: UUID, as_of: date) -> bool:
    """Whether an earlier statement was loaded and is not built: its gains are in no published equity."""
    row = connection.execute(_WAITING_LOTS, [portfolio, as_of]).fetchone()
    return bool(row and row[0])


def _is_built(connection: Connection, mart: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", [mart]).fetchone()
    return bool(row and row[0])


def _model_prices(
    connection: Connection, portfolio: UUID, symbols: set[str], as_of: date
) -> dict[str, Decimal]:
    if not symbols or not _is_built(connection, "marts.fct_position_values"):
        return {}
    asked = [portfolio, sorted(symbols), session_on_or_before(as_of)]
    return dict(connection.execute(_MODEL_PRICES, asked).fetchall())


def _value(holding: Holding, price: Decimal | None, lots: Sequence[Lot], session_before: date) -> ListedValue:
    assert isinstance(holding.quantity, Decimal)  # noqa: S101 - checked by the caller
    is_option = holding.investment_class == "OPTIONS"
    mark = Decimal(1) if holding.is_cash else holding.market_price
    theirs = None if mark is None else value_at(holding.quantity, mark, is_option=is_option)
    is_marked = price is None or holding.is_cash
    if price is not None and not holding.is_cash:
        ours = value_at(holding.quantity, price, is_option=is_option)
    else:
        ours = sum(map(entry_value, lots), Decimal(0)) if theirs is None else theirs
    late = [lot for lot in lots if lot.entry_date > session_before]
    bought = sum((lot.quantity for lot in late), Decimal(0))
    first_gain = Decimal(0)
    if late:
        first_gain = (ours * bought / holding.quantity).quantize(CENT) - sum(
            map(entry_value, late), Decimal(0)
        )
    return ListedValue(normalize_symbol(holding.symbol), theirs, ours, is_option, is_marked, first_gain)


def _name(value: ListedValue, among: Sequence[ListedValue]) -> str:
    """`NVDA call`, or the whole symbol where two contracts have that name."""
    short = _short_name(value)
    return short if [_short_name(other) for other in among].count(short) == 1 else value.symbol


def _short_name(value: ListedValue) -> str:
    contract = parse_occ(value.symbol) if value.is_option else None
    return f"{contract.underlying_symbol} {contract.option_type.lower()}" if contract else value.symbol
