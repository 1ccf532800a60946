"""Analytics over all portfolios of the user, or over those named."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.dependencies import ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import PortfolioNotFound
from api.http.limits import (
    DEFAULT_MATRIX_SYMBOLS,
    MAX_MATRIX_SYMBOLS,
    MAX_POSITIONS,
    SERIES_DAYS,
)
from api.queries import load_query
from api.routes.analytics.parameters import ImpactType, MaxSymbols, PortfolioIds, Scenarios
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

TOP_POSITIONS = 10
"""The largest symbols that an answer names."""

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
    responses=marts_responses(PortfolioNotFound),
)
async def aggregate_overview(responder: ResponderDep, portfolio_ids: PortfolioIds = None) -> Response:
    """Sum the portfolios: equity, exposures, P&L and counts at the session's close.

    A portfolio that begins later is omitted; X-As-Of-Date returns the session, portfolio_ids those included.
    """
    return await responder.send(OVERVIEW, {"portfolio_ids": portfolio_ids, "top_positions": TOP_POSITIONS})


@router.get(
    "/breakdown",
    summary="The portfolios side by side",
    response_model=AggregateBreakdown,
    responses=marts_responses(PortfolioNotFound),
)
async def aggregate_breakdown(
    responder: ResponderDep,
    portfolio_ids: PortfolioIds = None,
    include_series: Annotated[
        bool, Query(description="Include the equity of each portfolio on the last sessions.")
    ] = False,
) -> Response:
    """Show what each portfolio contributes to the total, largest first."""
    parameters = {
        "portfolio_ids": portfolio_ids,
        "top_positions": TOP_POSITIONS,
        "include_series": include_series,
        "series_days": SERIES_DAYS,
    }
    return await responder.send(BREAKDOWN, parameters)


@router.get(
    "/beta",
    summary="Beta of all portfolios",
    response_model=AggregateBeta,
    responses=marts_responses(PortfolioNotFound),
)
async def aggregate_beta(responder: ResponderDep, portfolio_ids: PortfolioIds = None) -> Response:
    """Show dollar exposures to the market over equity, for the portfolios in which they are known."""
    return await responder.send(BETA, {"portfolio_ids": portfolio_ids})


@router.get(
    "/volatility",
    summary="Volatility of all portfolios",
    response_model=AggregateVolatility,
    responses=marts_responses(PortfolioNotFound),
)
async def aggregate_volatility(responder: ResponderDep, portfolio_ids: PortfolioIds = None) -> Response:
    """Show the volatility of the returns that the portfolios earned together.

    That is not the mean of their volatilities, which is also returned as an upper bound: gains and losses
    offset between portfolios. Unlike a portfolio's own volatility, it is of the actual holdings of each past
    session.
    """
    return await responder.send(VOLATILITY, {"portfolio_ids": portfolio_ids})


@router.get(
    "/factor-exposures",
    summary="Betas of all portfolios",
    response_model=AggregateFactorExposures,
    responses=marts_responses(PortfolioNotFound),
)
async def aggregate_factor_exposures(responder: ResponderDep, portfolio_ids: PortfolioIds = None) -> Response:
    """Sum the dollar exposures to each factor, over the equity of the portfolios in which they are known."""
    return await responder.send(FACTOR_EXPOSURES, {"portfolio_ids": portfolio_ids})


@router.get(
    "/sector-exposure",
    summary="Sectors of all portfolios",
    response_model=AggregateSectorExposure,
    responses=marts_responses(PortfolioNotFound),
)
async def aggregate_sector_exposure(responder: ResponderDep, portfolio_ids: PortfolioIds = None) -> Response:
    """Sum gross exposures by sector, next to the S&P 500's weights in force on the date."""
    return await responder.send(SECTOR_EXPOSURE, {"portfolio_ids": portfolio_ids})


@router.get(
    "/concentration",
    summary="Concentration of all portfolios",
    response_model=AggregateConcentration,
    responses=marts_responses(PortfolioNotFound),
)
async def aggregate_concentration(responder: ResponderDep, portfolio_ids: PortfolioIds = None) -> Response:
    """Show the concentration of combined gross exposures; they do not offset across portfolios."""
    parameters = {
        "portfolio_ids": portfolio_ids,
        "max_positions": MAX_POSITIONS,
        "top_positions": TOP_POSITIONS,
    }
    return await responder.send(CONCENTRATION, parameters)


@router.get(
    "/correlation-matrix",
    summary="Correlations over all portfolios",
    response_model=AggregateCorrelationMatrix,
    responses=marts_responses(PortfolioNotFound),
)
async def aggregate_correlation_matrix(
    *,
    responder: ResponderDep,
    portfolio_ids: PortfolioIds = None,
    max_symbols: MaxSymbols = DEFAULT_MATRIX_SYMBOLS,
) -> Response:
    """Show the correlations between the largest symbols over all portfolios, over 90 sessions.

    The average is over all pairs of the hundred largest, however many of them are shown.
    """
    return await responder.send(
        CORRELATION_MATRIX,
        {
            "portfolio_ids": portfolio_ids,
            "max_symbols": max_symbols,
            "compared_symbols": MAX_MATRIX_SYMBOLS,
        },
    )


@router.get(
    "/stress-test",
    summary="Stress test of all portfolios",
    response_model=AggregateStressTest,
    responses=marts_responses(PortfolioNotFound),
)
async def aggregate_stress_test(
    *,
    responder: ResponderDep,
    portfolio_ids: PortfolioIds = None,
    scenarios: Scenarios = None,
    impact_type: ImpactType = "direct",
) -> Response:
    """Sum the P&L of each scenario over the portfolios, worst first."""
    return await responder.send(
        STRESS_TEST,
        {"portfolio_ids": portfolio_ids, "scenarios": scenarios, "impact_type": impact_type},
    )
