"""Compare a portfolio's next statement with the known lots: what is new, changed, closed, or only split.

A statement lists the lots that are open at its date, and may list sales with exit date and price. It is
applied to the lots as of earlier statements, so a second statement of the same date replaces the first.
ingestion.statements.shares has put the lots into the shares of their entries.
ingestion.statements.parts describes how partial sales divide lots.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import pandas as pd

from ingestion.errors import StatementOrderError
from ingestion.raw.datasets import POSITIONS
from ingestion.raw.loads import Connection
from ingestion.statements.known import known_lots
from ingestion.statements.notices import plain, shortened
from ingestion.statements.parts import (
    LotKey,
    Row,
    after_statement,
    is_open,
    is_withdrawn,
    lot_id,
    lot_key,
    withdrawn,
)
from ingestion.statements.rows import Lot

_EXIT = "a row with Exit Date and Exit Price"


@dataclass(frozen=True)
class Change:
    """The change of one row. kind: new, changed, closed, sold in part, withdrawn or unchanged."""

    kind: str
    row: Row
    known: Row | None


@dataclass(frozen=True)
class StatementRows:
    """The effect of a statement on a portfolio's lots.

    frame: rows for raw.positions. new_entry_dates: of new lots. notices: for the user.
    """

    frame: pd.DataFrame
    new_entry_dates: tuple[date, ...]
    notices: tuple[str, ...]
    changes: tuple[Change, ...]


def statement_rows(
    connection: Connection, portfolio: UUID, lots: Sequence[Lot], as_of: date, *, has_exits: bool = True
) -> StatementRows:
    """The rows to load for a statement of this date.

    has_exits: whether its rows may state a sale, which those of a download cannot.
    Raises StatementOrderError if it is older than a known statement and would undo it.
    """
    known = {row["position_id"]: row for row in known_lots(connection, portfolio)}
    before = known_lots(connection, portfolio, latest=as_of - timedelta(days=1))
    stated = [_stated_row(portfolio, lot, as_of) for lot in lots]
    after = after_statement(before, stated, as_of)
    after += _withdrawn_rows(known, after, as_of)
    after = [_with_known_words(row, known.get(row["position_id"])) for row in after]
    changes = [_change(row, known.get(row["position_id"])) for row in after]
    newest = max((row["statement_date"] for row in known.values() if row["statement_date"]), default=as_of)
    if as_of < newest and not _repeats(known.values(), stated, changes, as_of):
        # what was sold in part since has other rows now: compared with those that were known then
        then = known_lots(connection, portfolio, latest=as_of)
        return _repeated(then, before, stated, as_of, newest)
    lot_ids = {lot_id(row) for row in known.values()}
    return StatementRows(
        pd.DataFrame(
            [change.row for change in changes if change.kind != "unchanged" or _is_stated(change.row, as_of)],
            columns=list(POSITIONS.columns),
            dtype=object,
        ),
        tuple(change.row["entry_date"] for change in changes if lot_id(change.row) not in lot_ids),
        tuple(_change_notices(changes, {lot_key(row) for row in stated}, has_exits=has_exits)),
        tuple(changes),
    )


def _stated_row(portfolio: UUID, lot: Lot, as_of: date) -> Row:
    contract = lot.contract
    return {
        "position_id": None,
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
        "tags": lot.tags,
        "notes": lot.notes,
        "is_entry_assumed": lot.is_entry_assumed or None,
        "spun_off_on": lot.spun_off_on,
    }


def _with_known_words(row: Row, known: Row | None) -> Row:
    """The row with the known tags, notes and doubt about its entry date where the statement has none."""
    if known is None:
        return row
    kept = ("tags", "notes", "is_entry_assumed")
    return {**row, **{name: row[name] or known[name] for name in kept}}


# --- what changes ----------------------------------------------------------------------------------------


def _withdrawn_rows(known: Mapping[str, Row], after: Iterable[Row], as_of: date) -> list[Row]:
    """Rows that only an earlier version of this statement listed: they are withdrawn."""
    kept = {row["position_id"] for row in after}
    return [
        withdrawn(row, as_of)
        for key, row in known.items()
        if key not in kept and _is_stated(row, as_of) and not is_withdrawn(row)
    ]


def _change(row: Row, known: Row | None) -> Change:
    is_part = row["position_id"] != lot_id(row)
    if known is None:
        kind = "sold in part" if is_part else "new"
    elif {**row, "statement_date": None} == {**known, "statement_date": None}:
        kind = "unchanged"
    elif is_withdrawn(row):
        kind = "withdrawn"
    elif known["exit_date"] is None and row["exit_date"] is not None:
        kind = "closed"
    else:
        kind = "changed"
    return Change(kind, row, known)


def _repeats(known: Iterable[Row], stated: Iterable[Row], changes: Iterable[Change], as_of: date) -> bool:
    """Whether a statement lists the lots that were open at its date, and changes nothing."""
    listed = {lot_key(row) for row in stated}
    was_open = {lot_key(row) for row in known if is_open({**row, "exit_date": _exit_by(row, as_of)}, as_of)}
    return was_open <= listed and all(change.kind == "unchanged" for change in changes)


def _repeated(
    then: Sequence[Row], before: Sequence[Row], stated: Sequence[Row], as_of: date, newest: date
) -> StatementRows:
    """The effect of a statement that is not the newest: none, if it says what was known by its date.

    Raises StatementOrderError otherwise: each statement is the change of the one before.
    """
    known = {row["position_id"]: row for row in then}
    after = [
        _with_known_words(row, known.get(row["position_id"]))
        for row in after_statement(before, stated, as_of)
    ]
    changes = [_change(row, known.get(row["position_id"])) for row in after]
    if not _repeats(then, stated, changes, as_of):
        raise StatementOrderError(
            f"The portfolio already has a statement of {newest}, and this one of {as_of} differs from what "
            "is known of that day. Only the newest statement can be replaced: correct the lots in one of "
            f"{newest} or later, or give another date with --statement-date if {as_of} is not its date."
        )
    nothing = pd.DataFrame([], columns=list(POSITIONS.columns), dtype=object)
    notice = f"The statement of {as_of} says what is known; the newest one is of {newest}."
    return StatementRows(nothing, (), (notice,), tuple(changes))


def _exit_by(row: Row, as_of: date) -> date | None:
    exit_date: date | None = row["exit_date"]
    return exit_date if exit_date is not None and exit_date <= as_of else None


def _is_stated(row: Row, as_of: date) -> bool:
    stated: bool = row["statement_date"] == as_of
    return stated


def _ended(row: Row) -> tuple[str, str]:
    """What was done with a part of a long, or of a short: the verb and the noun."""
    return ("bought back", "purchase") if row["quantity"] < 0 else ("sold", "sale")


def _change_notices(changes: Sequence[Change], listed: Collection[LotKey], *, has_exits: bool) -> list[str]:
    """Notices of changes by omission, which the user may not have intended. listed: the statement's lots."""
    parts = [
        f"{_described(change.row)}: {plain(abs(change.row['quantity']))} were {_ended(change.row)[0]} by "
        f"{change.row['exit_date']}, because the statement lists that much less"
        + (f"; {_EXIT} would set the date and price of the {_ended(change.row)[1]}." if has_exits else ".")
        for change in changes
        if change.kind == "sold in part"
        and change.row["exit_price"] is None
        and change.row["investment_subtype"] != "CASH"
    ]
    taken_back = [
        f"{_described(change.row)}: listed by an earlier version of this statement and no longer, so it is "
        "withdrawn from its entry on" + (f"; if it was sold, add {_EXIT}." if has_exits else ".")
        for change in changes
        if change.kind == "withdrawn"
        and change.row["position_id"] == lot_id(change.row)
        and lot_key(change.row) not in listed
        and change.row["investment_subtype"] != "CASH"
    ]
    return shortened(parts) + shortened(taken_back)


def _described(row: Row) -> str:
    return f"{row['symbol']} of {row['entry_date']} at {plain(row['entry_price'])}"
