"""Interactive Brokers: the activity statement and the Flex query of open positions, both as CSV.

The statement holds many tables in one file; each line begins with its section and its kind (Header, Data,
Total). Open Positions has a Summary per position and, if configured, a Lot per purchase with its date. A Flex
query is one or more plain tables with configurable columns. Both write options as OCC symbols or as `AAPL
15AUG25 200 P`, and cost per share. Only US dollars can be loaded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from ingestion.errors import PositionsFileError
from ingestion.statements.brokers.export import Export, Holding
from ingestion.statements.brokers.holding import cash, foreign_currency
from ingestion.statements.brokers.notation import amount, day, option_symbol, quantity, share_class
from ingestion.statements.brokers.table import Line, Row, header_names, named_cells
from ingestion.statements.brokers.units import OPTION_MULTIPLIER, per_share

BROKER = "Interactive Brokers"

_SECTIONS = frozenset({"Open Positions", "Long Open Positions", "Short Open Positions"})
_FLEX_HEADER = {"currencyprimary", "assetclass", "symbol", "quantity"}
_FLEX_COST = {"costbasisprice", "costbasismoney"}
_CLASSES = {
    **dict.fromkeys(["stocks", "stk"], ("", "")),
    **dict.fromkeys(["equity and index options", "options", "opt"], ("OPTIONS", "")),
    **dict.fromkeys(["mutual funds", "funds", "fund"], ("PUBLIC", "MUTUAL_FUND")),
    **dict.fromkeys(["cryptocurrencies", "crypto"], ("PRIVATE", "CRYPTOCURRENCY")),
}


def read_activity(lines: Sequence[Line]) -> Export | None:
    """An activity statement with its open positions, or None."""
    if not any(
        len(line.cells) > 1 and line.cells[0] in _SECTIONS and line.cells[1] == "Header" for line in lines
    ):
        return None
    rows = list(_activity_rows(lines))
    about = {tuple(line.cells[:3]): line.cells[3] for line in lines if len(line.cells) > 3}  # noqa: PLR2004
    account = about.get(("Account Information", "Data", "Account"), "")
    period = about.get(("Statement", "Data", "Period"), "").split(" - ")[-1]
    export = _export(rows, day(period), account)
    base = about.get(("Account Information", "Data", "Base Currency"), "")
    return replace(export, holdings=(*export.holdings, *_cash(lines, base, account)))


def read_flex(lines: Sequence[Line]) -> Export | None:
    """A Flex query's open positions, or None."""
    rows = list(_flex_rows(lines))
    if not any(_is_flex_header(line) for line in lines):
        return None
    as_of = max((found for row in rows if (found := day(row["reportdate"]))), default=None)
    return _export(rows, as_of, "")


def _export(rows: Sequence[Row], as_of: date | None, account: str) -> Export:
    foreign = [row for row in rows if row.first("currency", "currencyprimary") != "USD"]
    ours = [row for row in rows if row.first("currency", "currencyprimary") == "USD"]
    lots: dict[str, list[Row]] = {}
    for row in ours:
        if _detail(row) == "lot":
            lots.setdefault(row["symbol"], []).append(row)
    holdings = []
    for row in ours:
        if _detail(row) in {"summary", ""}:
            summary = _holding(row, account)
            own = [_lot(lot, summary) for lot in lots.get(row["symbol"], [])]
            of_lots = sum((lot.quantity for lot in own if isinstance(lot.quantity, Decimal)), Decimal(0))
            holdings += own if own and of_lots == summary.quantity else [summary]
    return Export(BROKER, as_of, tuple(holdings), errors=tuple(_foreign(row) for row in foreign))


def _cash(lines: Sequence[Line], base: str, account: str) -> Iterator[Holding]:
    """The ending cash of the Cash Report: of all currencies if the base currency is USD, else of USD."""
    names: list[str] = []
    wanted = "Base Currency Summary" if base == "USD" else "USD"
    for line in lines:
        if line.cells[0] != "Cash Report":
            continue
        if line.cells[1] == "Header":
            names = header_names(line.cells[2:])
            continue
        row = Row(line.number, named_cells(names, line.cells[2:], line.number))
        if row["currency summary"] == "Ending Cash" and row["currency"] == wanted:
            yield cash(row.number, quantity(row["total"]), account)


def _detail(row: Row) -> str:
    return row.first("datadiscriminator", "levelofdetail").lower()


def _foreign(row: Row) -> PositionsFileError:
    return foreign_currency(row.number, row["symbol"], row.first("currency", "currencyprimary"))


def _holding(row: Row, account: str) -> Holding:
    kind = row.first("asset category", "assetclass")
    # an unknown class keeps its name, so that the row's error shows it
    investment_class, subtype = _CLASSES.get(kind.lower(), (kind, ""))
    multiplier = amount(row.first("mult", "multiplier"))
    option = option_symbol(row["symbol"]) if investment_class == "OPTIONS" else None
    if investment_class == "OPTIONS" and multiplier not in {None, OPTION_MULTIPLIER}:
        investment_class = f"{kind} of {multiplier} shares"
    held = quantity(row["quantity"])
    total = per_share(
        row.first("cost basis", "costbasismoney"), held, is_option=investment_class == "OPTIONS"
    )
    return Holding(
        row.number,
        option or share_class(row["symbol"]),
        held,
        cost=amount(row.first("cost price", "costbasisprice")) or total,
        market_price=amount(row.first("close price", "markprice")),
        investment_class=investment_class,
        subtype=subtype,
        account=account or row["clientaccountid"],
    )


def _lot(row: Row, summary: Holding) -> Holding:
    held = quantity(row["quantity"])
    return replace(
        summary,
        line=row.number,
        quantity=held,
        cost=amount(row.first("cost price", "costbasisprice")) or summary.cost,
        entry_date=day(row.first("open", "opendatetime")),
    )


def _activity_rows(lines: Sequence[Line]) -> Iterator[Row]:
    names: list[str] = []
    for line in lines:
        if line.cells[0] not in _SECTIONS or len(line.cells) < 3:  # noqa: PLR2004 - section, kind, cells
            continue
        if line.cells[1] == "Header":
            names = header_names(line.cells[2:])
        elif line.cells[1] == "Data":
            yield Row(line.number, named_cells(names, line.cells[2:], line.number))


def _is_flex_header(line: Line) -> bool:
    names = set(header_names(line.cells))
    return names >= _FLEX_HEADER and bool(names & _FLEX_COST)


def _flex_rows(lines: Sequence[Line]) -> Iterator[Row]:
    """The rows of the positions table, up to the next header, without the codes that may begin a line."""
    names: list[str] | None = None
    for line in lines:
        if _is_flex_header(line):
            names = header_names(line.cells)
        elif {"clientaccountid", "HEADER"} & {line.cells[0].lower(), line.cells[0]}:
            names = None  # another table begins
        elif names is not None and line.cells[0] not in {"BOF", "BOA", "BOS", "EOS", "EOA", "EOF"}:
            yield Row(line.number, named_cells(names, line.cells, line.number))
