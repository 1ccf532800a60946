"""What a route asks for: who is calling, the as-of date, and the door to the marts."""

import re
from datetime import date
from typing import Annotated, Any, cast

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BeforeValidator

from api.answers import Answers
from api.errors import NotAuthenticated, TokenInvalid
from api.limits import MAX_ROWS
from api.services import Services
from api.users import User

bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="The access_token of POST /api/v1/auth/login.",
)


def get_services(request: Request) -> Services:
    """Return what the app opened at its start."""
    return cast(Services, request.app.state.services)


ServicesOf = Annotated[Services, Depends(get_services)]


async def get_current_user(
    services: ServicesOf,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> User:
    """Return the active user whose token came with the request.

    Raises NotAuthenticated, TokenExpired or TokenInvalid.
    """
    if credentials is None:
        raise NotAuthenticated
    user = await services.users.by_id(services.tokens.read(credentials.credentials))
    if user is None or not user.is_active:
        raise TokenInvalid
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


def _iso_date(value: Any) -> Any:
    """Pydantic would take 20250630 for seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("write the date as YYYY-MM-DD")
    return value


IsoDate = Annotated[date, BeforeValidator(_iso_date)]

AsOfDate = Annotated[
    IsoDate | None,
    Query(
        description=(
            "The date to look at, YYYY-MM-DD. Default: the last published session. A day without a session, "
            "or after the last published one, means the last session before it; X-As-Of-Date says which."
        ),
        examples=["2025-09-12"],
    ),
]


def get_answers(
    request: Request, services: ServicesOf, user: CurrentUser, as_of_date: AsOfDate = None
) -> Answers:
    """Return answers for this request, in this user's name, as of its date."""
    return Answers(request=request, reader=services.reader, user=user, as_of_date=as_of_date)


AnswersOf = Annotated[Answers, Depends(get_answers)]

Limit = Annotated[int, Query(ge=1, le=MAX_ROWS, description="Rows at most; offset leads to further ones.")]

Offset = Annotated[
    int, Query(ge=0, le=1_000_000, description="Rows to leave out from the start of the list.")
]


def _split(values: Any) -> Any:
    """Ids may come as one list with commas, as repeated parameters, or both."""
    if isinstance(values, list):
        return [part.strip() for value in values for part in str(value).split(",") if part.strip()]
    return values


SplitAtCommas = BeforeValidator(_split)
