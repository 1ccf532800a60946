"""Whether a portfolio's holdings have enough history for the risk models, reported before its first build.

A position is ready when its symbol (an option's underlying) has at least the number of returns that the
market model needs within its window. Cash and private holdings need none. An option also needs a quote for
its volatility, and Treasury yields.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from flows.database import Connection, row, rows, value
from flows.summaries.portfolios import share
from warehouse.method import cash_symbols, factors

ENOUGH = 0.8
SHOWN = 10

# A return needs prices on two consecutive sessions. Simulated prices count until real ones are loaded.
RETURNS = """
with positions as (
    select
        portfolio_id, coalesce(underlying_symbol, symbol) as symbol, investment_class, investment_subtype
    from raw.newest_positions
    where
        (%(portfolio_id)s::uuid is null or portfolio_id = %(portfolio_id)s)
        -- not what is withdrawn
        and (exit_date, exit_price) is distinct from (entry_date, entry_price)
),

held as (
    select symbol, count(*) as positions
    from positions
    where
        (
            investment_class = 'PUBLIC'
            and investment_subtype is distinct from 'CASH'
            and symbol <> all(%(cash)s)
        )
        or investment_class = 'OPTIONS'
    group by symbol
),

days as (
    select calendar_date, row_number() over (order by calendar_date) as number
    from raw.newest_calendar_days
    where is_session
),

last_day as (
    select max(number) as number
    from days
    where exists (select from raw.prices where prices.price_date = days.calendar_date)
),

priced as (
    select distinct held.symbol, days.number
    from held
    inner join raw.prices using (symbol)
    inner join days on days.calendar_date = prices.price_date
    cross join last_day
    where
        days.number between last_day.number - %(window_days)s and last_day.number
        and (prices.source <> 'simulated' or not ops.has_real_prices(clock_timestamp()))
),

counted as (
    select later.symbol, count(*) as returns
    from priced as later
    inner join priced as earlier on earlier.symbol = later.symbol and earlier.number = later.number - 1
    group by later.symbol
)

select held.symbol, held.positions, coalesce(counted.returns, 0)
from held
left join counted using (symbol)
order by held.symbol
"""

# A quote tells a volatility if it has a mid or a last trade.
OPTIONS = """
with held as (
    select distinct symbol
    from raw.newest_positions
    where
        investment_class = 'OPTIONS'
        and coalesce(exit_date, expiration_date) >= current_date
        and (%(portfolio_id)s::uuid is null or portfolio_id = %(portfolio_id)s)
)

select
    count(*),
    count(*) filter (where exists (
        select from raw.option_quotes as quotes
        where quotes.symbol = held.symbol and (quotes.bid > 0 and quotes.ask > 0 or quotes.last > 0)
    )),
    exists (select from raw.treasury_rates)
from held
"""

NEEDED = "select window_days, min_observations from staging.factors where model = 'market'"


@dataclass(frozen=True)
class Holding:
    """A held symbol: the number of its positions, and of its returns within the window."""

    symbol: str
    positions: int
    returns: int


@dataclass(frozen=True)
class OptionInputs:
    """The live option contracts held, those with a usable quote, and whether yields are loaded."""

    contracts: int = 0
    quoted: int = 0
    has_yields: bool = True

    def sentences(self) -> Iterator[str]:
        """What options lack."""
        if self.quoted < self.contracts:
            yield (
                f"{self.quoted} of {self.contracts} option contracts have a quote; the others get their "
                "volatility from their entry price, or from the past returns of their underlying"
            )
        if self.contracts and not self.has_yields:
            yield "no Treasury yields are loaded: options are valued at a rate of 0"


@dataclass(frozen=True)
class Readiness:
    """needed: minimum number of returns for the market model. window: its length in sessions."""

    holdings: tuple[Holding, ...]
    needed: int
    window: int
    options: OptionInputs = OptionInputs()

    @property
    def positions(self) -> int:
        return sum(holding.positions for holding in self.holdings)

    @property
    def lacking(self) -> tuple[Holding, ...]:
        return tuple(holding for holding in self.holdings if holding.returns < self.needed)

    @property
    def share(self) -> float | None:
        """Share of positions that are ready, 0 to 1; None if none needs a history."""
        if not self.positions:
            return None
        return 1 - sum(holding.positions for holding in self.lacking) / self.positions

    def sentences(self) -> Iterator[str]:
        """The share, below 80 % the symbols that lack returns, and what options lack."""
        yield from self._returns()
        yield from self.options.sentences()

    def _returns(self) -> Iterator[str]:
        if self.share is None:
            yield "no position needs a price history"
            return
        yield (
            f"{share(self.share)} of {self.positions} public and option positions have the "
            f"{self.needed} returns that the risk models need at least"
        )
        if self.share >= ENOUGH:
            return
        for holding in self.lacking[:SHOWN]:
            yield (
                f"{holding.symbol} has {holding.returns} of {self.needed} returns in the last "
                f"{self.window} sessions"
            )
        if len(self.lacking) > SHOWN:
            yield f"and {len(self.lacking) - SHOWN} more symbols lack some"
        yield "until they have them, their risk figures are left out and the coverage says so"


def read_readiness(connection: Connection, portfolio_id: UUID | None = None) -> Readiness:
    """The readiness of a portfolio, by default of all holdings."""
    window, needed = _needed(connection)
    asked = {"portfolio_id": portfolio_id, "window_days": window, "cash": [*cash_symbols()]}
    holdings = tuple(Holding(*found) for found in rows(connection, RETURNS, asked))
    options = OptionInputs(*row(connection, OPTIONS, asked))
    return Readiness(holdings, needed, window, options)


def _needed(connection: Connection) -> tuple[int, int]:
    """Window and minimum of the market model, from the table of factors (or its file before a build)."""
    if value(connection, "select to_regclass('staging.factors') is not null"):
        window, needed = row(connection, f"{NEEDED} limit 1")
        return window, needed
    market = next(factor for factor in factors() if factor["model"] == "market")
    return int(market["window_days"]), int(market["min_observations"])
