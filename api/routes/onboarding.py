"""Templates for loading a portfolio."""

from fastapi import APIRouter, Response

from api.http.documentation import file_response, problem_responses
from api.http.errors import InternalError
from warehouse.templates import positions_template

router = APIRouter(prefix="/onboarding", tags=["Data"])

EXAMPLE = "".join(positions_template().splitlines(keepends=True)[-10:-7])


@router.get(
    "/csv-template",
    summary="Template of a positions file",
    response_class=Response,
    responses={**file_response("text/csv", EXAMPLE), **problem_responses(InternalError)},
)
async def csv_template() -> Response:
    """Return the twelve columns of a positions file, with their rules and an example row of each kind.

    It can be loaded unchanged: `sigmasight load positions FILE`. Lines that begin with # are comments. It
    holds no data of a user, and needs no token.
    """
    headers = {
        "Content-Disposition": 'attachment; filename="positions.csv"',
        "Cache-Control": "private, no-cache",
    }
    return Response(positions_template(), media_type="text/csv; charset=utf-8", headers=headers)
