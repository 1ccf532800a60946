"""Onboarding: a statement is loaded, its new symbols get prices and profiles, the portfolio is built back.

    load       the positions file, one transaction; a faulty file changes nothing and nothing more is done
    prices     of symbols that have none, or none as far back as they are held
    readiness  which share of the positions has the history that the risk models need
    build      from the portfolio's first entry date to today, checked and published as in a night

Each step finds again what the one before left, so after a crash the same command goes on. Without a source
that answers the load stands: the build goes on without prices, and the next night asks again.
"""
# ruff: noqa: PLC0415 - what a command does not use is not imported

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from flows.console import say, set_up_logging
from flows.database import Connection, rows
from flows.environment import prepare_environment
from flows.pipeline.engine import Engine
from flows.pipeline.load import load_calendar_if_short, load_source, say_loads
from flows.pipeline.lock import build_lock, process_name
from flows.pipeline.nightly import LOAD_PERCENT, NightlyResult, Request, build_and_publish, recorded
from flows.source import Source
from flows.summaries.readiness import ENOUGH, Readiness, read_readiness
from warehouse.connections import Warehouse

if TYPE_CHECKING:
    from ingestion.raw.loads import LoadReport

Loader = Callable[[Connection], "list[LoadReport]"]

SYMBOLS_SHOWN = 10

# The first date for which a price of each needed symbol is known, and the first on which one is held.
# A proxy of a factor is needed as early as anything is held.
HISTORIES = """
with positions as (
    select coalesce(underlying_symbol, symbol) as symbol, entry_date from raw.newest_positions
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
    """Fetch prices of new symbols, tell how ready the holdings are, build back to the first entry date.

    source, prices, portfolio_id: as of run_onboarding. Raises SigmaSightError.
    """
    prepare_environment(warehouse)
    set_up_logging(warehouse.settings)
    with build_lock(warehouse, "onboard") as lock, recorded(warehouse, "onboard") as run:
        loads = load_calendar_if_short(warehouse)
        run.phase("loading", LOAD_PERCENT)
        with run.step("load"):
            loads += engine.step("prices", lambda: fetch_missing(warehouse, source, prices))
        readiness, missing = tell_readiness(warehouse, portfolio_id)
        result = build_and_publish(warehouse, engine, lock, run, loads=loads, request=Request())
    return Onboarded(tuple(loads), missing, readiness, result)


def lacking_symbols(connection: Connection) -> list[str]:
    """Symbols that need prices and have none as far back as they are held, sorted."""
    from ingestion.market.symbols import symbols_to_price

    found = rows(connection, HISTORIES, [symbols_to_price(connection)])
    return [
        symbol
        for symbol, entry_date, first_price in found
        if first_price is None or (entry_date is not None and first_price > entry_date)
    ]


def usual_source(warehouse: Warehouse) -> Source | None:
    """Where the last prices came from: who is asked when nobody is named. None: files, which people give."""
    with warehouse.connect_writer(application_name=process_name("onboard"), autocommit=True) as connection:
        found = rows(connection, LAST_SOURCE)
    last = found[0][0] if found else None
    if last == Source.SIMULATED:
        return Source.SIMULATED
    return None if last == Source.FILES else Source.VENDORS


def fetch_missing(warehouse: Warehouse, source: Source | None, prices: Path | None) -> "list[LoadReport]":
    """Ask the source for what lacks prices; nothing when nothing does, or when nobody answers.

    What an attempt before loaded is found again.
    """
    with warehouse.connect_writer(application_name=process_name("onboard"), autocommit=True) as connection:
        wanted = lacking_symbols(connection)
    if not wanted or source is None:
        return []
    reports = load_source(warehouse, source, prices, symbols=wanted)
    say_loads(reports)
    return reports


def tell_readiness(warehouse: Warehouse, portfolio_id: UUID | None) -> tuple[Readiness, tuple[str, ...]]:
    """Say how ready the holdings are, and which symbols nobody prices; both as data too."""
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
        say(
            "no prices", f"for {', '.join(missing[:SYMBOLS_SHOWN])}{more}: the next night asks for them again"
        )
    return readiness, missing
