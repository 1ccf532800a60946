"""Sectors, concentration, correlation and stress of one portfolio."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.dependencies import ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import PortfolioNotFound
from api.http.limits import DEFAULT_MATRIX_SYMBOLS, MAX_POSITIONS
from api.queries import load_query
from api.routes.analytics.parameters import ImpactType, MaxSymbols, Scenario, Scenarios
from api.schemas.analytics_exposures import (
    DiversificationScore,
    PortfolioConcentration,
    PortfolioCorrelationMatrix,
    PortfolioSectorExposure,
    PortfolioStressDetail,
    PortfolioStressTest,
)

router = APIRouter(prefix="/analytics/portfolio/{portfolio_id}", tags=["Analytics"])

SECTOR_EXPOSURE = load_query("analytics_sector_exposure")
CONCENTRATION = load_query("analytics_concentration")
CORRELATION_MATRIX = load_query("analytics_correlation_matrix")
DIVERSIFICATION_SCORE = load_query("analytics_diversification_score")
STRESS_TEST = load_query("analytics_stress_test")
STRESS_DETAIL = load_query("analytics_stress_detail")


@router.get(
    "/sector-exposure",
    summary="Sectors against the S&P 500",
    response_model=PortfolioSectorExposure,
    responses=marts_responses(PortfolioNotFound),
)
async def sector_exposure(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show the shares of gross exposure by sector, next to the S&P 500's weights in force on the date.

    The benchmark's weights are approximate. Options count under the sector of their underlying.
    """
    return await responder.send(SECTOR_EXPOSURE, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/concentration",
    summary="Concentration",
    response_model=PortfolioConcentration,
    responses=marts_responses(PortfolioNotFound),
)
async def concentration(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show the concentration of gross exposure by symbol; options count under their underlying."""
    parameters = {"portfolio_id": portfolio_id, "max_positions": MAX_POSITIONS}
    return await responder.send(CONCENTRATION, parameters, portfolio_id=portfolio_id)


@router.get(
    "/correlation-matrix",
    summary="Correlations",
    response_model=PortfolioCorrelationMatrix,
    responses=marts_responses(PortfolioNotFound),
)
async def correlation_matrix(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    max_symbols: MaxSymbols = DEFAULT_MATRIX_SYMBOLS,
) -> Response:
    """Show the correlations of daily returns between the largest symbols, over 90 sessions."""
    parameters = {"portfolio_id": portfolio_id, "max_symbols": max_symbols}
    return await responder.send(CORRELATION_MATRIX, parameters, portfolio_id=portfolio_id)


@router.get(
    "/diversification-score",
    summary="Diversification",
    response_model=DiversificationScore,
    responses=marts_responses(PortfolioNotFound),
)
async def diversification_score(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show how strongly the holdings move together, and which symbols do."""
    return await responder.send(
        DIVERSIFICATION_SCORE, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id
    )


@router.get(
    "/stress-test",
    summary="Stress test",
    response_model=PortfolioStressTest,
    responses=marts_responses(PortfolioNotFound),
)
async def stress_test(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    scenarios: Scenarios = None,
    impact_type: ImpactType = "direct",
) -> Response:
    """Show the P&L of each scenario, worst first.

    `direct` moves only the factors that a scenario shocks; `correlated` moves all others with them; a
    historical scenario is also replayed with the positions' own returns where they are known. Options are
    repriced with their volatility; private positions are excluded and lower the coverage. Names and
    categories are the current ones.
    """
    parameters = {
        "portfolio_id": portfolio_id,
        "scenarios": scenarios,
        "impact_type": impact_type,
    }
    return await responder.send(STRESS_TEST, parameters, portfolio_id=portfolio_id)


@router.get(
    "/stress-detail",
    summary="One scenario in detail",
    response_model=PortfolioStressDetail,
    responses=marts_responses(PortfolioNotFound),
)
async def stress_detail(portfolio_id: UUID, responder: ResponderDep, scenario: Scenario = None) -> Response:
    """Show what a scenario does by factor and by position; by default the worst one of the session.

    Factors and the convexity of options add up to the P&L. Positions are those of the newest session only.
    """
    parameters = {"portfolio_id": portfolio_id, "scenario": scenario}
    return await responder.send(STRESS_DETAIL, parameters, portfolio_id=portfolio_id)
