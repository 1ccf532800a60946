"""Risk of one portfolio against its benchmark."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import PortfolioNotFound
from api.queries import load_query
from api.schemas.performance.benchmark_risk import PartOf, PortfolioBenchmarkRisk

router = APIRouter(prefix="/analytics/portfolio/{portfolio_id}", tags=["Analytics"])

BENCHMARK_RISK = load_query("analytics_benchmark_risk")


@router.get(
    "/benchmark-risk",
    summary="Risk against the benchmark",
    response_model=PortfolioBenchmarkRisk,
    responses=marts_responses(PortfolioNotFound),
)
async def benchmark_risk(
    portfolio_id: UUID,
    responder: ResponderDep,
    by: Annotated[PartOf, Query(description="What contributions are of.")] = "position",
) -> Response:
    """Show tracking error, beta, captures and information ratio, and what makes the tracking error.

    Ex post: daily returns against those of the benchmark. Ex ante: the holdings at the close by the risk
    model; contributions of all parts and the benchmark add up to it, as do those of the factors. A figure
    that is not known is null with its reason.
    """
    parameters = {"portfolio_id": portfolio_id, "part_of": by}
    return await responder.send(BENCHMARK_RISK, parameters, portfolio_id=portfolio_id)
