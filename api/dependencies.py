"""What a route asks for: who is calling, the as-of date, and the door to the marts."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, cast

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StringConstraints

from api.auth.tokens import Bearer
from api.auth.users import User
from api.http.errors import NotAuthenticated, NotPermitted, TokenInvalid
from api.http.limits import MAX_ROWS
from api.marts.answers import Answers
from api.services import Services

bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="The access_token of POST /api/v1/auth/login.",
)


# All of these are coroutines though not all wait, and few depend on each other: FastAPI sends plain functions
# to threads and solves dependencies anew for each request, and that can take longer than the query.
async def get_services(request: Request) -> Services:
    """Return what the app opened at its start."""
    return cast(Services, request.app.state.services)


ServicesOf = Annotated[Services, Depends(get_services)]


Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def get_bearer(request: Request, credentials: Credentials) -> Bearer:
    """Tell whom the request's token was issued to.

    Raises NotAuthenticated, TokenExpired or TokenInvalid.
    """
    if credentials is None:
        raise NotAuthenticated
    return (await get_services(request)).tokens.read(credentials.credentials)


BearerOf = Annotated[Bearer, Depends(get_bearer)]


async def get_current_user(request: Request, credentials: Credentials) -> User:
    """Return the active user whose token came with the request, while the token's session goes on.

    Raises NotAuthenticated, TokenExpired or TokenInvalid.
    """
    token = await get_bearer(request, credentials)
    user = await (await get_services(request)).users.by_session(token)
    if user is None or not user.is_active:
        raise TokenInvalid
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


async def get_administrator(user: CurrentUser) -> User:
    """Return the user if he may see the operations of the warehouse. Raises NotPermitted."""
    if not user.is_admin:
        raise NotPermitted
    return user


Administrator = Annotated[User, Depends(get_administrator)]


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


def _iso_instant(value: Any) -> Any:
    """Pydantic would take 1757720000 for seconds since 1970."""
    if isinstance(value, str) and not re.match(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}", value):
        raise ValueError("write the instant as YYYY-MM-DDTHH:MM:SSZ")
    return value


def _not_ahead(value: datetime) -> datetime:
    if value > datetime.now(UTC):
        raise ValueError("what will be published is not known yet: name an instant that has passed")
    return value


PublishedAt = Annotated[
    Annotated[AwareDatetime, BeforeValidator(_iso_instant), AfterValidator(_not_ahead)] | None,
    Query(
        description=(
            "Answer as it was published at this instant, ISO 8601 with its zone, such as "
            "2025-09-13T00:00:00Z. Default: as it is published now. /api/v1/publications lists the instants."
        ),
        examples=["2025-09-13T00:00:00Z"],
    ),
]


async def get_answers(
    *,
    request: Request,
    user: CurrentUser,
    as_of_date: AsOfDate = None,
    published_at: PublishedAt = None,
) -> Answers:
    """Return answers for this request, in this user's name, as of its date, as published at its instant."""
    return Answers(request, (await get_services(request)).reader, user, as_of_date, published_at)


AnswersOf = Annotated[Answers, Depends(get_answers)]

PrintableName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[ -~]+$")]
"""A symbol or the like. Printable: what PostgreSQL cannot hold as text is refused here."""

Limit = Annotated[int, Query(ge=1, le=MAX_ROWS, description="Rows at most; offset leads to further ones.")]

Offset = Annotated[
    int, Query(ge=0, le=1_000_000, description="Rows to leave out from the start of the list.")
]


def _split(values: Any) -> Any:
    """Ids may come as one list with commas, as repeated parameters, or both."""
    if isinstance(values, list):
        return [part.strip() for value in values for part in str(value).split(",") if part.strip()]
    return values


def _split_or_none(values: Any) -> Any:
    return _split(values) or None


SplitAtCommas = BeforeValidator(_split)
# for a list that may be left out: naming nothing (`?ids=`) is leaving it out
ChosenAtCommas = BeforeValidator(_split_or_none)
