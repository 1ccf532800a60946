"""Templates for loading a portfolio."""

from fastapi import APIRouter, Response

from api.dependencies import CurrentUser
from api.http.documentation import LOGIN_PROBLEMS, SERVICE_PROBLEMS, file_response, problem_responses
from warehouse.templates import positions_template

router = APIRouter(prefix="/onboarding", tags=["Data"])

EXAMPLE = "".join(positions_template().splitlines(keepends=True)[-10:-7])


@router.get(
    "/csv-template",
    summary="Template of a positions file",
    response_class=Response,
    responses={**file_response("text/csv", EXAMPLE), **problem_responses(*LOGIN_PROBLEMS, *SERVICE_PROBLEMS)},
)
async def csv_template(user: CurrentUser) -> Response:  # noqa: ARG001 - for users only
    """Return the twelve columns of a positions file, with their rules and an example row of each kind.

    It can be loaded unchanged: `sigmasight load positions FILE`. Lines that begin with # are comments.
    """
    headers = {"Content-Disposition": 'attachment; filename="positions.csv"', "Cache-Control": "private"}
    return Response(positions_template(), media_type="text/csv; charset=utf-8", headers=headers)
