"""Raw data: portfolios with their positions, snapshots and the quality of their data."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.dependencies import Offset, ResponderDep, SplitCommasOrNone
from api.http.documentation import marts_responses
from api.http.errors import InvalidRequest, PortfolioNotFound, PositionsNotFound
from api.http.limits import (
    MAX_DAYS,
    MAX_PORTFOLIOS,
    MAX_POSITIONS,
    MAX_SYMBOLS,
    SCHEMA_VERSION,
)
from api.marts.answers import TAG_COLORS
from api.queries import load_query
from api.schemas.data import PortfolioComplete, PortfolioSummary, PositionsDetails
from api.schemas.portfolios import PortfolioDataQuality, PortfolioSnapshot
from api.schemas.positions import TopPositions
from warehouse.method import method_variables

router = APIRouter(prefix="/data", tags=["Data"])

PORTFOLIOS = load_query("portfolios")
PORTFOLIO_COMPLETE = load_query("portfolio_complete")
POSITIONS_DETAILS = load_query("positions_details")
TOP_POSITIONS = load_query("top_positions")
PORTFOLIO_SNAPSHOT = load_query("portfolio_snapshot")
PORTFOLIO_DATA_QUALITY = load_query("portfolio_data_quality")


@router.get(
    "/portfolios",
    summary="The user's portfolios",
    response_model=list[PortfolioSummary],
    responses=marts_responses(),
)
async def portfolios(
    responder: ResponderDep,
    limit: Annotated[
        int, Query(ge=1, le=MAX_PORTFOLIOS, description="Maximum number of portfolios.")
    ] = MAX_PORTFOLIOS,
    offset: Offset = 0,
) -> Response:
    """List the portfolios that existed at the session's close, oldest first, as a bare array."""
    return await responder.send(PORTFOLIOS, {"limit": limit, "offset": offset})


@router.get(
    "/portfolio/{portfolio_id}/complete",
    summary="Everything about a portfolio",
    response_model=PortfolioComplete,
    responses=marts_responses(PortfolioNotFound),
)
async def portfolio_complete(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    include_holdings: Annotated[
        bool, Query(description="Include the open positions; otherwise null.")
    ] = True,
    include_position_tags: Annotated[
        bool, Query(description="Include tags of the holdings; otherwise empty lists.")
    ] = True,
    include_timeseries: Annotated[
        bool, Query(description="Include equity and P&L by session; otherwise null.")
    ] = True,
    include_attrib: Annotated[
        bool, Query(description="Include contributors and detractors; otherwise null.")
    ] = True,
) -> Response:
    """Show portfolio, holdings (largest first), time series and attribution as of one session.

    The time series and the attribution cover the last 252 sessions up to it; the attribution includes
    positions closed in that window.
    """
    parameters = {
        "portfolio_id": portfolio_id,
        "include_holdings": include_holdings,
        "include_position_tags": include_position_tags,
        "include_timeseries": include_timeseries,
        "include_attrib": include_attrib,
        "max_positions": MAX_POSITIONS,
        "max_days": MAX_DAYS,
        "max_symbols": MAX_SYMBOLS,
        "schema_version": SCHEMA_VERSION,
        "tag_colors": TAG_COLORS,
    }
    return await responder.send(PORTFOLIO_COMPLETE, parameters, portfolio_id=portfolio_id)


@router.get(
    "/portfolio/{portfolio_id}/snapshot",
    summary="A portfolio at the close",
    response_model=PortfolioSnapshot,
    responses=marts_responses(PortfolioNotFound),
)
async def portfolio_snapshot(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show equity, cash, P&L, returns and counts of one session, with its target returns and betas."""
    return await responder.send(PORTFOLIO_SNAPSHOT, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)


@router.get(
    "/portfolio/{portfolio_id}/data-quality",
    summary="Data quality of a portfolio",
    response_model=PortfolioDataQuality,
    responses=marts_responses(PortfolioNotFound),
)
async def portfolio_data_quality(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show how complete the price histories of the open positions are, and how to improve them.

    `calculation_feasibility` shows which positions the analytics of the session could use. A symbol (an
    option's underlying) is listed once; the summary counts positions.
    """
    method = method_variables()
    parameters = {
        "portfolio_id": portfolio_id,
        "window_days": method["data_quality_sessions"],
        "correlation_days": method["correlation_rules"]["minimum"],
    }
    return await responder.send(PORTFOLIO_DATA_QUALITY, parameters, portfolio_id=portfolio_id)


@router.get(
    "/positions/details",
    summary="Positions with their P&L",
    response_model=PositionsDetails,
    responses=marts_responses(PortfolioNotFound, PositionsNotFound),
)
async def positions_details(
    *,
    responder: ResponderDep,
    portfolio_id: Annotated[UUID | None, Query(description="All positions of this portfolio.")] = None,
    position_ids: Annotated[
        Annotated[list[UUID], Field(max_length=MAX_POSITIONS)] | None,
        SplitCommasOrNone,
        Query(description="Position ids, comma-separated or repeated."),
    ] = None,
    include_closed: Annotated[
        bool, Query(description="Include positions exited or expired by then.")
    ] = False,
    limit: Annotated[
        int, Query(ge=1, le=MAX_POSITIONS, description="Maximum number of positions.")
    ] = MAX_POSITIONS,
    offset: Offset = 0,
) -> Response:
    """List positions of a portfolio, or by their ids, as of one session: open ones first, largest first.

    The summary covers all positions that match, including those beyond the page.
    """
    if (portfolio_id is None) == (position_ids is None):
        raise InvalidRequest("Name either portfolio_id or position_ids, and not both.")
    parameters = {
        "portfolio_id": portfolio_id,
        "position_ids": position_ids,
        "include_closed": include_closed,
        "is_single": False,
        "tag_colors": TAG_COLORS,
        "limit": limit,
        "offset": offset,
    }
    missing = PositionsNotFound if portfolio_id is None else PortfolioNotFound
    return await responder.send(POSITIONS_DETAILS, parameters, portfolio_id=portfolio_id, missing=missing)


@router.get(
    "/positions/top/{portfolio_id}",
    summary="The largest positions",
    response_model=TopPositions,
    responses=marts_responses(PortfolioNotFound),
)
async def top_positions(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    limit: Annotated[int, Query(ge=1, le=MAX_POSITIONS, description="Maximum number of symbols.")] = 10,
    offset: Offset = 0,
    sort_by: Annotated[
        Literal["market_value", "weight"],
        Query(description="Sort by absolute market value or weight."),
    ] = "market_value",
) -> Response:
    """List the largest symbols of a portfolio, long or short, with all lots of a symbol combined."""
    parameters = {"portfolio_id": portfolio_id, "limit": limit, "offset": offset, "sort_by": sort_by}
    return await responder.send(TOP_POSITIONS, parameters, portfolio_id=portfolio_id)
