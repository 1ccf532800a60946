"""The MCP server: the chat's tools, pages about the marts, and the chat's modes as prompts."""

import logging
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any, Final

import psycopg
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListToolsResult,
    PaginatedRequestParams,
    Prompt,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    TextContent,
    TextResourceContents,
    Tool,
    ToolAnnotations,
)
from psycopg_pool import PoolTimeout, TooManyRequests

from api.auth.users import User
from api.chat.error_log import log_error
from api.chat.tools.registry import Tools
from api.http.errors import WarehouseUnavailable
from api.mcp.calls import McpCalls
from api.mcp.pages import MARKDOWN, instructions, modes, page, page_titles
from warehouse.errors import SigmaSightError

logger = logging.getLogger(__name__)

NAME: Final = "sigmasight"
PROPOSES: Final = frozenset({"remember"})
"""Tools that leave something behind: a proposal, which the user confirms in the chat."""

Context = ServerRequestContext[Any, Any]
Identify = Callable[[Context], Awaitable[tuple[User, str]]]
"""Who sends a request, and an id of their session. Raises SigmaSightError if they may not."""


def make_server(calls: Callable[[], McpCalls], identify: Identify) -> Server[Any]:
    """Make the server. calls: looked up at each call, as the services may open after the server is made."""

    async def list_tools(_: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=tools_of(calls().tools))

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        try:
            user, session = await identify(context)
            answer = await calls().call(user, params.name, params.arguments or {}, session)
        except SigmaSightError as error:
            return _result(str(error), is_error=True)
        except (psycopg.OperationalError, PoolTimeout, TooManyRequests) as error:
            logger.warning("a tool called over MCP failed: %s", type(error).__name__)
            return _result(WarehouseUnavailable.default_detail, is_error=True)
        except Exception as error:  # noqa: BLE001 - a failed call does not end the session
            log_error(logger, "a tool called over MCP failed", error)
            return _result("The call failed; the server's log has the details.", is_error=True)
        return _result(answer.text, is_error=not answer.ok)

    return Server(
        NAME,
        version=version("sigmasight"),
        title="SigmaSight",
        instructions=instructions(),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
    )


def tools_of(tools: Tools) -> list[Tool]:
    """The chat's tools as MCP describes tools."""
    return [
        Tool(
            name=schema["name"],
            description=schema["description"],
            input_schema=schema["parameters"],
            annotations=ToolAnnotations(
                read_only_hint=schema["name"] not in PROPOSES,
                destructive_hint=False,
                open_world_hint=False,
            ),
        )
        for schema in tools.schemas()
    ]


async def list_resources(_: Context, __: PaginatedRequestParams | None) -> ListResourcesResult:
    """List the page about all marts, and one page for each."""
    return ListResourcesResult(
        resources=[
            Resource(uri=uri, name=name, title=title, mime_type=MARKDOWN)
            for uri, name, title in page_titles()
        ]
    )


async def read_resource(_: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
    """Return a page. Raises MCPError if there is none of this address."""
    text = page(params.uri)
    if text is None:
        raise MCPError(INVALID_PARAMS, "There is no such page; resources/list names them.")
    return ReadResourceResult(contents=[TextResourceContents(uri=params.uri, mime_type=MARKDOWN, text=text)])


async def list_prompts(_: Context, __: PaginatedRequestParams | None) -> ListPromptsResult:
    """List the modes of the chat."""
    return ListPromptsResult(
        prompts=[
            Prompt(name=name, title=mode.title, description=mode.about) for name, mode in modes().items()
        ]
    )


async def get_prompt(_: Context, params: GetPromptRequestParams) -> GetPromptResult:
    """Return the instructions of a mode. Raises MCPError if there is no such mode."""
    mode = modes().get(params.name)
    if mode is None:
        raise MCPError(INVALID_PARAMS, f"There is no such mode; there are: {', '.join(modes())}.")
    message = PromptMessage(role="user", content=TextContent(type="text", text=mode.text))
    return GetPromptResult(description=mode.about, messages=[message])


def _result(text: str, *, is_error: bool) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=is_error)
