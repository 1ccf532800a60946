"""At most a few sessions of each user: the oldest ends when another one opens.

The protocol's own bound counts the sessions of all users together, so one user could leave none to the
others.
"""

from collections import deque
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SESSION_HEADER: Final = "mcp-session-id"


class UserSessions:
    """The server of the protocol, with `most` sessions of each user. It stands behind the check of tokens."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._opened: dict[str, deque[str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; if it opened a session too many, end the user's oldest one."""
        if SESSION_HEADER in Headers(scope=scope):
            await self._app(scope, receive, send)
            return
        ended: list[str] = []

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                session = Headers(raw=message["headers"]).get(SESSION_HEADER)
                ended.extend(self._note(scope["user"].access_token.subject, session))
            await send(message)

        await self._app(scope, receive, send_and_note)
        for session in ended:
            await self._end(scope, session)

    def _note(self, user: str, session: str | None) -> list[str]:
        """Note an opened session; return those that it is too many for."""
        if session is None:
            return []
        opened = self._opened.setdefault(user, deque())
        opened.append(session)
        return [opened.popleft() for _ in range(len(opened) - self._most)]

    async def _end(self, scope: Scope, session: str) -> None:
        """End a session as its client would; one that has ended already is not known, which is as well."""
        headers = [(name, value) for name, value in scope["headers"] if name == b"mcp-protocol-version"]
        headers.append((SESSION_HEADER.encode(), session.encode()))
        await self._app({**scope, "method": "DELETE", "headers": headers}, _receive_nothing, _drop)


async def _receive_nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _drop(message: Message) -> None:
    del message
