"""Onboarding: load a statement, fetch prices and profiles of new symbols, backfill the portfolio.

    load       the positions file, one transaction; an invalid file changes nothing and stops here
    prices     of symbols that have none, or none as far back as they are held
    readiness  the share of positions with enough history for the risk models
    build      from the portfolio's first entry or opening to today, tested and published as in a nightly run

Each step starts from what the previous one committed, so after a crash the same command continues. If no
source answers, the load is kept: the build continues without prices, and the next nightly run tries again.
"""
# ruff: noqa: PLC0415 - imports only what a command uses

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from flows.alarms.report import alarms_reported
from flows.console import say, set_up_logging
from flows.database import Connection, rows
from flows.environment import prepare_environment
from flows.pipeline.engine import Engine
from flows.pipeline.load import load_calendar_if_short, load_source, say_loads
from flows.pipeline.lock import build_lock, process_name
from flows.pipeline.nightly import (
    LOAD_PERCENT,
    NightlyResult,
    Request,
    build_and_publish,
    recorded,
)
from flows.quarantine.attempts import check_released
from flows.source import Source
from flows.summaries.readiness import ENOUGH, Readiness, read_readiness
from warehouse.connections import Warehouse

if TYPE_CHECKING:
    from ingestion.raw.loads import LoadReport

logger = logging.getLogger(__name__)

Loader = Callable[[Connection], "list[LoadReport]"]

SYMBOLS_SHOWN = 10

# For each needed symbol, the first date with a price and the first date on which it is held, which is not
# before its portfolio opens (greatest() ignores a null).
# A factor's proxy is needed from the first date on which anything is held.
HISTORIES = """
with positions as (
    select
        coalesce(positions.underlying_symbol, positions.symbol) as symbol,
        greatest(positions.entry_date, portfolios.opening_date) as entry_date
    from raw.newest_positions as positions
    inner join raw.newest_portfolios as portfolios using (portfolio_id)
),

held as (select symbol, min(entry_date) as entry_date from positions group by symbol)

select
    needed.symbol,
    coalesce(held.entry_date, (select min(entry_date) from positions)) as entry_date,
    (
        select min(price_date) from raw.prices
        where
            prices.symbol = needed.symbol
            and (source <> 'simulated' or not ops.has_real_prices(clock_timestamp()))
    ) as first_price
from unnest(%s::text[]) as needed (symbol)
left join held using (symbol)
order by needed.symbol
"""

SIMULATED = "select exists (select from raw.prices where source = 'simulated')"

LAST_SOURCE = """
select source from ops.loads
where dataset = 'prices' and status = 'succeeded' and rows_new > 0
order by load_id desc limit 1
"""


@dataclass(frozen=True)
class Onboarded:
    """What an onboarding did. missing: symbols still without prices."""

    loads: "tuple[LoadReport, ...]"
    missing: tuple[str, ...]
    readiness: Readiness
    result: NightlyResult


def build_back(
    warehouse: Warehouse,
    engine: Engine,
    *,
    source: Source | None,
    prices: Path | None,
    portfolio_id: UUID | None,
) -> Onboarded:
    """Fetch prices of new symbols, report readiness, build back to the first entry or opening.

    source, prices, portfolio_id: as of run_onboarding. Raises SigmaSightError; PortfolioWithheldError
    if that portfolio is withheld, after everything else is done.
    """
    prepare_environment(warehouse)
    set_up_logging(warehouse.settings)
    with (
        alarms_reported(warehouse),
        build_lock(warehouse, "onboard") as lock,
        recorded(warehouse, "onboard") as run,
    ):
        loads = load_calendar_if_short(warehouse)
        run.phase("loading", LOAD_PERCENT)
        with run.step("load"):
            loads += engine.step("prices", lambda: fetch_missing(warehouse, source, prices))
        readiness, missing = report_readiness(warehouse, portfolio_id)
        result = build_and_publish(warehouse, engine, lock, run, loads=loads, request=Request())
    if portfolio_id is not None:
        check_released(warehouse, portfolio_id)
    return Onboarded(tuple(loads), missing, readiness, result)


def lacking_symbols(connection: Connection) -> list[str]:
    """Symbols without prices as far back as they are held, sorted."""
    from ingestion.market.symbols import symbols_to_price

    found = rows(connection, HISTORIES, [symbols_to_price(connection)])
    return [
        symbol
        for symbol, entry_date, first_price in found
        if first_price is None or (entry_date is not None and first_price > entry_date)
    ]


def usual_source(warehouse: Warehouse) -> Source | None:
    """The source of the last prices, the default when none is given. None for files, which users supply."""
    with warehouse.connect_writer(application_name=process_name("onboard"), autocommit=True) as connection:
        found = rows(connection, LAST_SOURCE)
    last = found[0][0] if found else None
    if last == Source.SIMULATED:
        return Source.SIMULATED
    return None if last == Source.FILES else Source.VENDORS


def fetch_missing(warehouse: Warehouse, source: Source | None, prices: Path | None) -> "list[LoadReport]":
    """Load missing prices from the source; empty when none are missing, or when no vendor answers.

    What an earlier attempt loaded is not requested again.
    """
    with warehouse.connect_writer(application_name=process_name("onboard"), autocommit=True) as connection:
        wanted = lacking_symbols(connection)
    if not wanted or source is None:
        return []
    reports = load_source(warehouse, source, prices, symbols=wanted)
    say_loads(reports)
    return reports


def fetch_for_statement(
    warehouse: Warehouse, source: Source, prices: Path | None, symbols: Sequence[str], first_entry: date
) -> bool:
    """Load prices of these symbols before their statement is; whether the source answered.

    The simulation always has the same symbols; the build loads it. first_entry: of the statement's lots.
    """
    if source is Source.SIMULATED:
        with warehouse.connect_writer(
            application_name=process_name("onboard"), autocommit=True
        ) as connection:
            return bool(rows(connection, SIMULATED)[0][0])
    from ingestion.errors import SourceUnavailableError

    try:
        say_loads(
            load_source(warehouse, source, prices, symbols=symbols, must_answer=True, held_from=first_entry)
        )
    except SourceUnavailableError as error:
        logger.warning("%s The statement is checked without the prices of its new symbols.", error)
        return False
    return True


def report_readiness(warehouse: Warehouse, portfolio_id: UUID | None) -> tuple[Readiness, tuple[str, ...]]:
    """Print and return the readiness of the holdings and the symbols without any price."""
    with warehouse.connect_writer(application_name=process_name("onboard"), autocommit=True) as connection:
        readiness = read_readiness(connection, portfolio_id)
        lacking = set(lacking_symbols(connection))
    missing = tuple(
        holding.symbol for holding in readiness.holdings if holding.symbol in lacking and not holding.returns
    )
    first, *others = readiness.sentences()
    say("ready" if readiness.share is None or readiness.share >= ENOUGH else "not ready", first)
    for sentence in others:
        say("", sentence)
    if missing:
        more = f", … and {len(missing) - SYMBOLS_SHOWN} more" if len(missing) > SYMBOLS_SHOWN else ""
        say("no prices", f"for {', '.join(missing[:SYMBOLS_SHOWN])}{more}: the next nightly run tries again")
    return readiness, missing
