"""A table of the portfolios, read from the marts with the analyst role."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from math import floor
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from rich import box
from rich.console import Console
from rich.table import Table

from flows.database import Connection
from flows.pipeline.lock import process_name
from warehouse.connections import Warehouse

# Each portfolio's last session: the same for all but withheld ones. As an array, the dates are looked up.
PORTFOLIOS = """
with newest as (
    select
        portfolios.portfolio_id,
        least(last.as_of_date, quarantine.last_published_date) as as_of_date
    from marts.dim_portfolios as portfolios
    cross join (select max(as_of_date) as as_of_date from marts.fct_portfolio_snapshots) as last
    left join marts.fct_quarantine as quarantine using (portfolio_id)
),

flags as (
    select
        portfolio_id,
        as_of_date,
        jsonb_object_agg(price_flag, symbols) as flagged
    from (
        select
            portfolio_id,
            as_of_date,
            price_flag,
            jsonb_agg(symbol order by abs(market_value) desc, symbol) as symbols
        from marts.fct_position_values
        where price_flag is not null and as_of_date = any(array(select as_of_date from newest))
        group by portfolio_id, as_of_date, price_flag
        union all
        select
            values.portfolio_id,
            values.as_of_date,
            'suspect_move' as price_flag,
            jsonb_agg(values.symbol order by abs(values.market_value) desc, values.symbol) as symbols
        from marts.fct_position_values as values
        inner join marts.fct_prices as prices
            on
                coalesce(values.underlying_symbol, values.symbol) = prices.symbol
                and values.as_of_date = prices.as_of_date
        where
            prices.is_suspect and values.is_open and values.investment_class <> 'PRIVATE'
            and values.as_of_date = any(array(select as_of_date from newest))
        group by values.portfolio_id, values.as_of_date
    ) as counted
    group by portfolio_id, as_of_date
),

period_returns as (
    select
        portfolio_id,
        as_of_date,
        max(benchmark_symbol) as benchmark,
        jsonb_object_agg(period, jsonb_build_object(
            'time_weighted', time_weighted,
            'money_weighted', money_weighted_period,
            'benchmark', benchmark,
            'excess', excess
        )) as returns
    from marts.fct_returns_by_period
    where as_of_date = any(array(select as_of_date from newest))
    group by portfolio_id, as_of_date
)

select
    portfolios.portfolio_id,
    portfolios.portfolio_name as name,
    portfolios.inception_date as inception,
    snapshots.as_of_date as as_of,
    snapshots.equity,
    snapshots.cash,
    snapshots.cash_and_equivalents,
    snapshots.position_count,
    snapshots.unrealized_pnl,
    snapshots.cumulative_realized_pnl as realized_pnl,
    snapshots.cumulative_dividends as dividends,
    exposures.long_exposure as long,
    exposures.short_exposure as short,
    exposures.gross_exposure as gross,
    exposures.net_exposure as net,
    exposures.leverage,
    exposures.net_to_equity,
    exposures.top_5_share,
    snapshots.daily_pnl,
    snapshots.mtd_pnl,
    snapshots.ytd_pnl,
    snapshots.cumulative_pnl as total_pnl,
    snapshots.daily_return,
    snapshots.daily_return_null_reason,
    snapshots.twr_index,
    snapshots.drawdown,
    snapshots.twr_null_reason,
    period_returns.benchmark,
    coalesce(period_returns.returns, '{}') as returns,
    snapshots.public_price_coverage as coverage,
    snapshots.has_simulated_prices as is_simulated,
    coalesce(flags.flagged, '{}') as flagged,
    quarantine.withheld_since,
    quarantine.reason as withheld_reason
from marts.fct_portfolio_snapshots as snapshots
inner join newest using (portfolio_id, as_of_date)
left join marts.fct_quarantine as quarantine using (portfolio_id)
inner join marts.dim_portfolios as portfolios using (portfolio_id)
inner join marts.fct_portfolio_exposures as exposures using (portfolio_id, as_of_date)
left join period_returns using (portfolio_id, as_of_date)
left join flags using (portfolio_id, as_of_date)
where snapshots.as_of_date = any(array(select as_of_date from newest))
order by portfolios.portfolio_name
"""

NAME_WIDTH = 24  # so that tables of portfolios of some millions fit into 100 columns

FLAG_WORDS = {
    "stale_price": "at an older close",
    "missing_price": "without a price for over a week",
    "dead_symbol": "without a price for over two weeks",
    "suspect_move": "at a move of the day that no split explains",
    "private_mark": "private, at the last valuation",
    "intrinsic_value": "option{s} at intrinsic value",
    "model_price": "option{s} at the model's price",
    "adjusted_deliverable": "option{s} with what was spun off",
}


Number = Decimal | float | None


@dataclass(frozen=True)
class PortfolioLine:
    """One portfolio on its last published date. USD; rates are decimals, null with the reason next to them.

    coverage: 0..1, null without public positions. leverage, net_to_equity: multiples of equity, null where it
    is not positive. twr_index: 1 before the first day. benchmark: its symbol. returns: figures by period.
    flagged: symbols by price flag, the largest first. withheld_since: None unless as_of is older than the
    last published date, because checks fail.
    """

    portfolio_id: UUID
    name: str
    inception: date
    as_of: date
    equity: Decimal
    cash: Decimal
    cash_and_equivalents: Decimal
    position_count: int
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    dividends: Decimal
    long: Decimal
    short: Decimal
    gross: Decimal
    net: Decimal
    leverage: Number
    net_to_equity: Number
    top_5_share: Number
    daily_pnl: Decimal
    mtd_pnl: Decimal
    ytd_pnl: Decimal
    total_pnl: Decimal
    daily_return: Number
    daily_return_null_reason: str | None
    twr_index: Number
    drawdown: Number
    twr_null_reason: str | None
    benchmark: str | None
    returns: dict[str, dict[str, float | None]]
    coverage: Number
    is_simulated: bool
    flagged: dict[str, list[str]]
    withheld_since: datetime | None = None
    withheld_reason: str | None = None

    def quality(self) -> str:
        """The data quality in words."""
        words = [self.coverage_in_words(), *(words for words, _ in self.flags_in_words())]
        return ("SIMULATED PRICES; " if self.is_simulated else "") + "; ".join(words)

    def withheld_in_words(self) -> str | None:
        """Since when the portfolio is withheld, and why; None if it is not."""
        if self.withheld_since is None:
            return None
        since = f"{self.withheld_since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return f"WITHHELD since {since}, these are the figures of {self.as_of}. {self.withheld_reason}"

    def flags_in_words(self) -> Iterator[tuple[str, list[str]]]:
        """How many prices have each flag, in words, and their symbols."""
        for flag, symbols in sorted(self.flagged.items()):
            words = FLAG_WORDS.get(flag, flag).format(s="" if len(symbols) == 1 else "s")
            yield f"{len(symbols)} {words}", symbols

    def coverage_in_words(self) -> str:
        """The share of public positions that has a recent price."""
        if self.coverage is None:
            return "no public positions"
        if self.coverage >= 1:
            return "all public positions priced"
        return f"{share(self.coverage, 1)} of public value priced"


def read_portfolios(warehouse: Warehouse) -> list[PortfolioLine]:
    """Each portfolio on its last published date; empty before the first publication."""
    with reading_all_portfolios(warehouse) as connection:
        cursor = connection.cursor(row_factory=class_row(PortfolioLine))
        try:
            return cursor.execute(PORTFOLIOS).fetchall()
        except psycopg.errors.UndefinedTable:
            return []


@contextmanager
def reading_all_portfolios(warehouse: Warehouse) -> Iterator[Connection]:
    """A connection of the analyst role for statements that join a row of each portfolio."""
    with warehouse.connect_analyst(application_name=process_name("summary")) as connection:
        # statistics do not know a new date: nested loops would compare each portfolio with all others
        connection.execute("set enable_nestloop = off")
        yield connection


def share(value: Number, digits: int = 0) -> str:
    """A share in percent, or a dash; never rounded up, so that 100% means all.

    >>> share(0.9966), share(0.99996, 1), share(1), share(None), share(0.29)
    ('99%', '99.9%', '100%', '-', '29%')
    """
    if value is None:
        return "-"
    return f"{floor(round(float(value) * 100, 6) * 10**digits) / 10**digits:.{digits}f}%"


def money(value: Decimal) -> str:
    """Whole dollars with thousands separators."""
    return f"{value:,.0f}"


def table_of_portfolios(title: str, headers: Sequence[str]) -> Table:
    """An empty table with a line per portfolio: a long name is cut rather than wrapped."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 0, 0, 1),
    )
    table.add_column("portfolio", no_wrap=True, overflow="ellipsis", max_width=NAME_WIDTH)
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    return table


def short_names(names: Sequence[str]) -> list[str]:
    """The names without a last word Portfolio, and without the first words that all have.

    >>> short_names(["Demo Growth Portfolio", "Demo Income Portfolio"])
    ['Growth', 'Income']
    """
    words = [name.removesuffix(" Portfolio").split() for name in names]
    columns = zip(*words, strict=False)
    shared = next((place for place, column in enumerate(columns) if len(set(column)) > 1), 0)
    return [" ".join(each[shared:]) or name for each, name in zip(words, names, strict=True)]


def print_portfolio_table(console: Console, lines: list[PortfolioLine]) -> None:
    """Print the table of portfolios and, below, the data quality of each."""
    if not lines:
        console.print("No portfolio is published yet.")
        return
    headers = ("equity", "long", "short", "gross", "net", "day P&L", "total P&L")
    table = table_of_portfolios(f"Portfolios on {lines[0].as_of} (USD)", headers)
    for name, line in zip(short_names([line.name for line in lines]), lines, strict=True):
        numbers = (line.equity, line.long, line.short, line.gross, line.net, line.daily_pnl, line.total_pnl)
        table.add_row(name, *map(money, numbers))
    console.print(table)
    console.print("Data quality", style="bold")
    for line in lines:
        console.print(f"  {line.name}: {line.quality()}", markup=False)
