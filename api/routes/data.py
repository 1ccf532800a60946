"""Raw data: portfolios, positions, prices."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import AnswersOf, Offset, SplitAtCommas
from api.documentation import marts_answers
from api.errors import InvalidRequest, PortfolioNotFound, PositionsNotFound
from api.limits import (
    DEFAULT_LOOKBACK_DAYS,
    MAX_DAYS,
    MAX_LOOKBACK_DAYS,
    MAX_PORTFOLIOS,
    MAX_POSITIONS,
    MAX_SYMBOLS,
    SCHEMA_VERSION,
)
from api.queries import load_query
from api.schemas.data import HistoricalPrices, PortfolioComplete, PortfolioSummary, PositionsDetails

router = APIRouter(prefix="/data", tags=["Data"])

PORTFOLIOS = load_query("portfolios")
PORTFOLIO_COMPLETE = load_query("portfolio_complete")
POSITIONS_DETAILS = load_query("positions_details")
HISTORICAL_PRICES = load_query("historical_prices")


@router.get(
    "/portfolios",
    summary="The user's portfolios",
    response_model=list[PortfolioSummary],
    responses=marts_answers(),
)
async def portfolios(
    answers: AnswersOf,
    limit: Annotated[int, Query(ge=1, le=MAX_PORTFOLIOS, description="Portfolios at most.")] = MAX_PORTFOLIOS,
    offset: Offset = 0,
) -> Response:
    """List the portfolios that existed at the session's close, oldest first, as a bare array."""
    return await answers.send(PORTFOLIOS, {"limit": limit, "offset": offset})


@router.get(
    "/portfolio/{portfolio_id}/complete",
    summary="Everything about a portfolio",
    response_model=PortfolioComplete,
    responses=marts_answers(PortfolioNotFound),
)
async def portfolio_complete(
    *,
    portfolio_id: UUID,
    answers: AnswersOf,
    include_holdings: Annotated[bool, Query(description="The open positions; else null.")] = True,
    include_position_tags: Annotated[
        bool, Query(description="Tags of the holdings; else empty lists.")
    ] = True,
    include_timeseries: Annotated[bool, Query(description="Equity and P&L by session; else null.")] = True,
    include_attrib: Annotated[bool, Query(description="Contributors and detractors; else null.")] = True,
) -> Response:
    """Show portfolio, holdings (largest first), time series and attribution as of one session.

    The time series and the attribution cover the last 252 sessions up to it; the attribution's window is the
    one of the time series, and counts positions closed in it.
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
    }
    return await answers.send(PORTFOLIO_COMPLETE, parameters, portfolio_id=portfolio_id)


@router.get(
    "/positions/details",
    summary="Positions with their P&L",
    response_model=PositionsDetails,
    responses=marts_answers(PortfolioNotFound, PositionsNotFound),
)
async def positions_details(
    *,
    answers: AnswersOf,
    portfolio_id: Annotated[UUID | None, Query(description="All positions of this portfolio.")] = None,
    position_ids: Annotated[
        list[UUID] | None,
        SplitAtCommas,
        Query(max_length=MAX_POSITIONS, description="These positions: with commas, or repeated."),
    ] = None,
    include_closed: Annotated[bool, Query(description="Also positions exited or expired by then.")] = False,
    limit: Annotated[int, Query(ge=1, le=MAX_POSITIONS, description="Positions at most.")] = MAX_POSITIONS,
    offset: Offset = 0,
) -> Response:
    """List positions of a portfolio, or by their ids, as of one session: open ones first, the largest first.

    The summary covers all positions that match, also those beyond the page.
    """
    if (portfolio_id is None) == (not position_ids):
        raise InvalidRequest("Name either portfolio_id or position_ids, and not both.")
    parameters = {
        "portfolio_id": portfolio_id,
        "position_ids": position_ids or None,
        "include_closed": include_closed,
        "limit": limit,
        "offset": offset,
    }
    missing = PositionsNotFound if portfolio_id is None else PortfolioNotFound
    return await answers.send(POSITIONS_DETAILS, parameters, portfolio_id=portfolio_id, missing=missing)


@router.get(
    "/prices/historical/{portfolio_id}",
    summary="Prices of what a portfolio holds",
    response_model=HistoricalPrices,
    responses=marts_answers(PortfolioNotFound),
)
async def historical_prices(
    *,
    portfolio_id: UUID,
    answers: AnswersOf,
    lookback_days: Annotated[
        int,
        Query(
            ge=1,
            le=MAX_LOOKBACK_DAYS,
            description="Calendar days to look back from the session, its own day included.",
        ),
    ] = DEFAULT_LOOKBACK_DAYS,
    include_factor_etfs: Annotated[bool, Query(description="Also the ETFs of the factor models.")] = True,
    date_format: Annotated[
        Literal["iso", "unix"], Query(description="iso: YYYY-MM-DD; unix: seconds since 1970 at 00:00 UTC.")
    ] = "iso",
) -> Response:
    """Show daily bars of the symbols held at the session's close; an option stands under its underlying.

    Private holdings have no prices. adjusted_close is chained back by total returns from the last close
    shown, so an answer for a past date knows nothing of later splits and dividends.
    """
    parameters = {
        "portfolio_id": portfolio_id,
        "lookback_days": lookback_days,
        "include_factor_etfs": include_factor_etfs,
        "date_format": date_format,
    }
    return await answers.send(HISTORICAL_PRICES, parameters, portfolio_id=portfolio_id)
