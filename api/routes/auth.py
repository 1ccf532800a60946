"""Login, sessions and the current user."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Cookie, Request, Response

from api.auth.sessions import TokenPair
from api.auth.users import User
from api.dependencies import BearerDep, CurrentUser, ServicesDep
from api.http.documentation import BODY_PROBLEMS, LOGIN_PROBLEMS, SERVICE_PROBLEMS, problem_responses
from api.http.errors import (
    InvalidCredentials,
    InvalidRequest,
    NothingPublished,
    RefreshInvalid,
    TooManyAttempts,
)
from api.http.limits import ACCESS_COOKIE, PREFIX
from api.queries import load_query
from api.schemas.auth import AccessToken, LoggedOut, LoginRequest, Me, RefreshRequest
from api.services import Services

REFRESH_COOKIE = "sigmasight_refresh"
COOKIE_PATHS = {ACCESS_COOKIE: "/", REFRESH_COOKIE: f"{PREFIX}/auth"}

router = APIRouter(prefix="/auth", tags=["Authentication"])

READABLE_PORTFOLIOS = load_query("readable_portfolios")


@router.post(
    "/login",
    summary="Log in",
    response_model=AccessToken,
    responses=problem_responses(
        InvalidCredentials, InvalidRequest, TooManyAttempts, *BODY_PROBLEMS, *SERVICE_PROBLEMS
    ),
)
async def login(
    credentials: LoginRequest, services: ServicesDep, request: Request, response: Response
) -> dict[str, Any]:
    """Exchange email and password for an access token and a refresh token.

    A failed login does not say which of the two was wrong, and takes as long for an unknown email. Both
    tokens are also set as HttpOnly cookies; GET requests accept the access token's in place of the header.
    """
    address = request.client.host if request.client else ""
    services.attempts.count_address(address)
    user = await services.users.by_email(credentials.email)
    account = credentials.email.lower() if user is None else str(user.user_id)
    services.attempts.count_account(account, address)
    is_right = await services.passwords.matches(
        credentials.password.get_secret_value(), None if user is None else user.password_hash
    )
    if user is None or not is_right or not user.is_active:
        raise InvalidCredentials
    pair = await services.sessions.open(user)
    services.attempts.succeeded(account, address)
    return _token_response(pair, services, request, response)


@router.post(
    "/refresh",
    summary="Continue a session",
    response_model=AccessToken,
    responses=problem_responses(RefreshInvalid, InvalidRequest, *BODY_PROBLEMS, *SERVICE_PROBLEMS),
)
async def refresh(
    services: ServicesDep,
    request: Request,
    response: Response,
    body: RefreshRequest | None = None,
    cookie: Annotated[str | None, Cookie(alias=REFRESH_COOKIE, include_in_schema=False)] = None,
) -> dict[str, Any]:
    """Exchange a refresh token, from the body or else the cookie, for a new access token and refresh token.

    A refresh token works once. Reuse means that it may have been stolen: the whole session ends, and the user
    must log in again.
    """
    token = body.refresh_token.get_secret_value() if body and body.refresh_token else cookie
    if not token:
        raise RefreshInvalid("Send the refresh_token of the last login or refresh, or log in again.")
    return _token_response(await services.sessions.renew(token), services, request, response)


@router.post(
    "/logout",
    summary="Log out",
    response_model=LoggedOut,
    responses=problem_responses(*LOGIN_PROBLEMS, *SERVICE_PROBLEMS),
)
async def logout(
    services: ServicesDep, _user: CurrentUser, token: BearerDep, request: Request, response: Response
) -> dict[str, Any]:
    """End the session: its access tokens and its refresh token are no longer valid."""
    await services.sessions.end(token)
    return _logged_out("You are logged out.", request, response)


@router.post(
    "/logout-all",
    summary="Log out everywhere",
    response_model=LoggedOut,
    responses=problem_responses(*LOGIN_PROBLEMS, *SERVICE_PROBLEMS),
)
async def logout_all(
    services: ServicesDep, user: CurrentUser, request: Request, response: Response
) -> dict[str, Any]:
    """End all sessions of the user, on this device and on others."""
    await services.sessions.end_all(user.user_id)
    return _logged_out("You are logged out on all devices.", request, response)


def _logged_out(message: str, request: Request, response: Response) -> dict[str, Any]:
    response.headers["Cache-Control"] = "no-store"
    for name in COOKIE_PATHS:
        response.delete_cookie(name, **_cookie_terms(name, request))
    return {"message": message, "success": True}


def _token_response(
    pair: TokenPair, services: Services, request: Request, response: Response
) -> dict[str, Any]:
    """Write the response of a login, with each token in a cookie too.

    The refresh token's cookie is limited to the paths of this module. That of the access token lets safe
    requests of plain links in, wherever a proxy mounts the API.
    """
    tokens = services.tokens
    response.headers["Cache-Control"] = "no-store"
    for name, token, lifetime in (
        (ACCESS_COOKIE, pair.access_token, tokens.lifetime),
        (REFRESH_COOKIE, pair.refresh_token, tokens.session_lifetime),
    ):
        seconds = int(lifetime.total_seconds())
        response.set_cookie(name, token, max_age=seconds, **_cookie_terms(name, request))
    return {
        "access_token": pair.access_token,
        "token_type": "bearer",
        "expires_in": int(tokens.lifetime.total_seconds()),
        "refresh_token": pair.refresh_token,
    }


@router.get(
    "/me",
    summary="Current user",
    response_model=Me,
    responses=problem_responses(*LOGIN_PROBLEMS, *SERVICE_PROBLEMS),
)
async def me(user: CurrentUser, services: ServicesDep, response: Response) -> dict[str, Any]:
    """Show the current user, with their first published portfolio."""
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
        "tier": "self_hosted",
        "invite_validated": True,
        "limits": {"max_portfolios": None, "max_ai_messages": None},
    }


async def _published_portfolios(services: Services, user: User) -> tuple[UUID | None, int]:
    """Look up the user's first published portfolio and how many there are; none before a publication."""
    try:
        async with services.reader.reading_as(user) as reading:
            row = await reading.one_row(READABLE_PORTFOLIOS, {})
    except NothingPublished:
        return None, 0
    return (None, 0) if row is None else (row[0], row[1])


def _cookie_terms(name: str, request: Request) -> dict[str, Any]:
    """The terms under which a cookie is set, and is found again when it is deleted."""
    return {
        "path": COOKIE_PATHS[name],
        "secure": request.url.scheme == "https",
        "httponly": True,
        "samesite": "strict",
    }
