"""One position, and its tags."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.dependencies import AnswersOf
from api.http.documentation import marts_answers
from api.http.errors import PositionsNotFound
from api.queries import load_query
from api.schemas.data import PositionDetails
from api.schemas.positions import CarriedTag

router = APIRouter(prefix="/positions/{position_id}", tags=["Data"])

POSITIONS_DETAILS = load_query("positions_details")
POSITION_TAGS = load_query("position_tags")


@router.get(
    "", summary="One position", response_model=PositionDetails, responses=marts_answers(PositionsNotFound)
)
async def position(position_id: UUID, answers: AnswersOf) -> Response:
    """Show a position as of one session: open with its values, closed with those of its last session."""
    parameters = {
        "portfolio_id": None,
        "position_ids": [position_id],
        "include_closed": True,
        "is_single": True,
        "limit": 1,
        "offset": 0,
    }
    return await answers.send(
        POSITIONS_DETAILS,
        parameters,
        missing=PositionsNotFound,
        absent="This position was entered after the session asked for; ask for a later as_of_date.",
    )


@router.get(
    "/tags",
    summary="A position's tags",
    response_model=list[CarriedTag],
    responses=marts_answers(PositionsNotFound),
)
async def position_tags(position_id: UUID, answers: AnswersOf) -> Response:
    """List the tags that the position carries on the session, by name, as a bare array."""
    return await answers.send(POSITION_TAGS, {"position_id": position_id}, missing=PositionsNotFound)
