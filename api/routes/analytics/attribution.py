"""Where return and P&L of one portfolio come from: by segment and by factor; of options, by their Greeks."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from api.dependencies import IsoDate, ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import PortfolioNotFound
from api.queries import load_query
from api.schemas.performance.attribution import (
    Dimension,
    Method,
    Period,
    PortfolioAttribution,
    PortfolioFactorAttribution,
)
from api.schemas.performance.option_pnl import PortfolioOptionPnl

router = APIRouter(prefix="/analytics/portfolio/{portfolio_id}", tags=["Analytics"])

ATTRIBUTION = load_query("analytics_attribution")
FACTOR_ATTRIBUTION = load_query("analytics_factor_attribution")
OPTION_PNL_EXPLAIN = load_query("analytics_option_pnl_explain")


def asked_range(
    *,
    portfolio_id: UUID,
    period: Annotated[Period, Query(description="Period that ends at the session.")] = "YTD",
    first: Annotated[
        IsoDate | None, Query(alias="from", description="First day, YYYY-MM-DD, instead of a period.")
    ] = None,
    last: Annotated[
        IsoDate | None, Query(alias="to", description="Last day, YYYY-MM-DD, instead of a period.")
    ] = None,
) -> dict[str, Any]:
    """Take the portfolio and the range that is explained."""
    return {"portfolio_id": portfolio_id, "period": period, "from_date": first, "to_date": last}


RangeDep = Annotated[dict[str, Any], Depends(asked_range)]


def linked_range(
    parameters: RangeDep,
    method: Annotated[Method, Query(description="How sessions are linked.")] = "carino",
) -> dict[str, Any]:
    """Take the parameters that both attributions have."""
    return {**parameters, "method": method}


LinkedRangeDep = Annotated[dict[str, Any], Depends(linked_range)]


@router.get(
    "/attribution",
    summary="Attribution against the benchmark",
    response_model=PortfolioAttribution,
    responses=marts_responses(PortfolioNotFound),
)
async def attribution(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    parameters: LinkedRangeDep,
    dimension: Annotated[Dimension, Query(description="What the segments are.")] = "sector",
) -> Response:
    """Divide the excess return into allocation and selection by sector, investment class or tag.

    Effects of the sessions are linked, so that they add up to the excess return of the range; those of tags,
    which may overlap, need not. A benchmark whose sectors are not known has contributions only.
    """
    return await responder.send(
        ATTRIBUTION, {**parameters, "dimension": dimension}, portfolio_id=portfolio_id
    )


@router.get(
    "/factor-attribution",
    summary="Attribution to factors",
    response_model=PortfolioFactorAttribution,
    responses=marts_responses(PortfolioNotFound),
)
async def factor_attribution(
    portfolio_id: UUID, responder: ResponderDep, parameters: LinkedRangeDep
) -> Response:
    """Divide the return into what the factors of the risk model did, what is specific and what is private.

    Contributions are exposures of the previous close times the moves of the factors, linked over the range.
    """
    return await responder.send(FACTOR_ATTRIBUTION, parameters, portfolio_id=portfolio_id)


@router.get(
    "/option-pnl-explain",
    summary="P&L of options by Greeks",
    response_model=PortfolioOptionPnl,
    responses=marts_responses(PortfolioNotFound),
)
async def option_pnl_explain(portfolio_id: UUID, responder: ResponderDep, parameters: RangeDep) -> Response:
    """Explain the P&L of the options held in a range by the Greeks of the close before each session.

    Delta, gamma, theta, vega and rho times the moves of the session, what was traded, and the residual add
    up to the P&L, to the cent.
    """
    return await responder.send(OPTION_PNL_EXPLAIN, parameters, portfolio_id=portfolio_id)
