"""The cost that each download states of a symbol, kept so that the next one can be compared with it.

Between two downloads the cost at the broker grows by what was paid for what was bought, whichever lots it
counted earlier sales from. Not where some of the symbol was sold in between, which no download tells where
more was bought; nor where a corporate action or another statement changed it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import pandas as pd

from ingestion.market.occ import parse_occ
from ingestion.market.symbols import normalize_symbol
from ingestion.raw.datasets import STATED_COSTS
from ingestion.raw.loads import Connection
from ingestion.statements.actions.successors import read_successors
from ingestion.statements.brokers.export import Holding

# a row without a cost: the statement of its date no longer states one
_BEFORE = """
with newest as (
    select distinct on (symbol) symbol, statement_date, quantity, cost
    from raw.stated_costs
    where portfolio_id = %(portfolio)s and statement_date < %(as_of)s
    order by symbol, statement_date desc, load_id desc
)
select * from newest
where
    cost is not null
    and statement_date >= (
        select max(positions.statement_date) from raw.positions
        where positions.portfolio_id = %(portfolio)s and positions.statement_date < %(as_of)s
    )
"""
_OF_DAY = "select distinct symbol from raw.stated_costs where portfolio_id = %s and statement_date = %s"


@dataclass(frozen=True)
class StatedCost:
    """What a download of a day stated of a symbol: its quantity, signed, and its cost, USD per share."""

    stated_on: date
    quantity: Decimal
    cost: Decimal


def costs_before(connection: Connection, portfolio: UUID, as_of: date) -> dict[str, StatedCost]:
    """The newest stated costs before a statement of this date, by symbol.

    None from before a statement that changed lots and states no cost, or before a corporate action other than
    an ordinary dividend.
    """
    rows = connection.execute(_BEFORE, {"portfolio": portfolio, "as_of": as_of}).fetchall()
    stated = {symbol: StatedCost(*terms) for symbol, *terms in rows}
    traded = {symbol: _traded_symbol(symbol) for symbol in stated}
    successors = read_successors(connection, traded.values()) if stated else None
    return {
        symbol: one
        for symbol, one in stated.items()
        if successors and successors.became(traded[symbol], one.stated_on, as_of).is_same
    }


def stated_frame(
    connection: Connection, portfolio: UUID, listed: Iterable[Holding], as_of: date
) -> pd.DataFrame:
    """The rows of raw.stated_costs of a statement; it withdraws what another one of its date stated.

    listed: the holdings of a download, nothing for a file in our columns.
    """
    stated: Mapping[str, tuple[str | None, str | None]] = _stated(list(listed))
    before = {symbol for (symbol,) in connection.execute(_OF_DAY, [portfolio, as_of])}
    rows = [
        (str(portfolio), as_of, symbol, *stated.get(symbol, (None, None)))
        for symbol in sorted({*stated, *before})
    ]
    return pd.DataFrame(rows, columns=list(STATED_COSTS.columns), dtype=object)


def _stated(listed: Sequence[Holding]) -> dict[str, tuple[str, str]]:
    """Quantity and cost by symbol, of those with one row: an average, and not a lot or one of two sides.

    As text: an average of two rows has more digits than Arrow's decimals.
    """
    rows_of = Counter(normalize_symbol(one.symbol) for one in listed)
    stated = {}
    for one in listed:
        symbol, is_position = normalize_symbol(one.symbol), one.entry_date is None and not one.is_cash
        if (
            rows_of[symbol] == 1
            and is_position
            and isinstance(one.quantity, Decimal)
            and one.cost is not None
        ):
            stated[symbol] = f"{one.quantity:f}", f"{one.cost:f}"
    return stated


def _traded_symbol(symbol: str) -> str:
    contract = parse_occ(symbol)
    return contract.underlying_symbol if contract else symbol
