"""Load a positions file, all of it or nothing: a statement in twelve columns or in a broker's layout.

A later file of the same portfolio is a new statement: lots that it no longer lists were closed at its date.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from ingestion.errors import InvalidPortfolio, InvalidPositionsFile, PositionsFileError, StatementOrderError
from ingestion.files.csv_reader import Record
from ingestion.market.calendar import FIRST_DAY, session_on_or_before
from ingestion.portfolios.portfolios import (
    Portfolio,
    PortfolioFields,
    known_portfolio,
    missing_value_at_opening,
    with_stored_name,
)
from ingestion.portfolios.tag_attributes import read_tag_book
from ingestion.raw.datasets import CAPITAL_FLOWS, PORTFOLIOS, POSITIONS, STATED_COSTS
from ingestion.raw.loads import Connection, LoadReport, load_transaction
from ingestion.statements.actions.contracts import strike_notices
from ingestion.statements.actions.spin_offs import missed_notices
from ingestion.statements.actions.splits import Splits, read_splits, traded_symbol, traded_symbol_of
from ingestion.statements.actions.successors import as_known, read_successors, successor_notices
from ingestion.statements.brokers.entries import (
    HOW_TO_DATE,
    HOW_TO_PRICE,
    Earlier,
    Entries,
    EntryTerms,
    entries,
)
from ingestion.statements.brokers.export import Holding
from ingestion.statements.columns import COLUMNS, ENTRY_DATE, ENTRY_PRICE, SYMBOL
from ingestion.statements.known import held_lots, known_lots
from ingestion.statements.market_values import contradicted_values
from ingestion.statements.money.account import (
    ListedValue,
    Reconciliation,
    equity_of_rows,
    has_lots_to_build,
    listed_values,
    opening_value,
    published_equity,
    reconcile_account,
)
from ingestion.statements.money.balances import CashFlow
from ingestion.statements.money.cash_flow import cash_flow
from ingestion.statements.money.cash_lots import is_cash_lot, with_cash_movements
from ingestion.statements.money.stated_costs import costs_before, stated_frame
from ingestion.statements.money.trades import received_until
from ingestion.statements.money.values import CENT, entry_value, row_value
from ingestion.statements.notices import shortened
from ingestion.statements.opening import opening_date, opening_notices
from ingestion.statements.parts import Row, is_withdrawn
from ingestion.statements.reconcile import Change, StatementRows, statement_rows
from ingestion.statements.rows import Lot, parse_lot
from ingestion.statements.shares import BoughtLots, SharesAsOf, lots_as_bought
from ingestion.statements.source import PositionsSource, open_positions

SOURCE = "positions_file"
NOTHING_SAID = EntryTerms()
_NOT_COMPARED = (
    "Your broker's total is not compared with ours: an earlier statement is loaded and not built yet; "
    "`sigmasight nightly` builds it."
)

_NOT_KNOWN = "Your broker's total is not compared with ours: a price of what was sold since is not known."

Before = Callable[[date], Earlier]


@dataclass(frozen=True)
class Statement:
    """A parsed file or download. as_of: its date. notices: what was ignored or assumed.

    listed: the holdings of a download, empty for a file in our columns. account_value: its total, USD.
    has_zero_cash: whether a download lists its cash, and that is 0. unsure: as in Entries.
    """

    lots: tuple[Lot, ...]
    notices: tuple[str, ...]
    as_of: date
    listed: tuple[Holding, ...] = ()
    account_value: Decimal | None = None
    has_zero_cash: bool = False
    unsure: Mapping[str, date | None] = field(default_factory=dict)

    @property
    def gross_at_cost(self) -> Decimal:
        """Sum of the absolute entry values of all lots, USD."""
        return sum((abs(entry_value(lot)) for lot in self.lots), Decimal(0))


@dataclass(frozen=True)
class PreparedStatement:
    """A statement compared with the warehouse: what would be written.

    lots: in the shares of their entries, cash as it moved. before: the rows after earlier statements.
    equity: at the statement's date if that is published, else the starting capital, USD.
    reconciliation: of a download with market values. suggestion: names that a new portfolio's may be a typo
    of, as a question. valued_at_cost: positions of a download that count at their cost in the equity with
    which it opens the portfolio, since nothing values them.
    """

    statement: Statement
    portfolio: Portfolio
    known: Portfolio | None
    rows: StatementRows
    lots: tuple[Lot, ...]
    before: tuple[Row, ...]
    flows: tuple[CashFlow, ...]
    equity: Decimal
    reconciliation: Reconciliation | None
    suggestion: str | None
    valued_at_cost: tuple[str, ...]
    notices: tuple[str, ...]


def read_positions_file(
    path: Path,
    *,
    today: date | None = None,
    statement_date: date | None = None,
    terms: EntryTerms = NOTHING_SAID,
    before: Before | None = None,
    has_entries: bool = True,
) -> Statement:
    """Read a positions file. Raises InvalidPositionsFile with all errors of the file.

    today, statement_date: no date may be later (defaults: today in UTC; the date of a broker's download, else
    today). terms, before: for downloads, the user's terms and what is known before a date. has_entries: False
    for a file of trades, whose entry prices and dates count for nothing: they may be empty, and rows may
    repeat.
    """
    today = today or datetime.now(UTC).date()
    source = open_positions(path, terms.formats, today=today)
    as_of = statement_date or _own_date(path, source, today) or today
    rows = _rows(source, terms, before(as_of) if before and source.export else Earlier(), as_of)
    lots: list[Lot] = []
    errors: list[PositionsFileError] = [*rows.errors]
    for record in rows.records if has_entries else map(_without_entry, rows.records):
        lot, found = parse_lot(record, today=today, statement_date=as_of)
        errors += found if source.export is None else [_with_remedy(error) for error in found]
        if lot is not None:
            lots.append(lot)
    errors += _duplicates(lots) if has_entries else []
    if errors:
        raise InvalidPositionsFile(path, sorted(errors, key=lambda error: error.row or 0))
    notices = (*rows.notices, *_detected(lots), *_early(lots))
    terms_of_file = rows.listed, rows.account_value, rows.has_zero_cash, rows.unsure
    return Statement(tuple(lots), notices, as_of, *terms_of_file)


def load_positions(
    connection: Connection,
    path: Path,
    *,
    portfolio_name: str,
    owner_email: str,
    equity: Decimal | str | None = None,
    owner_full_name: str | None = None,
    account_type: str | None = None,
    account_name: str | None = None,
    description: str | None = None,
    inception_date: date | None = None,
    statement_date: date | None = None,
    today: date | None = None,
    is_new: bool = False,
    performs_from_statement: bool = False,
    terms: EntryTerms = NOTHING_SAID,
    shares_as_of: SharesAsOf | None = None,
) -> list[LoadReport]:
    """Load a portfolio's statement: the portfolio and its positions in one transaction.

    equity: starting capital in USD; default for a new portfolio: the value of a download, or the cost of a
    file's lots. statement_date: the date of the statement (default: that of a broker's download, else today);
    open lots that it does not list are closed at that session's close. inception_date: default the earliest
    entry date. is_new: refuse an existing portfolio. performs_from_statement: lots from before the first
    statement open at their value of its date, as those of a download do. terms: what a broker's download
    lacks. shares_as_of: the date in whose shares a file lists lots that were split since their entry
    (default: as their prices tell). Raises InvalidPositionsFile (including the portfolio's errors),
    InvalidPortfolio or StatementOrderError; then only the record of the failure is written.
    """
    fields = PortfolioFields(
        portfolio_name,
        owner_email,
        equity,
        owner_full_name,
        account_type,
        description,
        inception_date,
        account_name,
        is_new,
        performs_from_statement,
    )
    return load_fields(
        connection,
        path,
        fields,
        statement_date=statement_date,
        today=today,
        terms=terms,
        shares_as_of=shares_as_of,
    )


def load_fields(
    connection: Connection,
    path: Path,
    fields: PortfolioFields,
    *,
    statement_date: date | None = None,
    today: date | None = None,
    terms: EntryTerms = NOTHING_SAID,
    shares_as_of: SharesAsOf | None = None,
) -> list[LoadReport]:
    """Like load_positions, with the portfolio's fields in one object."""
    with load_transaction(connection, POSITIONS.name, source=SOURCE, origin=str(path)) as load:
        # another statement may be loaded at the same time: it waits, and then knows these lots
        load.lock(PORTFOLIOS, POSITIONS)
        fields = with_stored_name(connection, fields)
        statement = _read_for(
            connection, path, fields, today=today, statement_date=statement_date, terms=terms
        )
        prepared = _prepare(connection, path, fields, statement, shares_as_of)
        reports = [
            load.rows(PORTFOLIOS, prepared.portfolio.frame()),
            load.rows(POSITIONS, prepared.rows.frame, notices=prepared.notices),
        ]
        if prepared.flows:
            frame = pd.concat([flow.frame() for flow in prepared.flows], ignore_index=True)
            reports.append(load.rows(CAPITAL_FLOWS, frame))
        costs = stated_frame(connection, fields.portfolio_id, statement.listed, statement.as_of)
        if not costs.empty:
            load.rows(STATED_COSTS, costs)  # without a report: nothing that is shown changes with it
        return reports


def prepare_positions(
    connection: Connection,
    path: Path,
    fields: PortfolioFields,
    *,
    statement_date: date | None = None,
    today: date | None = None,
    terms: EntryTerms = NOTHING_SAID,
    shares_as_of: SharesAsOf | None = None,
) -> PreparedStatement:
    """What load_positions would write, without writing it. Raises the same exceptions."""
    with connection.transaction():
        fields = with_stored_name(connection, fields)
        statement = _read_for(
            connection, path, fields, today=today, statement_date=statement_date, terms=terms
        )
        return _prepare(connection, path, fields, statement, shares_as_of)


def _read_for(
    connection: Connection,
    path: Path,
    fields: PortfolioFields,
    *,
    today: date | None,
    statement_date: date | None,
    terms: EntryTerms,
) -> Statement:
    """The statement of this portfolio; errors of the portfolio are reported with those of the file."""
    today = today or datetime.now(UTC).date()
    if statement_date is not None and not FIRST_DAY < statement_date <= today:
        raise StatementOrderError(
            f"The statement's date {statement_date} lies in the future or before {FIRST_DAY.year}; "
            "correct it."
        )
    try:
        return read_positions_file(
            path,
            today=today,
            statement_date=statement_date,
            terms=terms,
            before=lambda as_of: Earlier(
                held_lots(connection, fields.portfolio_id, as_of),
                costs_before(connection, fields.portfolio_id, as_of),
            ),
        )
    except InvalidPositionsFile as error:
        known = known_portfolio(connection, fields.portfolio_id)
        own = [
            PositionsFileError(wrong.code, None, wrong.field, wrong.value, wrong.sentence)
            for wrong in fields.errors(known, gross_at_cost=Decimal(0))
        ]
        raise InvalidPositionsFile(path, [*own, *error.errors]) from error


def _with_tags_as_stored(
    connection: Connection, fields: PortfolioFields, lots: Iterable[Lot]
) -> tuple[Lot, ...]:
    """The lots, with the tags that were renamed under the names that they are stored with."""
    book, owner = read_tag_book(connection), fields.owner_email.strip().lower()
    return tuple(replace(lot, tags=book.keys(owner, lot.tags)) if lot.tags else lot for lot in lots)


def _prepare(
    connection: Connection,
    path: Path,
    fields: PortfolioFields,
    statement: Statement,
    shares_as_of: SharesAsOf | None,
) -> PreparedStatement:
    known = known_portfolio(connection, fields.portfolio_id)
    splits = read_splits(connection, {traded_symbol(lot) for lot in statement.lots})
    bought = _bought(connection, path, fields, statement, splits=splits, shares_as_of=shares_as_of)
    before = known_lots(connection, fields.portfolio_id, latest=statement.as_of - timedelta(days=1))
    lots = with_cash_movements(_with_tags_as_stored(connection, fields, bought.lots), before, statement.as_of)
    is_download = bool(statement.listed)
    rows = statement_rows(connection, fields.portfolio_id, lots, statement.as_of, has_exits=not is_download)
    opening = _opening(connection, fields, known, statement)
    after = [change.row for change in rows.changes]
    flows, beside, flow_notices = cash_flow(
        connection, fields.portfolio_id, before, after, statement.as_of, has_zero_cash=statement.has_zero_cash
    )
    values = listed_values(
        connection, fields.portfolio_id, statement.listed, statement.lots, statement.as_of, splits=splits
    )
    listed_before = _in_listed_cash(connection, statement, after) if not before else Decimal(0)
    derived = opening_value(values, statement.lots) - listed_before
    is_derived = fields.equity is None and (
        known is None or _replaces_derived(connection, fields, known, statement, before)
    )
    portfolio = (replace(fields, equity=derived) if known and is_derived else fields).resolve(
        known,
        gross_at_cost=statement.gross_at_cost,
        entry_dates=rows.new_entry_dates,
        derived_equity=derived,
        opening_date=opening,
    )
    is_given = known is None and fields.equity is not None
    at_cost = tuple(value.symbol for value in values if value.is_at_cost) if is_derived else ()
    published = published_equity(connection, fields.portfolio_id, statement.as_of) if known else None
    restated = portfolio.initial_equity - known.initial_equity if known else Decimal(0)
    equity = (
        portfolio.initial_equity
        if published is None
        else published + restated + sum(flow.amount - flow.earlier for flow in flows)
    )
    is_waiting = known is not None and has_lots_to_build(connection, fields.portfolio_id, statement.as_of)
    compared, is_not_known = None, False
    if published is not None:
        compared = equity + _gain_of_new(values, statement.lots, rows.changes, opening)
    if is_given:
        compared = equity
    elif published is None and known and known.opening_date and not before:
        compared = equity + sum((value.first_gain for value in values), Decimal(0))
    elif published is None and before:
        last = max(row["statement_date"] for row in before if row["statement_date"])
        compared = equity_of_rows(connection, fields.portfolio_id, last, values, beside)
        is_not_known = compared is None and beside is None and not is_waiting
        compared = None if compared is None else compared + restated
        is_waiting = is_waiting or compared is None
    return PreparedStatement(
        statement,
        portfolio,
        known,
        rows,
        lots,
        tuple(before),
        flows,
        equity,
        None if is_waiting else _reconciled(statement, values, compared),
        fields.suggestion if known is None and not fields.is_new else None,
        at_cost,
        (
            *statement.notices,
            *bought.notices,
            *opening_notices(rows.changes, opening),
            *missed_notices(connection, bought.lots, before, statement.as_of, opening),
            *strike_notices(connection, bought.lots, before, statement.as_of),
            *rows.notices,
            *flow_notices,
            *(_derived_notices(portfolio, statement, values, at_cost, listed_before) if is_derived else []),
            *([_NOT_KNOWN if is_not_known else _NOT_COMPARED] if is_waiting and values else []),
        ),
    )


def _bought(
    connection: Connection,
    path: Path,
    fields: PortfolioFields,
    statement: Statement,
    *,
    splits: Splits,
    shares_as_of: SharesAsOf | None,
) -> BoughtLots:
    """The lots in the shares of their entries. Raises InvalidPositionsFile."""
    # without the rows of this statement, which it replaces: they may not have known what lots became
    known = known_lots(connection, fields.portfolio_id, latest=statement.as_of - timedelta(days=1))
    successors = read_successors(
        connection,
        {traded_symbol(lot) for lot in statement.lots} | {traded_symbol_of(row) for row in known},
    )
    lots = as_known(successors, statement.lots, known, statement.as_of)
    became = [
        successors.became(traded_symbol(lot), lot.entry_date, lot.exit_date or statement.as_of)
        for lot in lots
    ]
    others = {lot.line for lot, later in zip(lots, became, strict=True) if later.is_other}
    bought = lots_as_bought(
        connection,
        fields.portfolio_id,
        lots,
        statement.as_of,
        splits=splits,
        shares_as_of="statement" if statement.listed else shares_as_of,
    )
    errors = [*bought.errors, *_duplicates(bought.lots)]
    # what became of a lot is not compared: the shares of a merger are not those of the download's symbol
    listed = [holding for holding in statement.listed if holding.line not in others]
    errors += contradicted_values(connection, listed, bought.lots, statement.as_of, splits)
    if errors:
        raise InvalidPositionsFile(path, errors)
    return replace(bought, notices=(*successor_notices(statement.lots, lots), *bought.notices))


def _opening(
    connection: Connection, fields: PortfolioFields, known: Portfolio | None, statement: Statement
) -> date | None:
    """The portfolio's opening date. Raises InvalidPortfolio if its value there is not known."""
    opening = opening_date(
        connection,
        fields.portfolio_id,
        known,
        statement.as_of,
        is_download=bool(statement.listed),
        is_asked=fields.performs_from_statement,
    )
    if opening is not None and known is None and fields.equity is None and not statement.listed:
        raise InvalidPortfolio([missing_value_at_opening(opening)])
    return opening


def _replaces_derived(
    connection: Connection,
    fields: PortfolioFields,
    known: Portfolio,
    statement: Statement,
    before: Sequence[Row],
) -> bool:
    """Whether a file replaces the first one, at whose cost the portfolio starts: then at its own cost."""
    if before or statement.listed or known.opening_date is not None:
        return False
    rows = known_lots(connection, fields.portfolio_id, latest=statement.as_of)
    cost = sum((row_value(row, row["entry_price"]) for row in rows if not is_withdrawn(row)), Decimal(0))
    received = received_until(connection, rows, statement.as_of)
    return known.initial_equity in {cost, cost - received}


def _reconciled(
    statement: Statement, values: Sequence[ListedValue], equity: Decimal | None
) -> Reconciliation | None:
    """The download's totals against our equity, or against our values of its rows where that is not known."""
    if equity is None:
        equity = sum((value.ours for value in values), Decimal(0))
    return reconcile_account(values, statement.account_value, equity) if values else None


def _gain_of_new(
    values: Sequence[ListedValue], listed: Sequence[Lot], changes: Sequence[Change], opening: date | None
) -> Decimal:
    """What lots that are new with the statement gained until its session: no published equity has it.

    listed: the lots as the statement lists them. opening: of the portfolio; older lots open at their value.
    """
    performs_from = session_on_or_before(opening) if opening else date.min
    rows = [change.row for change in changes if change.kind == "new"]
    new = {(row["symbol"], row["entry_date"], row["entry_price"]) for row in rows}
    by_symbol: dict[str, list[Lot]] = {}
    for lot in listed:
        by_symbol.setdefault(lot.symbol, []).append(lot)
    gain = Decimal(0)
    for value in values:
        own = by_symbol.get(value.symbol, [])
        held = sum((lot.quantity for lot in own), Decimal(0))
        for lot in own:
            is_new = (lot.symbol, lot.entry_date, lot.entry_price) in new and lot.entry_date >= performs_from
            if held and is_new:
                gain += (value.ours * lot.quantity / held).quantize(CENT) - entry_value(lot)
    return gain


def _in_listed_cash(connection: Connection, statement: Statement, rows: Sequence[Row]) -> Decimal:
    """What the lots of our own file brought before its date, if it lists cash: that is where it is."""
    if statement.listed or not any(is_cash_lot(lot) for lot in statement.lots):
        return Decimal(0)
    return received_until(connection, rows, statement.as_of)


def _derived_notices(
    portfolio: Portfolio,
    statement: Statement,
    values: Sequence[ListedValue],
    at_cost: Sequence[str],
    listed_before: Decimal,
) -> list[str]:
    source = (
        "value of the positions and cash of the download" if statement.listed else "cost of the lots at entry"
    )
    start = f"{portfolio.initial_equity:,.2f}"
    if listed_before:
        less = "less" if listed_before > 0 else "plus"
        did = "sales, expiries and dividends" + (" brought" if listed_before > 0 else " cost")
        source += f", {less} {abs(listed_before):,.2f} that {did} until {statement.as_of}, as the cash shows"
    notices = [f"The portfolio starts with an equity of {start}, the {source}; --equity sets another."]
    if at_cost:
        notices.append(
            f"Without a price of that day and a value in the download: {', '.join(at_cost)}. In the equity "
            "they have their cost."
        )
    unquoted = [
        value.symbol for value in values if value.is_option and value.is_marked and not value.is_at_cost
    ]
    if unquoted:
        notices.append(
            f"Without a quote of that day: {', '.join(unquoted)}. In the equity they have the broker's "
            "value, as positions the model's; the difference stays in cash."
        )
    return notices


# --- the rows --------------------------------------------------------------------------------------------


def _own_date(path: Path, source: PositionsSource, today: date) -> date | None:
    """The date of a download. Raises InvalidPositionsFile if it is impossible."""
    as_of = source.export.as_of if source.export else None
    if as_of is None or FIRST_DAY < as_of <= today:
        return as_of
    sentence = f"The download's date {as_of} is impossible; give the date with --statement-date."
    raise InvalidPositionsFile(path, [PositionsFileError("ERR_PORT_008", None, None, str(as_of), sentence)])


def _detected(lots: Iterable[Lot]) -> list[str]:
    """The private holdings whose subtype is that of their name."""
    return shortened(
        [
            f"Row {lot.line}: {lot.symbol} is taken as {lot.detected_subtype}, by its name; "
            "fill Investment Subtype to change it."
            for lot in lots
            if lot.detected_subtype and lot.investment_class == "PRIVATE"
        ]
    )


def _early(lots: Iterable[Lot]) -> list[str]:
    count = sum(lot.entry_date < FIRST_DAY for lot in lots)
    if not count:
        return []
    return [
        f"{count} lots were entered before {FIRST_DAY}, where the calendar begins; they count from then on."
    ]


def _rows(source: PositionsSource, terms: EntryTerms, earlier: Earlier, as_of: date) -> Entries:
    """The rows in our columns, for both kinds of file."""
    if source.export is not None:
        read = entries(source.export, terms, earlier, as_of)
        return replace(read, notices=(*source.notices, *read.notices))
    assert source.file is not None  # noqa: S101 - a source has either a file or an export
    notices = [*source.notices]
    notices += [f"The column {name!r} is unknown and was ignored." for name in source.file.unknown]
    if terms.is_for_download:
        notices.append(
            "The file has its own entry dates and prices: the options for downloads were not used."
        )
    return Entries(source.file.records, tuple(notices), source.errors)


def _with_remedy(error: PositionsFileError) -> PositionsFileError:
    """The error of a download's row, naming the option that supplies the missing field."""
    remedies = {"ERR_POS_012": HOW_TO_DATE, "ERR_POS_008": HOW_TO_PRICE}
    if error.code not in remedies:
        return error
    return replace(error, sentence=f"{error.field} is missing: {remedies[error.code]}.")


def _without_entry(record: Record) -> Record:
    """The record of a trade: any entry that can be read stands for none."""
    return replace(record, cells={**record.cells, ENTRY_PRICE: "1", ENTRY_DATE: FIRST_DAY.isoformat()})


def _duplicates(lots: Iterable[Lot]) -> list[PositionsFileError]:
    """Errors for lots that repeat an earlier row, and would have the same key.

    The sold and the kept part of a lot are not duplicates: their exits differ.
    """
    first: dict[tuple[Any, ...], int] = {}
    errors = []
    for lot in lots:
        key = (lot.symbol, lot.entry_date, lot.entry_price, lot.exit_date)
        line = first.setdefault(key, lot.line)
        if line != lot.line:
            sentence = (
                f"{lot.symbol} of {lot.entry_date} at {lot.entry_price} is already in row {line}; "
                "add the quantities up in one row."
            )
            errors.append(PositionsFileError("ERR_POS_023", lot.line, COLUMNS[SYMBOL], lot.symbol, sentence))
    return errors
