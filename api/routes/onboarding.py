"""What a person needs to bring a portfolio in."""

from fastapi import APIRouter, Response

from api.dependencies import CurrentUser
from api.http.documentation import LOGIN_REFUSALS, SERVICE_REFUSALS, answers, file_answer
from warehouse.templates import positions_template

router = APIRouter(prefix="/onboarding", tags=["Data"])

EXAMPLE = "".join(positions_template().splitlines(keepends=True)[-10:-7])


@router.get(
    "/csv-template",
    summary="The template of a positions file",
    response_class=Response,
    responses={**file_answer("text/csv", EXAMPLE), **answers(*LOGIN_REFUSALS, *SERVICE_REFUSALS)},
)
async def csv_template(user: CurrentUser) -> Response:  # noqa: ARG001 - for users only
    """Give the twelve columns of a positions file with their rules and a row of each kind.

    It can be loaded as it is: `sigmasight load positions FILE`. Lines that begin with # are comments.
    """
    headers = {"Content-Disposition": 'attachment; filename="positions.csv"', "Cache-Control": "private"}
    return Response(positions_template(), media_type="text/csv; charset=utf-8", headers=headers)
