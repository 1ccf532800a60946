"""Dependencies of the routes: the current user, the as-of date and access to the marts."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, cast

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StringConstraints

from api.auth.tokens import Bearer
from api.auth.users import User
from api.http.errors import NotAuthenticated, NotPermitted, TokenInvalid
from api.http.limits import ACCESS_COOKIE, MAX_ROWS, SAFE_METHODS
from api.marts.answers import Responder
from api.services import Services

bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="The access_token of POST /api/v1/auth/login.",
)


# All of these are coroutines, even those that await nothing, and few depend on each other: FastAPI runs plain
# functions in threads and resolves dependencies on every request, which can take longer than the query.
async def get_services(request: Request) -> Services:
    """Return the services opened at startup."""
    return cast(Services, request.app.state.services)


ServicesDep = Annotated[Services, Depends(get_services)]


CredentialsDep = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def get_bearer(request: Request, credentials: CredentialsDep) -> Bearer:
    """Return the user and the session of the request's token.

    The token is in the header or, for requests that change nothing, in the cookie that login sets: a link
    cannot send a header, and another site's page must not write with a cookie. Raises NotAuthenticated,
    TokenExpired or TokenInvalid.
    """
    token = credentials.credentials if credentials else None
    if token is None and request.method in SAFE_METHODS and "authorization" not in request.headers:
        token = request.cookies.get(ACCESS_COOKIE)
    if not token:
        raise NotAuthenticated
    return (await get_services(request)).tokens.read(token)


BearerDep = Annotated[Bearer, Depends(get_bearer)]


async def get_current_user(request: Request, credentials: CredentialsDep) -> User:
    """Return the active user of the request's token, as long as its session has not ended.

    Raises NotAuthenticated, TokenExpired or TokenInvalid.
    """
    token = await get_bearer(request, credentials)
    user = await (await get_services(request)).users.by_session(token)
    if user is None or not user.is_active:
        raise TokenInvalid
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


async def get_current_admin(user: CurrentUser) -> User:
    """Return the user if they are an administrator. Raises NotPermitted."""
    if not user.is_admin:
        raise NotPermitted
    return user


CurrentAdmin = Annotated[User, Depends(get_current_admin)]


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
            "The as-of date, YYYY-MM-DD. Default: the last published session. A day without a session, or "
            "after the last published one, means the last session before it, returned in X-As-Of-Date."
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
        raise ValueError("later publications are not known yet: give an instant in the past")
    return value


PublishedAt = Annotated[
    Annotated[AwareDatetime, BeforeValidator(_iso_instant), AfterValidator(_not_ahead)] | None,
    Query(
        description=(
            "Return the figures as published at this instant, ISO 8601 with a time zone, such as "
            "2025-09-13T00:00:00Z. Default: as published now. /api/v1/publications lists the instants."
        ),
        examples=["2025-09-13T00:00:00Z"],
    ),
]


async def get_responder(
    *,
    request: Request,
    user: CurrentUser,
    as_of_date: AsOfDate = None,
    published_at: PublishedAt = None,
) -> Responder:
    """Return the responder for this request: its user, as-of date and publication instant."""
    return Responder(request, (await get_services(request)).reader, user, as_of_date, published_at)


ResponderDep = Annotated[Responder, Depends(get_responder)]

PrintableName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[ -~]+$")]
"""A symbol or a similar name. Printable ASCII only: PostgreSQL cannot store NUL as text."""

Limit = Annotated[
    int, Query(ge=1, le=MAX_ROWS, description="Maximum number of rows; use offset for further pages.")
]

Offset = Annotated[int, Query(ge=0, le=1_000_000, description="Rows to skip from the start of the list.")]


def _split(values: Any) -> Any:
    """Split a list that is comma-separated, given as repeated parameters, or both."""
    if isinstance(values, list):
        return [part.strip() for value in values for part in str(value).split(",") if part.strip()]
    return values


def _split_or_none(values: Any) -> Any:
    return _split(values) or None


SplitCommas = BeforeValidator(_split)
# for an optional list: an empty value (`?ids=`) counts as omitted
SplitCommasOrNone = BeforeValidator(_split_or_none)
