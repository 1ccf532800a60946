"""Returns of one portfolio beside those of its benchmark."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import IsoDate, ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import PortfolioNotFound
from api.http.limits import MAX_DRAWDOWNS
from api.queries import load_query
from api.schemas.performance.returns import PortfolioReturns

router = APIRouter(prefix="/analytics/portfolio/{portfolio_id}", tags=["Analytics"])

RETURNS = load_query("analytics_returns")


@router.get(
    "/returns",
    summary="Returns, benchmark, drawdowns",
    response_model=PortfolioReturns,
    responses=marts_responses(PortfolioNotFound),
)
async def returns(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    first: Annotated[IsoDate | None, Query(alias="from", description="First day, YYYY-MM-DD.")] = None,
    last: Annotated[IsoDate | None, Query(alias="to", description="Last day, YYYY-MM-DD.")] = None,
    include_series: Annotated[
        bool, Query(description="Include the daily series of value, returns, benchmark and drawdown.")
    ] = False,
) -> Response:
    """Show returns by period, by month and from peak to trough, beside those of the benchmark.

    Periods end at the session. With `from` or `to`, the first period is `custom`, and months, drawdowns and
    series are of that range; by default they begin with the portfolio.
    """
    parameters = {
        "portfolio_id": portfolio_id,
        "from_date": first,
        "to_date": last,
        "max_drawdowns": MAX_DRAWDOWNS,
        "include_series": include_series,
    }
    return await responder.send(RETURNS, parameters, portfolio_id=portfolio_id)
