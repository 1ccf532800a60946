"""What was published and what changed afterwards, how a mart is made, and what the nightly flow does."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from api.dependencies import Administrator, AnswersOf, CurrentUser, Offset, ServicesOf
from api.http.documentation import LOGIN_REFUSALS, SERVICE_REFUSALS, answers, marts_answers
from api.http.errors import (
    InvalidRequest,
    LineageUnavailable,
    MartNotFound,
    NotPermitted,
    PortfolioNotFound,
    QueryTimedOut,
)
from api.http.limits import MAX_PUBLICATIONS, MAX_RESTATEMENTS
from api.marts.answers import is_known
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

ADMIN_REFUSALS = (*LOGIN_REFUSALS, NotPermitted, InvalidRequest, QueryTimedOut, *SERVICE_REFUSALS)

MartName = Annotated[
    str, Path(pattern=r"^[a-z0-9_]{1,63}$", description="Name of a mart, such as fct_prices.")
]


@router.get(
    "/publications",
    summary="What was published, and when",
    response_model=Publications,
    responses=marts_answers(),
)
async def publications(
    answers: AnswersOf,
    limit: Annotated[int, Query(ge=1, le=MAX_PUBLICATIONS, description="Publications at most.")] = 100,
    offset: Offset = 0,
) -> Response:
    """List the publications, the newest first; with as_of_date those that spoke for its session."""
    return await answers.send(PUBLICATIONS, {"limit": limit, "offset": offset})


@router.get(
    "/restatements",
    summary="What later publications changed",
    response_model=Restatements,
    responses=marts_answers(PortfolioNotFound),
)
async def restatements(
    *,
    answers: AnswersOf,
    mart: Annotated[
        str | None, Query(pattern=r"^[a-z0-9_]{1,63}$", description="Only of this mart, such as fct_prices.")
    ] = None,
    portfolio_id: Annotated[UUID | None, Query(description="Only of this portfolio.")] = None,
    publication_id: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="Only what this publication changed.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_RESTATEMENTS, description="Figures at most.")] = 500,
    offset: Offset = 0,
) -> Response:
    """List figures that were published and changed since, the newest change first.

    Those of the user's portfolios, and of no portfolio (prices, betas of symbols). With as_of_date only those
    of its session.
    """
    parameters = {
        "mart": mart,
        "portfolio_id": portfolio_id,
        "publication_id": publication_id,
        "limit": limit,
        "offset": offset,
    }
    return await answers.send(RESTATEMENTS, parameters, portfolio_id=portfolio_id)


@router.get(
    "/lineage/{mart}",
    summary="How a mart is made",
    response_model=MartLineage,
    responses={
        304: {"description": "What If-None-Match names still holds; no body."},
        **answers(*LOGIN_REFUSALS, MartNotFound, InvalidRequest, LineageUnavailable, *SERVICE_REFUSALS),
    },
)
async def lineage(
    mart: MartName, services: ServicesOf, _user: CurrentUser, request: Request, response: Response
) -> Any:
    """Show what a mart means, its columns, and the SQL that makes it, down to the tables that are loaded."""
    answer = await services.lineage.of_mart(mart)
    headers = {"ETag": f'"{digest_of(answer)}"', "Cache-Control": "private", "Vary": "Authorization"}
    if is_known(headers["ETag"], request.headers.get("If-None-Match")):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return answer


@router.get(
    "/admin/batch/run/current",
    summary="The run that is under way",
    response_model=CurrentBatch,
    responses=answers(*ADMIN_REFUSALS),
)
async def batch_run_current(services: ServicesOf, _administrator: Administrator) -> Response:
    """Tell what the nightly flow, or a rebuild, does now: its phase, how far it is, its finished steps."""
    return await _send_operations(services, BATCH_CURRENT, {})


@router.get(
    "/admin/batch/history",
    summary="The runs of the flows",
    response_model=BatchHistory,
    responses=answers(*ADMIN_REFUSALS),
)
async def batch_history(
    services: ServicesOf,
    _administrator: Administrator,
    limit: Annotated[int, Query(ge=1, le=MAX_PUBLICATIONS, description="Runs at most.")] = 100,
    offset: Offset = 0,
) -> Response:
    """List the runs of the flows, the newest first, and how they ended."""
    return await _send_operations(services, BATCH_HISTORY, {"limit": limit, "offset": offset})


async def _send_operations(services: Services, query: Statement, parameters: dict[str, Any]) -> Response:
    """Answer from the tables of ops: as they are now, and not to be kept."""
    async with services.operations.reading_as_nobody() as reading:
        row = await reading.one_row(query, parameters)
    return Response(
        content=None if row is None else row[0],
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )
