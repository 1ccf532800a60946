"""Tags, and what carries them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import AnswersOf, Limit, Offset
from api.http.documentation import marts_answers
from api.http.errors import TagNotFound
from api.http.limits import MAX_ROWS
from api.queries import load_query
from api.schemas.tags import OneTag, TagPositions, UserTags

router = APIRouter(prefix="/tags", tags=["Data"])

TAGS = load_query("tags")
TAG_POSITIONS = load_query("tag_positions")


@router.get("/", summary="The user's tags", response_model=UserTags, responses=marts_answers())
async def tags(
    *,
    answers: AnswersOf,
    include_archived: Annotated[bool, Query(description="Also tags that nothing carries any more.")] = True,
    limit: Limit = MAX_ROWS,
    offset: Offset = 0,
) -> Response:
    """List the tags that the user's positions carry, or carried up to the session, by name."""
    parameters = {"tag_id": None, "include_archived": include_archived, "limit": limit, "offset": offset}
    return await answers.send(TAGS, parameters)


@router.get("/{tag_id}", summary="One tag", response_model=OneTag, responses=marts_answers(TagNotFound))
async def tag(tag_id: UUID, answers: AnswersOf) -> Response:
    """Show one tag with its own fields, and as a list of one beside them."""
    parameters = {"tag_id": tag_id, "include_archived": True, "limit": 1, "offset": 0}
    return await answers.send(TAGS, parameters, missing=TagNotFound)


@router.get(
    "/{tag_id}/positions",
    summary="What carries a tag",
    response_model=TagPositions,
    responses=marts_answers(TagNotFound),
)
async def tag_positions(
    *,
    tag_id: UUID,
    answers: AnswersOf,
    limit: Limit = MAX_ROWS,
    offset: Offset = 0,
) -> Response:
    """List the open positions that carry the tag on the session, the largest first."""
    parameters = {"tag_id": tag_id, "limit": limit, "offset": offset}
    return await answers.send(TAG_POSITIONS, parameters, missing=TagNotFound)
