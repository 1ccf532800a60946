"""Tags, and the positions that have them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import Limit, Offset, ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import TagNotFound
from api.http.limits import MAX_ROWS
from api.marts.answers import TAG_COLORS
from api.queries import load_query
from api.schemas.tags import OneTag, TagPositions, UserTags

router = APIRouter(prefix="/tags", tags=["Data"])

TAGS = load_query("tags")
TAG_POSITIONS = load_query("tag_positions")


@router.get("/", summary="The user's tags", response_model=UserTags, responses=marts_responses())
async def tags(
    *,
    responder: ResponderDep,
    include_archived: Annotated[
        bool, Query(description="Include tags that the user archived or that no position has any longer.")
    ] = True,
    limit: Limit = MAX_ROWS,
    offset: Offset = 0,
) -> Response:
    """List the tags that the user's positions have or had up to the session, by name."""
    parameters = {
        "tag_id": None,
        "include_archived": include_archived,
        "tag_colors": TAG_COLORS,
        "limit": limit,
        "offset": offset,
    }
    return await responder.send(TAGS, parameters)


@router.get("/{tag_id}", summary="One tag", response_model=OneTag, responses=marts_responses(TagNotFound))
async def tag(tag_id: UUID, responder: ResponderDep) -> Response:
    """Show one tag: its own fields, and the list with only this one."""
    parameters = {
        "tag_id": tag_id,
        "include_archived": True,
        "tag_colors": TAG_COLORS,
        "limit": 1,
        "offset": 0,
    }
    return await responder.send(TAGS, parameters, missing=TagNotFound)


@router.get(
    "/{tag_id}/positions",
    summary="Positions with a tag",
    response_model=TagPositions,
    responses=marts_responses(TagNotFound),
)
async def tag_positions(
    *,
    tag_id: UUID,
    responder: ResponderDep,
    limit: Limit = MAX_ROWS,
    offset: Offset = 0,
) -> Response:
    """List the open positions that have the tag on the session, largest first."""
    parameters = {"tag_id": tag_id, "limit": limit, "offset": offset}
    return await responder.send(TAG_POSITIONS, parameters, missing=TagNotFound)
