"""Limits on the requests of each user, and of each address without a login: a minute, and at the same time.

The user is that of the access token, which is verified here without the database. A token that this server
did not sign, or whose session is known to have ended, counts for the address. Monitoring has a count of its
own: a flood from the address of a proxy does not make the server look dead. So have the files of the page,
which are in memory and many.
"""

from typing import Final
from uuid import UUID

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.login_attempts import network_of
from api.http.errors import Problem, RequestLimitReached, TokenExpired, TokenInvalid
from api.http.limits import ACCESS_COOKIE, PREFIX, SAFE_METHODS
from api.http.problems import problem_response
from api.http.rates import Places, Rate, whole_seconds
from api.mcp.endpoint import PATH as MCP_PATH
from api.mcp.endpoint import refusal_over_mcp
from api.services import Services
from warehouse.settings import Settings

Key = tuple[str, int | str]

MONITORING: Final = (f"{PREFIX}/health", "/metrics")
ASSETS: Final = "/assets/"
BUSY_SECONDS: Final = 1
"""After how many seconds one of many requests at the same time will have ended."""


class RequestLimits:
    """Refuses requests beyond the limits with 429 and Retry-After, before anything is done for them."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._users = Rate(settings.api_requests_per_minute)
        self._addresses = Rate(settings.api_anonymous_requests_per_minute)
        self._places = Places(settings.api_requests_at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request, and answer it or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        key = _key(scope)
        rate = self._users if key[0] == "user" else self._addresses
        wait = rate.take(key)
        if wait:
            await _refuse(_too_many(rate.most, wait, key), scope, receive, send)
            return
        give_back = self._places.take(key)
        if give_back is None:
            await _refuse(_too_many_at_once(self._places.most), scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            give_back()


def _key(scope: Scope) -> Key:
    """Whose request it is: a user's or an address's, and of which kind."""
    path = scope["path"]
    if path.startswith(MONITORING):
        return "monitoring", _address(scope)
    if path.startswith(ASSETS):
        return "page", _address(scope)
    user_id = _user_id(scope)
    return ("address", _address(scope)) if user_id is None else ("user", user_id.int)


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network_of(client[0]) if client else ""


def _user_id(scope: Scope) -> UUID | None:
    token = _token(scope)
    services: Services | None = getattr(scope["app"].state, "services", None)
    if not token or services is None:
        return None
    try:
        bearer = services.tokens.read(token)
    except (TokenExpired, TokenInvalid):
        return None
    return None if services.users.is_known_to_have_ended(bearer) else bearer.user_id


def _token(scope: Scope) -> str | None:
    """The access token that authorizes the request: see api.dependencies.get_bearer."""
    authorization = next((value for name, value in scope["headers"] if name == b"authorization"), None)
    if authorization is not None:
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None
    return HTTPConnection(scope).cookies.get(ACCESS_COOKIE) if scope["method"] in SAFE_METHODS else None


def _too_many(most: int, wait: float, key: Key) -> RequestLimitReached:
    seconds = whole_seconds(wait)
    who = "You may send" if key[0] == "user" else "Without a login, an address may send"
    return RequestLimitReached(
        f"{who} {most} requests a minute; try again in {seconds} second{'' if seconds == 1 else 's'}.",
        retry_after=seconds,
    )


def _too_many_at_once(most: int) -> RequestLimitReached:
    return RequestLimitReached(
        f"{most} of your requests are being answered; send the next one when one of them has ended.",
        retry_after=BUSY_SECONDS,
    )


async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    is_mcp = scope["path"] == MCP_PATH and scope["method"] == "POST"
    response = refusal_over_mcp(problem) if is_mcp else problem_response(problem, scope)
    await response(scope, receive, send)
