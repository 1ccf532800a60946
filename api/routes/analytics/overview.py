"""Analytics of one portfolio."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.dependencies import ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import PortfolioNotFound
from api.queries import load_query
from api.schemas.analytics import PortfolioOverview

router = APIRouter(prefix="/analytics/portfolio/{portfolio_id}", tags=["Analytics"])

PORTFOLIO_OVERVIEW = load_query("portfolio_overview")


@router.get(
    "/overview",
    summary="A portfolio at a glance",
    response_model=PortfolioOverview,
    responses=marts_responses(PortfolioNotFound),
)
async def portfolio_overview(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show equity, exposures, P&L and counts at the session's close.

    Percentages are of equity, which is not the value of the positions: gross above 100 is normal for a
    long/short book.
    """
    return await responder.send(PORTFOLIO_OVERVIEW, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id)
