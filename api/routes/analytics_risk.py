"""Volatility, value at risk, variance and Greeks of one portfolio."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.dependencies import AnswersOf
from api.http.documentation import marts_answers
from api.http.errors import PortfolioNotFound
from api.queries import load_query
from api.schemas.analytics_risk import (
    PortfolioGreeks,
    PortfolioRiskDecomposition,
    PortfolioRiskMetrics,
    PortfolioValueAtRisk,
    PortfolioVolatility,
)

router = APIRouter(prefix="/analytics/portfolio/{portfolio_id}", tags=["Analytics"])

VOLATILITY = load_query("analytics_volatility")
RISK_METRICS = load_query("analytics_risk_metrics")
GREEKS = load_query("analytics_greeks")
VALUE_AT_RISK = load_query("analytics_value_at_risk")
RISK_DECOMPOSITION = load_query("analytics_risk_decomposition")


@router.get(
    "/volatility",
    summary="Volatility",
    response_model=PortfolioVolatility,
    responses=marts_answers(PortfolioNotFound),
)
async def volatility(portfolio_id: UUID, answers: AnswersOf) -> Response:
    """Show realized and expected volatility of the holdings at the close, carried through past returns."""
    return await answers.send(VOLATILITY, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/risk-metrics",
    summary="Risk at a glance",
    response_model=PortfolioRiskMetrics,
    responses=marts_answers(PortfolioNotFound),
)
async def risk_metrics(portfolio_id: UUID, answers: AnswersOf) -> Response:
    """Show beta, volatility, drawdown, Sharpe ratio and value at risk side by side.

    Drawdown and Sharpe ratio are of what the portfolio earned, the others of what it holds at the close.
    Drawdowns are there also where available is false: they need no market.
    """
    return await answers.send(RISK_METRICS, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/greeks",
    summary="Greeks",
    response_model=PortfolioGreeks,
    responses=marts_answers(PortfolioNotFound),
)
async def greeks(portfolio_id: UUID, answers: AnswersOf) -> Response:
    """Show the Greeks of the portfolio and of each open option position."""
    return await answers.send(GREEKS, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/value-at-risk",
    summary="Value at risk",
    response_model=PortfolioValueAtRisk,
    responses=marts_answers(PortfolioNotFound),
)
async def value_at_risk(portfolio_id: UUID, answers: AnswersOf) -> Response:
    """Show value at risk and expected shortfall, historical, normal and Cornish-Fisher, and their backtest.

    Historical: past returns through the holdings at the close, options repriced. Ten days are one
    day's times the square root of ten.
    """
    return await answers.send(VALUE_AT_RISK, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/risk-decomposition",
    summary="Where the variance comes from",
    response_model=PortfolioRiskDecomposition,
    responses=marts_answers(PortfolioNotFound),
)
async def risk_decomposition(portfolio_id: UUID, answers: AnswersOf) -> Response:
    """Split the variance into factors and what the symbols have each by themselves.

    The factors' contributions add up to the systematic variance; one that offsets others is negative.
    """
    return await answers.send(RISK_DECOMPOSITION, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)
