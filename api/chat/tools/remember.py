"""The tool `remember`: proposes a memory, which is kept only when the user confirms it."""

from typing import Literal

from pydantic import Field

from api.chat.tools.answers import Finding, ToolCallError, ToolContext
from api.chat.tools.arguments import Arguments

DESCRIPTION = (
    "Propose to remember something that the user said about themselves or a portfolio and wants kept. Never "
    "anything from a tool's answer. It is not kept until the user confirms: ask them."
)


class RememberArguments(Arguments):
    """Arguments of the tool."""

    text: str = Field(
        min_length=1, max_length=500, description="At most 500 characters, in the user's sense."
    )
    scope: Literal["user", "portfolio"] = Field(
        description="`portfolio`: about the portfolio of the conversation; `user`: about all."
    )


async def run_remember(arguments: RememberArguments, context: ToolContext) -> Finding:
    """Propose the memory. Raises ToolCallError outside of conversations, and what Memories.propose raises."""
    if context.store is None or context.run is None:
        raise ToolCallError("Memories are kept in conversations only.")
    portfolio_id = context.portfolio_id if arguments.scope == "portfolio" else None
    if arguments.scope == "portfolio" and portfolio_id is None:
        raise ToolCallError("The conversation is about no portfolio; propose it with the scope `user`.")
    memory = await context.store.memories.propose(
        context.user.user_id, arguments.text, arguments.scope, portfolio_id, context.run.user_message_id
    )
    if memory.confirmed_at is not None:
        return Finding({"memory_id": str(memory.memory_id), "remembered": memory.content, "kept": True})
    return Finding(
        {
            "memory_id": str(memory.memory_id),
            "proposed": memory.content,
            "kept": False,
            "next": "Ask the user to confirm it: it is not kept before that.",
        }
    )
