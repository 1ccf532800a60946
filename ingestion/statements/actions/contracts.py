"""Contracts that a statement lists first after a special dividend has lowered their strikes."""

from collections.abc import Iterable
from datetime import date

from ingestion.market.occ import OptionContract
from ingestion.raw.loads import Connection
from ingestion.statements.actions.successors import Became, read_successors
from ingestion.statements.notices import plain, shortened
from ingestion.statements.parts import Row
from ingestion.statements.rows import Lot


def last_day(lot: Lot, as_of: date) -> date:
    """The last day up to which actions apply to a lot of a statement."""
    ends = [lot.exit_date or as_of, *([lot.contract.expiration_date] if lot.contract else [])]
    return min(ends)


def strike_notices(
    connection: Connection, lots: Iterable[Lot], known: Iterable[Row], as_of: date
) -> list[str]:
    """Notices of contracts that are not known yet, whose strike is taken for that of their purchase."""
    before = {(row["symbol"], row["entry_date"], row["entry_price"]) for row in known}
    new = [
        (lot, lot.contract)
        for lot in lots
        if lot.contract and (lot.symbol, lot.entry_date, lot.entry_price) not in before
    ]
    successors = read_successors(connection, {contract.underlying_symbol for _, contract in new})
    became = (
        successors.became(contract.underlying_symbol, lot.entry_date, last_day(lot, as_of))
        for lot, contract in new
    )
    return shortened(
        [
            _notice(lot, contract, then)
            for (lot, contract), then in zip(new, became, strict=True)
            # what was renamed or merged is listed under its old symbol, so with its old strike
            if then.strike_cut and then.ended_on is None and then.symbol == contract.underlying_symbol
        ]
    )


def _notice(lot: Lot, contract: OptionContract, became: Became) -> str:
    strike = contract.strike_price
    return (
        f"Row {lot.line}: the strike of {lot.symbol}, {plain(strike)}, is taken for that of its purchase on "
        f"{lot.entry_date}: a special dividend since then lowers it to "
        f"{plain((strike - became.strike_cut) / became.ratio)}. If {plain(strike)} is its strike after the "
        f"dividend, list {plain(strike * became.ratio + became.strike_cut)}."
    )
