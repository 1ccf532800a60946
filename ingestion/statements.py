"""A portfolio's next statement, held against the known lots: what is new, changed, closed, or only split.

A statement lists the lots that are open at its date. A known lot that it leaves out was closed by then; one
that it lists in the shares of a later split is still the lot that was bought, and is kept as it was traded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd

from ingestion.calendar import session_on_or_before
from ingestion.datasets import POSITIONS
from ingestion.errors import StatementOrderError
from ingestion.ids import position_id
from ingestion.loads import Connection
from ingestion.position_rows import Lot

Row = dict[str, Any]  # a row of raw.positions: its columns without load_id and loaded_at

_KNOWN_LOTS = """
select distinct on (position_id) {columns}
from raw.positions
where portfolio_id = %s
order by position_id, load_id desc
"""

_SPLITS = """
with known as (
    select distinct on (symbol, ex_date) symbol, ex_date, value
    from raw.corporate_actions
    where action = 'split' and symbol = any(%s)
    order by symbol, ex_date, load_id desc
)
select symbol, ex_date, value from known where value is not null
"""

_PRICE_ROUNDING = Decimal("0.0001")  # of a price with four decimals


@dataclass(frozen=True)
class StatementRows:
    """What a statement makes of a portfolio's lots.

    frame: rows for raw.positions. new_entry_dates: of the lots never seen before. notices: for people.
    """

    frame: pd.DataFrame
    new_entry_dates: tuple[date, ...]
    notices: tuple[str, ...]


def statement_rows(
    connection: Connection, portfolio: UUID, lots: Sequence[Lot], as_of: date
) -> StatementRows:
    """The rows to load for a statement of this date.

    Raises StatementOrderError when it is older than one that is known, and would undo it.
    """
    known = {row["position_id"]: row for row in _known_lots(connection, portfolio)}
    splits = _splits(connection, {lot.symbol for lot in lots})
    restated = [_before_splits(lot, known.values(), splits, as_of) for lot in lots]
    listed = [_listed_row(portfolio, lot, as_of) for lot in restated]
    keys = {row["position_id"] for row in listed}
    closed = [
        _closed_row(row, as_of) for key, row in known.items() if key not in keys and _is_open(row, as_of)
    ]
    _check_order(known, listed, closed, as_of)
    return StatementRows(
        pd.DataFrame(listed + closed, columns=list(POSITIONS.columns), dtype=object),
        tuple(row["entry_date"] for row in listed if row["position_id"] not in known),
        tuple(_split_notice(lot, kept) for lot, kept in zip(lots, restated, strict=True) if lot is not kept),
    )


def _known_lots(connection: Connection, portfolio: UUID) -> list[Row]:
    """The newest row of each lot of the portfolio."""
    cursor = connection.execute(_KNOWN_LOTS.format(columns=", ".join(POSITIONS.columns)), [portfolio])
    rows = [dict(zip(POSITIONS.columns, row, strict=True)) for row in cursor.fetchall()]
    return [{**row, **{key: str(row[key]) for key in ("position_id", "portfolio_id")}} for row in rows]


def _listed_row(portfolio: UUID, lot: Lot, as_of: date) -> Row:
    contract = lot.contract
    return {
        "position_id": str(position_id(portfolio, lot.symbol, lot.entry_date, lot.entry_price)),
        "portfolio_id": str(portfolio),
        "symbol": lot.symbol,
        "underlying_symbol": contract.underlying_symbol if contract else None,
        "investment_class": lot.investment_class,
        "investment_subtype": lot.investment_subtype,
        "option_type": contract.option_type if contract else None,
        "strike_price": contract.strike_price if contract else None,
        "expiration_date": contract.expiration_date if contract else None,
        "quantity": lot.quantity,
        "entry_date": lot.entry_date,
        "entry_price": lot.entry_price,
        "exit_date": lot.exit_date,
        "exit_price": lot.exit_price,
        "statement_date": as_of,
    }


# --- closed lots -----------------------------------------------------------------------------------------


def _is_open(row: Row, as_of: date) -> bool:
    """Whether a statement of this date should list the lot: entered, not sold and not expired by then."""
    expired = row["expiration_date"] is not None and row["expiration_date"] <= as_of
    return row["exit_date"] is None and row["entry_date"] <= as_of and not expired


def _closed_row(row: Row, as_of: date) -> Row:
    """The lot, closed at the statement's session; its price is that session's close, so none is stored."""
    exit_date = max(session_on_or_before(as_of), row["entry_date"])
    return {**row, "exit_date": exit_date, "exit_price": None, "statement_date": as_of}


def _check_order(known: Mapping[str, Row], listed: Sequence[Row], closed: Sequence[Row], as_of: date) -> None:
    dates = [row["statement_date"] for row in known.values() if row["statement_date"]]
    newest = max(dates, default=as_of)
    changes = bool(closed) or any(_differs(row, known.get(row["position_id"], {})) for row in listed)
    if as_of < newest and changes:
        raise StatementOrderError(
            f"The portfolio has a statement of {newest} already and this one, which differs, is of {as_of}: "
            "load statements in the order of their dates, or give the date of this one."
        )


def _differs(row: Row, known: Row) -> bool:
    return {**row, "statement_date": None} != {**known, "statement_date": None}


# --- splits ----------------------------------------------------------------------------------------------


def _splits(connection: Connection, symbols: set[str]) -> dict[str, list[tuple[date, Decimal]]]:
    """Ex-dates and ratios by symbol."""
    splits: dict[str, list[tuple[date, Decimal]]] = {}
    for symbol, ex_date, ratio in connection.execute(_SPLITS, [sorted(symbols)]):
        splits.setdefault(symbol, []).append((ex_date, ratio))
    return splits


def _before_splits(
    lot: Lot, known: Iterable[Row], splits: Mapping[str, list[tuple[date, Decimal]]], as_of: date
) -> Lot:
    """The lot as it was traded, if it is a known one in the shares of a later split; else as it is listed."""
    ratio = Decimal(1)
    for ex_date, value in splits.get(lot.symbol, []):
        ratio *= value if lot.entry_date < ex_date <= as_of else 1
    if ratio == 1:
        return lot
    for row in known:
        same_lot = (row["symbol"], row["entry_date"]) == (lot.symbol, lot.entry_date)
        if same_lot and abs(lot.entry_price * ratio - row["entry_price"]) <= _PRICE_ROUNDING * max(
            ratio, Decimal(1)
        ):
            # fractions of a share are paid out at a split: within one share it is the same quantity
            is_whole = abs(lot.quantity - row["quantity"] * ratio) < 1
            quantity = row["quantity"] if is_whole else round(lot.quantity / ratio, 6)
            return replace(lot, quantity=quantity, entry_price=row["entry_price"])
    return lot


def _split_notice(lot: Lot, kept: Lot) -> str:
    return (
        f"Row {lot.line}: {lot.quantity} {lot.symbol} at {lot.entry_price} are {kept.quantity} bought at "
        f"{kept.entry_price} before a split, and kept as that."
    )
