"""The tools by name: their schemas for a model, and their calls with everything recorded."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from api.chat.sql.errors import StatementFailed, StatementRefused
from api.chat.tools.answers import Finding, ToolAnswer, ToolCallError, ToolContext
from api.chat.tools.arguments import Arguments, parse_arguments, read_arguments, strict_schema
from api.chat.tools.describe import DESCRIPTION as DESCRIBE
from api.chat.tools.describe import DescribeArguments, run_describe
from api.chat.tools.explain import DESCRIPTION as EXPLAIN
from api.chat.tools.explain import ExplainArguments, run_explain
from api.chat.tools.metric import MetricArguments, describe_tool, run_metric
from api.chat.tools.record import Record
from api.chat.tools.remember import DESCRIPTION as REMEMBER
from api.chat.tools.remember import RememberArguments, run_remember
from api.chat.tools.search_docs import DESCRIPTION as SEARCH_DOCS
from api.chat.tools.search_docs import SearchArguments, run_search
from api.chat.tools.semantic.document import semantic_document
from api.chat.tools.sql import DESCRIPTION as SQL
from api.chat.tools.sql import SqlArguments, run_sql
from api.chat.tools.what_if import DESCRIPTION as WHAT_IF
from api.chat.tools.what_if import WhatIfArguments, run_what_if
from api.http.errors import NothingPublished, Problem

__all__ = ["ToolAnswer", "ToolContext", "Tools", "semantic_document"]

SERVER_ERROR = 500
_ANSWERS = {NothingPublished.code}
"""Codes of problems of the server that are an answer, not an outage."""


@dataclass(frozen=True)
class Tool:
    """A tool: what a model reads of it, its arguments, and what runs it."""

    name: str
    description: str
    arguments: type[Arguments]
    run: Callable[[Any, ToolContext], Awaitable[Finding]]

    def schema(self) -> dict[str, Any]:
        """The tool as a strict function of the Responses API."""
        return {
            "type": "function",
            "name": self.name,
            "description": self.description,
            "strict": True,
            "parameters": strict_schema(self.arguments),
        }


class Tools:
    """All tools. A wrong call never raises: its answer is a sentence with ok False."""

    def __init__(self) -> None:
        tools = (
            Tool("metric", describe_tool(), MetricArguments, run_metric),
            Tool("what_if", WHAT_IF, WhatIfArguments, run_what_if),
            Tool("sql", SQL, SqlArguments, run_sql),
            Tool("describe", DESCRIBE, DescribeArguments, run_describe),
            Tool("explain", EXPLAIN, ExplainArguments, run_explain),
            Tool("search_docs", SEARCH_DOCS, SearchArguments, run_search),
            Tool("remember", REMEMBER, RememberArguments, run_remember),
        )
        self._tools = {tool.name: tool for tool in tools}

    def schemas(self) -> list[dict[str, Any]]:
        """The tools in the order in which they should be tried, as strict functions of the Responses API."""
        return [tool.schema() for tool in self._tools.values()]

    async def call(self, name: str, arguments: str, context: ToolContext) -> ToolAnswer:
        """Call a tool with the JSON text that the model wrote, and record the call with its queries.

        Raises only what is no fault of the model: a database that is down, a run that has ended.
        """
        record = await Record.begin(name, arguments, context)
        try:
            finding = await self._find(name, arguments, context)
        except (ToolCallError, StatementRefused, StatementFailed, Problem) as error:
            if isinstance(error, Problem) and error.status >= SERVER_ERROR and error.code not in _ANSWERS:
                raise
            return await record.refuse(error, read_arguments(arguments).get("statement"))
        return await record.answer(finding)

    async def _find(self, name: str, arguments: str, context: ToolContext) -> Finding:
        tool = self._tools.get(name)
        if tool is None:
            raise ToolCallError(f"There is no such tool; there are: {', '.join(self._tools)}.")
        return await tool.run(parse_arguments(tool.arguments, arguments), context)
