"""From the marts to a report: run its queries in one snapshot, then build each section."""

from dataclasses import replace
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import UUID

from api.http.errors import DateBeforeHistory, PortfolioNotFound
from api.marts.answers import COVERAGE_RULES, SIMULATED_NOTICE
from api.marts.reader import PublishedState, Reading
from api.marts.withheld import of_portfolio, sentence
from api.queries import Query, load_query
from api.reports.model import SCHEMA_VERSION, Report
from api.reports.sections.attribution import attribution
from api.reports.sections.availability import availability
from api.reports.sections.benchmark import benchmark
from api.reports.sections.correlation import correlation
from api.reports.sections.dividends import dividends
from api.reports.sections.exposures import exposures
from api.reports.sections.factors import factors
from api.reports.sections.greeks import greeks
from api.reports.sections.holdings import holdings
from api.reports.sections.liquidity import liquidity
from api.reports.sections.method import method
from api.reports.sections.option_pnl import option_pnl
from api.reports.sections.realized_gains import realized_gains
from api.reports.sections.returns import drawdowns, monthly, returns
from api.reports.sections.risk import risk
from api.reports.sections.stress import stress
from api.reports.sections.summary import summary
from api.reports.tables import Facts

HEAD: Final = load_query("report_portfolio")
QUERIES: Final[tuple[Query, ...]] = tuple(
    load_query(f"report_{name}")
    for name in (
        *("history", "returns", "growth", "months", "drawdowns", "exposures", "exposure_groups", "positions"),
        *("greeks", "option_greeks", "factors", "risk", "value_at_risk", "var_backtest", "correlation"),
        *("correlation_clusters", "correlation_pairs", "stress", "dividends", "dividend_years"),
        *("liquidity", "position_liquidity", "risk_contributions", "tail_contributions"),
        *("option_pnl", "option_pnl_positions"),
        *("attribution", "factor_attribution", "benchmark_risk", "active_risk"),
        *("realized_gains", "realized_lots"),
    )
)
SECTIONS: Final = (
    *(summary, returns, attribution, monthly, drawdowns, exposures, holdings, greeks, option_pnl, factors),
    *(risk, benchmark, liquidity, correlation, stress, dividends, realized_gains, availability),
)
MATRIX_SYMBOLS: Final = 12
WORST_DRAWDOWNS: Final = 5


async def read_report(reading: Reading, portfolio_id: UUID, state: PublishedState) -> Report:
    """The report of a portfolio at the session of the published state.

    Raises PortfolioNotFound, and DateBeforeHistory if the portfolio begins after the session.
    """
    parameters = {
        "portfolio_id": portfolio_id,
        "as_of_date": state.as_of_date,
        "published_at": state.published_at,
        "simulated_notice": SIMULATED_NOTICE,
        "matrix_symbols": MATRIX_SYMBOLS,
        "worst_drawdowns": WORST_DRAWDOWNS,
        **COVERAGE_RULES,
    }
    head = await reading.all_rows(HEAD, parameters)
    withheld = of_portfolio(state.withheld, portfolio_id)
    if not head and withheld is not None:
        raise DateBeforeHistory(sentence(withheld))
    if not head:
        raise PortfolioNotFound
    if head[0]["as_of_date"] is None:
        raise await _before_history(reading, portfolio_id, state.as_of_date)
    rows = {query.name: tuple(await reading.all_rows(query, parameters)) for query in QUERIES}
    report = make_report(Facts({HEAD.name: tuple(head), **rows}))
    return report if withheld is None else replace(report, withheld_notice=sentence(withheld))


def make_report(facts: Facts) -> Report:
    """The report of the rows of its queries."""
    head = facts.head
    report = Report(
        portfolio_id=head["portfolio_id"],
        portfolio_name=head["portfolio_name"],
        account_type=head["account_type"],
        currency=head["base_currency"],
        inception_date=head["inception_date"],
        as_of_date=head["as_of_date"],
        publication_id=head["publication_id"],
        published_at=head["published_at"],
        price_notice=head["price_notice"],
    )
    return replace(report, sections=(*(make(facts) for make in SECTIONS), method()))


async def _before_history(reading: Reading, portfolio_id: UUID, session: date) -> DateBeforeHistory:
    first = await reading.first_snapshot_date(portfolio_id)
    if first is None:
        return DateBeforeHistory(
            "This portfolio has no published numbers yet; they appear after the next build."
        )
    return DateBeforeHistory(
        f"This portfolio begins on {first}, after the session asked for ({session}); "
        "ask for a later date, or leave it out for the last session."
    )


@cache
def report_digest() -> str:
    """Changes when a query, a section or a renderer does: a part of the ETag."""
    folder = Path(__file__).parent
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".py", ".css", ".typ"})
    content = b"".join(path.read_bytes() for path in files)
    digests = "".join(query.digest for query in (HEAD, *QUERIES))
    return sha256(content + digests.encode() + SCHEMA_VERSION.encode()).hexdigest()
