"""Factors and betas of one portfolio."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import AnswersOf, Offset
from api.http.documentation import marts_answers
from api.http.errors import PortfolioNotFound
from api.http.limits import MAX_POSITIONS
from api.queries import load_query
from api.routes.analytics_parameters import Symbols
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
    responses=marts_answers(PortfolioNotFound),
)
async def factor_exposures(portfolio_id: UUID, answers: AnswersOf) -> Response:
    """Show the portfolio's betas to the market, six styles and the 10-year yield.

    A factor without a beta is left out: without any, available is false. Styles are a ridge regression of
    their own beside the market's, so the betas do not add up to one story: risk-decomposition tells that.
    """
    return await answers.send(FACTOR_EXPOSURES, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/positions/factor-exposures",
    summary="Betas of the positions",
    response_model=PositionsFactorExposures,
    responses=marts_answers(PortfolioNotFound),
)
async def positions_factor_exposures(
    *,
    portfolio_id: UUID,
    answers: AnswersOf,
    limit: Annotated[int, Query(ge=1, le=MAX_POSITIONS, description="Positions at most.")] = MAX_POSITIONS,
    offset: Offset = 0,
    symbols: Symbols = None,
) -> Response:
    """List the open positions with their betas, the largest first; options take delta times their stock's."""
    parameters = {
        "portfolio_id": portfolio_id,
        "limit": limit,
        "offset": offset,
        "symbols": symbols,
    }
    return await answers.send(POSITION_FACTOR_EXPOSURES, parameters, portfolio_id=portfolio_id)


@router.get(
    "/spread-factors",
    summary="Tilts between styles",
    response_model=SpreadFactors,
    responses=marts_answers(PortfolioNotFound),
)
async def spread_factors(portfolio_id: UUID, answers: AnswersOf) -> Response:
    """Show the portfolio's tilts: growth against value, momentum, size and quality against the market."""
    return await answers.send(SPREAD_FACTORS, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/market-beta",
    summary="Beta to the market",
    response_model=PortfolioMarketBeta,
    responses=marts_answers(PortfolioNotFound),
)
async def market_beta(portfolio_id: UUID, answers: AnswersOf) -> Response:
    """Show the beta of what is held at the close, and the beta of what the portfolio earned in the window."""
    return await answers.send(MARKET_BETA, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/beta-calculated-90d",
    summary="Beta from regressions",
    response_model=PortfolioCalculatedBeta,
    responses=marts_answers(PortfolioNotFound),
)
async def beta_calculated_90d(portfolio_id: UUID, answers: AnswersOf) -> Response:
    """Show the beta to SPY from regressions of each symbol over 90 sessions."""
    return await answers.send(BETA_CALCULATED_90D, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/beta-provider-1y",
    summary="Beta as providers say it",
    response_model=PortfolioProviderBeta,
    responses=marts_answers(PortfolioNotFound),
)
async def beta_provider_1y(portfolio_id: UUID, answers: AnswersOf) -> Response:
    """Show the beta of the profiles that were known on the date; positions without one lower the coverage."""
    return await answers.send(BETA_PROVIDER_1Y, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/beta-comparison",
    summary="Betas of the positions, side by side",
    response_model=BetaComparison,
    responses=marts_answers(PortfolioNotFound),
)
async def beta_comparison(
    *,
    portfolio_id: UUID,
    answers: AnswersOf,
    limit: Annotated[int, Query(ge=1, le=MAX_POSITIONS, description="Positions at most.")] = MAX_POSITIONS,
    offset: Offset = 0,
) -> Response:
    """List each open position's beta by the provider and as calculated; options show their underlying's."""
    parameters = {"portfolio_id": portfolio_id, "limit": limit, "offset": offset}
    return await answers.send(BETA_COMPARISON, parameters, portfolio_id=portfolio_id)
