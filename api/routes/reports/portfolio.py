"""A portfolio's report as a file."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import CurrentUser, ResponderDep, ServicesDep
from api.http.documentation import files_too, marts_responses
from api.http.errors import FormatUnavailable, PortfolioNotFound
from api.reports.build import read_report, report_digest
from api.reports.formats import MEDIA_TYPES, Format
from api.schemas.reports.document import ReportDocument

router = APIRouter(prefix="/reports", tags=["Reports"])

OTHERS = [media_type for each, media_type in MEDIA_TYPES.items() if each is not Format.JSON]
RESPONSES = files_too(marts_responses(PortfolioNotFound, FormatUnavailable), OTHERS)


@router.get(
    "/{portfolio_id}",
    summary="A portfolio's report",
    response_model=ReportDocument,
    responses=RESPONSES,
)
async def report(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    user: CurrentUser,
    services: ServicesDep,
    wanted: Annotated[
        Format,
        Query(alias="format", description="json, md, html, pdf, or csv: a zip archive of the CSV files."),
    ] = Format.JSON,
) -> Response:
    """Return the report of the session as a file: figures, their units and queries, what is absent and why.

    It is the file that `sigmasight report` writes; a report as published at an instant never changes.
    """
    return await responder.send_made(
        partial(read_report, portfolio_id=portfolio_id),
        partial(services.reports.file, user_id=user.user_id, wanted=wanted),
        digest=report_digest(),
        media_type=MEDIA_TYPES[wanted],
        portfolio_id=portfolio_id,
    )
