"""Factors and betas of one portfolio."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import Offset, ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import PortfolioNotFound
from api.http.limits import MAX_POSITIONS
from api.queries import load_query
from api.routes.analytics.parameters import Symbols
from api.schemas.analytics_factors import (
    BetaComparison,
    FactorExposures,
    PortfolioCalculatedBeta,
    PortfolioMarketBeta,
    PortfolioProviderBeta,
    PositionsFactorExposures,
    SpreadFactors,
)

router = APIRouter(prefix="/analytics/portfolio/{portfolio_id}", tags=["Analytics"])

FACTOR_EXPOSURES = load_query("analytics_factor_exposures")
POSITION_FACTOR_EXPOSURES = load_query("analytics_position_factor_exposures")
SPREAD_FACTORS = load_query("analytics_spread_factors")
MARKET_BETA = load_query("analytics_market_beta")
BETA_CALCULATED_90D = load_query("analytics_beta_calculated_90d")
BETA_PROVIDER_1Y = load_query("analytics_beta_provider_1y")
BETA_COMPARISON = load_query("analytics_beta_comparison")


@router.get(
    "/factor-exposures",
    summary="Betas to the factors",
    response_model=FactorExposures,
    responses=marts_responses(PortfolioNotFound),
)
async def factor_exposures(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show the portfolio's betas to the market, bonds, six styles and the 10-year yield.

    A factor without a beta is omitted; if none has one, available is false. Each name has the regression
    given as its model, so the betas are not additive: see risk-decomposition for contributions.
    """
    return await responder.send(FACTOR_EXPOSURES, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/positions/factor-exposures",
    summary="Betas of the positions",
    response_model=PositionsFactorExposures,
    responses=marts_responses(PortfolioNotFound),
)
async def positions_factor_exposures(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    limit: Annotated[
        int, Query(ge=1, le=MAX_POSITIONS, description="Maximum number of positions.")
    ] = MAX_POSITIONS,
    offset: Offset = 0,
    symbols: Symbols = None,
) -> Response:
    """List the open positions with their betas, largest first; options use delta times their underlying's."""
    parameters = {
        "portfolio_id": portfolio_id,
        "limit": limit,
        "offset": offset,
        "symbols": symbols,
    }
    return await responder.send(POSITION_FACTOR_EXPOSURES, parameters, portfolio_id=portfolio_id)


@router.get(
    "/spread-factors",
    summary="Style tilts",
    response_model=SpreadFactors,
    responses=marts_responses(PortfolioNotFound),
)
async def spread_factors(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show the portfolio's tilts: growth against value, momentum, size and quality against the market."""
    return await responder.send(SPREAD_FACTORS, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/market-beta",
    summary="Beta to the market",
    response_model=PortfolioMarketBeta,
    responses=marts_responses(PortfolioNotFound),
)
async def market_beta(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show the beta of the holdings at the close, and that of the portfolio's own returns in the window."""
    return await responder.send(MARKET_BETA, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/beta-calculated-90d",
    summary="Beta from regressions",
    response_model=PortfolioCalculatedBeta,
    responses=marts_responses(PortfolioNotFound),
)
async def beta_calculated_90d(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show the beta to SPY from regressions of each symbol over 90 sessions."""
    return await responder.send(
        BETA_CALCULATED_90D, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id
    )


@router.get(
    "/beta-provider-1y",
    summary="Beta from data providers",
    response_model=PortfolioProviderBeta,
    responses=marts_responses(PortfolioNotFound),
)
async def beta_provider_1y(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show the beta from the profiles known on the date; positions without one lower the coverage."""
    return await responder.send(BETA_PROVIDER_1Y, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/beta-comparison",
    summary="Provider betas and calculated betas",
    response_model=BetaComparison,
    responses=marts_responses(PortfolioNotFound),
)
async def beta_comparison(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    limit: Annotated[
        int, Query(ge=1, le=MAX_POSITIONS, description="Maximum number of positions.")
    ] = MAX_POSITIONS,
    offset: Offset = 0,
) -> Response:
    """List each open position's beta from the provider and as calculated; options show their underlying's."""
    parameters = {"portfolio_id": portfolio_id, "limit": limit, "offset": offset}
    return await responder.send(BETA_COMPARISON, parameters, portfolio_id=portfolio_id)
