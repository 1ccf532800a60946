"""The record of a tool call: its arguments, its queries before the model sees them, and its answer."""

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from api.chat.sql.errors import StatementFailed, StatementRefused
from api.chat.tools.answers import Finding, ToolAnswer, ToolContext, write_json
from api.chat.tools.arguments import read_arguments
from warehouse.errors import SigmaSightError

if TYPE_CHECKING:
    from api.chat.store.messages import Messages
    from api.chat.store.runs import ToolCallId


@dataclass(frozen=True)
class Record:
    """A call that has begun. Outside of conversations nothing is written."""

    messages: "Messages | None"
    call_id: "ToolCallId | None"
    began: float = field(default_factory=monotonic)

    @classmethod
    async def begin(cls, name: str, arguments: str, context: ToolContext) -> "Record":
        """Record that the tool is called. Raises what Messages.add_tool_call raises."""
        if context.store is None or context.run is None:
            return cls(None, None)
        messages = context.store.messages
        return cls(messages, await messages.add_tool_call(context.run, name, read_arguments(arguments)))

    async def answer(self, finding: Finding) -> ToolAnswer:
        """Record the results and the answer, and return it."""
        return await self._end(ToolAnswer(write_json(finding.body), finding.results), finding.purpose)

    async def refuse(self, error: SigmaSightError, statement: str | None) -> ToolAnswer:
        """Record the refusal, with the statement if that was the reason; return the sentence."""
        is_about_statement = isinstance(error, StatementRefused | StatementFailed) and statement is not None
        if self.messages is not None and self.call_id is not None and is_about_statement:
            await self.messages.add_refused_query(self.call_id, str(statement), str(error))
        return await self._end(ToolAnswer(write_json({"error": str(error)}), ok=False))

    async def _end(self, answer: ToolAnswer, purpose: str | None = None) -> ToolAnswer:
        if self.messages is not None and self.call_id is not None:
            duration_ms = round(1000 * (monotonic() - self.began))
            await self.messages.end_tool_call(
                self.call_id, answer.ok, answer.text, duration_ms, queries=answer.results, purpose=purpose
            )
        return answer
