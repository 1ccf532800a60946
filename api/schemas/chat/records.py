"""Request and response models of the chat's record: conversations, feedback, memories, and one's data."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.common import ResponseModel, described
from api.schemas.data import PORTFOLIO_ID
from api.schemas.portfolios import USER_ID

CONVERSATION_ID = "3f6c1a52-9d3b-4e0a-8f0e-6a1b7c2d9e10"
MESSAGE_ID = "b0a7d0a4-5a0c-4d6f-9a3b-2f4f3a1c8e21"
RUN_ID = "6d0e5e0e-8d38-4c0f-8c55-0a1b2c3d4e5f"
TOOL_CALL_ID = "0d9b7a86-3d1c-4f8b-a6b5-1c2d3e4f5a6b"
QUERY_ID = "9e8d7c6b-5a49-4838-b726-15041302f1e0"
MEMORY_ID = "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"
STATEMENT = "select return_1d from fct_portfolio_snapshots where portfolio_id = '6b1f7c1e-...'"

Mode = Literal["green", "blue", "indigo", "violet"]
MODE = (
    "green (teaching), blue (concise, quantitative), indigo (strategic narrative) or violet (conservative, "
    "risk first): tone and depth only."
)
Rating = Literal["up", "down"]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(max_length=20_000)]
ShortText = Annotated[str, StringConstraints(max_length=2_000)]


class NewConversation(BaseModel):
    """A conversation to begin."""

    mode: Mode = Field(default="green", description=MODE, examples=["blue"])
    portfolio_id: UUID | None = Field(
        default=None, description="The portfolio it is about; may be omitted.", examples=[PORTFOLIO_ID]
    )
    title: Title | None = Field(
        default=None,
        description="A title; if omitted, the beginning of the first message.",
        examples=["Risk of the hedge fund"],
    )


class Conversation(ResponseModel):
    """A conversation of the user."""

    id: UUID = described("The conversation.", CONVERSATION_ID)
    mode: Mode = described(MODE, "blue")
    portfolio_id: UUID | None = described("The portfolio it is about; null when none.", PORTFOLIO_ID)
    title: str | None = described(
        "Its title; null before the first message if none was given.", "How did the portfolio do today?"
    )
    provider: Literal["openai"] = described("The protocol of the model that answers.", "openai")
    message_count: int = described("Questions and answers in it.", 2)
    created_at: datetime = described("When it was begun, UTC.", "2025-09-12T21:00:00Z")
    updated_at: datetime = described("When its last message was written, UTC.", "2025-09-12T21:03:00Z")


class LoggedFigure(ResponseModel):
    """A number of an answer's text, and the cell of a logged result that it equals."""

    text: str = described("The number as it is written in the answer.", "1.2 %")
    query_id: UUID | None = described("The query whose result holds it; null when not verified.", QUERY_ID)
    row: int | None = described("Row of the result, from 0; null when not verified.", 0)
    column: str | None = described("Column of the result; null when not verified.", "return_1d")
    verified: bool = described("A logged result holds the number at its shown rounding.", True)


class AnswerQuery(ResponseModel):
    """A query that an answer stands on."""

    query_id: UUID = described("The query.", QUERY_ID)
    statement: str = described("The statement as it ran.", STATEMENT)
    purpose: str | None = described("What it was to find out; null when not stated.", "Return of the day")
    publication_id: int | None = described("The publication it read; null when it read none.", 12)
    as_of_date: date | None = described("The last published session.", "2025-09-12")
    row_count: int | None = described("Rows of the logged result.", 1)
    truncated: bool | None = described("The query has more rows than the logged result.", False)


class AnswerToolCall(ResponseModel):
    """A tool that an answer called."""

    tool_call_id: UUID = described("The call.", TOOL_CALL_ID)
    tool_name: str = described("The tool.", "metric")
    tool_args: dict[str, Any] = described("Its arguments.", {"name": "return_1d"})
    ok: bool | None = described("Whether it succeeded; null while it runs.", True)
    duration_ms: int | None = described("How long it took, milliseconds; null while it runs.", 35)


class ChatMessage(ResponseModel):
    """A question or an answer."""

    id: UUID = described("The message.", MESSAGE_ID)
    run_id: UUID = described("The run of the question and its answer.", RUN_ID)
    role: Literal["user", "assistant"] = described("user: a question; assistant: an answer.", "assistant")
    content: str = described("Its text; empty while an answer is being written.", "It rose by 1.2 %.")
    status: Literal["running", "done", "failed", "cancelled"] = described(
        "running: being written; cancelled: ended early, with the text up to then.", "done"
    )
    mode: Mode = described("The mode it was written in.", "blue")
    created_at: datetime = described("When it was written or begun, UTC.", "2025-09-12T21:03:00Z")
    model_used: str | None = described("The model of an answer.", "gpt-5.3")
    latency_ms: int | None = described("How long the answer took, milliseconds.", 2100)
    first_token_ms: int | None = described("Time to its first token, milliseconds.", 420)
    error_type: str | None = described("Why an answer failed; null unless it did.", None)
    feedback: Rating | None = described("The user's rating of an answer; null without one.", "up")
    tool_calls: list[AnswerToolCall] = Field(description="The tools that an answer called, in order.")
    queries: list[AnswerQuery] = Field(description="The queries that an answer stands on, in order.")
    figures: list[LoggedFigure] = Field(description="The numbers of an answer, in the order of its text.")


class ConversationWithMessages(Conversation):
    """A conversation and a page of its messages."""

    messages: list[ChatMessage] = Field(description="A page of the messages, the oldest first.")


class NewMode(BaseModel):
    """The mode of the following answers."""

    mode: Mode = Field(description=MODE, examples=["violet"])


class ModeChanged(ResponseModel):
    """A conversation's change of mode."""

    id: UUID = described("The conversation.", CONVERSATION_ID)
    previous_mode: Mode = described("The mode until now.", "blue")
    new_mode: Mode = described("The mode of the following answers.", "violet")
    changed_at: datetime = described("When it was changed, UTC.", "2025-09-12T21:05:00Z")


class Deleted(ResponseModel):
    """The result of a deletion."""

    message: str = described("A sentence for users.", "The conversation was deleted.")
    success: bool = described("Always true.", True)


class NewFeedback(BaseModel):
    """Feedback on an answer; it replaces an earlier one."""

    rating: Rating = Field(description="up or down.", examples=["up"])
    edited_text: LongText | None = Field(
        default=None, description="What the answer should have been.", examples=["It rose by 1.2 %."]
    )
    comment: ShortText | None = Field(default=None, description="A comment.", examples=["Well explained."])


class AnswerFeedback(ResponseModel):
    """The user's feedback on an answer."""

    message_id: UUID = described("The answer.", MESSAGE_ID)
    rating: Rating = described("up or down.", "up")
    edited_text: str | None = described("What the answer should have been; null if not given.", None)
    comment: str | None = described("A comment; null if not given.", "Well explained.")
    created_at: datetime = described("When feedback was first given, UTC.", "2025-09-12T21:06:00Z")
    updated_at: datetime = described("When it was last changed, UTC.", "2025-09-12T21:06:00Z")


class NewMemory(BaseModel):
    """Something to remember in later conversations."""

    content: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)] = Field(
        description="One line of text, without control characters.",
        examples=["I think in drawdowns, not in volatility."],
    )
    portfolio_id: UUID | None = Field(
        default=None, description="The portfolio it is about; if omitted, the user.", examples=[PORTFOLIO_ID]
    )


class ChatMemory(ResponseModel):
    """Something that the chat remembers about the user."""

    id: UUID = described("The memory.", MEMORY_ID)
    content: str = described("What is remembered.", "I think in drawdowns, not in volatility.")
    scope: Literal["user", "portfolio"] = described("What it is about.", "user")
    portfolio_id: UUID | None = described("The portfolio it is about; null for the user.", None)
    confirmed: bool = described("Whether the user confirmed it: answers use no other.", True)
    created_at: datetime = described("When it was written or proposed, UTC.", "2025-09-12T21:07:00Z")
    confirmed_at: datetime | None = described("When it was confirmed, UTC.", "2025-09-12T21:07:00Z")
    expires_at: datetime = described(
        "When it is deleted unless it is confirmed again, UTC.", "2026-09-12T21:07:00Z"
    )


class ChatMemories(ResponseModel):
    """A page of the user's memories."""

    memories: list[ChatMemory]
    total: int = described("Matching memories, including those beyond the page.", 1)
    limit: int = described("Memories per page.", 1000)
    offset: int = described("Memories skipped before this page.", 0)


class MemoryCount(ResponseModel):
    """How many memories the user has."""

    count: int = described("Confirmed memories.", 1)
    max_allowed: int = described("How many there may be.", 50)


class ChatExport(ResponseModel):
    """Everything that the chat keeps of the user."""

    user_id: UUID = described("The current user.", USER_ID)
    exported_at: datetime = described("When this was read, UTC.", "2025-09-12T21:10:00Z")
    data: dict[str, list[dict[str, Any]]] = described(
        "The rows by table. Numbers of results are text with their type.",
        {"memories": [{"memory_id": MEMORY_ID, "content": "I think in drawdowns, not in volatility."}]},
    )


class DataDeleted(Deleted):
    """The result of deleting everything."""

    deleted: dict[str, int] = described("Deleted rows by table.", {"conversations": 3, "memories": 1})
