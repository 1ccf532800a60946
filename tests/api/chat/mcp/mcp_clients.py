"""The official client of the Model Context Protocol, connected to the server in question."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from socket import socket
from threading import Thread
from time import sleep
from typing import Any

import httpx2
import uvicorn
from fastapi import FastAPI
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve the app on a port of loopback with uvicorn; yield its address."""
    with socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(20)


def log_in(address: str, email: str, password: str) -> str:
    """Log in over HTTP; return the access token."""
    response = httpx2.post(f"{address}/api/v1/auth/login", json={"email": email, "password": password})
    assert response.status_code == 200, response.text
    token: str = response.json()["access_token"]
    return token


@asynccontextmanager
async def http_client(address: str, token: str, mode: str = "auto") -> AsyncIterator[Client]:
    """Connect over streamable HTTP with this token."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(f"{address}/mcp", http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


def text_of(result: CallToolResult) -> str:
    """The text of a tool's answer."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def body_of(result: CallToolResult) -> Any:
    """The JSON of a tool's answer, which must be no error."""
    assert not result.is_error, text_of(result)
    return json.loads(text_of(result))


def metric(name: str, portfolio: str | None = None) -> dict[str, Any]:
    """Arguments of the tool `metric`."""
    return {"name": name, "portfolio": portfolio, "as_of": None, "published_at": None, "by": None}


def statement(text: str) -> dict[str, str]:
    """Arguments of the tool `sql`."""
    return {"statement": text, "purpose": "a test"}
