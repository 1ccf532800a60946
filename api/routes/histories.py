"""Histories and lists: exposures by session, grades of forecasts, positions filtered and grouped."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import IsoDate, Limit, Offset, PrintableName, ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import PortfolioNotFound
from api.http.limits import MAX_DAYS, MAX_ROWS
from api.queries import load_query
from api.schemas.histories import ExposureHistory, PortfolioForecastEvaluation, PositionList

router = APIRouter(tags=["Data"])

EXPOSURE_HISTORY = load_query("exposure_history")
FORECAST_EVALUATION = load_query("analytics_forecast_evaluation")
POSITIONS_LIST = load_query("positions_list")

LAST_DAY = date(9999, 12, 31)

SortBy = Literal["market_value", "weight", "symbol", "unrealized_pnl", "day_change", "entry_date"]
GroupBy = Literal["symbol", "sector", "type", "class", "tag", "portfolio"]


@router.get(
    "/data/portfolio/{portfolio_id}/exposures",
    summary="History of exposures",
    response_model=ExposureHistory,
    responses=marts_responses(PortfolioNotFound),
)
async def exposures(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    first: Annotated[IsoDate | None, Query(alias="from", description="First day, YYYY-MM-DD.")] = None,
    last: Annotated[IsoDate | None, Query(alias="to", description="Last day, YYYY-MM-DD.")] = None,
) -> Response:
    """Show long, short, gross and net exposure by session: at market, at cost and delta-adjusted.

    At most the last 252 sessions up to `to`, or to as_of_date if that is earlier.
    """
    parameters = {
        "portfolio_id": portfolio_id,
        "from_date": first,
        "to_date": last or LAST_DAY,
        "max_days": MAX_DAYS,
    }
    return await responder.send(EXPOSURE_HISTORY, parameters, portfolio_id=portfolio_id)


@router.get(
    "/analytics/portfolio/{portfolio_id}/forecast-evaluation",
    tags=["Analytics"],
    summary="Grades of forecasts",
    response_model=PortfolioForecastEvaluation,
    responses=marts_responses(PortfolioNotFound),
)
async def forecast_evaluation(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Hold forecasts that ended on the session against what was realized, with their grades so far.

    The bias statistic is 1 for an unbiased forecast and above 1 if risk was underestimated; QLIKE is 0 for
    a perfect one.
    """
    return await responder.send(
        FORECAST_EVALUATION, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id
    )


@router.get(
    "/data/positions",
    summary="Positions filtered, sorted and grouped",
    response_model=PositionList,
    responses=marts_responses(PortfolioNotFound),
)
async def positions(
    *,
    responder: ResponderDep,
    portfolio_id: Annotated[UUID | None, Query(description="Only this portfolio.")] = None,
    position_type: Annotated[
        PrintableName | None,
        Query(alias="type", description="A position type (LONG, SC) or investment class (PRIVATE)."),
    ] = None,
    tag: Annotated[PrintableName | None, Query(description="Only positions with this tag.")] = None,
    sector: Annotated[PrintableName | None, Query(description="Only this sector.")] = None,
    sort: Annotated[
        SortBy, Query(description="Largest first; symbols and entry dates ascending.")
    ] = "market_value",
    group_by: Annotated[
        GroupBy | None, Query(description="Also sum by this; a position counts in each of its tags.")
    ] = None,
    limit: Limit = MAX_ROWS,
    offset: Offset = 0,
) -> Response:
    """List the open positions of the session. Totals and groups cover all that match, beyond the page too."""
    parameters = {
        "portfolio_id": portfolio_id,
        "type": position_type.upper() if position_type else None,
        "tag": tag,
        "sector": sector,
        "sort": sort,
        "group_by": group_by,
        "limit": limit,
        "offset": offset,
    }
    return await responder.send(POSITIONS_LIST, parameters, portfolio_id=portfolio_id)
