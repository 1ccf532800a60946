"""Where the return of one portfolio comes from: by segment against the benchmark, and by factor."""

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

router = APIRouter(prefix="/analytics/portfolio/{portfolio_id}", tags=["Analytics"])

ATTRIBUTION = load_query("analytics_attribution")
FACTOR_ATTRIBUTION = load_query("analytics_factor_attribution")


def attribution_range(
    *,
    portfolio_id: UUID,
    period: Annotated[Period, Query(description="Period that ends at the session.")] = "YTD",
    first: Annotated[
        IsoDate | None, Query(alias="from", description="First day, YYYY-MM-DD, instead of a period.")
    ] = None,
    last: Annotated[
        IsoDate | None, Query(alias="to", description="Last day, YYYY-MM-DD, instead of a period.")
    ] = None,
    method: Annotated[Method, Query(description="How sessions are linked.")] = "carino",
) -> dict[str, Any]:
    """Take the parameters that both attributions have."""
    return {
        "portfolio_id": portfolio_id,
        "period": period,
        "from_date": first,
        "to_date": last,
        "method": method,
    }


RangeDep = Annotated[dict[str, Any], Depends(attribution_range)]


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
    parameters: RangeDep,
    dimension: Annotated[Dimension, Query(description="What the segments are.")] = "sector",
) -> Response:
    """Divide the excess return into allocation and selection by sector or investment class.

    Effects of the sessions are linked, so that they add up to the excess return of the range. A benchmark
    whose sectors are not known has contributions only.
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
async def factor_attribution(portfolio_id: UUID, responder: ResponderDep, parameters: RangeDep) -> Response:
    """Divide the return into what the factors of the risk model did, what is specific and what is private.

    Contributions are exposures of the previous close times the moves of the factors, linked over the range.
    """
    return await responder.send(FACTOR_ATTRIBUTION, parameters, portfolio_id=portfolio_id)
