"""What one portfolio realized, received and traded."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import Limit, Offset, ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import PortfolioNotFound
from api.http.limits import MAX_ROWS
from api.queries import load_query
from api.schemas.performance.realized_gains import Income, LotMethod, RealizedGains, Trades

router = APIRouter(prefix="/portfolios/{portfolio_id}", tags=["Data"])

REALIZED_GAINS = load_query("realized_gains")
TRADES = load_query("trades")
INCOME = load_query("income")

Year = Annotated[int | None, Query(ge=1900, le=9999, description="Only this calendar year.")]


@router.get(
    "/realized-gains",
    summary="Realized gains by tax lot",
    response_model=RealizedGains,
    responses=marts_responses(PortfolioNotFound),
)
async def realized_gains(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    year: Year = None,
    method: Annotated[
        LotMethod, Query(description="Which lots are relieved; portfolio: its own method over time.")
    ] = "portfolio",
    wash_sales: Annotated[bool, Query(description="Totals and terms after wash sales.")] = False,
    limit: Limit = MAX_ROWS,
    offset: Offset = 0,
) -> Response:
    """Show what was sold, covered or expired up to the session, by lot, with totals by term and by year.

    Wash sales stand beside each gain and count only if asked for. Open lots are shown on the last session;
    realized and unrealized gains add up to the same under every method. Not tax advice.
    """
    parameters = {
        "portfolio_id": portfolio_id,
        "year": year,
        "method": method,
        "wash_sales": wash_sales,
        "limit": limit,
        "offset": offset,
    }
    return await responder.send(REALIZED_GAINS, parameters, portfolio_id=portfolio_id)


@router.get(
    "/trades",
    summary="What changed hands",
    response_model=Trades,
    responses=marts_responses(PortfolioNotFound),
)
async def trades(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    year: Year = None,
    limit: Limit = MAX_ROWS,
    offset: Offset = 0,
) -> Response:
    """List openings, entries, splits, exits and expiries up to the session, the newest first."""
    parameters = {"portfolio_id": portfolio_id, "year": year, "limit": limit, "offset": offset}
    return await responder.send(TRADES, parameters, portfolio_id=portfolio_id)


@router.get(
    "/income",
    summary="Dividends by month, symbol and year",
    response_model=Income,
    responses=marts_responses(PortfolioNotFound),
)
async def income(portfolio_id: UUID, responder: ResponderDep, year: Year = None) -> Response:
    """Show dividends on what was held on their ex-dates up to the session; shorts pay them."""
    return await responder.send(
        INCOME, {"portfolio_id": portfolio_id, "year": year}, portfolio_id=portfolio_id
    )
