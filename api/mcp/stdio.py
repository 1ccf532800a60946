"""The MCP server over stdin and stdout, for an assistant on the same machine, as one user."""

from uuid import uuid4

from mcp.server.stdio import stdio_server

from api.auth.users import User
from api.chat.command import active_user
from api.mcp.calls import McpCalls
from api.mcp.server import Context, make_server
from api.services import open_services
from warehouse.settings import Settings


async def serve_stdio(settings: Settings, email: str) -> None:
    """Serve until stdin ends. Raises UnknownUserError; stdout carries only the protocol."""
    async with open_services(settings) as services:
        await active_user(services, email)
        calls = McpCalls(services.chat)
        session = str(uuid4())

        async def identify(_: Context) -> tuple[User, str]:
            return await active_user(services, email), session  # they may have been disabled meanwhile

        server = make_server(lambda: calls, identify)
        async with stdio_server() as (read_stream, write_stream):
            await server.run(read_stream, write_stream, server.create_initialization_options())
