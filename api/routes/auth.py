"""Login, and who is logged in."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from api.dependencies import CurrentUser, ServicesOf
from api.documentation import LOGIN_REFUSALS, SERVICE_REFUSALS, answers
from api.errors import InvalidCredentials, InvalidRequest, NothingPublished
from api.queries import load_query
from api.schemas.auth import AccessToken, LoginRequest, Me
from api.services import Services
from api.users import User

router = APIRouter(prefix="/auth", tags=["Authentication"])

READABLE_PORTFOLIOS = load_query("readable_portfolios")


@router.post(
    "/login",
    summary="Log in",
    response_model=AccessToken,
    responses=answers(InvalidCredentials, InvalidRequest, *SERVICE_REFUSALS),
)
async def login(credentials: LoginRequest, services: ServicesOf, response: Response) -> dict[str, Any]:
    """Exchange email and password for an access token.

    A refusal does not say which of the two was wrong, and takes as long for an unknown email.
    """
    user = await services.users.by_email(credentials.email)
    is_right = await services.passwords.matches(
        credentials.password.get_secret_value(), None if user is None else user.password_hash
    )
    if user is None or not is_right or not user.is_active:
        raise InvalidCredentials
    response.headers["Cache-Control"] = "no-store"
    return {
        "access_token": services.tokens.issue(user.user_id),
        "token_type": "bearer",
        "expires_in": int(services.tokens.lifetime.total_seconds()),
    }


@router.get(
    "/me",
    summary="Who is logged in",
    response_model=Me,
    responses=answers(*LOGIN_REFUSALS, *SERVICE_REFUSALS),
)
async def me(user: CurrentUser, services: ServicesOf, response: Response) -> dict[str, Any]:
    """Show the user whom the token was issued to, with the first of his published portfolios."""
    response.headers["Cache-Control"] = "private, no-store"
    first, count = await _published_portfolios(services, user)
    return {
        "id": user.user_id,
        "email": user.email,
        "full_name": user.full_name,
        "is_active": user.is_active,
        "is_admin": user.is_admin,
        "created_at": user.created_at,
        "portfolio_id": first,
        "portfolio_count": count,
    }


async def _published_portfolios(services: Services, user: User) -> tuple[UUID | None, int]:
    """Look up the user's first portfolio and their number; one may log in before anything is published."""
    try:
        async with services.reader.reading_as(user) as reading:
            row = await reading.one_row(READABLE_PORTFOLIOS, {})
    except NothingPublished:
        return None, 0
    return (None, 0) if row is None else (row[0], row[1])
