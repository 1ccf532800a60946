"""Benchmarks of portfolios, from a file (benchmarks.csv) or one by one, with their history.

Columns of the file: portfolio_name, owner_email (optional if the name is unique), symbol (empty: the
default), effective_date. Without a date, a portfolio's first benchmark is in force from its inception, a
later one from today. A portfolio without a benchmark of its own has the default one.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ingestion.errors import InvalidEntryError
from ingestion.market.occ import looks_like_occ
from ingestion.market.symbols import (
    DEFAULT_BENCHMARK,
    LONGEST_SYMBOL,
    VALID_SYMBOL,
    is_cash,
    normalize_symbol,
)
from ingestion.portfolios.cells import PortfolioCells
from ingestion.portfolios.dated_files import DatedFile, read_dated_file
from ingestion.portfolios.entries import Holder, Row, check_day, in_force, stored_entries, write_entry
from ingestion.portfolios.portfolios import Portfolio
from ingestion.raw.datasets import BENCHMARKS
from ingestion.raw.loads import Connection, LoadReport, load_transaction

SOURCE = "files"

_SUBJECT = ("portfolio_id",)
_PRICED = "select exists (select from raw.prices where symbol = %s)"


def load_benchmarks(connection: Connection, path: Path, *, today: date | None = None) -> LoadReport:
    """Load a file of benchmarks, all of it or nothing.

    Raises MalformedFileError, or UnknownPortfolioError naming the known portfolios.
    """
    with load_transaction(connection, BENCHMARKS.name, source=SOURCE, origin=str(path)) as load:
        return load.rows(
            BENCHMARKS, read_dated_file(connection, path, today or datetime.now(UTC).date(), _FILE)
        )


def set_benchmark(
    connection: Connection,
    holder: Holder,
    symbol: str,
    *,
    day: date | None = None,
    today: date | None = None,
) -> LoadReport:
    """Compare a portfolio with the total return of a symbol.

    day: the first day (default: the portfolio's inception for its first benchmark, else today). Raises
    InvalidEntryError.
    """
    symbol = normalize_symbol(symbol)
    fault = _fault(symbol)
    if fault:
        raise InvalidEntryError(f"{symbol!r} {fault}")
    return _write(connection, holder, symbol, origin="benchmarks set", day=day, today=today)


def remove_benchmark(
    connection: Connection, holder: Holder, *, day: date | None = None, today: date | None = None
) -> LoadReport:
    """Return to the default benchmark from that day on (default: today); earlier days keep theirs.

    Raises InvalidEntryError if the portfolio has no benchmark of its own.
    """
    if not stored_entries(connection, BENCHMARKS, holder):
        raise InvalidEntryError(
            f"{holder.portfolio.portfolio_name!r} has no benchmark of its own; it is compared with "
            f"{DEFAULT_BENCHMARK}."
        )
    return _write(connection, holder, None, origin="benchmarks remove", day=day, today=today)


def current_benchmarks(
    connection: Connection, day: date, holder: Holder | None = None
) -> dict[tuple[Any, ...], Row]:
    """The rows in force on a day by (portfolio_id,); symbol is None where it is the default again."""
    return in_force(stored_entries(connection, BENCHMARKS, holder), _SUBJECT, day)


def is_priced(connection: Connection, symbol: str) -> bool:
    """Whether any price of the symbol is known."""
    with connection.transaction():
        row = connection.execute(_PRICED, [symbol]).fetchone()
    return bool(row and row[0])


def _write(
    connection: Connection,
    holder: Holder,
    symbol: str | None,
    *,
    origin: str,
    day: date | None,
    today: date | None,
) -> LoadReport:
    today = today or datetime.now(UTC).date()

    def make(_: object) -> Row | None:
        known = stored_entries(connection, BENCHMARKS, holder)
        since = check_day(day or (today if known else holder.portfolio.inception_date), today, "The day")
        before = in_force(known, _SUBJECT, since).get((holder.key,))
        return None if (before and before["symbol"]) == symbol else _row(holder.portfolio, since, symbol)

    return write_entry(connection, BENCHMARKS, origin, make)


def _row(portfolio: Portfolio, since: date, symbol: str | None) -> Row:
    return {"portfolio_id": str(portfolio.portfolio_id), "effective_date": since, "symbol": symbol}


def _fault(symbol: str) -> str | None:
    """Why a symbol cannot be a benchmark, or None."""
    if len(symbol) > LONGEST_SYMBOL or not VALID_SYMBOL.fullmatch(symbol):
        return "is not a symbol; write it like SPY."
    if is_cash(symbol):
        return "is cash, which has no return; give a fund of Treasury bills, such as BIL."
    if looks_like_occ(symbol):
        return "is an option; give a symbol with a price of its own, such as a fund or an index."
    return None


# --- the file --------------------------------------------------------------------------------------------


def _symbol(cells: PortfolioCells) -> str | None:
    if not cells.record["symbol"]:
        return None
    symbol = normalize_symbol(cells.text("symbol"))
    fault = _fault(symbol)
    if fault:
        raise cells.fault("symbol", fault)
    return symbol


_FILE = DatedFile(BENCHMARKS, "symbol", "symbol", "benchmarks", _symbol)
