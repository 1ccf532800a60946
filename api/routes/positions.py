"""One position, and its tags."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.dependencies import ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import PositionsNotFound
from api.marts.answers import TAG_COLORS
from api.queries import load_query
from api.schemas.data import PositionDetails
from api.schemas.positions import CarriedTag

router = APIRouter(prefix="/positions/{position_id}", tags=["Data"])

POSITIONS_DETAILS = load_query("positions_details")
POSITION_TAGS = load_query("position_tags")


@router.get(
    "", summary="One position", response_model=PositionDetails, responses=marts_responses(PositionsNotFound)
)
async def position(position_id: UUID, responder: ResponderDep) -> Response:
    """Show a position as of one session; if it is closed, with the values of its last session."""
    parameters = {
        "portfolio_id": None,
        "position_ids": [position_id],
        "include_closed": True,
        "is_single": True,
        "tag_colors": TAG_COLORS,
        "limit": 1,
        "offset": 0,
    }
    return await responder.send(
        POSITIONS_DETAILS,
        parameters,
        missing=PositionsNotFound,
        absent="This position was entered after the session asked for; ask for a later as_of_date.",
    )


@router.get(
    "/tags",
    summary="A position's tags",
    response_model=list[CarriedTag],
    responses=marts_responses(PositionsNotFound),
)
async def position_tags(position_id: UUID, responder: ResponderDep) -> Response:
    """List the tags of the position on the session, by name, as a bare array."""
    parameters = {"position_id": position_id, "tag_colors": TAG_COLORS}
    return await responder.send(POSITION_TAGS, parameters, missing=PositionsNotFound)
