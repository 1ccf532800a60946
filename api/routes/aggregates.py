"""Analytics over all, or the named, portfolios of the user."""

from fastapi import APIRouter, Response

from api.dependencies import AnswersOf
from api.http.documentation import marts_answers
from api.http.errors import PortfolioNotFound
from api.http.limits import (
    DEFAULT_MATRIX_SYMBOLS,
    MAX_MATRIX_SYMBOLS,
    MAX_POSITIONS,
)
from api.queries import load_query
from api.routes.analytics_parameters import ImpactType, MaxSymbols, PortfolioIds, Scenarios
from api.schemas.aggregates import (
    AggregateBeta,
    AggregateBreakdown,
    AggregateConcentration,
    AggregateCorrelationMatrix,
    AggregateFactorExposures,
    AggregateOverview,
    AggregateSectorExposure,
    AggregateStressTest,
    AggregateVolatility,
)

router = APIRouter(prefix="/analytics/aggregate", tags=["Analytics over portfolios"])

OVERVIEW = load_query("aggregate_overview")
BREAKDOWN = load_query("aggregate_breakdown")
BETA = load_query("aggregate_beta")
VOLATILITY = load_query("aggregate_volatility")
FACTOR_EXPOSURES = load_query("aggregate_factor_exposures")
SECTOR_EXPOSURE = load_query("aggregate_sector_exposure")
CONCENTRATION = load_query("aggregate_concentration")
CORRELATION_MATRIX = load_query("aggregate_correlation_matrix")
STRESS_TEST = load_query("aggregate_stress_test")


@router.get(
    "/overview",
    summary="All portfolios at a glance",
    response_model=AggregateOverview,
    responses=marts_answers(PortfolioNotFound),
)
async def aggregate_overview(answers: AnswersOf, portfolio_ids: PortfolioIds = None) -> Response:
    """Add the portfolios up: equity, exposures, P&L and counts at the session's close.

    A portfolio that begins later is left out; X-As-Of-Date and portfolio_ids say what is in.
    """
    return await answers.send(OVERVIEW, {"portfolio_ids": portfolio_ids})


@router.get(
    "/breakdown",
    summary="The portfolios side by side",
    response_model=AggregateBreakdown,
    responses=marts_answers(PortfolioNotFound),
)
async def aggregate_breakdown(answers: AnswersOf, portfolio_ids: PortfolioIds = None) -> Response:
    """Show what each portfolio adds to the whole, the largest first."""
    return await answers.send(BREAKDOWN, {"portfolio_ids": portfolio_ids})


@router.get(
    "/beta",
    summary="Beta of all portfolios",
    response_model=AggregateBeta,
    responses=marts_answers(PortfolioNotFound),
)
async def aggregate_beta(answers: AnswersOf, portfolio_ids: PortfolioIds = None) -> Response:
    """Show dollar exposures to the market over equity, of the portfolios in which they are known."""
    return await answers.send(BETA, {"portfolio_ids": portfolio_ids})


@router.get(
    "/volatility",
    summary="Volatility of all portfolios",
    response_model=AggregateVolatility,
    responses=marts_answers(PortfolioNotFound),
)
async def aggregate_volatility(answers: AnswersOf, portfolio_ids: PortfolioIds = None) -> Response:
    """Show the volatility of the returns that the portfolios earned together.

    That is not the mean of their volatilities, which stands beside as an upper bound: what one loses another
    may gain. Other than a portfolio's own volatility it is of past holdings as they were.
    """
    return await answers.send(VOLATILITY, {"portfolio_ids": portfolio_ids})


@router.get(
    "/factor-exposures",
    summary="Betas of all portfolios",
    response_model=AggregateFactorExposures,
    responses=marts_answers(PortfolioNotFound),
)
async def aggregate_factor_exposures(answers: AnswersOf, portfolio_ids: PortfolioIds = None) -> Response:
    """Add the dollar exposures to each factor up, over the equity of the portfolios where they are known."""
    return await answers.send(FACTOR_EXPOSURES, {"portfolio_ids": portfolio_ids})


@router.get(
    "/sector-exposure",
    summary="Sectors of all portfolios",
    response_model=AggregateSectorExposure,
    responses=marts_answers(PortfolioNotFound),
)
async def aggregate_sector_exposure(answers: AnswersOf, portfolio_ids: PortfolioIds = None) -> Response:
    """Add gross exposures up by sector, beside the S&P 500's weights that held on the date."""
    return await answers.send(SECTOR_EXPOSURE, {"portfolio_ids": portfolio_ids})


@router.get(
    "/concentration",
    summary="Concentration of all portfolios",
    response_model=AggregateConcentration,
    responses=marts_answers(PortfolioNotFound),
)
async def aggregate_concentration(answers: AnswersOf, portfolio_ids: PortfolioIds = None) -> Response:
    """Show how concentrated the gross exposures together are; a long offsets no short elsewhere."""
    return await answers.send(CONCENTRATION, {"portfolio_ids": portfolio_ids, "max_positions": MAX_POSITIONS})


@router.get(
    "/correlation-matrix",
    summary="Correlations over all portfolios",
    response_model=AggregateCorrelationMatrix,
    responses=marts_answers(PortfolioNotFound),
)
async def aggregate_correlation_matrix(
    *,
    answers: AnswersOf,
    portfolio_ids: PortfolioIds = None,
    max_symbols: MaxSymbols = DEFAULT_MATRIX_SYMBOLS,
) -> Response:
    """Show the correlations between the largest symbols over all portfolios, over 90 sessions.

    The average is over all pairs of the hundred largest, however many of them are shown.
    """
    return await answers.send(
        CORRELATION_MATRIX,
        {
            "portfolio_ids": portfolio_ids,
            "max_symbols": max_symbols,
            "compared_symbols": MAX_MATRIX_SYMBOLS,
        },
    )


@router.get(
    "/stress-test",
    summary="What scenarios would do to all",
    response_model=AggregateStressTest,
    responses=marts_answers(PortfolioNotFound),
)
async def aggregate_stress_test(
    *,
    answers: AnswersOf,
    portfolio_ids: PortfolioIds = None,
    scenarios: Scenarios = None,
    impact_type: ImpactType = "correlated",
) -> Response:
    """Add the P&L of each scenario up over the portfolios, the worst first."""
    return await answers.send(
        STRESS_TEST,
        {"portfolio_ids": portfolio_ids, "scenarios": scenarios, "impact_type": impact_type},
    )
