"""Company profiles."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.dependencies import Limit, Offset, PrintableName, ResponderDep, SplitCommasOrNone
from api.http.documentation import marts_responses
from api.http.errors import InvalidRequest, PortfolioNotFound, PositionsNotFound
from api.http.limits import MAX_POSITIONS, MAX_QUOTES, MAX_ROWS
from api.queries import load_query
from api.schemas.profiles import PROFILE_FIELDS, CompanyProfiles

router = APIRouter(prefix="/data", tags=["Data"])

COMPANY_PROFILES = load_query("company_profiles")


@router.get(
    "/company-profiles",
    summary="Company profiles",
    response_model=CompanyProfiles,
    responses=marts_responses(PortfolioNotFound, PositionsNotFound),
)
async def company_profiles(
    *,
    responder: ResponderDep,
    symbols: Annotated[
        Annotated[list[PrintableName], Field(max_length=MAX_QUOTES)] | None,
        SplitCommasOrNone,
        Query(description="Symbols, comma-separated or repeated."),
    ] = None,
    position_ids: Annotated[
        Annotated[list[UUID], Field(max_length=MAX_POSITIONS)] | None,
        SplitCommasOrNone,
        Query(description="Symbols of these positions."),
    ] = None,
    portfolio_id: Annotated[UUID | None, Query(description="Symbols that this portfolio holds.")] = None,
    fields: Annotated[
        list[str] | None,
        SplitCommasOrNone,
        Query(description="Fields to return besides the symbol. Default: all."),
    ] = None,
    limit: Limit = MAX_ROWS,
    offset: Offset = 0,
) -> Response:
    """List profiles by symbol, for exactly one selector; an option appears under its underlying.

    Figures are those known on the session. If the first profile is of a later day, only the name, the sector
    and other descriptive fields are shown.
    """
    if sum(selector is not None for selector in (symbols, position_ids, portfolio_id)) != 1:
        raise InvalidRequest("Name exactly one of symbols, position_ids and portfolio_id.")
    unknown = sorted(set(fields or []) - {"symbol", *PROFILE_FIELDS})
    if unknown:
        raise InvalidRequest(
            f"There is no field {', '.join(unknown)}; the fields are {', '.join(PROFILE_FIELDS)}."
        )
    parameters = {
        "symbols": [symbol.upper() for symbol in symbols] if symbols else None,
        "position_ids": position_ids,
        "portfolio_id": portfolio_id,
        "fields": fields,
        "limit": limit,
        "offset": offset,
    }
    missing = PositionsNotFound if portfolio_id is None else PortfolioNotFound
    return await responder.send(COMPANY_PROFILES, parameters, portfolio_id=portfolio_id, missing=missing)
