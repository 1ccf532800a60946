"""Volatility, value at risk, variance, contributions to risk, Greeks and liquidity of one portfolio."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import PortfolioNotFound
from api.http.limits import MAX_DAYS
from api.queries import load_query
from api.schemas.analytics_risk import (
    PortfolioGreeks,
    PortfolioRiskContributions,
    PortfolioRiskDecomposition,
    PortfolioRiskMetrics,
    PortfolioValueAtRisk,
    PortfolioVolatility,
)
from api.schemas.performance.liquidity import PortfolioLiquidity
from api.schemas.performance.payoffs import PortfolioOptionPayoffs

router = APIRouter(prefix="/analytics/portfolio/{portfolio_id}", tags=["Analytics"])

VOLATILITY = load_query("analytics_volatility")
RISK_METRICS = load_query("analytics_risk_metrics")
GREEKS = load_query("analytics_greeks")
OPTION_PAYOFFS = load_query("analytics_option_payoffs")
VALUE_AT_RISK = load_query("analytics_value_at_risk")
RISK_DECOMPOSITION = load_query("analytics_risk_decomposition")
RISK_CONTRIBUTIONS = load_query("analytics_risk_contributions")
TAIL_CONTRIBUTIONS = load_query("analytics_tail_contributions")
LIQUIDITY = load_query("analytics_liquidity")


@router.get(
    "/volatility",
    summary="Volatility",
    response_model=PortfolioVolatility,
    responses=marts_responses(PortfolioNotFound),
)
async def volatility(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show realized and expected volatility of the holdings at the close, applied to past returns."""
    return await responder.send(VOLATILITY, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/risk-metrics",
    summary="Risk at a glance",
    response_model=PortfolioRiskMetrics,
    responses=marts_responses(PortfolioNotFound),
)
async def risk_metrics(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show beta, volatility, drawdown, Sharpe ratio and value at risk side by side.

    Drawdown and Sharpe ratio are of the portfolio's own returns, the others of its holdings at the close.
    Drawdowns are returned even if available is false: they need no market data.
    """
    return await responder.send(RISK_METRICS, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/greeks",
    summary="Greeks",
    response_model=PortfolioGreeks,
    responses=marts_responses(PortfolioNotFound),
)
async def greeks(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show the Greeks of the portfolio and of each open option position."""
    return await responder.send(GREEKS, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/option-payoffs",
    summary="Options at expiration",
    response_model=PortfolioOptionPayoffs,
    responses=marts_responses(PortfolioNotFound),
)
async def option_payoffs(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show what the open options are worth when they expire, over a range of prices of the underlying.

    One entry per underlying and expiration: other expirations of the underlying are not in it, the shares of
    the underlying are. P&L is against the market value at the close. Prices are each strike, and from half to
    one and a half of the spot.
    """
    return await responder.send(OPTION_PAYOFFS, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/value-at-risk",
    summary="Value at risk",
    response_model=PortfolioValueAtRisk,
    responses=marts_responses(PortfolioNotFound),
)
async def value_at_risk(
    portfolio_id: UUID,
    responder: ResponderDep,
    include_daily: Annotated[
        bool, Query(description="Include the daily P&L against the value at risk of the session before.")
    ] = False,
) -> Response:
    """Show value at risk and expected shortfall by four methods, and their backtests.

    Historical: past returns applied to the holdings at the close, options repriced. Filtered: these outcomes
    scaled to the current volatility. The others: a normal distribution, and the Cornish-Fisher expansion.
    Ten-day figures are the one-day figures times the square root of ten.
    """
    parameters = {"portfolio_id": portfolio_id, "include_daily": include_daily, "max_days": MAX_DAYS}
    return await responder.send(VALUE_AT_RISK, parameters, portfolio_id=portfolio_id)


@router.get(
    "/risk-decomposition",
    summary="Risk decomposition",
    response_model=PortfolioRiskDecomposition,
    responses=marts_responses(PortfolioNotFound),
)
async def risk_decomposition(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Split the variance into factor contributions and symbol-specific variance.

    The factors' contributions add up to the systematic variance; one that offsets others is negative.
    """
    return await responder.send(RISK_DECOMPOSITION, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/risk-contributions",
    summary="Risk contributions",
    response_model=PortfolioRiskContributions,
    responses=marts_responses(PortfolioNotFound),
)
async def risk_contributions(
    portfolio_id: UUID,
    responder: ResponderDep,
    measure: Annotated[
        Literal["volatility", "var", "es"],
        Query(description="What is contributed to: volatility, or one-day historical VaR or ES."),
    ] = "volatility",
    by: Annotated[
        Literal["position", "symbol", "sector", "tag", "factor"], Query(description="The parts.")
    ] = "position",
    confidence: Annotated[
        Literal["0.95", "0.99"], Query(description="Of VaR and ES; without effect on volatility.")
    ] = "0.95",
) -> Response:
    """Show what each part of the portfolio contributes to its risk, largest first.

    The components of positions, symbols, sectors and factors add up to the total; a part that lowers the
    risk has a negative one. A part without figures has a null_reason and is outside the total.
    """
    parameters: dict[str, object] = {"portfolio_id": portfolio_id, "part_of": by}
    if measure == "volatility":
        return await responder.send(RISK_CONTRIBUTIONS, parameters, portfolio_id=portfolio_id)
    parameters |= {"measure": measure, "confidence": float(confidence)}
    return await responder.send(TAIL_CONTRIBUTIONS, parameters, portfolio_id=portfolio_id)


@router.get(
    "/liquidity",
    summary="Liquidity",
    response_model=PortfolioLiquidity,
    responses=marts_responses(PortfolioNotFound),
)
async def liquidity(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show how fast the portfolio and each position can be sold, at what cost, and the risk meanwhile.

    A position is traded at a share of the average volume of 20 sessions. What is known to have no market is
    illiquid; what is not known is null and lowers metadata.coverage. Days are sessions.
    """
    return await responder.send(LIQUIDITY, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)
