"""The MCP server over streamable HTTP, for the users' access tokens.

A Starlette endpoint of its own, as an ASGI application: FastAPI's dependencies do not reach it, and a
function that wraps it would send a second response.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.types import ASGIApp

from api.auth.users import User
from api.http.errors import NotAuthenticated, TokenExpired, TokenInvalid
from api.mcp.calls import McpCalls
from api.mcp.server import Context, make_server
from api.mcp.sessions import SESSION_HEADER, UserSessions
from api.services import Services

CLIENT: Final = "sigmasight"
MAX_SESSIONS: Final = 1000
SESSION_SECONDS: Final = 1800
SESSIONS_PER_USER: Final = 20


class UserToken(AccessToken):
    """An access token of POST /auth/login, with the user that it stands for."""

    user: Any


class UserTokens:
    """Verifies access tokens as the API does: signed by us, not expired, of an active user's open session."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def verify_token(self, token: str) -> UserToken | None:
        """Return the token with its user, or None."""
        try:
            bearer = self._services.tokens.read(token)
        except (TokenExpired, TokenInvalid):
            return None
        user = await self._services.users.by_session(bearer)
        if user is None or not user.is_active:
            return None
        return UserToken(token=token, client_id=CLIENT, scopes=[], subject=str(user.user_id), user=user)


@asynccontextmanager
async def serving(services: Services, calls: McpCalls) -> AsyncIterator[ASGIApp]:
    """Serve for the duration of the context. A session manager runs once: each start makes its own."""
    manager = StreamableHTTPSessionManager(
        make_server(lambda: calls, _identify),
        session_idle_timeout=SESSION_SECONDS,
        max_request_body_size=services.settings.api_body_bytes,
        max_sessions=MAX_SESSIONS,
    )
    guarded = RequireAuthMiddleware(
        UserSessions(manager.handle_request, SESSIONS_PER_USER), required_scopes=[]
    )
    async with manager.run():
        yield AuthenticationMiddleware(guarded, backend=BearerAuthBackend(UserTokens(services)))


async def _identify(context: Context) -> tuple[User, str]:
    """The user of the request's token, and the session, which the manager keeps to its user."""
    token = getattr(getattr(context.request, "user", None), "access_token", None)
    if context.request is None or not isinstance(token, UserToken):
        raise NotAuthenticated
    return cast(User, token.user), context.request.headers.get(SESSION_HEADER, "")
