"""Publications, restatements, lineage of the marts, and runs of the flows."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from api.dependencies import CurrentAdmin, CurrentUser, Offset, ResponderDep, ServicesDep
from api.http.documentation import LOGIN_PROBLEMS, SERVICE_PROBLEMS, marts_responses, problem_responses
from api.http.errors import (
    InvalidRequest,
    LineageUnavailable,
    MartNotFound,
    NotPermitted,
    PortfolioNotFound,
    QueryTimedOut,
)
from api.http.limits import MAX_PUBLICATIONS, MAX_RESTATEMENTS
from api.marts.answers import etag_matches
from api.marts.lineage import digest_of
from api.queries import Query as Statement
from api.queries import load_query
from api.schemas.operations import BatchHistory, CurrentBatch, MartLineage, Publications, Restatements
from api.services import Services

router = APIRouter(tags=["Operations"])

PUBLICATIONS = load_query("publications")
RESTATEMENTS = load_query("restatements")
BATCH_CURRENT = load_query("batch_current")
BATCH_HISTORY = load_query("batch_history")

ADMIN_PROBLEMS = (*LOGIN_PROBLEMS, NotPermitted, InvalidRequest, QueryTimedOut, *SERVICE_PROBLEMS)

MartName = Annotated[
    str, Path(pattern=r"^[a-z0-9_]{1,63}$", description="Name of a mart, such as fct_prices.")
]


@router.get(
    "/publications",
    summary="Publications",
    response_model=Publications,
    responses=marts_responses(),
)
async def publications(
    responder: ResponderDep,
    limit: Annotated[
        int, Query(ge=1, le=MAX_PUBLICATIONS, description="Maximum number of publications.")
    ] = 100,
    offset: Offset = 0,
) -> Response:
    """List the publications, newest first; with as_of_date, only those that cover its session."""
    return await responder.send(PUBLICATIONS, {"limit": limit, "offset": offset})


@router.get(
    "/restatements",
    summary="Restatements",
    response_model=Restatements,
    responses=marts_responses(PortfolioNotFound),
)
async def restatements(
    *,
    responder: ResponderDep,
    mart: Annotated[
        str | None, Query(pattern=r"^[a-z0-9_]{1,63}$", description="Only this mart, such as fct_prices.")
    ] = None,
    portfolio_id: Annotated[UUID | None, Query(description="Only this portfolio.")] = None,
    publication_id: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="Only what this publication changed.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_RESTATEMENTS, description="Maximum number of figures.")] = 500,
    offset: Offset = 0,
) -> Response:
    """List figures that were published and changed since, newest change first.

    Covers the user's portfolios, and figures without a portfolio (prices, betas of symbols). With as_of_date,
    only those of its session.
    """
    parameters = {
        "mart": mart,
        "portfolio_id": portfolio_id,
        "publication_id": publication_id,
        "limit": limit,
        "offset": offset,
    }
    return await responder.send(RESTATEMENTS, parameters, portfolio_id=portfolio_id)


@router.get(
    "/lineage/{mart}",
    summary="Lineage of a mart",
    response_model=MartLineage,
    responses={
        304: {"description": "Not modified: the ETag in If-None-Match is current; no body."},
        **problem_responses(
            *LOGIN_PROBLEMS, MartNotFound, InvalidRequest, LineageUnavailable, *SERVICE_PROBLEMS
        ),
    },
)
async def lineage(
    mart: MartName, services: ServicesDep, _user: CurrentUser, request: Request, response: Response
) -> Any:
    """Show what a mart means, its columns, and the SQL that builds it, back to the loaded tables."""
    answer = await services.lineage.describe_mart(mart)
    headers = {
        "ETag": f'"{digest_of(answer)}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie",
    }
    if etag_matches(headers["ETag"], request.headers.get("If-None-Match")):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return answer


@router.get(
    "/admin/batch/run/current",
    summary="Current run",
    response_model=CurrentBatch,
    responses=problem_responses(*ADMIN_PROBLEMS),
)
async def batch_run_current(services: ServicesDep, _admin: CurrentAdmin) -> Response:
    """Show the current run of the nightly flow or a rebuild: its phase, progress and finished steps."""
    return await _send_operations(services, BATCH_CURRENT, {})


@router.get(
    "/admin/batch/history",
    summary="Run history",
    response_model=BatchHistory,
    responses=problem_responses(*ADMIN_PROBLEMS),
)
async def batch_history(
    services: ServicesDep,
    _admin: CurrentAdmin,
    limit: Annotated[int, Query(ge=1, le=MAX_PUBLICATIONS, description="Maximum number of runs.")] = 100,
    offset: Offset = 0,
) -> Response:
    """List the runs of the flows, newest first, and how they ended."""
    return await _send_operations(services, BATCH_HISTORY, {"limit": limit, "offset": offset})


async def _send_operations(services: Services, query: Statement, parameters: dict[str, Any]) -> Response:
    """Respond with the current state of the tables of ops; never cached."""
    async with services.operations.reading_without_user() as reading:
        row = await reading.one_row(query, parameters)
    return Response(
        content=None if row is None else row[0],
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )
