"""Holes in what is published: prices, coverage, profiles, sources; and figures that are hard to believe."""

from collections.abc import Iterator

from flows.alarms.watches.watch import WARNING, Found, View, Watch
from flows.database import row, rows
from flows.summaries.status import FAILED_LOADS, FAILURE_DAYS, FailedLoads
from flows.wording import many
from ingestion.wording import joined

MARKET_DATASETS = ("prices", "option_quotes", "treasury_rates", "corporate_actions", "company_profiles")

RECENT_SESSIONS = 5
"""How long a suspect move stays an incident, in published sessions, unless it is corrected or explained."""

# The symbols of open public positions, and those that are valued at a price of an earlier day.
PRICES = """
with held as (
    select
        symbol,
        bool_or(price_flag in ('stale_price', 'missing_price', 'dead_symbol')) as is_missing
    from marts.fct_position_values
    where
        as_of_date = %(session)s and is_open and investment_class = 'PUBLIC'
        and price_source is distinct from 'cash'
    group by symbol
)
select count(*), array_agg(symbol order by symbol) filter (where is_missing) from held
"""

COVERAGE = """
select portfolios.portfolio_id::text, portfolios.portfolio_name, risk.coverage
from marts.fct_portfolio_risk as risk
join marts.dim_portfolios as portfolios using (portfolio_id)
where risk.as_of_date = %(session)s and risk.coverage < %(share)s
order by portfolios.portfolio_name
"""

PROFILES = """
with held as (
    select distinct symbol
    from marts.fct_position_values
    where
        as_of_date = %(session)s and is_open and investment_class = 'PUBLIC'
        and price_source is distinct from 'cash'
),
known as (select distinct symbol from marts.dim_company_profiles)
select
    count(*),
    array_agg(held.symbol order by held.symbol) filter (where known.symbol is null)
from held
left join known using (symbol)
"""

# The loads of each source's last night, which may be several of one dataset.
USABLE_ROWS = """
with newest as (
    select *, max(finished_at) over (partition by dataset, source) as last_at
    from ops.loads
    where status = 'succeeded' and rows_read > 0 and dataset = any(%(datasets)s)
)
select dataset, source, sum(rows_read)::bigint, sum(rows_rejected)::bigint
from newest
where finished_at > last_at - interval '6 hours'
group by dataset, source
having sum(rows_read - rows_rejected) < %(share)s * sum(rows_read)
order by dataset, source
"""

SUSPECT_MOVES = """
with sessions as (
    select as_of_date from ops.publication_dates
    where superseded_at is null
    order by as_of_date desc
    limit %(sessions)s
),
held as (
    select coalesce(underlying_symbol, symbol) as symbol, count(distinct portfolio_id) as portfolios
    from marts.fct_position_values
    where as_of_date = %(session)s and is_open and investment_class <> 'PRIVATE'
    group by 1
)
select prices.symbol, prices.as_of_date, prices.daily_return, held.portfolios
from marts.fct_prices as prices
join held using (symbol)
where prices.is_suspect and prices.as_of_date in (select as_of_date from sessions)
order by prices.symbol, prices.as_of_date
"""

# Symbols of one flag that are held, also by options on them; a lot at its entry price has no close at all.
FLAGGED_SYMBOLS = """
select quality.symbol, quality.last_price_date, array_agg(distinct portfolios.portfolio_name)
from marts.fct_data_quality as quality
join marts.fct_position_values as positions
    on coalesce(positions.underlying_symbol, positions.symbol) = quality.symbol
    and positions.as_of_date = quality.as_of_date
join marts.dim_portfolios as portfolios using (portfolio_id)
where
    quality.as_of_date = %(session)s and quality.flag = %(flag)s
    and positions.is_open and positions.investment_class <> 'PRIVATE'
    and positions.price_source is distinct from 'cash'
group by quality.symbol, quality.last_price_date
order by quality.symbol
"""

DOUBTS = """
select
    portfolios.portfolio_id::text,
    portfolios.portfolio_name,
    array_agg(stress.scenario_id || ' (' || stress.doubts || ')' order by stress.scenario_id)
from marts.fct_portfolio_stress as stress
join marts.dim_portfolios as portfolios using (portfolio_id)
where stress.as_of_date = %(session)s and not stress.is_believable
group by portfolios.portfolio_id, portfolios.portfolio_name
order by portfolios.portfolio_name
"""


# The rate betas that the durations of bond funds allow (method, section 14); simulated prices have others.
BOND_BETAS = """
with funds (symbol, lowest, highest) as (
    values ('BND', -10, -4), ('AGG', -10, -4), ('FXNAX', -10, -4), ('TLT', -21, -12), ('BIL', -0.1, 0.1)
)
select funds.symbol, betas.beta, funds.lowest, funds.highest
from funds
join marts.fct_symbol_factor_betas as betas using (symbol)
join marts.fct_prices as prices using (symbol, as_of_date)
where
    betas.as_of_date = %(session)s and betas.model = 'risk' and betas.factor = 'Interest Rate'
    and betas.beta not between funds.lowest and funds.highest
    and prices.source <> 'simulated'
order by funds.symbol
"""


def prices_missing(view: View) -> Iterator[Found]:
    """Too few of the symbols held have a price of the last published session."""
    if view.last_session is None:
        return
    count, missing = row(view.connection, PRICES, {"session": view.last_session})
    if _is_short(count, missing, view.settings.alarm_prices_percent):
        yield Found(
            "",
            f"{len(missing)} of {count} symbols held have no price of {view.last_session}: "
            f"{joined(missing)}.",
        )


def coverage_low(view: View) -> Iterator[Found]:
    """Too little of a portfolio's public and option positions is measured by its risk figures."""
    if view.last_session is None:
        return
    asked = {"session": view.last_session, "share": view.settings.alarm_coverage_percent / 100}
    for portfolio_id, name, coverage in rows(view.connection, COVERAGE, asked):
        yield Found(
            portfolio_id,
            f"{name}: {coverage:.1%} of its public and option positions is measured by its risk on "
            f"{view.last_session}.",
        )


def profiles_missing(view: View) -> Iterator[Found]:
    """Too few of the symbols held have a profile."""
    if view.last_session is None:
        return
    count, missing = row(view.connection, PROFILES, {"session": view.last_session})
    if _is_short(count, missing, view.settings.alarm_profiles_percent):
        yield Found("", f"{len(missing)} of {count} symbols held have no profile: {joined(missing)}.")


def source_failing(view: View) -> Iterator[Found]:
    """The loads of a source fail, or too few of the rows that it gave were usable."""
    sentences: dict[str, str] = {}
    for found in rows(view.connection, FAILED_LOADS, [FAILURE_DAYS]):
        failed = FailedLoads(*found)
        if failed.dataset in MARKET_DATASETS and not failed.is_mended:
            sentences[f"{failed.dataset} from {failed.source}"] = (
                f"The last loads of {failed.dataset} from {failed.source} failed: "
                f"{' '.join(failed.error.split())}"
            )
    asked = {"datasets": list(MARKET_DATASETS), "share": view.settings.alarm_vendor_percent / 100}
    for dataset, source, read, rejected in rows(view.connection, USABLE_ROWS, asked):
        sentences.setdefault(
            f"{dataset} from {source}",
            f"{rejected:,} of {read:,} rows of {dataset} from {source} could not be used.",
        )
    for subject, sentence in sentences.items():
        yield Found(subject, sentence)


def suspect_moves(view: View) -> Iterator[Found]:
    """A symbol that is held moved by more than half in a day, and no split explains it."""
    if view.last_session is None:
        return
    asked = {"session": view.last_session, "sessions": RECENT_SESSIONS}
    for symbol, day, move, portfolios in rows(view.connection, SUSPECT_MOVES, asked):
        moved = "moved suspiciously" if move is None else f"moved by {move:+.1%}"
        yield Found(
            f"{symbol} on {day}",
            f"{symbol} {moved} on {day}, which no split explains; held by {many(portfolios, 'portfolio')}.",
        )


def dead_symbols(view: View) -> Iterator[Found]:
    """A symbol that is held has had no price for so long that its company may be gone."""
    if view.last_session is None:
        return
    asked = {"session": view.last_session, "flag": "dead_symbol"}
    for symbol, last, portfolios in rows(view.connection, FLAGGED_SYMBOLS, asked):
        yield Found(
            symbol,
            f"{symbol} has no price since {last}, and {joined(portfolios)} still hold it or options on it at "
            "a value of that day: state what became of it in corporate_actions.csv, load its prices, or load "
            "a statement with its sale.",
        )


def spin_offs_unpriced(view: View) -> Iterator[Found]:
    """A symbol that is held spun off shares that have no price, so what they are worth is missing."""
    if view.last_session is None:
        return
    asked = {"session": view.last_session, "flag": "spin_off_unpriced"}
    for symbol, _, portfolios in rows(view.connection, FLAGGED_SYMBOLS, asked):
        yield Found(
            symbol,
            f"{symbol} spun off shares that have no price on {view.last_session}, so no position holds them; "
            f"{joined(portfolios)} hold {symbol} or options on it: load prices of the new symbol, or correct "
            "the row of the spin-off in corporate_actions.csv.",
        )


def not_believable(view: View) -> Iterator[Found]:
    """Stress results of a portfolio that fail a check of plausibility (method, section 10)."""
    if view.last_session is None:
        return
    for portfolio_id, name, doubts in rows(view.connection, DOUBTS, {"session": view.last_session}):
        yield Found(
            portfolio_id,
            f"{name}: stress results of {view.last_session} are hard to believe: {joined(doubts)}.",
        )


def bond_betas(view: View) -> Iterator[Found]:
    """A bond fund whose rate beta is not that of its duration."""
    if view.last_session is None:
        return
    for symbol, beta, lowest, highest in rows(view.connection, BOND_BETAS, {"session": view.last_session}):
        yield Found(
            symbol,
            f"{symbol}: its rate beta of {view.last_session} is {beta:.2f}, outside {lowest} to {highest}.",
        )


def _is_short(count: int, missing: list[str] | None, percent: float) -> bool:
    return bool(missing) and 100 * (count - len(missing or ())) < percent * count


WATCHES = (
    Watch("prices_missing", WARNING, prices_missing),
    Watch("coverage_low", WARNING, coverage_low),
    Watch("profiles_missing", WARNING, profiles_missing),
    Watch("source_failing", WARNING, source_failing),
    Watch("suspect_move", WARNING, suspect_moves),
    Watch("dead_symbol", WARNING, dead_symbols),
    Watch("spin_off_unpriced", WARNING, spin_offs_unpriced),
    Watch("not_believable", WARNING, not_believable),
    Watch("bond_beta", WARNING, bond_betas),
)
