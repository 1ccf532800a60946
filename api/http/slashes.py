"""Answers a path with a slash too many or too few as the path that exists, without a redirect.

A redirect would name the host that the request claims, and turn a refused POST into two requests.
"""

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send


def ignore_last_slash(app: FastAPI) -> None:
    """Let the router try a path that it does not know with or without its last slash."""
    router = app.router
    unknown = router.default

    async def try_other_spelling(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            other = path.rstrip("/") if path.endswith("/") else f"{path}/"
            if other and app.state.allowed_methods(other):
                scope["path"] = other
                await router.app(scope, receive, send)
                return
        await unknown(scope, receive, send)

    router.redirect_slashes = False
    router.default = try_other_spelling
